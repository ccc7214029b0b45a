"""The embedded engine: one SQLite file, one connection that writes, one or several that read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sqlite3
import time
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

import aiosqlite

from database.connections import copy_to, interrupt, rows, set_row_format
from database.engine import Results
from database.errors import (
    DatabaseBusy,
    DatabaseReadOnly,
    DatabaseReplaced,
    DatabaseUnavailable,
    EngineTooOld,
    translated,
)
from database.platform import is_there, keep_private, make_private_file, make_private_folder
from database.progress import Progress, untold

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Sequence
    from pathlib import Path
    from typing import Self

    from database.engine import Row, Statement, Value

T = TypeVar("T")

MINIMUM_SQLITE = (3, 40, 0)

# How long SQLite itself waits for a lock before a try is given up, in milliseconds; then chance decides who is next.
BUSY_TIMEOUT_MS = 250

# Rows fetched at once by a stream.
STREAMED_AT_ONCE = 512


async def open_database(
    path: Path, *, patience: float = 30.0, readers: int = 1, foreign_keys: bool = True, as_it_is: bool = False
) -> EmbeddedDatabase:
    """Open the file, making it and the folders on the way where they are missing, private to their owner.

    `patience` is how long opening, and later each batch, waits for other programs' writes, in seconds, before
    DatabaseBusy. `readers` is how many queries run at the same time. Raises EngineTooOld, NotADatabase,
    DatabaseReadOnly, DatabaseFull or DatabaseUnavailable, each with a message for the person who named the file.

    Foreign keys are off only to put rows back that pointed at nothing before. `as_it_is` leaves the file's rights and
    journal mode alone, for a person who asked to look first.
    """
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise EngineTooOld(f"SQLite {sqlite3.sqlite_version} is too old: voygen needs {needed} or newer.")
    prepare_file(path)
    connections = await _patiently(
        lambda: _opened(_connect(path, readers, foreign_keys=foreign_keys, as_it_is=as_it_is)), path, patience
    )
    if not as_it_is:
        keep_private(path)
    return EmbeddedDatabase(path, connections, patience)


async def open_read_only(path: Path, *, readers: int = 1) -> EmbeddedDatabase:
    """Open a file that exists so that the engine itself refuses every write with DatabaseReadOnly."""
    return await _open_query_only(path, read_only_uri(path), readers)


async def open_to_look(path: Path) -> EmbeddedDatabase:
    """Open a file that exists, writing nothing and waiting for nobody who writes."""
    return await _open_query_only(path, looking_uri(path), 1)


async def _open_query_only(path: Path, uri: str, readers: int) -> EmbeddedDatabase:
    require_file(path)
    with translated(str(path)):
        connections = await _opened(_connect_query_only(uri, 1 + readers))
    return EmbeddedDatabase(path, connections, patience=5.0)


async def _close(connections: Iterable[aiosqlite.Connection]) -> None:
    for connection in connections:
        await connection.close()


def read_only_uri(path: Path) -> str:
    """Where the others that a file with a write-ahead log needs may not be made, it is read as one that never changes.

    So it is on a read-only disk, unless somebody who may write has made them.
    """
    alone = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone and _has_a_log(path) else ''}"


def _has_a_log(path: Path) -> bool:
    """As its header says: https://www.sqlite.org/fileformat2.html, offset 18."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(19)[18:] == b"\2"
    return False


def looking_uri(path: Path) -> str:
    """Whoever may write the file opens it so: the last to close it puts its journal away, which a mere reader can't."""
    return f"{path.absolute().as_uri()}?mode=rw" if os.access(path, os.W_OK) else read_only_uri(path)


def prepare_file(path: Path) -> None:
    """Make the folders and the file, private to their owner, or say why the path can't be a database."""
    _refuse_folder(path)
    try:
        make_private_folder(path.parent)
        make_private_file(path)
    except PermissionError as error:
        raise DatabaseReadOnly(f"{path} cannot be written: {error.strerror}.") from error
    except OSError as error:
        raise DatabaseUnavailable(f"{path} cannot be opened: {error.strerror}.") from error


def require_file(path: Path) -> None:
    """Raises DatabaseUnavailable where there is no file: what only looks at a database never makes one."""
    _refuse_folder(path)
    if not _is_there(path):
        raise DatabaseUnavailable(f"{path} does not exist.")


def _refuse_folder(path: Path) -> None:
    if _is_there(path) and path.is_dir():
        raise DatabaseUnavailable(f"{path} is a folder, not a database file.")


def _is_there(path: Path) -> bool:
    try:
        return is_there(path)
    except PermissionError as error:
        raise DatabaseUnavailable(f"{path} cannot be opened: {error.strerror}.") from error


class EmbeddedDatabase:
    """A database file on this machine, opened with `open_database`.

    Writes go through one connection, a batch at a time. Reads have connections of their own and see the last
    commit without waiting for a write under way.
    """

    def __init__(self, path: Path, connections: Sequence[aiosqlite.Connection], patience: float) -> None:
        """The first of the connections writes, the others read."""
        self.path = path
        self._connections = connections
        self._writer, *self._free = connections
        self._places = asyncio.Semaphore(len(self._free))
        self._patience = patience
        for connection in connections:
            set_row_format(connection)
        self._identity = _identity(path)
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[Any]] = set()

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._with_patience(lambda: self._query(sql, params))

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self.read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        return await self._with_patience(lambda: self._in_turn(statements))

    async def stream(self, sql: LiteralString, params: Sequence[Value] = ()) -> AsyncGenerator[Row]:
        """The rows of a query one by one, as of one moment, however many there are.

        A connection of its own: while a query is open, its connection sees nothing newer.
        """
        with translated(str(self.path)):
            (connection,) = await _opened(_connect_query_only(looking_uri(self.path), 1, patience=self._patience))
            try:
                set_row_format(connection)
                async with connection.execute(sql, params) as cursor:
                    while fetched := await cursor.fetchmany(STREAMED_AT_ONCE):
                        for row in fetched:
                            yield dict(row)
            finally:
                await connection.close()

    async def back_up_to(self, target: Path, progress: Progress = untold) -> None:
        """Copy the database, as it stands at one moment, into a new private file, with writers running.

        `progress` is told of pages, on a thread of the engine's.
        """
        prepare_file(target)
        copy = sqlite3.connect(target, check_same_thread=False)
        try:
            async with self._reader() as reader:
                with translated(str(target)):
                    await self._unbroken(copy_to(reader, copy, progress))
        finally:
            copy.close()

    async def close(self) -> None:
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)
        for connection in reversed(self._connections):
            await connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _require_same_file(self) -> None:
        """A file that was put in the other's place has its log applied by whoever opens it; nothing may be added."""
        if _identity(self.path) != self._identity:
            raise DatabaseReplaced(f"{self.path} was replaced or removed while it was open.")

    async def _query(self, sql: LiteralString, params: Sequence[Value]) -> list[Row]:
        """Run a query, and stop it if the caller is cancelled."""
        self._require_same_file()
        async with self._reader() as reader:
            running = asyncio.ensure_future(rows(reader, sql, params))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await self._unbroken(interrupt(reader, running))
                raise

    @contextlib.asynccontextmanager
    async def _reader(self) -> AsyncGenerator[aiosqlite.Connection]:
        """A connection that reads, which whoever has waited longest gets first."""
        async with self._places:
            reader = self._free.pop()
            try:
                yield reader
            finally:
                self._free.append(reader)

    async def _in_turn(self, statements: Sequence[Statement]) -> Results:
        """Who is cancelled while waiting has written nothing, and will not."""
        await self._turn.acquire()
        try:
            self._require_same_file()
        except DatabaseReplaced:
            self._turn.release()
            raise
        return await self._unbroken(self._transaction(statements))

    async def _transaction(self, statements: Sequence[Statement]) -> Results:
        """One transaction of the writer, whose turn it is; gives the turn back."""
        try:
            await self._writer.execute_fetchall("BEGIN IMMEDIATE")
            returned = [(one, await rows(self._writer, one.sql, one.params)) for one in statements]
            await self._writer.execute_fetchall("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                await self._writer.execute_fetchall("ROLLBACK")
            raise
        finally:
            self._turn.release()
        return Results(returned)

    async def _with_patience(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await _patiently(attempt, self.path, self._patience)

    async def _unbroken(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end even if the caller is cancelled, who is told so only then: nothing goes on behind it."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._settled)
        return await _ended(task)

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # a caller that was cancelled is not there to fetch it


async def _connect(path: Path, readers: int, *, foreign_keys: bool, as_it_is: bool) -> list[aiosqlite.Connection]:
    """The connection that writes, and those that read."""
    opened: list[aiosqlite.Connection] = []
    try:
        for number in range(1 + readers):
            connection = await _thread_for(path)
            opened.append(connection)
            if number == 0:
                await _set_up(connection, foreign_keys=foreign_keys, as_it_is=as_it_is)
            else:
                await connection.execute_fetchall("PRAGMA query_only = ON")
    except BaseException:
        await _close(opened)
        raise
    return opened


async def _connect_query_only(
    uri: str, count: int, *, patience: float = BUSY_TIMEOUT_MS / 1000
) -> list[aiosqlite.Connection]:
    opened: list[aiosqlite.Connection] = []
    try:
        for _ in range(count):
            opened.append(await _thread_for(uri, patience=patience, uri=True))
            await opened[-1].execute_fetchall("PRAGMA query_only = ON")
        await opened[0].execute_fetchall("SELECT count(*) FROM sqlite_master")
    except BaseException:
        await _close(opened)
        raise
    return opened


async def _thread_for(
    file: Path | str, *, patience: float = BUSY_TIMEOUT_MS / 1000, uri: bool = False
) -> aiosqlite.Connection:
    """Open the file, then have a thread for it: one whose file can't be opened would outlive the event loop."""
    opened = sqlite3.connect(file, timeout=patience, isolation_level=None, check_same_thread=False, uri=uri)
    return await aiosqlite.Connection(lambda: opened, iter_chunk_size=STREAMED_AT_ONCE)


async def _opened(connecting: Coroutine[Any, Any, list[aiosqlite.Connection]]) -> list[aiosqlite.Connection]:
    """The connections; none is left open, nor its thread running, behind a caller that is cancelled meanwhile."""
    task = asyncio.ensure_future(connecting)
    try:
        return await _ended(task)
    except asyncio.CancelledError:
        if task.exception() is None:
            await _close(task.result())
        raise


async def _ended(task: asyncio.Task[T]) -> T:
    """What the task gives. It runs to its end even if the caller is cancelled, who is told so only then."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


async def _patiently(attempt: Callable[[], Awaitable[T]], path: Path, patience: float) -> T:
    """Try again while another program holds the lock, after a pause drawn at random so that none starves."""
    deadline = time.monotonic() + patience
    pause = 0.005
    while True:
        try:
            with translated(str(path)):
                return await attempt()
        except DatabaseBusy:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, 0.2)


async def _set_up(connection: aiosqlite.Connection, *, foreign_keys: bool, as_it_is: bool) -> None:
    for sql in (
        "SELECT count(*) FROM sqlite_master",
        "PRAGMA journal_mode" if as_it_is else "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
        f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}",
        # Probes that the file takes writes before anybody is promised one.
        "BEGIN IMMEDIATE",
        "ROLLBACK",
    ):
        await connection.execute_fetchall(sql)
