"""The protocol that every engine speaks: read, and one atomic batch. There is no begin()."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple, Protocol, TypeAlias

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Any]


class Statement(NamedTuple):
    """One SQL statement and its parameters. Lists go in as one JSON parameter, read with json_each(?)."""

    sql: LiteralString
    params: Sequence[Value] = ()


class Database(Protocol):
    """An SQLite database, embedded or behind a network."""

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        """Return the rows of one query, which writes nothing."""
        ...

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run all statements or none; return the rows of each (what RETURNING gave).

        Raises GuardFailed where a guard did not hold, ConstraintViolated for any other constraint,
        DatabaseBusy, DatabaseReadOnly, DatabaseFull. Cancelling the caller does not cut a batch in two.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and close."""
        ...
