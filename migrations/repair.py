"""Repair of check findings, in bounded batches, while other programs keep writing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, LiteralString

from database import backfill, payments, slugs
from database.clock import now
from database.engine import Statement
from database.errors import DatabaseUnavailable, GuardFailed
from database.linking import OtherSpelling, link
from database.phase import guard_epoch, read_phase
from database.progress import Progress, forward, part, untold
from migrations.check import CheckReport, Finding, check
from migrations.recreation import recreate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from database.engine import Database
    from database.phase import Phase

Prefer = Literal["union", "junction", "json"]

# Trips per batch.
AT_ONCE = 50

# Descriptions of the repair of a pair that is in one store only. They replace the descriptions from the check.
PREFERRED: dict[tuple[Prefer, str], str] = {
    ("union", "junction_only"): "add the pair to the JSON",
    ("union", "json_only"): "add the pair to the junction",
    ("junction", "junction_only"): "add the pair to the JSON",
    ("junction", "json_only"): "remove the JSON entry",
    ("json", "junction_only"): "remove the junction row",
    ("json", "json_only"): "add the pair to the junction",
}

# Kinds of findings that reconciling a trip repairs.
OF_A_TRIP = {"junction_only", "json_only", "duplicate", "not_canonical", "not_an_array", "not_indexed"}


@dataclass
class RepairPlan:
    """The plan of a repair: the findings that it would repair, and those to fix by hand (`by_hand`)."""

    prefer: Prefer
    findings: list[Finding] = field(default_factory=list[Finding])
    by_hand: list[Finding] = field(default_factory=list[Finding])

    def as_json(self) -> dict[str, Any]:
        return {"prefer": self.prefer, "findings": self.findings, "by_hand": self.by_hand}


@dataclass
class RepairReport:
    """The result of a repair: the run's id, the number of changes by kind, and the report of a check afterwards."""

    run_id: int | None
    changed: dict[str, int]
    after: CheckReport

    def as_json(self) -> dict[str, Any]:
        return {"run_id": self.run_id, "changed": self.changed, "after": self.after.as_json()}


async def plan_repair(
    db: Database, prefer: Prefer = "union", trip_id: int | None = None, *, progress: Progress = untold
) -> RepairPlan:
    """Plan a repair of all trips, or of one trip."""
    report = await check(db, progress)
    plan = RepairPlan(prefer)
    found = [*report.drift, *report.live_orphans, *report.faults]
    for finding in found if trip_id is None else _of_trip(found, trip_id):
        is_table = finding["kind"] == "schema" and finding["type"] == "table"
        by_hand = is_table or finding["kind"] in {"foreign_key", "detached", "backfill"}
        repair = PREFERRED.get((prefer, finding["kind"]), finding["repair"])
        (plan.by_hand if by_hand else plan.findings).append(finding | {"repair": repair})
    return plan


async def apply_repair(
    db: Database, prefer: Prefer = "union", trip_id: int | None = None, *, progress: Progress = untold
) -> RepairReport:
    """Repair the current findings. Every batch re-reads what it changes, so an interrupted run can be repeated."""
    await backfill.require_complete(db)
    told = forward(progress)
    (await read_phase(db)).require_attached()
    plan = await plan_repair(db, prefer, trip_id, progress=part(told, 0, 3))
    if not plan.findings:
        return RepairReport(None, {}, await check(db, part(told, 2, 3)))
    started = Statement(STARTED, (prefer, now()))
    results = await db.batch([Statement(START, started.params), started])
    run = _Run(db, results.of(started)[0]["run_id"], prefer, (await read_phase(db)).phase)
    if await run.restore(plan.findings):
        # Other programs may have written while the triggers were missing.
        plan = await plan_repair(db, prefer, trip_id)
    await run.mend(plan.findings, part(told, 1, 3))
    rows = await db.read(CHANGED, (run.run_id,))
    return RepairReport(run.run_id, {row["kind"]: row["n"] for row in rows}, await check(db, part(told, 2, 3)))


@dataclass
class _Run:
    db: Database
    run_id: int
    prefer: Prefer
    phase: Phase

    async def restore(self, findings: Sequence[Finding]) -> bool:
        """Repair the schema first, because later steps rely on the triggers; return True if it needed repair."""
        schema = [finding for finding in findings if finding["kind"] == "schema"]
        if schema:
            await self._write(recreate(self.phase, self.run_id, schema))
        return bool(schema)

    async def mend(self, findings: Sequence[Finding], progress: Progress) -> None:
        guards = [finding["trip_id"] for finding in findings if finding["kind"] == "guard_left"]
        orphans = [finding for finding in findings if finding["kind"] == "orphan"]
        drifted = list(dict.fromkeys(finding["trip_id"] for finding in findings if finding["kind"] in OF_A_TRIP))
        primary = [finding["trip_id"] for finding in findings if finding["kind"] == "primary_client"]
        paid = [finding["trip_id"] for finding in findings if finding["kind"] == "paid_amount"]
        work: list[tuple[list[Any], Callable[[Any], list[Statement]]]] = [
            (guards, self._drop_guards),
            (orphans, self._set_aside),
            (drifted, self._reconcile),
            (primary, self._clear_primary_client),
            (paid, self._settle_payments),
        ]
        done, total = 0, sum(len(subjects) for subjects, _ in work)
        for subjects, repairing in work:
            for start in range(0, len(subjects), AT_ONCE):
                some = subjects[start : start + AT_ONCE]
                await self._write(repairing(some))
                done += len(some)
                progress(done, total)
        await self._give_slugs(findings)
        await self._link_spellings(findings)

    async def _write(self, statements: Sequence[Statement]) -> None:
        """Run one batch. A change of phase stops the repair."""
        state = await read_phase(self.db)
        moved = state.phase != self.phase
        try:
            if not moved:
                await self.db.batch([guard_epoch(state.epoch), *statements])
        except GuardFailed as failed:
            if failed.guard != "epoch":
                raise
            moved = True
        if moved:
            raise DatabaseUnavailable("The phase changed: run the repair again.")

    def _drop_guards(self, trips: Sequence[int]) -> list[Statement]:
        trip_ids = json.dumps(trips)
        return [Statement(RECORD_GUARDS, (self.run_id, trip_ids)), Statement(DROP_GUARDS, (trip_ids,))]

    def _clear_primary_client(self, trips: Sequence[int]) -> list[Statement]:
        trip_ids = json.dumps(trips)
        return [Statement(RECORD_PRIMARY, (self.run_id, trip_ids)), Statement(CLEAR_PRIMARY, (trip_ids,))]

    def _settle_payments(self, trips: Sequence[int]) -> list[Statement]:
        trip_ids, moment = json.dumps(trips), now()
        return [
            payments.settle(trips, moment),
            Statement(RECORD_PAYMENTS, (self.run_id, trip_ids, moment)),
            payments.follow(trips),
        ]

    def _set_aside(self, orphans: Sequence[Finding]) -> list[Statement]:
        """Move orphans to orphaned_rows, holding the guard so that the delete trigger keeps their JSON entries."""
        ids = json.dumps([orphan["assignment_id"] for orphan in orphans])
        trip_ids = json.dumps(sorted({orphan["trip_id"] for orphan in orphans}))
        return [
            Statement(HOLD, (trip_ids,)),
            Statement(RECORD_ORPHANS, (self.run_id, ids)),
            Statement(SET_ASIDE, (now(), ids)),
            Statement(DROP_ORPHANS, (1, ids)),
            Statement(RELEASE, (trip_ids,)),
        ]

    def _reconcile(self, trips: Sequence[int]) -> list[Statement]:
        """Record the trips, apply the preferred side, reconcile, and record the trips again."""
        trip_ids = json.dumps(trips)
        first: dict[Prefer, list[LiteralString]] = {
            "union": [],
            "junction": [JSON_AS_JUNCTION],
            "json": [JUNCTION_AS_JSON],
        }
        one_sided: list[LiteralString] = [HOLD, NAME_ROLES, DROP_WITHOUT_ROLE, *first[self.prefer], RELEASE]
        return [
            Statement(RECORD_TRIPS, (self.run_id, trip_ids)),
            *(Statement(sql, (trip_ids,)) for sql in one_sided),
            Statement(RECONCILE, (trip_ids,)),
            Statement(RECORD_TRIPS_AFTER, (self.run_id, trip_ids)),
        ]

    async def _link_spellings(self, findings: Sequence[Finding]) -> None:
        found = [
            OtherSpelling(one["trip_id"], one["spelling"], one["email"])
            for one in findings
            if one["kind"] == "other_spelling"
        ]
        for start in range(0, len(found), AT_ONCE):
            some = found[start : start + AT_ONCE]
            trip_ids = json.dumps(sorted({one.trip_id for one in some}))
            before, after = (
                Statement(RECORD_TRIPS, (self.run_id, trip_ids)),
                Statement(RECORD_TRIPS_AFTER, (self.run_id, trip_ids)),
            )
            await self._write([before, *link(some), after])

    async def _give_slugs(self, findings: Sequence[Finding]) -> None:
        without = [finding["trip_id"] for finding in findings if finding["kind"] == "slug_missing"]
        for finding in findings:
            if finding["kind"] == "slug_double":
                without += sorted(json.loads(finding["trip_ids"]))[1:]
        for trip_id in without:
            for row in await self.db.read(WITHOUT_SLUG, (trip_id,)):
                slug = await slugs.free_slug(self.db, str(row["trip_name"]), trip_id)
                which = (slug, trip_id, row["trip_slug"])
                await self._write([Statement(RECORD_SLUG, (*which, self.run_id)), Statement(GIVE_SLUG, which)])


def _of_trip(findings: Iterable[Finding], trip_id: int) -> Iterable[Finding]:
    """Yield the findings about the trip, and those about the schema, because every repair relies on the triggers."""
    for finding in findings:
        if finding["kind"] == "slug_double":
            first, *others = sorted(json.loads(finding["trip_ids"]))
            if trip_id in others:
                yield finding | {"trip_ids": json.dumps([first, trip_id])}
        elif finding["kind"] == "schema" or finding.get("trip_id") == trip_id:
            yield finding


START: LiteralString = "INSERT INTO repair_runs (prefer, started_at) VALUES (?, ?)"

STARTED: LiteralString = "SELECT max(run_id) AS run_id FROM repair_runs WHERE prefer = ? AND started_at = ?"

CHANGED: LiteralString = """
SELECT kind, count(*) AS n FROM repair_changes
WHERE run_id = CAST(? AS INTEGER) AND before IS NOT after GROUP BY kind ORDER BY kind
"""

# A trip's data from both stores as one JSON text. A BLOB, which JSON cannot hold, is cast to text.
SNAPSHOT: LiteralString = """
json_object('clients', iif(typeof(t.clients) = 'blob', CAST(t.clients AS TEXT), t.clients),
            'type', typeof(t.clients), 'rows', (
    SELECT json_group_array(json_array(r.assignment_id, r.client_email, r.client_role, r.created_at, r.updated_at))
    FROM (SELECT * FROM trip_client_assignments a WHERE a.trip_id = t.trip_id ORDER BY a.assignment_id) r))
"""

RECORD_TRIPS: LiteralString = (
    """
INSERT INTO repair_changes (run_id, kind, subject, before)
SELECT CAST(?1 AS INTEGER), 'trip', t.trip_id, """
    + SNAPSHOT
    + "FROM trips_v2 t WHERE t.trip_id IN (SELECT value FROM json_each(?2))"
)

RECORD_TRIPS_AFTER: LiteralString = (
    """
UPDATE repair_changes SET after = (SELECT """
    + SNAPSHOT
    + """ FROM trips_v2 t WHERE t.trip_id = CAST(repair_changes.subject AS INTEGER))
WHERE run_id = CAST(?1 AS INTEGER) AND kind = 'trip'
  AND CAST(subject AS INTEGER) IN (SELECT value FROM json_each(?2))
"""
)

HOLD: LiteralString = """
INSERT INTO trip_client_sync (trip_id, action)
SELECT w.value, 'hold' FROM json_each(?) w
WHERE NOT EXISTS (SELECT 1 FROM trip_client_sync s WHERE s.trip_id = w.value)
"""

RELEASE: LiteralString = "DELETE FROM trip_client_sync WHERE trip_id IN (SELECT value FROM json_each(?))"

RECONCILE: LiteralString = """
INSERT INTO trip_client_sync (trip_id, action)
SELECT t.trip_id, 'reconcile' FROM trips_v2 t WHERE t.trip_id IN (SELECT value FROM json_each(?))
"""

# A row without a role gets the role 'traveler'. If that pair already exists, DROP_WITHOUT_ROLE deletes the row.
NAME_ROLES: LiteralString = """
UPDATE OR IGNORE trip_client_assignments SET client_role = 'traveler'
WHERE trip_id IN (SELECT value FROM json_each(?)) AND trim(coalesce(client_role, '')) = ''
"""

DROP_WITHOUT_ROLE: LiteralString = """
DELETE FROM trip_client_assignments
WHERE trip_id IN (SELECT value FROM json_each(?)) AND trim(coalesce(client_role, '')) = ''
"""

JSON_AS_JUNCTION: LiteralString = """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(e.element)) FROM trip_client_entries e
    WHERE e.trip_id = trips_v2.trip_id
      AND (e.client_email IS NULL
           OR (e.client_email, e.role) IN (
               SELECT a.client_email, a.client_role FROM trip_client_assignments a WHERE a.trip_id = trips_v2.trip_id)))
WHERE trip_id IN (SELECT value FROM json_each(?))
  AND iif(typeof(clients) = 'text', iif(json_valid(clients), json_type(clients) = 'array', 0), 0) = 1
"""

JUNCTION_AS_JSON: LiteralString = """
DELETE FROM trip_client_assignments
WHERE trip_id IN (
    SELECT t.trip_id FROM trips_v2 t JOIN json_each(?) w ON t.trip_id = w.value
    WHERE iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), json_type(t.clients) = 'array', 0), 0) = 1)
  AND NOT EXISTS (
    SELECT 1 FROM trip_client_entries e
    WHERE e.trip_id = trip_client_assignments.trip_id AND e.client_email = trip_client_assignments.client_email
      AND e.role = trip_client_assignments.client_role)
"""

RECORD_GUARDS: LiteralString = """
INSERT INTO repair_changes (run_id, kind, subject, before)
SELECT CAST(?1 AS INTEGER), 'guard', s.trip_id, s.action
FROM trip_client_sync s WHERE s.trip_id IN (SELECT value FROM json_each(?2))
"""

DROP_GUARDS: LiteralString = RELEASE

ORPHAN: LiteralString = """
a.assignment_id IN (SELECT value FROM json_each(?2))
  AND (NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id)
       OR NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = a.client_email))
"""

AS_JSON: LiteralString = """
json_object('assignment_id', a.assignment_id, 'trip_id', a.trip_id, 'client_email', a.client_email,
            'client_role', a.client_role, 'created_at', a.created_at, 'updated_at', a.updated_at)
"""

RECORD_ORPHANS: LiteralString = (
    """
INSERT INTO repair_changes (run_id, kind, subject, before)
SELECT CAST(?1 AS INTEGER), 'orphan', a.assignment_id, """
    + AS_JSON
    + "FROM trip_client_assignments a WHERE "
    + ORPHAN
)

SET_ASIDE: LiteralString = (
    """
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_client_assignments', """
    + AS_JSON
    + """, iif(NOT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = a.trip_id), 'no such trip', 'no such client'), ?1
FROM trip_client_assignments a WHERE """
    + ORPHAN
)

DROP_ORPHANS: LiteralString = "DELETE FROM trip_client_assignments AS a WHERE ?1 AND " + ORPHAN

RECORD_PRIMARY: LiteralString = """
INSERT INTO repair_changes (run_id, kind, subject, before)
SELECT CAST(?1 AS INTEGER), 'primary_client', t.trip_id, t.primary_client_email
FROM trips_v2 t
WHERE t.trip_id IN (SELECT value FROM json_each(?2))
  AND NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = t.primary_client_email)
"""

CLEAR_PRIMARY: LiteralString = """
UPDATE trips_v2 SET primary_client_email = NULL
WHERE trip_id IN (SELECT value FROM json_each(?))
  AND NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = trips_v2.primary_client_email)
"""

RECORD_PAYMENTS: LiteralString = """
INSERT INTO repair_changes (run_id, kind, subject, after)
SELECT CAST(?1 AS INTEGER), 'payment', p.trip_id, p.payment_id FROM trip_payments p
WHERE p.kind = 'unknown' AND p.created_at = ?3 AND p.trip_id IN (SELECT value FROM json_each(?2))
"""

# The trip, if it still has no slug or shares its slug with another trip.
WITHOUT_SLUG: LiteralString = """
SELECT trip_name, trip_slug FROM trips_v2 t
WHERE trip_id = CAST(?1 AS INTEGER)
  AND (trim(coalesce(trip_slug, '')) = ''
       OR EXISTS (SELECT 1 FROM trips_v2 o WHERE o.trip_slug = t.trip_slug AND o.trip_id <> t.trip_id))
"""

RECORD_SLUG: LiteralString = """
INSERT INTO repair_changes (run_id, kind, subject, before, after)
SELECT CAST(?4 AS INTEGER), 'slug', trip_id, trip_slug, ?1 FROM trips_v2
WHERE trip_id = CAST(?2 AS INTEGER) AND trip_slug IS ?3
"""

GIVE_SLUG: LiteralString = "UPDATE trips_v2 SET trip_slug = ?1 WHERE trip_id = CAST(?2 AS INTEGER) AND trip_slug IS ?3"
