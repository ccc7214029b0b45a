"""Migrating real legacy databases loses nothing: every entry is linked, still in the JSON, or quarantined."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import raw
from engines import files
from legacy_facts import NAMES, REWRITTEN, Facts, extra_keys, facts
from oracle import assert_clean

Load = Callable[[str], Path]

every_shape = pytest.mark.parametrize("name", NAMES)


async def migrated(path: Path) -> tuple[Facts, Facts]:
    before = facts(path)
    await raw.migrate_file(path)
    return before, facts(path)


@every_shape
async def test_both_sides_are_equal_after_the_migration(legacy_database: Load, name: str) -> None:
    path = legacy_database(name)
    await raw.migrate_file(path)
    connection = raw.connect(path)
    assert_clean(connection)
    connection.close()


@every_shape
async def test_every_entry_is_linked_or_still_in_the_json(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    assert before.entries
    left = [(entry.trip_id, entry.element) for entry in after.entries]
    for entry in before.entries:
        if entry.pair:
            assert entry.pair in after.pairs[entry.trip_id]
        else:
            assert (entry.trip_id, entry.element) in left


@every_shape
async def test_every_extra_key_survives_in_its_entry(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    for entry in before.entries:
        same = [other for other in after.entries if (other.trip_id, other.pair) == (entry.trip_id, entry.pair)]
        assert any(extra_keys(entry).items() <= extra_keys(other).items() for other in same), entry


@every_shape
async def test_every_junction_row_keeps_its_id_and_dates_or_is_set_aside_in_full(
    legacy_database: Load, name: str
) -> None:
    before, after = await migrated(legacy_database(name))
    rows = after.tables["trip_client_assignments"] + after.set_aside("trip_client_assignments")
    assert all(row in rows for row in before.tables.get("trip_client_assignments", []))


@every_shape
async def test_every_pair_after_the_migration_was_in_one_of_the_stores_before(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    known = {(entry.trip_id, *entry.pair) for entry in before.entries if entry.pair}
    known |= {(trip, *pair) for trip, pairs in before.pairs.items() for pair in pairs}
    assert {(trip, *pair) for trip, pairs in after.pairs.items() for pair in pairs} <= known


@every_shape
async def test_text_that_is_not_an_array_is_quarantined_unchanged(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    arrays = {entry.trip_id for entry in before.entries}
    odd = [(trip, text) for trip, text in before.texts().items() if trip not in arrays and text != "[]"]
    assert after.quarantined() == odd


@every_shape
async def test_rows_of_all_other_tables_and_columns_are_unchanged(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    assert before.tables.keys() <= after.tables.keys()
    for table in before.tables.keys() - REWRITTEN:
        rows = before.tables[table]
        columns = set(rows[0] if rows else []) - ({"clients", "trip_slug"} if table == "trips_v2" else set())
        assert [only(row, columns) for row in after.tables[table]] == [only(row, columns) for row in rows], table


@every_shape
async def test_the_activity_log_keeps_its_rows_and_columns(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    kept = after.tables["ActivityLog"]
    assert len(kept) == len(before.tables["ActivityLog"])
    assert all(old.items() <= new.items() for old, new in zip(before.tables["ActivityLog"], kept, strict=True))


@every_shape
async def test_every_id_counter_continues_from_its_previous_value(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    assert all(after.counters()[table] >= seq for table, seq in before.counters().items())


# Objects that the migration replaces with others of the same name, or recreates together with their table.
REPLACED = {
    "ActivityLog",
    "trips_v2",
    "facts_dirty",
    "trip_facts",
    "trg_trips_v2_ai_dirty",
    "trg_trips_v2_au_dirty",
    "trg_trips_v2_ad_dirty",
    "trg_trip_client_assignments_insert",
    "trg_trip_client_assignments_delete",
    "trip_client_relationships",
}


@every_shape
async def test_existing_triggers_indexes_and_views_are_kept(legacy_database: Load, name: str) -> None:
    before, after = await migrated(legacy_database(name))
    assert before.schema.keys() <= after.schema.keys()
    for thing in before.schema.keys() - REPLACED:
        assert after.schema[thing] == before.schema[thing]


INSERTS = [
    "INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (5001, 'N', '2026-01-01', '2026-01-02')",
    "INSERT INTO clients_v2 (email, full_name) VALUES ('new@example.net', 'N')",
    "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (5001, 'new@example.net')",
    "INSERT INTO ActivityLog (activity_type, activity_details, trip_id, client_id) VALUES ('t', 'd', 5001, 1)",
    "INSERT INTO facts_dirty (trip_id, reason) VALUES (5001, 'by hand')",
    "INSERT INTO trip_facts (trip_id, total_nights) VALUES (5001, 7)",
    "INSERT INTO db_errors (attempted_operation, error_message) VALUES ('o', 'm')",
    "INSERT INTO trip_clients_quarantine (trip_id, reason, quarantined_at) VALUES (5001, 'r', 'now')",
    "INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at) VALUES ('t', '{}', 'r', 'now')",
]


@every_shape
async def test_every_table_accepts_a_new_row_with_foreign_keys_on(legacy_database: Load, name: str) -> None:
    path = legacy_database(name)
    await raw.migrate_file(path)
    connection = raw.connect(path)
    for insert in INSERTS:
        assert connection.execute(insert).rowcount == 1, insert
    assert_clean(connection)
    connection.close()


@every_shape
async def test_a_second_run_changes_nothing(legacy_database: Load, name: str) -> None:
    path = legacy_database(name)
    await raw.migrate_file(path)
    once, files = raw.everything(path), raw.names_in(path.parent)
    assert (await raw.migrate_file(path)).did_nothing
    assert raw.everything(path) == once
    assert raw.names_in(path.parent) == files


@files
@every_shape
async def test_a_migration_makes_a_private_backup_of_the_previous_state(legacy_database: Load, name: str) -> None:
    path = legacy_database(name)
    before = raw.everything(path)
    report = await raw.migrate_file(path)
    assert report.backup
    assert raw.everything(Path(report.backup)) == before
    assert os.name == "nt" or raw.mode_of(report.backup) == 0o600


@every_shape
async def test_each_trip_has_a_unique_slug(legacy_database: Load, name: str) -> None:
    _, after = await migrated(legacy_database(name))
    slugs = Counter(row["trip_slug"] for row in after.tables["trips_v2"])
    assert all(slugs)
    assert set(slugs.values()) == {1}


@every_shape
async def test_inserts_by_old_code_into_the_facts_queue_never_fail(legacy_database: Load, name: str) -> None:
    path = legacy_database(name)
    await raw.migrate_file(path)
    connection = raw.connect(path)
    for trip in ("1", 1, "1", 1):
        connection.execute("INSERT INTO facts_dirty(trip_id, reason) VALUES (?, 'old')", (trip,))
    assert connection.execute("SELECT count(*) FROM facts_dirty WHERE reason = 'old'").fetchone() == (1,)
    connection.close()


def only(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if column in columns}
