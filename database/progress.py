"""Progress reports for long operations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

# A callback that takes (done, total) in any unit. `done` never decreases and ends at `total`.
Progress: TypeAlias = Callable[[int, int], None]

# Number of rows between reports.
TOLD_EACH = 1_000

# Number of units that each part of an operation with several parts counts for.
PER_PART = 1_000


def untold(done: int, total: int) -> None:
    """Ignore progress."""


def part(progress: Progress, number: int, parts: int) -> Progress:
    """Return a callback that reports progress on part `number` (from 0) as progress on all `parts` of equal weight."""

    def told(done: int, total: int) -> None:
        progress(number * PER_PART + PER_PART * done // max(total, 1), parts * PER_PART)

    return told


def forward(progress: Progress) -> Progress:
    """Return a callback that reports progress only when it exceeds all earlier progress.

    Use it for an operation that may start over.
    """
    furthest = -1

    def told(done: int, total: int) -> None:
        nonlocal furthest
        if done > furthest:
            furthest = done
            progress(done, total)

    return told


class Counter:
    """Counts rows across several streams and reports progress. `total` is the number of rows in all streams."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._seen = 0

    def count(self) -> None:
        self._seen += 1
        if self._seen % TOLD_EACH == 0:
            self._progress(min(self._seen, self._total), self._total)

    async def counted(self, rows: AsyncIterator[T]) -> AsyncGenerator[T]:
        async for row in rows:
            yield row
            self.count()

    def done(self) -> None:
        self._progress(self._total, self._total)
