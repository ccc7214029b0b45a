"""How far a long work has come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

# Told (done, total), in a unit of the work's own; `done` never falls, and is `total` at the end.
Progress: TypeAlias = Callable[[int, int], None]

# Rows after which it is told again how many were seen.
TOLD_EACH = 1_000

# The unit in which a work of several parts tells how far it has come.
PER_PART = 1_000


def untold(done: int, total: int) -> None:
    """Nobody asked how far it has come."""


def part(progress: Progress, number: int, parts: int) -> Progress:
    """The progress of one part of a work, counted from 0, as progress of the whole; all parts count alike."""

    def told(done: int, total: int) -> None:
        progress(number * PER_PART + PER_PART * done // max(total, 1), parts * PER_PART)

    return told


def forward(progress: Progress) -> Progress:
    """The progress of a work that may begin again: told only where it is further than it ever was."""
    furthest = -1

    def told(done: int, total: int) -> None:
        nonlocal furthest
        if done > furthest:
            furthest = done
            progress(done, total)

    return told


class Counter:
    """Counts the rows of one stream after the other, `total` in all, and tells how many were seen."""

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
