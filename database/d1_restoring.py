"""Restoration of an export into an empty hosted database.

The export is restored into a scratch file first, which verifies it, and then copied in steps, each a batch that notes
its number. An interrupted restoration continues after its last step. Until it is complete, no program opens the
database.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString, cast

from database.d1_exporting import contents_of
from database.d1_references import Broken, parents_first
from database.d1_rows import chunks, insert_one
from database.d1_values import LARGEST_VALUE, LONGEST_STATEMENT
from database.engine import Statement
from database.errors import ConstraintViolated, DatabaseError, DatabaseUnavailable, OutcomeUnknown, OverLimit
from database.exporting import (
    BATCH_IDS,
    COUNTERS,
    OTHER_OBJECTS,
    count_rows,
    opened_as_of_now,
    rows_of,
    tables_of,
)
from database.importing import differing, restore_export
from database.progress import Counter, Progress, part, untold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from database.d1 import D1Database
    from database.exporting import Contents, Table


async def restore_hosted(export: Path, db: D1Database, progress: Progress = untold) -> Contents:
    """Restore an export into an empty database, or continue with one that was interrupted.

    Raises DatabaseUnavailable if the export is damaged, if it has what the host can't hold, or if the database has
    other content; nothing was written then.
    """
    with tempfile.TemporaryDirectory(prefix="voygen-") as folder:
        scratch = Path(folder) / "scratch.db"
        contents = restore_export(export, scratch, part(progress, 0, 3))
        with opened_as_of_now(scratch) as connection:
            tables = tables_of(connection)
            _require_storable(export, connection, tables)
            await _Copy(db, connection, tables, _mark(contents)).run(part(progress, 1, 3))
        if names := differing(contents.as_json(), await contents_of(db, part(progress, 2, 3))):
            raise DatabaseUnavailable(
                f"{db.label} differs from the export in {names}: stop other programs that write to it, and restore "
                "into a new database."
            )
        await _finish(db)
    return contents


async def _finish(db: D1Database) -> None:
    for left in reversed(range(TRIES)):
        try:
            await db.batch([Statement(DROP_MARK)])
            break
        except DatabaseError as error:
            if not await db.read(HAS_MARK):
                break  # an earlier request arrived, or the same one twice
            if not (isinstance(error, OutcomeUnknown) and left):
                raise


# The most times that a step is sent while nobody knows whether it is stored.
TRIES = 20

# Rows of a step that inserts each by its own statement.
ONE_BY_ONE = 40


class _Copy:
    """Copies a database file to a hosted database. `mark` identifies the content."""

    def __init__(self, db: D1Database, connection: sqlite3.Connection, tables: Sequence[Table], mark: str) -> None:
        self._db = db
        self._connection = connection
        self._tables = tables
        self._mark = mark
        self._broken = Broken(connection, tables)

    async def run(self, progress: Progress) -> None:
        done = await self._steps_done()
        counter = Counter(progress, count_rows(self._connection, self._tables))
        for number, (rows, statements) in enumerate(self._steps(), 1):
            if number > done:
                await self._run([*statements, Statement(NOTE_STEP, (number, self._mark))], number)
            for _ in range(rows):
                counter.count()
        counter.done()

    async def _run(self, statements: Sequence[Statement], number: int) -> None:
        """Run a step once. Whether it is stored tells its number: the first steps come before the table of ids."""
        for left in reversed(range(TRIES)):
            try:
                await self._db.batch(statements)
                break
            except DatabaseError as error:
                if await self._steps_done() == number:
                    break  # an earlier request arrived, or the same one twice
                if isinstance(error, ConstraintViolated):
                    raise DatabaseUnavailable(
                        f"{self._db.label} refuses the content of the export: {error}."
                    ) from error
                if not (isinstance(error, OutcomeUnknown) and left):
                    raise

    async def _steps_done(self) -> int:
        """Return the number of steps that an interrupted run has done."""
        if await self._db.read(HAS_MARK):
            (found,) = await self._db.read(READ_MARK)
            if found["mark"] != self._mark:
                raise DatabaseUnavailable(
                    f"{self._db.label} holds a part of another export: restore that one, or use an empty database."
                )
            return int(found["step"])
        if await self._db.read(ANY_CONTENT):
            raise DatabaseUnavailable(f"{self._db.label} is not empty: restore into a new database.")
        return 0

    def _steps(self) -> Iterator[tuple[int, list[Statement]]]:
        """Yield the steps: the number of rows that each copies, and its statements."""
        yield 0, [Statement(CREATE_MARK), Statement(INSERT_MARK, (self._mark,))]
        broken = self._broken
        for table in reversed(parents_first(self._connection, broken.tables)):
            make, remove = broken.stand_ins(table)
            yield 0, [*_created([table]), *make]
            yield from self._filled(table, broken)
            yield 0, remove
        tables = [table for table in self._tables if table not in broken.tables]
        yield 0, _created(tables)
        for table in parents_first(self._connection, tables):
            if table.name not in {COUNTERS, BATCH_IDS}:
                yield from self._filled(table, broken)
        yield 0, [*self._counters(), *(Statement(_trusted(sql)) for _, sql in self._connection.execute(OTHER_OBJECTS))]

    def _filled(self, table: Table, broken: Broken) -> Iterator[tuple[int, list[Statement]]]:
        rows = rows_of(self._connection, table)
        if table.name not in broken.keyless:
            for chunk in chunks(table, rows):
                yield chunk.rows, [Statement(DEFER), chunk.statement]
            return
        together: list[Statement] = []
        for row in rows:
            together.append(insert_one(table, row))
            if len(together) == ONE_BY_ONE:
                yield len(together), together
                together = []
        if together:
            yield len(together), together

    def _counters(self) -> Iterator[Statement]:
        """Yield what sets the AUTOINCREMENT counters: last, because every insert changes them."""
        for table in self._tables:
            if table.name == COUNTERS:
                yield Statement(DELETE_COUNTERS)
                yield from (chunk.statement for chunk in chunks(table, rows_of(self._connection, table)))


def _created(tables: Sequence[Table]) -> list[Statement]:
    return [Statement(_trusted(table.sql)) for table in tables if table.sql]


def _mark(contents: Contents) -> str:
    return hashlib.sha256(json.dumps(contents.as_json(), sort_keys=True).encode()).hexdigest()


def _require_storable(export: Path, connection: sqlite3.Connection, tables: Sequence[Table]) -> None:
    """Raise OverLimit if the content is over a limit of the host."""
    for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
        if len(sql.encode()) > LONGEST_STATEMENT:
            raise OverLimit(f"{export}: the definition of {name} has more than {LONGEST_STATEMENT:,} bytes.")
    for table in tables:
        for row in rows_of(connection, table):
            size = sum(len(value.encode() if isinstance(value, str) else value) for value in row if _is_long(value))
            if size > LARGEST_VALUE:
                raise OverLimit(
                    f"{export}: a row of {table.name} has {size:,} bytes, and a hosted database takes at most "
                    f"{LARGEST_VALUE:,}: nothing was written."
                )


def _is_long(value: object) -> bool:
    return isinstance(value, str | bytes)


def _trusted(sql: str) -> LiteralString:
    """Mark SQL as safe: the export's own schema."""
    return cast("LiteralString", sql)


CREATE_MARK: LiteralString = "CREATE TABLE unfinished_restore (mark TEXT NOT NULL, step INTEGER NOT NULL)"

INSERT_MARK: LiteralString = "INSERT INTO unfinished_restore (mark, step) VALUES (?, 0)"

HAS_MARK: LiteralString = "SELECT 1 FROM sqlite_master WHERE name = 'unfinished_restore'"

READ_MARK: LiteralString = "SELECT mark, step FROM unfinished_restore"

# Fails if another run has done this step.
NOTE_STEP: LiteralString = """
UPDATE unfinished_restore
SET step = iif(step = CAST(?1 AS INTEGER) - 1 AND mark = ?2, CAST(?1 AS INTEGER), NULL)
"""

DROP_MARK: LiteralString = "DROP TABLE unfinished_restore"

DELETE_COUNTERS: LiteralString = "DELETE FROM sqlite_sequence"

# Within this batch, a row can come before the one that it refers to.
DEFER: LiteralString = "PRAGMA defer_foreign_keys = ON"

ANY_CONTENT: LiteralString = """
SELECT 1 FROM sqlite_master WHERE name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*' LIMIT 1
"""
