"""What a request passes before it reaches the tools.

In this order: Host and Origin, who calls, the method, size and time of the body, what the caller may do, and how many
calls there are already.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mcp.server.transport_security import TransportSecurityMiddleware
from mcp_types import JSONRPCRequest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from database.actor import acting
from server.desk.messages import NoMessage, message_of
from server.http.auth import ANYONE, Refused

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from mcp_types import JSONRPCMessage
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from server.http.auth import Caller, Door
    from server.http.metrics import Metrics
    from server.http.settings import HttpSettings

# Largest body taken, in bytes.
MAX_BODY = 4 * 1024 * 1024


class _Answered(Exception):
    """The request ends here, with this response; None where the client has gone."""

    def __init__(self, response: Response | None) -> None:
        super().__init__()
        self.response = response


class Gate:
    """The application on /mcp. `by_scope` has the MCP application for callers of either scope.

    `writing` are the names of the tools that a caller of scope read does not see.
    """

    def __init__(
        self,
        by_scope: Mapping[str, ASGIApp],
        writing: Container[str],
        door: Door,
        settings: HttpSettings,
        metrics: Metrics,
    ) -> None:
        self._by_scope = by_scope
        self._writing = writing
        self._door = door
        self._settings = settings
        self._metrics = metrics
        self._security = TransportSecurityMiddleware(settings.security())
        self._reading: set[asyncio.Timeout] = set()
        self.stopping = False

    def stop(self) -> None:
        """Turn away what has not arrived whole; what has goes on."""
        self.stopping = True
        for deadline in self._reading:
            deadline.reschedule(asyncio.get_running_loop().time())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            caller = await self._caller(request)
            body = await self._body(request)
            self._require_right(caller, _message(body))
            self._require_room()
        except Refused as refused:
            await self._refuse(self._door.answer(refused), scope, receive, send)
        except _Answered as answered:
            await self._refuse(answered.response, scope, receive, send)
        else:
            with acting(None if caller is ANYONE else caller.name):
                await self._pass_on(self._by_scope[caller.scope], body, scope, receive, send)

    async def require(self, request: Request, *, token: bool) -> Response | None:
        """The refusal of a request for anything but /mcp, None where it may go on."""
        try:
            await self._check_names(request)
            if token:
                await self._door.let_in(request.headers.getlist("authorization"))
        except Refused as refused:
            return self._door.answer(refused)
        except _Answered as answered:
            return answered.response
        return None

    async def _caller(self, request: Request) -> Caller:
        await self._check_names(request)
        caller = await self._door.let_in(request.headers.getlist("authorization"))
        if request.method != "POST":
            raise _Answered(_plain(405, "method_not_allowed", "Send POST.", Allow="POST"))
        return caller

    async def _check_names(self, request: Request) -> None:
        """Host and Origin must be allowed, or the page of a stranger could call through a person's browser."""
        names = [(key, value.lower() if key == b"host" else value) for key, value in request.headers.raw]
        refusal = await self._security.validate_request(Request({**request.scope, "headers": names}), is_post=False)
        if refusal:
            raise _Answered(refusal)

    async def _body(self, request: Request) -> bytes:
        """The whole body, which must come in time and be of a size that is taken."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > MAX_BODY:
            raise _Answered(_too_large())
        try:
            async with asyncio.timeout(self._settings.client_timeout) as deadline:
                self._reading.add(deadline)
                try:
                    return await _read(request)
                finally:
                    self._reading.discard(deadline)
        except TimeoutError as error:
            late = _plain(408, "request_timeout", "The request took too long to arrive.", Connection="close")
            raise _Answered(_busy("The server is stopping.") if self.stopping else late) from error

    def _require_right(self, caller: Caller, message: JSONRPCMessage) -> None:
        """Calling a tool that writes takes the scope write. Whatever else they send, others see no such tool."""
        if caller.scope == "read" and _tool_called(message) in self._writing:
            raise Refused(403, "This tool takes a token of scope write.", "insufficient_scope")

    def _require_room(self) -> None:
        if self.stopping:
            raise _Answered(_busy("The server is stopping."))
        if self._metrics.in_flight >= self._settings.most_calls:
            raise _Answered(_busy("There are too many calls at once."))

    async def _pass_on(self, app: ASGIApp, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        message: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def whole() -> Message:
            nonlocal message
            given, message = message, None
            return given or await receive()

        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        self._metrics.in_flight += 1
        try:
            await app(scope, whole, noting)
        except asyncio.CancelledError:
            if started or not self.stopping:
                raise
            cut_off = _busy("The server stopped before the call was done: look at what was done, then send the rest.")
            await self._refuse(cut_off, scope, receive, send)
        finally:
            self._metrics.in_flight -= 1

    async def _refuse(self, response: Response | None, scope: Scope, receive: Receive, send: Send) -> None:
        if response is not None:
            self._metrics.refused_request(response.status_code)
            await response(scope, receive, send)


async def _read(request: Request) -> bytes:
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise _Answered(None)
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _Answered(_too_large())
        if not message.get("more_body", False):
            return bytes(body)


def _message(body: bytes) -> JSONRPCMessage:
    try:
        return message_of(body)
    except NoMessage as wrong:
        raise _Answered(Response(wrong.answer, 400, media_type="application/json")) from wrong


def _tool_called(message: JSONRPCMessage) -> str:
    """The tool that a message calls; nothing for any other message."""
    if not isinstance(message, JSONRPCRequest) or message.method != "tools/call":
        return ""
    return str((message.params or {}).get("name"))


def _plain(status: int, error: str, words: str, **headers: str) -> Response:
    return JSONResponse({"error": error, "error_description": words}, status, headers)


def _too_large() -> Response:
    return _plain(413, "content_too_large", f"Send at most {MAX_BODY} bytes.")


def _busy(words: str) -> Response:
    response = _plain(503, "unavailable", words)
    response.headers["Retry-After"] = "1"
    return response
