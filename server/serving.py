"""Opening the database and serving it until told to stop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from database.embedded import EmbeddedDatabase, open_database, open_read_only, require_file
from database.errors import DatabaseUnavailable
from database.measures import WatchedDatabase
from database.phase import PhasedDatabase
from migrations.files import shipped
from migrations.runner import migrate, pending
from server.desk import make_server
from server.recording import Recorder
from server.stdio import serve_stdio
from server.steward import MigrationSteward
from tools.catalogue import all_tools

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from database.engine import Database
    from server.http_settings import HttpSettings
    from tools.maintenance import Steward
    from tools.tool import AnyTool

logger = logging.getLogger("voygen")


# Queries that run at the same time where several clients share a server.
HTTP_READERS = 4


async def serve(  # noqa: PLR0913 - what is served, to whom, and how
    path: Path,
    groups: Container[str],
    *,
    may_migrate: bool = True,
    read_only: bool = False,
    http: HttpSettings | None = None,
    patience: float = 30.0,
) -> int:
    """Serve over stdio, or HTTP; returns the exit status. Raises DatabaseError where the database can't be served.

    `read_only` leaves the tools that only read, and opens the file so that the engine refuses what a bug would write.
    """
    if not may_migrate:
        require_file(path)
    readers = HTTP_READERS if http else 1
    opening = (
        open_read_only(path, readers=readers) if read_only else open_database(path, readers=readers, patience=patience)
    )
    async with await opening as db:
        await _bring_up_to_date(db, may_migrate=may_migrate and not read_only)
        if http:
            from server.http import serve_http  # noqa: PLC0415 - what serving over stdio can do without

            await serve_http(db, groups, http, read_only=read_only)
            return 0
        tools = offered(MigrationSteward(db), groups, read_only=read_only)
        recorder = Recorder(db)
        async with recorder.running(read_only=read_only):
            desk = desk_of(WatchedDatabase(db, recorder.refused_batch))
            await serve_stdio(make_server(desk, tools, observe=recorder.call))
    return 0


def desk_of(db: Database) -> PhasedDatabase:
    """The database as the tools see it."""
    return PhasedDatabase(db, {migration.name for migration in shipped()})


def offered(steward: Steward, groups: Container[str], *, read_only: bool) -> list[AnyTool]:
    """The tools of these groups, all or those that only read."""
    return [tool for tool in all_tools(steward) if tool.group in groups and (tool.hints.read_only or not read_only)]


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
