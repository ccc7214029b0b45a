"""Reads that are asked for at the same time, such as with asyncio.gather, sent as one group."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, LiteralString, TypeAlias

from database.engine import ForwardingDatabase, Statement
from database.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Row, Value

# A query and its rows to come; None tells the reader to read alone.
Waiting: TypeAlias = "tuple[Statement, asyncio.Future[list[Row] | None]]"


# Queries of a group. The free plan of the hosted engine allows so many.
MOST = 50

# Turns of the event loop for which the first reader waits, and turns without another reader after which it stops
# waiting: tasks of a gather within a gather start one turn later.
TURNS, QUIET_TURNS = 4, 2


class GatheringDatabase(ForwardingDatabase):
    """A database wrapper that needs one round trip for several reads.

    The first reader lets the other tasks run as far as they can without the database, and then reads for all of them.
    """

    _group: list[Waiting] | None = None

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        query = Statement(sql, params)
        if self._group is None or len(self._group) == MOST - 1:
            group = self._group = list[Waiting]()
            try:
                await _until_quiet(group)
                self._close(group)
                rows = await self._for_all(query, group) if group else None
            finally:
                self._close(group)  # if cancelled while it waited
                _release(group)
        else:
            coming = asyncio.get_running_loop().create_future()
            self._group.append((query, coming))
            rows = await coming
        return await self._db.read(sql, params) if rows is None else rows

    def _close(self, group: list[Waiting]) -> None:
        if self._group is group:
            self._group = None

    async def _for_all(self, query: Statement, group: list[Waiting]) -> list[Row] | None:
        """Read for this reader and the group. Return None if each must read alone, to get an error of its own."""
        try:
            results = await self._db.read_many([query, *(one for one, _ in group)])
            for one, coming in group:
                if not coming.done():
                    coming.set_result(results.of(one))
        except DatabaseError:
            return None
        return results.of(query)


async def _until_quiet(group: list[Waiting]) -> None:
    """Let other tasks run, until no more readers join the group."""
    quiet = readers = 0
    for _ in range(TURNS):
        await asyncio.sleep(0)
        quiet = quiet + 1 if len(group) == readers else 0
        readers = len(group)
        if quiet == QUIET_TURNS:
            return


def _release(group: list[Waiting]) -> None:
    """Let the readers of a group that got no rows read alone."""
    for _, coming in group:
        if not coming.done():
            coming.set_result(None)
