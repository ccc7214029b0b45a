"""Trial run of a schema change on an empty copy, to find the user's own objects that it would break."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, LiteralString

from database.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Statement

# SQLite's message about an object that a table change would break, or that is broken already.
_BREAKS = re.compile(r"error in (index|trigger|table|view) (.+?)( after drop column)?: (.+)", re.DOTALL)


async def broken_by(db: Database, change: Sequence[Statement]) -> list[dict[str, str]]:
    """Return the name and problem of each object that the statements would break. The database is not changed."""
    schema = [row["sql"] for row in await db.read(SCHEMA)]
    found: list[dict[str, str]] = []
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        for sql in schema:
            with suppress(sqlite3.Error):  # shadow tables of virtual tables already exist
                copy.execute(sql)
        while (refusal := _refusal(copy, change)) is not None:
            broken = _BREAKS.fullmatch(refusal)
            kind, name, by_change, words = broken.groups() if broken else ("table", "trips_v2", "by it", refusal)
            words = visible(words)
            problem = f"this {kind} needs the column clients ({words}): drop it, or recreate it without that column"
            if not by_change:
                problem = f"this {kind} is already broken ({words}): drop or correct it"
            found.append({"name": f"schema/{name}", "problem": problem})
            if kind == "table":
                break
            copy.execute(f'DROP {kind} "{name.replace(chr(34), chr(34) * 2)}"')
    return found


def _refusal(copy: sqlite3.Connection, change: Sequence[Statement]) -> str | None:
    """Run the statements and roll them back; return the engine's error message, or None if all succeed."""
    copy.execute("BEGIN")
    try:
        for statement in change:
            copy.execute(statement.sql, statement.params)
    except sqlite3.Error as error:
        return str(error)
    finally:
        copy.execute("ROLLBACK")
    return None


SCHEMA: LiteralString = """
SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END,
         sql NOT LIKE 'CREATE VIRTUAL %', rowid
"""
