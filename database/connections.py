"""Helpers for one aiosqlite connection: read rows, interrupt a query, copy the database."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, LiteralString, TypeAlias, TypeVar

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from database.engine import Row, Statement, Value
    from database.progress import Progress

T = TypeVar("T")

Returned: TypeAlias = "list[tuple[Statement, list[Row]]]"
"""Statements with the rows that each returned."""

# Pause between attempts to interrupt a query, in seconds.
INTERRUPTED_EVERY = 0.01

# Pages that a backup copies per step.
COPIED_AT_ONCE = 2_048


class Connection(aiosqlite.Connection):
    """An aiosqlite connection that can run several steps with one hop to its thread."""

    def on_thread(self, steps: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Run the steps, and return their result to come: a future, which needs no task to wait for it.

        Raises ValueError if the connection is closed.
        """
        opened = self._conn
        coming: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((coming, lambda: steps(opened)))  # pyright: ignore[reportUnknownMemberType] - not annotated
        return coming


def set_row_format(connection: aiosqlite.Connection) -> None:
    """Make the connection return rows with column names, and invalid UTF-8 as replacement characters."""
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def rows(connection: Connection, sql: LiteralString, params: Sequence[Value]) -> asyncio.Future[list[Row]]:
    return connection.on_thread(lambda opened: _rows(opened, sql, params))


def rows_of_each(connection: Connection, queries: Sequence[Statement]) -> asyncio.Future[Returned]:
    """Run the queries in one read transaction, with one hop to the connection's thread."""

    def run(opened: sqlite3.Connection) -> Returned:
        opened.execute("BEGIN")
        try:
            return _rows_of_each(opened, queries)
        finally:
            opened.execute("ROLLBACK")

    return connection.on_thread(run)


async def written(connection: Connection, statements: Sequence[Statement]) -> Returned:
    """Run the statements in one write transaction, with one hop to the connection's thread."""

    def run(opened: sqlite3.Connection) -> Returned:
        try:
            opened.execute("BEGIN IMMEDIATE")
            returned = _rows_of_each(opened, statements)
            opened.execute("COMMIT")
        except BaseException:
            if opened.in_transaction:
                opened.execute("ROLLBACK")
            raise
        return returned

    return await connection.on_thread(run)


def _rows_of_each(opened: sqlite3.Connection, statements: Sequence[Statement]) -> Returned:
    return [(one, _rows(opened, one.sql, one.params)) for one in statements]


def _rows(opened: sqlite3.Connection, sql: LiteralString, params: Sequence[Value]) -> list[Row]:
    return [dict(row) for row in opened.execute(sql, params)]


async def interrupt(reader: aiosqlite.Connection, running: asyncio.Future[Any]) -> None:
    """Interrupt the query repeatedly until it ends, because SQLite ignores an interrupt before a query's first step."""
    while not running.done():
        await reader.interrupt()
        await asyncio.wait({running}, timeout=INTERRUPTED_EVERY)
    if not running.cancelled():
        running.exception()  # mark the exception as retrieved, because the caller was cancelled


async def copy_to(reader: aiosqlite.Connection, copy: sqlite3.Connection, progress: Progress) -> None:
    """Copy the database in one read transaction, because writes by other connections would restart the copy."""
    await reader.execute_fetchall("BEGIN")
    try:
        await reader.execute_fetchall("SELECT count(*) FROM sqlite_master")
        await reader.backup(copy, pages=COPIED_AT_ONCE, progress=lambda _, left, pages: progress(pages - left, pages))
    finally:
        await reader.execute_fetchall("ROLLBACK")
