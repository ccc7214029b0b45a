"""Open the database for serving. This module imports little, so that errors appear quickly."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from database.embedded import EmbeddedDatabase, open_database, open_read_only
from database.errors import DatabaseUnavailable
from database.files import require_file
from database.phase import PhasedDatabase
from migrations.files import shipped
from migrations.runner import migrate, pending

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from database.engine import Database

logger = logging.getLogger("voygen")


@asynccontextmanager
async def opened(
    path: Path, *, readers: int, patience: float, may_migrate: bool, read_only: bool
) -> AsyncGenerator[EmbeddedDatabase]:
    """Open the file and, if allowed, migrate it. With `read_only`, the engine refuses every write.

    Raises DatabaseError if the file can't be served.
    """
    if not may_migrate:
        require_file(path)
    opening = (
        open_read_only(path, readers=readers) if read_only else open_database(path, readers=readers, patience=patience)
    )
    async with await opening as db:
        await _bring_up_to_date(db, may_migrate=may_migrate and not read_only)
        yield db


def phased(db: Database) -> PhasedDatabase:
    """Wrap the database so that the tools follow its migration phase."""
    return PhasedDatabase(db, {migration.name for migration in shipped()})


async def _bring_up_to_date(db: EmbeddedDatabase, *, may_migrate: bool) -> None:
    if may_migrate:
        report = await migrate(db)
        if report.backup:
            logger.warning("migrated %s; the backup is %s", db.path, report.backup)
    elif behind := await pending(db):
        raise DatabaseUnavailable(
            f"{db.path} has {len(behind)} pending migrations: run `voygen migrate --db {db.path}`, "
            "or serve it without --no-migrate and --read-only."
        )
