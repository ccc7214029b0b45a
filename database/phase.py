"""The migration phase, and the database wrapper that adapts every write to it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, LiteralString, get_args

from database.backfill import unfinished
from database.engine import ForwardingDatabase, Statement
from database.errors import DatabaseError, DatabaseMigrating, GuardFailed, ProgramTooOld, SchemaDetached

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from database.engine import Database, Results, Row, Value

Phase = Literal["dual_write", "prefer_junction", "normalized"]

PHASES: tuple[Phase, ...] = get_args(Phase)

# Maximum attempts per batch if the phase keeps changing.
TRIES = 8

# Time that a query or batch waits for the end of a migration, in seconds.
MIGRATION_WAIT = 20.0


@dataclass(frozen=True)
class PhaseState:
    """The phase, and the epoch, which increases with every change of phase or schema.

    `detached_at` is the time since which the triggers and views are detached, or None.
    """

    phase: Phase
    epoch: int
    changed_at: str
    detached_at: str | None = None

    def require_attached(self) -> None:
        """Raise SchemaDetached if the triggers and views are detached."""
        if self.detached_at:
            raise SchemaDetached(
                f"The triggers are detached for another program's migration since {self.detached_at}: "
                "run `voygen schema attach`."
            )


async def read_phase(db: Database) -> PhaseState:
    return PhaseState(**(await db.read("SELECT phase, epoch, changed_at, detached_at FROM migration_phase"))[0])


def guard_epoch(epoch: int) -> Statement:
    """Fail the batch if the phase or schema changed since this epoch."""
    return Statement(GUARD_EPOCH, (epoch,))


class PhasedDatabase(ForwardingDatabase):
    """A database wrapper that works the same way for the tools in every phase.

    A guard fails every batch whose epoch is out of date. In the normalized phase, statements that write the JSON side
    are skipped and return no rows. While the schema is detached, a write or a read that needs a view raises
    SchemaDetached. `known` holds the names of the migrations that this program ships.
    """

    def __init__(self, db: Database, known: Collection[str]) -> None:
        super().__init__(db)
        self._known = known
        self._state: PhaseState | None = None
        self._backfilled = False

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        await self._wait_for_backfill()
        try:
            return await self._db.read(sql, params)
        except DatabaseError as error:
            if type(error) is DatabaseError:  # such as a missing view
                (await read_phase(self._db)).require_attached()
            raise

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        try:
            state = await self._current()
        except SchemaDetached:
            return []
        if state.phase != "dual_write":
            return []
        try:
            return await self._db.read(sql, params)
        except DatabaseError:
            # The phase may have changed and dropped the JSON column. A read-only server notices the change only here.
            self._state = None
            if await self._current() == state:
                raise
            return []

    async def batch(self, statements: Sequence[Statement]) -> Results:
        for left in reversed(range(TRIES)):
            state = await self._current()
            without_mirror = state.phase == "normalized"
            sent = [one for one in statements if not (one.mirrors and without_mirror)]
            try:
                return await self._db.batch([guard_epoch(state.epoch), *sent])
            except GuardFailed as failed:
                if failed.guard != "epoch" or not left:
                    raise
                self._state = None
        raise AssertionError

    async def _wait_for_backfill(self) -> None:
        """Wait for the backfill, because trips that it has not reached may lack assignments and index entries."""
        if self._backfilled:
            return
        deadline = time.monotonic() + MIGRATION_WAIT
        while left := await unfinished(self._db):
            if time.monotonic() > deadline:
                raise DatabaseMigrating(f"The database is being migrated: {left.percent} % is done.")
            await asyncio.sleep(0.1)
        self._backfilled = True

    async def _current(self) -> PhaseState:
        await self._wait_for_backfill()
        if self._state is None:
            newer = [
                row["name"]
                for row in await self._db.read("SELECT name FROM migration_checksums ORDER BY name")
                if row["name"] not in self._known
            ]
            if newer:
                raise ProgramTooOld(f"The database was migrated by a newer voygen ({newer[-1]}): update voygen.")
            state = await read_phase(self._db)
            state.require_attached()
            self._state = state
        return self._state


GUARD_EPOCH: LiteralString = """
INSERT INTO write_guard (epoch)
SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM migration_phase WHERE epoch = CAST(? AS INTEGER))
"""
