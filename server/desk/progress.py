"""Telling the client how far a long call has come, where it asked."""

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
    """What tells the client of the call that is under way."""
    return _progress.get()


@asynccontextmanager
async def telling(context: Context[Any, Any]) -> AsyncGenerator[None]:
    """While it lasts, `progress_of_call` tells this client; all of it is sent before the end."""
    sending: list[asyncio.Task[None]] = []

    def tell(done: int, total: int) -> None:
        sending.append(asyncio.ensure_future(context.report_progress(done, total)))

    before = _progress.set(tell)
    try:
        yield
    finally:
        _progress.reset(before)
        await asyncio.gather(*sending, return_exceptions=True)
