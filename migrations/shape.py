"""Which triggers, views and tables each phase has, as shipped, and what a database has instead."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString

from database.schema import definitions, normalized
from migrations.files import FOLDER, shipped, split_statements, trusted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from database.engine import Database
    from database.phase import Phase

_CREATE = re.compile(r"^CREATE (TABLE|VIEW|TRIGGER)(?: IF NOT EXISTS)? (\w+)", re.MULTILINE)

# Objects of the baseline that an older system brought in its own words: compared by what they hold, not by text.
BROUGHT_ALONG = {"trips_v2", "clients_v2", "ActivityLog", "db_errors"}

# What the phase prefer_junction has not: there nobody but the triggers and voygen writes the JSON.
REVERSE = {"trg_trips_v2_clients_update", "trg_trips_v2_clients_insert"}

# What has no place where the column is gone.
OF_THE_COLUMN = REVERSE | {
    "trip_client_entries",
    "trg_trip_client_sync_reconcile",
    "trg_trip_client_assignments_insert",
    "trg_trip_client_assignments_delete",
    "trg_trip_client_assignments_update",
    "trg_trip_client_assignments_note_insert",
    "trg_trip_client_assignments_note_update",
    "trg_trip_client_displaced_delete",
    "trg_trips_v2_id_update",
}


@cache
def expected(phase: Phase) -> Mapping[str, LiteralString]:
    """The definitions that a database in this phase has, by name, in the order in which they can be made."""
    if phase == "dual_write":
        return _created(statement for migration in shipped() for statement in migration.statements)
    without = REVERSE if phase == "prefer_junction" else OF_THE_COLUMN
    kept: dict[str, LiteralString] = {name: sql for name, sql in expected("dual_write").items() if name not in without}
    lines = (FOLDER / "phases" / f"{phase}.sql").read_text(encoding="utf-8").splitlines(keepends=True)
    return {**kept, **_created(split_statements(lines))}


def kind_of(sql: str) -> str:
    """`table`, `view` or `trigger`."""
    found = _CREATE.search(sql)
    return found[1].lower() if found else ""


async def differences(db: Database, phase: Phase) -> list[dict[str, Any]]:
    """Each object that is missing or not as shipped, and each of another phase that is there: name, type, problem."""
    present = await definitions(db)
    wanted = expected(phase)
    found: list[dict[str, Any]] = []
    for name, sql in wanted.items():
        if name not in present:
            found.append({"name": name, "type": kind_of(sql), "problem": "missing"})
        elif normalized(present[name]) != normalized(_as_stored(sql)):
            found.append({"name": name, "type": kind_of(sql), "problem": "not as shipped"})
    ours = {
        name: sql for every in ("dual_write", "prefer_junction", "normalized") for name, sql in expected(every).items()
    }
    found += [
        {"name": name, "type": kind_of(ours[name]), "problem": f"has no place in the phase {phase}"}
        for name in present.keys() & (ours.keys() - wanted.keys())
    ]
    return found


def _created(statements: Iterable[str]) -> dict[str, LiteralString]:
    objects: dict[str, LiteralString] = {}
    for statement in statements:
        found = _CREATE.search(statement)
        if found and found[2] not in BROUGHT_ALONG and not found[2].endswith("_before"):
            objects[found[2]] = trusted(statement)
    return objects


def _as_stored(sql: str) -> str:
    """The statement from its CREATE on: SQLite keeps no comment that stands before it."""
    found = _CREATE.search(sql)
    return sql[found.start() :] if found else sql
