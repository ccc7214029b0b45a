"""Moving up and down the phases: the schema of each, the writes that each refuses, and the restored data."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
import sides
from engines import any_recursion, foreign_keys_off, is_hosted, open_database
from legacy_facts import NAMES
from oracle import assert_clean
from phasing import EVERYTHING, assert_in_order, lead_to, look, refusal, schema_of
from sides import ANA, BEN, TRIP

from database.errors import DatabaseError
from database.phase import PHASES, Phase, read_phase
from migrations.check import check
from migrations.phases.moves import advance, go_back
from migrations.proof import digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from database.embedded import EmbeddedDatabase

pytestmark = any_recursion

REFUSED = "trips_v2.clients is read-only in the phase prefer_junction, write trip_client_assignments instead"

NO_COLUMN = "no such column: clients"

# The phases to move to, in this order: up and down twice.
WAYS: list[Phase] = [
    "prefer_junction",
    "dual_write",
    "prefer_junction",
    "normalized",
    "prefer_junction",
    "normalized",
    "prefer_junction",
    "dual_write",
]

# The JSON of most tests' trip: two assignments of Ana with extra keys, and a guest and an infant, who aren't clients.
LIST: list[dict[str, Any]] = [
    {"email": ANA, "role": "traveler", "name": "Ana", "preferences": {"seat": "aisle"}},
    {"email": "new@x.io", "role": "traveler", "name": "Guest"},
    {"email": ANA, "role": "payer", "client_id": 7},
    {"name": "Infant"},
]


def lists(path: Path) -> dict[int, Any]:
    return {trip_id: json.loads(text) for trip_id, text in look(path, "SELECT trip_id, clients FROM trips_v2")}


def junction(path: Path) -> list[tuple[Any, ...]]:
    return look(path, "SELECT * FROM trip_client_assignments ORDER BY assignment_id")


@pytest.fixture
def file(db: EmbeddedDatabase, tmp_path: Path) -> Path:
    """The file of an engine in phase dual_write, with Ana and Ben, a trip with LIST, and an empty trip."""
    path = tmp_path / "voygen.db"
    assert db.label == str(path) or is_hosted()
    with closing(raw.connect(path)) as connection:
        for email in (ANA, BEN):
            name = email[:3].title()
            connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, ?)", (email, name))
        assert sides.add_trip(connection, LIST) == TRIP
        sides.add_trip(connection, [])
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(3)
async def test_every_phase_is_consistent_and_nothing_is_lost_on_the_way_up_and_down(
    legacy_database: Callable[[str], Path], name: str
) -> None:
    path = legacy_database(name)
    await raw.migrate_file(path)
    async with await open_database(path) as db:
        entries, rows, proof, first_schema = lists(path), junction(path), await digest(db), schema_of(path)
        for phase in WAYS:
            before = await read_phase(db)
            up = PHASES.index(phase) > PHASES.index(before.phase)
            moved = await (advance(db, accept=EVERYTHING) if up else go_back(db))
            assert (moved.phase, moved.epoch) == (phase, before.epoch + 1)
            await assert_in_order(db, phase)
            assert junction(path) == rows
            if phase == "normalized":
                assert NO_COLUMN in refusal(path, "SELECT clients FROM trips_v2")
            else:
                assert await digest(db) == proof
                assert lists(path) == entries
        assert schema_of(path).keys() == first_schema.keys()
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.sampled(3)
async def test_custom_schema_objects_are_kept_in_every_phase(
    legacy_database: Callable[[str], Path], phase: Phase
) -> None:
    path = legacy_database("d1-export-2025")
    look(path, "CREATE TRIGGER own_insert INSTEAD OF INSERT ON trip_complete_v2 BEGIN SELECT 1; END")
    look(path, "CREATE TRIGGER own_update AFTER UPDATE OF status ON trips_v2 BEGIN SELECT 1; END")
    await raw.migrate_file(path)
    theirs = ["city_airports", "trip_complete_v2", "update_session_activity", "own_insert", "own_update"]
    before = schema_of(path)
    async with await open_database(path) as db:
        await lead_to(db, phase)
        assert {name: schema_of(path).get(name) for name in theirs} == {name: before[name] for name in theirs}
        assert "no such" in refusal(path, "SELECT * FROM city_airports")
        look(path, "INSERT INTO ActivityLog (activity_type, trip_id) VALUES ('x', 1)")
        await lead_to(db, "dual_write")
        assert {name: schema_of(path).get(name) for name in theirs} == {name: before[name] for name in theirs}
        assert len(look(path, "SELECT clients FROM trip_complete_v2")) == 40


async def test_there_is_no_phase_before_the_first_or_after_the_last(db: EmbeddedDatabase) -> None:
    with pytest.raises(DatabaseError, match="no earlier phase"):
        await go_back(db)
    await lead_to(db, "normalized")
    with pytest.raises(DatabaseError, match="no later phase"):
        await advance(db)


@pytest.mark.parametrize("conflict", ["", "OR REPLACE", "OR IGNORE", "OR FAIL"])
@pytest.mark.sampled(2)
async def test_in_prefer_junction_old_code_cannot_write_the_json_and_the_error_says_what_to_do(
    db: EmbeddedDatabase, file: Path, conflict: str
) -> None:
    await lead_to(db, "prefer_junction")
    before = lists(file)
    assert refusal(file, f"UPDATE {conflict} trips_v2 SET clients = '[]' WHERE trip_id = 1") == REFUSED
    for text in (json.dumps([{"email": BEN}]), "[ ]", "", "null", None):
        insert = f"INSERT {conflict} INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('N', '', '', ?)"
        assert refusal(file, insert, text) == REFUSED
    assert lists(file) == before
    look(file, "UPDATE trips_v2 SET trip_name = 'Other', clients = clients")
    look(file, "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('N', '', '', '[]')")
    await assert_in_order(db, "prefer_junction")


async def test_in_prefer_junction_a_write_to_the_junction_is_mirrored(db: EmbeddedDatabase, file: Path) -> None:
    await lead_to(db, "prefer_junction")
    with closing(raw.connect(file)) as connection:
        sides.assign(connection, BEN, "guide")
        connection.execute("UPDATE trip_client_assignments SET client_role = 'lead' WHERE client_role = 'payer'")
        sides.unassign(connection, ANA)
        assert [(one.get("email"), one.get("role")) for one in sides.in_json(connection)] == [
            ("new@x.io", "traveler"),
            (ANA, "lead"),
            (None, None),
            (BEN, "guide"),
        ]
        assert sides.in_json(connection)[1]["client_id"] == 7
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('New@x.io', 'N')")
        assert ("New@x.io", "traveler") in sides.in_junction(connection)
        connection.execute("UPDATE clients_v2 SET email = 'ben@y.io' WHERE email = ?", (BEN,))
        connection.execute("DELETE FROM clients_v2 WHERE email = 'New@x.io'")
        assert_clean(connection)
    await assert_in_order(db, "prefer_junction")


@foreign_keys_off
async def test_in_prefer_junction_the_json_of_a_replaced_trip_shows_its_assignments(
    db: EmbeddedDatabase, file: Path
) -> None:
    await lead_to(db, "prefer_junction")
    with closing(raw.connect(file)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("REPLACE INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (1, '', '', '')")
        assert_clean(connection)
        assert sides.in_junction(connection)


async def test_in_normalized_no_program_can_use_the_column(db: EmbeddedDatabase, file: Path) -> None:
    await lead_to(db, "normalized")
    assert NO_COLUMN in refusal(file, "UPDATE trips_v2 SET clients = '[]'")
    assert "no column named clients" in refusal(
        file, "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('N', '', '', '[]')"
    )
    look(file, "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (2, ?)", BEN)
    assert look(file, "SELECT trip_id, source FROM trip_client_relationships WHERE assigned_email = ?", BEN) == [
        (2, "junction_table")
    ]
    await lead_to(db, "dual_write")
    assert lists(file)[2][0]["email"] == BEN


# Changes to the trip with LIST in phase normalized, and its expected JSON once the column is restored.
CHANGES: dict[str, tuple[list[str], list[dict[str, Any]]]] = {
    "another role": (
        ["UPDATE trip_client_assignments SET client_role = 'guide' WHERE client_role = 'payer'"],
        [LIST[0], LIST[1], LIST[2] | {"role": "guide"}, LIST[3]],
    ),
    "another e-mail": (
        ["UPDATE clients_v2 SET email = 'ana@y.io' WHERE email = 'ana@x.io'"],
        [LIST[0] | {"email": "ana@y.io"}, LIST[1], LIST[2] | {"email": "ana@y.io"}, LIST[3]],
    ),
    "a removal": (["DELETE FROM trip_client_assignments WHERE client_role = 'payer'"], [LIST[0], LIST[1], LIST[3]]),
    "a new assignment": (
        ["INSERT INTO trip_client_assignments (trip_id, client_email, created_at) VALUES (1, 'ben@x.io', 'then')"],
        [*LIST, {"email": BEN, "role": "traveler", "assigned_at": "then"}],
    ),
    "a client who is gone": (["DELETE FROM clients_v2 WHERE email = 'ana@x.io'"], [LIST[1], LIST[3]]),
    "a client for an unlinked entry": (
        ["INSERT INTO clients_v2 (email, full_name) VALUES ('New@x.io', 'N')"],
        [LIST[0], LIST[1] | {"email": "New@x.io"}, LIST[2], LIST[3]],
    ),
    "a client who takes an unlinked entry's e-mail": (
        ["UPDATE clients_v2 SET email = 'new@x.io' WHERE email = 'ben@x.io'"],
        LIST,
    ),
    "an unlinked entry's client, assigned already": (
        [
            "INSERT INTO clients_v2 (email, full_name) VALUES ('new@x.io', 'N')",
            "INSERT INTO trip_client_assignments (trip_id, client_email, created_at) VALUES (1, 'new@x.io', 'then')",
        ],
        [LIST[0], LIST[1] | {"assigned_at": "then"}, LIST[2], LIST[3]],
    ),
    "two roles made one": (
        ["UPDATE OR REPLACE trip_client_assignments SET client_role = 'payer' WHERE client_role = 'traveler'"],
        [LIST[0] | LIST[2], LIST[1], LIST[3]],
    ),
    "the same assignment anew": (
        [
            """INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email, client_role)
            VALUES (1, 'ana@x.io', 'payer')"""
        ],
        LIST,
    ),
    "no role, where there is one already": (
        ["INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (1, 'ana@x.io', NULL)"],
        LIST,
    ),
    "no role, and then the one that it had": (
        [
            "UPDATE trip_client_assignments SET client_role = ' ' WHERE client_role = 'traveler'",
            "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (1, 'ana@x.io')",
        ],
        LIST,
    ),
    "no role, twice": (
        ["UPDATE trip_client_assignments SET client_role = NULL"],
        [LIST[0] | LIST[2] | {"role": "traveler"}, LIST[1], LIST[3]],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.sampled(3)
async def test_changes_made_without_the_column_appear_in_the_restored_column(
    db: EmbeddedDatabase, file: Path, change: str
) -> None:
    statements, expected = CHANGES[change]
    await lead_to(db, "normalized")
    for sql in statements:
        look(file, sql)
    await lead_to(db, "dual_write")
    assert lists(file) == {1: expected, 2: []}
    assert (await check(db)).consistent
    assert look(file, "SELECT * FROM trip_clients_quarantine") == []
    with closing(raw.connect(file)) as connection:
        assert_clean(connection)


async def test_an_assignment_moved_to_another_trip_keeps_its_extra_keys(db: EmbeddedDatabase, file: Path) -> None:
    await lead_to(db, "normalized")
    look(file, "UPDATE trip_client_assignments SET trip_id = 2 WHERE client_role = 'payer'")
    await lead_to(db, "dual_write")
    assert lists(file) == {1: [LIST[0], LIST[1], LIST[3]], 2: [LIST[2]]}


async def test_a_trip_that_gets_a_new_id_keeps_its_archived_entries(db: EmbeddedDatabase, file: Path) -> None:
    await lead_to(db, "normalized")
    look(file, "UPDATE trips_v2 SET trip_id = 9 WHERE trip_id = 1")
    await lead_to(db, "dual_write")
    assert lists(file) == {9: LIST, 2: []}


async def test_a_new_trip_with_the_id_of_a_deleted_one_gets_none_of_its_archived_entries(
    db: EmbeddedDatabase, file: Path
) -> None:
    await lead_to(db, "normalized")
    look(file, "DELETE FROM trips_v2 WHERE trip_id = 1")
    look(file, "INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (1, 'N', '', '')")
    await lead_to(db, "dual_write")
    assert lists(file) == {1: [], 2: []}


async def test_a_client_created_after_moving_back_is_linked_to_their_unlinked_entry(
    db: EmbeddedDatabase, file: Path
) -> None:
    await lead_to(db, "normalized")
    await lead_to(db, "dual_write")
    look(file, "INSERT INTO clients_v2 (email, full_name) VALUES ('new@x.io', 'N')")
    assert ("new@x.io",) in look(file, "SELECT client_email FROM trip_client_assignments")
    with closing(raw.connect(file)) as connection:
        assert_clean(connection)
