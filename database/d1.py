"""The hosted engine: a Cloudflare D1 database behind the Worker in `worker/`."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, LiteralString

from database.d1_errors import SentBefore
from database.d1_kept import keeping, kept_by
from database.d1_pages import PAGE, Pages
from database.d1_requests import ANSWER, Worker
from database.d1_values import decode_rows
from database.engine import Backup, Results, Statement
from database.errors import DatabaseError, DatabaseReadOnly, DatabaseUnavailable
from database.progress import Progress, untold
from database.running import Running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from typing import Self

    from database.d1_address import Address
    from database.engine import Remains, Row, Value

# Random bytes of a batch's id.
ID_BYTES = 16

BATCH_IDS = Statement("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'batch_ids'")

# A restoration has this table for as long as it isn't complete.
UNFINISHED = Statement("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'unfinished_restore'")

ONE = Statement("SELECT 1")


async def open_d1(  # noqa: PLR0913 - options of one connection
    address: Address,
    token: str,
    *,
    patience: float = 30.0,
    read_only: bool = False,
    answer: float = ANSWER,
    may_be_unfinished: bool = False,
) -> D1Database:
    """Connect to the Worker. A failing request is repeated for `patience` seconds, each after `answer` seconds.

    With `read_only`, every write raises DatabaseReadOnly. Raises TokenRejected, or DatabaseUnavailable, also if a
    restoration stopped half-way, unless the database `may_be_unfinished`.
    """
    worker = Worker(address, token, patience=patience, answer=answer)
    db = D1Database(address.label, worker, read_only=read_only)
    try:
        await worker.require_protocol()
        await db.look_around(may_be_unfinished=may_be_unfinished)
    except BaseException:
        await db.close()
        raise
    return db


class D1Database:
    """A D1 database, opened with `open_d1`.

    A batch has an id, under which the database remembers for a day that it is stored. If its answer is lost, it is sent
    again, which tells whether it is stored. Databases that aren't migrated yet can't remember ids.
    """

    def __init__(self, label: str, worker: Worker, *, read_only: bool) -> None:
        self._label = label
        self._worker = worker
        self._read_only = read_only
        self._remembers = False
        self._running = Running()

    @property
    def label(self) -> str:
        return self._label

    async def look_around(self, *, may_be_unfinished: bool) -> None:
        """Find out whether the database is complete, and whether it can remember ids."""
        found = await self.read_many([BATCH_IDS, UNFINISHED])
        self._remembers = bool(found.of(BATCH_IDS))
        if found.of(UNFINISHED) and not may_be_unfinished:
            raise DatabaseUnavailable(
                f"{self._label} is not completely restored: run the same `voygen restore` again, which continues."
            )

    async def look_for_ids(self) -> bool:
        """Find out whether the database can remember ids, unless that is known."""
        if not self._remembers:
            self._remembers = bool((await self.read_many([BATCH_IDS])).of(BATCH_IDS))
        return self._remembers

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        query = Statement(sql, params)
        return (await self.read_many([query])).of(query)

    async def read_many(self, queries: Sequence[Statement]) -> Results:
        if not queries:
            return Results([])
        reply = await self._worker.read(queries)
        return Results(zip(queries, map(decode_rows, reply.results), strict=True))

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self.read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        if self._read_only:
            raise DatabaseReadOnly(f"{self._label} is opened for reading only.")
        if not statements:
            return Results([])
        return await self._running.to_end(self._write(statements))

    async def stream(
        self, sql: LiteralString, params: Sequence[Value] = (), *, key: Sequence[LiteralString]
    ) -> AsyncGenerator[Row]:
        pages = Pages(sql, params, key)
        while not pages.ended:
            try:
                reply = await self._worker.read([pages.next()], cut=PAGE)
            except DatabaseError:
                if pages.shrink():  # the host fails if the rows of a page exceed its memory
                    continue
                raise
            rows = decode_rows(reply.results[0])
            pages.read(rows, reply.size, more=reply.more)
            for row in rows:
                yield row

    async def back_up(self, progress: Progress = untold) -> Backup:
        """Return a bookmark of now, to which the host can restore the database (Time Travel, 7 to 30 days)."""
        bookmark = await self.bookmark()
        progress(1, 1)
        return Backup(f"Time Travel bookmark {bookmark}")

    async def bookmark(self) -> str | None:
        """Return the host's name for the database's state now."""
        return (await self._worker.read([ONE])).bookmark

    async def can_write(self) -> bool:
        """Return False if the token only reads. Writes nothing."""
        try:
            await self._worker.write([ONE], None)
        except DatabaseReadOnly:
            return False
        return True

    async def scrub(self) -> Remains:
        """Do nothing: the host keeps what was deleted until Time Travel forgets it."""
        return "time_travel"

    async def copies(self, texts: Sequence[str]) -> list[str]:  # noqa: ARG002 - the protocol's
        """Return nothing: there are no files beside a hosted database."""
        return []

    async def close(self) -> None:
        await self._running.wait()
        await self._worker.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _write(self, statements: Sequence[Statement]) -> Results:
        identifier = secrets.token_hex(ID_BYTES) if await self.look_for_ids() else None
        try:
            reply = await self._worker.write(keeping(statements, identifier), identifier)
        except SentBefore:
            return await self._read_again(statements, identifier or "")
        except DatabaseError as error:
            if identifier and "batch_ids" in str(error):  # the table is gone, so nothing ran
                self._remembers = False
            raise
        return Results(zip(statements, map(decode_rows, reply.results), strict=True))

    async def _read_again(self, statements: Sequence[Statement], identifier: str) -> Results:
        """Return the values that a stored batch kept, and what its other queries return now.

        The kept values are lost if a client was erased since.
        """
        kept = [one for one in statements if one.kept]
        queries = [one for one in statements if _is_query(one) and not one.kept]
        values = kept_by(identifier)
        again = await self.read_many([values, *queries] if kept else queries)
        found = [(one, [row]) for one, row in zip(kept, again.of(values) if kept else [], strict=False)]
        told = [*found, *((one, again.of(one)) for one in queries)]
        known = {id(one) for one, _ in told}
        return Results(told, lost=[one for one in statements if id(one) not in known])


def _is_query(statement: Statement) -> bool:
    return statement.sql.lstrip().startswith("SELECT")
