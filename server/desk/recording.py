"""Count calls in memory and write the counts to the database in the background."""

from __future__ import annotations

import asyncio
import bisect
import logging
from collections import Counter
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from database import measures
from database.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from database.engine import Database
    from database.errors import ConstraintViolated

logger = logging.getLogger("voygen.recording")

# Upper bounds of the duration buckets, in milliseconds.
BOUNDS_MS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 30_000)

# Time between writes of the counts, in seconds.
WRITE_EVERY = 10.0

# Time limit for the write at shutdown, in seconds.
LAST_WRITE = 2.0


def hour_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


class Recorder:
    """Counts the calls of one server process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._calls: Counter[tuple[str, str, str, int]] = Counter()
        self._seconds: dict[tuple[str, str, str, int], float] = {}
        self._violations: Counter[tuple[str, str]] = Counter()

    def call(self, tool: str, outcome: str, seconds: float) -> None:
        """Count a tool call."""
        place = bisect.bisect_left(BOUNDS_MS, seconds * 1000)
        key = (hour_of(datetime.now(UTC)), tool, outcome, BOUNDS_MS[place] if place < len(BOUNDS_MS) else 0)
        self._calls[key] += 1
        self._seconds[key] = self._seconds.get(key, 0.0) + seconds

    def refused_batch(self, error: ConstraintViolated) -> None:
        """Count a batch refused by a constraint."""
        self._violations[hour_of(datetime.now(UTC)), measures.kind_of(error)] += 1

    async def write(self) -> None:
        """Add the counts to the database. If that fails, keep them for the next write."""
        calls, seconds, violations = self._calls, self._seconds, self._violations
        if not calls and not violations:
            return
        self._calls, self._seconds, self._violations = Counter(), {}, Counter()
        oldest = hour_of(datetime.now(UTC) - timedelta(hours=measures.KEPT_HOURS))
        counts = [measures.CallCount(*key, count, seconds[key]) for key, count in calls.items()]
        refused = [measures.ViolationCount(*key, count) for key, count in violations.items()]
        try:
            await self._db.batch(measures.add(counts, refused, oldest))
        except DatabaseError as error:
            logger.warning("can't write call counts, will retry: %s", error)
            self._calls.update(calls)
            self._violations.update(violations)
            for key, amount in seconds.items():
                self._seconds[key] = self._seconds.get(key, 0.0) + amount

    @asynccontextmanager
    async def running(self, *, read_only: bool = False) -> AsyncGenerator[None]:
        """Write the counts periodically and at the end, unless the database is read-only."""
        if read_only:
            yield
            return
        writing = asyncio.create_task(self._write_periodically())
        try:
            yield
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WRITE):
                    await self.write()

    async def _write_periodically(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY)
            await self.write()
