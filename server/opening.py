"""Open the database for serving. This module imports little, so that errors appear quickly."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from database.backfill import require_complete
from database.d1_address import token_from
from database.embedded import open_database, open_read_only
from database.errors import DatabaseError, DatabaseUnavailable
from database.files import require_file
from database.gathering import GatheringDatabase
from database.phase import PhasedDatabase
from migrations.files import shipped
from migrations.runner import apply_files, complete, pending

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from database.d1 import D1Database
    from database.d1_address import Address, Location
    from database.embedded import Synchronous
    from database.engine import Database

logger = logging.getLogger("voygen")

# Time to wait for the migration before serving, in seconds.
AT_START = 2.0


@asynccontextmanager
async def opened(  # noqa: PLR0913 - options of one server
    where: Location,
    *,
    readers: int,
    patience: float,
    may_migrate: bool,
    read_only: bool,
    synchronous: Synchronous = "full",
) -> AsyncGenerator[Database]:
    """Open the database and, if allowed, migrate it. With `read_only`, the engine refuses every write.

    A long backfill runs on in the background, and the database from `phased` makes its callers wait for it. Raises
    DatabaseError if the database can't be served, or if the backfill fails.
    """
    if isinstance(where, Path) and not may_migrate:
        require_file(where)
    db = await open_any(where, readers=readers, patience=patience, read_only=read_only, synchronous=synchronous)
    async with closing(db):
        if may_migrate and not read_only:
            async with _migrated(db):
                yield db
        else:
            await _require_current(db)
            yield db


async def open_any(
    where: Location,
    *,
    readers: int = 1,
    patience: float = 30.0,
    read_only: bool = False,
    synchronous: Synchronous = "full",
) -> Database:
    """Open a file, or a hosted database with the token from the environment."""
    if isinstance(where, Path):
        if read_only:
            return await open_read_only(where, readers=readers, patience=patience)
        return await open_database(where, readers=readers, patience=patience, synchronous=synchronous)
    return await open_hosted(where, patience=patience, read_only=read_only)


async def open_hosted(
    address: Address, *, patience: float = 30.0, read_only: bool = False, may_be_unfinished: bool = False
) -> D1Database:
    """Open a hosted database with the token from the environment."""
    from database.d1 import open_d1  # noqa: PLC0415 - imports an HTTP client

    return await open_d1(
        address,
        token_from(os.environ),
        patience=patience,
        read_only=read_only,
        may_be_unfinished=may_be_unfinished,
    )


@asynccontextmanager
async def closing(db: Database) -> AsyncGenerator[None]:
    """Close the database in the end."""
    try:
        yield
    finally:
        await db.close()


def phased(db: Database) -> PhasedDatabase:
    """Wrap the database so that the tools follow its migration phase."""
    return PhasedDatabase(GatheringDatabase(db), {migration.name for migration in shipped()})


@asynccontextmanager
async def _migrated(db: Database) -> AsyncGenerator[None]:
    """Migrate the database, the rest of it in the background. If the caller is done first, the next start continues."""
    report = await apply_files(db)
    if report.backup:
        logger.warning("migrating %s; the backup is %s", db.label, report.backup)
    caller = asyncio.current_task()
    running = asyncio.create_task(complete(db, report))
    done, _ = await asyncio.wait({running}, timeout=AT_START)
    if done:
        running.result()
        yield
        return
    logger.warning("serving %s while its migration is completed; calls of tools wait for it", db.label)
    running.add_done_callback(lambda task: _end(task, caller))
    try:
        yield
    except asyncio.CancelledError:
        if caller and _failed(running):
            caller.uncancel()
            running.result()
        raise
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, DatabaseError):
            await running


def _end(running: asyncio.Task[None], caller: asyncio.Task[Any] | None) -> None:
    """Log that the migration is complete, or stop the server if it failed."""
    if _failed(running) and caller:
        caller.cancel()
    elif not running.cancelled():
        logger.warning("the migration is complete")


def _failed(running: asyncio.Task[None]) -> bool:
    return running.done() and not running.cancelled() and running.exception() is not None


async def _require_current(db: Database) -> None:
    if behind := await pending(db):
        raise DatabaseUnavailable(
            f"{db.label} has {len(behind)} pending migrations: run `voygen migrate --db {db.label}`, "
            "or serve it without --no-migrate and --read-only."
        )
    await require_complete(db)
