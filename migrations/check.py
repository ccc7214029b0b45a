"""Whether the two stores agree, and where every entry that is not in both has gone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from database.entries import NOT_AN_ARRAY, WITH_ENTRIES

if TYPE_CHECKING:
    from database.engine import Database

# Longest raw text that a finding carries, in characters.
EXCERPT = 200


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    `drift` holds what breaks the rule that both sides hold the same pairs; each finding has a `kind`:
    `junction_only`, `json_only`, `duplicate` (one pair twice in the JSON), `not_canonical` (an entry that is
    linked, but not an object with its client's e-mail and a role), `not_an_array`, `guard_left`.
    `unlinked` are entries kept in the JSON that belong to no client, `quarantined` raw texts taken out of it,
    `orphans` junction rows without a trip or client: `set_aside` false where one is still in the table.
    """

    trips: int
    assignments: int
    drift: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    unlinked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    quarantined: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    orphans: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def consistent(self) -> bool:
        return not self.drift and all(orphan["set_aside"] for orphan in self.orphans)

    def as_json(self) -> dict[str, Any]:
        return {"consistent": self.consistent} | asdict(self)


async def check(db: Database) -> CheckReport:
    """Compare the two stores of a migrated database. Reads only."""
    totals = (await db.read(TOTALS))[0]
    return CheckReport(
        trips=totals["trips"],
        assignments=totals["assignments"],
        drift=[
            *[_pair_finding(dict(row)) for row in await db.read(DIFFERENCES)],
            *[dict(row) for row in await db.read(MALFORMED, (EXCERPT,))],
            *[dict(row) for row in await db.read(GUARDS_LEFT)],
        ],
        unlinked=[dict(row) for row in await db.read(UNLINKED, (EXCERPT,))],
        quarantined=[dict(row) for row in await db.read(QUARANTINED)],
        orphans=[dict(row) for row in await db.read(LIVE_ORPHANS)]
        + [
            {"set_aside": True, "reason": row["reason"], **json.loads(row["row_data"])}
            for row in await db.read(ORPHANS_SET_ASIDE)
        ],
    )


def _pair_finding(row: dict[str, Any]) -> dict[str, Any]:
    in_junction, in_json, canonical = row.pop("in_junction"), row.pop("in_json"), row.pop("canonical")
    if not in_json:
        kind = "junction_only"
    elif not in_junction:
        kind = "json_only"
    elif in_json > 1:
        kind = "duplicate"
    else:
        kind = "not_canonical"
    return {"kind": kind, **row, "in_junction": in_junction, "in_json": in_json, "canonical": bool(canonical)}


TOTALS: LiteralString = """
SELECT (SELECT count(*) FROM trips_v2) AS trips, (SELECT count(*) FROM trip_client_assignments) AS assignments
"""

DIFFERENCES: LiteralString = (
    WITH_ENTRIES
    + """
SELECT p.trip_id, p.email, p.role, sum(p.in_junction) AS in_junction, sum(p.in_json) AS in_json,
       min(p.canonical) AS canonical
FROM (
    SELECT a.trip_id, a.client_email AS email, coalesce(a.client_role, 'traveler') AS role,
           1 AS in_junction, 0 AS in_json, a.client_role IS NOT NULL AS canonical
    FROM trip_client_assignments a
    WHERE EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id)
      AND EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email)
    UNION ALL
    SELECT e.trip_id, e.client_email, e.role, 0, 1,
           iif(e.type = 'object' AND json_type(e.entry, '$.role') = 'text',
               e.entry ->> '$.email' IS e.client_email AND e.entry ->> '$.role' IS e.role, 0)
    FROM trip_client_entries e
    WHERE e.client_email IS NOT NULL
) p
GROUP BY p.trip_id, p.email, p.role
HAVING sum(p.in_junction) <> 1 OR sum(p.in_json) <> 1 OR min(p.canonical) = 0
"""
)

MALFORMED: LiteralString = (
    "SELECT 'not_an_array' AS kind, trip_id, substr(CAST(clients AS TEXT), 1, CAST(? AS INTEGER)) AS raw_text "
    "FROM trips_v2 WHERE " + NOT_AN_ARRAY
)

GUARDS_LEFT: LiteralString = "SELECT 'guard_left' AS kind, trip_id FROM trip_client_sync"

UNLINKED: LiteralString = (
    WITH_ENTRIES
    + """
SELECT e.trip_id, e.position, e.email, substr(e.element, 1, CAST(? AS INTEGER)) AS entry
FROM trip_client_entries e
WHERE e.client_email IS NULL
"""
)

QUARANTINED: LiteralString = """
SELECT quarantine_id, trip_id, raw_text, reason, quarantined_at FROM trip_clients_quarantine ORDER BY quarantine_id
"""

LIVE_ORPHANS: LiteralString = """
SELECT 0 AS set_aside,
       iif(NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id), 'no such trip', 'no such client') AS reason,
       a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
FROM trip_client_assignments a
WHERE NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id)
   OR NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email)
"""  # noqa: E501

ORPHANS_SET_ASIDE: LiteralString = """
SELECT reason, row_data FROM orphaned_rows WHERE table_name = 'trip_client_assignments' ORDER BY orphan_id
"""
