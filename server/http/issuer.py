"""Verify access tokens from an authorization server with the keys that it publishes.

Discovery follows https://www.rfc-editor.org/rfc/rfc8414
Verification follows https://www.rfc-editor.org/rfc/rfc8725
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

# Time before cached keys are refreshed, and maximum age of keys if the issuer is unreachable, in seconds.
FRESH, STALE = 600.0, 3600.0

# Time before another fetch if the last one failed or lacked the requested key, in seconds.
PAUSE = 10.0

FETCH_TIMEOUT = 5.0

# Largest response read from the issuer, in bytes.
MAX_RESPONSE = 512 * 1024

# Allowed clock skew, in seconds.
LEEWAY = 30.0


class TokenInvalid(Exception):
    """The token is not valid for this server; the message gives the reason without quoting the token."""


class IssuerUnavailable(Exception):
    """No keys are available to verify a token."""


@dataclass(frozen=True)
class _Key:
    """A public key and the signature algorithms that it may be used with."""

    key: Any
    algorithms: list[str]


class Issuer:
    """An authorization server. Tokens must have been issued for `audience`, the URL of this server."""

    def __init__(self, url: str, audience: str) -> None:
        self._url = url.rstrip("/")
        self._audience = audience
        self._client = httpx2.AsyncClient(timeout=FETCH_TIMEOUT, follow_redirects=False)
        self._keys: dict[object, _Key] = {}
        self._fetched_at = self._failed_at = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def host(self) -> str:
        return urlsplit(self._url).netloc

    async def claims(self, token: str) -> dict[str, Any]:
        """Verify the token and return its claims. Raises TokenInvalid or IssuerUnavailable."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise TokenInvalid("The token is not a JWT.") from error
        if header.get("alg") not in ALGORITHMS or "crit" in header:
            raise TokenInvalid("The token's signature algorithm is not accepted.")
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
            raise TokenInvalid("The issuer does not publish the key that signed the token.")
        return found

    def _known(self, key_id: object) -> _Key | None:
        """Return the key with this id, or the only key if the token has no key id."""
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id) if isinstance(key_id, str) else None

    async def _refresh(self, *, unless_known: object) -> None:
        """Fetch the keys if needed, once for all waiting calls. Raises IssuerUnavailable if the keys remain stale."""
        async with self._lock:
            now = time.monotonic()
            fresh = now - self._fetched_at <= FRESH
            if now - self._failed_at > PAUSE and not (fresh and self._known(unless_known)):
                try:
                    self._keys = await self._fetch_keys()
                    self._fetched_at = time.monotonic()
                    if self._known(unless_known) is None:
                        self._failed_at = self._fetched_at
                except (httpx2.HTTPError, TimeoutError, ValueError, jwt.PyJWTError) as error:
                    self._failed_at = time.monotonic()
                    logger.warning("can't fetch the keys of %s: %s", self._url, error or type(error).__name__)
            if time.monotonic() - self._fetched_at > STALE:
                self._keys = {}
                raise IssuerUnavailable

    async def _fetch_keys(self) -> dict[object, _Key]:
        metadata = await self._metadata()
        published = (await self._fetch(require_secure(str(metadata.get("jwks_uri"))))).get("keys")
        if not isinstance(published, list):
            raise ValueError("the issuer publishes no list of keys")  # noqa: TRY004 - one exception for every bad response
        keys: dict[object, _Key] = {}
        for one in cast("list[Any]", published):
            with contextlib.suppress(jwt.PyJWTError, AttributeError):  # unknown key type
                key = jwt.PyJWK.from_dict(one)
                if key.public_key_use != "enc":
                    keys[key.key_id] = _Key(key.key, _algorithms_of(one, key.algorithm_name))
        return keys

    async def _metadata(self) -> dict[str, Any]:
        failure: Exception = ValueError("the issuer publishes no metadata")
        for url in _metadata_urls(self._url):
            try:
                metadata = await self._fetch(url)
            except (httpx2.HTTPStatusError, ValueError) as error:
                failure = error
                continue
            if str(metadata.get("issuer")).rstrip("/") != self._url:
                raise ValueError("the metadata names another issuer")
            return metadata
        raise failure

    async def _fetch(self, url: str) -> dict[str, Any]:
        async with asyncio.timeout(FETCH_TIMEOUT), self._client.stream("GET", url) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_RESPONSE:
                    raise ValueError(f"the response from {url} is too large")
        parsed = json.loads(body)
        if not isinstance(parsed, dict):
            raise ValueError(f"the response from {url} is not a JSON object")  # noqa: TRY004 - one exception for every bad response
        return cast("dict[str, Any]", parsed)


def scopes_of(claims: dict[str, Any]) -> set[str]:
    """Return the scopes of a token, from the claim `scope` or, with some issuers, `scp`."""
    found: set[str] = set()
    for name in ("scope", "scp"):
        value = claims.get(name)
        if isinstance(value, str):
            found |= set(value.split())
        elif isinstance(value, list):
            found |= {one for one in cast("list[object]", value) if isinstance(one, str)}
    return found


def _algorithms_of(published: dict[str, Any], default: str) -> list[str]:
    """Return the algorithm that a key names, or else all algorithms for its type. All of them are asymmetric."""
    if published.get("kty") == "RSA":
        possible = [name for name in ALGORITHMS if name.startswith(("RS", "PS"))]
    else:
        possible = [name for name in ALGORITHMS if name == default]
    return [name for name in possible if published.get("alg") in {None, name}]


def _metadata_urls(issuer: str) -> Iterator[str]:
    """Yield the URLs to try for an issuer's metadata: RFC 8414, then both forms of OpenID Connect."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    yield f"{origin}/.well-known/oauth-authorization-server{path}"
    yield f"{origin}/.well-known/openid-configuration{path}"
    if path:
        yield f"{origin}{path}/.well-known/openid-configuration"
