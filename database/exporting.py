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
from typing import TYPE_CHECKING, Any, LiteralString

from database.errors import translated
from database.files import looking_uri, require_file
from database.progress import Counter, Progress, untold

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

FORMAT = 1

# Time to wait for a lock of another program, in seconds.
PATIENCE = 30.0


@dataclass
class Contents:
    """Row counts and digests by table. A digest is the hexadecimal SHA-256 of the table's row lines."""

    rows: dict[str, int] = field(default_factory=dict[str, int])
    digests: dict[str, str] = field(default_factory=dict[str, str])

    @contextmanager
    def counted(self, table: Table) -> Generator[Callable[[int | None, Sequence[Any]], str]]:
        """Count and digest the table's rows: the function given turns each, in order, into its line."""
        sha, rows = hashlib.sha256(), 0

        def take(rowid: int | None, values: Sequence[Any]) -> str:
            nonlocal rows
            numbered = {"rowid": rowid} if table.rowid else {}
            held = dict(zip(table.columns, map(to_json, values), strict=True))
            line = as_line({"row_of": table.name, **numbered, "values": held})
            sha.update(line.encode() + b"\n")
            rows += 1
            return line

        yield take
        self.rows[table.name], self.digests[table.name] = rows, sha.hexdigest()

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
        closing(sqlite3.connect(looking_uri(path), timeout=PATIENCE, uri=True, isolation_level=None)) as connection,
    ):
        connection.text_factory = text_or_bytes
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master")
        yield connection


def export_lines(connection: sqlite3.Connection, about: dict[str, Any], progress: Progress = untold) -> Iterator[str]:
    """Yield the lines of an export, without line ends. `about` is added to the header."""
    pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in KEPT_PRAGMAS}
    yield as_line({"voygen": "export", "format": FORMAT, **about, "pragmas": pragmas})
    tables, contents = tables_of(connection), Contents()
    counter = Counter(progress, count_rows(connection, tables))
    for table in tables:
        if table.sql:
            yield as_line({"table": table.name, "sql": table.sql})
        yield from row_lines(connection, table, contents, counter)
    for name, sql in connection.execute(OTHER_OBJECTS):
        yield as_line({"object": name, "sql": sql})
    yield as_line({"end": contents.as_json()})
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
    with contents.counted(table) as take:
        for row in rows_of(connection, table):
            rowid, values = (row[0], row[1:]) if table.rowid else (None, row)
            yield take(rowid, values)
            counter.count()


def rows_of(connection: sqlite3.Connection, table: Table) -> Iterable[tuple[Any, ...]]:
    """Read the rows in order: the row id, if the table has a separate one, then the columns."""
    if table.name == BATCH_IDS:
        return []
    columns = ([table.rowid] if table.rowid else []) + [quoted(name) for name in table.columns]
    order = f" ORDER BY {', '.join(table.order)}" if table.order else ""
    return connection.execute(f"SELECT {', '.join(columns)} FROM {quoted(table.name)}{order}")


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
    return make_table(name, sql, kind, without_rowid, connection.execute(COLUMNS, (name,)).fetchall())


def make_table(
    name: str, sql: str | None, kind: str, without_rowid: int, info: Sequence[tuple[str, str, int]]
) -> Table:
    """Describe a table; `info` is what COLUMNS returns."""
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


def as_line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# SQLite's table of the highest id that each AUTOINCREMENT table has ever assigned.
COUNTERS = "sqlite_sequence"

# The ids of batches that reached a hosted database. They mean nothing elsewhere, so these rows are not exported.
BATCH_IDS = "batch_ids"

# Fields of the database file's header that an export keeps.
KEPT_PRAGMAS = ("application_id", "user_version")

COLUMNS: LiteralString = "SELECT name, upper(type), pk FROM pragma_table_info(?) ORDER BY cid"

# Omits shadow tables, which belong to a full-text index, statistics tables, which SQLite recreates, and tables of the
# hosted engine's own.
TABLES: LiteralString = """
SELECT l.name, iif(l.name = 'sqlite_sequence', NULL, m.sql) AS sql, l.type, l.wr
FROM pragma_table_list l LEFT JOIN sqlite_master m ON m.name = l.name AND m.type = 'table'
WHERE l.schema = 'main'
  AND substr(l.name, 1, 4) <> '_cf_'
  AND (l.type IN ('table', 'virtual') AND substr(l.name, 1, 7) <> 'sqlite_' OR l.name = 'sqlite_sequence')
ORDER BY l.name = 'sqlite_sequence', m.rowid
"""

OTHER_OBJECTS: LiteralString = """
SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL
ORDER BY type = 'trigger', rowid
"""
