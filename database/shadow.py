"""Shadow reads: compare a trip's clients in the two stores."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, LiteralString

from database.clock import now
from database.engine import Statement
from database.entries import WITH_ENTRIES
from database.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

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


async def pairs_of(db: Database, trip_ids: Sequence[int]) -> list[Row]:
    """Return the pairs of these trips by trip and e-mail: trip_id, email, full_name, role, in_junction, in_json.

    The JSON side must still exist. A pair without a client has no full_name.
    """
    return await db.read(PAIRS_OF, (json.dumps(list(trip_ids)),)) if trip_ids else []


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

PAIRS_OF: LiteralString = (
    WITH_ENTRIES
    + """
SELECT p.trip_id, p.email, c.full_name, p.role, max(p.in_junction) AS in_junction, max(p.in_json) AS in_json
FROM (
    SELECT a.trip_id, a.client_email AS email, a.client_role AS role, 1 AS in_junction, 0 AS in_json
    FROM json_each(?1) w CROSS JOIN trip_client_assignments a WHERE a.trip_id = w.value
    UNION ALL
    SELECT e.trip_id, e.client_email, e.role, 0, 1
    FROM json_each(?1) w CROSS JOIN trip_client_entries e WHERE e.trip_id = w.value AND e.client_email IS NOT NULL
) p
LEFT JOIN clients_v2 c ON c.email = p.email
GROUP BY p.trip_id, p.email, p.role
ORDER BY p.trip_id, p.email, p.role
"""
)
