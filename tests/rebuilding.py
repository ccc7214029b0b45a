"""Another program's table rebuild: create, copy, drop, rename (https://www.sqlite.org/lang_altertable.html#otheralter)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pathlib import Path


def rebuild(
    path: Path,
    table: str,
    *,
    foreign_keys: bool,
    legacy: bool = False,
    transaction: bool = True,
    indexes: bool = True,
    without: str = "",
) -> None:
    """Rebuild the table. `without` is a piece of the definition to leave out. Raises sqlite3.Error."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA foreign_keys = {foreign_keys:d}")
        connection.execute(f"PRAGMA legacy_alter_table = {legacy:d}")
        found = connection.execute("SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql <> ''", (table,))
        sql = cast("list[tuple[str, str]]", found.fetchall())
        (definition,) = [text for kind, text in sql if kind == "table"]
        new = f"{table}_new"
        connection.execute("BEGIN" if transaction else "SELECT 1")
        connection.execute(definition.replace(table, new, 1).replace(without, "", 1))
        columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({new})"))
        connection.execute(f"INSERT INTO {new} ({columns}) SELECT {columns} FROM {table}")
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE {new} RENAME TO {table}")
        for kind, text in sql if indexes else []:
            if kind == "index":
                connection.execute(text)
        connection.execute("COMMIT" if transaction else "SELECT 1")
