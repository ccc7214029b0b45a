"""The actor: the MCP client on whose behalf the current task writes."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

# Maximum length of a stored name, in characters.
LONGEST = 100

_ACTOR: ContextVar[str | None] = ContextVar("actor", default=None)


def actor() -> str | None:
    """Return the name of the MCP client or its access token, or None if unknown."""
    return _ACTOR.get()


@contextmanager
def acting(name: str | None) -> Generator[None]:
    """Set this name as the actor for writes inside the block, unless an actor is already set."""
    cleaned = "".join(filter(str.isprintable, name or "")).strip()[:LONGEST]
    token = _ACTOR.set(_ACTOR.get() or cleaned or None)
    try:
        yield
    finally:
        _ACTOR.reset(token)
