"""The engine that the tests run on: embedded, or hosted with `--engine d1`.

With `--engine d1`, `placed` puts a test's database file where workerd opens it, which takes milliseconds; migrating an
empty D1 database takes 28 requests.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from workerd import running

if TYPE_CHECKING:
    from pathlib import Path

    from workerd import Hosted, Workerd

EMBEDDED, HOSTED = ENGINES = ("embedded", "d1")


class _Chosen:
    hosted = False


def choose(engine: str) -> None:
    _Chosen.hosted = engine == HOSTED


def is_hosted() -> bool:
    return _Chosen.hosted


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
    return hosted


_by_file: dict[Path, Hosted] = {}


def _content(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        return connection.serialize()


end = _Shared.end
