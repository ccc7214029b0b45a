"""Parse and check Host and Origin, so that other web pages can't call the server through a user's browser."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HIGHEST_PORT = 65535

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

# A host's name in lower case, and its port, or None if it has none.
Host: TypeAlias = tuple[str, int | None]

_LABELS = r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?"
_HOST = re.compile(rf"(\[[0-9a-f:.]+\]|{_LABELS})(?::([0-9]{{0,5}}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_host(text: str) -> Host | None:
    """Parse NAME, NAME:PORT, [IPV6] or [IPV6]:PORT. Returns None for anything else, such as a user or a path."""
    found = _HOST.fullmatch(text.lower())
    if not found:
        return None
    name, port = found[1], int(found[2]) if found[2] else None
    if port is not None and port > HIGHEST_PORT:
        return None
    if name.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(name[1:-1])}]", port
        except ValueError:
            return None
    return name.removesuffix("."), port


def parse_allowed_host(text: str) -> Host | None:
    """Parse a host from the settings, where `:*` also means any port."""
    return parse_host(text.removesuffix(":*"))


class Allowed:
    """The hosts and origins that requests may name. A host without a port allows any port."""

    def __init__(self, hosts: Iterable[str], origins: Iterable[str], *, loopback: bool) -> None:
        here: list[Host] = [(name, None) for name in LOOPBACK_NAMES] if loopback else []
        listed = [host for host in map(parse_allowed_host, hosts) if host]
        self._hosts = {*here, *listed}
        self._origins = {("http", host) for host in here} | {("https", host) for host in listed}
        self._exact = {_comparable(origin) for origin in origins}

    def refusal(self, hosts: Sequence[str], origins: Sequence[str]) -> tuple[int, str, str] | None:
        """Return the status, code and words of the refusal for these values of Host and Origin, or None."""
        if len(hosts) != 1 or not self.host(hosts[0]):
            return 421, "misdirected_request", "This server is not known under the name in Host."
        if len(origins) > 1 or not all(map(self.origin, origins)):
            return 403, "origin_not_allowed", "Pages from this origin may not call the server."
        return None

    def host(self, text: str) -> bool:
        host = parse_host(text)
        return host is not None and (host in self._hosts or (host[0], None) in self._hosts)

    def origin(self, text: str) -> bool:
        if _comparable(text) in self._exact:
            return True
        scheme, _, rest = text.lower().partition("://")
        host = parse_host(rest)
        if host is None or rest.endswith(":"):
            return False
        name, port = host
        ports = {port, None, _DEFAULT_PORTS.get(scheme) if port is None else port}
        return any((scheme, (name, one)) in self._origins for one in ports)


def _comparable(origin: str) -> str:
    """Return an origin in lower case, without a slash at its end and without its scheme's default port."""
    scheme, _, rest = origin.lower().removesuffix("/").partition("://")
    return f"{scheme}://{rest.removesuffix(f':{_DEFAULT_PORTS.get(scheme)}')}"
