"""Queries for who travels when: the trips of a period, without those that were cancelled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database.engine import Statement
from database.guests import GUESTS, read_people
from database.roles import travels_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row


class Period(NamedTuple):
    """A filter for trips under way between two days, inclusive. `client_id` None matches everybody's trips."""

    first: str
    last: str
    client_id: int | None = None


async def trips_in(db: Database, period: Period, limit: int) -> tuple[list[Row], list[tuple[int, str]]]:
    """Return up to `limit` trips by first day, and the ids and first days of all trips in the period."""
    page, every = Statement(TRIPS_IN, (*period, limit)), Statement(EVERY_TRIP_IN, period)
    found = await db.read_many([page, every])
    return found.of(page), [(row["trip_id"], row["start"]) for row in found.of(every)]


async def count_travelers(db: Database, trip_ids: Sequence[int]) -> int:
    """Count the people who travel on these trips: clients once, guests once for each trip."""
    return (await read_people(db, COUNT_TRAVELERS, (json.dumps(list(trip_ids)),)))[0]["n"]


async def clashes(db: Database, trip_ids: Sequence[int], client_id: int | None, limit: int) -> list[Row]:
    """Return up to `limit` of these trips that a client begins while another one goes on, by day; `total` counts all.

    Columns: client_id, name, first_id, first_name, second_id, second_name, first_day, last_day. The first trip is that
    of those begun before that ends last. A trip may begin on the day on which another ends. `client_id` None looks at
    every client.
    """
    return await db.read(CLASHES, (json.dumps(list(trip_ids)), client_id, limit))


# A trip's first and last day. It can end before it starts, over the date line or in an old database. Dates of old
# databases can have a time, or be none.
_START: LiteralString = "substr(t.start_date, 1, 10)"
_END: LiteralString = (
    "substr(max(t.start_date, iif(t.end_date GLOB '[0-9][0-9][0-9][0-9]-[0-9]*', t.end_date, t.start_date)), 1, 10)"
)

_WANTED: LiteralString = (
    """
FROM trips_v2 t
WHERE t.start_date <= ?2 || 'T99' AND """
    + _END
    + """ >= ?1
  AND lower(coalesce(t.status, '')) NOT IN ('cancelled', 'canceled')
  AND (?3 IS NULL OR EXISTS (
      SELECT 1 FROM clients_v2 c JOIN trip_client_assignments a ON a.client_email = c.email
      WHERE c.client_id = CAST(?3 AS INTEGER) AND a.trip_id = t.trip_id))
"""
)

TRIPS_IN: LiteralString = (
    "SELECT t.trip_id, t.trip_name, t.destinations, t.status, "
    + _START
    + " AS start, "
    + _END
    + ' AS "end"'
    + _WANTED
    + "ORDER BY t.start_date, t.trip_id LIMIT CAST(?4 AS INTEGER)"
)

EVERY_TRIP_IN: LiteralString = "SELECT t.trip_id, " + _START + " AS start" + _WANTED

COUNT_TRAVELERS: LiteralString = (
    """
SELECT (
    SELECT count(DISTINCT a.client_email)
    FROM json_each(?1) w CROSS JOIN trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
    WHERE a.trip_id = w.value AND """
    + travels_sql("a.client_role")
    + ") + (SELECT count(*) FROM ("
    + GUESTS.replace("@trips", "SELECT w.value FROM json_each(?1) w")
    + ") g WHERE "
    + travels_sql("g.role")
    + ") AS n"
)

_JOURNEYS: LiteralString = (
    """
    SELECT a.client_email, t.trip_id, t.trip_name, """
    + _START
    + " AS start, "
    + _END
    + """ AS "end"
    FROM json_each(?1) w CROSS JOIN trips_v2 t ON t.trip_id = w.value
    JOIN trip_client_assignments a ON a.trip_id = t.trip_id
    WHERE """
    + travels_sql("a.client_role")
    + """
    GROUP BY a.client_email, t.trip_id
"""
)

# A day and an id as text of which the greatest is that of the last day, so that each trip is compared with one other.
CLASHES: LiteralString = (
    "WITH journeys AS MATERIALIZED ("
    + _JOURNEYS
    + """), ordered AS (
    SELECT j.*, max(substr(j."end" || '          ', 1, 10) || j.trip_id) OVER (
        PARTITION BY j.client_email ORDER BY j.start, j.trip_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before
    FROM journeys j
)
SELECT c.client_id, c.full_name AS name, t.trip_id AS first_id, t.trip_name AS first_name,
       s.trip_id AS second_id, s.trip_name AS second_name, s.start AS first_day, min("""
    + _END
    + """, s."end") AS last_day, count(*) OVER () AS total
FROM ordered s
JOIN trips_v2 t ON t.trip_id = CAST(substr(s.before, 11) AS INTEGER)
JOIN clients_v2 c ON c.email = s.client_email
WHERE (s.start < """
    + _END
    + " AND "
    + _START
    + """ < s."end" OR s.start = """
    + _START
    + """ AND s."end" = """
    + _END
    + """)
  AND (?2 IS NULL OR c.client_id = CAST(?2 AS INTEGER))
ORDER BY s.start, """
    + _START
    + """, c.client_id, t.trip_id, s.trip_id
LIMIT CAST(?3 AS INTEGER)
"""
)
