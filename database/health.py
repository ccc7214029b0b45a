"""Health counts of the database, and the log of database faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# Number of latest assignments to verify; the limit keeps the cost constant.
PROBED = 1_000


async def counts(db: Database, errors_since: str) -> Row:
    """Return counts of trips, clients and assignments, and of problems that need attention."""
    return (await db.read(COUNTS, (errors_since,)))[0]


async def broken_assignments(db: Database) -> int:
    """Count the assignments among the latest `PROBED` whose trip or client is missing."""
    return (await db.read(BROKEN_ASSIGNMENTS, (PROBED,)))[0]["n"]


async def ledger(db: Database) -> list[Row]:
    """Return the applied migrations in order: `name`, and `checked` (true if the checksum was recorded)."""
    return await db.read(LEDGER)


async def look_at_phase(db: Database) -> None:
    """Read the phase. Raises ProgramTooOld if a newer voygen migrated the schema."""
    await db.shadow_read("SELECT phase FROM migration_phase")


async def fault_groups(db: Database, since: str, limit: int) -> list[Row]:
    """Group faults by operation and message, most frequent first; `groups` and `faults` are overall totals."""
    return await db.read(FAULT_GROUPS, (since, limit))


async def unresolved(db: Database, pattern: str, session_id: str | None) -> list[int]:
    """Return the ids of unresolved faults whose message contains `pattern`, optionally of one session only."""
    return [row["id"] for row in await db.read(UNRESOLVED, (pattern, session_id))]


def resolve_faults(ids: Sequence[int], resolution: str) -> Statement:
    return Statement(RESOLVE, (json.dumps(ids), resolution))


COUNTS: LiteralString = """
SELECT (SELECT count(*) FROM trips_v2) AS trips,
       (SELECT count(*) FROM clients_v2) AS clients,
       (SELECT count(*) FROM trip_client_assignments) AS assignments,
       (SELECT count(*) FROM facts_dirty) AS dirty_facts,
       (SELECT count(*) FROM db_errors
        WHERE coalesce(resolved, 0) = 0 AND datetime(error_timestamp) >= datetime(?)) AS unresolved_errors,
       (SELECT count(*) FROM trip_clients_quarantine) AS quarantined,
       (SELECT count(*) FROM trip_clients_quarantine q
        WHERE NOT EXISTS (SELECT 1 FROM accepted_findings f
                          WHERE f.kind = 'quarantine' AND f.trip_id = q.trip_id
                            AND f.value = CAST(q.quarantine_id AS TEXT))) AS quarantined_open,
       (SELECT count(*) FROM trip_client_sync) AS guards_left,
       (SELECT count(*) FROM shadow_mismatches) AS mismatched_trips
"""

BROKEN_ASSIGNMENTS: LiteralString = """
SELECT count(*) AS n
FROM (SELECT * FROM trip_client_assignments ORDER BY assignment_id DESC LIMIT CAST(? AS INTEGER)) a
WHERE NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id)
   OR NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email)
"""

LEDGER: LiteralString = """
SELECT m.name, s.sha256 IS NOT NULL AS checked
FROM d1_migrations m LEFT JOIN migration_checksums s ON s.name = m.name
ORDER BY m.id
"""

# Old code writes times in another format. Both formats are in UTC.
FAULT_GROUPS: LiteralString = """
SELECT e.attempted_operation AS operation, e.error_message AS error, count(*) AS times,
       sum(coalesce(e.resolved, 0) <> 0) AS resolved,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(datetime(e.error_timestamp))) AS first_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(datetime(e.error_timestamp))) AS last_at,
       max(e.id) AS example_id, count(*) OVER () AS groups, sum(count(*)) OVER () AS faults
FROM db_errors e
WHERE datetime(e.error_timestamp) >= datetime(?)
GROUP BY e.attempted_operation, e.error_message
ORDER BY times DESC, last_at DESC, example_id DESC
LIMIT CAST(? AS INTEGER)
"""

UNRESOLVED: LiteralString = """
SELECT id FROM db_errors
WHERE coalesce(resolved, 0) = 0 AND instr(lower(error_message), lower(?1)) > 0
  AND (?2 IS NULL OR session_id = ?2)
ORDER BY id
"""

RESOLVE: LiteralString = """
UPDATE db_errors SET resolved = 1, resolution = ?2
WHERE coalesce(resolved, 0) = 0 AND id IN (SELECT w.value FROM json_each(?1) w)
"""
