"""Guests: people in a trip's JSON who have no client of their own, and client lists that could not be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row


async def on_trips(db: Database, trip_ids: Sequence[int]) -> list[Row]:
    """Return the guests of each trip in the order of the JSON: trip_id, position, name, email, role, shares_with.

    `shares_with` is the client whose e-mail the entry has, or None for an unlinked entry.
    """
    return await db.read(ON_TRIPS, (json.dumps(list(trip_ids)),))


async def unreadable(db: Database, trip_ids: Sequence[int]) -> dict[int, int]:
    """Return the latest quarantine_id of each trip with a client list that could not be read."""
    rows = await db.read(UNREADABLE, (json.dumps(list(trip_ids)),))
    return {row["trip_id"]: row["quarantine_id"] for row in rows}


# Guests of the trips in `@trips`, a subquery of trip ids.
GUESTS: LiteralString = """
SELECT p.trip_id, p.position, p.name, p.email, p.role, p.client_email AS shares_with
FROM (
    SELECT o.trip_id, o.position, o.name, o.email, o.role, o.client_email,
           count(*) OVER (PARTITION BY o.trip_id, o.client_email, o.role) AS n
    FROM trip_people o WHERE o.trip_id IN (@trips)
) p
LEFT JOIN clients_v2 c ON c.email = p.client_email
WHERE p.client_email IS NULL OR p.n > 1 AND lower(p.name) IS NOT lower(c.full_name)
"""

ON_TRIPS: LiteralString = GUESTS.replace("@trips", "SELECT w.value FROM json_each(?) w") + "ORDER BY 1, 2"

UNREADABLE: LiteralString = """
SELECT u.trip_id, max(u.quarantine_id) AS quarantine_id
FROM trip_unreadable u WHERE u.trip_id IN (SELECT w.value FROM json_each(?) w)
GROUP BY u.trip_id
"""
