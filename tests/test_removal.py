"""delete_trip deletes one trip completely, and sets all its data aside."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, CEM, KYOTO, Desk, new_desk, op, open_desk, seeded
from phasing import lead_to

from database.phase import PHASES, Phase

if TYPE_CHECKING:
    from pathlib import Path

NAME = "Lima in Kyoto"

# Tables that must no longer mention a deleted trip.
TABLES = ("trips_v2", "trip_client_assignments", "trip_facts", "facts_dirty", "trip_client_archive")

ENTRIES: list[Any] = [
    {"email": ANA, "role": "traveler", "name": "Ana"},
    {"name": "Baby"},
    {"email": "later@example.net", "role": "guest"},
]


def left_of(desk: Desk, trip_id: int) -> dict[str, int]:
    return {
        table: desk.sql(f"SELECT count(*) FROM {table} WHERE trip_id = ?", trip_id)[0][0]
        for table in TABLES
        if desk.sql(f"SELECT 1 FROM {table} WHERE trip_id = ?", trip_id)
    }


def set_aside(desk: Desk) -> dict[str, Any]:
    ((table, reason, data),) = desk.sql("SELECT table_name, reason, row_data FROM orphaned_rows")
    assert (table, reason) == ("trips_v2", "deleted")
    return json.loads(data)


async def test_a_trip_is_deleted_with_everything_that_belongs_to_it_and_other_trips_stay(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN), op("assign_client", email=BEN, role="payer"))
        desk.sql("INSERT OR REPLACE INTO trip_facts (trip_id, total_nights) VALUES (?, 9)", KYOTO)
        others = desk.sql("SELECT * FROM trips_v2 WHERE trip_id <> ?", KYOTO)
        answer = await desk.call("delete_trip", trip_identifier="lima-in-kyoto", confirm_trip_name=NAME)
        assert (answer["trip_id"], answer["trip_name"], answer["assignments_removed"]) == (KYOTO, NAME, 3)
        assert left_of(desk, KYOTO) == {}
        assert desk.sql("SELECT * FROM trips_v2") == others
        assert desk.sql("SELECT trip_id, client_email FROM trip_client_assignments") == [(BANFF, BEN)]
        log = desk.sql("SELECT activity_type, activity_details FROM ActivityLog WHERE trip_id = ?", KYOTO)
        assert log[-1] == ("TripDeleted", f"Deleted {NAME}")
        assert (await desk.refused("get_anything", query=NAME)).startswith("not_found")
        assert (await desk.refused("delete_trip", trip_identifier=KYOTO, confirm_trip_name=NAME)).startswith(
            "not_found"
        )


async def test_the_data_set_aside_is_enough_to_restore_the_trip(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ?, schedule = '[1]' WHERE trip_id = ?", json.dumps(ENTRIES), KYOTO)
        await desk.do(KYOTO, op("assign_client", email=CEM, role="payer"), op("add_note", note="x"))
        before = desk.sql("SELECT * FROM trips_v2 WHERE trip_id = ?", KYOTO)
        pairs = await desk.roles(KYOTO)
        await desk.call("delete_trip", trip_identifier=KYOTO, confirm_trip_name=NAME)
        kept = set_aside(desk)
        assert {(row["client_email"], row["client_role"]) for row in kept["assignments"]} == pairs
        assert [entry["activity_type"] for entry in kept["activity"]] == ["ClientAssigned", "NoteAdded"]
        columns = kept["trip"]
        places = ", ".join("?" * len(columns))
        desk.sql(f"INSERT INTO trips_v2 ({', '.join(columns)}) VALUES ({places})", *columns.values())
        assert desk.sql("SELECT * FROM trips_v2 WHERE trip_id = ?", KYOTO) == before
        assert await desk.roles(KYOTO) == pairs


@pytest.mark.parametrize("phase", PHASES)
async def test_in_every_phase_entries_that_only_the_json_had_are_deleted_and_set_aside(
    tmp_path: Path, phase: Phase
) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(ENTRIES), KYOTO)
        await lead_to(desk.db, phase)
        answer = await desk.client.call_tool("delete_trip", {"trip_identifier": KYOTO, "confirm_trip_name": NAME})
        assert not answer.is_error
        assert left_of(desk, KYOTO) == {}
        kept = set_aside(desk)
        if phase == "normalized":
            assert [json.loads(row["element"]) for row in kept["archive"]] == ENTRIES
        else:
            assert json.loads(kept["trip"]["clients"]) == ENTRIES
        await lead_to(desk.db, "dual_write")
        assert await desk.roles(BANFF) == {(BEN, "traveler")}


@pytest.mark.parametrize("name", ["Kyoto", "lima in kyoto", "Lima in Kyoto!", "1"])
async def test_without_the_exact_name_nothing_is_deleted(tmp_path: Path, name: str) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        error = await desk.refused("delete_trip", trip_identifier=KYOTO, confirm_trip_name=name)
        assert error.startswith("invalid_input: confirm_trip_name does not match: the trip is id 1 ")
        assert f'"{NAME}"' in error
        assert desk.everything() == before


async def test_an_identifier_that_matches_no_trip_or_several_is_refused(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for name in ("Goa by train", "Goa by ship"):
            await desk.call("create_trip_v2", trip_name=name, start_date="2027-01-01", end_date="2027-01-02")
        before = desk.everything()
        for identifier, word in (("goa", "ambiguous"), ("xqzw", "not_found"), ("%", "invalid_input"), ("", "invalid")):
            error = await desk.refused("delete_trip", trip_identifier=identifier, confirm_trip_name="Goa by train")
            assert error.startswith(word)
        missing = await desk.refused("delete_trip", trip_identifier=KYOTO)
        assert missing.startswith("invalid_input: confirm_trip_name is missing: ")
        assert desk.everything() == before


async def test_if_other_rows_depend_on_the_trip_nothing_is_deleted(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("CREATE TABLE Bills (trip_id INTEGER REFERENCES trips_v2(trip_id))")
        desk.sql("INSERT INTO Bills VALUES (?)", KYOTO)
        before = desk.everything()
        error = await desk.refused("delete_trip", trip_identifier=KYOTO, confirm_trip_name=NAME)
        assert error.startswith("conflict: Other rows of the database depend on trip 1")
        assert desk.everything() == before


async def test_custom_columns_are_set_aside_too(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("ALTER TABLE trips_v2 ADD COLUMN dashboard_status TEXT")
        desk.sql("UPDATE trips_v2 SET dashboard_status = 'green', search_text = x'ff00' WHERE trip_id = ?", KYOTO)
        await desk.call("delete_trip", trip_identifier=KYOTO, confirm_trip_name=NAME)
        kept = set_aside(desk)["trip"]
        assert (kept["dashboard_status"], kept["search_text"]) == ("green", "ff00")


async def test_a_trip_with_infinite_amounts_can_be_changed_which_keeps_them_and_deleted(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET total_cost = 9e999, paid_amount = -9e999 WHERE trip_id = ?", KYOTO)
        await desk.do(KYOTO, op("add_note", note="n"))
        infinite = "SELECT 1 FROM trips_v2 WHERE total_cost = 9e999 AND json_array_length(notes) = 1 AND trip_id = ?"
        assert desk.sql(infinite, KYOTO) == [(1,)]
        await desk.call("delete_trip", trip_identifier=KYOTO, confirm_trip_name=NAME)
        assert left_of(desk, KYOTO) == {}


async def test_deleting_a_trip_during_a_concurrent_change_keeps_its_latest_state(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        work = [
            one.client.call_tool(
                "bulk_trip_operations", {"trip_identifier": KYOTO, "operations": [op("add_note", note=str(number))]}
            )
            for number in range(10)
        ]
        deletion = other.client.call_tool("delete_trip", {"trip_identifier": KYOTO, "confirm_trip_name": NAME})
        *answers, deleted = await asyncio.gather(*work, deletion)
        assert not deleted.is_error
        done = {str(number) for number, answer in enumerate(answers) if not answer.is_error}
        notes: list[dict[str, str]] = json.loads(set_aside(one)["trip"]["notes"]) or []
        assert {note["note"] for note in notes} == done
        assert left_of(one, KYOTO) == {}


async def test_of_several_concurrent_deletions_of_a_trip_only_one_succeeds(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        call = {"trip_identifier": KYOTO, "confirm_trip_name": NAME}
        answers = await asyncio.gather(*[desk.client.call_tool("delete_trip", call) for _ in range(6)])
        assert sorted(bool(answer.is_error) for answer in answers) == [False] + [True] * 5
        set_aside(desk)
        again = {"trip_identifier": str(BANFF), "confirm_trip_name": "Ode in Banff", "idempotency_key": "k"}
        first = await desk.call("delete_trip", **again)
        assert await desk.call("delete_trip", **again) == first | {"replayed": True}
