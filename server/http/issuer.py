"""The tokens of an authorization server, checked with the keys that it publishes.

https://www.rfc-editor.org/rfc/rfc8414 (where its keys are), https://www.rfc-editor.org/rfc/rfc8725 (how to check)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx2
import jwt

from server.http.settings import require_secure

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("voygen.http")

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

# For how long keys are taken as they were fetched, and for how long while the issuer can't be reached, in seconds.
FRESH, STALE = 600.0, 3600.0

# How long after a fetch in vain, or for a key that was not there, the issuer is left alone, in seconds.
PAUSE = 10.0

FETCH_TIMEOUT = 5.0

# Largest answer of the issuer that is read, in bytes.
MAX_ANSWER = 512 * 1024

# By how much the clocks may differ, in seconds.
LEEWAY = 30.0


class TokenInvalid(Exception):
    """The token is not a good one of this issuer's for this server; the message says why, and quotes nothing."""


class IssuerUnavailable(Exception):
    """There are no keys to check a token with."""


@dataclass(frozen=True)
class _Key:
    """A public key, and what it may verify."""

    key: Any
    algorithms: list[str]


class Issuer:
    """`audience` is the URL of this server, for which tokens must have been issued."""

    def __init__(self, url: str, audience: str) -> None:
        self._url = url.rstrip("/")
        self._audience = audience
        self._client = httpx2.AsyncClient(timeout=FETCH_TIMEOUT, follow_redirects=False)
        self._keys: dict[object, _Key] = {}
        self._fetched_at = self._in_vain_at = float("-inf")
        self._turn = asyncio.Lock()

    async def claims(self, token: str) -> dict[str, Any]:
        """What the token says. Raises TokenInvalid or IssuerUnavailable."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise TokenInvalid("The token is no JWT.") from error
        if header.get("alg") not in ALGORITHMS or "crit" in header:
            raise TokenInvalid("The token is signed in a way that is not accepted.")
        key = await self._key(header.get("kid"))
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=key.algorithms,
                audience=self._audience,
                issuer=(self._url, self._url + "/"),
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenInvalid("The token has expired.") from error
        except (jwt.PyJWTError, TypeError) as error:
            raise TokenInvalid("The token is not valid for this server.") from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _key(self, key_id: object) -> _Key:
        found = self._known(key_id)
        if found is None or time.monotonic() - self._fetched_at > FRESH:
            await self._refresh(unless_known=key_id)
            found = self._known(key_id)
        if found is None:
            raise TokenInvalid("The token was signed with a key that the issuer does not publish.")
        return found

    def _known(self, key_id: object) -> _Key | None:
        """The key of this id; where the token names none, the only key there is."""
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id) if isinstance(key_id, str) else None

    async def _refresh(self, *, unless_known: object) -> None:
        """Fetch the keys, one call for all that wait. Raises IssuerUnavailable where there are none of late."""
        async with self._turn:
            now = time.monotonic()
            fresh = now - self._fetched_at <= FRESH
            if now - self._in_vain_at > PAUSE and not (fresh and self._known(unless_known)):
                try:
                    self._keys = await self._fetch_keys()
                    self._fetched_at = time.monotonic()
                    if self._known(unless_known) is None:
                        self._in_vain_at = self._fetched_at
                except (httpx2.HTTPError, TimeoutError, ValueError, jwt.PyJWTError) as error:
                    self._in_vain_at = time.monotonic()
                    logger.warning("the keys of %s can't be had: %s", self._url, error or type(error).__name__)
            if time.monotonic() - self._fetched_at > STALE:
                self._keys = {}
                raise IssuerUnavailable

    async def _fetch_keys(self) -> dict[object, _Key]:
        metadata = await self._metadata()
        published = (await self._fetch(require_secure(str(metadata.get("jwks_uri"))))).get("keys")
        if not isinstance(published, list):
            raise ValueError("it publishes no list of keys")  # noqa: TRY004 - one kind of error for bad answers
        keys: dict[object, _Key] = {}
        for one in cast("list[Any]", published):
            with contextlib.suppress(jwt.PyJWTError, AttributeError):  # a key of a kind that is not known here
                key = jwt.PyJWK.from_dict(one)
                if key.public_key_use != "enc":
                    keys[key.key_id] = _Key(key.key, _algorithms_of(one, key.algorithm_name))
        return keys

    async def _metadata(self) -> dict[str, Any]:
        problem: Exception = ValueError("it publishes no metadata")
        for place in _metadata_places(self._url):
            try:
                metadata = await self._fetch(place)
            except (httpx2.HTTPStatusError, ValueError) as error:
                problem = error
                continue
            if str(metadata.get("issuer")).rstrip("/") != self._url:
                raise ValueError("its metadata names another issuer")
            return metadata
        raise problem

    async def _fetch(self, url: str) -> dict[str, Any]:
        async with asyncio.timeout(FETCH_TIMEOUT), self._client.stream("GET", url) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise ValueError(f"{url} answers with too much")
        answer = json.loads(body)
        if not isinstance(answer, dict):
            raise ValueError(f"{url} answers with no JSON object")  # noqa: TRY004 - one kind of error for bad answers
        return cast("dict[str, Any]", answer)


def scopes_of(claims: dict[str, Any]) -> set[str]:
    """The scopes of a token, in `scope` or, as some issuers have it, `scp`."""
    found: set[str] = set()
    for name in ("scope", "scp"):
        value = claims.get(name)
        if isinstance(value, str):
            found |= set(value.split())
        elif isinstance(value, list):
            found |= {one for one in cast("list[object]", value) if isinstance(one, str)}
    return found


def _algorithms_of(published: dict[str, Any], of_its_kind: str) -> list[str]:
    """What a key may verify: the one algorithm that it names, else those of its kind. None of them is symmetric."""
    if published.get("kty") == "RSA":
        possible = [name for name in ALGORITHMS if name.startswith(("RS", "PS"))]
    else:
        possible = [name for name in ALGORITHMS if name == of_its_kind]
    return [name for name in possible if published.get("alg") in {None, name}]


def _metadata_places(issuer: str) -> Iterator[str]:
    """Where an issuer's metadata may lie: RFC 8414, then OpenID Connect in both ways."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    yield f"{origin}/.well-known/oauth-authorization-server{path}"
    yield f"{origin}/.well-known/openid-configuration{path}"
    if path:
        yield f"{origin}{path}/.well-known/openid-configuration"
