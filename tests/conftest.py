"""Real databases: legacy dumps loaded into files, files migrated, an engine opened on one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import raw
import sides
from oracle import assert_clean

from database.embedded import EmbeddedDatabase, open_database
from migrations.dumps import load_dump
from migrations.runner import migrate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path


@pytest.fixture
def legacy_database(tmp_path: Path) -> Callable[[str], Path]:
    """Load tests/legacy/<name>.sql into a new file, as it stands before any migration."""

    def load(name: str) -> Path:
        path = tmp_path / f"{name}.db"
        load_dump(raw.LEGACY / f"{name}.sql", path)
        return path

    return load


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[EmbeddedDatabase]:
    """An engine on an empty, migrated database file."""
    async with await open_database(tmp_path / "voygen.db") as database:
        await migrate(database)
        yield database


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection to an empty, migrated database file, as any other program would open it."""
    opened = raw.connect(raw.new_file(tmp_path / "voygen.db"))
    yield opened
    opened.close()


@pytest.fixture
def con(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A connection to two clients and one trip without any; after the test both sides must be equal."""
    for email in (sides.ANA, sides.BEN):
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')", (email,))
    sides.add_trip(connection, "[]")
    yield connection
    assert_clean(connection)
