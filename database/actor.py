"""The actor: the token or MCP client on whose behalf the current task writes.

Names of three kinds never look alike. An access token's has no spaces. A subject of an issuer ends in the issuer's
host in parentheses. A name that a client gave itself has a space, and no parenthesis at its end except for UNVERIFIED.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

# Maximum length of a stored name, in characters.
LONGEST = 100

# Added to a name that a client gave itself, if it looks like one that was verified.
UNVERIFIED = " (unverified)"

# Hexadecimal digits of a hash that stand for the part of a subject that is not shown.
_DIGITS = 12

_ACTOR: ContextVar[str | None] = ContextVar("actor", default=None)


def actor() -> str | None:
    """Return the name of the MCP client or its access token, or None if unknown."""
    return _ACTOR.get()


@contextmanager
def acting(name: str | None, *, verified: bool = False) -> Generator[None]:
    """Set this name as the actor for writes inside the block, unless an actor is already set.

    A name that is not `verified` is what a client calls itself.
    """
    cleaned = _cleaned(name or "", LONGEST)
    if cleaned and not verified and (" " not in cleaned or cleaned.endswith(")")):
        cleaned = _cleaned(cleaned, LONGEST - len(UNVERIFIED)) + UNVERIFIED
    token = _ACTOR.set(_ACTOR.get() or cleaned or None)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def name_at(subject: str, host: str) -> str:
    """Return the name of an issuer's subject. Different subjects get different names, however long they are."""
    end = f" ({host[-(LONGEST // 2) :]})"
    room = LONGEST - len(end)
    if subject and _cleaned(subject, room) == subject and "~" not in subject:
        return subject + end
    digits = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{_cleaned(subject, room - _DIGITS - 1)}~{digits}{end}"


def _cleaned(text: str, length: int) -> str:
    return "".join(filter(str.isprintable, text)).strip()[:length].strip()
