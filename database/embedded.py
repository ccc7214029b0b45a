"""The embedded engine: one SQLite file with one write connection and one or more read connections."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Literal, LiteralString, TypeAlias, TypeVar

from database.connections import Connection, copy_to, interrupt, rows, rows_of_each, set_row_format, written
from database.copies import files_that_hold
from database.engine import Backup, Results
from database.errors import (
    DatabaseBusy,
    DatabaseError,
    EngineTooOld,
    translated,
)
from database.files import backup_name, create_file, looking_uri, prepare_file, read_only_uri, require_file
from database.open_files import OpenFiles
from database.platform import keep_wal_at_close
from database.progress import Progress, untold
from database.running import Running, result_of
from database.whole_file import whole_file

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Sequence
    from pathlib import Path
    from typing import Self

    from database.engine import Remains, Row, Statement, Value

T = TypeVar("T")

Synchronous: TypeAlias = Literal["full", "normal"]
"""`full`: a batch is on disk when it returns. `normal`: a power failure can undo the latest batches."""

MINIMUM_SQLITE = (3, 40, 0)

# Time that SQLite waits for a lock, in milliseconds, before we retry with a random pause.
BUSY_TIMEOUT_MS = 250

# Beginnings of SQLite's messages when its copy of the schema is outdated.
OUTDATED_SCHEMA = ("no such table", "no such column", "vtable constructor failed")

# Number of rows that a stream fetches at a time.
STREAMED_AT_ONCE = 512


# Time that a query waits for a lock of another program, in seconds.
READING_PATIENCE = 10.0


async def open_database(  # noqa: PLR0913 - options of one connection
    path: Path,
    *,
    patience: float = 30.0,
    readers: int = 1,
    foreign_keys: bool = True,
    as_it_is: bool = False,
    synchronous: Synchronous = "full",
) -> EmbeddedDatabase:
    """Open the file, creating it and any missing parent folders with owner-only access.

    Opening and each batch wait up to `patience` seconds for other programs' writes before raising DatabaseBusy.
    `readers` is the number of concurrent queries. Raises EngineTooOld, NotADatabase, DatabaseReadOnly, DatabaseFull or
    DatabaseUnavailable, each with a message for the user.

    Turn `foreign_keys` off only to restore rows that were already orphaned. `as_it_is` leaves the file's journal mode
    unchanged, for a dry run.
    """
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise EngineTooOld(f"SQLite {sqlite3.sqlite_version} is too old: voygen needs {needed} or newer.")
    prepare_file(path)
    set_up = _set_up_with(foreign_keys=foreign_keys, as_it_is=as_it_is, synchronous=synchronous)
    connections = await _retry_while_busy(lambda: _finish_opening(_connect(path, readers, set_up)), path, patience)
    return await _opened(path, connections, patience)


async def open_read_only(path: Path, *, readers: int = 1, patience: float = READING_PATIENCE) -> EmbeddedDatabase:
    """Open an existing file so that every write raises DatabaseReadOnly."""
    return await _open_query_only(path, read_only_uri(path), readers, patience)


async def open_to_look(path: Path) -> EmbeddedDatabase:
    """Open an existing file without writing to it or waiting for writers."""
    return await _open_query_only(path, looking_uri(path), 1, READING_PATIENCE)


async def _open_query_only(path: Path, uri: str, readers: int, patience: float) -> EmbeddedDatabase:
    require_file(path)
    connections = await _retry_while_busy(
        lambda: _finish_opening(_connect_query_only(uri, 1 + readers)), path, patience
    )
    return await _opened(path, connections, patience)


async def _opened(path: Path, connections: Sequence[Connection], patience: float) -> EmbeddedDatabase:
    ((mode,),) = await connections[0].execute_fetchall("PRAGMA journal_mode")
    return EmbeddedDatabase(path, connections, patience, OpenFiles(path, in_wal_mode=mode == "wal"))


async def _close(connections: Iterable[Connection]) -> None:
    for connection in connections:
        await connection.close()


class EmbeddedDatabase:
    """A database file on this machine, opened with `open_database`.

    Writes go through one connection, one batch at a time. Reads use their own connections and see the last commit
    without waiting for a running write.
    """

    def __init__(
        self, path: Path, connections: Sequence[Connection], patience: float, files: OpenFiles | None = None
    ) -> None:
        """Take ownership of the connections: the first one writes, the others read."""
        self.path = path
        self._connections = connections
        self._writer, *self._idle_readers = connections
        self._reader_slots = asyncio.Semaphore(len(self._idle_readers))
        self._patience = patience
        for connection in connections:
            set_row_format(connection)
        self._files = files or OpenFiles(path, in_wal_mode=False)
        self._write_lock = asyncio.Lock()
        self._idle_streamers: list[Connection] = []
        self._running = Running()
        self._closed = False

    @property
    def label(self) -> str:
        return str(self.path)

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self._retry(lambda: self._on_reader(lambda reader: rows(reader, sql, params)))

    async def read_many(self, queries: Sequence[Statement]) -> Results:
        return Results(await self._retry(lambda: self._on_reader(lambda reader: rows_of_each(reader, queries))))

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self.read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        return await self._retry(lambda: self._write(statements))

    async def stream(
        self, sql: LiteralString, params: Sequence[Value] = (), *, key: Sequence[LiteralString]
    ) -> AsyncGenerator[Row]:
        """Yield the rows of a query one by one from a single snapshot.

        Uses a separate connection, because a connection sees no newer data while one of its queries is open.
        """
        self._files.require_unchanged()
        ordered = "SELECT * FROM (" + sql + ") ORDER BY " + ", ".join(key)
        with translated(str(self.path)):
            async with self._streamer() as connection, connection.execute(ordered, params) as cursor:
                while fetched := await cursor.fetchmany(STREAMED_AT_ONCE):
                    for row in fetched:
                        yield dict(row)

    @contextlib.asynccontextmanager
    async def _streamer(self) -> AsyncGenerator[Connection]:
        """Provide a connection for one stream: the one that the last complete stream left, or a new one."""
        if self._idle_streamers:
            connection = self._idle_streamers.pop()
        else:
            opening = _connect_query_only(looking_uri(self.path), 1, patience=self._patience)
            (connection,) = await _finish_opening(opening)
            set_row_format(connection)
        try:
            yield connection
        except BaseException:
            await connection.close()
            raise
        if self._closed or self._idle_streamers:
            await connection.close()
        else:
            self._idle_streamers.append(connection)

    async def back_up_to(self, target: Path, progress: Progress = untold) -> None:
        """Copy a snapshot of the database to a new private file while writers keep running.

        `progress` counts pages and is called on the connection's thread.
        """
        create_file(target)
        copy = sqlite3.connect(target, check_same_thread=False)
        try:
            async with self._reader() as reader:
                with translated(str(target)):
                    await self._running.to_end(copy_to(reader, copy, progress))
        finally:
            copy.close()

    async def back_up(self, progress: Progress = untold) -> Backup:
        """Copy the database to a file beside it, whose name has the time."""
        target = backup_name(self.path)
        with whole_file(target, "run the migration again.") as scratch:
            await self.back_up_to(scratch, progress)
        return Backup(str(target), target)

    async def scrub(self) -> Remains | None:
        """Rewrite the file, because SQLite keeps deleted content in unused pages, and empty the WAL."""
        return await self._retry(self._scrub)

    async def copies(self, texts: Sequence[str]) -> list[str]:
        return await asyncio.to_thread(files_that_hold, self.path, texts)

    async def _scrub(self) -> Remains | None:
        await self._write_lock.acquire()
        return await self._running.to_end(self._rewrite())

    async def _rewrite(self) -> Remains | None:
        try:
            self._files.require_unchanged()
            await self._writer.execute_fetchall("VACUUM")
            ((busy, *_),) = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._write_lock.release()
        return "in_use" if busy else None

    async def close(self) -> None:
        await self._running.wait()
        self._closed = True
        connections = [*self._idle_streamers, *reversed(self._connections)]
        if self._files.have_successors:
            for connection in connections:
                keep_wal_at_close(connection._conn)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        await _close(connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _on_reader(self, query: Callable[[Connection], asyncio.Future[T]]) -> T:
        """Run a query, and stop it if the caller is cancelled."""
        self._files.require_unchanged()
        async with self._reader() as reader:
            running = query(reader)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await self._running.to_end(interrupt(reader, running))
                raise

    @contextlib.asynccontextmanager
    async def _reader(self) -> AsyncGenerator[Connection]:
        """Provide an idle read connection, waiting for one if necessary."""
        async with self._reader_slots:
            reader = self._idle_readers.pop()
            try:
                yield reader
            finally:
                self._idle_readers.append(reader)

    async def _write(self, statements: Sequence[Statement]) -> Results:
        """Run the statements once the write lock is free. A caller that is cancelled before that writes nothing."""
        await self._write_lock.acquire()
        try:
            self._files.require_unchanged()
        except DatabaseError:
            self._write_lock.release()
            raise
        return await self._running.to_end(self._transaction(statements))

    async def _transaction(self, statements: Sequence[Statement]) -> Results:
        """Run the statements as one transaction on the writer, then release the write lock."""
        try:
            return Results(await written(self._writer, statements))
        finally:
            self._write_lock.release()

    async def _retry(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await _retry_while_busy(attempt, self.path, self._patience)


async def _connect(path: Path, readers: int, set_up: Sequence[str]) -> list[Connection]:
    """Open the write connection, then the read connections."""
    opened: list[Connection] = []
    try:
        for number in range(1 + readers):
            connection = await _connect_one(path)
            opened.append(connection)
            if number == 0:
                for sql in set_up:
                    await connection.execute_fetchall(sql)
            else:
                await connection.execute_fetchall("PRAGMA query_only = ON")
    except BaseException:
        await _close(opened)
        raise
    return opened


async def _connect_query_only(uri: str, count: int, *, patience: float = BUSY_TIMEOUT_MS / 1000) -> list[Connection]:
    opened: list[Connection] = []
    try:
        for _ in range(count):
            opened.append(await _connect_one(uri, patience=patience, uri=True))
            await opened[-1].execute_fetchall("PRAGMA query_only = ON")
        await opened[0].execute_fetchall("SELECT count(*) FROM sqlite_master")
    except BaseException:
        await _close(opened)
        raise
    return opened


async def _connect_one(file: Path | str, *, patience: float = BUSY_TIMEOUT_MS / 1000, uri: bool = False) -> Connection:
    """Open the file before aiosqlite starts its thread, which would outlive the event loop if opening failed."""
    opened = sqlite3.connect(file, timeout=patience, isolation_level=None, check_same_thread=False, uri=uri)
    connection = Connection(lambda: opened, iter_chunk_size=STREAMED_AT_ONCE)
    await connection
    return connection


async def _finish_opening(connecting: Coroutine[Any, Any, list[Connection]]) -> list[Connection]:
    """Return the connections. If the caller is cancelled, close them so that no thread keeps running."""
    task = asyncio.ensure_future(connecting)
    try:
        return await result_of(task)
    except asyncio.CancelledError:
        if task.exception() is None:
            await _close(task.result())
        raise


async def _retry_while_busy(attempt: Callable[[], Awaitable[T]], path: Path, patience: float) -> T:
    """Retry while another program holds the lock, with random pauses so that no program starves.

    Retry once if a table is missing: SQLite may read a schema that another connection just changed only then.
    """
    deadline = time.monotonic() + patience
    pause = 0.005
    reread = False
    while True:
        try:
            with translated(str(path)):
                return await attempt()
        except DatabaseBusy:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, 0.2)
        except DatabaseError as error:
            if reread or not str(error).startswith(OUTDATED_SCHEMA):
                raise
            reread = True


def _set_up_with(*, foreign_keys: bool, as_it_is: bool, synchronous: Synchronous) -> list[str]:
    """Return the statements that set up the write connection."""
    # With a rollback journal, a commit is safe only with EXTRA, which also syncs the folder.
    full = "EXTRA" if as_it_is else "FULL"
    return [
        "SELECT count(*) FROM sqlite_master",
        "PRAGMA journal_mode" if as_it_is else "PRAGMA journal_mode = WAL",
        f"PRAGMA synchronous = {full if synchronous == 'full' else 'NORMAL'}",
        # On macOS, the usual sync leaves data in the drive's cache. Other systems ignore this.
        f"PRAGMA fullfsync = {'ON' if synchronous == 'full' else 'OFF'}",
        f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}",
        # Fail on opening, not on the first batch, if the file can't be written.
        "BEGIN IMMEDIATE",
        "ROLLBACK",
    ]
