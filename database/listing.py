"""Queries for pages of trips and activities, with keyset pagination."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database import money
from database.guests import GUESTS, read_people
from database.roles import travels_sql
from database.trips import SUMMARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row


class TripFilter(NamedTuple):
    """A filter for trips. A field that is None matches all trips, and dates are inclusive.

    The statuses are JSON lists. `unpaid_only` is 1 for trips with a balance.
    """

    status: str | None = None
    exclude_status: str | None = None
    starts_after: str | None = None
    starts_before: str | None = None
    ends_after: str | None = None
    ends_before: str | None = None
    client_id: int | None = None
    currency: str | None = None
    unpaid_only: int | None = None


class ActivityFilter(NamedTuple):
    """A filter for activities. `since` is `YYYY-MM-DD HH:MM:SS`; `trip_id` None matches all trips."""

    since: str
    trip_id: int | None


async def trips_behind(db: Database, wanted: TripFilter, place: tuple[str, int] | None, limit: int) -> list[Row]:
    """Return up to `limit` trips after `place`, a (start_date, trip_id) pair, sorted by start_date and trip_id."""
    return await db.read(TRIPS_PAGE, (*wanted, *(place or (None, None)), limit))


async def sums_of_trips(db: Database, wanted: TripFilter) -> list[Row]:
    """Return the sums over all trips that match, by currency: currency, trips, total_cost, paid, balance."""
    return await db.read(TRIPS_SUMS, wanted)


async def travelers(db: Database, trip_ids: Sequence[int], names: int) -> list[Row]:
    """Return up to `names` travelers of each trip, clients before guests, omitting non-traveling roles.

    `guest` is 1 for an unlinked guest, 2 for one who shares a client's e-mail. `travelers` counts all of them.
    """
    return await read_people(db, TRAVELERS, (json.dumps(list(trip_ids)), names))


async def travelers_papers(db: Database, trip_id: int) -> list[Row]:
    """Return the trip's assignments, oldest first: email, full_name, role, and the client's travel_docs."""
    return await db.read(TRAVELERS_PAPERS, (trip_id,))


async def activities_before(db: Database, wanted: ActivityFilter, before: int | None, limit: int) -> list[Row]:
    """Return up to `limit` activities with an id below `before` (None: no bound), newest first.

    `trip_name` is None for a deleted trip.
    """
    return await db.read(ACTIVITIES_PAGE, (*wanted, before, limit))


async def count_activities(db: Database, wanted: ActivityFilter) -> int:
    return (await db.read(ACTIVITIES_COUNT, wanted))[0]["n"]


async def trip_of_activity(db: Database, activity_id: int) -> Row | None:
    """Return the trip that an activity belongs to, or None if it has no trip or the trip was deleted."""
    rows = await db.read(TRIP_OF_ACTIVITY, (activity_id,))
    return rows[0] if rows else None


async def latest_active_trip(db: Database) -> Row | None:
    """Return the trip with the latest activity or, without any activity, the most recently changed trip."""
    rows = await db.read(LATEST_ACTIVE) or await db.read(LATEST_CHANGED)
    return rows[0] if rows else None


TRIPS_WANTED: LiteralString = (
    """
WHERE (?1 IS NULL OR t.status IN (SELECT w.value FROM json_each(?1) w))
  AND (?2 IS NULL OR t.status IS NULL OR t.status NOT IN (SELECT w.value FROM json_each(?2) w))
  AND (?3 IS NULL OR t.start_date >= ?3)
  AND (?4 IS NULL OR t.start_date <= ?4)
  AND (?5 IS NULL OR t.end_date >= ?5)
  AND (?6 IS NULL OR t.end_date <= ?6)
  AND (?7 IS NULL OR EXISTS (
      SELECT 1 FROM clients_v2 c JOIN trip_client_assignments a ON a.client_email = c.email
      WHERE c.client_id = CAST(?7 AS INTEGER) AND a.trip_id = t.trip_id))
  AND (?8 IS NULL OR ?8 = """
    + money.currency("t.financials")
    + """)
  AND (?9 IS NULL OR coalesce("""
    + money.thousandths("t.total_cost")
    + ", 0) > coalesce("
    + money.thousandths("t.paid_amount")
    + """, 0))
"""
)

# The columns are computed only for the trips on the page.
TRIPS_PAGE: LiteralString = (
    SUMMARY
    + "WHERE t.trip_id IN (SELECT t.trip_id FROM trips_v2 t"
    + TRIPS_WANTED
    + """
  AND (?10 IS NULL OR (t.start_date, t.trip_id) > (?10, CAST(?11 AS INTEGER)))
ORDER BY t.start_date, t.trip_id
LIMIT CAST(?12 AS INTEGER))
ORDER BY t.start_date, t.trip_id
"""
)

TRIPS_SUMS: LiteralString = (
    """
SELECT s.currency, count(*) AS trips, sum(s.total) / 1000.0 AS total_cost, sum(s.paid) / 1000.0 AS paid,
       (sum(s.total) - sum(s.paid)) / 1000.0 AS balance
FROM (
    SELECT """
    + money.currency("t.financials")
    + " AS currency, coalesce("
    + money.thousandths("t.total_cost")
    + ", 0) AS total, coalesce("
    + money.thousandths("t.paid_amount")
    + ", 0) AS paid FROM trips_v2 t"
    + TRIPS_WANTED
    + ") s GROUP BY s.currency ORDER BY trips DESC, s.currency"
)

TRAVELERS: LiteralString = (
    """
SELECT p.trip_id, p.full_name, p.guest, p.travelers
FROM (
    SELECT x.trip_id, x.full_name, x.guest,
           row_number() OVER (PARTITION BY x.trip_id ORDER BY x.guest, x.place) AS place,
           count(*) OVER (PARTITION BY x.trip_id) AS travelers
    FROM (
        SELECT a.trip_id, c.full_name, 0 AS guest, min(a.assignment_id) AS place
        FROM json_each(?1) w CROSS JOIN trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
        WHERE a.trip_id = w.value AND """
    + travels_sql("a.client_role")
    + """
        GROUP BY a.trip_id, a.client_email
        UNION ALL
        SELECT g.trip_id, g.name, iif(g.shares_with IS NULL, 1, 2), g.position FROM ("""
    + GUESTS.replace("@trips", "SELECT w.value FROM json_each(?1) w")
    + ") g WHERE "
    + travels_sql("g.role")
    + """
    ) x
) p
WHERE p.place <= CAST(?2 AS INTEGER)
ORDER BY p.trip_id, p.place
"""
)

TRAVELERS_PAPERS: LiteralString = """
SELECT c.email, c.full_name, a.client_role AS role, c.travel_docs
FROM trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
WHERE a.trip_id = CAST(? AS INTEGER)
ORDER BY a.assignment_id
"""

# Old rows have a space between date and time; new rows have a T between them and a Z at the end.
ACTIVITIES_WANTED: LiteralString = """
WHERE replace(substr(l.created_at, 1, 19), 'T', ' ') >= ?1
  AND (?2 IS NULL OR l.trip_id = CAST(?2 AS INTEGER))
"""

ACTIVITIES_PAGE: LiteralString = (
    """
SELECT l.activity_id, l.activity_type AS type, l.activity_details AS details, l.created_at AS at,
       l.trip_id, t.trip_name, l.client_id, l.actor
FROM ActivityLog l LEFT JOIN trips_v2 t ON t.trip_id = l.trip_id
"""
    + ACTIVITIES_WANTED
    + """
  AND (?3 IS NULL OR l.activity_id < CAST(?3 AS INTEGER))
ORDER BY l.activity_id DESC
LIMIT CAST(?4 AS INTEGER)
"""
)

ACTIVITIES_COUNT: LiteralString = "SELECT count(*) AS n FROM ActivityLog l " + ACTIVITIES_WANTED

TRIP_OF_ACTIVITY: LiteralString = (
    SUMMARY + "JOIN ActivityLog l ON l.trip_id = t.trip_id WHERE l.activity_id = CAST(? AS INTEGER)"
)

LATEST_ACTIVE: LiteralString = (
    SUMMARY + "JOIN ActivityLog l ON l.trip_id = t.trip_id ORDER BY l.activity_id DESC LIMIT 1"
)

LATEST_CHANGED: LiteralString = SUMMARY + "ORDER BY t.updated_at DESC, t.trip_id DESC LIMIT 1"
