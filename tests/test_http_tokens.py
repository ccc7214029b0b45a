"""Tokens over HTTP: access, scopes, and the answers to refused calls."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import KYOTO, Era, each_era, seeded, voygen
from mcp import MCPError
from team import LIST_TOOLS, Reply, Team, add_note, call, make_token, serving

from database.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Guarded:
    """A server that requires tokens, with one token for writing and one for reading."""

    team: Team
    path: Path
    write: str
    read: str

    def notes(self) -> set[str]:
        with closing(raw.connect(self.path)) as connection:
            (text,) = connection.execute("SELECT notes FROM trips_v2 WHERE trip_id = ?", (KYOTO,)).fetchone()
        items: list[dict[str, str]] = json.loads(text or "[]")
        return {item["note"] for item in items}

    def sql(self, statement: str, *parameters: object) -> list[Any]:
        with closing(raw.connect(self.path)) as connection:
            return connection.execute(statement, parameters).fetchall()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    path = seeded(tmp_path_factory.mktemp("guarded") / "voygen.db")
    write, read = make_token(path, "writer"), make_token(path, "reader", "--scope", "read")
    with serving(path, "--toolsets", "all") as team:
        yield Guarded(team, path, write, read)


def assert_unauthorized(reply: Reply, error: str | None) -> None:
    """Check for a 401 with a challenge that says what to send and, if a token was sent, why it was refused."""
    assert reply.status == 401, reply
    challenge = reply.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="voygen"')
    assert 'scope="read write"' in challenge
    assert (f'error="{error}"' in challenge) if error else ("error=" not in challenge)
    assert set(reply.json) == {"error", "error_description"}


def test_a_call_without_a_token_is_refused(guarded: Guarded) -> None:
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "vgn_x"}):
        assert_unauthorized(guarded.team.post(add_note("none"), None, **headers), None)
    assert_unauthorized(guarded.team.request("GET", "/mcp"), None)
    assert_unauthorized(guarded.team.post(b"{"), None)
    assert "none" not in guarded.notes()


def test_a_call_with_a_wrong_token_is_refused(guarded: Guarded) -> None:
    for wrong in (
        guarded.write[:-1],
        guarded.write + "x",
        guarded.write.swapcase(),
        "",
        "vgn_",
        "x" * 9000,
        "ey.ey.ey",
    ):
        assert_unauthorized(guarded.team.post(add_note("wrong"), wrong), "invalid_token")
    assert "wrong" not in guarded.notes()
    assert guarded.team.post(LIST_TOOLS, None, Authorization=f"bearer {guarded.write}").status == 200


def test_two_authorization_headers_are_refused(guarded: Guarded) -> None:
    with closing(guarded.team.connect()) as connection:
        connection.putrequest("POST", "/mcp")
        for token in (guarded.write, guarded.read):
            connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        assert connection.getresponse().status == 401


def test_a_revoked_token_is_refused_at_once_by_the_running_server(guarded: Guarded) -> None:
    token = make_token(guarded.path, "short")
    assert guarded.team.post(add_note("before"), token).result["structuredContent"]["success"] is True
    assert voygen("token", "revoke", "short", "--db", guarded.path).returncode == 0
    assert_unauthorized(guarded.team.post(add_note("after"), token), "invalid_token")
    assert {"before", "after"} & guarded.notes() == {"before"}


def test_a_token_is_refused_once_it_expires(guarded: Guarded) -> None:
    token = make_token(guarded.path, "brief", "--days", "1")
    assert guarded.team.post(LIST_TOOLS, token).status == 200
    guarded.sql("UPDATE access_tokens SET expires_at = ? WHERE name = 'brief'", now())
    assert_unauthorized(guarded.team.post(LIST_TOOLS, token), "invalid_token")


def test_a_read_token_is_refused_by_every_tool_that_writes(guarded: Guarded) -> None:
    offered = guarded.team.post(LIST_TOOLS, guarded.write).result["tools"]
    seen = {tool["name"] for tool in guarded.team.post(LIST_TOOLS, guarded.read).result["tools"]}
    assert seen == {tool["name"] for tool in offered if tool["annotations"]["readOnlyHint"]}
    before = guarded.sql("SELECT * FROM trips_v2")
    writing = {tool["name"] for tool in offered} - seen
    assert {"bulk_trip_operations", "create_client_v2", "repair_consistency"} <= writing
    for name in writing:
        reply = guarded.team.post(call(name), guarded.read)
        assert (reply.status, reply.json["error"]) == (403, "insufficient_scope")
        challenge = reply.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="read write"' in challenge
    assert guarded.team.post(add_note("read"), guarded.read).status == 403
    assert guarded.sql("SELECT * FROM trips_v2") == before
    assert guarded.team.post(call("get_anything", query="kyoto"), guarded.read).result["structuredContent"]["trip"]


def test_a_read_token_cannot_disguise_a_call_to_a_tool_that_writes(guarded: Guarded) -> None:
    message = json.dumps(add_note("disguised"))
    name = '"name": "bulk_trip_operations"'
    for disguised in (
        message.replace(name, f'{name}, "name": "get_anything"'),
        message.replace(name, f'"name": "get_anything", {name}'),
        message.replace("bulk_trip", "\\u0062ulk_trip"),
        message.replace('"method": ', '"method": "tools/list", "method": '),
        f"[{message}]",
    ):
        assert guarded.team.post(disguised.encode(), guarded.read).status in {200, 400, 403}
    assert "disguised" not in guarded.notes()


@each_era
async def test_clients_of_either_era_work_with_a_token_within_its_scope(guarded: Guarded, era: Era) -> None:
    note = add_note(f"client {era}")["params"]
    async with guarded.team.client(era, guarded.write) as client:
        answer = await client.call_tool(note["name"], note["arguments"])
        assert answer.structured_content
        assert answer.structured_content["success"] is True
    async with guarded.team.client(era, guarded.read) as client:
        found = await client.call_tool("get_anything", {"query": str(KYOTO)})
        assert f"client {era}" in str(found.structured_content)
        with pytest.raises(MCPError):
            await client.call_tool(note["name"], note["arguments"] | {"operations": []})


def test_the_last_use_of_a_token_is_stored(guarded: Guarded) -> None:
    token = make_token(guarded.path, "seen", "--scope", "read")
    (used,) = guarded.sql("SELECT last_used_at FROM access_tokens WHERE name = 'seen'")[0]
    assert used is None
    while used is None:
        assert guarded.team.post(LIST_TOOLS, token).status == 200
        (used,) = guarded.sql("SELECT last_used_at FROM access_tokens WHERE name = 'seen'")[0]
    assert used <= now()


def test_authentication_is_required_once_a_token_is_created_even_if_it_is_revoked(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with serving(path) as team:
        assert team.post(LIST_TOOLS).status == 200
        assert team.post(LIST_TOOLS, "vgn_unknown").status == 401
        token = make_token(path, "first")
        assert team.post(LIST_TOOLS).status == 401
        assert team.post(LIST_TOOLS, token).status == 200
        voygen("token", "revoke", "first", "--db", path)
        assert (team.post(LIST_TOOLS).status, team.post(LIST_TOOLS, token).status) == (401, 401)
    with serving(path) as team:
        assert team.post(LIST_TOOLS).status == 401


def test_no_token_is_ever_logged(guarded: Guarded) -> None:
    guarded.team.post(LIST_TOOLS, "vgn_secret" * 4)
    said = "".join(guarded.team.said)
    assert not any(secret in said for secret in (guarded.write, guarded.read, "vgn_secret"))
