"""The embedded engine made as strict as the hosted one, so that every test run notices SQL that only runs embedded.

Numbers are bound as REAL, whole REALs are returned as integers, and the limits are D1's:
https://developers.cloudflare.com/d1/platform/limits/
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

LIMITS = {
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_LENGTH: 2_000_000,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 5,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 32,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
}

# Integers up to here are the same as a REAL.
EXACT = 2**53


class StrictConnection(sqlite3.Connection):
    """A connection that behaves as D1 does."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for limit, most in LIMITS.items():
            self.setlimit(limit, most)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, _row if value is sqlite3.Row else value)

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:  # type: ignore[override]
        return super().execute(sql, [_bound(value) for value in parameters])


def _bound(value: Any) -> Any:
    return float(value) if isinstance(value, int) and abs(value) <= EXACT else value


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
    return sqlite3.Row(cursor, tuple(_returned(value) for value in values))


def _returned(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT else value


_strict = ContextVar("_strict", default=False)

_connect: Any = sqlite3.connect


def prepare() -> None:
    """Let `strict_engine` choose the class of each new connection. Tasks that run at the same time don't mix."""

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return _connect(*arguments, **({"factory": StrictConnection} | named if _strict.get() else named))

    sqlite3.connect = connect


@contextmanager
def strict_engine() -> Generator[None]:
    """Make the connections strict that the embedded engine opens meanwhile."""
    token = _strict.set(True)
    try:
        yield
    finally:
        _strict.reset(token)
