"""Authentication with voygen's own tokens and, if an issuer is configured, with the issuer's tokens.

Error responses follow https://www.rfc-editor.org/rfc/rfc6750
The metadata URL in error responses follows https://www.rfc-editor.org/rfc/rfc9728
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from database import tokens
from database.actor import name_at
from database.clock import now
from database.errors import DatabaseError
from server.browser.access import CannotVerify
from server.http.issuer import Issuer, IssuerUnavailable, TokenInvalid, scopes_of
from server.tokens import PREFIX, find_live_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from database.engine import Database
    from database.tokens import Scope

logger = logging.getLogger("voygen.http")

# Minimum time between two writes of a token's last use, in seconds.
USE_STORED_EVERY = 60.0


@dataclass(frozen=True)
class Caller:
    """The sender of a request. The write scope includes the read scope."""

    name: str
    scope: Scope


# The caller of every request while no token is required.
ANYONE = Caller("anyone", "write")


class Refused(Exception):
    """The request is refused. `error` is an RFC 6750 error code, or None if no code applies."""

    def __init__(self, status: int, message: str, error: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error = error


class Authenticator:
    """Authenticates callers. Without an issuer, a loopback server requires no token until the first token is created.

    `metadata_url` tells clients which issuer to use, and `scopes` lists the scopes that a client may request.
    """

    def __init__(
        self,
        db: Database,
        *,
        token_required: bool,
        issuer: Issuer | None,
        metadata_url: str | None,
        scopes: Sequence[Scope],
    ) -> None:
        self._db = db
        self._token_required = token_required or issuer is not None
        self._issuer = issuer
        self._metadata_url = metadata_url
        self._scopes = scopes
        self._use_stored_at: dict[str, float] = {}
        self._writes: set[asyncio.Task[Any]] = set()

    async def allows_anyone(self) -> bool:
        """Return True while no token is required. Once the first token is created, tokens are always required."""
        self._token_required = self._token_required or await tokens.any_exist(self._db)
        return not self._token_required

    async def authenticate(self, authorization: Sequence[str]) -> Caller:
        """Identify the caller from the values of the Authorization header. Raises Refused."""
        try:
            token = _bearer(authorization)
            if token is None and await self.allows_anyone():
                return ANYONE
            if token is None:
                raise Refused(401, "Send an access token: Authorization: Bearer TOKEN")
            return await self._verify(token)
        except TokenInvalid as error:
            raise Refused(401, str(error), "invalid_token") from error
        except IssuerUnavailable as error:
            raise Refused(503, "The keys to verify this token are unavailable.") from error
        except DatabaseError as error:
            logger.exception("can't look up a token")
            raise Refused(503, "The database is unavailable.") from error

    async def problem_with(self, token: str) -> str | None:
        """Say why a token may not read, or return None if it may. Raises CannotVerify."""
        try:
            await self.authenticate([f"Bearer {token}"])
        except Refused as refused:
            if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise CannotVerify(refused.message) from refused
            return refused.message
        return None

    def response(self, refused: Refused) -> Response:
        """Build the response to a refused request."""
        body = {"error": refused.error or "unauthorized", "error_description": refused.message}
        if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return JSONResponse(body | {"error": "unavailable"}, refused.status, {"Retry-After": "5"})
        return JSONResponse(body, refused.status, {"WWW-Authenticate": self._challenge(refused)})

    async def close(self) -> None:
        for write in self._writes:
            write.cancel()
        await asyncio.gather(*self._writes, return_exceptions=True)
        if self._issuer:
            await self._issuer.close()

    async def _verify(self, token: str) -> Caller:
        if self._issuer and not token.startswith(PREFIX):
            claims = await self._issuer.claims(token)
            subject = str(claims.get("sub") or claims.get("client_id") or "nobody")
            return Caller(name_at(subject, self._issuer.host), _scope(scopes_of(claims)))
        stored = await find_live_token(self._db, token)
        if stored is None:
            raise TokenInvalid("The token is unknown, revoked or expired.")
        self._schedule_use(stored.name)
        return Caller(stored.name, stored.scope)

    def _schedule_use(self, name: str) -> None:
        """Store the time of the token's last use in the background."""
        if time.monotonic() - self._use_stored_at.get(name, float("-inf")) < USE_STORED_EVERY:
            return
        self._use_stored_at[name] = time.monotonic()
        write = asyncio.create_task(self._store_use(name))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def _store_use(self, name: str) -> None:
        with contextlib.suppress(DatabaseError):
            await self._db.batch([tokens.note_use(name, now())])

    def _challenge(self, refused: Refused) -> str:
        parts = {
            "realm": "voygen",
            "error": refused.error,
            "error_description": refused.message if refused.error else None,
            "scope": " ".join(self._scopes),
            "resource_metadata": self._metadata_url,
        }
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items() if value)


def _bearer(authorization: Sequence[str]) -> str | None:
    """Return the bearer token, or None if there is none. Raises TokenInvalid if there are several headers."""
    if len(authorization) > 1:
        raise TokenInvalid("There is more than one Authorization header.")
    scheme, _, token = (authorization[0] if authorization else "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    return token.strip()


def _scope(scopes: set[str]) -> Scope:
    """Return write if the token has the write scope, else read. Raises Refused if it has neither scope."""
    if "write" in scopes:
        return "write"
    if "read" in scopes:
        return "read"
    raise Refused(403, "The token has neither the read nor the write scope.", "insufficient_scope")
