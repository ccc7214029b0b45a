"""Dry runs: run a batch and roll it back, to find out whether it would succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.engine import ForwardingDatabase, Statement
from database.errors import GuardFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Results


# The guard that ends a dry run by rolling it back.
GUARD_OF_THE_END = "self_test_over"


class Rehearsed(Exception):
    """The batch would succeed; nothing was stored."""


class RehearsingDatabase(ForwardingDatabase):
    """A database wrapper for dry runs: every batch is rolled back and raises an exception."""

    async def batch(self, statements: Sequence[Statement]) -> Results:
        """Run the batch and roll it back. Raises Rehearsed if it would succeed, or else its error."""
        try:
            return await self._db.batch([*statements, Statement(OVER)])
        except GuardFailed as failed:
            if failed.guard == GUARD_OF_THE_END:
                raise Rehearsed from failed
            raise


OVER: LiteralString = "INSERT INTO write_guard (self_test_over) VALUES (0)"
