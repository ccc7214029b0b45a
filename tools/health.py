"""Tools that report the health, the tables and the recent errors of the database."""

from __future__ import annotations

from asyncio import gather
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field
from rapidfuzz import fuzz, process, utils

from database import health, tables
from database.errors import ProgramTooOld
from database.phase import read_phase
from database.quoting import as_word, in_quotes
from tools.answers.committing import commit
from tools.answers.errors import NotFound
from tools.answers.fields import Line
from tools.tool import READS, Answer, Arguments, Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# Number of hours for which an unresolved error causes a warning.
RECENT_HOURS = 24

# Maximum length of an error message in an answer.
EXCERPT = 300

# Number of ids of resolved faults that an answer lists; the rest are counted.
IDS_SHOWN = 20


class HealthArguments(Arguments):
    pass


class Health(Answer):
    status: Literal["ok", "warning"] = Field(description="ok, or warning with reasons.")
    reasons: list[str] = Field(description="Reasons for a warning.")
    phase: str = Field(description="dual_write, prefer_junction or normalized.")
    epoch: int = Field(description="Grows with each phase or schema change.")
    migrations: int = Field(description="Migrations applied.")
    last_migration: str | None = Field(description="Latest migration.")
    schema_current: bool = Field(description="True if this program knows all of them.")
    trips: int = Field(description="Number of trips.")
    clients: int = Field(description="Number of clients.")
    assignments: int = Field(description="Number of assignments.")
    dirty_facts: int = Field(description="Queue rows of trips with stale facts.")
    unresolved_errors: int = Field(description="Unresolved errors of the last 24 hours.")
    quarantined: int = Field(description="Texts in quarantine, accepted ones included.")
    broken_assignments: int = Field(description="Assignments without trip or client among the latest 1,000.")


class ExploreArguments(Arguments):
    table: Annotated[str | None, Field(max_length=200, description="One table; default all.")] = None


class Column(BaseModel):
    name: str = Field(description="Name.")
    type: str = Field(description="Declared type.")
    required: bool = Field(description="True if NOT NULL.")
    in_primary_key: bool = Field(description="True if in the primary key.")


class Table(BaseModel):
    name: str = Field(description="Name.")
    rows: int = Field(description="Number of rows.")
    columns: list[Column] = Field(description="Columns.")


class Explored(Answer):
    tables: list[Table] = Field(description="The tables, by name.")


class RecentErrorsArguments(Arguments):
    hours: Annotated[int, Field(ge=1, le=720, description="Hours to look back.")] = RECENT_HOURS
    limit: Annotated[int, Field(ge=1, le=100, description="Most groups to list.")] = 10


class FaultGroup(BaseModel):
    operation: str = Field(description="What was attempted.")
    error: str = Field(description="Message, cut if long.")
    count: int = Field(description="Count.")
    resolved: int = Field(description="Resolved ones.")
    first_at: str = Field(description="First time.")
    last_at: str = Field(description="Last time.")
    example_id: int = Field(description="Latest id in db_errors.")


class RecentErrors(Answer):
    errors: int = Field(description="Number of errors.")
    groups_total: int = Field(description="Groups by operation and message.")
    groups: list[FaultGroup] = Field(description="The most frequent groups.")


class ResolveArguments(WriteArguments):
    error_pattern: Annotated[Line, Field(min_length=3, description="Text in the message, ignoring ASCII case.")]
    resolution: Annotated[Line, Field(min_length=1, description="What was done about it.")]
    session_id: Annotated[Line | None, Field(description="Only this session.")] = None


class ErrorsResolved(WriteAnswer):
    resolved: int = Field(description="Errors marked as resolved.")
    ids: list[int] = Field(description="The first ids.")


async def health_check(db: Database, _: HealthArguments) -> Health:
    counts, applied, state, broken, too_old = await gather(
        health.counts(db, _hours_ago(RECENT_HOURS)),
        health.ledger(db),
        read_phase(db),
        health.broken_assignments(db),
        _too_old(db),
    )
    schema = [*_unchecked(applied), *too_old]
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
    "unresolved_errors": "{} unresolved database errors in 24 hours: see analyze_recent_errors",
    "quarantined_open": "{} texts in quarantine that nobody has accepted: see check_consistency",
    "guards_left": "{} guards left behind by a write: see repair_consistency",
    "mismatched_trips": "{} trips whose two stores differed when read: see check_consistency",
    "broken_assignments": "{} of the latest assignments have no trip or no client: see check_consistency",
}


def _count_reasons(counts: Row) -> list[str]:
    return [words.format(counts[name]) for name, words in WORRIES.items() if counts[name]]


def _unchecked(applied: Sequence[Row]) -> list[str]:
    unchecked = [str(row["name"]) for row in applied if not row["checked"]]
    return [f"{', '.join(map(as_word, unchecked))} applied by another program"] if unchecked else []


async def _too_old(db: Database) -> list[str]:
    try:
        await health.look_at_phase(db)
    except ProgramTooOld:
        return ["the database was migrated by a newer voygen, so this one does not write"]
    return []


async def explore_database(db: Database, args: ExploreArguments) -> Explored:
    columns = await tables.every_column(db)
    names = [*columns] if args.table is None else [_known_table(args.table, [*columns])]
    rows = await tables.count_rows(db, names)
    found = [
        Table(name=name, rows=count, columns=[Column(**dict(column)) for column in columns[name]])
        for name, count in zip(names, rows, strict=True)
    ]
    return Explored(message="; ".join(_described(table, whole=len(found) == 1) for table in found) + ".", tables=found)


def _known_table(wanted: str, names: Sequence[str]) -> str:
    """Find the table by name, ignoring case. Raises NotFound with the most similar names."""
    for name in names:
        if name.lower() == wanted.lower():
            return name
    matches = process.extract(wanted, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=3)
    near = ", ".join(as_word(name) for name, _, _ in matches)
    raise NotFound(
        f"There is no table {in_quotes(wanted)}. Nearest by spelling: {near}.",
        "Send one of those as table, or omit it for all tables.",
    )


def _described(table: Table, *, whole: bool) -> str:
    columns = f": {', '.join(as_word(column.name) for column in table.columns)}" if whole else ""
    return f"{as_word(table.name)} ({table.rows} rows){columns}"


async def analyze_recent_errors(db: Database, args: RecentErrorsArguments) -> RecentErrors:
    rows = await health.fault_groups(db, _hours_ago(args.hours), args.limit)
    groups = [
        FaultGroup.model_validate({**row, "error": row["error"][:EXCERPT], "count": row["times"]}) for row in rows
    ]
    faults, kinds = (rows[0]["faults"], rows[0]["groups"]) if rows else (0, 0)
    words = "; ".join(
        f"{group.count} times in {as_word(group.operation)}, {group.resolved} resolved" for group in groups
    )
    return RecentErrors(
        message=f"{faults} database errors in {args.hours} hours, of {kinds} kinds{': ' if words else ''}{words}.",
        errors=faults,
        groups_total=kinds,
        groups=groups,
    )


async def resolve_error_pattern(db: Database, args: ResolveArguments) -> ErrorsResolved:
    ids = await health.unresolved(db, args.error_pattern, args.session_id)
    if not ids:
        raise NotFound(
            f"No unresolved error has {in_quotes(args.error_pattern)} in its message.",
            "Send text from analyze_recent_errors as error_pattern.",
        )
    answer = ErrorsResolved(message=f"{len(ids)} errors marked as resolved.", resolved=len(ids), ids=ids[:IDS_SHOWN])
    return await commit(db, [health.resolve_faults(ids, args.resolution)], answer)


def _hours_ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


TOOLS = [
    Tool(
        name="health_check",
        title="Check database health",
        description="Check the database: schema, phase, counts, recent errors, quarantine. Read-only.",
        group="maintenance",
        hints=READS,
        input=HealthArguments,
        output=Health,
        run=health_check,
    ),
    Tool(
        name="explore_database",
        title="Show the tables",
        description="List the tables with columns and row counts; never their contents.",
        group="maintenance",
        hints=READS,
        input=ExploreArguments,
        output=Explored,
        run=explore_database,
    ),
    Tool(
        name="analyze_recent_errors",
        title="Group recent errors",
        description="Group recent database errors by operation and message, most frequent first.",
        group="maintenance",
        hints=READS,
        input=RecentErrorsArguments,
        output=RecentErrors,
        run=analyze_recent_errors,
    ),
    Tool(
        name="resolve_error_pattern",
        title="Resolve errors",
        description="Mark unresolved database errors whose message contains a text as resolved.",
        group="maintenance",
        hints=Hints(idempotent=True),
        input=ResolveArguments,
        output=ErrorsResolved,
        run=resolve_error_pattern,
    ),
]
