"""Guests (people in a trip's JSON without a client of their own), and trips with an unreadable client list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database.entries import WITH_ENTRIES
from database.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row, Value


async def on_trips(db: Database, trip_ids: Sequence[int]) -> list[Row]:
    """Return the guests of each trip in their order in the JSON.

    Columns: trip_id, position, name, email, role, shares_with, element.
    `shares_with` is the stored e-mail of the client that the entry shares its e-mail with, or None if there is none.
    """
    return await read_people(db, ON_TRIPS, (json.dumps(list(trip_ids)),)) if trip_ids else []


async def on_small_trips(db: Database, trip_ids: Sequence[int]) -> list[Row]:
    """Return the guests as `on_trips` does, but only of trips that have at most 40 assignments."""
    return await read_people(db, ON_SMALL_TRIPS, (json.dumps(list(trip_ids)),))


async def unreadable(db: Database, trip_ids: Sequence[int]) -> dict[int, int]:
    """Return the latest unaccepted quarantine_id of each trip whose client list could not be read."""
    rows = await db.read(UNREADABLE, (json.dumps(list(trip_ids)),))
    return {row["trip_id"]: row["quarantine_id"] for row in rows}


async def read_people(db: Database, sql: LiteralString, params: Sequence[Value]) -> list[Row]:
    """Run a query over the view trip_people. If the view is missing, run the query over its definition instead."""
    try:
        return await db.read(sql, params)
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise
        return await db.read(WITH_PEOPLE + sql, params)


# The name in an entry, or NULL.
CALLED: LiteralString = """CAST(coalesce(
               nullif(trim(@entry ->> '$.name'), ''), nullif(trim(@entry ->> '$.full_name'), ''),
               nullif(trim(@entry ->> '$.client_name'), ''),
               nullif(trim(coalesce(@entry ->> '$.first_name', '') || ' ' ||
                           coalesce(@entry ->> '$.last_name', '')), '')) AS TEXT)"""

# The body of the view trip_people. A test checks that the two are equal.
PEOPLE: LiteralString = (
    """
SELECT p.trip_id, p.position, p.client_email, p.email, p.role, p.element, p.called,
       CAST(coalesce(p.called, p.email, iif(p.type = 'text', nullif(trim(p.element ->> '$'), ''), NULL),
                     p.element) AS TEXT) AS name
FROM (
    SELECT e.trip_id, e.position, e.client_email, e.email, e.role, e.element, e.type,
           """
    + CALLED.replace("@entry", "e.entry")
    + """ AS called
    FROM trip_client_entries e
) p
"""
)

WITH_PEOPLE: LiteralString = WITH_ENTRIES + ", trip_people AS (" + PEOPLE + ")\n"

# Guests of the trips in `@trips`, a subquery of trip ids. Of several entries with one e-mail, the one with the client's
# first name is the client's own; a single one is theirs unless its name has no word in common with theirs. Most trips
# have only linked entries without names, and are left out at once.
GUESTS: LiteralString = """
SELECT p.trip_id, p.position, p.name, p.email, p.role, p.client_email AS shares_with, p.element
FROM (
    SELECT o.trip_id, o.position, o.name, o.called, o.email, o.role, o.client_email, o.element,
           count(*) OVER (PARTITION BY o.trip_id, o.client_email, o.role) AS n
    FROM trip_people o
    WHERE o.trip_id IN (
        SELECT x.trip_id FROM trip_people x
        WHERE x.trip_id IN (@trips)
          AND iif(x.client_email IS NULL, 1, instr(x.element, 'name') + instr(x.element, '\\') > 0))
) p
LEFT JOIN clients_v2 c ON c.email = p.client_email
WHERE p.client_email IS NULL
   OR p.called IS NOT NULL AND lower(p.called) IS NOT lower(c.full_name) AND iif(
       p.n > 1,
       lower(substr(p.called, 1, instr(p.called || ' ', ' ')))
           IS NOT lower(substr(c.full_name, 1, instr(c.full_name || ' ', ' '))),
       NOT EXISTS (
           SELECT 1 FROM json_each('[' || replace(json_quote(lower(p.called)), ' ', '","') || ']') w
           WHERE w.value <> '' AND instr(' ' || lower(c.full_name) || ' ', ' ' || w.value || ' ') > 0))
"""

ON_TRIPS: LiteralString = GUESTS.replace("@trips", "SELECT w.value FROM json_each(?) w") + "ORDER BY 1, 2"

ON_SMALL_TRIPS: LiteralString = ON_TRIPS.replace(
    "FROM json_each(?) w",
    """FROM json_each(?) w
    WHERE (
        SELECT count(*) FROM (SELECT 1 FROM trip_client_assignments a WHERE a.trip_id = w.value LIMIT 41)) <= 40""",
)

UNREADABLE: LiteralString = """
SELECT u.trip_id, max(u.quarantine_id) AS quarantine_id
FROM trip_clients_quarantine u
WHERE u.trip_id IN (SELECT w.value FROM json_each(?) w)
  AND NOT EXISTS (
      SELECT 1 FROM accepted_findings f
      WHERE f.kind = 'quarantine' AND f.trip_id = u.trip_id AND f.value = CAST(u.quarantine_id AS TEXT))
GROUP BY u.trip_id
"""
