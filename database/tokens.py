"""Access token records: names, scopes and hashes. The tokens themselves are never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, LiteralString

from database.engine import Statement

if TYPE_CHECKING:
    from database.engine import Database

Scope = Literal["read", "write"]


@dataclass(frozen=True)
class StoredToken:
    """A token's record. `sha256` is hexadecimal, times are in UTC, and a token with `expires_at` None never expires."""

    name: str
    sha256: str
    scope: Scope
    created_at: str
    expires_at: str | None
    revoked_at: str | None = None
    last_used_at: str | None = None

    def state(self, now: str) -> Literal["live", "expired", "revoked"]:
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "live"


async def every(db: Database) -> list[StoredToken]:
    """Return all tokens ever created, oldest first."""
    return [StoredToken(**row) for row in await db.read(EVERY)]


async def with_hash(db: Database, sha256: str) -> StoredToken | None:
    rows = await db.read(WITH_HASH, (sha256,))
    return StoredToken(**rows[0]) if rows else None


async def any_exist(db: Database) -> bool:
    """Return True if a token was ever created, even if revoked or expired."""
    return bool((await db.read("SELECT EXISTS (SELECT 1 FROM access_tokens) AS one"))[0]["one"])


async def add(db: Database, token: StoredToken) -> bool:
    """Add an unused token; False if a token with this name was ever created."""
    added = Statement("SELECT 1 FROM access_tokens WHERE name = ? AND sha256 = ?", (token.name, token.sha256))
    values = (token.name, token.sha256, token.scope, token.created_at, token.expires_at)
    results = await db.batch([Statement(ADD, values), added])
    return bool(results.of(added))


async def revoke(db: Database, name: str, now: str) -> bool:
    """Revoke a token; False if it does not exist or is already revoked."""
    revoked = Statement("SELECT 1 FROM access_tokens WHERE name = ? AND revoked_at = ?", (name, now))
    results = await db.batch([Statement(REVOKE, (now, name)), revoked])
    return bool(results.of(revoked))


def note_use(name: str, now: str) -> Statement:
    return Statement("UPDATE access_tokens SET last_used_at = ? WHERE name = ?", (now, name))


EVERY: LiteralString = """
SELECT name, sha256, scope, created_at, expires_at, revoked_at, last_used_at
FROM access_tokens ORDER BY created_at, name
"""

WITH_HASH: LiteralString = """
SELECT name, sha256, scope, created_at, expires_at, revoked_at, last_used_at
FROM access_tokens WHERE sha256 = ?
"""

ADD: LiteralString = """
INSERT INTO access_tokens (name, sha256, scope, created_at, expires_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO NOTHING
"""

REVOKE: LiteralString = "UPDATE access_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL"
