"""Create, list, revoke and verify access tokens."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any

from database import tokens
from database.clock import now
from database.quoting import as_word, in_quotes
from server.checking import open_migrated
from server.report import short_time, table

if TYPE_CHECKING:
    from database.d1_address import Location
    from database.engine import Database
    from database.tokens import Scope, StoredToken

# Prefix that lets people and secret scanners recognize a token.
PREFIX = "vgn_"

# Random bytes in a token.
RANDOM_BYTES = 32

NAME = re.compile(r"[\w.@-]{1,64}")


class TokenRefused(Exception):
    """The token can't be created or revoked; the message says why."""


async def create_token(where: Location, name: str, scope: Scope, days: int | None) -> str:
    """Create a token and return it; only its hash is stored. Raises TokenRefused for an invalid or existing name."""
    if not NAME.fullmatch(name):
        raise TokenRefused(f"{in_quotes(name)} is not a valid name: use 1 to 64 letters, digits or _ . @ -")
    token = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    expires_at = now(days_on=days) if days else None
    async with open_migrated(where) as db:
        made = await tokens.add(db, tokens.StoredToken(name, hash_of(token), scope, now(), expires_at))
    if not made:
        raise TokenRefused(f"The name {as_word(name)} is already taken: choose another.")
    return token


async def list_tokens(where: Location) -> list[dict[str, Any]]:
    """Return each token's name, scope, state (live, expired or revoked) and times, oldest first."""
    async with open_migrated(where, to_look=True) as db:
        return [_described(token) for token in await tokens.every(db)]


async def revoke_token(where: Location, name: str) -> None:
    """Revoke a token. Raises TokenRefused if no token has this name, or if it is already revoked."""
    async with open_migrated(where) as db:
        revoked = await tokens.revoke(db, name, now())
    if not revoked:
        raise TokenRefused(f"There is no unrevoked token named {as_word(name)}: see `voygen token list`.")


async def find_live_token(db: Database, token: str) -> StoredToken | None:
    """Return the stored token if it is live, else None. Nothing is cached, so a revocation takes effect at once."""
    sha256 = hash_of(token)
    stored = await tokens.with_hash(db, sha256)
    if stored is None or not hmac.compare_digest(stored.sha256, sha256):
        return None
    return stored if stored.state(now()) == "live" else None


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _described(token: StoredToken) -> dict[str, Any]:
    return {
        "name": token.name,
        "scope": token.scope,
        "state": token.state(now()),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    }


def describe(listed: list[dict[str, Any]]) -> str:
    """Format the tokens as a text table."""
    if not listed:
        return "There are no tokens. Create one with `voygen token create NAME`."
    headings = ("NAME", "SCOPE", "STATE", "CREATED (UTC)", "EXPIRES (UTC)", "LAST USED (UTC)")
    return "\n".join(table(headings, [_row(one) for one in listed]))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    times = (short_time(one[key]) for key in ("created_at", "expires_at"))
    return one["name"], one["scope"], one["state"], *times, short_time(one["last_used_at"]) or "never"
