"""What an engine can do, and what a database file says of itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, LiteralString

from database.embedded import MINIMUM_SQLITE

if TYPE_CHECKING:
    from database.engine import Database, Row


async def damage(db: Database) -> list[str]:
    """What is wrong with the file's pages, the first few problems; nothing where it is whole."""
    return [row["problem"] for row in await db.read(DAMAGE)]


async def findings_left(db: Database) -> Row:
    """How many guard rows and trips with differing stores are left; when the last proof was, and its drift."""
    return (await db.read(FINDINGS_LEFT))[0]


def engine_lacks() -> list[str]:
    """What this Python's SQLite is too old for or was built without; nothing where all is there."""
    lacks: list[str] = []
    if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
        lacks.append(f"version {'.'.join(map(str, MINIMUM_SQLITE))}")
    with closing(sqlite3.connect(":memory:")) as connection:
        for what, sql in PROBES.items():
            try:
                connection.execute(sql)
            except sqlite3.Error:
                lacks.append(what)
    return lacks


def engine_version() -> str:
    return sqlite3.sqlite_version


# No argument: SQLite 3.53 takes the one of the table-valued form for the name of a table, not for a number of problems.
# Not quick_check: in SQLite 3.40 it reports an integer key of a table WITHOUT ROWID as NULL.
DAMAGE: LiteralString = (
    "SELECT integrity_check AS problem FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 10"
)

FINDINGS_LEFT: LiteralString = """
SELECT (SELECT count(*) FROM trip_client_sync) AS guards,
       (SELECT count(*) FROM shadow_mismatches) AS mismatches,
       (SELECT max(recorded_at) FROM proof_records) AS proven_at,
       (SELECT drift FROM proof_records ORDER BY proof_id DESC LIMIT 1) AS drift
"""

PROBES: dict[str, LiteralString] = {
    "JSON": "SELECT value FROM json_each('[1]')",
    "FTS5": "CREATE VIRTUAL TABLE temp.probe USING fts5(words)",
}
