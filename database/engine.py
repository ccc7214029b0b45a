"""The protocol that every engine implements: queries and atomic batches, but no interactive transactions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, LiteralString, NamedTuple, Protocol, TypeAlias

from database.errors import DatabaseReadOnly, ResultsLost
from database.progress import Progress, untold

if TYPE_CHECKING:
    from pathlib import Path

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Any]


class Statement(NamedTuple):
    """One SQL statement and its parameters. Pass a list as one JSON parameter and read it with json_each(?).

    `mirrors` marks a statement that writes the JSON side. It is skipped in the normalized phase. `kept` marks a query
    for one value, named `value`, that only its batch can read. A hosted engine stores the value with the batch.
    """

    sql: LiteralString
    params: Sequence[Value] = ()
    mirrors: bool = False
    kept: bool = False


class Results:
    """The rows returned by the statements of one batch, looked up by statement.

    A hosted engine can store a batch and lose its answer. It then reads the values that it kept, and runs the batch's
    other queries again. `lost` has the remaining statements: the rows of their RETURNING clauses are gone. So a batch
    returns what its caller needs by a query.
    """

    def __init__(self, returned: Iterable[tuple[Statement, list[Row]]], lost: Iterable[Statement] = ()) -> None:
        # Keep each statement with its rows, so that its id() is not reused.
        self._returned = {id(statement): (statement, rows) for statement, rows in returned}
        self._lost = {id(statement): statement for statement in lost}

    @property
    def complete(self) -> bool:
        """False if the answer was lost."""
        return not self._lost

    def of(self, statement: Statement) -> list[Row]:
        """Return the rows from this statement object, or no rows if it was skipped in the current phase.

        Raises ResultsLost if the batch is stored but the rows are lost.
        """
        if id(statement) in self._lost:
            raise ResultsLost("The change was stored, but the answer that describes it was lost.")
        _, rows = self._returned.get(id(statement), (statement, []))
        return rows


class Backup(NamedTuple):
    """A backup: how to name it to a person, and the file, or None if the host keeps it."""

    label: str
    file: Path | None = None


# Why deleted content is left in the storage: another program reads the file, or the host's Time Travel keeps it.
Remains: TypeAlias = Literal["in_use", "time_travel"]


class Database(Protocol):
    """An SQLite database, either embedded or accessed over a network."""

    @property
    def label(self) -> str:
        """The name of the database in messages; also the value of --db that opens it."""
        ...

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        """Return the rows of one read-only query."""
        ...

    async def read_many(self, queries: Sequence[Statement]) -> Results:
        """Run several queries in one round trip, on one snapshot."""
        ...

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        """Run a query that compares the two stores; return no rows outside the dual_write phase."""
        ...

    async def batch(self, statements: Sequence[Statement]) -> Results:
        """Run all statements or none; return the rows of the queries among them and of RETURNING clauses.

        Raises GuardFailed if a guard fails, ConstraintViolated if another constraint fails, or DatabaseBusy,
        DatabaseReadOnly, DatabaseFull or OutcomeUnknown. Cancelling the caller never leaves a batch partly applied.
        """
        ...

    def stream(
        self, sql: LiteralString, params: Sequence[Value] = (), *, key: Sequence[LiteralString]
    ) -> AsyncGenerator[Row]:
        """Yield the rows of a query one by one, in the order of the columns `key`; the query itself has no order.

        The embedded engine reads a single snapshot. A hosted engine reads pages: each is a snapshot, and a row that
        nobody changes meanwhile is yielded exactly once.
        """
        ...

    async def back_up(self, progress: Progress = untold) -> Backup:
        """Keep the database as it is now, while writers keep running."""
        ...

    async def scrub(self) -> Remains | None:
        """Remove the remains of deleted content from the storage. Return why some are left, or None."""
        ...

    async def copies(self, texts: Sequence[str]) -> list[str]:
        """Return the names of the files beside the database that contain one of these texts."""
        ...

    async def close(self) -> None:
        """Finish running work and close."""
        ...


class ForwardingDatabase:
    """Forwards every call to another database; a base class for wrappers that override some of the methods."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def label(self) -> str:
        return self._db.label

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._db.read(sql, params)

    async def read_many(self, queries: Sequence[Statement]) -> Results:
        return await self._db.read_many(queries)

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._db.shadow_read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        return await self._db.batch(statements)

    def stream(
        self, sql: LiteralString, params: Sequence[Value] = (), *, key: Sequence[LiteralString]
    ) -> AsyncGenerator[Row]:
        return self._db.stream(sql, params, key=key)

    async def back_up(self, progress: Progress = untold) -> Backup:
        return await self._db.back_up(progress)

    async def scrub(self) -> Remains | None:
        return await self._db.scrub()

    async def copies(self, texts: Sequence[str]) -> list[str]:
        return await self._db.copies(texts)

    async def close(self) -> None:
        await self._db.close()


class ReadingDatabase(ForwardingDatabase):
    """A database wrapper for readers: it refuses every batch."""

    async def batch(self, statements: Sequence[Statement]) -> Results:
        raise DatabaseReadOnly(f"{self.label} is opened for reading only: {len(statements)} statements are refused.")
