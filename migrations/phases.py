"""Leading the database from one phase to the next, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from database.clock import now
from database.engine import Statement
from database.errors import DatabaseUnavailable, GuardFailed
from database.phase import PHASES, Phase, PhaseState, guard_epoch, read_phase
from database.schema import views
from migrations.files import quoted, trusted
from migrations.obstacles import accept_findings, obstacles_before, proofs
from migrations.shape import expected, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.embedded import EmbeddedDatabase
    from database.engine import Database

# For how many days old code must not have written the JSON before it may be refused, unless said otherwise.
QUIET_DAYS = 7

# How often a move is tried again because a writer changed what had been proven.
TRIES = 5


@dataclass
class PhaseStatus:
    """Where the migration stands, and what stands in the way of its next phase, each obstacle with a name."""

    phase: Phase
    epoch: int
    changed_at: str
    next_phase: Phase | None
    obstacles: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    direct_writes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    shadow_mismatches: int = 0

    def as_json(self) -> dict[str, Any]:
        return self.__dict__.copy()


class PhaseRefused(DatabaseUnavailable):
    """Something stands in the way of the next phase. `obstacles` lists it."""

    def __init__(self, target: str, obstacles: list[dict[str, str]]) -> None:
        super().__init__(
            f"{len(obstacles)} obstacles stand in the way of {target}:\n"
            + "\n".join(f"  {one['name']}: {one['problem']}" for one in obstacles)
        )
        self.obstacles = obstacles


async def phase_status(db: EmbeddedDatabase, quiet_days: int = QUIET_DAYS) -> PhaseStatus:
    state = await read_phase(db)
    after = next_phase(state.phase)
    mismatches = (await db.read("SELECT coalesce(sum(times), 0) AS n FROM shadow_mismatches"))[0]["n"]
    return PhaseStatus(
        **state.__dict__,
        next_phase=after,
        obstacles=await obstacles_before(db, state.phase, quiet_days) if after else [],
        direct_writes=[dict(row) for row in await db.read(DIRECT_WRITES)],
        shadow_mismatches=mismatches,
    )


def next_phase(phase: Phase) -> Phase | None:
    here = PHASES.index(phase)
    return PHASES[here + 1] if here + 1 < len(PHASES) else None


def phase_before(phase: Phase) -> Phase | None:
    here = PHASES.index(phase)
    return PHASES[here - 1] if here else None


async def advance(db: EmbeddedDatabase, *, quiet_days: int = QUIET_DAYS, accept: Sequence[str] = ()) -> PhaseState:
    """Move on by one phase. What must be so is proven again inside the batch that moves.

    `accept` are names of obstacles, or patterns of them such as `unlinked/*`, that a person lets pass: only unlinked
    entries and quarantined texts can be. Raises PhaseRefused with what stands in the way, DatabaseUnavailable where
    there is no next phase.
    """
    for _ in range(TRIES):
        state = await read_phase(db)
        target = next_phase(state.phase)
        if target is None:
            raise DatabaseUnavailable("The database is normalized: there is no phase after that.")
        if accept:
            await accept_findings(db, accept)
        obstacles = await obstacles_before(db, state.phase, quiet_days)
        if obstacles:
            raise PhaseRefused(target, obstacles)
        proven = await proofs(db, state.phase, quiet_days)
        if target == "prefer_junction":
            moving = _exchange(state.phase, target)
        else:
            moving = [*await _without_column(db, state.phase)]
        try:
            return await _move(db, state, target, [*proven, *moving])
        except GuardFailed:
            continue
    raise DatabaseUnavailable("Writers changed the database each time it was about to move: run the command again.")


async def go_back(db: EmbeddedDatabase) -> PhaseState:
    """Move back by one phase: the JSON column comes back with all that was archived, or is open to old code again."""
    for _ in range(TRIES):
        state = await read_phase(db)
        target = phase_before(state.phase)
        if target is None:
            raise DatabaseUnavailable("The database is in dual_write: there is no phase before that.")
        moving = await _with_column(db) if state.phase == "normalized" else _exchange(state.phase, target)
        try:
            return await _move(db, state, target, moving)
        except GuardFailed:
            continue
    raise DatabaseUnavailable("The phase was changed by others each time: run the command again.")


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
    """Take away the triggers and views that only the old phase has, and make those that only the new one has."""
    gone: dict[str, LiteralString] = {
        name: sql for name, sql in expected(old).items() if expected(new).get(name) != sql
    }
    come: dict[str, LiteralString] = {
        name: sql for name, sql in expected(new).items() if expected(old).get(name) != sql
    }
    return [*_dropped(gone), *(Statement(sql) for sql in come.values())]


def _dropped(objects: Mapping[str, LiteralString]) -> list[Statement]:
    """Triggers before the views that they read."""
    ordered = sorted(objects.items(), key=lambda item: kind_of(item[1]) == "view")
    return [Statement(trusted(f"DROP {kind_of(sql).upper()} IF EXISTS {quoted(name)}")) for name, sql in ordered]


async def _other_views(db: Database, *phases: Phase) -> dict[str, LiteralString]:
    """The views that are not ours: ALTER TABLE fails over any view that is broken, so all go and come back."""
    ours = {name for phase in phases for name in expected(phase)}
    return {name: trusted(sql) for name, sql in (await views(db)).items() if name not in ours}


async def _without_column(db: Database, phase: Phase) -> list[Statement]:
    others = await _other_views(db, phase, "normalized")
    swap = _exchange(phase, "normalized")
    drops = [statement for statement in swap if statement.sql.startswith("DROP")]
    makes = [statement for statement in swap if not statement.sql.startswith("DROP")]
    return [
        Statement("DELETE FROM trip_client_archive"),
        Statement(ARCHIVE),
        *drops,
        *_dropped(others),
        Statement("ALTER TABLE trips_v2 DROP COLUMN clients"),
        *makes,
        *(Statement(sql) for sql in others.values()),
        Statement("DELETE FROM trip_client_unlinked"),
    ]


async def _with_column(db: Database) -> list[Statement]:
    others = await _other_views(db, "prefer_junction", "normalized")
    swap = _exchange("normalized", "prefer_junction")
    drops = [statement for statement in swap if statement.sql.startswith("DROP")]
    makes = [statement for statement in swap if not statement.sql.startswith("DROP")]
    return [
        *drops,
        *_dropped(others),
        Statement(
            "UPDATE trip_client_assignments SET client_role = 'traveler' WHERE trim(coalesce(client_role, '')) = ''"
        ),
        Statement("ALTER TABLE trips_v2 ADD COLUMN clients JSON NOT NULL DEFAULT '[]'"),
        Statement(REBUILD),
        *makes,
        *(Statement(sql) for sql in others.values()),
        # Entries that had no client are put into their index, and linked where there is a client by now.
        Statement(RECONCILE_UNLINKED),
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

# An archived entry follows its assignment to the e-mail and role that it has now, and goes where it is gone.
REBUILD: LiteralString = """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(s.element)) FROM (
        SELECT h.position, iif(h.assignment_id IS NULL, h.element,
                               json_set(h.element, '$.email', a.client_email, '$.role', a.client_role)) AS element
        FROM trip_client_archive h
        LEFT JOIN trip_client_assignments a ON a.assignment_id = h.assignment_id
        WHERE h.trip_id = trips_v2.trip_id AND (h.assignment_id IS NULL OR a.trip_id = trips_v2.trip_id)
        UNION ALL
        SELECT 1000000000 + a.assignment_id,
               json_object('email', a.client_email, 'role', a.client_role, 'assigned_at', a.created_at)
        FROM trip_client_assignments a
        WHERE a.trip_id = trips_v2.trip_id
          AND NOT EXISTS (SELECT 1 FROM trip_client_archive h
                          WHERE h.assignment_id = a.assignment_id AND h.trip_id = a.trip_id)
        ORDER BY 1
    ) s)
WHERE EXISTS (SELECT 1 FROM trip_client_assignments a WHERE a.trip_id = trips_v2.trip_id)
   OR EXISTS (SELECT 1 FROM trip_client_archive h WHERE h.trip_id = trips_v2.trip_id)
"""

RECONCILE_UNLINKED: LiteralString = """
INSERT INTO trip_client_sync (trip_id, action)
SELECT DISTINCT h.trip_id, 'reconcile' FROM trip_client_archive h
WHERE h.assignment_id IS NULL AND EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = h.trip_id)
"""
