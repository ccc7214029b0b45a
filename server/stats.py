"""The `stats` command: agreement of the stores, constraint violations, success rates and latency."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from database import measures
from database.progress import Progress, untold
from migrations.check import check
from server.checking import open_migrated
from server.desk.recording import BOUNDS_MS, hour_of
from server.report import count, escaped, short_time, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.d1_address import Location
    from database.engine import Database, Row
    from migrations.check import CheckReport

# The latency percentiles, as shares of the calls.
SHARES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}


@dataclass(frozen=True)
class Agreement:
    """Agreement of the stores at the time `at`, according to `source`: a check or a proof record.

    `differing_trips` and `standing_violations` are None for a proof record, which does not contain them.
    """

    source: str
    at: str
    trips: int
    assignments: int
    differing_trips: int | None
    findings: int
    standing_violations: int | None

    @property
    def percent(self) -> float | None:
        if self.differing_trips is None:
            return 100.0 if not self.findings else None
        return 100.0 * (self.trips - self.differing_trips) / self.trips if self.trips else 100.0


@dataclass(frozen=True)
class Operation:
    """Call statistics for one tool or for all tools.

    Each percentile is its bucket's upper bound, or None above the highest bucket.
    """

    tool: str
    calls: int
    succeeded: int
    outcomes: dict[str, int]
    mean_ms: float
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None

    @property
    def success_rate(self) -> float:
        return self.succeeded / self.calls


@dataclass(frozen=True)
class Stats:
    """The statistics for the last `hours` hours.

    Refused batches are counted by kind: in `retries` if a guard refused them, because such batches are retried, and
    otherwise in `violations`.
    """

    hours: int
    agreement: Agreement | None
    violations: dict[str, int]
    retries: dict[str, int]
    operations: list[Operation]

    def as_json(self) -> dict[str, Any]:
        agreed = self.agreement and asdict(self.agreement) | {"percent": self.agreement.percent}
        operations = [asdict(one) | {"success_rate": one.success_rate} for one in self.operations]
        return asdict(self) | {"agreement": agreed, "operations": operations}


async def stats_of_file(where: Location, hours: int, *, look: bool, progress: Progress = untold) -> Stats:
    """Return the statistics. The agreement comes from a check if `look`, else from the newest proof record."""
    async with open_migrated(where, to_look=True) as db:
        agreement = agreement_of(await check(db, progress)) if look else await proven(db)
        return await stats_of(db, hours, agreement)


async def stats_of(db: Database, hours: int, agreement: Agreement | None) -> Stats:
    since = first_hour(hours)
    calls = await measures.calls_since(db, since)
    refused = {row["kind"]: row["times"] for row in await measures.violations_since(db, since)}
    guards = {kind: times for kind, times in refused.items() if kind.startswith(measures.GUARD)}
    violations = {kind: times for kind, times in refused.items() if kind not in guards}
    return Stats(hours, agreement, violations, guards, _operations(calls))


def first_hour(hours: int) -> str:
    """Return the first of the last `hours` hours, the current one included."""
    return hour_of(datetime.now(UTC) - timedelta(hours=hours - 1))


def describe(stats: Stats) -> str:
    lines = [
        *_agreement_lines(stats.agreement),
        "",
        f"Last {count(stats.hours, 'hour')}",
        f"  Constraint violations:  {_listed(stats.violations)}",
        f"  Retried batches:        {_listed(stats.retries)}",
        "",
    ]
    if not stats.operations:
        return "\n".join([*lines, "No calls recorded. A running server saves its counts every few seconds."])
    *tools, whole = stats.operations
    headings = ("OPERATION", "CALLS", "SUCCESS", "P50 MS", "P95 MS", "P99 MS", "FAILURES")
    return "\n".join([*lines, "Calls", *table(headings, [_row(one) for one in (whole, *tools)])])


def _row(one: Operation) -> tuple[object, ...]:
    times = (_at_most(bound) for bound in (one.p50_ms, one.p95_ms, one.p99_ms))
    failures = {outcome: times for outcome, times in one.outcomes.items() if outcome not in GOOD}
    return one.tool, one.calls, f"{100 * one.success_rate:.2f}%", *times, _listed(failures) if failures else ""


# Outcomes that count as success; asked means that the call ended with a question to the user.
GOOD = {"ok", "asked"}


def agreement_of(report: CheckReport) -> Agreement:
    violations = len(report.live_orphans) + sum(fault["kind"] == "foreign_key" for fault in report.faults)
    differing = {finding["trip_id"] for finding in [*report.drift, *report.live_orphans]}
    return Agreement(
        source="check",
        at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        trips=report.trips,
        assignments=report.assignments,
        differing_trips=len(differing),
        findings=len(report.drift) + len(report.live_orphans),
        standing_violations=violations,
    )


async def proven(db: Database) -> Agreement | None:
    proof = await measures.latest_proof(db)
    if proof is None:
        return None
    return Agreement(
        source="proof record",
        at=proof["recorded_at"],
        trips=proof["trips"],
        assignments=proof["assignments"],
        differing_trips=None,
        findings=proof["drift"],
        standing_violations=None,
    )


def _operations(rows: Sequence[Row]) -> list[Operation]:
    """Return the call statistics for each tool, most called first, then for all tools."""
    tools = Counter[str]()
    for row in rows:
        tools[row["tool"]] += row["calls"]
    every = [_operation(tool, [row for row in rows if row["tool"] == tool]) for tool, _ in tools.most_common()]
    return [*every, _operation("all", rows)] if every else []


def _operation(tool: str, rows: Sequence[Row]) -> Operation:
    outcomes, classes = Counter[str](), Counter[int]()
    for row in rows:
        outcomes[row["outcome"]] += row["calls"]
        classes[row["up_to_ms"]] += row["calls"]
    calls = outcomes.total()
    return Operation(
        tool=tool,
        calls=calls,
        succeeded=sum(times for outcome, times in outcomes.items() if outcome in GOOD),
        outcomes=dict(outcomes.most_common()),
        mean_ms=round(1000 * sum(row["seconds"] for row in rows) / calls, 3),
        **{name: _bound(classes, share) for name, share in SHARES.items()},
    )


def _bound(classes: Counter[int], share: float) -> int | None:
    """Return the lowest bucket bound that covers this share of the calls, or None if no bound does."""
    wanted, seen = share * classes.total(), 0
    for bound in BOUNDS_MS:
        seen += classes[bound]
        if seen >= wanted:
            return bound
    return None


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{times} {escaped(kind)}" for kind, times in counts.items()) or "none"


def _at_most(bound: int | None) -> str:
    return f"> {BOUNDS_MS[-1]}" if bound is None else f"≤ {bound}"


def _agreement_lines(agreement: Agreement | None) -> list[str]:
    if agreement is None:
        return ["Agreement of the stores: unknown, because no proof is recorded. Run `voygen check --record`."]
    percent = "incomplete" if agreement.percent is None else f"{agreement.percent:.4f}%"
    lines = [
        f"Agreement of the stores: {percent}",
        f"  Source:                 {agreement.source}, {short_time(agreement.at)} UTC",
        f"  Trips:                  {agreement.trips}",
        f"  Assignments:            {agreement.assignments}",
    ]
    if agreement.standing_violations is not None:
        lines.append(f"  Dangling references:    {agreement.standing_violations}")
    if agreement.findings:
        lines.append(f"  Differences:            {agreement.findings} (run `voygen check` to list them)")
    return lines
