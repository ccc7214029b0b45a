"""MCP over stateless streamable HTTP, for all protocol versions."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from database.backfill import unfinished
from database.errors import DatabaseError
from database.measures import WatchedDatabase
from migrations.runner import pending
from server.browser.access import Access
from server.browser.pages import PATH as DESK
from server.browser.routes import DeskPage
from server.desk.offer import offered
from server.desk.recording import Recorder
from server.desk.tools import make_server
from server.http.auth import Authenticator
from server.http.discovery import metadata_routes
from server.http.gate import MAX_BODY, Gate
from server.http.issuer import Issuer
from server.http.listening import listening_socket, uvicorn_config
from server.http.metrics import CONTENT_TYPE, CountingSteward, Metrics
from server.http.negotiation import PlainTargets
from server.http.settings import PATH
from server.http.uvicorn import Listener
from server.opening import phased
from tools.answers.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Sequence

    from mcp.server import MCPServer
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from database.engine import Database
    from database.tokens import Scope
    from server.desk.listing import ListedTool, Run
    from server.http.settings import HttpSettings
    from tools.documents.sources import Sources
    from tools.proposals.house import House

# Time limit for the database to answer the readiness check, in seconds.
READY_WITHIN = 2.0


async def serve_http(  # noqa: PLR0913 - options of one server
    db: Database,
    groups: Container[str],
    settings: HttpSettings,
    *,
    read_only: bool = False,
    sources: Sources | None = None,
    house: House | None = None,
) -> None:
    """Serve until a stop signal, then finish the accepted calls. Raises CannotServe if the address is unavailable."""
    with listening_socket(settings.host, settings.port) as listening:
        port: int = listening.getsockname()[1]
        metrics = Metrics()
        steward = CountingSteward(db, metrics)
        chosen = offered(steward, groups, read_only=read_only, sources=sources, house=house)
        tools = [tool.run_by(lambda run: _limited(run, settings.request_timeout)) for tool in chosen]
        resource = settings.resource_at(port)
        authenticator = _authenticator(db, settings, resource, tools)
        recorder = Recorder(db)
        server = _Application(db, tools, authenticator, settings, metrics, recorder)
        discovery = metadata_routes(settings.issuer, resource) if settings.issuer else ()
        access = Access(authenticator.problem_with)
        desk_page = DeskPage(
            db,
            lambda reading: CountingSteward(reading, metrics),
            access,
            settings.allowed(),
            port=port,
            secure=settings.beyond_loopback,
            time_limit=settings.request_timeout,
            client_timeout=settings.client_timeout,
        )
        app = Starlette(
            routes=[*server.routes(), *desk_page.routes(), *discovery],
            middleware=[Middleware(PlainTargets), *_cors(settings)],
            exception_handlers={HTTPException: _not_served},
            lifespan=server.lifespan,
        )
        app.router.redirect_slashes = False

        def stop() -> None:
            server.gate.stop()
            desk_page.stop()

        anyone = await authenticator.allows_anyone()
        link = "" if settings.beyond_loopback else f"{settings.at(port, DESK)}?key={access.new_key()}"
        listener = Listener(
            uvicorn_config(app, settings.client_timeout),
            lambda: _announce(settings.at(port), link, anyone=anyone),
            stop,
        )
        try:
            async with recorder.running(read_only=read_only):
                await listener.serve([listening])
        finally:
            await authenticator.close()


class _Application:
    """The server's routes and their state."""

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        db: Database,
        tools: Sequence[ListedTool],
        authenticator: Authenticator,
        settings: HttpSettings,
        metrics: Metrics,
        recorder: Recorder,
    ) -> None:
        self._db = db
        self._settings = settings
        self._metrics = metrics
        desk = phased(WatchedDatabase(WatchedDatabase(db, metrics.refused_batch), recorder.refused_batch))

        def observe(tool: str, outcome: str, seconds: float) -> None:
            metrics.call(tool, outcome, seconds)
            recorder.call(tool, outcome, seconds)

        reading = [tool for tool in tools if tool.hints["read_only"]]
        self._servers: dict[str, MCPServer[None]] = {
            "write": make_server(desk, tools, observe=observe),
            "read": make_server(desk, reading, observe=observe),
        }
        writing = {tool.name for tool in tools} - {tool.name for tool in reading}
        by_scope = {scope: _mcp_app(server) for scope, server in self._servers.items()}
        self.gate = Gate(by_scope, writing, authenticator, settings, metrics)

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
        """Report readiness: the database answers, its schema is current, and the server is not stopping."""
        try:
            async with asyncio.timeout(READY_WITHIN):
                problem = "the schema has pending migrations" if await pending(self._db) else None
                if not problem and await unfinished(self._db):
                    problem = "the migration is not complete"
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


async def _not_served(_: Request, error: Exception) -> Response:
    """Answer in JSON, which clients expect from the paths where they look for authorization metadata."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for it
    found = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
    response = _json({"error": found, "error_description": error.detail}, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _live(_: Request) -> Response:
    return _json({"live": True}, 200)


def _json(content: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


def _mcp_app(server: MCPServer[None]) -> ASGIApp:
    """Build the ASGI application. The gate checks Host and Origin before it.

    Responses are plain JSON: a call continues if its client disconnects, and there is no stream for a proxy to cut off.
    """
    server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=MAX_BODY,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return server.session_manager.handle_request


def _limited(run: Run, seconds: float) -> Run:
    """Limit the run time. After a timeout, the batch in progress completes, but no further batch starts."""

    async def limited(*given: Any) -> Any:  # noqa: ANN401 - the tool's types
        try:
            async with asyncio.timeout(seconds):
                return await run(*given)
        except TimeoutError as error:
            raise Unavailable(
                f"The call took longer than {seconds:g} seconds and was stopped.",
                "Use get_anything to see which changes were made before you send the rest.",
            ) from error

    return limited


def _authenticator(db: Database, settings: HttpSettings, resource: str, tools: Sequence[ListedTool]) -> Authenticator:
    issuer = Issuer(settings.issuer, resource) if settings.issuer else None
    scopes: list[Scope] = ["read"] if all(tool.hints["read_only"] for tool in tools) else ["read", "write"]
    metadata_url = str(build_resource_metadata_url(AnyHttpUrl(resource))) if issuer else None
    return Authenticator(
        db, token_required=settings.beyond_loopback, issuer=issuer, metadata_url=metadata_url, scopes=scopes
    )


def _cors(settings: HttpSettings) -> list[Middleware]:
    """Let web pages from the allowed origins read the responses."""
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


def _announce(url: str, link: str, *, anyone: bool) -> None:
    note = ", open to every program on this machine until you run `voygen token create`" if anyone else ""
    if link:
        sys.stderr.write(f"voygen: desk page (the link works once): {link}\n")
    sys.stderr.write(f"voygen: serving {url}{note}\n")
    sys.stderr.flush()
