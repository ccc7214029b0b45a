"""Bulk deletion of clients and trips, which are first copied to orphaned_rows, and bulk cancellation of trips."""

from __future__ import annotations

import json
from asyncio import gather
from typing import TYPE_CHECKING, LiteralString

from database import tables
from database.actor import actor
from database.engine import Statement
from database.entries import WITH_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row


async def clients_holding(db: Database, in_email: Sequence[str], in_name: Sequence[str]) -> list[Row]:
    """Return clients whose e-mail or name contains one of the lowercase texts, each with its number of trips."""
    return await db.read(CLIENTS_HOLDING, (json.dumps(list(in_email)), json.dumps(list(in_name))))


async def trips_holding(db: Database, in_name: Sequence[str]) -> list[Row]:
    """Return trips whose name contains one of the lowercase texts, with the number of travelers and of payments."""
    return await db.read(TRIPS_HOLDING, (json.dumps(list(in_name)),))


async def delete_clients(db: Database, read: Sequence[Row], now: str) -> list[Statement]:
    """Delete the clients after logging and copying them to orphaned_rows. A guard fails if one has changed since.

    Each copy has the `client` row, its `assignments`, their
    JSON `entries` (current or archived) and `primary_of`, the ids of the trips with this primary client. The entries of
    other people who share the e-mail stay on the trips and are not copied.
    """
    same = json.dumps([[row["client_id"], row["email"], row["full_name"]] for row in read], ensure_ascii=False)
    client, assignment = await gather(tables.columns(db, "clients_v2"), _assignment_as_json(db))
    set_aside = SET_CLIENTS_ASIDE.replace("@row", tables.row_as_json("c", [row["name"] for row in client]))
    return [
        Statement(GUARD_CLIENTS, (same,)),
        Statement(set_aside.replace("@assignment", assignment), (same, now)),
        Statement(KEEP_ENTRIES, (same, now), mirrors=True),
        Statement(LOG_CLIENTS, (same, now, actor())),
        Statement(DELETE_CLIENTS, (same,)),
        Statement(FORGET_GUESTS, (same, now), mirrors=True),
        Statement(FORGET_ARCHIVED_GUESTS, (same, now)),
    ]


async def delete_trips(db: Database, read: Sequence[Row], now: str) -> list[Statement]:
    """Delete the trips after logging and copying them to orphaned_rows. A guard fails if one has changed since.

    Each copy has the `trip` row, its `assignments`, the `archive`
    of its JSON entries, and its `activity`.
    """
    same = _same_trips(read)
    trip, entry, assignment = await gather(
        tables.columns(db, "trips_v2"), tables.columns(db, "ActivityLog"), _assignment_as_json(db)
    )
    names = [row["name"] for row in trip if row["name"] != "clients"]
    activity = [row["name"] for row in entry]
    set_aside = SET_TRIPS_ASIDE.replace("@row", tables.row_as_json("t", names)).replace("@assignment", assignment)
    return [
        Statement(GUARD_TRIPS, (same,)),
        Statement(set_aside.replace("@activity", tables.row_as_json("l", activity)), (same, now)),
        Statement(KEEP_CLIENTS_COLUMN, (same, now), mirrors=True),
        Statement(LOG_DELETED, (same, now, actor())),
        Statement(FORGET_ARCHIVE, (same,)),
        Statement(FORGET_FACTS, (same,)),
        Statement(DELETE_TRIPS, (same,)),
        # Must come last, because deleting a trip adds it to facts_dirty.
        Statement(FORGET_DIRTY, (same,)),
    ]


def cancel_trips(read: Sequence[Row], now: str) -> list[Statement]:
    """Cancel and log the trips. A guard fails if one has changed since it was read, or is cancelled."""
    same = _same_trips(read)
    return [
        Statement(GUARD_TRIPS, (same,)),
        Statement(LOG_CANCELLED, (same, now, actor())),
        Statement(CANCEL_TRIPS, (same, now)),
    ]


async def _assignment_as_json(db: Database) -> LiteralString:
    names = [row["name"] for row in await tables.columns(db, "trip_client_assignments")]
    return tables.row_as_json("a", names)


def _same_trips(read: Sequence[Row]) -> str:
    return json.dumps([[row["trip_id"], row["trip_name"]] for row in read], ensure_ascii=False)


CLIENTS_HOLDING: LiteralString = """
SELECT c.client_id, c.email, c.full_name,
       (SELECT count(DISTINCT a.trip_id) FROM trip_client_assignments a WHERE a.client_email = c.email) AS trips
FROM clients_v2 c
WHERE EXISTS (SELECT 1 FROM json_each(?1) w WHERE instr(lower(c.email), w.value) > 0)
   OR EXISTS (SELECT 1 FROM json_each(?2) w WHERE instr(lower(c.full_name), w.value) > 0)
ORDER BY c.client_id
"""

TRIPS_HOLDING: LiteralString = """
SELECT t.trip_id, t.trip_name, t.status, t.start_date, t.end_date,
       (SELECT count(DISTINCT a.client_email) FROM trip_client_assignments a WHERE a.trip_id = t.trip_id) AS travelers,
       (SELECT count(*) FROM trip_payments p WHERE p.trip_id = t.trip_id) AS payments
FROM trips_v2 t
WHERE EXISTS (SELECT 1 FROM json_each(?) w WHERE instr(lower(t.trip_name), w.value) > 0)
ORDER BY t.trip_id
"""

# FROM clauses for those rows listed in ?1 that are unchanged since they were read.
_SAME_CLIENTS: LiteralString = """json_each(?1) w
CROSS JOIN clients_v2 c ON c.client_id = w.value ->> 0 AND c.email IS w.value ->> 1 AND c.full_name IS w.value ->> 2
"""

_SAME_TRIPS: LiteralString = """json_each(?1) w
CROSS JOIN trips_v2 t ON t.trip_id = w.value ->> 0 AND t.trip_name IS w.value ->> 1
"""

GUARD_CLIENTS: LiteralString = (
    "INSERT INTO write_guard (clients_exist) SELECT 0 WHERE json_array_length(?1) <> (SELECT count(*) FROM "
    + _SAME_CLIENTS
    + ")"
)

GUARD_TRIPS: LiteralString = (
    "INSERT INTO write_guard (trip_unchanged) SELECT 0 WHERE json_array_length(?1) <> (SELECT count(*) FROM "
    + _SAME_TRIPS
    + ")"
)

_ASIDE: LiteralString = """INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
"""

_ASSIGNMENTS: LiteralString = "json((SELECT json_group_array(@assignment) FROM trip_client_assignments a WHERE @where))"

SET_CLIENTS_ASIDE: LiteralString = (
    _ASIDE
    + """SELECT 'clients_v2', json_object(
    'client', @row,
    'assignments', """
    + _ASSIGNMENTS.replace("@where", "a.client_email = c.email")
    + """,
    'entries', json((
        SELECT json_group_array(json_object(
            'trip_id', h.trip_id, 'position', h.position, 'assignment_id', h.assignment_id, 'element', h.element))
        FROM trip_client_assignments a JOIN trip_client_archive h ON h.assignment_id = a.assignment_id
        WHERE a.client_email = c.email)),
    'primary_of', json((SELECT json_group_array(t.trip_id) FROM trips_v2 t WHERE t.primary_client_email = c.email))),
    'cleanup', ?2
FROM """
    + _SAME_CLIENTS
)

# Preserves the keys of an entry that exist only in the JSON.
KEEP_ENTRIES: LiteralString = (
    WITH_ENTRIES
    + """
UPDATE orphaned_rows
SET row_data = json_set(row_data, '$.entries', json((
    SELECT json_group_array(json_object(
        'trip_id', e.trip_id, 'position', e.position, 'assignment_id', a.assignment_id, 'element', e.element))
    FROM trip_client_assignments a
    CROSS JOIN trip_client_entries e
      ON e.trip_id = a.trip_id AND e.email = a.client_email AND e.role = a.client_role
    WHERE a.client_email = row_data ->> '$.client.email')))
WHERE table_name = 'clients_v2' AND reason = 'cleanup' AND set_aside_at = ?2
  AND row_data ->> '$.client.client_id' IN (SELECT c.client_id FROM """
    + _SAME_CLIENTS
    + ")"
)

# Keeps only those entries that the deletion removed.
_FORGET: LiteralString = """
UPDATE orphaned_rows
SET row_data = json_set(row_data, '$.entries', json((
    SELECT json_group_array(json(h.value)) FROM json_each(row_data, '$.entries') h
    WHERE NOT EXISTS (
        SELECT 1 FROM @stays e
        WHERE e.trip_id = h.value ->> '$.trip_id' AND @same))))
WHERE table_name = 'clients_v2' AND reason = 'cleanup' AND set_aside_at = ?2
  AND row_data ->> '$.client.client_id' IN (SELECT w.value ->> 0 FROM json_each(?1) w)
"""

FORGET_GUESTS: LiteralString = WITH_ENTRIES + _FORGET.replace("@stays", "trip_client_entries").replace(
    "@same", "json(e.element) = json(h.value ->> '$.element')"
)

FORGET_ARCHIVED_GUESTS: LiteralString = _FORGET.replace("@stays", "trip_client_archive").replace(
    "@same", "e.position = h.value ->> '$.position' AND e.assignment_id IS NULL"
)

LOG_CLIENTS: LiteralString = (
    """
INSERT INTO ActivityLog (activity_type, activity_details, created_at, actor)
SELECT 'ClientDeleted', 'Deleted ' || c.full_name || ' <' || c.email || '>, client ' || c.client_id, ?2, ?3
FROM """
    + _SAME_CLIENTS
)

DELETE_CLIENTS: LiteralString = (
    "DELETE FROM clients_v2 WHERE client_id IN (SELECT c.client_id FROM " + _SAME_CLIENTS + ")"
)

SET_TRIPS_ASIDE: LiteralString = (
    _ASIDE
    + """SELECT 'trips_v2', json_object(
    'trip', @row,
    'assignments', """
    + _ASSIGNMENTS.replace("@where", "a.trip_id = t.trip_id")
    + """,
    'archive', json((
        SELECT json_group_array(json_object(
            'trip_id', h.trip_id, 'position', h.position, 'assignment_id', h.assignment_id, 'element', h.element))
        FROM trip_client_archive h WHERE h.trip_id = t.trip_id)),
    'activity', json((SELECT json_group_array(@activity) FROM ActivityLog l WHERE l.trip_id = t.trip_id))),
    'cleanup', ?2
FROM """
    + _SAME_TRIPS
)

KEEP_CLIENTS_COLUMN: LiteralString = (
    """
UPDATE orphaned_rows
SET row_data = json_set(row_data, '$.trip.clients', (
    SELECT iif(typeof(t.clients) = 'blob', lower(hex(t.clients)), t.clients)
    FROM trips_v2 t WHERE t.trip_id = row_data ->> '$.trip.trip_id'))
WHERE table_name = 'trips_v2' AND reason = 'cleanup' AND set_aside_at = ?2
  AND row_data ->> '$.trip.trip_id' IN (SELECT t.trip_id FROM """
    + _SAME_TRIPS
    + ")"
)

LOG_DELETED: LiteralString = (
    """
INSERT INTO ActivityLog (activity_type, activity_details, trip_id, created_at, actor)
SELECT 'TripDeleted', 'Deleted ' || t.trip_name, t.trip_id, ?2, ?3
FROM """
    + _SAME_TRIPS
)

FORGET_ARCHIVE: LiteralString = (
    "DELETE FROM trip_client_archive WHERE trip_id IN (SELECT t.trip_id FROM " + _SAME_TRIPS + ")"
)

FORGET_FACTS: LiteralString = "DELETE FROM trip_facts WHERE trip_id IN (SELECT t.trip_id FROM " + _SAME_TRIPS + ")"

DELETE_TRIPS: LiteralString = "DELETE FROM trips_v2 WHERE trip_id IN (SELECT t.trip_id FROM " + _SAME_TRIPS + ")"

FORGET_DIRTY: LiteralString = """
DELETE FROM facts_dirty
WHERE trip_id IN (SELECT w.value ->> 0 FROM json_each(?) w)
  AND NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = facts_dirty.trip_id)
"""

LOG_CANCELLED: LiteralString = (
    """
INSERT INTO ActivityLog (activity_type, activity_details, trip_id, created_at, actor)
SELECT 'StatusChanged', 'Status: ' || coalesce(t.status, 'none') || ' became cancelled', t.trip_id, ?2, ?3
FROM """
    + _SAME_TRIPS
    + "WHERE t.status IS NOT 'cancelled'"
)

CANCEL_TRIPS: LiteralString = (
    """
UPDATE trips_v2 SET status = 'cancelled', updated_at = ?2
WHERE trip_id IN (SELECT t.trip_id FROM """
    + _SAME_TRIPS
    + """WHERE t.status IS NOT 'cancelled')
"""
)
