"""Progress notifications of long calls, for clients that ask for them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from database.progress import untold

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mcp.server.mcpserver import Context

    from database.progress import Progress

_progress: ContextVar[Progress] = ContextVar("progress", default=untold)


def progress_of_call() -> Progress:
    """Return the progress callback of the current call."""
    return _progress.get()


@asynccontextmanager
async def reporting(context: Context[Any, Any]) -> AsyncGenerator[None]:
    """Report progress to this client inside the context. On exit, waits until all notifications are sent."""
    sending: list[asyncio.Task[None]] = []

    def report(done: int, total: int) -> None:
        sending.append(asyncio.ensure_future(context.report_progress(done, total)))

    before = _progress.set(report)
    try:
        yield
    finally:
        _progress.reset(before)
        await asyncio.gather(*sending, return_exceptions=True)
