"""Obstacles to the next phase, and the guards that check again for obstacles in the batch that changes the phase."""

from __future__ import annotations

import fnmatch
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, LiteralString

from database.clock import now
from database.engine import Statement
from database.entries import NOT_AN_ARRAY, WITH_ENTRIES
from database.quoting import as_word, in_quotes, visible
from database.schema import definitions
from migrations.shape import expected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from database.engine import Database
    from database.phase import Phase
    from migrations.check import CheckReport


def obstacles_in(report: CheckReport) -> list[dict[str, str]]:
    """Return the obstacles among the findings of a check."""
    found: list[dict[str, str]] = []
    for finding in [*report.drift, *report.live_orphans]:
        where = finding.get("assignment_id") if finding["kind"] == "orphan" else finding["trip_id"]
        pair = f"{as_word(finding['email'])} as {as_word(finding['role'])}: " if finding.get("role") else ""
        found.append({"name": f"{finding['kind']}/{where}", "problem": f"{pair}repair would {finding['repair']}"})
    for finding in report.faults:
        if finding["kind"] == "schema":
            found.append({"name": f"schema/{finding['name']}", "problem": f"{finding['type']} {finding['problem']}"})
        elif finding["kind"] == "detached":
            found.append({"name": "schema/detached", "problem": finding["problem"]})
        elif finding["kind"] == "backfill":
            found.append({"name": "backfill", "problem": f"the migration is only {finding['percent']} % complete"})
        elif finding["kind"] == "foreign_key":
            found.append({"name": f"foreign_key/{finding['table']}", "problem": "a row refers to a missing row"})
    return found


async def other_obstacles(db: Database, phase: Phase, quiet_days: int) -> list[dict[str, str]]:
    """Return unaccepted entries and quarantined texts, and recent writes by old code.

    With `quiet_days` 0, writes by old code are not an obstacle.
    """
    found = await _open_findings(db)
    if phase == "dual_write" and quiet_days:
        since = _quiet_since(quiet_days)
        found += [
            {
                "name": f"direct_write/{row['trip_id']}",
                "problem": f"old code wrote the JSON {row['writes']} times, last {as_word(row['last_at'])}",
            }
            for row in await db.read(DIRECT_WRITES_SINCE, (since,))
        ]
    return found


async def _open_findings(db: Database) -> list[dict[str, str]]:
    """Return the unlinked entries and quarantined texts that are not accepted."""
    unlinked = [
        {
            "name": f"unlinked/{row['trip_id']}/{row['position']}",
            "problem": f"{visible(row['element'])} belongs to no client",
        }
        for row in await db.read(UNLINKED_OPEN)
    ]
    quarantined = [
        {
            "name": f"quarantine/{row['quarantine_id']}",
            "problem": f"in trip {row['trip_id']}: {in_quotes(row['raw_text'], 200)}",
        }
        for row in await db.read(QUARANTINE_OPEN)
    ]
    return unlinked + quarantined


async def accept_findings(db: Database, patterns: Sequence[str]) -> None:
    """Accept the unlinked entries and quarantined texts whose names match any of the patterns."""
    moment = now()
    statements = [
        Statement(ACCEPT, ("unlinked", row["trip_id"], row["element"], moment))
        for row in await db.read(UNLINKED_OPEN)
        if _matches(f"unlinked/{row['trip_id']}/{row['position']}", patterns)
    ]
    statements += [
        Statement(ACCEPT, ("quarantine", row["trip_id"], str(row["quarantine_id"]), moment))
        for row in await db.read(QUARANTINE_OPEN)
        if _matches(f"quarantine/{row['quarantine_id']}", patterns)
    ]
    if statements:
        await db.batch(statements)


def would_pass(name: str, patterns: Sequence[str]) -> bool:
    """Return True if the patterns accept the obstacle. Only unlinked entries and quarantined texts can be accepted."""
    return name.startswith(("unlinked/", "quarantine/")) and _matches(name, patterns)


def in_vain(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Return the patterns that match no acceptable obstacle."""
    known = list(names)
    return [pattern for pattern in patterns if not any(would_pass(name, [pattern]) for name in known)]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


async def proofs(db: Database, phase: Phase, quiet_days: int) -> list[Statement]:
    """Return guards that check the preconditions in the batch that changes the phase."""
    present = await definitions(db)
    shape = json.dumps([[name, present[name]] for name in expected(phase) if name in present])
    guards = [
        Statement(PROVE_EQUAL),
        Statement(PROVE_NO_ORPHANS),
        Statement(PROVE_NOTHING_UNLINKED),
        Statement(PROVE_NOTHING_QUARANTINED),
        Statement(PROVE_SCHEMA, (shape,)),
    ]
    if phase == "dual_write" and quiet_days:
        guards.append(Statement(PROVE_NO_DIRECT_WRITES, (_quiet_since(quiet_days),)))
    return guards


def _quiet_since(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


DIRECT_WRITES_SINCE: LiteralString = """
SELECT trip_id, sum(writes) AS writes, max(last_at) AS last_at FROM direct_json_writes
WHERE last_at >= ? GROUP BY trip_id ORDER BY trip_id
"""

UNLINKED_OPEN: LiteralString = (
    WITH_ENTRIES
    + """
SELECT e.trip_id, e.position, e.element FROM trip_client_entries e
WHERE e.client_email IS NULL
  AND NOT EXISTS (SELECT 1 FROM accepted_findings f
                  WHERE f.kind = 'unlinked' AND f.trip_id = e.trip_id AND f.value = e.element)
"""
)

QUARANTINE_OPEN: LiteralString = """
SELECT q.quarantine_id, q.trip_id, q.raw_text FROM trip_clients_quarantine q
WHERE NOT EXISTS (SELECT 1 FROM accepted_findings f
                  WHERE f.kind = 'quarantine' AND f.trip_id = q.trip_id
                    AND f.value = CAST(q.quarantine_id AS TEXT))
"""

ACCEPT: LiteralString = """
INSERT INTO accepted_findings (kind, trip_id, value, accepted_at) VALUES (?, CAST(? AS INTEGER), ?, ?)
ON CONFLICT DO NOTHING
"""

PROVE_EQUAL: LiteralString = (
    WITH_ENTRIES
    + """
INSERT INTO write_guard (stores_equal)
SELECT 0 WHERE EXISTS (SELECT 1 FROM trip_client_sync)
    OR EXISTS (SELECT 1 FROM trips_v2 WHERE """
    + NOT_AN_ARRAY
    + """)
    OR EXISTS (
        SELECT 1 FROM (
            SELECT a.trip_id, a.client_email AS email, a.client_role AS role, 1 AS n FROM trip_client_assignments a
            UNION ALL
            SELECT DISTINCT e.trip_id, e.client_email, e.role, -1
            FROM trip_client_entries e WHERE e.client_email IS NOT NULL
        ) p
        GROUP BY p.trip_id, p.email, p.role
        HAVING sum(p.n) <> 0)
"""
)

PROVE_NO_ORPHANS: LiteralString = """
INSERT INTO write_guard (no_orphans)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM trip_client_assignments a
    WHERE NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id)
       OR NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email))
"""

PROVE_NOTHING_UNLINKED: LiteralString = (
    WITH_ENTRIES
    + """
INSERT INTO write_guard (nothing_unlinked)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM trip_client_entries e
    WHERE e.client_email IS NULL
      AND NOT EXISTS (SELECT 1 FROM accepted_findings f
                      WHERE f.kind = 'unlinked' AND f.trip_id = e.trip_id AND f.value = e.element))
"""
)

PROVE_NOTHING_QUARANTINED: LiteralString = """
INSERT INTO write_guard (nothing_quarantined)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM trip_clients_quarantine q
    WHERE NOT EXISTS (SELECT 1 FROM accepted_findings f
                      WHERE f.kind = 'quarantine' AND f.trip_id = q.trip_id
                        AND f.value = CAST(q.quarantine_id AS TEXT)))
"""

PROVE_NO_DIRECT_WRITES: LiteralString = """
INSERT INTO write_guard (no_direct_writes)
SELECT 0 WHERE EXISTS (SELECT 1 FROM direct_json_writes WHERE last_at >= ?)
"""

# The definitions read earlier were compared with the shipped ones; this guard proves they haven't changed since.
PROVE_SCHEMA: LiteralString = """
INSERT INTO write_guard (schema_as_shipped)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM json_each(?) w
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_master m WHERE m.name = (w.value ->> 0) AND m.sql = (w.value ->> 1)))
"""
