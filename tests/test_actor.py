"""The activity log records the actor of each write: the name of the client, or of the token it used."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import ANA, KYOTO, Era, each_era, op, seeded, voygen
from hypothesis import given
from hypothesis import strategies as st
from mcp.client import Client
from mcp_types import Implementation
from team import add_note, as_now, serving

from database.activity import log
from database.actor import LONGEST, acting, actor, name_at
from database.embedded import open_database
from server.desk.steward import MigrationSteward
from server.desk.tools import make_server
from server.opening import phased
from tools.catalogue import all_tools

if TYPE_CHECKING:
    from pathlib import Path


def logged(path: Path) -> set[tuple[str, str | None]]:
    with closing(raw.connect(path)) as connection:
        return set(connection.execute("SELECT activity_type, actor FROM ActivityLog").fetchall())


@each_era
async def test_each_tools_writes_are_logged_under_the_clients_name_and_version(tmp_path: Path, era: Era) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        served = phased(db)
        server = make_server(served, all_tools(MigrationSteward(db)))
        info = Implementation(name="claude-desktop", version="1.2")
        async with Client(server, raise_exceptions=True, mode=era, client_info=info) as client:
            for tool, arguments in {
                "bulk_trip_operations": {"trip_identifier": KYOTO, "operations": [op("add_note", note="Hello")]},
                "create_trip_v2": {"trip_name": "New", "start_date": "2026-01-01", "end_date": "2026-01-02"},
                "update_client": {"email": ANA, "phone": "+1 555 0100"},
                "cleanup_duplicate_clients": {"email_patterns": ["cem@*"], "dry_run": False},
                "cleanup_duplicate_trips": {"name_patterns": ["Nobody*"], "archive_only": True, "dry_run": False},
                "delete_trip": {"trip_identifier": "2", "confirm_trip_name": "Ode in Banff"},
                "reset_activitylog_from_trips": {"dry_run": False},
            }.items():
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, (tool, result)
    entries = logged(path)
    assert {name for _, name in entries} == {"claude-desktop 1.2"}
    assert {"TripCreated", "ClientUpdated", "ClientDeleted", "StatusChanged"} <= {kind for kind, _ in entries}


def test_over_http_a_write_is_logged_under_the_tokens_name_or_else_the_clients(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    message, headers = as_now(add_note("By nobody that is known"))
    with serving(path) as team:
        assert team.post(message, **headers).status == 200
        assert {name for _, name in logged(path)} == {"t 1"}
        token = voygen("token", "create", "ines-laptop", "--db", path).stdout.strip()
        assert team.post(add_note("By a token"), token).status == 200
    assert {name for _, name in logged(path)} == {"t 1", "ines-laptop"}


async def test_a_write_without_a_known_client_is_logged_without_an_actor(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        await db.batch([log(KYOTO, [("Anonymous", "")], "2026-01-01T00:00:00Z")])
    assert logged(path) == {("Anonymous", None)}


async def test_concurrent_calls_keep_their_own_actor() -> None:
    async def call(name: str) -> list[str | None]:
        seen: list[str | None] = []
        with acting(name, verified=True):
            for _ in range(20):
                await asyncio.sleep(0)
                seen.append(actor())
        return seen

    results = await asyncio.gather(*(call(str(number)) for number in range(20)))
    assert results == [[str(number)] * 20 for number in range(20)]


def test_a_tokens_name_takes_precedence_over_the_clients() -> None:
    with acting("ines-laptop", verified=True), acting("claude-desktop 1.2"):
        assert actor() == "ines-laptop"
    assert actor() is None


def shown(name: str, *, verified: bool = False) -> str | None:
    with acting(name, verified=verified):
        return actor()


def test_a_client_cannot_take_the_name_of_a_token_or_of_an_issuers_subject() -> None:
    assert shown("ines-laptop ") == "ines-laptop (unverified)"
    assert shown("x" * 200) == "x" * (LONGEST - 13) + " (unverified)"
    assert shown("ines (id.example)") == "ines (id.example) (unverified)"
    assert shown(name_at("ines-laptop", "id.example"), verified=True) == "ines-laptop (id.example)"


@given(st.text(), st.text())
def test_different_subjects_of_an_issuer_have_different_names(one: str, other: str) -> None:
    padding = "x" * LONGEST
    names = [shown(name_at(subject, "id.example"), verified=True) for subject in (one, other, padding + one)]
    assert (names[0] == names[1]) == (one == other)
    assert all(name and len(name) <= LONGEST and name.endswith(" (id.example)") for name in names)
    assert shown(name_at(padding + one, "id.example")) != shown(name_at(padding + one + "y", "id.example"))


@given(st.text() | st.none())
def test_an_actors_name_is_short_and_printable_for_any_client_name(name: str | None) -> None:
    with acting(name):
        said = actor()
        assert said is None or (0 < len(said) <= LONGEST and said.isprintable())


@pytest.mark.parametrize("older", ["actor", "ACTOR"])
def test_a_legacy_log_that_already_has_an_actor_column_keeps_its_values(tmp_path: Path, older: str) -> None:
    path = tmp_path / "voygen.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((raw.LEGACY / "seed-legacy.sql").read_text(encoding="utf-8"))
        connection.execute(f"ALTER TABLE ActivityLog ADD COLUMN {older} TEXT")
        connection.execute(f"INSERT INTO ActivityLog (activity_type, {older}) VALUES ('Old', 'somebody')")
        connection.commit()
    asyncio.run(raw.migrate_file(path))
    assert ("Old", "somebody") in logged(path)
