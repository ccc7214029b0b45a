"""The address of a hosted database: d1+https://HOST, or d1+http://HOST for a Worker on this machine."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from database.errors import DatabaseUnavailable, TokenRejected

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "d1+"

# The protocol of the Worker that this program speaks.
PROTOCOL = 1

# The environment variables with the token, and with the path of a file that has it.
TOKEN, TOKEN_FILE = "VOYGEN_D1_TOKEN", "VOYGEN_D1_TOKEN_FILE"


class Address(NamedTuple):
    """A Worker's address. `label` is what the user typed, without a trailing slash; `local` if it is this machine."""

    label: str
    url: str
    local: bool

    def __str__(self) -> str:
        return self.label


# Where a database is, as --db names it.
Location: TypeAlias = Path | Address


def is_hosted(database: str) -> bool:
    """Return True if this value of --db is meant as a hosted database, even if its address is invalid."""
    return database.startswith(PREFIX)


def parse_address(database: str) -> Address:
    """Parse the address. Raises DatabaseUnavailable, without repeating what may be a secret."""
    url = database.removeprefix(PREFIX).rstrip("/")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise DatabaseUnavailable("The address of the database is not valid: use d1+https://HOST.") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise DatabaseUnavailable("The address of the database is not valid: use d1+https://HOST.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise DatabaseUnavailable(
            "The address of the database may not have a password or a query: put the token into VOYGEN_D1_TOKEN."
        )
    local = _is_local(host)
    if parts.scheme == "http" and not local:
        raise DatabaseUnavailable(f"{database} would send the token unencrypted: use d1+https://{host}.")
    return Address(PREFIX + url, url, local)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def token_from(environment: Mapping[str, str]) -> str:
    """Return the token that VOYGEN_D1_TOKEN has, or the file that VOYGEN_D1_TOKEN_FILE names.

    Raises TokenRejected if there is none, or if no header can carry it.
    """
    token = environment.get(TOKEN, "")
    if not token and (file := environment.get(TOKEN_FILE)):
        try:
            token = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TokenRejected(f"The file {file}, which {TOKEN_FILE} names, cannot be read.") from error
    token = token.strip()
    if not token:
        raise TokenRejected("A hosted database needs a token: set VOYGEN_D1_TOKEN, or VOYGEN_D1_TOKEN_FILE to a file.")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise TokenRejected("The token has a character that no token has: check VOYGEN_D1_TOKEN.")
    return token
