"""Limits for SQL that comes from a file: no statement may run or grow without end."""

from __future__ import annotations

import math
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from database.errors import DatabaseUnavailable
from database.platform import has_no_room

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLite's steps between two looks at the limits.
LOOK_EVERY = 1_000

# What a statement may use: a base, and more for each byte of text read so far. An ordinary dump needs some 20 steps and
# 2 bytes of database for each of its bytes, and an index a multiple of that.
STEPS, STEPS_PER_BYTE = 100_000_000, 3_000
SECONDS, SECONDS_PER_BYTE = 30, 1e-7
BYTES, BYTES_PER_BYTE = 64 << 20, 30

# A value may be this much longer than the text.
SPARE_LENGTH = 16 << 20

MOST_LENGTH = 1_000_000_000


class Bounds:
    """The limits of a connection that runs SQL from a text, in proportion to the text read so far."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._read = 0
        self._covered = -1
        self._steps = self._until = 0.0
        self._stop: BaseException | None = None
        self._path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
        (self._page_size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)  # forbid ATTACH, which would open other files
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200)  # long patterns can take forever
        looks = self._looks()
        next(looks)  # up to its `try`
        connection.set_progress_handler(looks.__next__, LOOK_EVERY)
        self._grow()

    def counted(self, lines: Iterator[str]) -> Iterator[str]:
        """Yield the lines, and raise the limits with the length of the text."""
        for line in lines:
            self._read += len(line)
            self._grow()
            yield line

    def begin(self, *, timed: bool = True) -> None:
        """Start measuring a statement. `timed` is off where the time between its rows is ours."""
        self._steps = (STEPS + STEPS_PER_BYTE * self._read) / LOOK_EVERY
        seconds = SECONDS + SECONDS_PER_BYTE * self._read if timed else math.inf
        self._until = time.monotonic() + seconds

    def refusal(self, error: Exception, subject: str) -> DatabaseUnavailable | None:
        """Return the error for a statement that reached a limit, or None if it failed for another reason.

        Raises what a signal handler raised, such as SystemExit, if that stopped the statement.
        """
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_INTERRUPT":
            if self._stop:
                raise self._stop from None
            return DatabaseUnavailable(f"{subject} was stopped, because it runs without end.")
        if name == "SQLITE_FULL" and not has_no_room(self._path):
            return DatabaseUnavailable(f"{subject} was stopped, because it makes far more data than the file has.")
        return None

    def _grow(self) -> None:
        if self._read > self._covered:
            self._covered = 2 * self._read
            pages = (BYTES + BYTES_PER_BYTE * self._covered) // self._page_size
            self._connection.execute(f"PRAGMA max_page_count = {pages}")
            length = min(SPARE_LENGTH + self._covered, MOST_LENGTH)
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, length)

    def _is_over(self) -> bool:
        return self._steps < 0 or time.monotonic() > self._until

    def _looks(self) -> Iterator[bool]:
        """Count the steps, and yield whether a limit is reached.

        A generator, because Python runs a signal's handler as soon as it enters a frame, and SQLite swallows what a
        callback raises: a generator continues inside its `try`, where a function would begin outside.
        """
        over = False
        while True:
            try:
                yield over
                self._steps -= 1
                over = self._is_over()
            except GeneratorExit:
                raise
            except BaseException as stop:  # noqa: BLE001 - a signal's; `refusal` raises it
                self._stop, over = stop, True
