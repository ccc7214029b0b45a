"""The protocol that every engine implements: queries and atomic batches, but no interactive transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString, NamedTuple, Protocol, TypeAlias

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Any]


class Statement(NamedTuple):
    """One SQL statement and its parameters. Pass a list as one JSON parameter and read it with json_each(?).

    `mirrors` marks a statement that writes the JSON side. It is skipped in the normalized phase.
    """

    sql: LiteralString
    params: Sequence[Value] = ()
    mirrors: bool = False


class Results:
    """The rows returned by the statements of one batch, looked up by statement."""

    def __init__(self, returned: Iterable[tuple[Statement, list[Row]]]) -> None:
        # Keep each statement with its rows, so that its id() is not reused.
        self._returned = {id(statement): (statement, rows) for statement, rows in returned}

    def of(self, statement: Statement) -> list[Row]:
        """Return the rows from this statement object, or no rows if it was skipped in the current phase."""
        _, rows = self._returned.get(id(statement), (statement, []))
        return rows


class Database(Protocol):
    """An SQLite database, either embedded or accessed over a network."""

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        """Return the rows of one read-only query."""
        ...

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        """Run a query that compares the two stores; return no rows outside the dual_write phase."""
        ...

    async def batch(self, statements: Sequence[Statement]) -> Results:
        """Run all statements or none; return the rows from their RETURNING clauses.

        Raises GuardFailed if a guard fails, ConstraintViolated if another constraint fails, or DatabaseBusy,
        DatabaseReadOnly or DatabaseFull. Cancelling the caller never leaves a batch partly applied.
        """
        ...

    async def scrub(self) -> bool:
        """Remove the remains of deleted content from the storage; False if another program's read prevents it."""
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

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._db.read(sql, params)

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._db.shadow_read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        return await self._db.batch(statements)

    async def scrub(self) -> bool:
        return await self._db.scrub()

    async def copies(self, texts: Sequence[str]) -> list[str]:
        return await self._db.copies(texts)

    async def close(self) -> None:
        await self._db.close()


async def write(db: Database, statement: Statement) -> list[Row]:
    """Run one statement as a batch of its own and return its rows."""
    return (await db.batch([statement])).of(statement)
