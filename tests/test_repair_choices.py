"""The options of a repair: the preferred side, and a single trip."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from damage import FEW, Trip, damage, filled_file
from damages import ARRAYS, CONTENT, PAIRS, ROLES
from desk import voygen
from engines import any_recursion, is_hosted, open_database
from oracle import all_entries, assert_clean, junction_pairs
from schema_damages import SCHEMA

from migrations.check import check
from migrations.proof import digest
from migrations.repair import apply_repair
from migrations.undo import undo_repair

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from migrations.repair import Prefer

pytestmark = any_recursion

BY_NAME = {one.name: one for one in [*PAIRS, *ROLES, *ARRAYS]}

EVERY: tuple[Prefer, ...] = ("union", "junction", "json")

# The roles of each client after a repair, by preferred side. Originally the first is traveler, the second payer.
OUTCOMES: dict[str, dict[str, tuple[set[str], set[str]]]] = {
    "a row without its entry": {
        "union": ({"traveler", "guide"}, {"payer"}),
        "junction": ({"traveler", "guide"}, {"payer"}),
        "json": ({"traveler"}, {"payer"}),
    },
    "an entry without its row": {
        "union": ({"traveler"}, {"payer", "guide"}),
        "junction": ({"traveler"}, {"payer"}),
        "json": ({"traveler"}, {"payer", "guide"}),
    },
    "another role in the JSON": {
        "union": ({"traveler", "guide"}, {"payer"}),
        "junction": ({"traveler"}, {"payer"}),
        "json": ({"guide"}, {"payer"}),
    },
    "a row taken away": {
        "union": ({"traveler"}, {"payer"}),
        "junction": (set(), {"payer"}),
        "json": ({"traveler"}, {"payer"}),
    },
    "an entry taken away": {
        "union": ({"traveler"}, {"payer"}),
        "junction": ({"traveler"}, {"payer"}),
        "json": (set(), {"payer"}),
    },
    "no role in the row": {side: ({"traveler"}, {"payer"}) for side in EVERY},
    "a second row without a role": {side: ({"traveler"}, {"payer"}) for side in EVERY},
    "an entry twice": {side: ({"traveler"}, {"payer"}) for side in EVERY},
    "not an array: ''": {side: ({"traveler"}, {"payer"}) for side in EVERY},
}


@pytest.mark.parametrize("name", OUTCOMES)
@pytest.mark.parametrize("prefer", EVERY)
@pytest.mark.sampled(4)
async def test_the_preferred_side_wins_if_only_one_side_has_a_pair(tmp_path: Path, name: str, prefer: Prefer) -> None:
    path, trip = filled_file(tmp_path / "voygen.db", FEW), Trip(6)
    with closing(raw.connect_file(path)) as connection:
        damage(connection, (BY_NAME[name], trip))
    async with await open_database(path) as db:
        before = await digest(db)
        report = await apply_repair(db, prefer)
        assert report.after.clean
        assert report.run_id
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        pairs = junction_pairs(connection)[6]
        assert {role for email, role in pairs if email == trip.one} == OUTCOMES[name][prefer][0]
        assert {role for email, role in pairs if email == trip.two} == OUTCOMES[name][prefer][1]
        assert {entry.pair for entry in all_entries(connection) if entry.trip_id == 6} == set(pairs)
    async with await open_database(path, foreign_keys=False) as db:
        await undo_repair(db, report.run_id, with_orphans=not is_hosted())
        assert await digest(db) == before


def state(connection: sqlite3.Connection, trip: int) -> list[object]:
    """All rows of the trip, except its marks in the facts queue."""
    return [
        connection.execute(sql, (trip,)).fetchall()
        for sql in (
            "SELECT * FROM trips_v2 WHERE trip_id = ?",
            "SELECT * FROM trip_client_assignments WHERE trip_id = ?",
            "SELECT * FROM trip_client_sync WHERE trip_id = ?",
        )
    ]


@pytest.mark.parametrize("prefer", EVERY)
async def test_the_repair_of_one_trip_changes_no_other_trip(tmp_path: Path, prefer: Prefer) -> None:
    path = filled_file(tmp_path / "voygen.db", 4 * len(CONTENT) + 4)
    trips = {one.name: Trip(number * 4 + 2) for number, one in enumerate(CONTENT)}
    with closing(raw.connect_file(path)) as connection:
        damage(connection, *((one, trips[one.name]) for one in CONTENT))
    mended: set[int] = set()
    async with await open_database(path) as db:
        with closing(raw.connect(path)) as connection:
            everyone = [row["trip_id"] for row in await db.read("SELECT trip_id FROM trips_v2")]
            for name in ("an entry twice", "an orphan of a client", "a guard left", "no slug", "a slug twice"):
                trip = trips[name].number
                others = {other: state(connection, other) for other in everyone if other != trip}
                await apply_repair(db, prefer, trip)
                assert {other: state(connection, other) for other in others} == others, name
                mended.add(trip)
            report = await check(db)
            left = {one["trip_id"] for one in [*report.drift, *report.live_orphans, *report.faults]}
            assert left & mended == {trips["a slug twice"].number}
            first = state(connection, trips["a slug twice"].number)
            await apply_repair(db, prefer, trips["a slug twice"].number + 1)
            assert state(connection, trips["a slug twice"].number) == first
            assert not [one for one in (await check(db)).faults if one["kind"] == "slug_double"]


async def test_the_repair_of_one_trip_first_restores_the_schema_it_depends_on(tmp_path: Path) -> None:
    path = filled_file(tmp_path / "voygen.db", FEW)
    missing = next(one for one in SCHEMA if one.name == "trg_trip_client_sync_reconcile missing")
    with closing(raw.connect_file(path)) as connection:
        damage(connection, (BY_NAME["a row taken away"], Trip(6)), (missing, Trip(6)), (PAIRS[0], Trip(10)))
    async with await open_database(path) as db:
        after = (await apply_repair(db, "union", 6)).after
        assert [(one["kind"], one["trip_id"]) for one in after.drift] == [("junction_only", 10)]
        assert after.faults == []


def test_the_repair_command_accepts_a_preferred_side_and_a_trip(tmp_path: Path) -> None:
    path = filled_file(tmp_path / "voygen.db", FEW)
    with closing(raw.connect_file(path)) as connection:
        damage(connection, (PAIRS[0], Trip(6)), (PAIRS[0], Trip(10)))
    plan = json.loads(voygen("repair", "--db", path, "--prefer", "json", "--trip", 6, "--json").stdout)
    assert (plan["prefer"], [one["trip_id"] for one in plan["findings"]]) == ("json", [6])
    assert [one["repair"] for one in plan["findings"]] == ["remove the junction row"]
    plan = voygen("repair", "--db", path, "--trip", 6)
    assert "junction_only  add the pair to the JSON\n" in plan.stdout
    done = voygen("repair", "--db", path, "--prefer", "json", "--trip", 6, "--apply", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    with closing(raw.connect(path)) as connection:
        roles = {trip: {role for _, role in pairs} for trip, pairs in junction_pairs(connection).items()}
    assert (roles[6], roles[10]) == ({"traveler", "payer"}, {"traveler", "payer", "guide"})
    assert voygen("repair", "--db", path, "--trip", 6).stdout == "Nothing to repair.\n"
    assert voygen("repair", "--db", path, "--prefer", "newest").returncode == 2
