"""Opening the database and serving it until told to stop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from database.embedded import open_database
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


async def serve(path: Path, groups: Container[str], *, may_migrate: bool = True) -> int:
    """Serve over stdio; returns the exit status. Raises DatabaseError where the database can't be served."""
    async with await open_database(path) as db:
        if may_migrate:
            report = await migrate(db)
            if report.backup:
                logger.warning("migrated %s; the backup is %s", path, report.backup)
        elif behind := await pending(db):
            raise DatabaseUnavailable(
                f"{path} lacks {len(behind)} migrations: run `voygen migrate --db {path}`, or leave out --no-migrate."
            )
        desk = PhasedDatabase(db, {migration.name for migration in shipped()})
        await serve_stdio(make_server(desk, [tool for tool in all_tools(MigrationSteward(db)) if tool.group in groups]))
    return 0
