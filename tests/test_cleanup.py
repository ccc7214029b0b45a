"""Cleanup of clients and trips: which rows are deleted, which stay, and which are set aside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, BANFF, BEN, CEM, KYOTO, Desk, new_desk, op, open_desk, seeded
from oracle import assert_clean
from phasing import assert_in_order, lead_to

from database import cleanup
from database.errors import GuardFailed
from database.phase import PHASES, Phase
from tools.cleanup import BATCH_SIZE

if TYPE_CHECKING:
    from pathlib import Path


CLIENTS, TRIPS = "cleanup_duplicate_clients", "cleanup_duplicate_trips"

LATER = "2030-01-01T00:00:00.000Z"

each_phase = pytest.mark.parametrize("phase", PHASES)

MANY = 300


def rows_of(desk: Desk, table: str, where: str = "true") -> list[dict[str, Any]]:
    """The rows as dicts, ordered by rowid."""
    cursor = desk.connection.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY rowid")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def aside(desk: Desk, table: str) -> list[dict[str, Any]]:
    found = rows_of(desk, "orphaned_rows", f"table_name = '{table}' AND reason = 'cleanup'")
    return [json.loads(row["row_data"]) for row in found]


def add_many(desk: Desk, count: int = MANY) -> None:
    """Add this many clients and trips, with each client on a trip of their own and on the trip to Kyoto."""
    numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    desk.sql(f"{numbers} INSERT INTO clients_v2 (email, full_name) SELECT 'test' || i || '@example.net', 'T' FROM n")
    desk.sql(
        f"{numbers} INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) "
        "SELECT 'Test trip ' || i, 'test-trip-' || i, '2026-01-01', '2026-01-02' FROM n"
    )
    desk.sql(
        "INSERT INTO trip_client_assignments (trip_id, client_email) SELECT t.trip_id, c.email FROM trips_v2 t "
        "JOIN clients_v2 c ON 'test' || substr(t.trip_name, 11) || '@example.net' = c.email"
    )
    desk.sql(
        "INSERT INTO trip_client_assignments (trip_id, client_email) "
        f"SELECT {KYOTO}, email FROM clients_v2 WHERE email LIKE 'test%'"
    )


async def test_a_dry_run_reports_the_deletions_and_changes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = raw.dump(desk.connection)
        answer = await desk.call(CLIENTS, email_patterns=["A*@EXAMPLE.net"], name_patterns=["Ben*"])
        assert (answer["matched"], answer["deleted"], answer["assignments_removed"]) == (2, 0, 0)
        assert answer["clients"] == [
            {"client_id": 1, "email": ANA, "full_name": "Ana Lima", "trips": 1},
            {"client_id": 2, "email": BEN, "full_name": "Ben Ode", "trips": 1},
        ]
        for archive_only in (False, True):
            trips = await desk.call(TRIPS, name_patterns=["*in kyoto"], archive_only=archive_only)
            assert (trips["matched"], trips["deleted"], trips["cancelled"]) == (1, 0, 0)
            assert [(trip["trip_id"], trip["travelers"]) for trip in trips["trips"]] == [(KYOTO, 1)]
        assert raw.dump(desk.connection) == before


async def test_clients_are_deleted_with_their_assignments_in_both_stores_and_set_aside_in_full(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(BANFF, op("assign_client", email=ANA, role="payer"), op("assign_client", email=CEM))
        desk.sql("UPDATE trips_v2 SET primary_client_email = ? WHERE trip_id = ?", ANA, BANFF)
        listed = json.dumps([{"email": ANA, "role": "traveler", "seat": "aisle"}, {"name": "Infant"}])
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", listed, KYOTO)
        row = rows_of(desk, "clients_v2", "client_id = 1")[0]
        assigned = rows_of(desk, "trip_client_assignments", f"client_email = '{ANA}'")
        answer = await desk.call(CLIENTS, email_patterns=["ana@*"], dry_run=False)
        assert (answer["matched"], answer["deleted"], answer["assignments_removed"]) == (1, 1, 2)
        assert answer["message"].startswith("Deleted 1 clients, 2 assignments with them")
        assert [client["email"] for client in answer["clients"]] == [ANA]
        assert desk.json("clients", KYOTO) == [{"name": "Infant"}]
        assert await desk.roles(BANFF) == {(BEN, "traveler"), (CEM, "traveler")}
        (kept,) = aside(desk, "clients_v2")
        assert kept["client"] == row
        assert kept["assignments"] == assigned
        assert kept["primary_of"] == [BANFF]
        entries = {entry["trip_id"]: json.loads(entry["element"]) for entry in kept["entries"]}
        assert entries[KYOTO] == {"email": ANA, "role": "traveler", "seat": "aisle"}
        assert entries[BANFF]["role"] == "payer"
        assert rows_of(desk, "ActivityLog")[-1]["activity_type"] == "ClientDeleted"


async def test_preserved_clients_are_kept_and_counted(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        kept = {"preserve_emails": ["BEN@example.net "], "preserve_client_ids": [3]}
        answer = await desk.call(CLIENTS, email_patterns=["*@example.net"], dry_run=False, **kept)
        assert (answer["deleted"], answer["preserved"]) == (1, 2)
        assert desk.sql("SELECT email FROM clients_v2") == [(BEN,), (CEM,)]
        trips = await desk.call(
            TRIPS,
            name_patterns=["*Kyoto", "*Banff", "Nobody*"],
            preserve_trip_names=["lima IN kyoto"],
            preserve_trip_ids=[BANFF],
            dry_run=False,
        )
        assert (trips["deleted"], trips["preserved"]) == (1, 2)
        assert desk.sql("SELECT trip_id FROM trips_v2") == [(KYOTO,), (BANFF,)]
        again = await desk.call(CLIENTS, email_patterns=["*@example.net"], dry_run=False, **kept)
        assert (again["matched"], again["deleted"], again["preserved"]) == (0, 0, 2)


async def test_trips_are_deleted_and_set_aside_in_full_and_their_log_entries_are_kept(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN, role="payer"), op("add_note", note="a 'note'"))
        row = rows_of(desk, "trips_v2", f"trip_id = {KYOTO}")[0]
        assigned = rows_of(desk, "trip_client_assignments", f"trip_id = {KYOTO}")
        log = rows_of(desk, "ActivityLog")
        answer = await desk.call(TRIPS, name_patterns=["lima*"], dry_run=False)
        assert (answer["deleted"], answer["cancelled"], answer["assignments_removed"]) == (1, 0, 2)
        assert desk.sql("SELECT count(*) FROM trip_client_assignments WHERE trip_id = ?", KYOTO) == [(0,)]
        (kept,) = aside(desk, "trips_v2")
        assert kept == {"trip": row, "assignments": assigned, "archive": [], "activity": log}
        *earlier, last = rows_of(desk, "ActivityLog")
        assert earlier == log
        assert (last["activity_type"], last["trip_id"]) == ("TripDeleted", KYOTO)
        assert desk.sql("SELECT count(*) FROM facts_dirty WHERE trip_id = ?", KYOTO) == [(0,)]


async def test_the_values_of_custom_columns_are_set_aside_too(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for table in ("clients_v2", "trips_v2"):
            desk.sql(f'ALTER TABLE {table} ADD COLUMN "it\'s ""own"""')
            desk.sql(f'UPDATE {table} SET "it\'s ""own""" = x\'00ff\'')
        await desk.call(CLIENTS, email_patterns=["ana@*"], dry_run=False)
        await desk.call(TRIPS, name_patterns=["lima*"], dry_run=False)
        assert aside(desk, "clients_v2")[0]["client"]['it\'s "own"'] == "00ff"
        assert aside(desk, "trips_v2")[0]["trip"]['it\'s "own"'] == "00ff"


async def test_archiving_cancels_trips_without_deleting_them_and_skips_cancelled_trips(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        arguments: dict[str, Any] = {"name_patterns": ["*in*"], "archive_only": True, "dry_run": False}
        assert "too broad" in await desk.refused(TRIPS, **arguments)
        arguments["name_patterns"] = ["* in kyoto", "* in banff"]
        answer = await desk.call(TRIPS, **arguments)
        assert (answer["cancelled"], answer["deleted"]) == (2, 0)
        assert answer["message"].startswith("Cancelled 2 trips, 0 assignments")
        assert desk.sql("SELECT status FROM trips_v2") == [("cancelled",), ("cancelled",), ("planning",)]
        assert [row["activity_details"] for row in rows_of(desk, "ActivityLog")] == [
            "Status: planning became cancelled"
        ] * 2
        assert aside(desk, "trips_v2") == []
        assert (await desk.call(TRIPS, **arguments))["matched"] == 0


async def test_three_hundred_trips_or_clients_are_deleted_in_one_call(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_many(desk)
        trips = await desk.call(TRIPS, name_patterns=["test trip *"], dry_run=False)
        assert (trips["deleted"], trips["assignments_removed"], trips["remaining"]) == (MANY, MANY, 0)
        assert len(aside(desk, "trips_v2")) == MANY
        assert 100 < len(trips["trips"]) < MANY
        clients = await desk.call(CLIENTS, email_patterns=["test*@example.net"], dry_run=False)
        assert (clients["deleted"], clients["assignments_removed"]) == (MANY, MANY)
        assert len(aside(desk, "clients_v2")) == MANY
        assert desk.sql("SELECT count(*) FROM trips_v2") == desk.sql("SELECT count(*) FROM clients_v2") == [(3,)]
        assert await desk.roles(KYOTO) == {(ANA, "traveler")}


async def test_matches_beyond_the_limit_of_a_call_are_reported_and_left_for_the_next_call(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_many(desk, BATCH_SIZE + 1)
        first = await desk.call(TRIPS, name_patterns=["test trip *"], dry_run=False)
        assert (first["matched"], first["deleted"], first["remaining"]) == (BATCH_SIZE + 1, BATCH_SIZE, 1)
        second = await desk.call(TRIPS, name_patterns=["test trip *"], dry_run=False)
        assert (second["matched"], second["deleted"], second["remaining"]) == (1, 1, 0)


@pytest.mark.parametrize("pattern", ["", " ", "*", "%", "**", "%%%%", "___", "* *", "?", "a*b", "@*"])
@pytest.mark.sampled(3)
async def test_patterns_that_are_too_broad_are_refused(tmp_path: Path, pattern: str) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        for tool, arguments in (
            (CLIENTS, {"email_patterns": [pattern]}),
            (CLIENTS, {"name_patterns": ["Ana Lima", pattern]}),
            (TRIPS, {"name_patterns": [pattern]}),
        ):
            error = await desk.refused(tool, **arguments, dry_run=False)
            assert error.startswith("invalid_input: ")
            assert "is too broad" in error
        assert desk.everything() == before


async def test_a_cleanup_without_a_pattern_is_refused(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        assert "The call has no pattern" in await desk.refused(CLIENTS, dry_run=False)
        assert "The call has no pattern" in await desk.refused(CLIENTS, email_patterns=[], name_patterns=[])
        assert (await desk.refused(TRIPS, name_patterns=[])).startswith("invalid_input: name_patterns")


async def test_a_cleanup_is_refused_if_a_row_has_changed_since_it_was_read(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        clients = await cleanup.clients_holding(desk.db, ["@example"], [])
        trips = await cleanup.trips_holding(desk.db, [" in "])
        desk.sql("UPDATE clients_v2 SET full_name = 'Real Client' WHERE email = ?", BEN)
        desk.sql("UPDATE trips_v2 SET trip_name = 'Real Trip' WHERE trip_id = ?", BANFF)
        before = desk.everything()
        for statements in (
            cleanup.cancel_trips(trips, LATER),
            await cleanup.delete_trips(desk.db, trips, LATER),
            await cleanup.delete_clients(desk.db, clients, LATER),
        ):
            with pytest.raises(GuardFailed):
                await desk.db.batch(statements)
        assert desk.everything() == before


async def test_no_match_is_deleted_if_other_rows_depend_on_any_match(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("CREATE TABLE invoices (trip_id REFERENCES trips_v2(trip_id), client REFERENCES clients_v2(email))")
        desk.sql("INSERT INTO invoices VALUES (?, ?)", BANFF, BEN)
        before = desk.everything()
        trips = await desk.refused(TRIPS, name_patterns=["* in kyoto", "* in banff"], dry_run=False)
        clients = await desk.refused(CLIENTS, email_patterns=["*@example.net"], dry_run=False)
        assert trips.startswith("conflict: Other rows")
        assert clients.startswith("conflict: Other rows")
        assert desk.everything() == before


async def test_a_cleanup_repeated_with_its_key_does_not_run_again(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        arguments: dict[str, Any] = {"email_patterns": ["ana@*"], "dry_run": False, "idempotency_key": "once"}
        first = await desk.call(CLIENTS, **arguments)
        before = desk.everything()
        assert await desk.call(CLIENTS, **arguments) == first | {"replayed": True}
        assert desk.everything() == before


@each_phase
async def test_in_every_phase_both_stores_stay_equal_and_everything_is_set_aside(tmp_path: Path, phase: Phase) -> None:
    async with open_desk(seeded(tmp_path / "voygen.db")) as desk:
        listed = [{"email": ANA, "role": "traveler", "seat": "aisle"}, {"email": BEN, "role": "payer"}]
        for trip_id in (KYOTO, BANFF):
            desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(listed), trip_id)
        await lead_to(desk.db, phase)
        for tool, arguments in (
            (CLIENTS, {"email_patterns": ["ana@*"]}),
            (TRIPS, {"name_patterns": ["*banff"]}),
            (TRIPS, {"name_patterns": ["nobody*"], "archive_only": True}),
            ("update_activitylog_clients", {}),
            ("reset_activitylog_from_trips", {"dry_run": False}),
        ):
            dry = {} if "dry_run" in arguments or not arguments else {"dry_run": False}
            result = await desk.client.call_tool(tool, {**arguments, **dry})
            assert not result.is_error, result.content
            await assert_in_order(desk.db, phase)
        (client,) = aside(desk, "clients_v2")
        assert [(entry["trip_id"], json.loads(entry["element"])) for entry in client["entries"]] == [
            (KYOTO, listed[0]),
            (BANFF, listed[0]),
        ]
        (trip,) = aside(desk, "trips_v2")
        assert [row["client_role"] for row in trip["assignments"]] == ["payer"]
        held = [json.loads(row["element"]) for row in trip["archive"]] or json.loads(trip["trip"]["clients"])
        assert listed[1] in held
        await lead_to(desk.db, "dual_write")
        assert_clean(desk.connection)
        assert desk.json("clients", KYOTO) == [listed[1]]
