"""Obstacles to a phase change: their names, accepting them, and changes at the last moment."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
import sides
from phasing import assert_in_order, lead_to, look, obstacles
from sides import ANA, BEN, TRIP

from database.connections import Connection
from database.embedded import EmbeddedDatabase, open_database
from database.errors import GuardFailed
from database.phase import read_phase
from migrations.check import check
from migrations.phases.moves import PhaseRefused, advance, go_back, phase_status
from migrations.repair import apply_repair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from database.engine import Results, Statement

FORWARD = "trg_trip_client_assignments_insert"


@pytest.fixture
def file(db: EmbeddedDatabase) -> Path:
    """The file of an engine in phase dual_write, with Ana and Ben, a trip of Ana's, and an empty trip."""
    with closing(raw.connect(db.path)) as connection:
        for email in (ANA, BEN):
            connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')", (email,))
        sides.add_trip(connection, "[]")
        sides.add_trip(connection, "[]")
        sides.assign(connection, ANA)
        connection.execute("DELETE FROM direct_json_writes")
    return db.path


def past_the_triggers(path: Path, clients: object, trip: int = TRIP) -> None:
    with closing(raw.connect(path)) as connection:
        sides.write_past_the_triggers(connection, sides.text_of(clients), trip)


def without_foreign_keys(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)


PAIR = {"email": ANA, "role": "traveler"}

# JSON of trip 1 written without the trigger, and the resulting obstacle.
DRIFTS: dict[str, tuple[str, str]] = {
    "a pair in the junction alone": ("[]", "junction_only/1"),
    "a pair in the JSON alone": (json.dumps([PAIR, {"email": BEN, "role": "payer"}]), "json_only/1"),
    "a pair twice": (json.dumps([PAIR, PAIR]), "duplicate/1"),
    "an entry in another spelling": (json.dumps([PAIR | {"email": ANA.upper()}]), "not_canonical/1"),
    "an entry that became a string": (json.dumps([json.dumps(PAIR)]), "not_canonical/1"),
    "no array": ("{}", "not_an_array/1"),
    "malformed text": ('[{"em', "not_an_array/1"),
}


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.sampled(3)
async def test_drift_is_a_named_obstacle_until_it_is_repaired(db: EmbeddedDatabase, file: Path, drift: str) -> None:
    text, name = DRIFTS[drift]
    past_the_triggers(file, text)
    assert name in await obstacles(db)
    with pytest.raises(PhaseRefused):
        await advance(db, quiet_days=0, accept=["*"])
    await apply_repair(db)
    await advance(db, quiet_days=0, accept=["quarantine/*"])
    await assert_in_order(db, "prefer_junction")


async def test_orphans_leftover_guards_and_changed_schema_objects_are_named_obstacles(
    db: EmbeddedDatabase, file: Path
) -> None:
    without_foreign_keys(file, "INSERT INTO trip_client_assignments VALUES (77, 900, 'gone@x.io', 'payer', '', '')")
    orphan = look(file, "SELECT assignment_id FROM trip_client_assignments WHERE trip_id = 900")[0][0]
    look(file, "INSERT INTO trip_client_sync (trip_id) VALUES (1)")
    look(file, f"DROP TRIGGER {FORWARD}")
    look(file, "DROP VIEW trip_client_relationships")
    look(file, "CREATE VIEW trip_client_relationships AS SELECT 1")
    expected = {f"orphan/{orphan}", "guard_left/1", f"schema/{FORWARD}", "schema/trip_client_relationships"}
    assert set(await obstacles(db)) == expected
    with pytest.raises(PhaseRefused) as refusal:
        await advance(db, quiet_days=0, accept=["*", *expected])
    assert {one["name"] for one in refusal.value.obstacles} == expected
    await apply_repair(db)
    assert await obstacles(db) == []
    await advance(db, quiet_days=0)
    await assert_in_order(db, "prefer_junction")


async def test_a_dangling_foreign_key_is_an_obstacle(db: EmbeddedDatabase, file: Path) -> None:
    look(file, "DROP TABLE trip_facts")
    look(file, "CREATE TABLE trip_facts (trip_id INTEGER PRIMARY KEY REFERENCES trips_v2(trip_id))")
    without_foreign_keys(file, "INSERT INTO trip_facts VALUES (900)")
    assert {"foreign_key/trip_facts", "schema/trip_facts"} == set(await obstacles(db))


async def test_a_recent_json_write_by_old_code_is_an_obstacle(db: EmbeddedDatabase, file: Path) -> None:
    look(file, "UPDATE trips_v2 SET clients = '[]' WHERE trip_id = 1")
    look(file, "UPDATE trips_v2 SET clients = ? WHERE trip_id = 1", json.dumps([PAIR]))
    assert await obstacles(db, quiet_days=7) == ["direct_write/1"]
    assert "2 times" in (await phase_status(db)).obstacles[0]["problem"]
    with pytest.raises(PhaseRefused):
        await advance(db, accept=["*"])
    look(file, "UPDATE direct_json_writes SET last_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days')")
    assert await obstacles(db, quiet_days=4) == ["direct_write/1"]
    assert await obstacles(db, quiet_days=2) == []
    assert await obstacles(db, quiet_days=0) == []
    await advance(db, quiet_days=2)
    assert await obstacles(db, quiet_days=7) == []
    await advance(db)
    await assert_in_order(db, "normalized")


async def test_only_unlinked_entries_and_quarantined_texts_can_be_accepted_by_name(
    db: EmbeddedDatabase, file: Path
) -> None:
    look(file, "UPDATE trips_v2 SET clients = ? WHERE trip_id = 2", json.dumps([{"email": "a@y.io"}, 7]))
    look(file, "UPDATE trips_v2 SET clients = ? WHERE trip_id = 1", "broken")
    assert await obstacles(db) == ["unlinked/2/0", "unlinked/2/1", "quarantine/1"]
    for accept, left in (
        (["unlinked/2/1"], ["unlinked/2/0", "quarantine/1"]),
        (["unlinked/1*", "unlinked"], ["unlinked/2/0", "quarantine/1"]),
        (["unlinked/*"], ["quarantine/1"]),
    ):
        with pytest.raises(PhaseRefused) as refusal:
            await advance(db, quiet_days=0, accept=accept)
        assert [one["name"] for one in refusal.value.obstacles] == left
    await advance(db, quiet_days=0, accept=["quarantine/1"])
    await assert_in_order(db, "prefer_junction")
    assert await obstacles(db) == []


async def test_an_accepted_entry_that_changes_is_an_obstacle_again(db: EmbeddedDatabase, file: Path) -> None:
    def write(*entries: object) -> None:
        look(file, "UPDATE trips_v2 SET clients = ? WHERE trip_id = 2", json.dumps(entries))

    write({"email": "a@y.io", "name": "A"}, {"name": "B"})
    await advance(db, quiet_days=0, accept=["unlinked/2/*"])
    await lead_to(db, "dual_write")
    write({"name": "B"}, {"email": "a@y.io", "name": "A"})
    assert await obstacles(db) == []
    write({"name": "B"}, {"email": "a@y.io", "name": "Other"})
    assert await obstacles(db) == ["unlinked/2/1"]
    write({"name": "B"}, {"name": "B"}, {"name": "C"})
    assert await obstacles(db) == ["unlinked/2/2"]
    look(
        file,
        "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('', '', '', '[{\"name\":\"B\"}]')",
    )
    assert await obstacles(db) == ["unlinked/2/2", "unlinked/3/0"]


async def test_accepting_a_quarantined_text_does_not_accept_later_ones(db: EmbeddedDatabase, file: Path) -> None:
    look(file, "UPDATE trips_v2 SET clients = 'one' WHERE trip_id = 1")
    await advance(db, quiet_days=0, accept=["quarantine/*"])
    await lead_to(db, "dual_write")
    look(file, "UPDATE trips_v2 SET clients = 'two' WHERE trip_id = 1")
    assert await obstacles(db) == ["quarantine/2"]


class Watched(EmbeddedDatabase):
    """An engine that runs a callback as a batch starts to wait for the lock, and records the guards that fail."""

    failed: list[str]
    before_batch: Callable[[], object]

    async def batch(self, statements: Sequence[Statement]) -> Results:
        asyncio.get_running_loop().call_soon(self.before_batch)
        try:
            return await super().batch(statements)
        except GuardFailed as failed:
            self.failed.append(failed.guard)
            raise


# Changes by another program between the check and the move, the guard that fails, and the resulting obstacle.
LATE: dict[str, tuple[list[str], str, str]] = {
    "drift": (
        ["DROP TRIGGER trg_trips_v2_clients_update", "UPDATE trips_v2 SET clients = '[]'", "REVERSE"],
        "stores_equal",
        "junction_only/1",
    ),
    "a guard": (["INSERT INTO trip_client_sync (trip_id) VALUES (2)"], "stores_equal", "guard_left/2"),
    "an orphan": (
        ["INSERT INTO trip_client_assignments VALUES (9, 900, 'x@x.io', 'payer', '', '')"],
        "stores_equal",
        "orphan/9",
    ),
    "an unlinked entry": (
        ["UPDATE trips_v2 SET clients = '[7]' WHERE trip_id = 2"],
        "nothing_unlinked",
        "unlinked/2/0",
    ),
    "a quarantined text": (
        ["UPDATE trips_v2 SET clients = 'x' WHERE trip_id = 2"],
        "nothing_quarantined",
        "quarantine/1",
    ),
    "a missing trigger": ([f"DROP TRIGGER {FORWARD}"], "schema_as_shipped", f"schema/{FORWARD}"),
    "old code's write": (
        ["INSERT INTO direct_json_writes VALUES ('2999-01-01', 2, 1, '2999-01-01T00:00:00Z')"],
        "no_direct_writes",
        "direct_write/2",
    ),
}


@pytest.mark.parametrize("late", LATE)
@pytest.mark.sampled(3)
async def test_an_obstacle_that_appears_at_the_last_moment_stops_the_move(file: Path, late: str) -> None:
    statements, guard, name = LATE[late]
    reverse = look(file, "SELECT sql FROM sqlite_master WHERE name = 'trg_trips_v2_clients_update'")[0][0]
    writer, reader = (
        Connection(lambda: sqlite3.connect(file, isolation_level=None), iter_chunk_size=1) for _ in range(2)
    )
    await writer
    await reader
    writer.row_factory = reader.row_factory = sqlite3.Row
    async with Watched(file, [writer, reader], 30) as watched:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for sql in statements:
                other.execute(reverse if sql == "REVERSE" else sql)
            watched.failed = []
            watched.before_batch = other.commit
            with pytest.raises(PhaseRefused) as refusal:
                await advance(watched, quiet_days=1)
        assert watched.failed == [guard]
        assert name in [one["name"] for one in refusal.value.obstacles]
        assert (await read_phase(watched)).phase == "dual_write"


async def test_of_two_concurrent_moves_the_second_starts_where_the_first_ended(file: Path) -> None:
    async with await open_database(file) as one, await open_database(file) as other:
        await asyncio.gather(advance(one, quiet_days=0), advance(other, quiet_days=0))
        await assert_in_order(one, "normalized")
        await asyncio.gather(go_back(one), go_back(other))
        await assert_in_order(one, "dual_write")
        assert (await read_phase(one)).changed_at == (await read_phase(other)).changed_at


async def test_after_a_repair_a_new_client_is_linked_to_entries_written_past_the_triggers(
    db: EmbeddedDatabase, file: Path
) -> None:
    past_the_triggers(file, [{"email": "new@x.io", "role": "payer"}], trip=2)
    assert ("not_indexed", 2) in [(one["kind"], one.get("trip_id")) for one in (await check(db)).faults]
    assert (await apply_repair(db)).after.clean
    look(file, "INSERT INTO clients_v2 (email, full_name) VALUES ('new@x.io', 'N')")
    assert (await check(db)).consistent
    assert look(file, "SELECT client_role FROM trip_client_assignments WHERE trip_id = 2") == [("payer",)]


async def test_custom_schema_objects_that_use_the_column_are_named_obstacles(db: EmbeddedDatabase, file: Path) -> None:
    await lead_to(db, "prefer_junction")
    own = {
        "schema/by list": 'CREATE INDEX "by list" ON trips_v2 (clients)',
        "schema/some": "CREATE INDEX some ON trips_v2 (trip_name) WHERE clients <> '[]'",
        "schema/seen": "CREATE TRIGGER seen AFTER UPDATE ON trips_v2 BEGIN SELECT new.clients; END",
    }
    for sql in own.values():
        look(file, sql)
    look(file, "CREATE INDEX named ON trips_v2 (trip_name, status)")
    look(file, "CREATE VIEW listed AS SELECT trip_id, clients FROM trips_v2")
    assert set(await obstacles(db)) == own.keys()
    for name in own:
        kind = "TRIGGER" if name == "schema/seen" else "INDEX"
        look(file, f'DROP {kind} "{name.partition("/")[2]}"')
    look(file, "ALTER TABLE trips_v2 ADD COLUMN people AS (json_array_length(clients))")
    assert await obstacles(db) == ["schema/trips_v2"]
    look(file, "ALTER TABLE trips_v2 DROP COLUMN people")
    assert await obstacles(db) == []
    await lead_to(db, "normalized")
