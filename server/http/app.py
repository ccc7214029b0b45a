"""MCP over streamable HTTP, stateless, for clients of either era."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from database.errors import DatabaseError
from database.measures import WatchedDatabase
from database.platform import IS_WINDOWS
from migrations.runner import pending
from server.desk.offer import offered
from server.desk.recording import Recorder
from server.desk.tools import make_server
from server.http.auth import Door
from server.http.gate import MAX_BODY, Gate
from server.http.issuer import Issuer
from server.http.metrics import CONTENT_TYPE, CountingSteward, Metrics
from server.http.settings import PATH, CannotServe
from server.http.uvicorn import HeadTimeout, Listener
from server.opening import desk_of
from tools.answers.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Sequence

    from mcp.server import MCPServer
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from database.embedded import EmbeddedDatabase
    from database.tokens import Scope
    from server.http.settings import HttpSettings
    from tools.tool import AnyTool

# How long accepted calls may take once the server is told to stop, in seconds.
GRACE = 10

# Connections held at once, those that wait included; more are answered with 503.
MOST_CONNECTIONS = 512

# How long a connection may idle between two requests, in seconds: longer than the proxies before it usually do.
KEEP_ALIVE = 75

# Largest head of a request, in bytes.
MAX_HEAD = 32 * 1024

# How long the database may take to answer that it is ready, in seconds.
READY_WITHIN = 2.0


async def serve_http(
    db: EmbeddedDatabase, groups: Container[str], settings: HttpSettings, *, read_only: bool = False
) -> None:
    """Serve until a signal to stop; calls that were accepted by then are finished. Raises CannotServe."""
    with _listening_socket(settings) as listening:
        port: int = listening.getsockname()[1]
        metrics = Metrics()
        steward = CountingSteward(db, metrics)
        tools = [_within(tool, settings.request_timeout) for tool in offered(steward, groups, read_only=read_only)]
        resource = settings.resource_at(port)
        door = _door(db, settings, resource, tools)
        recorder = Recorder(db)
        server = _Application(db, tools, door, settings, metrics, recorder)
        routes = [*server.routes(), *_metadata_routes(settings, resource)]
        app = Starlette(routes=routes, middleware=_cors(settings), lifespan=server.lifespan)
        everyone = await door.is_open()
        listener = Listener(
            _uvicorn_config(app, settings), lambda: _tell(settings.at(port), everyone=everyone), server.gate.stop
        )
        try:
            async with recorder.running(read_only=read_only):
                await listener.serve([listening])
        finally:
            await door.close()


class _Application:
    """The routes of the server, and what stands behind them."""

    def __init__(  # noqa: PLR0913 - what stands behind them
        self,
        db: EmbeddedDatabase,
        tools: Sequence[AnyTool],
        door: Door,
        settings: HttpSettings,
        metrics: Metrics,
        recorder: Recorder,
    ) -> None:
        self._db = db
        self._settings = settings
        self._metrics = metrics
        desk = desk_of(WatchedDatabase(WatchedDatabase(db, metrics.refused_batch), recorder.refused_batch))

        def observe(tool: str, outcome: str, seconds: float) -> None:
            metrics.call(tool, outcome, seconds)
            recorder.call(tool, outcome, seconds)

        reading = [tool for tool in tools if tool.hints.read_only]
        self._servers: dict[str, MCPServer[None]] = {
            "write": make_server(desk, tools, observe=observe),
            "read": make_server(desk, reading, observe=observe),
        }
        writing = {tool.name for tool in tools} - {tool.name for tool in reading}
        by_scope = {scope: _mcp_app(server) for scope, server in self._servers.items()}
        self.gate = Gate(by_scope, writing, door, settings, metrics)

    def routes(self) -> list[Route]:
        return [
            Route(PATH, endpoint=self.gate),
            Route("/healthz", _live, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/metrics", self._show_metrics, methods=["GET"]),
        ]

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for server in self._servers.values():
                await stack.enter_async_context(server.session_manager.run())
            yield

    async def _ready(self, _: Request) -> Response:
        """Whether calls would be answered: the database answers, its schema is this program's, and we go on."""
        try:
            async with asyncio.timeout(READY_WITHIN):
                problem = "the schema is behind" if await pending(self._db) else None
        except TimeoutError:
            problem = "the database does not answer"
        except DatabaseError as error:
            problem = f"the database can't be served ({type(error).__name__})"
        if self.gate.stopping:
            problem = "the server is stopping"
        return _json({"ready": problem is None, "problem": problem}, 503 if problem else 200)

    async def _show_metrics(self, request: Request) -> Response:
        refusal = await self.gate.require(request, token=self._settings.beyond_loopback)
        return refusal or Response(await self._metrics.text(self._db), media_type=CONTENT_TYPE)


async def _live(_: Request) -> Response:
    return _json({"live": True}, 200)


def _json(content: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


def _mcp_app(server: MCPServer[None]) -> ASGIApp:
    """Answers are plain JSON: a call goes on where its client has gone, and no proxy cuts a stream off.

    Who may name this server is for the gate to say, before.
    """
    server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=MAX_BODY,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return server.session_manager.handle_request


def _within(tool: AnyTool, seconds: float) -> AnyTool:
    """The tool, stopped where it takes longer: a batch that it has begun is settled first, and none is begun after."""

    async def run(*given: Any) -> Any:  # noqa: ANN401 - the tool's own
        try:
            async with asyncio.timeout(seconds):
                return await tool.run(*given)
        except TimeoutError as error:
            raise Unavailable(
                f"The call took longer than {seconds:g} seconds and was stopped.",
                "Look with get_anything at what was done before you send the rest of it.",
            ) from error

    return replace(tool, run=run)


def _door(db: EmbeddedDatabase, settings: HttpSettings, resource: str, tools: Sequence[AnyTool]) -> Door:
    issuer = Issuer(settings.issuer, resource) if settings.issuer else None
    scopes: list[Scope] = ["read"] if all(tool.hints.read_only for tool in tools) else ["read", "write"]
    metadata_url = str(build_resource_metadata_url(AnyHttpUrl(resource))) if issuer else None
    return Door(db, locked=settings.beyond_loopback, issuer=issuer, metadata_url=metadata_url, scopes=scopes)


def _metadata_routes(settings: HttpSettings, resource: str) -> list[Route]:
    """Where a client learns which issuer to go to: RFC 9728."""
    if not settings.issuer:
        return []
    # As texts: made a URL, an issuer without a path would gain a slash, and its name must match to the letter.
    ours, issuer = cast("AnyHttpUrl", resource), cast("AnyHttpUrl", settings.issuer)
    return create_protected_resource_routes(
        ours, [issuer], scopes_supported=["read", "write"], resource_name="voygen trip desk"
    )


def _cors(settings: HttpSettings) -> list[Middleware]:
    """Lets the pages of the origins that were allowed by name read the answers."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["POST"],
            allow_headers=["*"],
            expose_headers=["WWW-Authenticate"],
        )
    ]


def _uvicorn_config(app: ASGIApp, settings: HttpSettings) -> uvicorn.Config:
    class Protocol(HeadTimeout):
        head_timeout = settings.client_timeout

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


def _listening_socket(settings: HttpSettings) -> socket.socket:
    """A socket that is TCP by name: only for such does asyncio turn off Nagle's algorithm, 40 ms an answer.

    Raises CannotServe where the address can't be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            if not IS_WINDOWS:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise CannotServe(f"{settings.host}:{settings.port} can't be listened on: {error.strerror}.") from error
    return listening


def _tell(url: str, *, everyone: bool) -> None:
    words = ", open to every program on this machine: `voygen token create` closes it" if everyone else ""
    sys.stderr.write(f"voygen: serving {url}{words}\n")
    sys.stderr.flush()
