"""Deletion of a trip, and a copy in orphaned_rows of everything needed to restore it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from database.engine import Database, Row

# A trip as stored in orphaned_rows: `trip` is its row; each other key holds a list of rows.
Whole: TypeAlias = "Mapping[str, Any]"

# The columns that a deletion re-checks. The JSON mirror has its own guard.
CHECKED = (
    "trip_name",
    "status",
    "primary_client_email",
    "group_name",
    "schedule",
    "accommodations",
    "transportation",
    "financials",
    "documents",
    "notes",
    "start_date",
    "end_date",
    "destinations",
    "total_cost",
    "paid_amount",
    "created_at",
    "updated_at",
    "created_by",
    "last_modified_by",
    "workflow_state",
    "trip_slug",
)


async def count_payments(db: Database, trip_id: int) -> int:
    """Count the trip's payments, which stay when the trip is deleted."""
    return (await db.read(COUNT_PAYMENTS, (trip_id,)))[0]["n"]


async def everything_of(db: Database, trip_id: int) -> dict[str, Any] | None:
    """Return the trip's row, assignments, archived entries and activity; None if there is no such trip."""
    rows = await db.read(TRIP, (trip_id,))
    if not rows:
        return None
    return {
        "trip": dict(rows[0]),
        "assignments": _plain(await db.read(ASSIGNMENTS, (trip_id,))),
        "archive": _plain(await db.read(ARCHIVED, (trip_id,))),
        "activity": _plain(await db.read(ACTIVITY, (trip_id,))),
    }


def guard_unchanged(whole: Whole) -> list[Statement]:
    """Fail the batch if the trip or its assignments changed since they were read."""
    trip, held = whole["trip"], whole["assignments"]
    pairs = [[row["assignment_id"], row["client_email"], row["client_role"]] for row in held]
    return [
        Statement(GUARD_TRIP, (trip["trip_id"], *(trip[column] for column in CHECKED))),
        Statement(GUARD_MIRROR, (trip["trip_id"], trip.get("clients")), mirrors=True),
        Statement(GUARD_ASSIGNMENTS, (trip["trip_id"], json.dumps(pairs))),
    ]


def set_aside(whole: Whole, now: str) -> Statement:
    """Store the trip in orphaned_rows; the statement returns the orphan_id."""
    return Statement(SET_ASIDE, (json.dumps(whole, ensure_ascii=False, default=bytes.hex), now))


def delete(trip_id: int) -> list[Statement]:
    """Delete the trip, its assignments (by cascade), archived entries, facts and queue rows."""
    return [Statement(sql, (trip_id,)) for sql in (DELETE_TRIP, DELETE_ARCHIVE, DELETE_FACTS, DELETE_DIRTY)]


def _plain(rows: list[Row]) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]


TRIP: LiteralString = "SELECT * FROM trips_v2 WHERE trip_id = CAST(? AS INTEGER)"

ASSIGNMENTS: LiteralString = (
    "SELECT * FROM trip_client_assignments WHERE trip_id = CAST(? AS INTEGER) ORDER BY assignment_id"
)

COUNT_PAYMENTS: LiteralString = "SELECT count(*) AS n FROM trip_payments WHERE trip_id = CAST(? AS INTEGER)"

ARCHIVED: LiteralString = "SELECT * FROM trip_client_archive WHERE trip_id = CAST(? AS INTEGER) ORDER BY position"

ACTIVITY: LiteralString = "SELECT * FROM ActivityLog WHERE trip_id = CAST(? AS INTEGER) ORDER BY activity_id"

# D1 returns null for an infinite number.
GUARD_TRIP: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2
    WHERE trip_id = CAST(? AS INTEGER)
      AND trip_name IS ? AND status IS ? AND primary_client_email IS ? AND group_name IS ? AND schedule IS ?
      AND accommodations IS ? AND transportation IS ? AND financials IS ? AND documents IS ? AND notes IS ?
      AND start_date IS ? AND end_date IS ? AND destinations IS ? AND (total_cost IS ? OR abs(total_cost) = 9e999)
      AND (paid_amount IS ? OR abs(paid_amount) = 9e999)
      AND created_at IS ? AND updated_at IS ? AND created_by IS ? AND last_modified_by IS ? AND workflow_state IS ?
      AND trip_slug IS ?)
"""

GUARD_MIRROR: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM trips_v2 WHERE trip_id = CAST(? AS INTEGER) AND clients IS ?)
"""

GUARD_ASSIGNMENTS: LiteralString = """
INSERT INTO write_guard (assignments_unchanged)
SELECT 0 WHERE (
    SELECT count(*) FROM trip_client_assignments WHERE trip_id = CAST(?1 AS INTEGER)
) <> json_array_length(?2)
    OR EXISTS (
        SELECT 1 FROM json_each(?2) r
        WHERE NOT EXISTS (
            SELECT 1 FROM trip_client_assignments a
            WHERE a.assignment_id = (r.value ->> 0) AND a.trip_id = CAST(?1 AS INTEGER)
              AND a.client_email IS (r.value ->> 1) AND a.client_role IS (r.value ->> 2)))
"""

SET_ASIDE: LiteralString = """
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
VALUES ('trips_v2', ?, 'deleted', ?)
"""

DELETE_TRIP: LiteralString = "DELETE FROM trips_v2 WHERE trip_id = CAST(? AS INTEGER)"

DELETE_ARCHIVE: LiteralString = "DELETE FROM trip_client_archive WHERE trip_id = CAST(? AS INTEGER)"

DELETE_FACTS: LiteralString = "DELETE FROM trip_facts WHERE trip_id = CAST(? AS INTEGER)"

# Must come last, because deleting a trip adds it to facts_dirty.
DELETE_DIRTY: LiteralString = "DELETE FROM facts_dirty WHERE trip_id = CAST(? AS INTEGER)"
