"""A bar on the terminal for work that takes its time."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from database.progress import Progress, untold

if TYPE_CHECKING:
    from collections.abc import Generator

# Work that is done by then has no bar, in seconds.
PATIENCE = 1.0


@contextmanager
def progress_bar(words: str) -> Generator[Progress]:
    """What shows the progress of a work on stderr, where that is a terminal and the work lasts."""
    if not sys.stderr.isatty():
        yield untold
        return
    bar = _Bar(words)
    try:
        yield bar.told
    finally:
        bar.finish()


class _Bar:
    def __init__(self, words: str) -> None:
        self._words = words
        self._begun = time.monotonic()
        self._bar: Any = None

    def told(self, done: int, total: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._begun < PATIENCE or done >= total:
                return
            self._bar = click.progressbar(length=total, label=self._words, file=sys.stderr)
            self._bar.render_progress()
        self._bar.length = total
        self._bar.update(done - self._bar.pos)

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()
