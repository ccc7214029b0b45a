"""Loading an SQL dump into a new database file."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from database.embedded import prepare_file, translated
from database.errors import DatabaseUnavailable
from migrations.files import split_statements

if TYPE_CHECKING:
    from pathlib import Path


def load_dump(dump: Path, target: Path) -> None:
    """Run the dump, foreign keys off, and put the result in place of nothing: the target must not exist yet.

    Raises DatabaseUnavailable, with what is wrong and where, leaving no file behind.
    """
    if target.exists() and target.stat().st_size > 0:
        raise DatabaseUnavailable(f"{target} exists already: name a new file with --db to load {dump} into.")
    scratch = target.with_name(target.name + ".loading")
    scratch.unlink(missing_ok=True)
    prepare_file(scratch)
    try:
        with translated(str(scratch)):
            _run(dump, scratch)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def _run(dump: Path, scratch: Path) -> None:
    connection = sqlite3.connect(scratch, isolation_level=None)
    connection.set_authorizer(_refuse_other_files)
    try:
        connection.execute("BEGIN")
        with dump.open(encoding="utf-8") as lines:
            for number, statement in enumerate(split_statements(lines), 1):
                if _opens_or_ends_a_transaction(statement):
                    continue
                if statement.upper().startswith("ROLLBACK"):
                    raise DatabaseUnavailable(
                        f"{dump}: statement {number} is ROLLBACK: the export failed, make it again."
                    )
                try:
                    connection.execute(statement)
                except (sqlite3.Error, ValueError) as error:
                    raise DatabaseUnavailable(f"{dump}: statement {number} failed: {error}.") from error
        connection.execute("COMMIT")
    except (OSError, ValueError) as error:
        raise DatabaseUnavailable(f"{dump} cannot be read: {error}.") from error
    finally:
        connection.close()


def _opens_or_ends_a_transaction(statement: str) -> bool:
    return statement.split(None, 1)[0].upper().rstrip(";") in {"BEGIN", "COMMIT", "END"}


def _refuse_other_files(action: int, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK
