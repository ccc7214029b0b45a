"""Slugs for trips without one, and for trips that share one, in small batches beside other writers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement
from database.slugs import FreeSlugs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Database, Row

# Trips per batch.
AT_ONCE = 500

# The lowest id that SQLite can store.
LOWEST_ID = -(2**63)


async def fill_slugs(db: Database, pause: float) -> int:
    """Give a new slug to each trip without one, and to all but the first of the trips that share one.

    Return their number. `pause` is the time between two batches, in seconds.
    """
    filled, again = 0, True
    while again:
        again, start = False, LOWEST_ID
        numbers: Mapping[str, int] = {}
        while trips := await db.read(WITHOUT_SLUG, (start, AT_ONCE)):
            slugs, numbers = await _free_slugs(db, trips, numbers)
            pairs = [(trip["trip_id"], slug) for trip, slug in zip(trips, slugs, strict=True)]
            given = Statement(GIVEN, (json.dumps(pairs),), kept=True)
            done = (await db.batch([Statement(FILL, given.params), given])).of(given)[0]["value"]
            filled += done
            again = again or done < len(trips)  # somebody else took a slug or gave a trip one
            start = trips[-1]["trip_id"] + 1
            if len(trips) == AT_ONCE:
                await asyncio.sleep(pause)
    return filled


async def _free_slugs(
    db: Database, trips: Sequence[Row], numbers: Mapping[str, int]
) -> tuple[list[str], Mapping[str, int]]:
    """Return an unused slug for each trip, and the last number of each name. `numbers` are those of earlier trips."""
    taken: set[str] = set()
    while True:
        free = FreeSlugs(taken, numbers)
        slugs = [free.take(str(trip["trip_name"])) for trip in trips]
        found = {row["trip_slug"] for row in await db.read(TAKEN, (json.dumps(slugs),))}
        if not found:
            return slugs, free.numbers
        taken |= found


WITHOUT_SLUG: LiteralString = """
SELECT t.trip_id, t.trip_name FROM trips_v2 t
WHERE t.trip_id >= CAST(? AS INTEGER)
  AND (t.trip_slug IS NULL OR t.trip_slug = ''
       OR EXISTS (SELECT 1 FROM trips_v2 o WHERE o.trip_slug = t.trip_slug AND o.trip_id < t.trip_id))
ORDER BY t.trip_id LIMIT CAST(? AS INTEGER)
"""

TAKEN: LiteralString = """
SELECT DISTINCT t.trip_slug FROM json_each(?) w CROSS JOIN trips_v2 t WHERE t.trip_slug = w.value
"""

FILL: LiteralString = """
UPDATE trips_v2 SET trip_slug = w.value ->> 1
FROM json_each(?) w
WHERE trips_v2.trip_id = w.value ->> 0
  AND (trips_v2.trip_slug IS NULL OR trips_v2.trip_slug = ''
       OR EXISTS (SELECT 1 FROM trips_v2 o WHERE o.trip_slug = trips_v2.trip_slug AND o.trip_id < trips_v2.trip_id))
  AND NOT EXISTS (SELECT 1 FROM trips_v2 o WHERE o.trip_slug = w.value ->> 1)
"""

GIVEN: LiteralString = """
SELECT count(*) AS value FROM json_each(?) w CROSS JOIN trips_v2 t
WHERE t.trip_id = w.value ->> 0 AND t.trip_slug = w.value ->> 1
"""
