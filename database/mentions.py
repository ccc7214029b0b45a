"""Mentions of a person: removed from voygen's own records, and listed where only a person may change the text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database import facts, guests, tables
from database.clock import now
from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row
    from database.redaction import Traces

# Tables of ours whose text is written by voygen: the key, and the columns from which a person is removed.
OURS: dict[str, tuple[LiteralString, tuple[LiteralString, ...]]] = {
    "ActivityLog": ("activity_id", ("activity_details",)),
    "db_errors": ("id", ("attempted_operation", "error_message", "sql_query", "context", "resolution")),
    "receipts": ("idempotency_key", ("arguments", "result")),
    "trip_clients_quarantine": ("quarantine_id", ("raw_text",)),
    "orphaned_rows": ("orphan_id", ("row_data",)),
    "repair_changes": ("change_id", ("subject", "before", "after")),
    "trips_v2": ("trip_id", ("search_text",)),
}

# Facts about the people on a trip, which are computed again.
FACTS = ("traveler_names", "traveler_emails", "primary_client_email", "primary_client_name")

# Columns of a trip with text that people wrote. Only a person can say which of it may go.
WRITTEN = (
    "trip_name",
    "destinations",
    "group_name",
    "schedule",
    "accommodations",
    "transportation",
    "financials",
    "documents",
    "notes",
    "workflow_state",
    "created_by",
    "last_modified_by",
)

# Columns of other clients in which the person may be mentioned.
OTHERS_TEXT = ("contact_info", "travel_docs", "preferences", "loyalty_programs", "trip_history")

# Tables without text about people, or with text that the database keeps in step with its source.
WITHOUT_TEXT = frozenset(
    {
        "accepted_findings",
        "access_tokens",
        "call_counts",
        "client_replacements",
        "clients_v2",
        "crowd_search",
        "client_search",
        "d1_migrations",
        "deleted_parents",
        "detached_assignments",
        "direct_json_writes",
        "facts_dirty",
        "migration_checksums",
        "migration_phase",
        "proof_records",
        "repair_runs",
        "replaced_assignments",
        "replaced_clients",
        "replaced_trips",
        "search_displaced",
        "search_said",
        "search_spellings",
        "search_stale",
        "shadow_mismatches",
        "trip_client_archive",
        "trip_client_assignments",
        "trip_client_displaced",
        "trip_client_sync",
        "trip_client_unlinked",
        "trip_facts",
        "trip_search",
        "violation_counts",
        "write_guard",
    }
)


async def clean(
    db: Database, traces: Traces, *, except_for: Sequence[int] = ()
) -> tuple[dict[str, int], list[Statement]]:
    """Return the statements that remove the person from our own records, and the number of rows by table."""
    counts: dict[str, int] = {}
    statements: list[Statement] = []
    for table, (key, columns) in OURS.items():
        there = {row["name"] for row in await tables.columns(db, table)}
        for column in (one for one in columns if one in there):
            changes = [
                [row["key"], row["text"], traces.removed_from(row["text"])]
                for row in await _mentioning(db, table, key, column, traces)
                if not (table == "orphaned_rows" and row["key"] in except_for)
            ]
            if changes:
                counts[table] = counts.get(table, 0) + len(changes)
                sql = tables.search(table, key, column, CLEAN)
                statements.append(Statement(sql, (json.dumps(changes, ensure_ascii=False),)))
    outdated = {
        row["key"] for column in FACTS for row in await _mentioning(db, "trip_facts", "trip_id", column, traces)
    }
    if outdated:
        counts["trip_facts"] = len(outdated)
        statements.append(Statement(DELETE_FACTS, (json.dumps(sorted(outdated)),)))
        statements.append(facts.mark(outdated, "client_erased", now()))
    if "trip_clients_quarantine" in counts:
        statements += [Statement(sql) for sql in INDEX_QUARANTINED]
    findings = [
        [row["kind"], row["trip_id"], row["value"]]
        for row in await db.read("SELECT kind, trip_id, value FROM accepted_findings")
        if traces.occur_in(row["value"])
    ]
    if findings:
        statements.append(Statement(DELETE_FINDINGS, (json.dumps(findings, ensure_ascii=False),)))
    return counts, statements


async def remaining(db: Database, traces: Traces, client_id: int) -> list[str]:
    """Return the places in which text that people wrote still names the person."""
    there = {row["name"] for row in await tables.columns(db, "trips_v2")}
    by_trip: dict[int, list[str]] = {}
    for column in (one for one in WRITTEN if one in there):
        for row in await _mentioning(db, "trips_v2", "trip_id", column, traces):
            by_trip.setdefault(row["key"], []).append(column)
    for row in await guests.read_people(db, UNLINKED, (json.dumps(traces.hints()),)):
        if traces.occur_in(row["element"]):
            by_trip.setdefault(row["trip_id"], []).append("a person without a client")
    found = [f"trip {trip_id}: {', '.join(dict.fromkeys(columns))}" for trip_id, columns in sorted(by_trip.items())]
    for column in OTHERS_TEXT:
        found += [
            f"client {row['key']}: {column}"
            for row in await _mentioning(db, "clients_v2", "client_id", column, traces)
            if row["key"] != client_id
        ]
    for table in await tables.tables(db):
        if table not in OURS and table not in WITHOUT_TEXT:
            for column in await tables.columns(db, table):
                if hits := await _mentioning(db, table, "1", column["name"], traces):
                    found.append(f"table {table}, which isn't voygen's: {len(hits)} rows, column {column['name']}")
    return found


async def _mentioning(db: Database, table: str, key: LiteralString, column: str, traces: Traces) -> list[Row]:
    """Return key and text of the rows whose column names the person."""
    sql = tables.search(table, key, column, MENTIONING)
    return [row for row in await db.read(sql, (json.dumps(traces.hints()),)) if traces.occur_in(row["text"])]


UNLINKED: LiteralString = """
SELECT o.trip_id, o.element FROM trip_people o
WHERE o.client_email IS NULL AND EXISTS (SELECT 1 FROM json_each(?) w WHERE instr(lower(o.element), w.value) > 0)
ORDER BY 1
"""

MENTIONING: LiteralString = """
SELECT @key AS "key", CAST(@column AS TEXT) AS text FROM @table
WHERE EXISTS (SELECT 1 FROM json_each(?) w WHERE instr(lower(CAST(@column AS TEXT)), w.value) > 0)
"""

CLEAN: LiteralString = """
UPDATE @table SET @column = w.value ->> 2 FROM json_each(?) w
WHERE @table.@key = w.value ->> 0 AND @table.@column IS w.value ->> 1
"""

DELETE_FINDINGS: LiteralString = """
DELETE FROM accepted_findings
WHERE json_array(kind, trip_id, value) IN (
    SELECT json_array(w.value ->> 0, w.value ->> 1, w.value ->> 2) FROM json_each(?) w)
"""

# Quarantined text is part of its trip's document.
INDEX_QUARANTINED: tuple[LiteralString, ...] = (
    """
INSERT INTO search_stale (trip_id)
SELECT DISTINCT q.trip_id FROM trip_clients_quarantine q WHERE q.trip_id NOT IN (SELECT s.trip_id FROM search_stale s)
""",
    "DELETE FROM search_stale",
)

DELETE_FACTS: LiteralString = "DELETE FROM trip_facts WHERE trip_id IN (SELECT w.value FROM json_each(?) w)"
