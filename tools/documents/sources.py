"""Sources that documents may come from, as the server was started with."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """The sources of documents: files in `import_dir`, and pages of public hosts or of `allow_hosts`."""

    import_dir: Path | None = None
    allow_hosts: tuple[str, ...] = ()
    may_fetch: bool = True


_SOURCES: ContextVar[Sources] = ContextVar("sources", default=Sources())  # noqa: B039 - frozen


def sources() -> Sources:
    return _SOURCES.get()


@contextmanager
def reading_from(allowed: Sources) -> Generator[None]:
    """Let the calls inside the block read documents from these sources."""
    token = _SOURCES.set(allowed)
    try:
        yield
    finally:
        _SOURCES.reset(token)
