"""The pages that draw answers, as files and as hosts get them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from desk import ERAS, Desk, Era, each_era, new_desk, seeded
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextResourceContents
from team import serving

from server.desk.offer import offered
from server.desk.steward import MigrationSteward
from server.desk.tools import make_server
from server.launch import own_command
from server.pictures import pages
from server.pictures.pages import DRAWN, TITLES, Page, page

if TYPE_CHECKING:
    from pathlib import Path

# The size of a page, in bytes.
BUDGET = 20_000

EXTENSION = "io.modelcontextprotocol/ui"

# Ways to load something, to run other code, or to turn text into markup.
FORBIDDEN = (
    *("@import", "url(", "import(", "fetch(", "XMLHttpRequest", "WebSocket", "EventSource", "sendBeacon", "src="),
    *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "Function("),
    *("localStorage", "sessionStorage", "document.cookie", "unsafe-inline", "//"),
)

each_page = pytest.mark.parametrize("name", TITLES)


class Parts(HTMLParser):
    """The text of each style, script and meta element of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self._open = {"style": "style", "script": str(known.get("id", "script"))}.get(tag, "")
        if self._open:
            assert self._open not in self.found, "a second element of this kind"
            self.found[self._open] = ""
        if known.get("http-equiv") == "Content-Security-Policy":
            self.found["policy"] = str(known["content"])

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[self._open] += data


def parts(html: str) -> dict[str, str]:
    return Parts(html).found


@each_page
def test_a_page_is_small_and_loads_nothing(name: str) -> None:
    html = page(name).html
    assert len(html.encode()) <= BUDGET
    code = html.replace("http://www.w3.org/2000/svg", "")
    assert [word for word in FORBIDDEN if word in code] == []


@each_page
def test_the_policy_of_a_page_allows_only_its_own_script_and_style(name: str) -> None:
    found = parts(page(name).html)
    digests = {part: b64encode(sha256(found[part].encode()).digest()).decode() for part in ("script", "style")}
    assert found["policy"] == page(name).policy
    assert page(name).policy.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{digests['script']}'",
        f"style-src 'sha256-{digests['style']}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


@each_page
def test_data_in_a_page_is_only_data(name: str) -> None:
    answer = {"name": "</script><script>alert(1)</script><!--<script>", "more": ["\u2028", "\\", "&lt;", "${1}"]}
    html = page(name).with_data(answer, {"desk": "/desk"})
    found = parts(html)
    assert json.loads(found.pop("data")) == {"answer": answer, "links": {"desk": "/desk"}}
    assert found == {part: text for part, text in parts(page(name).html).items() if part != "data"}


def test_a_changed_page_has_another_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uris = {page(name).uri for name in TITLES}
    assert all(re.fullmatch(r"ui://voygen/\w+-[0-9a-f]{12}\.html", uri) for uri in uris)
    for path in pages.SOURCE.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for path in sorted(tmp_path.iterdir()):
        before = path.read_text(encoding="utf-8")
        path.write_text(
            before + ("\nlet added;\n" if path.suffix == ".js" else "\nmain { top: 0 }\n"), encoding="utf-8"
        )
        monkeypatch.setattr(pages, "SOURCE", tmp_path)
        drawn = {page.__wrapped__(name).uri for name in TITLES}
        users = [name for name in TITLES if path.stem in {name, "style", "drawing", "host"}]
        assert len(uris - drawn) == len(users), path.name
        path.write_text(before, encoding="utf-8")


def test_comments_and_spaces_leave_a_page_but_not_its_strings() -> None:
    script = "// A comment, and more.\nconst a = `${b}: c`; // d\nf('x, y', \"(z)\" , { g: 1, });\n"
    assert pages.squeezed(script, ".js") == "const a=`${b}: c`;// d\nf('x, y',\"(z)\",{g:1});"
    style = "/* A comment. */\na :focus, b > c { d: e f; g: calc(1px + 2px) }\n"
    assert pages.squeezed(style, ".css") == "a :focus,b>c{d:e f;g:calc(1px + 2px)}"


async def assert_drawn(client: Client, era: Era, tools: set[str] | None = None) -> None:
    """Check that each tool with a picture names a page that the client can read, and no other tool does."""
    if era == "auto":  # the older protocol has no word for extensions, and hosts go by the tools
        assert EXTENSION in (client.server_capabilities.extensions or {})
    named = {tool.name: tool.meta["ui"] for tool in (await client.list_tools()).tools if tool.meta}
    assert named == {tool: {"resourceUri": page(DRAWN[tool]).uri} for tool in tools or DRAWN}
    listed = {str(one.uri): one for one in (await client.list_resources()).resources}
    for meta in named.values():
        uri = meta["resourceUri"]
        assert listed[uri].mime_type == "text/html;profile=mcp-app"
        (content,) = (await client.read_resource(uri)).contents
        assert isinstance(content, TextResourceContents)
        assert content.mime_type == "text/html;profile=mcp-app"
        assert content.text == next(one.html for one in map(page, TITLES) if one.uri == uri)


@each_era
async def test_a_tool_with_a_picture_names_its_page(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await assert_drawn(desk.client, era)


async def test_a_tool_with_a_picture_names_its_page_over_http_and_stdio(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    shown = {"show_trip", "show_month"}
    with serving(path) as team:
        for era in ERAS:
            async with team.client(era) as client:
                await assert_drawn(client, era, shown)
    command, *args = [*own_command(), "serve", "--db", str(path)]
    async with Client(StdioServerParameters(command=command, args=args), mode="legacy") as client:
        await assert_drawn(client, "legacy", shown)


async def test_a_server_without_pictures_does_not_offer_the_extension(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        tools = offered(MigrationSteward(desk.db), {"trips"}, read_only=False)
        async with Client(make_server(desk.db, tools)) as client:
            assert not client.server_capabilities.extensions
            assert all(tool.meta is None for tool in (await client.list_tools()).tools)
            assert not [one for one in (await client.list_resources()).resources if str(one.uri).startswith("ui:")]


@each_era
async def test_a_host_without_the_extension_gets_every_fact(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        for tool in DRAWN:
            arguments = {"trip_identifier": "1"} if tool == "show_trip" else {}
            await assert_stands_alone(desk, tool, arguments)


async def assert_stands_alone(desk: Desk, tool: str, arguments: dict[str, Any]) -> None:
    answer = await desk.call(tool, **arguments)  # which checks that the text holds the structured answer
    assert answer["message"]


async def test_a_page_is_assembled_only_when_a_host_reads_it(tmp_path: Path) -> None:
    uri = page("trip").uri
    page.cache_clear()
    async with new_desk(tmp_path) as desk:
        await desk.client.list_tools()
        await desk.client.list_resources()
        await desk.call("show_trip", trip_identifier="1")
        assert page.cache_info().currsize == 0
        await desk.client.read_resource(uri)
        assert page.cache_info().currsize == 1


def test_a_page_with_data_is_the_page_with_only_data_added() -> None:
    bare = Page("x", '<script type="application/json" id="data"></script>', "")
    assert bare.with_data({"a": "<"}) == (
        '<script type="application/json" id="data">{"answer":{"a":"\\u003c"},"links":{}}</script>'
    )
