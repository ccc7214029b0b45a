"""Checks on a request before it reaches the tools.

The checks, in order: Host and Origin, authentication, the method, the content types, the body's size and arrival time,
authorization, and the number of calls in progress.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from mcp_types import JSONRPCRequest
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from database.actor import acting
from server.desk.messages import InvalidMessage, MendedRequest, parse_message, without_mark
from server.http.arrival import Arrivals
from server.http.auth import ANYONE, Refused
from server.http.negotiation import as_event, form_accepted, is_json, with_usual_headers

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from mcp_types import JSONRPCMessage
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from server.http.auth import Authenticator, Caller
    from server.http.metrics import Metrics
    from server.http.negotiation import Form
    from server.http.settings import HttpSettings

# Largest accepted body, in bytes.
MAX_BODY = 4 * 1024 * 1024


class _Answered(Exception):
    """Ends the request with this response, or with no response if the client disconnected."""

    def __init__(self, response: Response | None) -> None:
        super().__init__()
        self.response = response


class Gate:
    """The ASGI application at /mcp. `by_scope` maps each scope to its MCP application.

    `writing` names the tools that are hidden from callers with the read scope.
    """

    def __init__(
        self,
        by_scope: Mapping[str, ASGIApp],
        writing: Container[str],
        authenticator: Authenticator,
        settings: HttpSettings,
        metrics: Metrics,
    ) -> None:
        self._by_scope = by_scope
        self._writing = writing
        self._authenticator = authenticator
        self._settings = settings
        self._metrics = metrics
        self._allowed = settings.allowed()
        # Of the places for calls, one caller gets at most three in four.
        self._most_of_one = settings.most_calls - settings.most_calls // 4
        self._calls_of: Counter[str] = Counter()
        self._arrivals = Arrivals(settings.client_timeout)
        self.stopping = False

    def stop(self) -> None:
        """Refuse requests that have not fully arrived; let all other requests finish."""
        self.stopping = True
        self._arrivals.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            caller = await self._caller(request)
            form = _form(request)
            body = without_mark(await self._body(request))
            message = _parsed(body)
            self._authorize(caller, message)
            name = _name_of(caller, scope)
            self._require_capacity(name)
        except Refused as refused:
            await self._refuse(self._authenticator.response(refused), scope, receive, send)
        except _Answered as answered:
            await self._refuse(answered.response, scope, receive, send)
        else:
            if isinstance(message, MendedRequest):
                body = message.model_dump_json(by_alias=True, exclude_unset=True).encode()
            scope = {**scope, "headers": _headers(scope, message)}
            answer = as_event(send) if form == "event" else send
            with acting(None if caller is ANYONE else caller.name, verified=True):
                await self._pass_on(self._by_scope[caller.scope], name, body, scope, receive, answer)

    async def require(self, request: Request, *, token: bool) -> Response | None:
        """Check a request for a path other than /mcp. Returns an error response, or None if the request may proceed."""
        try:
            self._check_host_and_origin(request)
            if token:
                await self._authenticator.authenticate(request.headers.getlist("authorization"))
        except Refused as refused:
            return self._authenticator.response(refused)
        except _Answered as answered:
            return answered.response
        return None

    async def _caller(self, request: Request) -> Caller:
        self._check_host_and_origin(request)
        if request.method == "OPTIONS":
            raise _Answered(Response(status_code=204, headers={"Allow": "POST"}))
        caller = await self._authenticator.authenticate(request.headers.getlist("authorization"))
        if request.method != "POST":
            raise _Answered(_plain(405, "method_not_allowed", "Use POST.", Allow="POST"))
        return caller

    def _check_host_and_origin(self, request: Request) -> None:
        """Check Host and Origin, so that other web pages can't call the server through a user's browser."""
        refusal = self._allowed.refusal(request.headers.getlist("host"), request.headers.getlist("origin"))
        if refusal:
            raise _Answered(_plain(*refusal))

    async def _body(self, request: Request) -> bytes:
        """Read the whole body, within the size and time limits."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > MAX_BODY:
            raise _Answered(_too_large())
        try:
            async with self._arrivals.limit():
                return await _read(request)
        except TimeoutError as error:
            late = _plain(408, "request_timeout", "The request took too long to arrive.", Connection="close")
            raise _Answered(_busy("The server is stopping.") if self.stopping else late) from error

    def _authorize(self, caller: Caller, message: JSONRPCMessage) -> None:
        """Require the write scope for a tool that writes. Callers with the read scope are not offered such tools."""
        if caller.scope == "read" and _tool_called(message) in self._writing:
            raise Refused(403, "This tool requires a token with the write scope.", "insufficient_scope")

    def _require_capacity(self, name: str) -> None:
        if self.stopping:
            raise _Answered(_busy("The server is stopping."))
        if self._metrics.in_flight >= self._settings.most_calls:
            raise _Answered(_busy("Too many calls are in progress."))
        if self._calls_of[name] >= self._most_of_one:
            raise _Answered(_busy("You have too many calls in progress."))

    async def _pass_on(  # noqa: PLR0913 - an ASGI call with its caller and body
        self, app: ASGIApp, name: str, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        message: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def replay() -> Message:
            nonlocal message
            given, message = message, None
            return given or await receive()

        started = left = False

        def leave() -> None:
            """Free the call's place. It is over once its response starts, however slowly the client reads that."""
            nonlocal left
            if not left:
                left = True
                self._metrics.in_flight -= 1
                self._calls_of -= Counter([name])

        async def track(message: Message) -> None:
            nonlocal started
            started = True
            leave()
            await send(message)

        self._metrics.in_flight += 1
        self._calls_of[name] += 1
        try:
            await app(scope, replay, track)
        except asyncio.CancelledError:
            if started or not self.stopping:
                raise
            cut_off = _busy("The server stopped during the call: check which changes were made, then send the rest.")
            await self._refuse(cut_off, scope, receive, send)
        finally:
            leave()

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


def _form(request: Request) -> Form:
    """Check the content types, and return the form of answer that the client accepts."""
    form = form_accepted(request.headers.getlist("accept"))
    if form is None:
        raise _Answered(_plain(406, "not_acceptable", "Send Accept: application/json, text/event-stream"))
    if not is_json(request.headers.getlist("content-type")):
        raise _Answered(_plain(415, "unsupported_media_type", "Send Content-Type: application/json"))
    return form


def _headers(scope: Scope, message: JSONRPCMessage) -> list[tuple[bytes, bytes]]:
    """Return the headers for the SDK. The version of an initialization is negotiated in its body."""
    headers = with_usual_headers(scope["headers"])
    if isinstance(message, JSONRPCRequest) and message.method == "initialize":
        known = {version.encode() for version in KNOWN_PROTOCOL_VERSIONS}
        headers = [(name, value) for name, value in headers if name != b"mcp-protocol-version" or value in known]
    return headers


def _name_of(caller: Caller, scope: Scope) -> str:
    """Return the name that the caller's calls are counted under: its own, or its address if it needs no token."""
    client = scope.get("client")
    return caller.name if caller is not ANYONE else str(client[0] if client else "")


def _parsed(body: bytes) -> JSONRPCMessage:
    try:
        return parse_message(body)
    except InvalidMessage as error:
        raise _Answered(Response(error.answer, 400, media_type="application/json")) from error


def _tool_called(message: JSONRPCMessage) -> str:
    """Return the name of the tool that a message calls, or "" for any other message."""
    if not isinstance(message, JSONRPCRequest) or message.method != "tools/call":
        return ""
    return str((message.params or {}).get("name"))


def _plain(status: int, error: str, description: str, **headers: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status, headers)


def _too_large() -> Response:
    return _plain(413, "content_too_large", f"Send at most {MAX_BODY} bytes.")


def _busy(description: str) -> Response:
    response = _plain(503, "unavailable", description)
    response.headers["Retry-After"] = "1"
    return response
