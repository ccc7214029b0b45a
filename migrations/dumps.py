"""Load an SQL dump into a new database file."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

from database.errors import DatabaseUnavailable, translated
from database.files import prepare_file
from migrations.files import split_statements

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def loaded(dump: Path, target: Path) -> Generator[Path]:
    """Load the dump, with foreign keys off, into a scratch file that becomes `target` at the end of the block.

    The target must not exist yet. On failure or interruption, no file is left behind. Raises DatabaseUnavailable with
    the problem and the number of the failed statement.
    """
    if target.exists() and target.stat().st_size > 0:
        raise DatabaseUnavailable(
            f"{target} already exists: pass a new file path with --db, or omit --from to migrate the existing file."
        )
    scratch = target.with_name(target.name + ".loading")
    _remove(scratch)
    prepare_file(scratch)
    try:
        with translated(str(scratch)):
            _run(dump, scratch)
        yield scratch
        scratch.replace(target)
    finally:
        _remove(scratch)


def load_dump(dump: Path, target: Path) -> None:
    """Load the dump into `target`, which must not exist yet."""
    with loaded(dump, target):
        pass


def _remove(scratch: Path) -> None:
    for journal in ("", "-wal", "-shm", "-journal"):
        scratch.with_name(scratch.name + journal).unlink(missing_ok=True)


def _run(dump: Path, scratch: Path) -> None:
    connection = sqlite3.connect(scratch, isolation_level=None)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)  # forbid ATTACH, which would open other files
    try:
        connection.execute("BEGIN")
        with dump.open("rb") as file:
            if file.peek().startswith(b"SQLite format 3\0"):
                raise DatabaseUnavailable(
                    f"{dump} is a database, not an SQL dump: copy the file, and pass the copy's path with --db."
                )
            lines = TextIOWrapper(file, encoding="utf-8", newline="\n")  # keep other line endings inside strings
            for number, statement in enumerate(split_statements(lines), 1):
                if _opens_or_ends_a_transaction(statement):
                    continue
                if statement.upper().startswith("ROLLBACK"):
                    raise DatabaseUnavailable(
                        f"{dump}: the export failed, because statement {number} is ROLLBACK. Export again."
                    )
                try:
                    connection.execute(statement)
                except (sqlite3.Error, ValueError) as error:
                    raise DatabaseUnavailable(f"{dump}: statement {number} failed: {error}.") from error
        if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None:
            raise DatabaseUnavailable(f"{dump} has no tables: the export failed, or this is the wrong file.")
        connection.execute("COMMIT")
    except (OSError, ValueError) as error:
        raise DatabaseUnavailable(f"{dump} cannot be read: {error}.") from error
    finally:
        connection.close()


def _opens_or_ends_a_transaction(statement: str) -> bool:
    return statement.split(None, 1)[0].upper().rstrip(";") in {"BEGIN", "COMMIT", "END"}
