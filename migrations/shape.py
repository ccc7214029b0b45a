"""The expected schema of each phase, and a comparison of a database with it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString

from database.phase import PHASES
from database.schema import definitions, normalized
from migrations.files import FOLDER, quoted, shipped, split_statements, trusted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from database.engine import Database
    from database.phase import Phase

_CREATE_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX(?: IF NOT EXISTS)? (\w+) ON (\w+)", re.MULTILINE)

_CREATE = re.compile(r"^CREATE (TABLE|VIEW|TRIGGER)(?: IF NOT EXISTS)? (\w+)", re.MULTILINE)

# Objects that exist only during a migration.
_TEMPORARY = re.compile(r"_before$|_backfill")

# Baseline tables that older systems define differently. Adoption checks their columns; their SQL text is not compared.
BROUGHT_ALONG = {"trips_v2", "clients_v2", "ActivityLog", "db_errors"}

# Triggers that the prefer_junction phase lacks: in that phase, only voygen and the other triggers write the JSON.
REVERSE = {"trg_trips_v2_clients_update", "trg_trips_v2_clients_insert"}

# Objects that need the JSON column, which the normalized phase lacks.
OF_THE_COLUMN = REVERSE | {
    "trip_client_entries",
    "trip_people",
    "trg_trips_v2_guests_update",
    "trg_trip_client_sync_reconcile",
    "trg_trip_client_assignments_insert",
    "trg_trip_client_assignments_delete",
    "trg_trip_client_assignments_update",
    "trg_trip_client_assignments_note_insert",
    "trg_trip_client_assignments_note_update",
    "trg_trip_client_displaced_delete",
    "trg_trips_v2_id_update",
    "trg_trips_v2_note_insert",
    "trg_clients_v2_email",
    "trg_clients_v2_guests_stay",
    "trg_clients_v2_note_insert",
    "trg_clients_v2_note_update",
    "trg_client_replacements_insert",
}


@cache
def expected(phase: Phase) -> Mapping[str, LiteralString]:
    """Return the expected definitions in this phase by name, in creation order."""
    if phase == "dual_write":
        return _created(statement for migration in shipped() for statement in migration.statements)
    without = REVERSE if phase == "prefer_junction" else OF_THE_COLUMN
    kept: dict[str, LiteralString] = {name: sql for name, sql in expected("dual_write").items() if name not in without}
    lines = (FOLDER / "phases" / f"{phase}.sql").read_text(encoding="utf-8").splitlines(keepends=True)
    return {**kept, **_created(split_statements(lines))}


@cache
def indexes() -> Mapping[str, LiteralString]:
    """Return the shipped indexes of the tables in BROUGHT_ALONG by name. Rebuilding a table drops its indexes."""
    return {
        found[1]: trusted(statement)
        for migration in shipped()
        for statement in migration.statements
        if (found := _CREATE_INDEX.search(statement)) and found[2] in BROUGHT_ALONG
    }


def drop(objects: Mapping[str, str]) -> list[LiteralString]:
    """Return the statements that drop these objects, triggers before the views they read."""
    ordered = sorted(objects.items(), key=lambda item: kind_of(item[1]) == "view")
    return [trusted(f"DROP {kind_of(sql).upper()} IF EXISTS {quoted(name)}") for name, sql in ordered]


def kind_of(sql: str) -> str:
    """Return `table`, `view` or `trigger`, or "" for another statement."""
    found = _CREATE.search(sql)
    return found[1].lower() if found else ""


async def differences(db: Database, phase: Phase) -> list[dict[str, Any]]:
    """Return name, type and problem of each object that is missing, not as shipped, or from another phase."""
    present = await definitions(db)
    wanted = expected(phase)
    found: list[dict[str, Any]] = []
    for name, sql in wanted.items():
        if name not in present:
            found.append({"name": name, "type": kind_of(sql), "problem": "missing"})
        elif normalized(present[name]) != normalized(_as_stored(sql)):
            found.append({"name": name, "type": kind_of(sql), "problem": "not as shipped"})
    found += [{"name": name, "type": "index", "problem": "missing"} for name in indexes() if name not in present]
    ours = of_any_phase()
    found += [
        {"name": name, "type": kind_of(ours[name]), "problem": f"does not belong in phase {phase}"}
        for name in present.keys() & (ours.keys() - wanted.keys())
    ]
    return found


def of_any_phase() -> dict[str, LiteralString]:
    """Return a definition of each object that some phase has, by name."""
    return {name: sql for phase in PHASES for name, sql in expected(phase).items()}


def _created(statements: Iterable[str]) -> dict[str, LiteralString]:
    objects: dict[str, LiteralString] = {}
    for statement in statements:
        found = _CREATE.search(statement)
        if found and found[2] not in BROUGHT_ALONG and not _TEMPORARY.search(found[2]):
            objects[found[2]] = trusted(statement)
    return objects


def _as_stored(sql: str) -> str:
    """Return the statement without the comments before it, which SQLite doesn't store."""
    found = _CREATE.search(sql)
    return sql[found.start() :] if found else sql
