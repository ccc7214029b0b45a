"""Progress bars on the terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from database.progress import Progress, untold

if TYPE_CHECKING:
    from collections.abc import Generator

# Time before the progress bar of a task appears, in seconds.
PATIENCE = 1.0


@contextmanager
def progress_bar(label: str) -> Generator[Progress]:
    """Show a progress bar on stderr, if stderr is a terminal and the work takes longer than PATIENCE."""
    if not sys.stderr.isatty():
        yield untold
        return
    bar = _Bar(label)
    try:
        yield bar.update
    finally:
        bar.finish()


class _Bar:
    def __init__(self, label: str) -> None:
        self._label = label
        self._begun = time.monotonic()
        self._bar: Any = None

    def update(self, done: int, total: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._begun < PATIENCE or done >= total:
                return
            self._bar = click.progressbar(length=total, label=self._label, file=sys.stderr)
            self._bar.render_progress()
        self._bar.length = total
        self._bar.update(done - self._bar.pos)

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()
