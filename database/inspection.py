"""Inspection of the SQLite engine and of a database file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, LiteralString

from database.embedded import MINIMUM_SQLITE

if TYPE_CHECKING:
    from database.engine import Database, Row


async def damage(db: Database) -> list[str]:
    """Return up to 10 problems that SQLite's integrity check finds; an empty list if the file is intact."""
    return [row["problem"] for row in await db.read(DAMAGE)]


async def findings_left(db: Database) -> Row:
    """Return the numbers of leftover guards and mismatched trips, and the time and drift of the newest proof."""
    return (await db.read(FINDINGS_LEFT))[0]


def engine_lacks() -> list[str]:
    """List the requirements that this Python's SQLite does not meet: the minimum version and built-in features."""
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


# integrity_check has no argument, because SQLite 3.53 would treat a maximum number of problems as a table name.
# quick_check is not used, because in SQLite 3.40 it reports an integer key of a WITHOUT ROWID table as NULL.
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
