"""Stored and sent text with lone surrogates, as JavaScript leaves them when it cuts a string inside an emoji."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, KYOTO, seeded, voygen
from mcp import Client, StdioServerParameters

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

HALF = "\ud83d"

MARK = "\N{REPLACEMENT CHARACTER}"

CLIENTS = json.dumps([{"email": ANA, "role": "traveler", "name": HALF}, {"name": f"Guest {HALF}"}])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection:
        cut = json.dumps([{"note": f"cut {HALF}", "timestamp": "2026-01-01", HALF: 1}])
        columns = ("notes", "documents", "workflow_state", "financials")
        for column in columns:
            connection.execute(f"UPDATE trips_v2 SET {column} = ? WHERE trip_id = ?", (cut, KYOTO))
        connection.execute("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", (CLIENTS, KYOTO))
        connection.execute(
            "UPDATE clients_v2 SET preferences = ?, contact_info = ? WHERE email = ?",
            (json.dumps({"seat": HALF, "meal": "any"}), json.dumps({"notes": HALF}), ANA),
        )
    return path


@asynccontextmanager
async def desk(path: Path) -> AsyncGenerator[Client]:
    command, *arguments = [*own_command(), "serve", "--toolsets", "all", "--db", str(path)]
    async with Client(StdioServerParameters(command=command, args=arguments)) as client:
        yield client


async def answered(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def test_stored_surrogates_are_read_as_replacement_characters(path: Path) -> None:
    async with desk(path) as client:
        found = await answered(client, "get_anything", query=str(KYOTO))
        assert found["trip"]["notes"][0]["note"] == f"cut {MARK}"
        assert (await answered(client, "get_client", email=ANA))["preferences"]["seat"] == MARK
        report = await answered(client, "check_consistency")
        assert json.loads(report["findings"]["unlinked"][0]["entry"]) == {"name": f"Guest {HALF}"}
        trip = (await client.read_resource("trip://lima-in-kyoto")).contents[0]
        assert f"cut {MARK}" in getattr(trip, "text", "")
        await answered(client, "continue_trip", search_query="Lima in Kyoto")


async def test_a_change_to_a_row_leaves_its_stored_surrogates_unchanged(path: Path) -> None:
    operations = [
        {"type": "add_note", "data": {"note": "new"}},
        {"type": "update_cost", "data": {"cost": 5}},
        {"type": "advance_workflow", "data": {"phase": "proposal"}},
        {"type": "add_document", "data": {"name": "Visa"}},
        {"type": "assign_client", "data": {"email": ANA, "role": "payer"}},
    ]
    async with desk(path) as client:
        bulk = {"trip_identifier": str(KYOTO), "operations": operations}
        await answered(client, "bulk_trip_operations", **bulk, dry_run=True)
        done = await answered(client, "bulk_trip_operations", **bulk, idempotency_key="one")
        assert done["success"], done
        again = await answered(client, "bulk_trip_operations", **bulk, idempotency_key="one")
        assert again["replayed"]
        await answered(client, "update_client", email=ANA, preferences={"meal": "fish"})
    with closing(raw.connect(path)) as connection:
        row = connection.execute(
            "SELECT notes, documents, workflow_state, financials, clients FROM trips_v2 WHERE trip_id = ?", (KYOTO,)
        ).fetchone()
        assert ["\\ud83d" in column.lower() for column in row] == [True] * 5
        assert [MARK in column for column in row] == [False] * 5
        held = connection.execute("SELECT preferences FROM clients_v2 WHERE email = ?", (ANA,)).fetchone()[0]
    assert json.loads(held) == {"seat": HALF, "meal": "fish"}


async def test_a_list_sent_as_text_with_a_surrogate_is_refused_and_the_server_continues(path: Path) -> None:
    before = contents(path)
    async with desk(path) as client:
        for sent in ('[{"type":"\\ud83d","data":{}}]', '[{"type":"add_note","data":{"note":"\\ud83d"}}]'):
            arguments = {"trip_identifier": str(KYOTO), "operations": sent}
            result = await client.call_tool("bulk_trip_operations", arguments)
            assert result.is_error
            assert getattr(result.content[0], "text", "").startswith("invalid_input: operations")
        await answered(client, "get_anything", query=str(KYOTO))
    assert contents(path) == before


def contents(path: Path) -> list[object]:
    """Return the rows of the user tables. SQLite's own dump fails on invalid UTF-8."""
    with closing(raw.connect(path)) as connection:
        tables = ("trips_v2", "clients_v2", "trip_client_assignments", "ActivityLog", "operation_receipts")
        known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        return [connection.execute(f"SELECT * FROM {one}").fetchall() for one in tables if one in known]


def test_the_commands_work_on_a_database_with_surrogates(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        connection.execute("DROP TRIGGER trg_trip_client_assignments_delete")
        connection.execute("DELETE FROM trip_client_assignments")
    for command in (("check",), ("repair",), ("phase",), ("check", "--record")):
        for form in ((), ("--json",)):
            done = voygen(*command, *form, "--db", path)
            assert done.returncode in {0, 1}
            assert done.stderr == ""
            assert done.stdout
    (one, *_) = json.loads(voygen("check", "--db", path, "--json").stdout)["drift"]
    assert json.loads(one["json"][0])["name"] == HALF
    assert voygen("repair", "--apply", "--db", path).returncode == 0
    assert voygen("phase", "advance", "--apply", "--quiet-days", 0, "--accept", "*", "--db", path).returncode == 0
    assert voygen("phase", "advance", "--apply", "--db", path).returncode == 0
    assert voygen("phase", "back", "--apply", "--db", path).returncode == 0
    with closing(raw.connect(path)) as connection:
        text = connection.execute("SELECT clients FROM trips_v2 WHERE trip_id = ?", (KYOTO,)).fetchone()[0]
    assert "\\ud83d" in text


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ('{"command": "x", "env": {"KEY": "\\ud83d"}}', "client.json"),
        ('{"command": "x", "env": {"\\ud83d": "y"}}', "client.json"),
        ('{"command": "x", "args": ["serve", "--db", "/\\ud83d.db"]}', "client.json"),
        ('{"command": "x"}', "\udcff.json"),
    ],
    ids=["env", "name in env", "database", "file"],
)
def test_install_refuses_a_configuration_that_it_could_not_write_as_unicode(
    tmp_path: Path, entry: str, name: str
) -> None:
    file = tmp_path / name
    text = f'{{"mcpServers": {{"voygen": {entry}}}}}'
    try:
        file.write_text(text, encoding="utf-8")
    except OSError:
        pytest.skip("the file system has no such names")
    done = voygen("install", "claude-desktop", "--file", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("is not valid Unicode\n")
    assert file.read_text(encoding="utf-8") == text


def test_serve_refuses_an_issuer_that_is_not_valid_unicode(tmp_path: Path) -> None:
    done = voygen("serve", "--db", tmp_path / "voygen.db", "--http", ":0", "--issuer", "https://a\udcff")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
