"""Shadow reads: compare a trip's clients in the two stores."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, LiteralString

from database.clock import now
from database.engine import Statement
from database.entries import WITH_ENTRIES
from database.errors import DatabaseError

if TYPE_CHECKING:
    from database.engine import Database

logger = logging.getLogger("voygen.shadow")


async def compare_stores(db: Database, trip_id: int) -> None:
    """Count a mismatch if the two stores have different clients for the trip.

    Database errors are only logged, so that they never fail the read that is being checked.
    """
    try:
        differing = await db.shadow_read(PAIRS_THAT_DIFFER, (trip_id,))
        if differing:
            logger.warning("trip %d: %d pairs are in one store only", trip_id, len(differing))
            await db.batch([Statement(COUNT_MISMATCH, (trip_id, now()))])
    except DatabaseError as error:
        logger.warning("trip %d: the stores could not be compared: %s", trip_id, error)


PAIRS_THAT_DIFFER: LiteralString = (
    WITH_ENTRIES
    + """
SELECT p.email, p.role
FROM (
    SELECT a.client_email AS email, a.client_role AS role, 1 AS n
    FROM trip_client_assignments a WHERE a.trip_id = CAST(?1 AS INTEGER)
    UNION ALL
    SELECT DISTINCT e.client_email, e.role, -1
    FROM trip_client_entries e WHERE e.trip_id = CAST(?1 AS INTEGER) AND e.client_email IS NOT NULL
) p
GROUP BY p.email, p.role
HAVING sum(p.n) <> 0
"""
)

COUNT_MISMATCH: LiteralString = """
INSERT INTO shadow_mismatches (trip_id, times, first_at, last_at) VALUES (CAST(?1 AS INTEGER), 1, ?2, ?2)
ON CONFLICT (trip_id) DO UPDATE SET times = times + 1, last_at = excluded.last_at
"""
