"""Database files for tests: quick copies of one template, opened without the project's own code."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import engines
from hosted_connection import reading
from strict import strict_engine

from database.embedded import open_database
from migrations.runner import migrate

if TYPE_CHECKING:
    from migrations.runner import MigrationReport

LEGACY = Path(__file__).parent / "legacy"


def connect(path: Path, *, recursive_triggers: bool = False) -> sqlite3.Connection:
    """A plain connection as any program may open it, with autocommit and foreign keys on."""
    connection = engines.connect(path) if engines.is_hosted() else connect_file(path)
    if recursive_triggers:
        connection.execute("PRAGMA recursive_triggers = ON")
    return connection


def connect_file(path: Path) -> sqlite3.Connection:
    """A connection to a file that its engine has not opened yet, for preparing what it holds."""
    assert not path.is_symlink(), "D1 has the database"
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def copied(source: Path, target: Path) -> Path:
    """Copy the database with all that is committed, wherever it is, to a new file."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
    return target


async def migrate_file(path: Path) -> MigrationReport:
    with strict_engine():
        opened = await engines.open_database(path)
    async with opened as db:
        return await migrate(db, pause=0)


def new_file(path: Path) -> Path:
    """Create an empty migrated database."""
    path.write_bytes(_template())
    return path


async def _migrate_embedded(path: Path) -> None:
    with strict_engine():
        opened = await open_database(path)
    async with opened as db:
        await migrate(db)


@cache
def _template() -> bytes:
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "template.db"
        with ThreadPoolExecutor() as pool:  # the caller's thread may already have a running event loop
            pool.submit(lambda: asyncio.run(_migrate_embedded(path))).result()
        return path.read_bytes()
    finally:
        shutil.rmtree(folder)


def everything(path: Path) -> list[str]:
    """The whole database as lines, including internal counters."""
    connection = connect(path)
    try:
        return dump(connection)
    finally:
        connection.close()


def dump(connection: sqlite3.Connection) -> list[str]:
    """The schema and every row, one line each, including internal counters.

    `iterdump` fails on a broken view in Python 3.13 and later.
    """
    connection = reading(connection)
    factory, connection.text_factory = connection.text_factory, bytes
    try:
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT GLOB '_cf_*' ORDER BY 1, 2"
        ).fetchall()
        tables = connection.execute(STORED_TABLES).fetchall()
        rows = {name.decode(): connection.execute(f'SELECT * FROM "{name.decode()}"') for (name,) in tables}
        return [f"{piece}" for piece in schema] + [f'"{name}" {row}' for name, found in rows.items() for row in found]
    finally:
        connection.text_factory = factory


def text(path: Path) -> str:
    """All text and bytes stored in the tables, including those of the search index."""
    with closing(connect(path)) as connection:
        connection.text_factory = _decoded
        tables = connection.execute(STORED_TABLES).fetchall()
        rows = [row for (name,) in tables for row in connection.execute(f'SELECT * FROM "{name}"')]
    return "\n".join(_decoded(value) if isinstance(value, bytes) else str(value) for row in rows for value in row)


def _decoded(content: bytes) -> str:
    return content.decode(errors="replace")


STORED_TABLES = """
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type IN ('table', 'shadow') AND name <> 'sqlite_schema' AND name NOT GLOB '_cf_*'
ORDER BY name
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path | str) -> int:
    """The permissions of the file: the lowest nine bits of its mode."""
    return stat.S_IMODE(Path(path).stat().st_mode)
