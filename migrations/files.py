"""The numbered migration files, and a function that splits SQL text into statements."""

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

# Opening delimiters of quotes and comments, each with its closing delimiter.
_CLOSING = {"'": "'", '"': '"', "`": "`", "[": "]", "/*": "*/"}

_MARK = re.compile(r"--|/\*|['\"`\[;]")


@dataclass(frozen=True)
class Migration:
    """A migration file: its name in the ledger, and its text. `checksum` is the text's SHA-256 in hexadecimal."""

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
    """Return all migrations in numerical order."""
    return tuple(Migration(path.name, path.read_text(encoding="utf-8")) for path in sorted(SQL.glob("[0-9]*_*.sql")))


def split_statements(lines: Iterable[str]) -> Iterator[str]:
    """Split SQL into statements, without splitting trigger bodies. Text with only comments is skipped.

    Takes linear time, because semicolons inside quotes and comments are skipped.
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
                    yield from _unless_only_comments(statement)
                    pending.clear()
                    start = at
            else:
                at = mark.end()
                closing = _CLOSING[mark[0]]
        pending.append(line[start:])
    yield from _unless_only_comments("".join(pending))


def trusted(sql: str) -> LiteralString:
    """Mark SQL as safe. Use it only for text from a shipped file or from the database's own schema."""
    return cast("LiteralString", sql)


def quoted(name: str) -> str:
    """Quote the name of a table or column."""
    return '"' + name.replace('"', '""') + '"'


def _unless_only_comments(text: str) -> Iterator[str]:
    """Yield the stripped text, unless it is only comments."""
    if any(line.strip() not in {"", ";"} and not line.lstrip().startswith("--") for line in text.splitlines()):
        yield text.strip()
