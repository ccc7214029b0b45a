"""Tools that say how the database is, what is in it, and what went wrong. All but one only read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field
from rapidfuzz import fuzz, process, utils

from database import health, tables
from database.engine import write
from database.errors import ProgramTooOld
from database.phase import read_phase
from tools.answers.errors import NotFound
from tools.answers.fields import Line
from tools.tool import READS, Answer, Arguments, Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# Hours in which an unresolved fault is a reason to worry.
RECENT_HOURS = 24

# Characters of a fault's message that an answer carries.
EXCERPT = 300

# Ids of resolved faults that an answer names; the rest are counted.
IDS_SHOWN = 20


class HealthArguments(Arguments):
    pass


class Health(Answer):
    status: Literal["ok", "warning"] = Field(description="Whether somebody should look.")
    reasons: list[str] = Field(description="Why, where it is a warning.")
    phase: str = Field(description="dual_write, prefer_junction or normalized.")
    epoch: int = Field(description="Grows with every change of phase or schema.")
    migrations: int = Field(description="How many migrations were applied.")
    last_migration: str | None = Field(description="The latest of them.")
    schema_current: bool = Field(description="Whether this program knows every migration that was applied.")
    trips: int = Field(description="How many trips there are.")
    clients: int = Field(description="How many clients there are.")
    assignments: int = Field(description="How many assignments there are.")
    dirty_facts: int = Field(description="How many rows wait in the queue of trips whose facts are out of date.")
    unresolved_errors: int = Field(description="Database faults of the last 24 hours that nobody has resolved.")
    quarantined: int = Field(description="Texts in quarantine, those that somebody accepted among them.")
    broken_assignments: int = Field(description="Assignments without trip or client among the latest 1,000.")


class ExploreArguments(Arguments):
    table: Annotated[str | None, Field(max_length=200, description="One table; all of them if left out.")] = None


class Column(BaseModel):
    name: str = Field(description="Its name.")
    type: str = Field(description="Its type, as declared.")
    required: bool = Field(description="Whether it is NOT NULL.")
    in_primary_key: bool = Field(description="Whether it belongs to the primary key.")


class Table(BaseModel):
    name: str = Field(description="Its name.")
    rows: int = Field(description="How many rows it has.")
    columns: list[Column] = Field(description="Its columns.")


class Explored(Answer):
    tables: list[Table] = Field(description="The tables, by name.")


class RecentErrorsArguments(Arguments):
    hours: Annotated[int, Field(ge=1, le=720, description="How far to look back, in hours.")] = RECENT_HOURS
    limit: Annotated[int, Field(ge=1, le=100, description="Most groups to list.")] = 10


class FaultGroup(BaseModel):
    operation: str = Field(description="What was attempted.")
    error: str = Field(description="The message, its beginning if it is long.")
    count: int = Field(description="How often.")
    resolved: int = Field(description="How many of them are resolved.")
    first_at: str = Field(description="When first.")
    last_at: str = Field(description="When last.")
    example_id: int = Field(description="The latest of them in db_errors.")


class RecentErrors(Answer):
    errors: int = Field(description="How many faults there were.")
    groups_total: int = Field(description="How many groups they make by operation and message.")
    groups: list[FaultGroup] = Field(description="The most frequent groups.")


class ResolveArguments(WriteArguments):
    error_pattern: Annotated[
        Line, Field(min_length=3, description="Text that the message contains, ASCII case ignored.")
    ]
    resolution: Annotated[Line, Field(min_length=1, description="What was done about it.")]
    session_id: Annotated[Line | None, Field(description="Only faults of this session.")] = None


class ErrorsResolved(WriteAnswer):
    resolved: int = Field(description="How many faults were marked as resolved.")
    ids: list[int] = Field(description="The first of them.")


async def health_check(db: Database, _: HealthArguments) -> Health:
    counts = await health.counts(db, _hours_ago(RECENT_HOURS))
    applied = await health.ledger(db)
    state = await read_phase(db)
    broken = await health.broken_assignments(db)
    schema = await _schema_reasons(db, applied)
    reasons = [*schema, *_count_reasons({**counts, "broken_assignments": broken})]
    return Health(
        message=f"{'Warning: ' + '; '.join(reasons) if reasons else 'All is well'}. Phase {state.phase}, "
        f"{counts['trips']} trips, {counts['clients']} clients, {counts['assignments']} assignments.",
        status="warning" if reasons else "ok",
        reasons=reasons,
        phase=state.phase,
        epoch=state.epoch,
        migrations=len(applied),
        last_migration=applied[-1]["name"] if applied else None,
        schema_current=not schema,
        **{name: counts[name] for name in COUNTED},
        broken_assignments=broken,
    )


COUNTED = ("trips", "clients", "assignments", "dirty_facts", "unresolved_errors", "quarantined")

WORRIES = {
    "unresolved_errors": "{} unresolved database faults in 24 hours: see analyze_recent_errors",
    "quarantined_open": "{} texts in quarantine that nobody has accepted: see check_consistency",
    "guards_left": "{} guards left by a write: see repair_consistency",
    "mismatched_trips": "{} trips for which a reading found the two stores different: see check_consistency",
    "broken_assignments": "{} of the latest assignments have no trip or no client: see check_consistency",
}


def _count_reasons(counts: Row) -> list[str]:
    return [words.format(counts[name]) for name, words in WORRIES.items() if counts[name]]


async def _schema_reasons(db: Database, applied: Sequence[Row]) -> list[str]:
    unchecked = [str(row["name"]) for row in applied if not row["checked"]]
    reasons = [f"{', '.join(unchecked)} applied by another program"] if unchecked else []
    try:
        await health.look_at_phase(db)
    except ProgramTooOld:
        reasons.append("the database was migrated by a newer voygen, so that this one does not write")
    return reasons


async def explore_database(db: Database, args: ExploreArguments) -> Explored:
    names = await tables.tables(db)
    if args.table is not None:
        names = [_known_table(args.table, names)]
    found = [
        Table(
            name=name,
            rows=await tables.count_rows(db, name),
            columns=[Column(**dict(column)) for column in await tables.columns(db, name)],
        )
        for name in names
    ]
    return Explored(message="; ".join(_described(table, whole=len(found) == 1) for table in found) + ".", tables=found)


def _known_table(wanted: str, names: Sequence[str]) -> str:
    """The table of this name, case ignored. Raises NotFound with those spelled most alike."""
    for name in names:
        if name.lower() == wanted.lower():
            return name
    matches = process.extract(wanted, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=3)
    raise NotFound(
        f"There is no table {wanted!r}. Nearest by spelling: {', '.join(name for name, _, _ in matches)}.",
        "Send one of those as table, or none for all tables.",
    )


def _described(table: Table, *, whole: bool) -> str:
    columns = f": {', '.join(column.name for column in table.columns)}" if whole else ""
    return f"{table.name} ({table.rows} rows){columns}"


async def analyze_recent_errors(db: Database, args: RecentErrorsArguments) -> RecentErrors:
    rows = await health.fault_groups(db, _hours_ago(args.hours), args.limit)
    groups = [
        FaultGroup.model_validate({**row, "error": row["error"][:EXCERPT], "count": row["times"]}) for row in rows
    ]
    faults, kinds = (rows[0]["faults"], rows[0]["groups"]) if rows else (0, 0)
    words = "; ".join(f"{group.count} times in {group.operation}, {group.resolved} resolved" for group in groups)
    return RecentErrors(
        message=f"{faults} database faults in {args.hours} hours, of {kinds} kinds{': ' if words else ''}{words}.",
        errors=faults,
        groups_total=kinds,
        groups=groups,
    )


async def resolve_error_pattern(db: Database, args: ResolveArguments) -> ErrorsResolved:
    # A write that finds nothing would leave a receipt of a call that was refused.
    if not await health.has_unresolved(db, args.error_pattern, args.session_id):
        raise NotFound(
            f"No unresolved fault has {args.error_pattern!r} in its message.",
            "Send a text that analyze_recent_errors shows, as error_pattern.",
        )
    rows = await write(db, health.resolve_faults(args.error_pattern, args.resolution, args.session_id))
    return ErrorsResolved(
        message=f"{len(rows)} faults marked as resolved.",
        resolved=len(rows),
        ids=[row["id"] for row in rows[:IDS_SHOWN]],
    )


def _hours_ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


TOOLS = [
    Tool(
        name="health_check",
        title="Look how the database is",
        description="Whether the database is well: schema, phase, counts, recent faults, quarantine. Reads only.",
        group="maintenance",
        hints=READS,
        input=HealthArguments,
        output=Health,
        run=health_check,
    ),
    Tool(
        name="explore_database",
        title="Show the tables",
        description="The tables of the database with their columns and numbers of rows; never what is in the rows.",
        group="maintenance",
        hints=READS,
        input=ExploreArguments,
        output=Explored,
        run=explore_database,
    ),
    Tool(
        name="analyze_recent_errors",
        title="Group recent faults",
        description="The database faults of the last hours, grouped by operation and message, most frequent first.",
        group="maintenance",
        hints=READS,
        input=RecentErrorsArguments,
        output=RecentErrors,
        run=analyze_recent_errors,
    ),
    Tool(
        name="resolve_error_pattern",
        title="Mark faults as resolved",
        description="Mark the unresolved database faults whose message contains a text as resolved.",
        group="maintenance",
        hints=Hints(idempotent=True),
        input=ResolveArguments,
        output=ErrorsResolved,
        run=resolve_error_pattern,
    ),
]
