"""A batch that is done and taken back, to learn whether the engine takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement
from database.errors import GuardFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row, Value


# The guard with which a rehearsal ends.
GUARD_OF_THE_END = "self_test_over"


class Rehearsed(Exception):
    """The engine took the batch; nothing of it was stored."""


class RehearsingDatabase:
    """The database for a call that is only to be tried: each batch ends in an exception, whatever comes of it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._db.read(sql, params)

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._db.shadow_read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Raises Rehearsed, or what the batch itself would have raised."""
        try:
            return await self._db.batch([*statements, Statement(OVER)])
        except GuardFailed as failed:
            if failed.guard == GUARD_OF_THE_END:
                raise Rehearsed from failed
            raise

    async def close(self) -> None:
        await self._db.close()


OVER: LiteralString = "INSERT INTO write_guard (self_test_over) VALUES (0)"
