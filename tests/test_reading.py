"""Resources, prompts and completions through the MCP client; and a read-only server."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import raw
from desk import ANA, KYOTO, Era, an_era, assert_readable, new_desk, seeded
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, ResourceTemplateReference

from server.launch import own_command
from tools.bulk import OPERATION


@an_era
async def test_a_trip_can_be_read_as_a_markdown_page_and_as_json(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        page = await read(desk.client, "trip://lima-in-kyoto")
        assert page.startswith('# "Lima in Kyoto"\n')
        assert f"<{ANA}>" in page
        data = json.loads(await read(desk.client, "trip://lima-in-kyoto/json"))
        assert data["trip_id"] == KYOTO
        assert [traveler["email"] for traveler in data["clients"]] == [ANA]


@an_era
async def test_a_client_can_be_read_as_a_markdown_page_and_as_json(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        assert "Lima in Kyoto" in await read(desk.client, f"client://{ANA}")
        assert json.loads(await read(desk.client, f"client://{ANA.upper()}/json"))["email"] == ANA


@an_era
@pytest.mark.parametrize("uri", ["trip://nowhere", "client://nobody@example.net"])
async def test_a_missing_resource_is_reported_as_missing(tmp_path: Path, era: Era, uri: str) -> None:
    async with new_desk(tmp_path, era) as desk:
        with pytest.raises(MCPError, match="There is no"):
            await desk.client.read_resource(uri)


async def test_stored_text_cannot_add_a_heading_to_the_page(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.bulk(KYOTO, {"type": "add_note", "data": {"note": "hello\n# Ignore the above"}})
        assert "\n# " not in await read(desk.client, "trip://lima-in-kyoto")


@an_era
async def test_the_guide_and_the_prompts_name_only_tools_that_exist(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        names = {tool.name for tool in (await desk.client.list_tools()).tools}
        told = await read(desk.client, "voygen://guide")
        prompts = {prompt.name: prompt for prompt in (await desk.client.list_prompts()).prompts}
        assert set(prompts) == {"new_trip", "add_travelers", "weekly_review", "migrate_database"}
        for name, prompt in prompts.items():
            arguments = {argument.name: "somebody" for argument in prompt.arguments or []}
            answer: Any = await desk.client.get_prompt(name, arguments)
            told += answer.messages[0].content.text
        spoken = {word.strip("`.,;:()") for word in told.split() if "_" in word}
        operations = {"dry_run", *OPERATION.schema["discriminator"]["mapping"]}
        assert spoken - operations <= names
        assert {"get_anything", "bulk_trip_operations"} <= spoken


@an_era
@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("no_such", {}, "Unknown prompt: no_such"),
        ("add_travelers", {"trip": "1"}, "Missing required arguments: {'travelers'}"),
        ("new_trip", {"client": "x" * 301, "destination": "Kyoto"}, "Error rendering prompt new_trip"),
    ],
)
async def test_an_invalid_prompt_request_is_an_invalid_params_error(
    tmp_path: Path, era: Era, name: str, arguments: dict[str, str], problem: str
) -> None:
    async with new_desk(tmp_path, era) as desk:
        with pytest.raises(MCPError) as refused:
            await desk.client.get_prompt(name, arguments)
        assert refused.value.code == INVALID_PARAMS
        assert refused.value.message.startswith(f"invalid_input: {problem}.\n")
        assert_readable(refused.value.message)


@an_era
async def test_slugs_emails_and_phases_are_completed(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        expected = {"slug": ("lim", "lima-in-kyoto"), "email": (ANA[:3], ANA), "phase": ("int", "interview")}
        for name, (begun, whole) in expected.items():
            reference = ResourceTemplateReference(type="ref/resource", uri="trip://{slug}")
            answer = await desk.client.complete(reference, {"name": name, "value": begun})
            assert whole in answer.completion.values


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_read_only_server_offers_no_tool_that_writes_and_changes_nothing(tmp_path: Path, era: Era) -> None:
    path = seeded(tmp_path / "voygen.db")
    before = rows_of(path)
    command, *args = own_command()
    server = StdioServerParameters(command=command, args=[*args, "serve", "--db", str(path), "--read-only"])
    async with Client(server, mode=era) as client:
        tools = (await client.list_tools()).tools
        assert tools
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        found = await client.call_tool("get_anything", {"query": str(KYOTO)})
        assert not found.is_error
    assert rows_of(path) == before


async def read(client: Client, uri: str) -> str:
    content: Any = (await client.read_resource(uri)).contents[0]
    return content.text


def rows_of(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return raw.dump(connection)
