"""The errors that a tool answers with if the database fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseError,
    DatabaseFull,
    DatabaseMigrating,
    DatabaseReadOnly,
    DatabaseReplaced,
    DiskFailed,
    NotADatabase,
    OutcomeUnknown,
    OverLimit,
    ProgramTooOld,
    ResultsLost,
    SchemaDetached,
    TokenRejected,
)
from tools.answers.errors import Busy, InvalidInput, ReadOnly, ToolFault, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


def fault_of(error: DatabaseError) -> ToolFault | None:
    """Return the tool's error for a failure that is expected now and then, or None for any other."""
    return next((fault(str(error), remedy) for kind, fault, remedy in _FAULTS if isinstance(error, kind)), None)


def _busy(_: str, remedy: str) -> ToolFault:
    return Busy("The database is in use by another program.", remedy)


def _read_only(_: str, remedy: str) -> ToolFault:
    return ReadOnly("The database is read-only; nothing was written.", remedy)


_RESTORE = "Nothing was written. Tell the user to stop voygen and restore the newest intact backup."

# The first kind that fits counts. The error's own message is the problem, unless it may have internals.
_FAULTS: tuple[tuple[type[DatabaseError], Callable[[str, str], ToolFault], str], ...] = (
    (DatabaseMigrating, Busy, "Try again in a minute."),
    (DatabaseBusy, _busy, "Try again in a moment."),
    (ProgramTooOld, ReadOnly, "Nothing was written. Tell the user to update and restart voygen."),
    (SchemaDetached, Unavailable, "Nothing was written. Tell the user to run that command."),
    (DatabaseReplaced, Unavailable, "Nothing was written. Tell the user to restart voygen."),
    (DatabaseFull, Unavailable, "Nothing was written. Tell the user to free disk space; then try again."),
    (DatabaseDamaged, Unavailable, _RESTORE),
    (NotADatabase, Unavailable, _RESTORE),
    (
        DiskFailed,
        Unavailable,
        "Tell the user that the disk may be failing. Look up whether a change was stored before repeating.",
    ),
    (TokenRejected, Unavailable, "Nothing was written. Tell the user."),
    (OutcomeUnknown, Unavailable, "Look whether the change is there before you send it again."),
    (ResultsLost, Unavailable, "Read what it changed, and do not send it again."),
    (OverLimit, InvalidInput, "Nothing was written. Send less at once."),
    (DatabaseReadOnly, _read_only, "Use only read-only tools."),
)
