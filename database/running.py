"""Work that runs to its end even if the caller is cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Running:
    """The running work of one database."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def to_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work to completion even if the caller is cancelled; raise the cancellation afterwards."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return await result_of(task)

    async def wait(self) -> None:
        """Wait until no work is running."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # mark the exception as retrieved, in case the caller was cancelled


async def result_of(task: asyncio.Task[T]) -> T:
    """Return the task's result. If the caller is cancelled, let the task finish first."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
