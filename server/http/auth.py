"""Who calls, and what they may do: tokens of our own, and those of an issuer where one is configured.

What is answered to a request without a right: https://www.rfc-editor.org/rfc/rfc6750
The address of the metadata in it: https://www.rfc-editor.org/rfc/rfc9728
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
from database.clock import now
from database.errors import DatabaseError
from server.http.issuer import Issuer, IssuerUnavailable, TokenInvalid, scopes_of
from server.tokens import PREFIX, known_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from database.engine import Database
    from database.tokens import Scope

logger = logging.getLogger("voygen.http")

# How often the use of a token is noted in the database, in seconds.
NOTED_EVERY = 60.0


@dataclass(frozen=True)
class Caller:
    """Who sent a request. Scope write includes read."""

    name: str
    scope: Scope


# Whoever calls while everyone is let in.
ANYONE = Caller("anyone", "write")


class Refused(Exception):
    """The request is not let in. `error` is a code of RFC 6750, None where no token was shown."""

    def __init__(self, status: int, words: str, error: str | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.error = error


class Door:
    """Lets callers in. While no token was ever made and there is no issuer, everyone on loopback is let in.

    `metadata_url` is where a client learns of the issuer, and `scopes` what there is to ask for.
    """

    def __init__(
        self, db: Database, *, locked: bool, issuer: Issuer | None, metadata_url: str | None, scopes: Sequence[Scope]
    ) -> None:
        self._db = db
        self._locked = locked or issuer is not None
        self._issuer = issuer
        self._metadata_url = metadata_url
        self._scopes = scopes
        self._noted: dict[str, float] = {}
        self._notes: set[asyncio.Task[Any]] = set()

    async def is_open(self) -> bool:
        """Whether everyone is let in. The first token that is made closes the door, for good."""
        self._locked = self._locked or await tokens.any_exist(self._db)
        return not self._locked

    async def let_in(self, authorization: Sequence[str]) -> Caller:
        """The caller, by the values of the Authorization header. Raises Refused."""
        try:
            token = _bearer(authorization)
            if token is None and await self.is_open():
                return ANYONE
            if token is None:
                raise Refused(401, "Send an access token: Authorization: Bearer TOKEN")
            return await self._known(token)
        except TokenInvalid as error:
            raise Refused(401, str(error), "invalid_token") from error
        except IssuerUnavailable as error:
            raise Refused(503, "The keys to check this token with can't be had just now.") from error
        except DatabaseError as error:
            logger.exception("a token could not be looked up")
            raise Refused(503, "The database can't be read just now.") from error

    def answer(self, refused: Refused) -> Response:
        """The response to a request that was refused."""
        body = {"error": refused.error or "unauthorized", "error_description": refused.words}
        if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return JSONResponse(body | {"error": "unavailable"}, refused.status, {"Retry-After": "5"})
        return JSONResponse(body, refused.status, {"WWW-Authenticate": self._challenge(refused)})

    async def close(self) -> None:
        for note in self._notes:
            note.cancel()
        await asyncio.gather(*self._notes, return_exceptions=True)
        if self._issuer:
            await self._issuer.close()

    async def _known(self, token: str) -> Caller:
        if self._issuer and not token.startswith(PREFIX):
            claims = await self._issuer.claims(token)
            return Caller(str(claims.get("sub", "")), _scope(scopes_of(claims)))
        stored = await known_token(self._db, token)
        if stored is None:
            raise TokenInvalid("The token is unknown, revoked or expired.")
        self._note_use(stored.name)
        return Caller(stored.name, stored.scope)

    def _note_use(self, name: str) -> None:
        """Store when the token was used last, behind the request, which does not wait for it."""
        if time.monotonic() - self._noted.get(name, float("-inf")) < NOTED_EVERY:
            return
        self._noted[name] = time.monotonic()
        note = asyncio.create_task(self._store_use(name))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _store_use(self, name: str) -> None:
        with contextlib.suppress(DatabaseError):
            await self._db.batch([tokens.note_use(name, now())])

    def _challenge(self, refused: Refused) -> str:
        parts = {
            "realm": "voygen",
            "error": refused.error,
            "error_description": refused.words if refused.error else None,
            "scope": " ".join(self._scopes),
            "resource_metadata": self._metadata_url,
        }
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items() if value)


def _bearer(authorization: Sequence[str]) -> str | None:
    """The token shown; None where there is none."""
    if len(authorization) > 1:
        raise TokenInvalid("There is more than one Authorization header.")
    scheme, _, token = (authorization[0] if authorization else "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    return token.strip()


def _scope(scopes: set[str]) -> Scope:
    """The larger one that the token has. Raises Refused where it has none of ours."""
    if "write" in scopes:
        return "write"
    if "read" in scopes:
        return "read"
    raise Refused(403, "The token has neither the scope read nor write.", "insufficient_scope")
