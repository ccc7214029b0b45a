"""The numbered SQL files beside this module, and how SQL text is cut into statements."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = Path(__file__).parent


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
    return tuple(Migration(path.name, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("[0-9]*_*.sql")))


def split_statements(lines: Iterable[str]) -> Iterator[str]:
    """Cut SQL at the semicolons that end a statement, triggers kept whole; comments alone are no statement."""
    pending = ""
    for line in lines:
        pending += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(pending):
            yield from _single(pending)
            pending = ""
    if pending.strip():
        yield from _single(pending)


def trusted(sql: str) -> LiteralString:
    """Pass SQL on that was read from a shipped file or from the database's own schema, never from outside."""
    return cast("LiteralString", sql)


def quoted(name: str) -> str:
    """A table's or column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _single(text: str) -> Iterator[str]:
    """The statements of a piece that ends at a line's end: one, or several that share a line."""
    start = 0
    for at, character in enumerate(text):
        if character == ";" and at < len(text.rstrip()) - 1 and sqlite3.complete_statement(text[start : at + 1]):
            if _says_something(text[start : at + 1]):
                yield text[start : at + 1].strip()
            start = at + 1
    if _says_something(text[start:]):
        yield text[start:].strip()


def _says_something(text: str) -> bool:
    return any(line.strip() not in {"", ";"} and not line.lstrip().startswith("--") for line in text.splitlines())
