"""The documents that tell clients where to get a token, at each path where clients look for them.

The protected resource's metadata follows https://www.rfc-editor.org/rfc/rfc9728
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from mcp.server.auth.routes import cors_middleware, create_protected_resource_routes
from starlette.responses import RedirectResponse
from starlette.routing import Route

from server.http.settings import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import AnyHttpUrl
    from starlette.requests import Request
    from starlette.responses import Response

_METHODS = ["GET", "OPTIONS"]


def metadata_routes(issuer: str, resource: str) -> Iterator[Route]:
    """Serve this server's metadata, which names the issuer, and redirect to the issuer's own.

    Clients of the protocol of March 2025 look for the issuer's metadata on this server.
    """
    # Passed as strings: AnyHttpUrl adds a slash to an issuer without a path, and clients compare issuers exactly.
    (described,) = create_protected_resource_routes(
        cast("AnyHttpUrl", resource),
        [cast("AnyHttpUrl", issuer)],
        scopes_supported=["read", "write"],
        resource_name="voygen trip desk",
    )
    for path in {described.path, *_places("oauth-protected-resource")}:
        yield Route(path, endpoint=described.endpoint, methods=_METHODS)
    parts, base = urlsplit(issuer), issuer.rstrip("/")
    inserted = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"
    for name, url in (
        ("oauth-authorization-server", inserted),
        ("openid-configuration", f"{base}/.well-known/openid-configuration"),
    ):
        for path in _places(name):
            yield Route(path, endpoint=cors_middleware(_redirect_to(url), _METHODS), methods=_METHODS)


def _places(name: str) -> tuple[str, ...]:
    return f"/.well-known/{name}", f"/.well-known/{name}{PATH}", f"{PATH}/.well-known/{name}"


def _redirect_to(url: str):  # noqa: ANN202 - a Starlette endpoint
    async def redirect(_: Request) -> Response:
        return RedirectResponse(url)

    return redirect
