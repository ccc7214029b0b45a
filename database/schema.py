"""Schema definitions as stored in a database, and their normal form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from database.engine import Database

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r"('(?:[^']|'')*')")
_AROUND = re.compile(r"\s*([(),=<>|;+*/-])\s*")


# Large enough for all definitions in one database, because every check compares them.
@lru_cache(maxsize=512)
def normalized(sql: str) -> str:
    """Normalize a definition: remove comments, extra whitespace and quotes around names; lowercase all but strings."""
    pieces = _STRING.split(_COMMENT.sub(" ", sql).strip().rstrip(";"))
    return "".join(piece if number % 2 else _plain(piece) for number, piece in enumerate(pieces)).strip()


async def definitions(db: Database) -> dict[str, str]:
    """Return the SQL text of every table, index, view and trigger by name."""
    return {row["name"]: row["sql"] for row in await db.read(DEFINITIONS)}


async def views(db: Database) -> dict[str, str]:
    return {row["name"]: row["sql"] for row in await db.read(VIEWS)}


def _plain(piece: str) -> str:
    spaced = re.sub(r"\s+", " ", piece.replace('"', "").replace("`", "")).lower()
    return _AROUND.sub(r"\1", spaced).replace("if not exists ", "")


DEFINITIONS: LiteralString = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"

VIEWS: LiteralString = "SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY name"
