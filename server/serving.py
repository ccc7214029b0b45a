"""Opening the database and serving it until told to stop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from database.embedded import EmbeddedDatabase, open_database, open_read_only
from database.errors import DatabaseUnavailable
from database.phase import PhasedDatabase
from migrations.files import shipped
from migrations.runner import migrate, pending
from server.desk import make_server
from server.stdio import serve_stdio
from server.steward import MigrationSteward
from tools.catalogue import all_tools

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

logger = logging.getLogger("voygen")


async def serve(path: Path, groups: Container[str], *, may_migrate: bool = True, read_only: bool = False) -> int:
    """Serve over stdio; returns the exit status. Raises DatabaseError where the database can't be served.

    `read_only` leaves the tools that only read, and opens the file so that the engine refuses what a bug would write.
    """
    async with await (open_read_only(path) if read_only else open_database(path)) as db:
        await _bring_up_to_date(db, may_migrate=may_migrate and not read_only)
        desk = PhasedDatabase(db, {migration.name for migration in shipped()})
        offered = [
            tool
            for tool in all_tools(MigrationSteward(db))
            if tool.group in groups and (tool.hints.read_only or not read_only)
        ]
        await serve_stdio(make_server(desk, offered))
    return 0


async def _bring_up_to_date(db: EmbeddedDatabase, *, may_migrate: bool) -> None:
    if may_migrate:
        report = await migrate(db)
        if report.backup:
            logger.warning("migrated %s; the backup is %s", db.path, report.backup)
    elif behind := await pending(db):
        raise DatabaseUnavailable(
            f"{db.path} lacks {len(behind)} migrations: run `voygen migrate --db {db.path}`, "
            "and serve it without --no-migrate or --read-only until then."
        )
