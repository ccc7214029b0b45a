"""Time limits on the arrival of request bodies."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Arrivals:
    """The bodies that are arriving: each has `seconds` to do so, and none keeps a server from stopping."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadlines: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def limit(self) -> AsyncGenerator[None]:
        """Limit the block that reads a body. Raises TimeoutError when the time is over or the server stops."""
        async with asyncio.timeout(self._seconds) as deadline:
            self._deadlines.add(deadline)
            try:
                yield
            finally:
                self._deadlines.discard(deadline)

    def stop(self) -> None:
        """End the time of all bodies that are arriving."""
        for deadline in self._deadlines:
            deadline.reschedule(asyncio.get_running_loop().time())
