"""Fill gaps in the activity log with data from the trips. Log entries are never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.actor import actor
from database.engine import Statement

if TYPE_CHECKING:
    from database.engine import Database, Row


async def entries_without_client(db: Database) -> Row:
    """Count the log entries that `attribute` would fill (`fillable`), and the others without a client (`left`)."""
    return (await db.read(COUNT_ENTRIES))[0]


def attribute() -> Statement:
    """Set the trip's primary client on log entries without a client."""
    return Statement(ATTRIBUTE)


async def trips_without_entry(db: Database, limit: int) -> list[Row]:
    """Return up to `limit` trips without a log entry; `total` on each row is the number of all such trips."""
    return await db.read(TRIPS_WITHOUT_ENTRY, (limit,))


def log_unlogged_trips(now: str) -> Statement:
    """Add a TripImported entry for each trip without a log entry."""
    return Statement(LOG_IMPORTED, (now, actor()))


# The id of the primary client of trip `t`, found by primary_client_email (ignoring case), or else by the trip's first
# assignment with a primary role.
_PRIMARY_CLIENT: LiteralString = """coalesce(
    (SELECT c.client_id FROM clients_v2 c WHERE c.email = t.primary_client_email),
    (SELECT c.client_id FROM clients_v2 c
     WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(t.primary_client_email, char(9,10,11,12,13,32)))
     ORDER BY c.client_id LIMIT 1),
    (SELECT c.client_id FROM trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
     WHERE a.trip_id = t.trip_id AND a.client_role IN ('primary_traveler', 'primary')
     ORDER BY a.assignment_id LIMIT 1))"""

COUNT_ENTRIES: LiteralString = (
    """
SELECT count(p.client_id) AS fillable, count(*) - count(p.client_id) AS "left"
FROM ActivityLog l
LEFT JOIN (SELECT t.trip_id, """
    + _PRIMARY_CLIENT
    + """ AS client_id FROM trips_v2 t) p ON p.trip_id = l.trip_id
WHERE l.client_id IS NULL AND l.trip_id IS NOT NULL
"""
)

ATTRIBUTE: LiteralString = (
    """
UPDATE ActivityLog SET client_id = p.client_id
FROM (SELECT t.trip_id, """
    + _PRIMARY_CLIENT
    + """ AS client_id FROM trips_v2 t) p
WHERE p.trip_id = ActivityLog.trip_id AND p.client_id IS NOT NULL
  AND ActivityLog.client_id IS NULL AND ActivityLog.trip_id IS NOT NULL
"""
)

_WITHOUT_ENTRY: LiteralString = (
    "FROM trips_v2 t WHERE NOT EXISTS (SELECT 1 FROM ActivityLog l WHERE l.trip_id = t.trip_id)\n"
)

TRIPS_WITHOUT_ENTRY: LiteralString = (
    "SELECT t.trip_id, t.trip_name, count(*) OVER () AS total "
    + _WITHOUT_ENTRY
    + "ORDER BY t.trip_id LIMIT CAST(? AS INTEGER)"
)

# Each entry has its trip's creation date, so that old trips don't show up among the latest activities.
LOG_IMPORTED: LiteralString = (
    """
INSERT INTO ActivityLog (activity_type, activity_details, trip_id, client_id, created_at, actor)
SELECT 'TripImported', 'Imported ' || t.trip_name, t.trip_id, """
    + _PRIMARY_CLIENT
    + """, coalesce(t.created_at, ?), ?
"""
    + _WITHOUT_ENTRY
)
