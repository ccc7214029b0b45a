"""A page is fetched from the internet: only from public addresses, and within limits.

An error names the host and the reason, and nothing of what the host sent.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from documents.addresses import USUAL_PORTS, AllowedHosts, is_private
from documents.bounds import DOCUMENT_BYTES
from documents.errors import Code, DocumentError
from documents.inflating import Inflating, TooLarge, Undecodable

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection

    import httpcore2
    import httpx2

    from documents.network import Refused

    Resolve = Callable[[str, int], Awaitable[list[str]]]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_URL = 4_000
HEADERS = (
    ("User-Agent", "voygen"),
    ("Accept", "text/html,application/xhtml+xml,application/pdf,text/calendar,text/plain;q=0.9,*/*;q=0.5"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Connection", "close"),
)
PASTE = "Open it in a browser, copy its text and send it as `text`."


@dataclass(frozen=True, slots=True)
class Fetched:
    final_url: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    size: int = DOCUMENT_BYTES
    seconds: float = 20
    redirects: int = 5
    at_once: int = 4


@dataclass(frozen=True, slots=True)
class Network:
    """The ways to resolve names and open connections; None for the system's."""

    resolve: Resolve | None = None
    backend: httpcore2.AsyncNetworkBackend | None = None
    ssl_context: ssl.SSLContext | None = None


async def fetch(
    url: str, *, allow_hosts: Collection[str] = (), limits: Limits | None = None, network: Network | None = None
) -> Fetched:
    """Fetch a page. Raises DocumentError: invalid_input if the address is refused, unavailable if the host fails.

    `allow_hosts` names hosts that may have a private address, as "host" or "host:port".
    """
    fetching = _Fetching(AllowedHosts.of(allow_hosts), limits or Limits(), network or Network())
    start = _parsed(url)
    async with _slot(fetching.limits):
        try:
            async with asyncio.timeout(fetching.limits.seconds):
                return await fetching.follow(start)
        except TimeoutError as error:
            raise _unavailable(start, f"did not answer within {fetching.limits.seconds:g} seconds") from error


@dataclass(frozen=True, slots=True)
class _Fetching:
    allowed: AllowedHosts
    limits: Limits
    network: Network

    async def follow(self, url: httpx2.URL) -> Fetched:
        start = url
        for hop in range(self.limits.redirects + 1):
            try:
                self._check(url)
                answer = await self._get(url)
                if isinstance(answer, Fetched):
                    return answer
                if url.scheme == "https" and answer.scheme == "http":
                    raise _unavailable(url, "redirects from https to http")
            except _Fault as error:
                raise (_of_redirect(start, error) if hop else error) from None
            url = answer
        raise _unavailable(start, f"redirects more than {self.limits.redirects} times")

    def _check(self, url: httpx2.URL) -> None:
        """Refuse what no address needs to be resolved for."""
        if not _has_host(url):
            raise _invalid()
        if url.scheme not in USUAL_PORTS or not url.host:
            raise _Fault("invalid_input", "Only http and https addresses are fetched.", PASTE, "is not http or https")
        if url.userinfo:
            raise _Fault(
                "invalid_input",
                "An address with a user name or password is not fetched.",
                "Send it without them.",
                "has a user name or password",
            )
        port = url.port or USUAL_PORTS[url.scheme]
        if is_private(url.host) and not self.allowed.has(_host(url), port):
            raise _refused(url, "is not on the public internet", self._allowing(url, port))
        if port not in USUAL_PORTS.values() and not self.allowed.has(_host(url), port):
            raise _refused(url, "is asked for on another port than 80 and 443", self._allowing(url, port))

    async def _get(self, url: httpx2.URL) -> Fetched | httpx2.URL:
        """Return the page, or where it redirects to."""
        import httpcore2  # noqa: PLC0415 - only for fetching
        import httpx2  # noqa: PLC0415 - only for fetching

        from documents.network import CheckedBackend, Refused  # noqa: PLC0415 - imports httpcore2

        backend = CheckedBackend(self.allowed, self.network.resolve, self.network.backend)
        request = httpcore2.Request("GET", _target(url), headers=[("Host", url.netloc), *HEADERS])
        try:
            async with httpcore2.AsyncConnectionPool(
                ssl_context=self.network.ssl_context or _ssl_context(), network_backend=backend
            ) as pool:
                response = await pool.handle_async_request(request)
                try:
                    return await self._answer(url, response)
                finally:
                    await response.aclose()
        except Refused as error:
            raise self._not_public(url, error) from None
        except httpx2.InvalidURL:
            raise _unavailable(url, "redirects to an address that is not valid") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, OSError) as error:
            raise _unavailable(url, _reason(error)) from None
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, ValueError):
            raise _unavailable(url, "does not answer as a web server does") from None

    async def _answer(self, url: httpx2.URL, response: httpcore2.Response) -> Fetched | httpx2.URL:
        headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
        if response.status in REDIRECTS and "location" in headers:
            return url.join(headers["location"][:LONGEST_URL]).copy_with(fragment=None)
        if response.status in {401, 403, 407}:
            raise _unavailable(url, f"refuses to show it ({response.status})")
        if not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's success
            raise _unavailable(url, f"answered {response.status}")
        content = await self._content(url, response, headers)
        return Fetched(str(url), headers.get("content-type", ""), content)

    async def _content(self, url: httpx2.URL, response: httpcore2.Response, headers: dict[str, str]) -> bytes:
        try:
            inflating = Inflating(headers.get("content-encoding", ""), self.limits.size)
            stream: Any = response.aiter_stream()
            async for chunk in stream:
                inflating.add(chunk)
            return inflating.content()
        except TooLarge:
            size = self.limits.size // 1024 // 1024
            raise _unavailable(url, f"sends more than {size} MB") from None
        except Undecodable:
            raise _unavailable(url, "sends a page that can't be decoded") from None

    def _not_public(self, url: httpx2.URL, error: Refused) -> DocumentError:
        if error.unknown:
            return _unavailable(url, "is not known")
        port = url.port or USUAL_PORTS[url.scheme]
        return _refused(url, "is not on the public internet", self._allowing(url, port))

    def _allowing(self, url: httpx2.URL, port: int) -> str:
        name = _host(url) if port in USUAL_PORTS.values() else f"{_host(url)}:{port}"
        return f"Send the page's text as `text`, or start the server with --allow-hosts {name}."


def _of_redirect(start: httpx2.URL, error: _Fault) -> DocumentError:
    """An error of a later address, which a page chose: it names only the host that was asked for."""
    return DocumentError(error.code, f"{_host(start)} redirects to an address that {error.reason}.", PASTE)


def _parsed(url: str) -> httpx2.URL:
    import httpx2  # noqa: PLC0415 - only for fetching

    if len(url) > LONGEST_URL:
        raise DocumentError("invalid_input", f"The address is longer than {LONGEST_URL:,} characters.", PASTE)
    try:
        return httpx2.URL(url.strip()).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise _invalid() from None


def _target(url: httpx2.URL) -> httpcore2.URL:
    import httpcore2  # noqa: PLC0415 - only for fetching

    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


@cache
def _ssl_context() -> ssl.SSLContext:
    import httpx2  # noqa: PLC0415 - only for fetching

    return httpx2.create_ssl_context()


_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@asynccontextmanager
async def _slot(limits: Limits) -> AsyncGenerator[None]:
    """Hold one of the few fetches that run at once."""
    semaphore = _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(limits.at_once))
    try:
        async with asyncio.timeout(limits.seconds):
            await semaphore.acquire()
    except TimeoutError as error:
        raise DocumentError(
            "busy", f"{limits.at_once} other pages are being fetched.", "Send the call again in a moment."
        ) from error
    try:
        yield
    finally:
        semaphore.release()


def _host(url: httpx2.URL) -> str:
    """Return the host in ASCII, as it would be connected to."""
    return url.raw_host.decode("ascii", "replace")[:253]


def _reason(error: Exception) -> str:
    import ssl  # noqa: PLC0415 - only for fetching

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "has no valid certificate"
        cause = cause.__cause__ or cause.__context__
    return "can't be reached"


def _has_host(url: httpx2.URL) -> bool:
    """Return True if the host's name can be read: what stands for letters outside of ASCII may be broken."""
    try:
        str(url.host)
    except ValueError:
        return False
    return True


class _Fault(DocumentError):
    """An error of one address, with its reason as it follows the host's name."""

    def __init__(self, code: Code, message: str, hint: str, reason: str) -> None:
        super().__init__(code, message, hint)
        self.reason = reason


def _invalid() -> _Fault:
    hint = "Send a whole address, such as https://example.com/trip."
    return _Fault("invalid_input", "The address is not valid.", hint, "is not valid")


def _refused(url: httpx2.URL, reason: str, hint: str) -> _Fault:
    return _Fault("invalid_input", f"{_host(url)} {reason}.", hint, reason)


def _unavailable(url: httpx2.URL, reason: str) -> _Fault:
    return _Fault("unavailable", f"{_host(url)} {reason}.", PASTE, reason)
