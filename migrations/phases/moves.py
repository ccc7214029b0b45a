"""Transitions of the database to the next phase and back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from database import backfill
from database.clock import now
from database.engine import Statement
from database.errors import DatabaseUnavailable, GuardFailed
from database.phase import PHASES, Phase, PhaseState, guard_epoch, read_phase
from database.schema import views
from migrations.check import check
from migrations.files import trusted
from migrations.phases.obstacles import accept_findings, obstacles_in, other_obstacles, proofs
from migrations.phases.trial import broken_by
from migrations.shape import drop, expected, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Database
    from migrations.check import CheckReport

# Default number of days without writes by old code that must pass before its writes may be rejected.
QUIET_DAYS = 7

# Maximum attempts to change the phase if concurrent writes keep failing the guards.
TRIES = 5


@dataclass
class PhaseStatus:
    """The current phase, and the named obstacles to the next one."""

    phase: Phase
    epoch: int
    changed_at: str
    detached_at: str | None
    next_phase: Phase | None
    obstacles: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    direct_writes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    shadow_mismatches: int = 0

    def as_json(self) -> dict[str, Any]:
        return self.__dict__.copy()


class PhaseRefused(DatabaseUnavailable):
    """The next phase is blocked. `obstacles` lists the reasons."""

    def __init__(self, target: str, obstacles: list[dict[str, str]]) -> None:
        super().__init__(
            f"{len(obstacles)} obstacles block the phase {target}:\n"
            + "\n".join(f"  {one['name']}: {one['problem']}" for one in obstacles)
        )
        self.obstacles = obstacles


async def phase_status(db: Database, quiet_days: int = QUIET_DAYS, report: CheckReport | None = None) -> PhaseStatus:
    """Return the status, with the obstacles that a check finds now or has found in `report`."""
    state = await read_phase(db)
    after = next_phase(state.phase)
    mismatches = (await db.read("SELECT coalesce(sum(times), 0) AS n FROM shadow_mismatches"))[0]["n"]
    return PhaseStatus(
        **state.__dict__,
        next_phase=after,
        obstacles=await _obstacles(db, state.phase, quiet_days, report) if after else [],
        direct_writes=[dict(row) for row in await db.read(DIRECT_WRITES)],
        shadow_mismatches=mismatches,
    )


def next_phase(phase: Phase) -> Phase | None:
    here = PHASES.index(phase)
    return PHASES[here + 1] if here + 1 < len(PHASES) else None


def phase_before(phase: Phase) -> Phase | None:
    here = PHASES.index(phase)
    return PHASES[here - 1] if here else None


async def advance(db: Database, *, quiet_days: int = QUIET_DAYS, accept: Sequence[str] = ()) -> PhaseState:
    """Advance by one phase. The batch that changes the phase re-checks the preconditions.

    `accept` lists names or patterns (`unlinked/*`) of obstacles to accept; only unlinked entries and quarantined texts
    can be accepted. Raises PhaseRefused with the obstacles, or DatabaseUnavailable if there is no next phase.
    """
    for _ in range(TRIES):
        state = await read_phase(db)
        state.require_attached()
        target = next_phase(state.phase)
        if target is None:
            raise DatabaseUnavailable("The database is in the last phase, normalized: there is no later phase.")
        if accept:
            await accept_findings(db, accept)
        # Read the definitions before checking them, so that the guard catches a change in between.
        proven = await proofs(db, state.phase, quiet_days)
        obstacles = await _obstacles(db, state.phase, quiet_days)
        if obstacles:
            raise PhaseRefused(target, obstacles)
        if target == "prefer_junction":
            moving = _exchange(state.phase, target)
        else:
            moving = [*await _without_column(db, state.phase)]
        try:
            return await _move(db, state, target, [*proven, *moving])
        except GuardFailed:
            continue
    raise DatabaseUnavailable("Other programs changed the database during every attempt: run the command again.")


async def go_back(db: Database) -> PhaseState:
    """Go back by one phase: restore the JSON column from the archive, or let old code write it again."""
    await backfill.require_complete(db)
    for _ in range(TRIES):
        state = await read_phase(db)
        state.require_attached()
        target = phase_before(state.phase)
        if target is None:
            raise DatabaseUnavailable("The database is in the first phase, dual_write: there is no earlier phase.")
        moving = await _with_column(db) if state.phase == "normalized" else _exchange(state.phase, target)
        try:
            return await _move(db, state, target, moving)
        except GuardFailed:
            continue
    raise DatabaseUnavailable("The phase changed during every attempt: run the command again.")


async def _obstacles(
    db: Database, phase: Phase, quiet_days: int, report: CheckReport | None = None
) -> list[dict[str, str]]:
    obstacles = obstacles_in(report or await check(db)) + await other_obstacles(db, phase, quiet_days)
    if next_phase(phase) == "normalized":
        obstacles += await broken_by(db, await _without_column(db, phase))
    return obstacles


async def _move(db: Database, state: PhaseState, target: Phase, statements: Sequence[Statement]) -> PhaseState:
    await db.batch(
        [
            guard_epoch(state.epoch),
            *statements,
            Statement(SET_PHASE, (target, now())),
        ]
    )
    return await read_phase(db)


def _exchange(old: Phase, new: Phase) -> list[Statement]:
    """Drop the triggers and views that only the old phase has, and create those that only the new one has.

    Objects that read one of these views are recreated too, because ALTER TABLE fails if any view or trigger is broken.
    """
    before, after = expected(old), expected(new)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    views = {name for name in changed if kind_of(before.get(name) or after[name]) == "view"}
    while read := {name for name, sql in after.items() if name not in changed and _names_any(sql, views)}:
        changed |= read
        views |= {name for name in read if kind_of(after[name]) == "view"}
    gone: dict[str, LiteralString] = {name: sql for name, sql in before.items() if name in changed}
    return [*_dropped(gone), *(Statement(sql) for name, sql in after.items() if name in changed)]


def _names_any(sql: str, views: set[str]) -> bool:
    return kind_of(sql) != "table" and not views.isdisjoint(re.findall(r"\w+", sql))


def _dropped(objects: Mapping[str, str]) -> list[Statement]:
    return [Statement(sql) for sql in drop(objects)]


async def _other_views(db: Database, *phases: Phase) -> tuple[list[Statement], list[Statement]]:
    """Return statements that drop the user's own views, and statements that recreate these views and their triggers.

    ALTER TABLE fails if any view is broken, so all views are dropped first.
    """
    ours = {name for phase in phases for name in expected(phase)}
    theirs: dict[str, LiteralString] = {
        name: trusted(sql) for name, sql in (await views(db)).items() if name not in ours
    }
    hanging = [row["sql"] for row in await db.read(TRIGGERS_ON_VIEWS) if row["name"] not in ours]
    return _dropped(theirs), [Statement(trusted(sql)) for sql in [*theirs.values(), *hanging]]


async def _without_column(db: Database, phase: Phase) -> list[Statement]:
    drop_others, make_others = await _other_views(db, phase, "normalized")
    swap = _exchange(phase, "normalized")
    drops = [statement for statement in swap if statement.sql.startswith("DROP")]
    makes = [statement for statement in swap if not statement.sql.startswith("DROP")]
    return [
        Statement("DELETE FROM trip_client_archive"),
        Statement(ARCHIVE),
        *drops,
        *drop_others,
        Statement("ALTER TABLE trips_v2 DROP COLUMN clients"),
        *makes,
        *make_others,
        Statement("DELETE FROM trip_client_unlinked"),
    ]


async def _with_column(db: Database) -> list[Statement]:
    drop_others, make_others = await _other_views(db, "prefer_junction", "normalized")
    swap = _exchange("normalized", "prefer_junction")
    drops = [statement for statement in swap if statement.sql.startswith("DROP")]
    makes = [statement for statement in swap if not statement.sql.startswith("DROP")]
    return [
        *drops,
        *drop_others,
        *(Statement(sql) for sql in (ARCHIVE_OF_EQUALS, ONE_OF_EQUALS, ROLE_FOR_EACH, ARCHIVE_BY_PAIR)),
        Statement("ALTER TABLE trips_v2 ADD COLUMN clients JSON NOT NULL DEFAULT '[]'"),
        Statement(REBUILD),
        *makes,
        *make_others,
        # Index the unlinked entries, and link those that now have a client.
        Statement(RECONCILE),
        Statement("DELETE FROM trip_client_archive"),
    ]


SET_PHASE: LiteralString = "UPDATE migration_phase SET phase = ?, epoch = epoch + 1, changed_at = ?"

DIRECT_WRITES: LiteralString = """
SELECT day, trip_id, writes, last_at FROM direct_json_writes ORDER BY last_at DESC LIMIT 100
"""

ARCHIVE: LiteralString = """
INSERT INTO trip_client_archive (trip_id, position, assignment_id, element)
SELECT e.trip_id, e.position, a.assignment_id, e.element
FROM trip_client_entries e
LEFT JOIN trip_client_assignments a
  ON a.trip_id = e.trip_id AND a.client_email = e.client_email AND a.client_role = e.role
"""

TRIGGERS_ON_VIEWS: LiteralString = """
SELECT g.name, g.sql FROM sqlite_master g JOIN sqlite_master v ON v.type = 'view' AND v.name = g.tbl_name
WHERE g.type = 'trigger' ORDER BY g.name
"""

# In the normalized phase, no trigger fills in a missing role. If filling in the roles creates duplicates, one row stays
# and takes over the archived entries of the others.
_STAYS: LiteralString = """
(SELECT k.assignment_id FROM trip_client_assignments k
 WHERE k.trip_id = a.trip_id AND k.client_email = a.client_email
   AND (k.client_role = 'traveler' OR trim(coalesce(k.client_role, '')) = '')
 ORDER BY trim(coalesce(k.client_role, '')) = '', k.assignment_id LIMIT 1)
"""

ARCHIVE_OF_EQUALS: LiteralString = (
    """
UPDATE trip_client_archive SET assignment_id = """
    + _STAYS
    + """
FROM trip_client_assignments a
WHERE a.assignment_id = trip_client_archive.assignment_id AND trim(coalesce(a.client_role, '')) = ''
"""
)

ONE_OF_EQUALS: LiteralString = (
    """
DELETE FROM trip_client_assignments AS a
WHERE trim(coalesce(a.client_role, '')) = '' AND a.assignment_id <> """
    + _STAYS
)

ROLE_FOR_EACH: LiteralString = (
    "UPDATE trip_client_assignments SET client_role = 'traveler' WHERE trim(coalesce(client_role, '')) = ''"
)

# If an assignment was replaced by another with the same pair, the entry belongs to the new one.
ARCHIVE_BY_PAIR: LiteralString = """
UPDATE trip_client_archive SET assignment_id = a.assignment_id
FROM trip_client_assignments a
WHERE trip_client_archive.assignment_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM trip_client_assignments k WHERE k.assignment_id = trip_client_archive.assignment_id)
  AND a.trip_id = trip_client_archive.trip_id AND a.client_email = trip_client_archive.element ->> '$.email'
  AND a.client_role = trip_client_archive.element ->> '$.role'
"""

# An archived entry gets its assignment's current trip, e-mail and role, and is dropped if the assignment is gone.
REBUILD: LiteralString = """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(s.element)) FROM (
        SELECT h.position, h.element
        FROM trip_client_archive h
        WHERE h.trip_id = trips_v2.trip_id AND h.assignment_id IS NULL
        UNION ALL
        SELECT iif(h.trip_id = a.trip_id, h.position, 1000000000 + a.assignment_id),
               iif(h.assignment_id IS NULL,
                   json_object('email', a.client_email, 'role', a.client_role, 'assigned_at', a.created_at),
                   json_set(h.element, '$.email', a.client_email, '$.role', a.client_role))
        FROM trip_client_assignments a
        LEFT JOIN trip_client_archive h ON h.assignment_id = a.assignment_id
        WHERE a.trip_id = trips_v2.trip_id
        ORDER BY 1
    ) s)
WHERE EXISTS (SELECT 1 FROM trip_client_assignments a WHERE a.trip_id = trips_v2.trip_id)
   OR EXISTS (SELECT 1 FROM trip_client_archive h WHERE h.trip_id = trips_v2.trip_id)
"""

# Reconciles trips with unlinked entries, or with several entries for one assignment.
RECONCILE: LiteralString = """
INSERT INTO trip_client_sync (trip_id, action)
SELECT t.trip_id, 'reconcile' FROM trips_v2 t
WHERE EXISTS (SELECT 1 FROM trip_client_archive h WHERE h.trip_id = t.trip_id AND h.assignment_id IS NULL)
   OR t.trip_id IN (SELECT a.trip_id FROM trip_client_archive h
                    JOIN trip_client_assignments a ON a.assignment_id = h.assignment_id
                    GROUP BY h.assignment_id HAVING count(*) > 1)
"""
