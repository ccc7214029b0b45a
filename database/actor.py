"""Who the writes of the moment are done for."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

# Longest name that is stored, in characters.
LONGEST = 100

_ACTOR: ContextVar[str | None] = ContextVar("actor", default=None)


def actor() -> str | None:
    """The name of the client or of its token; None where nobody said it."""
    return _ACTOR.get()


@contextmanager
def acting(name: str | None) -> Generator[None]:
    """Put this name on what is logged meanwhile, unless one has been put already."""
    said = "".join(filter(str.isprintable, name or "")).strip()[:LONGEST]
    before = _ACTOR.set(_ACTOR.get() or said or None)
    try:
        yield
    finally:
        _ACTOR.reset(before)
