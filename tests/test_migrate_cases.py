"""The results of migrating the legacy databases: counts, special cases, and old code that uses them afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import raw
from engines import any_recursion, foreign_keys_off
from legacy_facts import facts

pytestmark = any_recursion

Load = Callable[[str], Path]


async def test_the_report_has_the_counts_of_the_live_export(legacy_database: Load) -> None:
    path = legacy_database("d1-export-2025")
    before = facts(path)
    report = await raw.migrate_file(path)
    after = facts(path)
    assert [len(after.tables[table]) for table in ("trips_v2", "clients_v2", "ActivityLog")] == [40, 30, 24]
    linkable, unknown_email, null_email, extra_duplicate, mixed_case = 64, 3, 2, 1, 1
    assert report.linked == linkable
    assert report.merged == extra_duplicate + mixed_case
    assert report.unlinked == unknown_email + null_email
    assert report.quarantined == 0
    assert sum("role" not in entry.element for entry in before.entries) == 11


async def test_the_report_has_the_counts_of_the_seed(legacy_database: Load) -> None:
    path = legacy_database("seed-legacy")
    report = await raw.migrate_file(path)
    after = facts(path)
    assert [len(after.tables[table]) for table in ("trips_v2", "clients_v2")] == [20, 12]
    assert (report.linked, report.merged, report.unlinked, report.quarantined) == (30, 0, 0, 0)
    assert report.set_aside == {"facts_dirty": 2, "trip_facts": 1}


async def test_facts_of_the_seed_get_integer_trip_ids_or_are_set_aside(legacy_database: Load) -> None:
    path = legacy_database("seed-legacy")
    before = facts(path)
    await raw.migrate_file(path)
    after = facts(path)
    queued = {(row["trip_id"], row["reason"], row["created_at"]) for row in after.tables["facts_dirty"]}
    assert queued >= {(trip, "trip_insert", f"2025-07-0{trip} 00:00:00") for trip in range(1, 9)}
    assert all(type(row["trip_id"]) is int for row in after.tables["facts_dirty"] + after.tables["trip_facts"])
    assert after.set_aside("facts_dirty") == before.tables["facts_dirty"][8:]
    assert [row["trip_id"] for row in after.set_aside("facts_dirty")] == ["not-a-number", "999"]
    assert [(row["trip_id"], row["total_nights"]) for row in after.tables["trip_facts"]] == [(3, 7)]
    assert [row["trip_id"] for row in after.set_aside("trip_facts")] == ["999"]


# The pairs on both sides of each trip of the drifted dump after its migration; the role is omitted for travelers.
DRIFTED = {
    1: ["ava.abbot", ("ben.hoshino", "payer")],
    2: ["carla.okafor", ("carla.okafor", "payer")],
    3: ["ava.abbot"],
    4: ["dmitri.varga"],
    5: ["esme.costa"],
    6: ["farid.fischer"],
    7: ["greta.moreau"],
    8: [],
    9: [],
    10: ["ines.almeida"],
    11: ["ava.abbot", "ben.hoshino"],
    12: ["carla.okafor", "dmitri.varga"],
    13: ["esme.costa"],
    14: [],
    15: [("farid.fischer", "payer"), ("farid.fischer", "primary_traveler")],
    16: ["greta.moreau"],
}


@pytest.mark.parametrize("trip", DRIFTED)
@pytest.mark.sampled(3)
async def test_a_drifted_trip_has_the_union_of_both_sides(legacy_database: Load, trip: int) -> None:
    path = legacy_database("drifted-dual-write")
    await raw.migrate_file(path)
    expected = [(pair, "traveler") if isinstance(pair, str) else pair for pair in DRIFTED[trip]]
    pairs = facts(path).pairs.get(trip, [])
    assert sorted(pairs) == sorted((f"{name}@example.net", role) for name, role in expected)


async def test_the_report_has_the_counts_of_the_drifted_dump(legacy_database: Load) -> None:
    path = legacy_database("drifted-dual-write")
    report = await raw.migrate_file(path)
    assert report.linked == sum(map(len, DRIFTED.values()))
    assert report.merged == 1
    assert report.unlinked == 3  # a stranger, a number, an infant
    assert report.quarantined == 4  # malformed, empty, null, an object
    assert report.set_aside == {"trip_client_assignments": 2}


async def test_orphans_of_the_junction_are_set_aside_with_the_reason(legacy_database: Load) -> None:
    path = legacy_database("drifted-dual-write")
    await raw.migrate_file(path)
    rows = facts(path).tables["orphaned_rows"]
    assert [row["reason"] for row in rows] == ["no such trip", "no such client"]
    aside = facts(path).set_aside("trip_client_assignments")
    assert [(row["trip_id"], row["client_email"]) for row in aside] == [
        (777, "ava.abbot@example.net"),
        (1, "gone@example.org"),
    ]


async def test_text_of_the_drifted_dump_that_is_not_an_array_is_quarantined(legacy_database: Load) -> None:
    path = legacy_database("drifted-dual-write")
    before = facts(path).texts()
    await raw.migrate_file(path)
    assert facts(path).quarantined() == [(trip, before[trip]) for trip in (6, 7, 8, 9)]


async def test_keys_that_exist_only_in_the_json_stay_there(legacy_database: Load) -> None:
    path = legacy_database("drifted-dual-write")
    await raw.migrate_file(path)
    elements = {entry.trip_id: entry.element for entry in facts(path).entries}
    assert elements[4].items() >= {"name": "Kept", "client_id": 4}.items()
    assert elements[13].items() >= {"name": "Esme", "preferences": {"seat": "aisle"}, "role": "traveler"}.items()


async def test_old_and_new_code_both_write_and_read_the_activity_log(legacy_database: Load) -> None:
    path = legacy_database("d1-export-2025")
    await raw.migrate_file(path)
    connection = raw.connect(path)
    connection.execute("INSERT INTO ActivityLog(trip_id, details) VALUES(1, 'old')")
    connection.execute("INSERT INTO ActivityLog(trip_id, details, activity_timestamp) VALUES(1, 'dated', '2025-01-01')")
    connection.execute("INSERT INTO ActivityLog(trip_id, activity_details, created_at) VALUES(1, 'new', '2026-01-01')")
    rows = connection.execute(
        "SELECT details, activity_details, activity_timestamp IS created_at, created_at FROM ActivityLog "
        "WHERE activity_id > 24 ORDER BY activity_id"
    ).fetchall()
    assert [row[:3] for row in rows] == [("old", "old", 1), ("dated", "dated", 1), ("new", "new", 1)]
    assert rows[0][3] is not None
    assert [row[3] for row in rows[1:]] == ["2025-01-01", "2026-01-01"]
    connection.close()


@foreign_keys_off
async def test_a_trigger_of_the_live_export_still_works(legacy_database: Load) -> None:
    path = legacy_database("d1-export-2025")
    await raw.migrate_file(path)
    connection = raw.connect(path)
    seen = "SELECT last_activity_timestamp FROM SessionManagement WHERE session_id = ?"
    connection.execute("PRAGMA foreign_keys = OFF")  # the table's own foreign keys were already dangling
    connection.execute("INSERT INTO SessionManagement (session_id) VALUES ('s')")
    connection.execute("INSERT INTO ActivityLog(session_id, activity_type) VALUES ('s', 'Edit')")
    assert connection.execute(seen, ("s",)).fetchone() != (None,)
    connection.close()
