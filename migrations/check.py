"""The consistency check, which compares the two stores and reports every entry that is not in both."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from database import backfill
from database.entries import NOT_AN_ARRAY, WITH_ENTRIES
from database.errors import DatabaseBusy, DatabaseError
from database.linking import other_spellings
from database.money import DIFFERING
from database.phase import read_phase
from database.progress import Progress, forward, untold
from database.quoting import as_word
from migrations.shape import differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.engine import Database
    from database.phase import PhaseState

# Maximum length of raw text in a finding, in characters.
EXCERPT = 200

# Maximum attempts at a check if the phase keeps changing.
TRIES = 5

# Trips per query in the quick comparison and in the detailed one.
COMPARED_AT_ONCE = 10_000
AT_ONCE = 500

# The range of SQLite's integer ids.
LOWEST_ID, HIGHEST_ID = -(2**63), 2**63 - 1

Finding = dict[str, Any]


@dataclass(frozen=True)
class CheckReport:
    """The findings of a check. Each has a `kind` and a `repair`, which describes the repair command's action.

    drift        differences between the two stores: `junction_only`, `json_only`, `duplicate` (entries of one pair that
                 should be merged), `not_canonical` (an entry that is not an object with its client's exact e-mail and a
                 role), `not_an_array`, `guard_left`
    shared       `shared_email`: pairs with several entries that contradict each other, such as a family with one inbox
    unlinked     JSON entries without a client
    quarantined  malformed texts moved from the JSON to quarantine
    orphans      junction rows without a trip or client; `set_aside` is false if the row is still in the table
    faults       other problems: `schema`, `detached` (the triggers and views are off), `foreign_key`,
                 `primary_client`, `slug_missing`, `slug_double`,
                 `paid_amount` (it differs from the payments, because a trigger was missing),
                 `not_indexed` (unlinked entries missing from the index, so a new client would not be linked to them),
                 `other_spelling` (unlinked entries with a client's e-mail in another case or Unicode normal form);
                 `backfill` (the migration is not complete, so the check looks for nothing else)
    """

    trips: int
    assignments: int
    drift: list[Finding] = field(default_factory=list[Finding])
    shared: list[Finding] = field(default_factory=list[Finding])
    unlinked: list[Finding] = field(default_factory=list[Finding])
    quarantined: list[Finding] = field(default_factory=list[Finding])
    orphans: list[Finding] = field(default_factory=list[Finding])
    faults: list[Finding] = field(default_factory=list[Finding])

    @property
    def consistent(self) -> bool:
        """True if the stores agree."""
        return not self.drift and not self.live_orphans and not self.incomplete

    @property
    def incomplete(self) -> bool:
        """True if the migration is not complete."""
        return any(fault["kind"] == "backfill" for fault in self.faults)

    @property
    def clean(self) -> bool:
        """True if the stores agree and there are no other faults."""
        return self.consistent and not self.faults

    @property
    def live_orphans(self) -> list[Finding]:
        return [orphan for orphan in self.orphans if not orphan["set_aside"]]

    def as_json(self) -> dict[str, Any]:
        return {"consistent": self.consistent} | asdict(self)


async def check(db: Database, progress: Progress = untold) -> CheckReport:
    """Compare the two stores of a migrated database. Read-only; memory grows only with the findings.

    Starts over if the phase changes. Raises DatabaseBusy if the phase changes during every attempt.
    """
    told = forward(progress)
    for _ in range(TRIES):
        state = await read_phase(db)
        try:
            report = await _check(db, state, told)
        except DatabaseError:
            if await read_phase(db) == state:
                raise
            continue
        if await read_phase(db) == state:
            return report
    raise DatabaseBusy("The phase changed during every attempt: run the check again.")


async def _check(db: Database, state: PhaseState, progress: Progress) -> CheckReport:
    totals = (await db.read(TOTALS))[0]
    report = CheckReport(trips=totals["trips"], assignments=totals["assignments"])
    if left := await backfill.unfinished(db):
        report.faults.append(_with_repair({"kind": "backfill", "percent": left.percent}))
        return report
    # The steps after the comparison take about an eighth of its time.
    whole = report.trips + report.trips // 8 + 1
    if state.phase != "normalized":
        await _compare(db, report, lambda compared: progress(min(compared, whole - 1), whole))
    async for row in db.stream(GUARDS_LEFT, key=("trip_id",)):
        report.drift.append(_with_repair(row))
    async for row in db.stream(QUARANTINED, key=("quarantine_id",)):
        report.quarantined.append(_with_repair(row))
    async for row in db.stream(LIVE_ORPHANS, key=("assignment_id",)):
        report.orphans.append(_with_repair(row))
    async for row in db.stream(ORPHANS_SET_ASIDE, key=("orphan_id",)):
        aside = {"kind": "orphan", "set_aside": True, "reason": row["reason"], **json.loads(row["row_data"])}
        report.orphans.append(_with_repair(aside))
    await _look_for_faults(db, state, report)
    progress(whole, whole)
    return report


async def _compare(db: Database, report: CheckReport, compared: Callable[[int], None]) -> None:
    """Examine the trips that fail the quick comparison; call `compared` with the number of trips compared so far."""
    first, count = LOWEST_ID, 0
    while first <= HIGHEST_ID:
        some = (await db.read(NEXT_TRIPS, (first, COMPARED_AT_ONCE)))[0]
        if not some["trips"]:
            break
        suspects = [row["trip_id"] for row in await db.read(SUSPECTS, (first, some["last"]))]
        for start in range(0, len(suspects), AT_ONCE):
            await look_closely(db, suspects[start : start + AT_ONCE], report)
        first, count = some["last"] + 1, count + some["trips"]
        compared(count)


async def look_closely(db: Database, trip_ids: list[int], report: CheckReport) -> None:
    """Add these trips' differences to the report."""
    which = json.dumps(trip_ids)
    async for row in db.stream(DIFFERENCES, (which,), key=("trip_id", "email", "role")):
        finding = _pair_finding(dict(row))
        (report.shared if finding["kind"] == "shared_email" else report.drift).append(finding)
    report.drift.extend([_with_repair(row) for row in await db.read(MALFORMED, (EXCERPT, which))])
    async for row in db.stream(UNLINKED, (EXCERPT, which), key=("trip_id", "position")):
        report.unlinked.append(_with_repair(row))
    report.faults.extend([_with_repair(row) for row in await db.read(NOT_INDEXED, (which,))])


async def _look_for_faults(db: Database, state: PhaseState, report: CheckReport) -> None:
    found = await differences(db, state.phase)
    if state.detached_at:
        problem = f"detached for another program's migration since {state.detached_at}: run `voygen schema attach`"
        report.faults.append(
            _with_repair({"kind": "detached", "type": "triggers", "name": "and views", "problem": problem})
        )
        found = [difference for difference in found if difference["type"] == "table"]
    report.faults.extend([_with_repair({"kind": "schema", **difference}) for difference in found])
    for sql in (PRIMARY_CLIENTS, SLUGS_MISSING, SLUGS_DOUBLE, DIFFERING):
        async for row in db.stream(sql, key=("trip_id",)):
            report.faults.append(_with_repair(row))
    if state.phase != "normalized":
        for one in await other_spellings(db):
            report.faults.append(_with_repair({"kind": "other_spelling", **one._asdict()}))
    for table in ("ActivityLog", "trip_facts", "facts_dirty", "db_errors"):
        try:
            rows = [row async for row in db.stream(FOREIGN_KEYS, (table,), key=("rowid", "parent"))]
        except DatabaseError:
            rows = [{"kind": "foreign_key", "table": table, "rowid": None, "parent": None}]
        report.faults.extend([_with_repair(row) for row in rows])


def _pair_finding(row: Finding) -> Finding:
    in_junction, in_json, canonical = row.pop("in_junction"), row.pop("in_json"), row.pop("canonical")
    merged = row.pop("merged")
    if not in_json:
        kind = "junction_only"
    elif not in_junction:
        kind = "json_only"
    elif in_json != merged:
        kind = "duplicate"
    elif in_json == 1 or not canonical:
        kind = "not_canonical"
    else:
        kind = "shared_email"
    pair = f"{as_word(row['email'])} as {as_word(row['role'])}"
    return _with_repair(
        {
            "kind": kind,
            **row,
            "junction": pair if in_junction else None,
            "json": json.loads(row.pop("elements")) if in_json else None,
            "canonical": bool(canonical),
        }
    )


def _with_repair(finding: Any) -> Finding:  # noqa: ANN401 - a row or a dict
    """Return the finding with the repair command's action."""
    known = {key: value for key, value in dict(finding).items() if key != "elements"}
    known["set_aside"] = bool(known["set_aside"]) if "set_aside" in known else None
    if known["set_aside"] is None:
        del known["set_aside"]
    words = REPAIRS.get(known["kind"], "")
    return known | {"repair": "nothing: the row is already in orphaned_rows" if known.get("set_aside") else words}


REPAIRS = {
    "junction_only": "add the pair to the JSON (--prefer json: remove the junction row)",
    "json_only": "add the pair to the junction (--prefer junction: remove the JSON entry)",
    "duplicate": "merge the entries, keeping all keys",
    "shared_email": "nothing: create a separate client for each person, with or without an e-mail",
    "not_canonical": "rewrite the entry as an object with the client's e-mail and a role",
    "not_an_array": "quarantine the raw text and rebuild the list from the junction",
    "guard_left": "delete the guard row",
    "unlinked": "nothing: the entry stays in the JSON until its client exists",
    "quarantine": "nothing: review the text by hand",
    "orphan": "move the row to orphaned_rows",
    "schema": "recreate a trigger, view or index as shipped; fix a table by hand",
    "detached": "nothing: attach the schema first",
    "foreign_key": "nothing: fix the row by hand",
    "backfill": "nothing: run `voygen migrate`, which completes the migration",
    "other_spelling": "link the entries to the client",
    "not_indexed": "add the entries to the index of unlinked entries",
    "primary_client": "clear the trip's primary_client_email",
    "paid_amount": "record the difference as a payment of unknown kind",
    "slug_missing": "give the trip a slug",
    "slug_double": "give all but the first of the trips a new slug",
}

TOTALS: LiteralString = """
SELECT (SELECT count(*) FROM trips_v2) AS trips, (SELECT count(*) FROM trip_client_assignments) AS assignments
"""

# The last trip_id and the size of the next batch of trips.
NEXT_TRIPS: LiteralString = """
SELECT max(trip_id) AS last, count(*) AS trips
FROM (SELECT trip_id FROM trips_v2 WHERE trip_id >= CAST(?1 AS INTEGER) ORDER BY trip_id LIMIT CAST(?2 AS INTEGER))
"""

# The quick comparison. A trip passes if every JSON element is an object with the e-mail and role of a junction row,
# no pair occurs twice, the counts match, and every junction row has a client. All other trips are examined in detail.
# The types are checked because a JSON number would equal its text in the junction.
SUSPECTS: LiteralString = """
SELECT t.trip_id
FROM trips_v2 t
WHERE t.trip_id BETWEEN CAST(?1 AS INTEGER) AND CAST(?2 AS INTEGER) AND (
   iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), json_type(t.clients) = 'array', 0), 0) = 0
   OR (SELECT count(*) FROM trip_client_assignments a WHERE a.trip_id = t.trip_id) IS NOT (
       SELECT iif(count(*) = coalesce(sum(m.found), 0) AND count(*) = count(DISTINCT m.pair), count(*), -1)
       FROM (
           SELECT iif(j.type = 'object', json_array(j.value ->> '$.email', j.value ->> '$.role'), NULL) AS pair,
                  EXISTS (
                      SELECT 1 FROM trip_client_assignments a
                      WHERE a.trip_id = t.trip_id
                        AND a.client_email = iif(j.type = 'object', iif(json_type(j.value, '$.email') = 'text',
                                                                        j.value ->> '$.email', NULL), NULL)
                        AND a.client_role = iif(j.type = 'object', iif(json_type(j.value, '$.role') = 'text',
                                                                       j.value ->> '$.role', NULL), NULL)
                        AND trim(a.client_role) <> '') AS found
           FROM json_each(iif(typeof(t.clients) = 'text',
                              iif(json_valid(t.clients), iif(json_type(t.clients) = 'array', t.clients, '[]'), '[]'),
                              '[]')) j
       ) m)
   OR t.trip_id IN (
       SELECT a.trip_id FROM trip_client_assignments a
       WHERE a.trip_id BETWEEN CAST(?1 AS INTEGER) AND CAST(?2 AS INTEGER)
         AND NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email)))
ORDER BY t.trip_id
"""

DIFFERENCES: LiteralString = (
    WITH_ENTRIES
    + """
SELECT g.trip_id, g.email, g.role, g.in_junction, g.in_json, g.canonical, g.elements,
       iif(g.in_json < 2 OR NOT EXISTS (
               SELECT 1 FROM (
                   SELECT f.key, f.type, f.type || ':' || f.value AS value, min(f.id)
                   FROM json_each(g.objects) d, json_each(d.value) f
                   WHERE f.key NOT IN ('email', 'role', 'assigned_at', 'assigned_date')
                   GROUP BY d.key, f.key) v
               WHERE v.type <> 'null'
               GROUP BY v.key
               HAVING count(DISTINCT v.value) > 1),
           min(g.in_json, 1),
           (SELECT count(DISTINCT (
                SELECT json_group_array(k.detail) FROM (
                    SELECT json_array(f.key, f.type, f.value) AS detail, f.type, min(f.id)
                    FROM json_each(d.value) f
                    WHERE f.key NOT IN ('email', 'role', 'assigned_at', 'assigned_date')
                    GROUP BY f.key
                    ORDER BY f.key) k
                WHERE k.type <> 'null'
                HAVING count(*) > 0))
            FROM json_each(g.objects) d)) AS merged
FROM (
SELECT p.trip_id, p.email, p.role, sum(p.in_junction) AS in_junction, sum(p.in_json) AS in_json,
       min(p.canonical) AS canonical, json_group_array(p.element) FILTER (WHERE p.in_json = 1) AS elements,
       json_group_array(json(p.entry)) FILTER (WHERE p.in_json = 1) AS objects
FROM (
    SELECT a.trip_id, a.client_email AS email,
           iif(trim(coalesce(a.client_role, '')) = '', 'traveler', a.client_role) AS role,
           1 AS in_junction, 0 AS in_json, trim(coalesce(a.client_role, '')) <> '' AS canonical,
           NULL AS element, NULL AS entry
    FROM json_each(?1) w CROSS JOIN trip_client_assignments a
    WHERE a.trip_id = w.value AND EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email)
    UNION ALL
    SELECT e.trip_id, e.client_email, e.role, 0, 1,
           iif(e.type = 'object' AND json_type(e.entry, '$.role') = 'text',
               e.entry ->> '$.email' IS e.client_email AND e.entry ->> '$.role' IS e.role, 0),
           e.element, e.entry
    FROM json_each(?1) w CROSS JOIN trip_client_entries e
    WHERE e.trip_id = w.value AND e.client_email IS NOT NULL
) p
GROUP BY p.trip_id, p.email, p.role
HAVING sum(p.in_junction) <> 1 OR sum(p.in_json) <> 1 OR min(p.canonical) = 0
) g
"""
)

MALFORMED: LiteralString = (
    "SELECT 'not_an_array' AS kind, trip_id, "
    "substr(iif(typeof(clients) = 'blob', quote(clients), CAST(clients AS TEXT)), 1, CAST(?1 AS INTEGER)) AS json "
    "FROM trips_v2 WHERE trip_id IN (SELECT value FROM json_each(?2)) AND " + NOT_AN_ARRAY
)

UNLINKED: LiteralString = (
    WITH_ENTRIES
    + """
SELECT 'unlinked' AS kind, e.trip_id, e.position, e.email, substr(e.element, 1, CAST(?1 AS INTEGER)) AS entry
FROM json_each(?2) w CROSS JOIN trip_client_entries e
WHERE e.trip_id = w.value AND e.client_email IS NULL
"""
)

NOT_INDEXED: LiteralString = (
    WITH_ENTRIES
    + """
SELECT DISTINCT 'not_indexed' AS kind, e.trip_id
FROM json_each(?1) w CROSS JOIN trip_client_entries e
WHERE e.trip_id = w.value AND e.email IS NOT NULL AND e.client_email IS NULL
  AND NOT EXISTS (SELECT 1 FROM trip_client_unlinked u
                  WHERE u.trip_id = e.trip_id AND u.email = lower(trim(e.email, char(9,10,11,12,13,32))))
"""
)

GUARDS_LEFT: LiteralString = "SELECT 'guard_left' AS kind, trip_id FROM trip_client_sync"

QUARANTINED: LiteralString = """
SELECT 'quarantine' AS kind, quarantine_id, trip_id,
       iif(typeof(raw_text) = 'blob', quote(raw_text), raw_text) AS raw_text, reason, quarantined_at
FROM trip_clients_quarantine
"""

LIVE_ORPHANS: LiteralString = """
SELECT 'orphan' AS kind, 0 AS set_aside,
       iif(NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id), 'no such trip', 'no such client') AS reason,
       a.assignment_id, a.trip_id, a.client_email, a.client_role, a.created_at, a.updated_at
FROM trip_client_assignments a
WHERE NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id)
   OR NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email)
"""  # noqa: E501

ORPHANS_SET_ASIDE: LiteralString = """
SELECT orphan_id, reason, row_data FROM orphaned_rows WHERE table_name = 'trip_client_assignments'
"""

PRIMARY_CLIENTS: LiteralString = """
SELECT 'primary_client' AS kind, t.trip_id, t.primary_client_email AS email
FROM trips_v2 t
WHERE t.primary_client_email IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = t.primary_client_email)
"""

SLUGS_MISSING: LiteralString = """
SELECT 'slug_missing' AS kind, trip_id FROM trips_v2 WHERE trip_slug IS NULL OR trip_slug = ''
"""

SLUGS_DOUBLE: LiteralString = """
SELECT 'slug_double' AS kind, min(trip_id) AS trip_id, trip_slug AS slug, json_group_array(trip_id) AS trip_ids
FROM trips_v2 WHERE trip_slug <> '' GROUP BY trip_slug HAVING count(*) > 1
"""

FOREIGN_KEYS: LiteralString = """
SELECT 'foreign_key' AS kind, "table", rowid, parent FROM pragma_foreign_key_check(?)
"""
