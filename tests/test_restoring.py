"""restore_deleted exactly restores what a tool deleted, in every phase."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, Desk, new_desk, op, open_desk, seeded
from phasing import assert_in_order, lead_to

from database import restoring
from database.errors import GuardFailed
from database.phase import PHASES, Phase

if TYPE_CHECKING:
    from pathlib import Path

NAME = "Lima in Kyoto"

DELETE_KYOTO: tuple[str, dict[str, Any]] = (
    "delete_trip",
    {"trip_identifier": str(KYOTO), "confirm_trip_name": NAME},
)
CLEAN_KYOTO: tuple[str, dict[str, Any]] = ("cleanup_duplicate_trips", {"name_patterns": ["lima*"], "dry_run": False})
CLEAN_ANA: tuple[str, dict[str, Any]] = ("cleanup_duplicate_clients", {"email_patterns": ["ana@*"], "dry_run": False})

# What old code may have written: extra keys, unlinked entries, and a client with two entries.
ENTRIES: list[Any] = [
    {"email": ANA, "role": "traveler", "name": "Ana", "preferences": {"seat": "aisle"}, "assigned_date": "2026-02-01"},
    {"name": "Baby"},
    {"email": "later@example.net", "role": "guest"},
    {"email": BEN, "role": "payer", "client_id": 2},
    {"email": ANA, "role": "guide"},
    7,
]

# Tables that must be as before. The log, the facts queue and the record of direct JSON writes go on growing.
KEPT = (
    "trips_v2",
    "clients_v2",
    "trip_client_assignments",
    "trip_client_archive",
    "trip_client_unlinked",
    "trip_client_sync",
    "trip_clients_quarantine",
    "orphaned_rows",
)

each_phase = pytest.mark.parametrize("phase", PHASES)
each_trip_deletion = pytest.mark.parametrize("deletion", [DELETE_KYOTO, CLEAN_KYOTO], ids=["delete", "cleanup"])


def rows(desk: Desk) -> dict[str, list[Any]]:
    return {table: desk.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in KEPT}


def enrich(desk: Desk) -> None:
    """Give the trip to Kyoto and the clients custom columns and unusual values."""
    desk.sql('ALTER TABLE trips_v2 ADD COLUMN "it\'s ""own"""')
    desk.sql("ALTER TABLE clients_v2 ADD COLUMN dashboard_colour TEXT DEFAULT 'grey'")
    desk.sql("UPDATE clients_v2 SET dashboard_colour = 'green', preferences = '{\"seat\": \"aisle\"}'")
    desk.sql(
        'UPDATE trips_v2 SET "it\'s ""own""" = 2.5, notes = ?, schedule = \'[ 1 ]\', primary_client_email = ?, '
        "clients = ? WHERE trip_id = ?",
        '{"n": "東京\\u0000 \\"it\'s\\""}',
        ANA,
        json.dumps(ENTRIES, separators=(" ,", ": ")),
        KYOTO,
    )
    desk.sql("UPDATE trip_client_assignments SET created_at = '2020-02-0' || assignment_id, updated_at = NULL")


async def did(desk: Desk, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call the tool in any phase and return its answer, without checking that the stores agree."""
    result = await desk.client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content
    return result.structured_content


async def refused(desk: Desk, **arguments: Any) -> str:
    return await desk.refused("restore_deleted", **arguments)


async def whole(desk: Desk, query: object) -> dict[str, Any]:
    """The trip from get_anything, without its facts and recent activity, which change."""
    trip = (await did(desk, "get_anything", query=str(query)))["trip"]
    assert trip
    return {key: value for key, value in trip.items() if key not in {"facts", "recent_activity", "recent_activities"}}


@each_phase
@each_trip_deletion
@pytest.mark.sampled(2)
async def test_a_trip_is_restored_exactly(tmp_path: Path, phase: Phase, deletion: tuple[str, dict[str, Any]]) -> None:
    async with new_desk(tmp_path) as desk:
        enrich(desk)
        await lead_to(desk.db, phase)
        before, seen = rows(desk), await whole(desk, KYOTO)
        tool, arguments = deletion
        await did(desk, tool, **arguments)
        assert rows(desk)["trips_v2"] != before["trips_v2"]
        answer = await did(desk, "restore_deleted", trip_name="kyoto")
        assert (answer["restored"], answer["id"], answer["assignments"]) == ("trip", KYOTO, 3)
        assert answer["differences"] == []
        assert answer["message"] == f'Restored trip "{NAME}" (id {KYOTO}) with 3 assignments.'
        assert rows(desk) == before
        assert await whole(desk, KYOTO) == seen
        await assert_in_order(desk.db, phase)
        log = [row[0] for row in desk.sql("SELECT activity_type FROM ActivityLog WHERE trip_id = ?", KYOTO)]
        assert log == ["TripDeleted", "TripRestored"]


@each_phase
async def test_a_client_is_restored_on_all_their_trips(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        enrich(desk)
        # Deleting a client rewrites the JSON without its spaces.
        desk.sql("UPDATE trips_v2 SET clients = json(clients)")
        await desk.do(BANFF, op("assign_client", email=ANA, role="payer"), op("assign_client", email=CEM))
        await lead_to(desk.db, phase)
        before, seen = rows(desk), await whole(desk, KYOTO)
        await did(desk, CLEAN_ANA[0], **CLEAN_ANA[1])
        assert desk.column("primary_client_email", KYOTO) is None
        answer = await did(desk, "restore_deleted", trip_name="Ana")
        assert (answer["restored"], answer["id"], answer["assignments"]) == ("client", 1, 3)
        assert answer["differences"] == []
        assert rows(desk) == before
        assert await whole(desk, KYOTO) == seen
        await assert_in_order(desk.db, phase)


@pytest.mark.parametrize("then", PHASES)
@each_phase
@each_trip_deletion
@pytest.mark.sampled(4)
async def test_a_trip_is_restored_even_if_the_phase_has_changed_since(
    tmp_path: Path, phase: Phase, then: Phase, deletion: tuple[str, dict[str, Any]]
) -> None:
    async with new_desk(tmp_path) as desk:
        enrich(desk)
        desk.sql("UPDATE trips_v2 SET clients = json(clients)")
        before = rows(desk)
        await lead_to(desk.db, phase)
        await did(desk, deletion[0], **deletion[1])
        await lead_to(desk.db, then)
        answer = await did(desk, "restore_deleted", trip_name=NAME)
        assert answer["assignments"] == 3
        await assert_in_order(desk.db, then)
        await lead_to(desk.db, "dual_write")
        assert sorted(rows(desk)["trip_client_assignments"]) == sorted(before["trip_client_assignments"])
        assert desk.json("clients", KYOTO) == ENTRIES
        await assert_in_order(desk.db, "dual_write")


@pytest.mark.parametrize("then", PHASES)
@each_phase
@pytest.mark.sampled(4)
async def test_a_client_is_restored_even_if_the_phase_has_changed_since(
    tmp_path: Path, phase: Phase, then: Phase
) -> None:
    async with new_desk(tmp_path) as desk:
        enrich(desk)
        before = rows(desk)
        await lead_to(desk.db, phase)
        await did(desk, CLEAN_ANA[0], **CLEAN_ANA[1])
        await lead_to(desk.db, then)
        assert (await did(desk, "restore_deleted", trip_name=ANA))["assignments"] == 2
        await assert_in_order(desk.db, then)
        await lead_to(desk.db, "dual_write")
        after = rows(desk)
        assert after["trip_client_assignments"] == before["trip_client_assignments"]
        assert after["clients_v2"] == before["clients_v2"]
        assert sorted(map(str, desk.json("clients", KYOTO))) == sorted(map(str, ENTRIES))
        await assert_in_order(desk.db, "dual_write")


@each_phase
@pytest.mark.parametrize("back", ["client, then trip", "trip, then client"])
@pytest.mark.parametrize("gone", ["client, then trip", "trip, then client"])
@pytest.mark.sampled(3)
async def test_a_trip_and_its_client_are_restored_in_any_order(
    tmp_path: Path, phase: Phase, back: str, gone: str
) -> None:
    async with new_desk(tmp_path) as desk:
        enrich(desk)
        desk.sql("UPDATE trips_v2 SET clients = json(clients)")
        await lead_to(desk.db, phase)
        before = rows(desk)
        deletions = {"client": CLEAN_ANA, "trip": DELETE_KYOTO}
        for kind in gone.split(", then "):
            await did(desk, deletions[kind][0], **deletions[kind][1])
        aside: dict[str, int] = dict(desk.sql("SELECT table_name, orphan_id FROM orphaned_rows"))
        first, second = back.split(", then ")
        names = {"client": "Ana Lima", "trip": NAME}
        answer = await did(desk, "restore_deleted", trip_name=names[first])
        # The one deleted last had already lost its assignments, so only its own restore comes without differences.
        assert bool(answer["differences"]) == gone.startswith(first)
        assert all(f"; restore it with orphan_id {aside[f'{second}s_v2']}." in line for line in answer["differences"])
        await assert_in_order(desk.db, phase)
        answer = await did(desk, "restore_deleted", trip_name=names[second])
        assert answer["differences"] == []
        await assert_in_order(desk.db, phase)
        after = rows(desk)
        for table in ("clients_v2", "trip_client_assignments", "trip_client_archive", "orphaned_rows"):
            assert after[table] == before[table], table
        assert desk.column("primary_client_email", KYOTO) == ANA
        if phase != "normalized":
            assert sorted(map(str, desk.json("clients", KYOTO))) == sorted(map(str, ENTRIES))


async def test_a_restored_deletion_cannot_be_restored_again(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        number = (await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1]))["orphan_id"]
        call: dict[str, Any] = {"orphan_id": number, "idempotency_key": "once"}
        first = await desk.call("restore_deleted", **call)
        before = desk.everything()
        for arguments in ({"orphan_id": number}, {"trip_name": NAME}):
            error = await refused(desk, **arguments)
            assert error.startswith("not_found: ")
            assert "There are no deletions to undo." in error
        assert await desk.call("restore_deleted", **call) == first | {"replayed": True}
        assert desk.everything() == before
        assert (await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1]))["orphan_id"] > number


async def test_of_several_concurrent_restores_of_a_trip_only_one_succeeds(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        before = rows(one)
        number = (await one.call(DELETE_KYOTO[0], **DELETE_KYOTO[1]))["orphan_id"]
        answers = await asyncio.gather(
            *[
                desk.client.call_tool("restore_deleted", {"orphan_id": number} if by_id else {"trip_name": "Kyoto"})
                for desk in (one, other)
                for by_id in (True, False, True)
            ]
        )
        assert sorted(bool(answer.is_error) for answer in answers) == [False] + [True] * 5
        assert all("not_found" in str(answer.content) for answer in answers if answer.is_error)
        assert rows(one) == before
        log = one.sql("SELECT count(*) FROM ActivityLog WHERE activity_type = 'TripRestored'")
        assert log == [(1,)]


async def test_a_dry_run_reports_what_the_restore_would_do_and_changes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1])
        await desk.call(CLEAN_ANA[0], **CLEAN_ANA[1])
        before = raw.dump(desk.connection)
        said = await desk.call("restore_deleted", trip_name="Kyoto", dry_run=True)
        assert said["message"].startswith(f'Dry run: would restore trip "{NAME}" (id {KYOTO}) with 0 assignments. ')
        assert (said["dry_run"], said["assignments"]) == (True, 0)
        assert said["differences"] == [
            f"Not restored: {ANA} as traveler; the client {ANA} no longer exists; restore it with orphan_id 2."
        ]
        assert raw.dump(desk.connection) == before
        done = await desk.call("restore_deleted", trip_name="Kyoto")
        assert (done["dry_run"], done["differences"]) == (False, said["differences"])


async def test_several_matches_are_listed_and_the_id_selects_one(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for name in ("Goa by train", "Goa by ship", "Zürich en été"):
            made = await desk.call("create_trip_v2", trip_name=name, start_date="2027-01-01", end_date="2027-01-02")
            await desk.call("delete_trip", trip_identifier=made["trip_id"], confirm_trip_name=name)
        before = desk.everything()
        error = await refused(desk, trip_name="the goa trip")
        assert error.startswith(
            'ambiguous: 2 deleted trips or clients match "the goa trip": orphan_id 2, trip "Goa by ship" '
        )
        times = [at for (at,) in desk.sql("SELECT set_aside_at FROM orphaned_rows ORDER BY orphan_id")]
        assert f'orphan_id 1, trip "Goa by train" (id 4), deleted {times[0]}.' in error
        assert desk.everything() == before
        assert (await desk.call("restore_deleted", orphan_id=1))["id"] == 4
        assert (await desk.call("restore_deleted", trip_name="GOA BY SHIP"))["id"] == 5
        assert (await desk.call("restore_deleted", trip_name="zurich"))["id"] == 6


async def test_without_a_match_the_latest_deletions_are_listed(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("cleanup_duplicate_trips", name_patterns=["* in kyoto", "* in banff"], dry_run=False)
        await desk.call("cleanup_duplicate_clients", email_patterns=["*@example.net"], dry_run=False)
        before = desk.everything()
        for arguments in ({"trip_name": "Lisbon"}, {"trip_name": "%"}, {"orphan_id": 99}):
            error = await refused(desk, **arguments)
            assert error.startswith(("not_found: No deleted ", "not_found: There is no orphan_id "))
            assert 'Last deletions: orphan_id 5, client "Cem Kaya" (id 3), deleted 2' in error
            assert error.count(", deleted 2") == 5
        for arguments in ({}, {"trip_name": "Banff", "orphan_id": 2}):
            assert "send" in (await refused(desk, **arguments)).lower()
        for arguments in ({"orphan_id": 0}, {"orphan_id": True}, {"trip_name": ""}, {"trip_name": " "}):
            assert (await refused(desk, **arguments)).startswith("invalid_input: ")
        assert desk.everything() == before


async def test_a_row_set_aside_for_another_reason_is_not_restored(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        row = json.dumps({"assignment_id": 9, "trip_id": KYOTO, "client_email": ANA, "client_role": "guide"})
        for table, data, reason in (
            ("trip_client_assignments", row, "no such client"),
            ("trips_v2", json.dumps({"trip": {"trip_id": 9, "trip_name": "Oslo"}}), "merged"),
            ("trips_v2", "Infinity, no JSON", "deleted"),
        ):
            desk.sql(
                "INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at) VALUES (?, ?, ?, 'x')",
                table,
                data,
                reason,
            )
        before = desk.everything()
        for number, words in (
            (1, 'trip_client_assignments for another reason ("no such client")'),
            (2, '("merged")'),
            (3, ""),
        ):
            error = await refused(desk, orphan_id=number)
            assert error.startswith(f"invalid_input: Row {number} of orphaned_rows is not a trip or client that a tool")
            assert words in error
        assert (await refused(desk, trip_name="Oslo")).startswith("not_found: ")
        assert desk.everything() == before
        await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1])
        assert (await desk.call("restore_deleted", trip_name="Kyoto"))["differences"] == []


@each_phase
async def test_a_slug_that_another_trip_has_taken_is_replaced(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        await lead_to(desk.db, phase)
        await did(desk, DELETE_KYOTO[0], **DELETE_KYOTO[1])
        await did(desk, "create_trip_v2", trip_name=NAME, start_date="2027-01-01", end_date="2027-01-02")
        answer = await did(desk, "restore_deleted", trip_name="Kyoto")
        assert answer["differences"] == ["The slug is lima-in-kyoto-2: lima-in-kyoto is not available."]
        assert desk.column("trip_slug", KYOTO) == "lima-in-kyoto-2"
        await assert_in_order(desk.db, phase)


async def test_an_id_or_email_that_is_taken_is_a_conflict(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1])
        await desk.call(CLEAN_ANA[0], **CLEAN_ANA[1])
        desk.sql(
            "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date) "
            "VALUES (?, 'By hand', 'by-hand', '2027-01-01', '2027-01-02')",
            KYOTO,
        )
        desk.sql("INSERT INTO clients_v2 (email, full_name) VALUES ('ANA@example.net', 'Ana')")
        before = desk.everything()
        error = await refused(desk, trip_name="Kyoto")
        assert error.startswith(f'conflict: The id of trip "{NAME}" (id {KYOTO}) now belongs to another trip')
        error = await refused(desk, trip_name="Ana Lima")
        assert error.startswith(f"conflict: Client 4 now has the e-mail {ANA}; nothing was written.")
        assert desk.everything() == before


@each_phase
@pytest.mark.sampled(3)
async def test_assignments_of_a_deleted_client_are_restored_with_the_client(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        enrich(desk)
        desk.sql("UPDATE trips_v2 SET clients = json(clients)")
        await lead_to(desk.db, phase)
        await did(desk, DELETE_KYOTO[0], **DELETE_KYOTO[1])
        await did(desk, "cleanup_duplicate_clients", email_patterns=["ana@*", "ben@*"], dry_run=False)
        desk.sql("DELETE FROM orphaned_rows WHERE table_name = 'clients_v2'")
        await did(desk, "create_client_v2", email=BEN, full_name="Ben again")
        answer = await did(desk, "restore_deleted", trip_name="Kyoto")
        assert answer["assignments"] == 1
        assert answer["differences"] == [
            f"The primary client {ANA} no longer exists.",
            f"Not restored: {ANA} as traveler; the client {ANA} no longer exists.",
            f"Not restored: {ANA} as guide; the client {ANA} no longer exists.",
        ]
        await assert_in_order(desk.db, phase)
        waiting = desk.sql("SELECT table_name, reason, row_data ->> '$.client_role' FROM orphaned_rows")
        assert waiting == [
            ("trip_client_assignments", "trip or client deleted", role) for role in ("traveler", "guide")
        ]
        assert desk.sql("SELECT client_email, client_role FROM trip_client_assignments WHERE trip_id = ?", KYOTO) == [
            (BEN, "payer")
        ]
        if phase != "normalized":
            assert desk.json("clients", KYOTO) == ENTRIES
        await lead_to(desk.db, "dual_write")
        assert desk.json("clients", KYOTO) == ENTRIES
        await desk.call("create_client_v2", email=ANA, full_name="Ana again")
        assert await desk.roles(KYOTO) == {(ANA, "traveler"), (ANA, "guide"), (BEN, "payer")}


async def test_values_of_custom_columns_are_restored_if_the_columns_still_exist(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for table in ("trips_v2", "clients_v2", "trip_client_assignments"):
            desk.sql(f"ALTER TABLE {table} ADD COLUMN stays TEXT")
            desk.sql(f"ALTER TABLE {table} ADD COLUMN goes INTEGER")
            desk.sql(f"UPDATE {table} SET stays = 'here', goes = 1")
        await desk.call(CLEAN_KYOTO[0], **CLEAN_KYOTO[1])
        await desk.call("cleanup_duplicate_clients", email_patterns=["ben@*"], dry_run=False)
        for table in ("trips_v2", "clients_v2", "trip_client_assignments"):
            desk.sql(f"ALTER TABLE {table} DROP COLUMN goes")
            desk.sql(f"ALTER TABLE {table} ADD COLUMN later TEXT DEFAULT 'new'")
        for name in ("Kyoto", "Ben"):
            await desk.call("restore_deleted", trip_name=name)
        for table in ("trips_v2", "clients_v2", "trip_client_assignments"):
            assert desk.sql(f"SELECT DISTINCT stays, later FROM {table}") == [("here", "new")]


async def test_deleted_log_entries_of_a_trip_are_restored_and_its_facts_are_recomputed(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("add_note", note="one"), op("add_activity", details="two"))
        await desk.call("refresh_trip_facts")
        log = desk.sql("SELECT * FROM ActivityLog WHERE trip_id = ?", KYOTO)
        await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1])
        desk.sql("DELETE FROM ActivityLog WHERE activity_id = ?", log[0][0])
        await desk.call("restore_deleted", trip_name="Kyoto")
        after = desk.sql("SELECT * FROM ActivityLog WHERE trip_id = ?", KYOTO)
        assert after[:2] == log
        assert [row[1] for row in after[2:]] == ["TripDeleted", "TripRestored"]
        assert desk.sql("SELECT count(*) FROM facts_dirty WHERE trip_id = ? AND reason = 'restored'", KYOTO) == [(1,)]
        await desk.call("refresh_trip_facts")
        assert (await desk.whole(KYOTO))["facts"]["total_nights"] == 9


async def test_a_restore_writes_both_stores_even_without_triggers(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(ENTRIES), KYOTO)
        before = await desk.roles(KYOTO)
        await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1])
        await desk.call(CLEAN_ANA[0], **CLEAN_ANA[1])
        desk.drop_triggers()
        await desk.call("restore_deleted", trip_name="Kyoto")
        await desk.call("restore_deleted", trip_name="Ana Lima")
        assert await desk.roles(KYOTO) == before
        assert desk.json("clients", KYOTO) == ENTRIES


async def test_a_restore_that_would_violate_a_constraint_writes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        number = (await desk.call(DELETE_KYOTO[0], **DELETE_KYOTO[1]))["orphan_id"]
        desk.sql("CREATE UNIQUE INDEX one_start ON trips_v2 (start_date)")
        desk.sql("UPDATE trips_v2 SET start_date = '2026-10-03' WHERE trip_id = ?", EMPTY)
        before = desk.everything()
        error = await refused(desk, orphan_id=number)
        assert error.startswith(f'conflict: trip "{NAME}" (id {KYOTO}) no longer matches the database schema')
        assert desk.everything() == before


async def test_an_outdated_restore_plan_writes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await did(desk, DELETE_KYOTO[0], **DELETE_KYOTO[1])
        await did(desk, CLEAN_ANA[0], **CLEAN_ANA[1])
        for change, back in (
            (
                "UPDATE orphaned_rows SET orphan_id = orphan_id + 10",
                "UPDATE orphaned_rows SET orphan_id = orphan_id - 10",
            ),
            (
                f"INSERT INTO clients_v2 (email, full_name) VALUES ('{ANA}', 'New')",
                "DELETE FROM clients_v2 WHERE client_id > 3",
            ),
        ):
            for kept in await restoring.deleted(desk.db):
                plan = await restoring.plan(desk.db, kept)
                assert plan
                desk.sql(change)
                before = desk.everything()
                with pytest.raises(GuardFailed):
                    await desk.db.batch(restoring.restore(plan, "2030-01-01T00:00:00.000Z"))
                assert desk.everything() == before
                desk.sql(back)


async def test_a_restore_plan_is_outdated_once_its_slug_is_taken(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await did(desk, DELETE_KYOTO[0], **DELETE_KYOTO[1])
        (kept,) = await restoring.deleted(desk.db)
        plan = await restoring.plan(desk.db, kept)
        assert plan
        desk.sql(
            "INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES ('N', 'lima-in-kyoto', '', '')"
        )
        with pytest.raises(GuardFailed, match="slug_free"):
            await desk.db.batch(restoring.restore(plan, "2030-01-01T00:00:00.000Z"))


async def test_three_hundred_travelers_are_restored_with_their_trip(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
        desk.sql(f"{numbers} INSERT INTO clients_v2 (email, full_name) SELECT 't' || i || '@example.net', 'T' FROM n")
        desk.sql(
            "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) "
            f"SELECT {KYOTO}, email, 'guest' FROM clients_v2"
        )
        before = rows(desk)
        await did(desk, DELETE_KYOTO[0], **DELETE_KYOTO[1])
        assert (await did(desk, "restore_deleted", trip_name=NAME))["assignments"] == 304
        assert rows(desk) == before
        await did(desk, "cleanup_duplicate_clients", email_patterns=["t2*@example.net"], dry_run=False)
        await did(desk, DELETE_KYOTO[0], **DELETE_KYOTO[1])
        await did(desk, "restore_deleted", trip_name="t299@example.net")
        answer = await did(desk, "restore_deleted", trip_name=NAME)
        assert answer["assignments"] == 304 - 111 + 1
