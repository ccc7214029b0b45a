"""The listening socket and the configuration of uvicorn."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

from database.platform import IS_WINDOWS
from server.http.settings import CannotServe
from server.http.uvicorn import MAX_HEAD, BoundedProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

# Time limit for accepted calls once the server is stopping, in seconds.
GRACE = 10

# Maximum number of open connections, including idle ones. Requests on additional connections get a 503.
MOST_CONNECTIONS = 512

# Maximum idle time of a connection between requests, in seconds. Longer than the idle timeout of common proxies.
KEEP_ALIVE = 75

# Size of the operating system's buffer for the answers on one connection, in bytes.
MOST_UNREAD = 256 * 1024


def uvicorn_config(app: ASGIApp, client_timeout: float) -> uvicorn.Config:
    """Return the configuration. A client has `client_timeout` seconds to send the head of a request."""

    class Protocol(BoundedProtocol):
        time_limit = client_timeout

    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=MAX_HEAD,
    )


def listening_socket(host: str, port: int) -> socket.socket:
    """Bind a socket with IPPROTO_TCP, or else asyncio leaves Nagle's algorithm on, which adds 40 ms per response.

    Raises CannotServe if the address is unavailable.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            if not IS_WINDOWS:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_UNREAD)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise CannotServe(f"can't listen on {host}:{port}: {error.strerror}.") from error
    return listening
