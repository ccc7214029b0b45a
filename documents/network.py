"""Connections to checked addresses only: a name is resolved once, and what was checked is what is connected to."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpcore2

from documents.addresses import AllowedHosts, is_public

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Resolve = Callable[[str, int], Awaitable[list[str]]]

# At the debug level, the library would log what pages send.
logging.getLogger("httpcore2").setLevel(logging.WARNING)

MOST_ADDRESSES = 4
# Seconds for an address that does not answer, if there is another.
NEXT_AFTER = 4.0


class Refused(Exception):
    """A host that has an address which is not public, or (`unknown`) none at all."""

    def __init__(self, *, unknown: bool = False) -> None:
        super().__init__()
        self.unknown = unknown


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves, checks and connects. TLS goes on naming the host, because httpcore takes its name from the URL."""

    def __init__(
        self, allowed: AllowedHosts, resolve: Resolve | None, inner: httpcore2.AsyncNetworkBackend | None
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve or _resolve
        self._inner = inner or cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        if not addresses:
            raise Refused(unknown=True)
        if not self._allowed.has(host, port) and not all(map(is_public, addresses)):
            raise Refused
        *others, last = addresses[:MOST_ADDRESSES]
        for address in others:
            try:
                return await self._inner.connect_tcp(address, port, NEXT_AFTER, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - httpcore's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the same
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the same
    ) -> httpcore2.AsyncNetworkStream:
        raise Refused

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    try:
        answers = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in answers))
