"""Trip facts, and the queue of trips whose facts are out of date."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement
from database.facts_sql import COMPUTE, CURRENT, DUE_NOW

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from database.engine import Database, Row

# Reasons why the facts of a trip that is not queued are stale.
NEVER_COMPUTED = "never_computed"
BY_OLD_CODE = "computed_by_old_code"


async def page(
    db: Database, trip_ids: Collection[int] | None, filters: Mapping[str, Any], after: int | None, limit: int
) -> list[Row]:
    """Return up to `limit` trips with an id above `after`, with their facts and up to 20 `stale_reasons`.

    `trip_ids` None means all trips. The keys of `filters` are those in `MATCHING`; e-mails must be normalized with
    `clients.fold`.
    """
    return await db.read(PAGE, (_ids(trip_ids), json.dumps(dict(filters)), after, limit))


async def count(db: Database, trip_ids: Collection[int] | None, filters: Mapping[str, Any]) -> int:
    """Count all trips that `page` would return without `after` and `limit`."""
    return (await db.read(COUNT, (_ids(trip_ids), json.dumps(dict(filters)))))[0]["n"]


async def known(db: Database, trip_ids: Collection[int]) -> set[int]:
    """Return the ids that belong to existing trips."""
    return {row["trip_id"] for row in await db.read(KNOWN, (json.dumps(sorted(set(trip_ids))),))}


async def due(db: Database, limit: int, trip_id: int | None = None, *, force: bool = False) -> list[Row]:
    """Return the next trips to compute: trip_id, `queued` (queue row ids as JSON), and facts `version` if not queued.

    Queued trips, including deleted ones, come first, in the order they were queued. Trips without current facts come
    next. With `force`, all other trips follow, least recently computed first.
    """
    return await db.read(DUE, (limit, trip_id, int(force)))


async def refresh(db: Database, read: Sequence[Row], now: str) -> tuple[set[int], set[int]]:
    """Compute the facts of the trips read with `due`, and delete exactly the queue rows that were read.

    Returns the ids of the computed trips, and the ids of the trips removed from the queue. Trips that another refresh
    computed first are skipped. Also deletes the facts of deleted trips.
    """
    queued = json.dumps([number for row in read for number in json.loads(row["queued"])])
    others = json.dumps([[row["trip_id"], row["version"]] for row in read if row["queued"] == "[]"])
    due = Statement(DUE_NOW, (queued, others), kept=True)
    results = await db.batch(
        [due, Statement(COMPUTE, (queued, others, now)), Statement(FORGET, (queued,)), Statement(TAKE, (queued,))]
    )
    computed, taken = json.loads(results.of(due)[0]["value"])
    return set(computed), set(taken)


def mark(trip_ids: Collection[int], reason: str, now: str) -> Statement:
    """Queue trips for this reason, unless they are already queued for it."""
    return Statement(MARK, (json.dumps(sorted(set(trip_ids))), reason, now))


async def mark_and_count(db: Database, trip_ids: Collection[int], reason: str, now: str) -> int:
    """Queue trips as `mark` does, and return the number of newly queued trips."""
    mark_them = mark(trip_ids, reason, now)
    marked = Statement(MARKED, mark_them.params, kept=True)
    return (await db.batch([mark_them, marked])).of(marked)[0]["value"]


async def totals(db: Database) -> Row:
    """Return counts for the whole database, and the times of the oldest and newest computation."""
    return (await db.read(TOTALS))[0]


async def reasons(db: Database, limit: int) -> list[Row]:
    """Return the queue's reasons with their row counts, most frequent first."""
    return await db.read(REASONS, (limit,))


def _ids(trip_ids: Collection[int] | None) -> str | None:
    return None if trip_ids is None else json.dumps(sorted(trip_ids))


_STALE: LiteralString = "(NOT " + CURRENT + " OR EXISTS (SELECT 1 FROM facts_dirty d WHERE d.trip_id = t.trip_id))"

MATCHING: LiteralString = """
FROM trips_v2 t
LEFT JOIN trip_facts f ON f.trip_id = t.trip_id
WHERE (?1 IS NULL OR t.trip_id IN (SELECT w.value FROM json_each(?1) w))
  AND (?2 ->> '$.status' IS NULL OR t.status = ?2 ->> '$.status')
  AND (?2 ->> '$.starts_after' IS NULL OR t.start_date >= ?2 ->> '$.starts_after')
  AND (?2 ->> '$.starts_before' IS NULL OR t.start_date <= ?2 ->> '$.starts_before')
  AND (?2 ->> '$.min_nights' IS NULL OR f.total_nights >= ?2 ->> '$.min_nights')
  AND (?2 ->> '$.max_nights' IS NULL OR f.total_nights <= ?2 ->> '$.max_nights')
  AND (?2 ->> '$.min_cost' IS NULL OR f.total_cost >= ?2 ->> '$.min_cost')
  AND (?2 ->> '$.max_cost' IS NULL OR f.total_cost <= ?2 ->> '$.max_cost')
  AND (?2 ->> '$.min_travelers' IS NULL OR f.traveler_count >= ?2 ->> '$.min_travelers')
  AND (?2 ->> '$.max_travelers' IS NULL OR f.traveler_count <= ?2 ->> '$.max_travelers')
  AND (?2 ->> '$.client_email' IS NULL OR t.trip_id IN (
      SELECT a.trip_id
      FROM clients_v2 c CROSS JOIN trip_client_assignments a ON a.client_email = c.email
      WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = ?2 ->> '$.client_email'))
"""

PAGE: LiteralString = (
    """
SELECT t.trip_id, t.trip_name, t.trip_slug, t.status, t.start_date, t.end_date, t.destinations,
       f.total_nights, f.total_hotels, f.total_activities, f.total_cost, f.transit_minutes, f.traveler_count,
       f.traveler_names, f.traveler_emails, f.primary_client_email, f.primary_client_name, f.last_computed, f.version,
       (SELECT json_group_array(s.reason) FROM (
            SELECT iif(f.trip_id IS NULL, '"""
    + NEVER_COMPUTED
    + "', '"
    + BY_OLD_CODE
    + "') AS reason WHERE NOT "
    + CURRENT
    + """
            UNION ALL
            SELECT q.reason FROM (
                SELECT d.reason FROM facts_dirty d WHERE d.trip_id = t.trip_id ORDER BY d.reason LIMIT 20) q
        ) s) AS stale_reasons
"""
    + MATCHING
    + """
  AND (?3 IS NULL OR t.trip_id > CAST(?3 AS INTEGER))
ORDER BY t.trip_id
LIMIT CAST(?4 AS INTEGER)
"""
)

COUNT: LiteralString = "SELECT count(*) AS n" + MATCHING

KNOWN: LiteralString = "SELECT t.trip_id FROM json_each(?) w CROSS JOIN trips_v2 t ON t.trip_id = w.value"

DUE: LiteralString = (
    """
SELECT p.trip_id, p.queued, p.version
FROM (
    SELECT d.trip_id, json_group_array(d.id) AS queued, NULL AS version, 0 AS turn, min(d.id) AS since
    FROM facts_dirty d
    GROUP BY d.trip_id
    UNION ALL
    SELECT t.trip_id, '[]', f.version, iif("""
    + CURRENT
    + """, 2, 1), f.last_computed
    FROM trips_v2 t LEFT JOIN trip_facts f ON f.trip_id = t.trip_id
    WHERE (NOT """
    + CURRENT
    + """ OR CAST(?3 AS INTEGER) = 1)
      AND NOT EXISTS (SELECT 1 FROM facts_dirty d WHERE d.trip_id = t.trip_id)
) p
WHERE ?2 IS NULL OR p.trip_id = CAST(?2 AS INTEGER)
ORDER BY p.turn, p.since, p.trip_id
LIMIT CAST(?1 AS INTEGER)
"""
)

FORGET: LiteralString = """
DELETE FROM trip_facts
WHERE trip_id IN (SELECT d.trip_id FROM json_each(?) q CROSS JOIN facts_dirty d ON d.id = q.value)
  AND NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = trip_facts.trip_id)
"""

TAKE: LiteralString = "DELETE FROM facts_dirty WHERE id IN (SELECT q.value FROM json_each(?) q)"

MARK: LiteralString = """
INSERT INTO facts_dirty (trip_id, reason, created_at)
SELECT t.trip_id, ?2, ?3
FROM json_each(?1) w CROSS JOIN trips_v2 t ON t.trip_id = w.value
WHERE NOT EXISTS (SELECT 1 FROM facts_dirty d WHERE d.trip_id = t.trip_id AND d.reason = ?2)
"""

MARKED: LiteralString = """
SELECT count(*) AS value FROM json_each(?1) w CROSS JOIN facts_dirty d
WHERE d.trip_id = w.value AND d.reason = ?2 AND d.created_at = ?3
"""

TOTALS: LiteralString = (
    """
SELECT count(*) AS trips, count(f.trip_id) AS with_facts, coalesce(sum("""
    + _STALE
    + """), 0) AS stale,
       (SELECT count(*) FROM facts_dirty) AS dirty_rows,
       (SELECT count(DISTINCT d.trip_id) FROM facts_dirty d
        WHERE NOT EXISTS (SELECT 1 FROM trips_v2 x WHERE x.trip_id = d.trip_id)) AS gone,
       (SELECT o.last_computed FROM trip_facts o WHERE datetime(o.last_computed) IS NOT NULL
        ORDER BY datetime(o.last_computed), o.last_computed LIMIT 1) AS oldest_computed,
       (SELECT n.last_computed FROM trip_facts n WHERE datetime(n.last_computed) IS NOT NULL
        ORDER BY datetime(n.last_computed) DESC, n.last_computed DESC LIMIT 1) AS newest_computed
FROM trips_v2 t
LEFT JOIN trip_facts f ON f.trip_id = t.trip_id
"""
)

REASONS: LiteralString = """
SELECT reason, count(*) AS rows FROM facts_dirty
GROUP BY reason ORDER BY count(*) DESC, reason LIMIT CAST(? AS INTEGER)
"""
