"""The migration at a glance: phase, obstacles, agreement of the stores, proofs and calls."""

from __future__ import annotations

from asyncio import gather
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from database import measures, shadow, trips
from database.clients import has_email
from database.phase import read_phase
from database.quoting import in_quotes
from migrations.phases.moves import QUIET_DAYS, next_phase, phase_status
from migrations.phases.obstacles import other_obstacles
from server.desk.recording import hour_of
from server.report import count
from server.stats import GOOD, agreement_of, first_hour, proven, stats_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from database.engine import Database, Row
    from database.phase import Phase
    from migrations.check import CheckReport
    from server.stats import Agreement, Stats

# Number of proofs, of differing trips, of pairs of each, and of tools that the board lists.
PROOFS_SHOWN, TRIPS_SHOWN, PAIRS_SHOWN, TOOLS_SHOWN = 60, 12, 12, 30

# Maximum length of an e-mail, role or name on the board.
LONGEST = 100

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60

# Words for the obstacles, by the first part of their names. The number of them stands before.
_OBSTACLES = {
    "unlinked": ("entry belongs to no client", "entries belong to no client"),
    "quarantine": ("client list could not be read", "client lists could not be read"),
    "orphan": ("assignment has no trip or no client", "assignments have no trip or no client"),
    "foreign_key": ("row refers to a missing row", "rows refer to missing rows"),
    "schema": ("part of the schema is not as shipped", "parts of the schema are not as shipped"),
    "direct_write": (
        f"trip was written to by old code in the last {QUIET_DAYS} days",
        f"trips were written to by old code in the last {QUIET_DAYS} days",
    ),
    "backfill": ("migration is not complete", "migrations are not complete"),
}
_DRIFT = ("difference between the stores", "differences between the stores")


async def board(db: Database, hours: int, report: CheckReport | None) -> dict[str, Any]:
    """Return the fields of a MigrationPicture, with the findings of a check if there is a `report`."""
    state = await read_phase(db)
    agreement = agreement_of(report) if report else await proven(db)
    obstacles = (await phase_status(db, report=report)).obstacles if report else await _known(db, state.phase)
    differing, proofs, by_hour, stats = await gather(
        _differing(db, report, state.phase),
        measures.latest_proofs(db, PROOFS_SHOWN),
        _by_hour(db, hours),
        stats_of(db, hours, agreement),
    )
    return {
        "phase": state.phase,
        "next_phase": next_phase(state.phase),
        "obstacles": _obstacle_words(obstacles, agreement, checked=report is not None),
        "agreement": _agreed(agreement) if agreement else None,
        **differing,
        "proofs": [{"at": row["recorded_at"], "drift": row["drift"]} for row in proofs],
        "by_hour": by_hour,
        **_usage(stats),
    }


async def _known(db: Database, phase: Phase) -> list[dict[str, str]]:
    """Return the obstacles that are known without comparing the stores."""
    return await other_obstacles(db, phase, QUIET_DAYS) if next_phase(phase) else []


def _obstacle_words(obstacles: Iterable[dict[str, str]], agreement: Agreement | None, *, checked: bool) -> list[str]:
    """Count the obstacles by kind. Without a check, those differences count that the last proof found."""
    kinds = Counter(one["name"].split("/")[0] for one in obstacles)
    drift = sum(times for kind, times in kinds.items() if kind not in _OBSTACLES)
    if not checked and agreement:
        drift = agreement.findings
    told = [(drift, _DRIFT), *((times, words) for kind, words in _OBSTACLES.items() if (times := kinds[kind]))]
    unknown = [] if agreement else ["Nobody has checked yet whether the stores agree"]
    return unknown + [f"{times} {words[times != 1]}" for times, words in told if times]


def _agreed(agreement: Agreement) -> dict[str, Any]:
    return {
        "source": agreement.source.split()[0],
        "at": agreement.at,
        "age": _age(datetime.now(UTC) - datetime.fromisoformat(agreement.at)),
        "trips": agreement.trips,
        "assignments": agreement.assignments,
        "differences": agreement.findings,
        "differing_trips": agreement.differing_trips if agreement.findings else 0,
    }


def _age(since: timedelta) -> str:
    seconds = max(int(since.total_seconds()), 0)
    for unit, size in (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE)):
        if seconds >= size:
            return f"{count(seconds // size, unit)} ago"
    return "just now"


async def _differing(db: Database, report: CheckReport | None, phase: Phase) -> dict[str, Any]:
    """Return the differing trips with their pairs in both stores. In the normalized phase there is one store."""
    kinds: dict[int, dict[str, None]] = {}
    for finding in [*report.drift, *report.live_orphans] if report else ():
        kinds.setdefault(finding["trip_id"], {})[finding["kind"]] = None
    shown = sorted(kinds)[:TRIPS_SHOWN]
    pairs = await shadow.pairs_of(db, shown) if phase != "normalized" else []
    names = await trips.names(db, shown)
    return {
        "differing": [
            {
                "trip_id": trip_id,
                "name": names.get(trip_id, "a missing trip")[:LONGEST],
                "kinds": list(kinds[trip_id]),
                **_pairs([row for row in pairs if row["trip_id"] == trip_id]),
            }
            for trip_id in shown
        ],
        "differing_more": len(kinds) - len(shown),
    }


def _pairs(rows: Sequence[Row]) -> dict[str, Any]:
    rows = sorted(rows, key=lambda row: bool(row["in_junction"] and row["in_json"]))
    shown = [
        {
            "email": _who(row)[:LONGEST],
            "role": str(row["role"])[:LONGEST],
            "junction": bool(row["in_junction"]),
            "json": bool(row["in_json"]),
        }
        for row in rows[:PAIRS_SHOWN]
    ]
    return {"pairs": shown, "pairs_more": len(rows) - len(shown)}


def _who(row: Row) -> str:
    email = str(row["email"])
    return email if has_email(email) else f"{in_quotes(row['full_name'])} (no e-mail)"


async def _by_hour(db: Database, hours: int) -> list[dict[str, Any]]:
    """Return the calls of each of the last hours, also of those without any."""
    counted = await measures.calls_by_hour(db, first_hour(hours), sorted(GOOD))
    every = [hour_of(datetime.now(UTC) - timedelta(hours=ago)) for ago in reversed(range(hours))]
    calls = [counted.get(hour, (0, 0)) for hour in every]
    return [
        {"hour": hour, "calls": of_all, "failed": failed} for hour, (of_all, failed) in zip(every, calls, strict=True)
    ]


def _usage(stats: Stats) -> dict[str, Any]:
    *tools, whole = stats.operations or [None]
    shown = [
        {
            "tool": one.tool[:LONGEST],
            "calls": one.calls,
            "p50_ms": one.p50_ms,
            "p95_ms": one.p95_ms,
            "success_rate": one.success_rate,
        }
        for one in tools
        if one
    ]
    return {
        "hours": stats.hours,
        "calls": whole.calls if whole else 0,
        "success_rate": whole.success_rate if whole else None,
        "violations": stats.violations,
        "operations": shown[:TOOLS_SHOWN],
        "operations_more": max(len(shown) - TOOLS_SHOWN, 0),
    }
