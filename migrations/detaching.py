"""Detaching of our triggers and views, so that another program can rebuild tables, and attaching them again."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString

from database.clock import now
from database.engine import Statement
from database.errors import DatabaseUnavailable, GuardFailed
from database.phase import guard_epoch, read_phase
from database.progress import Progress, untold
from database.quoting import as_word
from database.schema import definitions
from migrations.adopt import junction_keys_hold
from migrations.files import shipped, trusted
from migrations.refilling import refill
from migrations.repair import RepairReport, apply_repair
from migrations.shape import drop, expected, indexes, kind_of, of_any_phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Database
    from database.phase import Phase

JUNCTION = "trip_client_assignments"

# Tables that other programs have a reason to rebuild.
_REBUILT = re.compile(r"\b(?:trips_v2|clients_v2|trip_client_assignments)\b", re.IGNORECASE)


@dataclass
class DetachReport:
    """The result of detaching: the time, the number of dropped objects, and the user's own objects that remain.

    `dropped` is 0 if the schema was already detached. `others` can make a rename fail; they read tables of ours.
    """

    since: str
    dropped: int = 0
    others: list[str] = field(default_factory=list[str])

    def as_json(self) -> dict[str, Any]:
        return {"detached_at": self.since, "dropped": self.dropped, "others": self.others}


@dataclass
class AttachReport:
    """The result of attaching: the assignments put back, those without a client set aside, and the repair."""

    since: str
    restored: int
    set_aside: int
    repair: RepairReport

    def as_json(self) -> dict[str, Any]:
        return {
            "detached_at": self.since,
            "restored": self.restored,
            "set_aside": self.set_aside,
            "repair": self.repair.as_json(),
        }


async def detach(db: Database) -> DetachReport:
    """Drop our triggers and views in one batch and keep a copy of the assignments; servers then refuse to write."""
    state = await read_phase(db)
    present = await definitions(db)
    ours = {name: sql for name, sql in of_any_phase().items() if name in present and kind_of(sql) != "table"}
    report = DetachReport(state.detached_at or now(), 0 if state.detached_at else len(ours))
    if not state.detached_at:
        await _write(
            db,
            [
                guard_epoch(state.epoch),
                Statement("DELETE FROM detached_assignments"),
                Statement(COPY),
                *(Statement(sql) for sql in drop(ours)),
                Statement(SET_DETACHED, (report.since,)),
            ],
        )
    report.others = [
        f"{row['type']} {as_word(row['name'])}" for row in await db.read(OTHERS) if _REBUILT.search(row["sql"])
    ]
    return report


async def attach(db: Database, progress: Progress = untold) -> AttachReport | None:
    """Recreate our triggers and views, put lost assignments back, refill the indexes, then repair and check.

    Returns None if nothing is detached. Raises DatabaseUnavailable if a table lacks a column or key that we need.
    """
    state = await read_phase(db)
    if not state.detached_at:
        return None
    await _require_columns(db, state.phase)
    if not await db.read(HAS_JUNCTION):
        await db.batch([Statement(sql) for sql in (expected("dual_write")[JUNCTION], CREATE_INDEX)])
    lost = (await db.read(LOST))[0]
    await _write(
        db,
        [
            guard_epoch(state.epoch),
            *(Statement(sql) for sql in await _junction(db)),
            Statement(SET_ASIDE, (now(),)),
            *(Statement(sql) for sql in (PUT_BACK, *CLEAR_NOTES)),
            *_recreated(await definitions(db), state.phase),
            *refill(state.phase),
            Statement("DELETE FROM detached_assignments"),
            Statement(SET_ATTACHED),
        ],
    )
    return AttachReport(
        state.detached_at, lost["restored"], lost["set_aside"], await apply_repair(db, progress=progress)
    )


async def _write(db: Database, statements: Sequence[Statement]) -> None:
    try:
        await db.batch(statements)
    except GuardFailed as failed:
        raise DatabaseUnavailable("The phase or schema changed: run the command again.") from failed


def _recreated(present: Mapping[str, str], phase: Phase) -> list[Statement]:
    """Return the statements that create the views, triggers and indexes of the phase, and tables that are missing."""
    shipped_here = expected(phase).items()
    left = {name: sql for name, sql in of_any_phase().items() if name in present and kind_of(sql) != "table"}
    tables = [sql for name, sql in shipped_here if kind_of(sql) == "table" and name not in present and name != JUNCTION]
    missing = [sql for name, sql in indexes().items() if name not in present]
    others = [sql for _, sql in shipped_here if kind_of(sql) != "table"]
    return [Statement(trusted(sql)) for sql in (*drop(left), *tables, *missing, *others)]


async def _junction(db: Database) -> list[LiteralString]:
    """Return the statements that recreate the junction, if its foreign keys refer to a table that was renamed."""
    if await junction_keys_hold(db):
        return []
    return [COPY, "DROP TABLE trip_client_assignments", expected("dual_write")[JUNCTION], CREATE_INDEX]


async def _require_columns(db: Database, phase: Phase) -> None:
    present: dict[str, set[str]] = {}
    for row in await db.read(COLUMNS):
        present.setdefault(row["table"], set()).add(row["name"].lower())
    for table, column in _columns():
        if table not in present and table in {"trips_v2", "clients_v2"}:
            raise DatabaseUnavailable(f"The table {table} is missing: create or rename it, then attach again.")
        dropped = phase == "normalized" and (table, column) == ("trips_v2", "clients")
        if table in present and column.lower() not in present[table] and not dropped:
            raise DatabaseUnavailable(f"{table} has lost the column {column}: add it, then attach again.")
    if not await db.read(TRIP_KEY):
        raise DatabaseUnavailable("trips_v2.trip_id is not the INTEGER PRIMARY KEY: make it so, then attach again.")
    if not await db.read(UNIQUE_EMAIL):
        raise DatabaseUnavailable("clients_v2.email is not unique: make it so, then attach again.")


@cache
def _columns() -> list[tuple[str, str]]:
    """Return the table and name of each shipped column."""
    with closing(sqlite3.connect(":memory:")) as scratch:
        for migration in shipped():
            scratch.executescript(migration.text)
        return scratch.execute(COLUMNS).fetchall()


COLUMNS: LiteralString = """
SELECT m.name AS "table", c.name AS name
FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB '_cf_*' AND m.sql NOT LIKE 'CREATE VIRTUAL%'
"""

TRIP_KEY: LiteralString = """
SELECT 1 FROM pragma_table_info('trips_v2')
WHERE name = 'trip_id' COLLATE NOCASE AND pk = 1 AND type = 'INTEGER' COLLATE NOCASE
"""

UNIQUE_EMAIL: LiteralString = """
SELECT 1 FROM pragma_index_list('clients_v2') i
WHERE i."unique" = 1 AND i.partial = 0
  AND (SELECT group_concat(lower(c.name)) FROM pragma_index_info(i.name) c) = 'email'
"""

OTHERS: LiteralString = """
SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY type, name
"""

HAS_JUNCTION: LiteralString = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'trip_client_assignments'"

COPY: LiteralString = """
INSERT OR REPLACE INTO detached_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
SELECT assignment_id, trip_id, client_email, client_role, created_at, updated_at FROM trip_client_assignments
"""

CREATE_INDEX: LiteralString = (
    "CREATE INDEX IF NOT EXISTS idx_assignments_client ON trip_client_assignments(client_email)"
)

SET_DETACHED: LiteralString = "UPDATE migration_phase SET detached_at = ?, epoch = epoch + 1"

SET_ATTACHED: LiteralString = "UPDATE migration_phase SET detached_at = NULL, epoch = epoch + 1"

# The copied rows that are gone although their trip is still there.
_GONE: LiteralString = """
FROM detached_assignments d
WHERE EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = d.trip_id)
  AND NOT EXISTS (
      SELECT 1 FROM trip_client_assignments a
      WHERE a.trip_id = d.trip_id
        AND (a.assignment_id = d.assignment_id OR a.client_email = d.client_email AND a.client_role IS d.client_role))
"""

_HAS_CLIENT: LiteralString = "EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = d.client_email)"

LOST: LiteralString = (
    "SELECT coalesce(sum("
    + _HAS_CLIENT
    + "), 0) AS restored, coalesce(sum(NOT "
    + _HAS_CLIENT
    + "), 0) AS set_aside "
    + _GONE
)

SET_ASIDE: LiteralString = (
    """
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_client_assignments',
       json_object('assignment_id', d.assignment_id, 'trip_id', d.trip_id, 'client_email', d.client_email,
                   'client_role', d.client_role, 'created_at', d.created_at, 'updated_at', d.updated_at),
       'no such client', ?1
"""
    + _GONE
    + " AND NOT "
    + _HAS_CLIENT
)

PUT_BACK: LiteralString = (
    """
INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
SELECT iif(EXISTS (SELECT 1 FROM trip_client_assignments k WHERE k.assignment_id = d.assignment_id),
           NULL, d.assignment_id),
       d.trip_id, d.client_email, d.client_role, d.created_at, d.updated_at
"""
    + _GONE
    + " AND "
    + _HAS_CLIENT
)

# Notes for the triggers that were interrupted or never picked up.
CLEAR_NOTES: tuple[LiteralString, ...] = (
    "DELETE FROM trip_client_sync",
    "DELETE FROM trip_client_displaced",
    "DELETE FROM replaced_clients",
    "DELETE FROM replaced_assignments",
    "DELETE FROM replaced_trips",
    "DELETE FROM deleted_parents",
)
