"""The engine that the tests run on: embedded, or hosted with `--engine d1`.

With `--engine d1`, `placed` puts a test's database file where workerd opens it, which takes milliseconds; migrating an
empty D1 database takes 28 requests.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, cast

import pytest
from hosted_connection import InspectingConnection
from workerd import running

from database import embedded
from database.d1_restoring import restore_hosted
from server.exporting import export_file

if TYPE_CHECKING:
    from pathlib import Path

    from workerd import Hosted, Workerd

    from database.embedded import EmbeddedDatabase

EMBEDDED, HOSTED = ENGINES = ("embedded", "d1")


# What only the embedded engine has.
foreign_keys_off = pytest.mark.embedded_only("D1 cannot turn foreign keys off")
transactions = pytest.mark.embedded_only("D1 has no transaction over several requests")
orphans = pytest.mark.embedded_only("D1 cannot take orphaned rows back")
processes = pytest.mark.embedded_only("its writers are processes that open a file")
files = pytest.mark.embedded_only("a hosted database is not a file here")

# For tests in which triggers matter, and which don't set recursive_triggers themselves.
any_recursion = pytest.mark.any_recursion


class _Chosen:
    hosted = False
    recursive = False


def choose(engine: str) -> None:
    _Chosen.hosted = engine == HOSTED


def is_hosted() -> bool:
    return _Chosen.hosted


def recurse(*, on: bool) -> None:
    """Say whether an earlier request to each of the next hosted databases has turned recursive_triggers on."""
    _Chosen.recursive = on


class _Shared:
    """The workerd that tests share, and the one before it, whose databases a test may still use."""

    running: list[tuple[ExitStack, Workerd]] = []  # noqa: RUF012 - of the process

    @classmethod
    def take(cls, content: bytes) -> Hosted:
        if not cls.running or not cls.running[-1][1].left:
            stack = ExitStack()
            cls.running.append((stack, stack.enter_context(running())))
            if len(cls.running) > 2:
                cls.running.pop(0)[0].close()
        return cls.running[-1][1].take(content)

    @classmethod
    def end(cls) -> None:
        while cls.running:
            cls.running.pop()[0].close()


def new_hosted(content: bytes = b"") -> Hosted:
    """A hosted database of its own, empty or with the content of a database file."""
    return _Shared.take(content)


def placed(path: Path) -> Hosted:
    """The hosted database with the content of the file, which becomes a link to the hosted database's own.

    Placed a second time, the file is the same database as before.
    """
    if path.is_symlink():
        return _by_file[path.readlink()]
    hosted = new_hosted(_content(path) if path.exists() else b"")
    _by_file[hosted.file] = hosted
    path.unlink(missing_ok=True)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.symlink_to(hosted.file)
    if _Chosen.recursive:
        hosted.sql("PRAGMA recursive_triggers = ON")
    return hosted


_by_file: dict[Path, Hosted] = {}


def _content(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        return connection.serialize()


end = _Shared.end


async def open_database(path: Path, **options: Any) -> EmbeddedDatabase:
    """Open the database with the engine that is tested."""
    if not is_hosted():
        return await embedded.open_database(path, **options)
    meant = {name: value for name, value in options.items() if name in {"patience", "read_only"}}
    return cast("EmbeddedDatabase", await placed(path).open(may_be_unfinished=True, **meant))


def address(path: Path) -> str:
    """The value of --db for the database."""
    return placed(path).address if is_hosted() else str(path)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes through D1, as another program would."""
    return cast("sqlite3.Connection", InspectingConnection(placed(path)))


def restore(path: Path) -> None:
    """Move the file's rows and schema into a hosted database, as `voygen export` and `voygen restore` do."""
    exported = path.with_suffix(".jsonl")
    export_file(path, exported)
    path.unlink()

    async def restore() -> None:
        async with await open_database(path) as db:
            await restore_hosted(exported, cast("Any", db))

    with ThreadPoolExecutor() as pool:  # the caller's thread may have a running event loop
        pool.submit(lambda: asyncio.run(restore())).result()
