"""Database errors, and the translation of driver errors into them.

DatabaseError
├── DatabaseUnavailable      the database cannot be opened, read or written
│   ├── NotADatabase         the file is not an SQLite database
│   ├── DatabaseDamaged      the file's content is damaged
│   ├── DatabaseReplaced     the file, its WAL or its index was moved or replaced while open
│   ├── DiskFailed           the system could not read or write the file
│   ├── SchemaDetached       our triggers and views are dropped for another program's migration
│   ├── EngineTooOld         SQLite is older than 3.40
│   ├── TokenRejected        the hosted database doesn't accept the token
│   ├── OutcomeUnknown       the hosted database may have stored the batch or not
│   ├── ResultsLost          the hosted database stored the batch, but its answer is lost
│   └── DatabaseFull         the disk is full
├── DatabaseReadOnly         the file or disk is read-only
│   └── ProgramTooOld        a newer voygen migrated the schema
├── DatabaseBusy             another program held the write lock for too long
│   └── DatabaseMigrating    the migration is not complete
├── OverLimit                a statement is larger than the hosted database accepts
└── ConstraintViolated       a constraint rejected the batch
    └── GuardFailed          a guard found that data changed since it was read
"""

from __future__ import annotations

import errno
import re
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from database.platform import has_no_room, is_on_read_only_disk

if TYPE_CHECKING:
    from collections.abc import Generator

GUARD = re.compile(r"CHECK constraint failed: (guard_\w+)")


class DatabaseError(Exception):
    """A database operation failed."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be opened, read or written."""


class NotADatabase(DatabaseUnavailable):
    """The file is not an SQLite database."""


class DatabaseDamaged(DatabaseUnavailable):
    """The content of the file is damaged."""


class DiskFailed(DatabaseUnavailable):
    """The system reported an error while the file was read or written."""


class EngineTooOld(DatabaseUnavailable):
    """The SQLite library that this Python uses is too old."""


class SchemaDetached(DatabaseUnavailable):
    """The triggers and views are dropped so that another program can rebuild tables."""


class DatabaseFull(DatabaseUnavailable):
    """The disk that holds the database is full."""


class DatabaseReplaced(DatabaseUnavailable):
    """The open file, its WAL or its index was replaced or removed."""


class DatabaseReadOnly(DatabaseError):
    """The database is read-only."""


class ProgramTooOld(DatabaseReadOnly):
    """The database was migrated by a newer version of voygen."""


class DatabaseBusy(DatabaseError):
    """Another program kept the database locked for too long."""


class DatabaseMigrating(DatabaseBusy):
    """The migration of the database is not complete."""


class ConstraintViolated(DatabaseError):
    """A constraint rejected the write; nothing in the batch was stored."""


class GuardFailed(ConstraintViolated):
    """The data changed since it was read; nothing in the batch was stored.

    `guard` names the failed check in `write_guard`.
    """

    def __init__(self, guard: str) -> None:
        super().__init__(f"guard {guard} failed")
        self.guard = guard


class TokenRejected(DatabaseUnavailable):
    """The hosted database doesn't accept the token."""


class OutcomeUnknown(DatabaseUnavailable):
    """The hosted database didn't answer: it may have stored the batch or not."""


class ResultsLost(DatabaseUnavailable):
    """The hosted database stored the batch, but the rows that it returned are lost."""


class OverLimit(DatabaseError):
    """A statement is larger than the hosted database accepts; nothing was sent."""


@contextmanager
def translated(path: str) -> Generator[None]:
    """Translate driver errors into database errors, keeping the original as the cause for the log."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error


def translate(error: sqlite3.Error, path: str) -> DatabaseError:
    """Return the database error for a driver error."""
    name = getattr(error, "sqlite_errorname", "") or ""
    text = str(error)
    if guard := GUARD.search(text):
        return GuardFailed(guard[1].removeprefix("guard_"))
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
        if has_no_room(Path(path)):
            return DatabaseFull(f"The disk that holds {path} is full.")
        if is_on_read_only_disk(Path(path)):
            return DatabaseReadOnly(f"{path} is on a disk that is read-only now.")
    kinds: list[tuple[str, type[DatabaseError], str]] = [
        ("SQLITE_CONSTRAINT", ConstraintViolated, text),
        ("SQLITE_BUSY", DatabaseBusy, f"{path} is locked by another program."),
        ("SQLITE_LOCKED", DatabaseBusy, f"{path} is locked by another program."),
        ("SQLITE_READONLY_DBMOVED", DatabaseReplaced, f"{path} was replaced or removed while it was open."),
        ("SQLITE_READONLY", DatabaseReadOnly, f"{path} is read-only."),
        ("SQLITE_PERM", DatabaseReadOnly, f"{path} is not writable."),
        ("SQLITE_FULL", DatabaseFull, f"The disk that holds {path} is full."),
        ("SQLITE_NOTADB", NotADatabase, f"{path} is not an SQLite database."),
        ("SQLITE_CORRUPT", DatabaseDamaged, f"{path} is damaged: restore a backup."),
        (
            "SQLITE_IOERR_SHORT_READ",
            DatabaseDamaged,
            f"{path} is damaged, because its end is missing: restore a backup.",
        ),
        ("SQLITE_IOERR_CORRUPTFS", DatabaseDamaged, f"{path} is damaged: restore a backup."),
        ("SQLITE_CANTOPEN", DatabaseUnavailable, f"{path} cannot be opened."),
        ("SQLITE_IOERR", DiskFailed, f"{path} cannot be read or written ({name})."),
    ]
    for prefix, kind, message in kinds:
        if name.startswith(prefix):
            return kind(message)
    return DatabaseError(text)


def file_error(path: Path, error: OSError) -> DatabaseError:
    """Return the database error for a file that the system refuses to create or write."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DatabaseFull(f"The disk that holds {path} is full.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return DatabaseReadOnly(f"{path} cannot be written: {error.strerror}.")
    return DatabaseUnavailable(f"{path} cannot be written: {error.strerror}.")
