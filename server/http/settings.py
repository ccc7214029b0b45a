"""Settings of the HTTP server, and their validation."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from database import tokens
from database.clock import now
from server.http.hosts import HIGHEST_PORT, Allowed, parse_allowed_host

if TYPE_CHECKING:
    from database.engine import Database

PATH = "/mcp"


class CannotServe(Exception):
    """The server can't start; the message tells the operator why."""


@dataclass(frozen=True)
class HttpSettings:
    """Settings of the HTTP server.

    `host` is a name or an address without brackets; port 0 picks a free port. `request_timeout` limits the duration of
    a call, and `client_timeout` limits the time that a client takes to send a request, both in seconds. At most
    `most_calls` calls run at once. The issuer's tokens must be issued for the URL in `resource`.
    """

    host: str
    port: int
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    issuer: str | None = None
    resource: str | None = None
    request_timeout: float = 60.0
    client_timeout: float = 15.0
    most_calls: int = 64

    @property
    def beyond_loopback(self) -> bool:
        return not is_loopback(self.host)

    def at(self, port: int, path: str = PATH) -> str:
        """Return the URL of the server on this port."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}{path}"

    def resource_at(self, port: int) -> str:
        """Return the URL that tokens must be issued for: `resource`, the first allowed host's URL, or this server's."""
        if self.resource:
            return self.resource
        return f"https://{self.allowed_hosts[0]}{PATH}" if self.allowed_hosts else self.at(port)

    def allowed(self) -> Allowed:
        """Return the accepted values of Host and Origin."""
        return Allowed(self.allowed_hosts, self.allowed_origins, loopback=not self.beyond_loopback)

    def require_allowed_hosts(self) -> None:
        """Raise CannotServe for an invalid host, or if the server is reachable beyond loopback but lists no hosts."""
        for host in self.allowed_hosts:
            if parse_allowed_host(host) is None:
                raise CannotServe(f"--allowed-host {host} is no host: use NAME, NAME:PORT or [IPV6]:PORT.")
        if self.beyond_loopback and not self.allowed_hosts:
            raise CannotServe(
                f"{self.host} is reachable from other machines: pass each host name that clients use for this "
                "server with --allowed-host."
            )


async def require_authentication(db: Database, settings: HttpSettings) -> None:
    """Raise CannotServe if the server is reachable beyond loopback but has neither a live token nor an issuer."""
    if not settings.beyond_loopback or settings.issuer:
        return
    moment = now()
    if not any(token.state(moment) == "live" for token in await tokens.every(db)):
        raise CannotServe(
            f"{settings.host} is reachable from other machines, but no authentication is set up: create a token with "
            f"`voygen token create NAME --db {db.label}`, or set an issuer with --issuer."
        )


def parse_address(text: str) -> tuple[str, int]:
    """Parse HOST:PORT, :PORT (loopback) or [IPV6]:PORT. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = str(ipaddress.IPv6Address(host[1:-1]))
    is_port = port.isascii() and port.isdigit() and int(port) <= HIGHEST_PORT
    if not colon or (":" in host and not bracketed) or not is_port:
        raise ValueError("use HOST:PORT, :PORT or [IPV6]:PORT, with a port from 0 to 65535")
    return host or "127.0.0.1", int(port)


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_secure(url: str) -> str:
    """Return the URL if it is https, or http on loopback. Raises ValueError for any other URL."""
    if not url.isascii():
        raise ValueError("use a URL in ASCII")
    parts = urlsplit(url)
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        raise ValueError("use an https URL (http only on this machine)")
    if parts.query or parts.fragment or not parts.hostname:
        raise ValueError("use a URL with a host, and without a query or fragment")
    return url
