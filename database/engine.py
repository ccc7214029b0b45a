"""The protocol that every engine speaks: read, and one atomic batch. There is no begin()."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple, Protocol, TypeAlias

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Any]


class Statement(NamedTuple):
    """One SQL statement and its parameters. Lists go in as one JSON parameter, read with json_each(?).

    `mirrors` marks a statement that writes the JSON side: it is left out in the phase in which there is none.
    """

    sql: LiteralString
    params: Sequence[Value] = ()
    mirrors: bool = False


class Database(Protocol):
    """An SQLite database, embedded or behind a network."""

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        """Return the rows of one query, which writes nothing."""
        ...

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        """Like `read`, for a query of both stores: no rows in a phase in which one of them is not read."""
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
