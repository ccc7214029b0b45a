"""Export of a whole database as JSON lines: a consistent snapshot that `database.importing` can restore.

The first line is a header. Then come the tables, each followed by its rows, then the indexes, views and triggers. The
last line has each table's row count and a digest of its rows. Values are plain JSON, with three exceptions: a BLOB is
{"blob": hex}, text that is not UTF-8 is {"text": hex}, and an infinity is {"real": "inf" or "-inf"}.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from database.errors import translated
from database.files import looking_uri, require_file
from database.progress import Counter, Progress, untold

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

FORMAT = 1

# Time to wait for a lock of another program, in seconds.
PATIENCE = 30.0


@dataclass
class Contents:
    """Row counts and digests by table. A digest is the hexadecimal SHA-256 of the table's row lines."""

    rows: dict[str, int] = field(default_factory=dict[str, int])
    digests: dict[str, str] = field(default_factory=dict[str, str])

    def as_json(self) -> dict[str, Any]:
        return {name: {"rows": self.rows[name], "sha256": self.digests[name]} for name in self.rows}


@dataclass(frozen=True)
class Table:
    """A table to export. `rowid` is a name that selects the row id, or None if it is a column or doesn't exist."""

    name: str
    sql: str | None
    columns: tuple[str, ...]
    rowid: str | None
    order: tuple[str, ...]


@contextmanager
def opened_as_of_now(path: Path) -> Generator[sqlite3.Connection]:
    """Open a connection that reads a snapshot of the file, unaffected by writers. Raises DatabaseError."""
    require_file(path)
    with (
        translated(str(path)),
        closing(sqlite3.connect(looking_uri(path), PATIENCE, uri=True, isolation_level=None)) as connection,
    ):
        connection.text_factory = text_or_bytes
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master")
        yield connection


def export_lines(connection: sqlite3.Connection, about: dict[str, Any], progress: Progress = untold) -> Iterator[str]:
    """Yield the lines of an export, without line ends. `about` is added to the header."""
    pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in KEPT_PRAGMAS}
    yield _json({"voygen": "export", "format": FORMAT, **about, "pragmas": pragmas})
    tables, contents = tables_of(connection), Contents()
    counter = Counter(progress, count_rows(connection, tables))
    for table in tables:
        if table.sql:
            yield _json({"table": table.name, "sql": table.sql})
        yield from row_lines(connection, table, contents, counter)
    for name, sql in connection.execute(OTHER_OBJECTS):
        yield _json({"object": name, "sql": sql})
    yield _json({"end": contents.as_json()})
    counter.done()


def contents_of(connection: sqlite3.Connection, progress: Progress = untold) -> Contents:
    """Compute the counts and digests that an export would contain."""
    tables, contents = tables_of(connection), Contents()
    counter = Counter(progress, count_rows(connection, tables))
    for table in tables:
        for _ in row_lines(connection, table, contents, counter):
            pass
    counter.done()
    return contents


def tables_of(connection: sqlite3.Connection) -> list[Table]:
    """Return the tables in creation order, with the AUTOINCREMENT counters last, if any."""
    return [_table(connection, *row) for row in connection.execute(TABLES).fetchall()]


def count_rows(connection: sqlite3.Connection, tables: Sequence[Table]) -> int:
    return sum(connection.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchone()[0] for table in tables)


def row_lines(connection: sqlite3.Connection, table: Table, contents: Contents, counter: Counter) -> Iterator[str]:
    """Yield a line for each row of the table, then add the table's row count and digest to `contents`."""
    columns = ([table.rowid] if table.rowid else []) + [quoted(name) for name in table.columns]
    order = f" ORDER BY {', '.join(table.order)}" if table.order else ""
    sha, rows = hashlib.sha256(), 0
    for row in connection.execute(f"SELECT {', '.join(columns)} FROM {quoted(table.name)}{order}"):
        numbered, values = ({"rowid": row[0]}, row[1:]) if table.rowid else ({}, row)
        held = dict(zip(table.columns, map(to_json, values), strict=True))
        line = _json({"row_of": table.name, **numbered, "values": held})
        sha.update(line.encode() + b"\n")
        rows += 1
        yield line
        counter.count()
    contents.rows[table.name], contents.digests[table.name] = rows, sha.hexdigest()


def text_or_bytes(raw: bytes) -> str | NotUtf8:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NotUtf8(raw)


@dataclass(frozen=True)
class NotUtf8:
    """A text value that is not valid UTF-8."""

    raw: bytes


def to_json(value: Any) -> Any:  # noqa: ANN401 - any SQLite value
    if isinstance(value, bytes):
        return {"blob": value.hex()}
    if isinstance(value, NotUtf8):
        return {"text": value.raw.hex()}
    if isinstance(value, float) and math.isinf(value):
        return {"real": str(value)}
    return value


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table(connection: sqlite3.Connection, name: str, sql: str | None, kind: str, without_rowid: int) -> Table:
    info = connection.execute("SELECT name, upper(type), pk FROM pragma_table_info(?) ORDER BY cid", (name,)).fetchall()
    columns = tuple(column for column, _, _ in info)
    key = [(place, column, type_) for column, type_, place in info if place]
    if name == COUNTERS:
        return Table(name, sql, columns, None, ("name", "seq"))
    if without_rowid:
        return Table(name, sql, columns, None, tuple(quoted(column) for _, column, _ in sorted(key)))
    taken = {column.lower() for column in columns}
    rowid = next((one for one in ("rowid", "_rowid_", "oid") if one not in taken), None)
    numbered = len(key) == 1 and key[0][2] == "INTEGER" and kind == "table"
    return Table(name, sql, columns, None if numbered else rowid, (rowid,) if rowid else ())


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# SQLite's table of the highest id that each AUTOINCREMENT table has ever assigned.
COUNTERS = "sqlite_sequence"

# Fields of the database file's header that an export keeps.
KEPT_PRAGMAS = ("application_id", "user_version")

# Omits shadow tables, which belong to a full-text index, and statistics tables, which SQLite recreates.
TABLES = """
SELECT l.name, iif(l.name = 'sqlite_sequence', NULL, m.sql), l.type, l.wr
FROM pragma_table_list l LEFT JOIN sqlite_master m ON m.name = l.name AND m.type = 'table'
WHERE l.schema = 'main'
  AND (l.type IN ('table', 'virtual') AND substr(l.name, 1, 7) <> 'sqlite_' OR l.name = 'sqlite_sequence')
ORDER BY l.name = 'sqlite_sequence', m.rowid
"""

OTHER_OBJECTS = """
SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL
ORDER BY type = 'trigger', rowid
"""
