"""Database files for tests: made in no time from one template, and opened without any code of ours."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from database.embedded import open_database
from migrations.runner import migrate

if TYPE_CHECKING:
    from migrations.runner import MigrationReport

LEGACY = Path(__file__).parent / "legacy"


def connect(path: Path, *, recursive_triggers: bool = False) -> sqlite3.Connection:
    """A plain connection as any program may open it: autocommit, foreign keys on."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    if recursive_triggers:
        connection.execute("PRAGMA recursive_triggers = ON")
    return connection


async def migrate_file(path: Path) -> MigrationReport:
    async with await open_database(path) as db:
        return await migrate(db)


def new_file(path: Path) -> Path:
    """Put an empty migrated database there."""
    path.write_bytes(_template())
    return path


@cache
def _template() -> bytes:
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "template.db"
        with ThreadPoolExecutor() as pool:  # a thread has no event loop yet, whoever calls
            pool.submit(lambda: asyncio.run(migrate_file(path))).result()
        return path.read_bytes()
    finally:
        shutil.rmtree(folder)


def everything(path: Path) -> list[str]:
    """The whole database as SQL text, internal counters included."""
    connection = connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path | str) -> int:
    """Who may do what with the file: the lowest nine bits of its mode."""
    return stat.S_IMODE(Path(path).stat().st_mode)
