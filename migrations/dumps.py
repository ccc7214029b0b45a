"""Load an SQL dump, as any of the usual tools leaves it, into a new database file."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from database.bounds import Bounds
from database.errors import DatabaseUnavailable, translated
from database.files import create_file
from database.text_files import LONGEST_LINE, open_text
from database.whole_file import whole_file
from migrations.files import split_statements

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path


@contextmanager
def loaded(dump: Path, target: Path) -> Generator[Path]:
    """Load the dump, with foreign keys off, into a scratch file that becomes `target` at the end of the block.

    The target must not exist yet. On failure or interruption, no file is left behind. Raises DatabaseUnavailable with
    the problem and the number of the failed statement.
    """
    remedy = "pass a new file path with --db, or omit --from to migrate the existing file."
    with whole_file(target, remedy) as scratch:
        create_file(scratch)
        with translated(str(scratch)), closing(sqlite3.connect(scratch, isolation_level=None)) as connection:
            _run(dump, connection)
        yield scratch


def load_dump(dump: Path, target: Path) -> None:
    """Load the dump into `target`, which must not exist yet."""
    with loaded(dump, target):
        pass


def _run(dump: Path, connection: sqlite3.Connection) -> None:
    if sqlite3.sqlite_version_info < (3, 50):
        connection.create_function("unistr", 1, _unistr, deterministic=True)
    connection.execute("PRAGMA synchronous = OFF")  # the finished file is synced as a whole
    connection.execute("BEGIN")
    bounds, is_open = Bounds(connection), False
    with open_text(dump) as text:
        for number, source in enumerate(_statements(dump, bounds.counted(text.lines())), 1):
            bounds.begin()
            try:
                statement = _without_comments(dump, number, source)
                if found := _TRANSACTION.match(statement):
                    is_open = found[1].upper() == "BEGIN"
                elif statement:
                    _execute(connection, dump, number, statement)
            except (sqlite3.Error, ValueError) as error:
                raise _refusal(bounds, f"{dump}: statement {number}", error) from error
    if is_open:
        raise DatabaseUnavailable(f"{dump} is cut off: its transaction has no COMMIT. Export again.")
    connection.set_progress_handler(None, 0)
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None:
        raise DatabaseUnavailable(f"{dump} has no tables: the export failed, or this is the wrong file.")
    connection.execute("COMMIT")


def _statements(dump: Path, lines: Iterator[str]) -> Iterator[str]:
    """Split the text into statements, each with the comments before it."""
    length = 0

    def measured() -> Iterator[str]:
        nonlocal length
        for line in lines:
            length += len(line)
            if length > LONGEST_LINE:
                raise DatabaseUnavailable(f"{dump}: a statement has more than {LONGEST_LINE >> 20} MiB.")
            yield line

    for statement in split_statements(measured()):
        length = 0
        yield statement


def _execute(connection: sqlite3.Connection, dump: Path, number: int, statement: str) -> None:
    if _SKIPPED.match(statement):
        return
    if _ROLLBACK.match(statement):
        raise DatabaseUnavailable(f"{dump}: the export failed, because statement {number} is ROLLBACK. Export again.")
    if (pragma := _PRAGMA.match(statement)) and pragma[1].lower() not in KEPT_PRAGMAS:
        return
    try:
        connection.execute(statement).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table: sqlite_sequence" not in str(error):
            raise
        # Some tools write the counters before the tables that they belong to.
        connection.execute("CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        connection.execute("DROP TABLE counted")
        connection.execute(statement)


def _without_comments(dump: Path, number: int, text: str) -> str:
    """Remove the comments and the commands of the sqlite3 shell before a statement.

    Raises DatabaseUnavailable if a comment of the shell says that it could not read a table, or if a command of the
    shell would load another file.
    """
    statement = text
    while True:
        comments = _COMMENTS.match(statement)
        end = comments.end() if comments else 0
        if _EXPORT_ERROR.search(statement, 0, end):
            raise DatabaseUnavailable(
                f"{dump} is incomplete: a comment before statement {number} says that its database is damaged. "
                "Export it with the command .recover of the sqlite3 shell."
            )
        statement = statement[end:]
        if not statement.startswith("."):
            return statement
        command, _, statement = statement.partition("\n")
        if _LOADING.match(command):
            raise DatabaseUnavailable(
                f"{dump}: statement {number} is a command of the sqlite3 shell that reads another file: "
                "run the file in that shell, and pass the resulting database with --db."
            )


def _refusal(bounds: Bounds, subject: str, error: Exception) -> Exception:
    if refusal := bounds.refusal(error, subject):
        return refusal
    if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
        return error
    return DatabaseUnavailable(f"{subject} failed: {error}.")


def _unistr(text: object) -> str | None:
    r"""Replace \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX (https://www.sqlite.org/lang_corefunc.html#unistr)."""
    if text is None:
        return None
    replaced = _ESCAPE.sub(lambda found: chr(int(found[found.lastgroup] if found.lastgroup else "5C", 16)), str(text))
    return replaced.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# Statements of dumps that are not needed: VACUUM, statistics, and SQLite's own tables, which it creates itself.
_SKIPPED = re.compile(
    r"VACUUM\s*;?\s*$"
    r"|CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?[\"'`\[]?sqlite_"
    r"|(INSERT|REPLACE|DELETE)\s[^(]*?\b(INTO|FROM)\s+[\"'`\[]?sqlite_stat\d",
    re.IGNORECASE,
)

# One transaction holds the whole dump, so its own ones are not run.
_TRANSACTION = re.compile(r"(BEGIN|COMMIT|END)\b", re.IGNORECASE)

_ROLLBACK = re.compile(r"ROLLBACK(\s+TRANSACTION)?\s*(;|$)", re.IGNORECASE)

_PRAGMA = re.compile(r"PRAGMA\s+(?:[\"'`\[]?main[\"'`\]]?\s*\.\s*)?[\"'`\[]?(\w+)", re.IGNORECASE)

# Others would change how the file is written, or lift the limits for this connection.
KEPT_PRAGMAS = {"application_id", "legacy_alter_table", "user_version", "writable_schema"}

_COMMENTS = re.compile(r"(?:\s+|;|\ufeff|--[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)

# https://sqlite.org/src/file/src/shell.c.in
_EXPORT_ERROR = re.compile(r"/\*{4,6} (CORRUPTION )?ERROR\b")

_LOADING = re.compile(r"\.(read|import|restore|load|archive|ar|clone|shell|system)\b", re.IGNORECASE)

# Without digits, it is a doubled backslash.
_ESCAPE = re.compile(r"\\(?:\\|u?(?P<four>[0-9a-fA-F]{4})|\+(?P<six>[0-9a-fA-F]{6})|U(?P<eight>[0-9a-fA-F]{8}))")
