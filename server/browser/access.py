"""Access to the desk page: links that work once, and the sessions of browsers."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Time that a session lasts, in seconds: thirty days, because a migration is watched for weeks.
LASTS = 30 * 86_400

# Maximum number of sessions, and of one token; a new one ends the oldest.
MOST_SESSIONS, MOST_OF_ONE_TOKEN = 100, 10

# Random bytes in a key and in the name of a session.
RANDOM_BYTES = 32

# Says why an access token may not read, or returns None if it may. Raises CannotVerify.
Verify: TypeAlias = "Callable[[str], Awaitable[str | None]]"


class CannotVerify(Exception):
    """It can't be found out now if a token may read; the message says why."""


@dataclass(frozen=True)
class _Session:
    """A session, and the token that it was given for, if any."""

    ends_at: float
    token: str | None


class Access:
    """The links and sessions of one server process, which it keeps in memory, by digest.

    `verify` checks an access token; without it, no token is taken.
    """

    def __init__(self, verify: Verify | None = None) -> None:
        self._verify = verify
        self._keys: set[str] = set()
        self._sessions: dict[str, _Session] = {}

    @property
    def takes_tokens(self) -> bool:
        return self._verify is not None

    def new_key(self) -> str:
        """Return the key of a link that works once."""
        key = secrets.token_urlsafe(RANDOM_BYTES)
        self._keys.add(_digest(key))
        return key

    def enter(self, key: str) -> str | None:
        """Start a session for a link's key and return its name, or None if the key is unknown or was used."""
        if _digest(key) not in self._keys:
            return None
        self._keys.remove(_digest(key))
        return self._start(None)

    async def exchange(self, token: str) -> tuple[str | None, str]:
        """Start a session for an access token; return its name, or None and why the token may not read.

        Raises CannotVerify.
        """
        if self._verify is None:
            return None, "This server takes no tokens here."
        refusal = await self._verify(token)
        return (None, refusal) if refusal else (self._start(token), "")

    async def is_open(self, name: str) -> bool:
        """Return True for a session that lasts, and whose token may still read. Raises CannotVerify."""
        session = self._sessions.get(_digest(name))
        if session is None:
            return False
        if session.ends_at < time.monotonic():
            del self._sessions[_digest(name)]
            return False
        return session.token is None or self._verify is None or await self._verify(session.token) is None

    def _start(self, token: str | None) -> str:
        own = [name for name, session in self._sessions.items() if token is not None and session.token == token]
        if len(own) >= MOST_OF_ONE_TOKEN:
            del self._sessions[own[0]]
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        name = secrets.token_urlsafe(RANDOM_BYTES)
        self._sessions[_digest(name)] = _Session(time.monotonic() + LASTS, token)
        return name


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
