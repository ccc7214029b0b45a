"""restore_deleted: what a tool deleted comes back as it was, in every phase."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from desk import (
    ANA,
    BANFF,
    BEN,
    CEM,
    KYOTO,
    Desk,
    Era,
    each_era,
    new_desk,
    op,
)
from phasing import assert_in_order, lead_to

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

# Whatever a client of old code wrote: spaces, other keys, entries of nobody, one who is on the trip twice.
ENTRIES: list[Any] = [
    {"email": ANA, "role": "traveler", "name": "Ana", "preferences": {"seat": "aisle"}, "assigned_date": "2026-02-01"},
    {"name": "Baby"},
    {"email": "later@example.net", "role": "guest"},
    {"email": BEN, "role": "payer", "client_id": 2},
    {"email": ANA, "role": "guide"},
    7,
]

# What must be as before. The log, the queue and the record of direct writes go on.
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
    """Put on the trip to Kyoto what a trip can have."""
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
    """The answer in any phase; nobody but the tool and the triggers saw to it that the stores agree."""
    result = await desk.client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content
    return result.structured_content


async def refused(desk: Desk, **arguments: Any) -> str:
    return await desk.refused("restore_deleted", **arguments)


async def whole(desk: Desk, query: object) -> dict[str, Any]:
    """What get_anything says of the trip, without what goes on: the log, and the facts that are computed anew."""
    trip = (await did(desk, "get_anything", query=str(query)))["trip"]
    assert trip
    return {key: value for key, value in trip.items() if key not in {"facts", "recent_activity", "recent_activities"}}


@each_era
@each_phase
@each_trip_deletion
async def test_a_trip_comes_back_as_it_was(
    tmp_path: Path, era: Era, phase: Phase, deletion: tuple[str, dict[str, Any]]
) -> None:
    async with new_desk(tmp_path, era) as desk:
        enrich(desk)
        await lead_to(desk.db, phase)
        before, seen = rows(desk), await whole(desk, KYOTO)
        tool, arguments = deletion
        await did(desk, tool, **arguments)
        assert rows(desk)["trips_v2"] != before["trips_v2"]
        answer = await did(desk, "restore_deleted", trip_name="kyoto")
        assert (answer["restored"], answer["id"], answer["assignments"]) == ("trip", KYOTO, 3)
        assert answer["differences"] == []
        assert answer["message"] == f"Restored trip {NAME!r} (id {KYOTO}) with 3 assignments."
        assert rows(desk) == before
        assert await whole(desk, KYOTO) == seen
        await assert_in_order(desk.db, phase)
        log = [row[0] for row in desk.sql("SELECT activity_type FROM ActivityLog WHERE trip_id = ?", KYOTO)]
        assert log == ["TripDeleted", "TripRestored"]


@each_era
@each_phase
async def test_a_client_comes_back_on_all_their_trips(tmp_path: Path, era: Era, phase: Phase) -> None:
    async with new_desk(tmp_path, era) as desk:
        enrich(desk)
        # A deletion writes the JSON anew, without its spaces.
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


@each_era
@pytest.mark.parametrize("then", PHASES)
@each_phase
@each_trip_deletion
async def test_a_trip_comes_back_whatever_the_phase_has_become(
    tmp_path: Path, era: Era, phase: Phase, then: Phase, deletion: tuple[str, dict[str, Any]]
) -> None:
    async with new_desk(tmp_path, era) as desk:
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


@each_era
@pytest.mark.parametrize("then", PHASES)
@each_phase
async def test_a_client_comes_back_whatever_the_phase_has_become(
    tmp_path: Path, era: Era, phase: Phase, then: Phase
) -> None:
    async with new_desk(tmp_path, era) as desk:
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


@each_era
@each_phase
@pytest.mark.parametrize("back", ["client, then trip", "trip, then client"])
@pytest.mark.parametrize("gone", ["client, then trip", "trip, then client"])
async def test_a_trip_and_its_client_come_back_in_any_order(
    tmp_path: Path, era: Era, phase: Phase, back: str, gone: str
) -> None:
    async with new_desk(tmp_path, era) as desk:
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
        # What was deleted last went alone.
        assert bool(answer["differences"]) == gone.startswith(first)
        assert all(f"comes back with orphan_id {aside[f'{second}s_v2']}." in line for line in answer["differences"])
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
