"""Queries and statements for trips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database import money
from database.engine import Statement
from database.joining import read_keyed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from database.engine import Database, Row

# The columns shown in lists of trips and in errors about ambiguous trips.
COLUMNS: LiteralString = (
    "t.trip_id, t.trip_name, t.trip_slug, t.status, t.start_date, t.end_date, t.destinations, t.total_cost,\n       "
    + money.COLUMNS
)

SUMMARY: LiteralString = "SELECT " + COLUMNS + "\nFROM trips_v2 t\n"

# The columns that an update writes back.
EDITED = (
    "trip_name",
    "trip_slug",
    "status",
    "start_date",
    "end_date",
    "total_cost",
    "destinations",
    "group_name",
    "primary_client_email",
    "financials",
    "documents",
    "notes",
    "workflow_state",
)


# Columns that may be large, so that only the operations on them read and write them.
ITINERARY = ("schedule", "accommodations", "transportation")


async def with_id(db: Database, trip_id: int) -> list[Row]:
    return (await read_keyed(db, WITH_IDS, [trip_id], lambda row: row["trip_id"]))[trip_id]


async def with_slug(db: Database, slug: str) -> list[Row]:
    return (await read_keyed(db, WITH_SLUGS, [slug], lambda row: row["trip_slug"]))[slug]


async def slugs_beginning(db: Database, begun: str, limit: int) -> list[str]:
    rows = await db.read(SLUGS_BEGINNING, (begun, begun + "\U0010ffff", limit))
    return [row["trip_slug"] for row in rows]


async def names(db: Database, trip_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of those of the trips that exist."""
    rows = await db.read(NAMES, (json.dumps(list(trip_ids)),)) if trip_ids else []
    return {row["trip_id"]: str(row["trip_name"]) for row in rows}


async def editable(db: Database, trip_id: int) -> Row | None:
    """Return the trip's id and its `EDITED` columns."""
    rows = await db.read(EDITABLE, (trip_id,))
    return rows[0] if rows else None


async def whole(db: Database, trip_id: int) -> Row | None:
    """Return the trip's columns, except the JSON mirror of its clients."""
    rows = await db.read(WHOLE, (trip_id,))
    return rows[0] if rows else None


async def itinerary(db: Database, trip_ids: Sequence[int]) -> dict[int, Row]:
    """Return the `ITINERARY` columns of the trips by trip_id."""
    rows = await db.read(ITINERARIES, (json.dumps(list(trip_ids)),)) if trip_ids else []
    return {row["trip_id"]: row for row in rows}


async def of_client(db: Database, email: str, limit: int) -> list[Row]:
    """Return the client's trips, latest start first, with `roles` joined by commas."""
    return await db.read(OF_CLIENT, (email, limit))


async def latest_of_clients(db: Database, emails: Iterable[str], limit: int) -> dict[str, list[Row]]:
    """Return the latest trips of each client, by e-mail."""
    return await read_keyed(db, LATEST, emails, lambda row: row["client_email"], limit)


async def facts(db: Database, trip_id: int) -> dict[str, Any] | None:
    """Return the trip's facts, or None if they were never computed."""
    rows = await db.read(FACTS, (trip_id,))
    return dict(rows[0]) if rows else None


def guard_unchanged(read: Row) -> Statement:
    """Fail the batch if any of the `EDITED` columns changed since the trip was read."""
    return Statement(GUARD_UNCHANGED, (read["trip_id"], *(read[column] for column in EDITED)))


def keep_aside(parts: Sequence[tuple[str, str]], now: str) -> Statement:
    """Store changed or removed parts of trips, as pairs of a reason and JSON, in orphaned_rows."""
    return Statement(KEEP_ASIDE, (json.dumps(list(parts), ensure_ascii=False), now))


def guard_itinerary(trip_id: int, read: Row) -> Statement:
    """Fail the batch if any of the `ITINERARY` columns changed since the trip was read."""
    return Statement(GUARD_ITINERARY, (trip_id, *(read[column] for column in ITINERARY)))


def guard_slug_free(slug: str, own_trip_id: int | None = None) -> Statement:
    return Statement(GUARD_SLUG_FREE, (slug, own_trip_id))


def update(trip_id: int, values: Mapping[str, Any], search_text: str, now: str) -> Statement:
    """Store all `EDITED` columns."""
    return Statement(UPDATE, (*(values[column] for column in EDITED), search_text, now, trip_id))


def search_text(trip_name: object, destinations: object) -> str:
    """Return the column that old code searches."""
    return f"{trip_name} {destinations or ''}".strip().lower()


def touch(trip_id: int, now: str) -> Statement:
    """Note that the trip has changed."""
    return Statement(TOUCH, (now, trip_id))


def update_itinerary(trip_id: int, values: Mapping[str, Any], now: str) -> Statement:
    """Store all `ITINERARY` columns."""
    return Statement(UPDATE_ITINERARY, (*(values[column] for column in ITINERARY), now, trip_id))


def insert_itinerary(slug: str, values: Mapping[str, Any]) -> Statement:
    """Store all `ITINERARY` columns of a trip that the same batch creates."""
    return Statement(INSERT_ITINERARY, (*(values[column] for column in ITINERARY), slug))


def insert(values: Mapping[str, Any]) -> Statement:
    """Insert a trip; the statement returns its trip_id. The keys of `values` are the `INSERTED` columns."""
    return Statement(INSERT, tuple(values[column] for column in INSERTED))


WITH_IDS: LiteralString = SUMMARY + "WHERE t.trip_id IN (SELECT w.value FROM json_each(?) w)"

WITH_SLUGS: LiteralString = SUMMARY + "WHERE t.trip_slug IN (SELECT w.value FROM json_each(?) w) ORDER BY t.trip_id"

SLUGS_BEGINNING: LiteralString = """
SELECT trip_slug FROM trips_v2 WHERE trip_slug >= ? AND trip_slug < ? ORDER BY trip_slug LIMIT CAST(? AS INTEGER)
"""

NAMES: LiteralString = """
SELECT trip_id, trip_name FROM trips_v2 WHERE trip_id IN (SELECT w.value FROM json_each(?) w)
"""

EDITABLE: LiteralString = """
SELECT trip_id, trip_name, trip_slug, status, start_date, end_date, total_cost, destinations, group_name,
       primary_client_email, financials, documents, notes, workflow_state
FROM trips_v2 WHERE trip_id = CAST(? AS INTEGER)
"""

ITINERARIES: LiteralString = """
SELECT trip_id, schedule, accommodations, transportation
FROM trips_v2 WHERE trip_id IN (SELECT value FROM json_each(?))
"""

WHOLE: LiteralString = (
    "SELECT "
    + COLUMNS
    + """,
       t.group_name, t.primary_client_email, t.schedule, t.accommodations, t.transportation, t.financials, t.documents,
       t.notes, t.paid_amount, t.workflow_state, t.created_at, t.updated_at,
       EXISTS (SELECT 1 FROM trip_payment_plan p WHERE p.trip_id = t.trip_id) AS planned,
       EXISTS (SELECT 1 FROM trip_proposals p WHERE p.trip_id = t.trip_id) AS proposed
FROM trips_v2 t WHERE t.trip_id = CAST(? AS INTEGER)
"""
)

OF_CLIENT: LiteralString = (
    "SELECT "
    + COLUMNS
    + """, group_concat(a.client_role, ', ') AS roles
FROM trip_client_assignments a JOIN trips_v2 t ON t.trip_id = a.trip_id
WHERE a.client_email = ?
GROUP BY t.trip_id
ORDER BY t.start_date DESC, t.trip_id
LIMIT CAST(? AS INTEGER)
"""
)

LATEST: LiteralString = """
SELECT l.client_email, l.trip_id, l.trip_name, l.start_date
FROM (
    SELECT a.client_email, t.trip_id, t.trip_name, t.start_date,
           row_number() OVER (PARTITION BY a.client_email ORDER BY t.start_date DESC, t.trip_id) AS place
    FROM json_each(?1) w CROSS JOIN trip_client_assignments a ON a.client_email = w.value
    JOIN trips_v2 t ON t.trip_id = a.trip_id
    GROUP BY a.client_email, t.trip_id
) l
WHERE l.place <= CAST(?2 AS INTEGER)
ORDER BY l.client_email, l.place
"""

# D1 returns null for an infinite number.
GUARD_UNCHANGED: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2
    WHERE trip_id = CAST(? AS INTEGER)
      AND trip_name IS ? AND trip_slug IS ? AND status IS ? AND start_date IS ? AND end_date IS ?
      AND (total_cost IS ? OR abs(total_cost) = 9e999)
      AND destinations IS ? AND group_name IS ? AND primary_client_email IS ?
      AND financials IS ? AND documents IS ? AND notes IS ? AND workflow_state IS ?)
"""

GUARD_ITINERARY: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trips_v2
    WHERE trip_id = CAST(? AS INTEGER) AND schedule IS ? AND accommodations IS ? AND transportation IS ?)
"""

GUARD_SLUG_FREE: LiteralString = """
INSERT INTO write_guard (slug_free)
SELECT 0 WHERE EXISTS (SELECT 1 FROM trips_v2 WHERE trip_slug = ? AND trip_id IS NOT CAST(? AS INTEGER))
"""

UPDATE: LiteralString = """
UPDATE trips_v2
SET trip_name = ?, trip_slug = ?, status = ?, start_date = ?, end_date = ?,
    total_cost = coalesce(?, iif(abs(total_cost) = 9e999, total_cost, NULL)), destinations = ?, group_name = ?,
    primary_client_email = ?, financials = ?, documents = ?, notes = ?, workflow_state = ?,
    search_text = ?, updated_at = ?
WHERE trip_id = CAST(? AS INTEGER)
"""

TOUCH: LiteralString = "UPDATE trips_v2 SET updated_at = ? WHERE trip_id = CAST(? AS INTEGER)"

UPDATE_ITINERARY: LiteralString = """
UPDATE trips_v2 SET schedule = ?, accommodations = ?, transportation = ?, updated_at = ?
WHERE trip_id = CAST(? AS INTEGER)
"""

INSERT_ITINERARY: LiteralString = """
UPDATE trips_v2 SET schedule = ?, accommodations = ?, transportation = ? WHERE trip_slug = ?
"""

INSERTED = (
    "trip_name",
    "trip_slug",
    "status",
    "start_date",
    "end_date",
    "destinations",
    "group_name",
    "total_cost",
    "financials",
    "notes",
    "primary_client_email",
    "search_text",
    "created_at",
    "updated_at",
)

INSERT: LiteralString = """
INSERT INTO trips_v2 (trip_name, trip_slug, status, start_date, end_date, destinations, group_name, total_cost,
                      financials, notes, primary_client_email, search_text, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

FACTS: LiteralString = "SELECT * FROM trip_facts WHERE trip_id = CAST(? AS INTEGER)"

KEEP_ASIDE: LiteralString = """
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trips_v2', w.value ->> 1, w.value ->> 0, ?2 FROM json_each(?1) w
"""
