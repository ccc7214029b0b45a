"""Apply migration files and write the ledger as the hosting tool does (`wrangler d1 migrations apply`)."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import raw

from migrations.files import shipped

if TYPE_CHECKING:
    from pathlib import Path

CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS d1_migrations(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)"""


def apply_files(path: Path, count: int | None = None) -> list[str]:
    """Apply the first `count` pending files, or all, each in a transaction, and return their names.

    An error rolls back the file's transaction and stops.
    """
    applied: list[str] = []
    with closing(raw.connect_file(path)) as connection:
        connection.execute(CREATE_LEDGER)
        done = {name for (name,) in connection.execute("SELECT name FROM d1_migrations")}
        for migration in [one for one in shipped() if one.name not in done][:count]:
            with connection:
                connection.execute("BEGIN")
                for statement in migration.statements:
                    connection.execute(statement)
                connection.execute("INSERT INTO d1_migrations (name) VALUES (?)", (migration.name,))
            applied.append(migration.name)
    return applied
