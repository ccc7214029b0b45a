"""The numbered SQL files beside this module, and how SQL text is cut into statements."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sqlite3 import complete_statement
from typing import TYPE_CHECKING, LiteralString, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = Path(__file__).parent
SQL = FOLDER / "sql"

# What begins quotes or a comment, each with what ends it.
_CLOSING = {"'": "'", '"': '"', "`": "`", "[": "]", "/*": "*/"}

_MARK = re.compile(r"--|/\*|['\"`\[;]")


@dataclass(frozen=True)
class Migration:
    """One file: its name as the ledger knows it, its text, and the SHA-256 of that text in hexadecimal."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[LiteralString]:
        return [trusted(statement) for statement in split_statements(self.text.splitlines(keepends=True))]


@cache
def shipped() -> tuple[Migration, ...]:
    """Every migration, in the order of its number."""
    return tuple(Migration(path.name, path.read_text(encoding="utf-8")) for path in sorted(SQL.glob("[0-9]*_*.sql")))


def split_statements(lines: Iterable[str]) -> Iterator[str]:
    """Cut SQL at the semicolons that end a statement, triggers kept whole; comments alone are no statement.

    In time proportional to the text: no semicolon within quotes or comments is looked at.
    """
    pending: list[str] = []
    closing = ""
    for line in lines:
        start = at = 0
        while at < len(line):
            if closing:
                end = line.find(closing, at)
                at = len(line) if end < 0 else end + len(closing)
                closing = closing if end < 0 else ""
            elif (mark := _MARK.search(line, at)) is None or mark[0] == "--":
                break
            elif mark[0] == ";":
                at = mark.end()
                statement = "".join((*pending, line[start:at]))
                if complete_statement(statement):
                    yield from _telling(statement)
                    pending.clear()
                    start = at
            else:
                at = mark.end()
                closing = _CLOSING[mark[0]]
        pending.append(line[start:])
    yield from _telling("".join(pending))


def trusted(sql: str) -> LiteralString:
    """Pass SQL on that was read from a shipped file or from the database's own schema, never from outside."""
    return cast("LiteralString", sql)


def quoted(name: str) -> str:
    """A table's or column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _telling(text: str) -> Iterator[str]:
    """The text without the space around it, where it is more than comments."""
    if any(line.strip() not in {"", ";"} and not line.lstrip().startswith("--") for line in text.splitlines()):
        yield text.strip()
