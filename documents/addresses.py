"""Addresses and hosts that a page may be fetched from.

`ipaddress.is_global` alone is not enough: it differs between versions of Python, and calls addresses global that reach
private ones by translation.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

USUAL_PORTS = {"http": 80, "https": 443}

# https://www.iana.org/assignments/iana-ipv4-special-registry, with multicast and reserved blocks.
NOT_PUBLIC_V4 = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# Of IPv6, only this block has been given out for the internet; some of it is special
# (https://www.iana.org/assignments/iana-ipv6-special-registry).
GLOBAL_V6 = IPv6Network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    ip_network(block) for block in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20")
)
# Blocks whose addresses stand for an IPv4 address, and the bits behind it.
EMBEDDING = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)


def is_public(address: str) -> bool:
    """Return True for an address on the internet. One with a scope, or that is none, is not public."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in block for block in NOT_PUBLIC_V4)
    return parsed.scope_id is None and _is_public_v6(parsed)


def is_private(host: str) -> bool:
    """Return True for an address, rather than a name, that is not on the internet."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return not is_public(host)


def _is_public_v6(address: IPv6Address) -> bool:
    for block, behind in EMBEDDING:
        if address in block:
            return is_public(str(IPv4Address(int(address) >> behind & 0xFFFFFFFF)))
    return address in GLOBAL_V6 and not any(address in block for block in NOT_PUBLIC_V6)


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Hosts that may have a private address, given as "host" or, for another port than 80 and 443, "host:port"."""

    names: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str]) -> AllowedHosts:
        return cls(frozenset(name.strip().lower().rstrip(".") for name in names))

    def has(self, host: str, port: int) -> bool:
        host = host.lower().rstrip(".")
        shown = f"[{host}]" if ":" in host else host
        usual = port in USUAL_PORTS.values()
        return f"{shown}:{port}" in self.names or (usual and bool({host, shown} & self.names))
