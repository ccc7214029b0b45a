"""The activity log, and the log of database faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database.actor import actor
from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.assignments import Trip
    from database.engine import Database, Row


def log(trip: Trip, entries: Sequence[tuple[str, str]], now: str) -> Statement:
    """Log (type, details) pairs for a trip. `trip` is its id, or its slug if the same batch creates the trip."""
    sql = LOG_BY_ID if isinstance(trip, int) else LOG_BY_SLUG
    return Statement(sql, (trip, json.dumps(list(entries)), now, actor()))


async def of_trip(db: Database, trip_id: int, limit: int) -> list[Row]:
    """Return the trip's latest activities, newest first."""
    return await db.read(OF_TRIP, (trip_id, limit))


async def record_fault(db: Database, operation: str, message: str, now: str) -> int:
    """Store a database fault in db_errors and return its id."""
    fault = (now, operation, message)
    recorded = Statement(RECORDED, fault)
    results = await db.batch([Statement(RECORD_FAULT, fault), recorded])
    return results.of(recorded)[0]["id"]


LOG_BY_ID: LiteralString = """
INSERT INTO ActivityLog (activity_type, activity_details, trip_id, created_at, actor)
SELECT w.value ->> 0, w.value ->> 1, CAST(?1 AS INTEGER), ?3, ?4 FROM json_each(?2) w
"""

LOG_BY_SLUG: LiteralString = """
INSERT INTO ActivityLog (activity_type, activity_details, trip_id, created_at, actor)
SELECT w.value ->> 0, w.value ->> 1, (SELECT trip_id FROM trips_v2 WHERE trip_slug = ?1), ?3, ?4 FROM json_each(?2) w
"""

OF_TRIP: LiteralString = """
SELECT activity_id, activity_type AS type, activity_details AS details, created_at AS at, actor
FROM ActivityLog WHERE trip_id = CAST(? AS INTEGER)
ORDER BY activity_id DESC LIMIT CAST(? AS INTEGER)
"""

RECORD_FAULT: LiteralString = """
INSERT INTO db_errors (error_timestamp, attempted_operation, error_message, mcp_server)
VALUES (?, ?, ?, 'voygen')
"""

RECORDED: LiteralString = """
SELECT max(id) AS id FROM db_errors
WHERE error_timestamp = ? AND attempted_operation = ? AND error_message = ? AND mcp_server = 'voygen'
"""
