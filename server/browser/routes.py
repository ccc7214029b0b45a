"""The routes of the desk page. They only read: the database behind them refuses every write."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from database.engine import ReadingDatabase
from database.errors import DatabaseError
from server.browser.access import LASTS, CannotVerify
from server.browser.pages import PATH, UNFRAMED, Shown, entered_page, error_page, login_page
from server.http.arrival import Arrivals
from server.opening import phased
from tools.answers.errors import ToolFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from database.engine import Database
    from server.browser.access import Access
    from server.http.hosts import Allowed
    from tools.maintenance import Steward

    Draw: TypeAlias = Callable[[Request], Awaitable[Shown]]

logger = logging.getLogger("voygen.browser")

# Largest body of a login, in bytes.
MAX_FORM = 8 * 1024

# `same-origin`, because browsers send the form of a page with `no-referrer` without its origin.
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class DeskPage:
    """The pages of one server.

    `secure` is True beyond loopback, where browsers use https and no link is printed. The cookie's name contains the
    `port`, because browsers share the cookies of all ports of a host.
    """

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        db: Database,
        steward: Callable[[Database], Steward],
        access: Access,
        allowed: Allowed,
        *,
        port: int,
        secure: bool,
        time_limit: float,
        client_timeout: float,
    ) -> None:
        reading = ReadingDatabase(db)
        self._db, self._steward = phased(reading), steward(reading)
        self._access, self._allowed = access, allowed
        self._cookie, self._secure = f"voygen_desk_{port}", secure
        self._time_limit = time_limit
        self._arrivals = Arrivals(client_timeout)

    def stop(self) -> None:
        """Wait for no login that has not fully arrived."""
        self._arrivals.stop()

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self._index, methods=["GET"]),
            Route(PATH, self._log_in, methods=["POST"]),
            Route(f"{PATH}/trip/{{trip}}", self._trip, methods=["GET"]),
            Route(f"{PATH}/month", self._month, methods=["GET"]),
            Route(f"{PATH}/migration", self._migration, methods=["GET"]),
        ]

    async def _index(self, request: Request) -> Response:
        from server.browser.drawing import draw_index  # noqa: PLC0415 - imports the tools

        key = request.query_params.get("key")
        if key is not None and request.method == "GET":
            return self._refusal(request) or self._linked(self._access.enter(key))
        return await self._shown(request, lambda _: draw_index(self._db, self._steward))

    async def _log_in(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            async with self._arrivals.limit():
                form = parse_qs((await _body(request)).decode(errors="replace"))
        except (TimeoutError, ClientDisconnect):
            words = "The request took too long to arrive. Send it again."
            response = _response(error_page("Refused", words, HTTPStatus.REQUEST_TIMEOUT))
            response.headers["Connection"] = "close"
            return response
        try:
            session, problem = await self._access.exchange("".join(form.get("token", ())[:1]).strip())
        except CannotVerify as error:
            return _unavailable(str(error))
        if session is None:
            return self._login(problem)
        return self._with_cookie(RedirectResponse(PATH, HTTPStatus.SEE_OTHER, HEADERS), session)

    async def _trip(self, request: Request) -> Response:
        from server.browser.drawing import draw_trip  # noqa: PLC0415

        given = {"trip_identifier": request.path_params["trip"]}
        return await self._shown(request, lambda _: draw_trip(self._db, self._steward, given))

    async def _month(self, request: Request) -> Response:
        from server.browser.drawing import draw_month  # noqa: PLC0415

        return await self._shown(
            request, lambda asked: draw_month(self._db, self._steward, _given(asked, "month", "client"))
        )

    async def _migration(self, request: Request) -> Response:
        from server.browser.drawing import draw_migration  # noqa: PLC0415

        return await self._shown(
            request, lambda asked: draw_migration(self._db, self._steward, _given(asked, "hours", "check"))
        )

    async def _shown(self, request: Request, draw: Draw) -> Response:
        """Return the page that `draw` makes, for a browser with a session."""
        if refusal := self._refusal(request):
            return refusal
        try:
            if not await self._access.is_open(request.cookies.get(self._cookie, "")):
                return self._login("")
        except CannotVerify as error:
            return _unavailable(str(error))
        try:
            async with asyncio.timeout(self._time_limit):
                return _response(await draw(request))
        except ToolFault as fault:
            status = HTTPStatus.NOT_FOUND if fault.code == "not_found" else HTTPStatus.BAD_REQUEST
            return _response(error_page("This can't be shown", fault.problem, status))
        except (DatabaseError, TimeoutError):
            logger.exception("the desk page failed")
            return _unavailable("The database is unavailable.")

    def _refusal(self, request: Request) -> Response | None:
        """Refuse a request for another host, or from another page, as /mcp does."""
        refusal = self._allowed.refusal(request.headers.getlist("host"), request.headers.getlist("origin"))
        return refusal and _response(error_page("Refused", refusal[2], refusal[0]))

    def _login(self, problem: str) -> Response:
        response = _response(login_page(problem, has_link=not self._secure, takes_tokens=self._access.takes_tokens))
        response.headers["WWW-Authenticate"] = 'Bearer realm="voygen"'
        return response

    def _linked(self, session: str | None) -> Response:
        """Return a page with the session's cookie that goes on to the index, or the login page again.

        It is no redirect, because after a click on a page of another site, such as a terminal in the browser, browsers
        follow redirects without the cookie.
        """
        if session is None:
            return self._login("This link was used already.")
        return self._with_cookie(_response(entered_page()), session)

    def _with_cookie(self, response: Response, session: str) -> Response:
        response.set_cookie(
            self._cookie, session, max_age=LASTS, path=PATH, secure=self._secure, httponly=True, samesite="strict"
        )
        return response


def _unavailable(problem: str) -> Response:
    words = f"{problem} Try again in a minute; the server's log says more."
    return _response(error_page("This can't be shown now", words, HTTPStatus.SERVICE_UNAVAILABLE))


def _given(request: Request, *names: str) -> dict[str, str]:
    return {name: request.query_params[name] for name in names if name in request.query_params}


async def _body(request: Request) -> bytes:
    """Return the body, up to what a login may have."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM:
            return b""
    return body


def _response(shown: Shown) -> HTMLResponse:
    return HTMLResponse(shown.html, shown.status, HEADERS | {"Content-Security-Policy": f"{shown.policy}; {UNFRAMED}"})
