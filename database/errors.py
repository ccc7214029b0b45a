"""What can go wrong in an engine, wrapped once.

DatabaseError
├── DatabaseUnavailable      cannot be opened, read or written at all
│   ├── NotADatabase         the file is something else
│   ├── EngineTooOld         SQLite older than 3.40
│   └── DatabaseFull         no room left on the disk
├── DatabaseReadOnly         the file or the disk does not take writes
│   └── ProgramTooOld        the schema belongs to a newer voygen
├── DatabaseBusy             another program held the write lock for too long
└── ConstraintViolated       the batch was rolled back by a constraint
    └── GuardFailed          ... by one that re-checks what had been read
"""

from __future__ import annotations


class DatabaseError(Exception):
    """The database refused or failed."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be opened."""


class NotADatabase(DatabaseUnavailable):
    """The file is not an SQLite database."""


class EngineTooOld(DatabaseUnavailable):
    """This Python was built with an SQLite that is too old."""


class DatabaseFull(DatabaseUnavailable):
    """The disk that holds the database is full."""


class DatabaseReadOnly(DatabaseError):
    """The database does not take writes."""


class ProgramTooOld(DatabaseReadOnly):
    """The database was migrated by a newer voygen than this one."""


class DatabaseBusy(DatabaseError):
    """Another program kept the database locked for too long."""


class ConstraintViolated(DatabaseError):
    """A constraint refused the write; nothing of the batch was stored."""


class GuardFailed(ConstraintViolated):
    """What had been read has changed since; nothing of the batch was stored.

    `guard` is the name of the check in `write_guard` that did not hold.
    """

    def __init__(self, guard: str) -> None:
        super().__init__(f"guard {guard} did not hold")
        self.guard = guard
