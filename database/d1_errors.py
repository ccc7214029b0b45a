"""The translation of a Worker's refusals and of failed requests into database errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database.errors import (
    GUARD,
    ConstraintViolated,
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnavailable,
    GuardFailed,
    OverLimit,
    TokenRejected,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class SentBefore(Exception):
    """The batch with this id is stored: an earlier request arrived, or the same one arrived twice."""


class Unsettled(Exception):
    """A request failed in a way that may not happen again. `error` is what to raise if it does.

    `may_have_run` is False if the host certainly did nothing. `pause` is the time that the host asks for, in seconds.
    """

    def __init__(self, error: DatabaseError, *, may_have_run: bool, pause: float = 0) -> None:
        super().__init__(str(error))
        self.error = error
        self.may_have_run = may_have_run
        self.pause = pause


def refusal(label: str, status: int, answer: Mapping[str, object]) -> Exception:
    """Return the error for a Worker's refusal."""
    code, message = str(answer["code"]), str(answer.get("message", ""))
    guard = GUARD.search(message)
    kinds: list[tuple[str, Exception]] = [
        ("SENT_BEFORE", SentBefore()),
        (
            "SQLITE_CONSTRAINT",
            GuardFailed(guard[1].removeprefix("guard_")) if guard else ConstraintViolated(message),
        ),
        ("SQLITE_BUSY", Unsettled(DatabaseBusy(f"{label} is busy."), may_have_run=False)),
        ("SQLITE_LOCKED", Unsettled(DatabaseBusy(f"{label} is busy."), may_have_run=False)),
        ("SQLITE_FULL", DatabaseFull(f"{label} is full: a D1 database holds at most 10 GB.")),
        ("SQLITE_READONLY", DatabaseReadOnly(f"{label} refused to write: {message}")),
        ("SQLITE_TOOBIG", OverLimit(f"{label} refused a value that is too large: {message}")),
        ("SQLITE_CORRUPT", DatabaseUnavailable(f"{label} is damaged: restore a Time Travel bookmark.")),
        ("TOO_LARGE", OverLimit(f"{label} refused a batch that is too large: {message}")),
        ("UNAUTHORIZED", TokenRejected(f"{label} does not accept the token: check VOYGEN_D1_TOKEN.")),
        ("D1_TRANSIENT", Unsettled(DatabaseUnavailable(f"{label} failed: {message}"), may_have_run=True)),
    ]
    for prefix, error in kinds:
        if code.startswith(prefix):
            return error
    return DatabaseError(message or f"{label} answered {status}.")


def failure(label: str, status: int, retry_after: str | None) -> Exception:
    """Return the error for an answer that is not the Worker's, such as a proxy's or a cut one."""
    if status == _TOO_MANY:
        pause = float(retry_after) if retry_after and retry_after.isdecimal() else 0
        return Unsettled(DatabaseBusy(f"{label} limits the number of requests."), may_have_run=False, pause=pause)
    if status >= _SERVER_ERROR:
        return Unsettled(DatabaseUnavailable(f"{label} failed with HTTP status {status}."), may_have_run=True)
    if status in _WORKERS_OWN:
        return Unsettled(DatabaseUnavailable(f"{label} sent an incomplete answer."), may_have_run=True)
    if status == _UNAUTHORIZED:
        return TokenRejected(f"{label} does not accept the token: check VOYGEN_D1_TOKEN.")
    if status == _FORBIDDEN:
        return DatabaseReadOnly(f"{label} forbids this (HTTP status 403): check VOYGEN_D1_TOKEN and the host's rules.")
    return DatabaseUnavailable(f"{label} is not a voygen Worker (HTTP status {status}): check the address.")


_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 401, 403, 429, 500

# What the Worker answers a batch, stored or refused by the database.
_WORKERS_OWN = (200, 422)
