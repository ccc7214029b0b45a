"""Usage statistics: counts of calls by outcome and duration, and of batches rejected by a constraint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database.engine import ForwardingDatabase, Statement
from database.errors import ConstraintViolated, GuardFailed
from database.rehearsal import GUARD_OF_THE_END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from database.engine import Database, Results, Row

# Prefix of the kind of a violation that a guard detected.
GUARD = "guard "

# Retention in hours: ninety days.
KEPT_HOURS = 24 * 90


class CallCount(NamedTuple):
    """Calls of a tool in one hour, such as `2026-11-25T22`, with one outcome and in one range of durations.

    `up_to_ms` is the upper bound of the range; 0 means that there is none.
    """

    hour: str
    tool: str
    outcome: str
    up_to_ms: int
    calls: int
    seconds: float


class ViolationCount(NamedTuple):
    hour: str
    kind: str
    times: int


def add(calls: Iterable[CallCount], violations: Iterable[ViolationCount], oldest_hour: str) -> list[Statement]:
    """Add these counts to the stored counts, and delete stored counts from before `oldest_hour`."""
    return [
        Statement(ADD_CALLS, (json.dumps(list(calls)),)),
        Statement(ADD_VIOLATIONS, (json.dumps(list(violations)),)),
        Statement("DELETE FROM call_counts WHERE hour < ?", (oldest_hour,)),
        Statement("DELETE FROM violation_counts WHERE hour < ?", (oldest_hour,)),
    ]


async def calls_since(db: Database, hour: str) -> list[Row]:
    """Return the total calls and seconds since the given hour, grouped by tool, outcome and up_to_ms."""
    return await db.read(CALLS_SINCE, (hour,))


async def calls_by_hour(db: Database, hour: str, good: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the calls since the given hour, by hour: all, and those whose outcome is not `good`."""
    rows = await db.read(CALLS_BY_HOUR, (hour, json.dumps(list(good))))
    return {row["hour"]: (row["calls"], row["failed"]) for row in rows}


async def violations_since(db: Database, hour: str) -> list[Row]:
    """Return the kinds of violations since the given hour with their counts (`times`), most frequent first."""
    return await db.read(VIOLATIONS_SINCE, (hour,))


async def latest_proof(db: Database) -> Row | None:
    """Return drift, trips, assignments and recorded_at of the newest proof record, or None if there is none."""
    rows = await db.read(LATEST_PROOF)
    return rows[0] if rows else None


async def latest_proofs(db: Database, limit: int) -> list[Row]:
    """Return drift and recorded_at of the newest proof records, oldest first."""
    return await db.read(LATEST_PROOFS, (limit,))


def kind_of(error: ConstraintViolated) -> str:
    """Return the kind of violation: `guard` and the guard's name, a constraint type such as `UNIQUE`, or `trigger`."""
    if isinstance(error, GuardFailed):
        return GUARD + error.guard
    kind, failed, _ = str(error).partition(" constraint failed")
    return kind if failed else "trigger"


class WatchedDatabase(ForwardingDatabase):
    """A database wrapper that calls `refused` for each batch that a constraint rejects, except for dry runs."""

    def __init__(self, db: Database, refused: Callable[[ConstraintViolated], None]) -> None:
        super().__init__(db)
        self._refused = refused

    async def batch(self, statements: Sequence[Statement]) -> Results:
        try:
            return await self._db.batch(statements)
        except ConstraintViolated as error:
            if not (isinstance(error, GuardFailed) and error.guard == GUARD_OF_THE_END):
                self._refused(error)
            raise


ADD_CALLS: LiteralString = """
INSERT INTO call_counts (hour, tool, outcome, up_to_ms, calls, seconds)
SELECT w.value ->> 0, w.value ->> 1, w.value ->> 2, CAST(w.value ->> 3 AS INTEGER), CAST(w.value ->> 4 AS INTEGER),
       w.value ->> 5
FROM json_each(?) w
WHERE true
ON CONFLICT (hour, tool, outcome, up_to_ms)
DO UPDATE SET calls = calls + excluded.calls, seconds = seconds + excluded.seconds
"""

ADD_VIOLATIONS: LiteralString = """
INSERT INTO violation_counts (hour, kind, times)
SELECT w.value ->> 0, w.value ->> 1, CAST(w.value ->> 2 AS INTEGER) FROM json_each(?) w
WHERE true
ON CONFLICT (hour, kind) DO UPDATE SET times = times + excluded.times
"""

CALLS_SINCE: LiteralString = """
SELECT tool, outcome, up_to_ms, sum(calls) AS calls, sum(seconds) AS seconds
FROM call_counts WHERE hour >= ? GROUP BY tool, outcome, up_to_ms ORDER BY tool, outcome, up_to_ms
"""

CALLS_BY_HOUR: LiteralString = """
SELECT hour, sum(calls) AS calls, sum(iif(outcome IN (SELECT w.value FROM json_each(?2) w), 0, calls)) AS failed
FROM call_counts WHERE hour >= ?1 GROUP BY hour
"""

VIOLATIONS_SINCE: LiteralString = """
SELECT kind, sum(times) AS times FROM violation_counts WHERE hour >= ? GROUP BY kind ORDER BY times DESC, kind
"""

LATEST_PROOF: LiteralString = """
SELECT drift, trips, assignments, recorded_at FROM proof_records ORDER BY proof_id DESC LIMIT 1
"""

LATEST_PROOFS: LiteralString = """
SELECT p.drift, p.recorded_at
FROM (SELECT proof_id, drift, recorded_at FROM proof_records ORDER BY proof_id DESC LIMIT CAST(? AS INTEGER)) p
ORDER BY p.proof_id
"""
