"""Names the user's own trigger or view that makes a statement fail, because it refers to something that is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, LiteralString

from database.quoting import as_word

if TYPE_CHECKING:
    from database.engine import Database
    from database.errors import DatabaseError

# SQLite's message; it names the missing object, but not the trigger or view that refers to it.
_MISSING = re.compile(r"no such (?:table|column|view|function): (?:main\.|NEW\.|OLD\.)?(\w+)", re.IGNORECASE)


async def broken_object(db: Database, error: DatabaseError) -> str:
    """Return the triggers and views that contain the missing name, such as "trigger t on trips_v2", or ""."""
    missing = _MISSING.search(str(error))
    if missing is None:
        return ""
    word = re.compile(rf"\b{re.escape(missing[1])}\b", re.IGNORECASE)
    found = [row for row in await db.read(OBJECTS) if word.search(row["sql"])]
    return ", ".join(
        f"{row['type']} {as_word(row['name'])}"
        + (f" on {as_word(row['tbl_name'])}" if row["type"] == "trigger" else "")
        for row in found
    )


OBJECTS: LiteralString = """
SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY type, name
"""
