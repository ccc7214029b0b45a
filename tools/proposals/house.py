"""The agency that proposals are made for, as the server was started."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@dataclass(frozen=True)
class House:
    """The agency's templates, its agency file, and the folder that its proposals are written to."""

    templates_dir: Path | None = None
    agency_file: Path | None = None
    proposals_dir: Path | None = None


_HOUSE: ContextVar[House] = ContextVar("house", default=House())  # noqa: B039 - frozen


def house() -> House:
    return _HOUSE.get()


@contextmanager
def working_for(agency: House) -> Generator[None]:
    """Let the calls inside the block make proposals in the name of this agency."""
    token = _HOUSE.set(agency)
    try:
        yield
    finally:
        _HOUSE.reset(token)
