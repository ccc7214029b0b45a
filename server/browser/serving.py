"""Serve the desk page alone, for browsers on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware

from server.browser.access import Access
from server.browser.pages import PATH
from server.browser.routes import DeskPage
from server.desk.steward import MigrationSteward
from server.http.hosts import Allowed
from server.http.listening import listening_socket, uvicorn_config
from server.http.negotiation import PlainTargets
from server.http.uvicorn import Listener
from server.opening import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.d1_address import Location

HOST = "127.0.0.1"

# Number of concurrent readers.
READERS = 2

# Time limits for a page, and for a browser to send a request, in seconds.
PAGE_TIMEOUT, CLIENT_TIMEOUT = 60.0, 15.0


async def serve_desk(where: Location, port: int, patience: float, say: Callable[[str], None]) -> None:
    """Serve until a stop signal, and `say` the link, which works once. Raises DatabaseError or CannotServe."""
    async with opened(where, readers=READERS, patience=patience, may_migrate=False, read_only=True) as db:
        with listening_socket(HOST, port) as listening:
            port = listening.getsockname()[1]
            access = Access()
            page = DeskPage(
                db,
                MigrationSteward,
                access,
                Allowed((), (), loopback=True),
                port=port,
                secure=False,
                time_limit=PAGE_TIMEOUT,
                client_timeout=CLIENT_TIMEOUT,
            )
            app = Starlette(routes=page.routes(), middleware=[Middleware(PlainTargets)])
            link = f"http://{HOST}:{port}{PATH}?key={access.new_key()}"
            listener = Listener(uvicorn_config(app, CLIENT_TIMEOUT), lambda: say(link), page.stop)
            await listener.serve([listening])
