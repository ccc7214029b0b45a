"""Export of a hosted database, in pages, with the same lines and digests as `database.exporting`.

There is no snapshot of a whole hosted database. So an export counts only if nothing changed while it was read: the
bookmark is the same afterwards, or else every table's digest is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, cast

from database.engine import Statement
from database.errors import DatabaseUnavailable
from database.exporting import (
    BATCH_IDS,
    COLUMNS,
    FORMAT,
    KEPT_PRAGMAS,
    OTHER_OBJECTS,
    TABLES,
    Contents,
    NotUtf8,
    as_line,
    make_table,
    quoted,
)
from database.progress import Counter, Progress, part, untold

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from typing import TextIO

    from database.d1 import D1Database
    from database.engine import Row
    from database.exporting import Table

# Attempts to read a database while nothing changes it.
TRIES = 3


async def export_hosted(db: D1Database, out: TextIO, about: dict[str, Any], progress: Progress = untold) -> int:
    """Write the export to `out`, a file that can be rewound, and return the number of lines.

    Raises DatabaseUnavailable if the database kept changing.
    """
    for number in range(TRIES):
        out.seek(0)
        out.truncate()
        before = await db.bookmark()
        lines, contents = 0, Contents()
        async for line in _lines(db, about, contents, part(progress, number, TRIES)):
            out.write(line + "\n")
            lines += 1
        if await db.bookmark() == before or await contents_of(db) == contents:
            progress(1, 1)
            return lines
    raise DatabaseUnavailable(
        f"{db.label} kept changing while it was exported: stop the servers and other programs that use it, then run "
        "the export again."
    )


async def contents_of(db: D1Database, progress: Progress = untold) -> Contents:
    """Compute the counts and digests that an export would contain."""
    contents = Contents()
    tables = await tables_of(db)
    counter = Counter(progress, await _count(db, tables))
    for table in tables:
        async for _ in _row_lines(db, table, contents, counter):
            pass
    counter.done()
    return contents


async def tables_of(db: D1Database) -> list[Table]:
    """Return the tables in creation order, with the AUTOINCREMENT counters last, if any."""
    listed = [row for row in await db.read(TABLES) if row["name"] != RESTORING]
    queries = [Statement(COLUMNS, (row["name"],)) for row in listed]
    columns = await db.read_many(queries)
    tables: list[Table] = []
    for row, query in zip(listed, queries, strict=True):
        info = [tuple(column.values()) for column in columns.of(query)]
        tables.append(make_table(row["name"], row["sql"], row["type"], row["wr"], cast("list[Any]", info)))
    return tables


async def _lines(db: D1Database, about: dict[str, Any], contents: Contents, progress: Progress) -> AsyncGenerator[str]:
    yield as_line({"voygen": "export", "format": FORMAT, **about, "pragmas": dict.fromkeys(KEPT_PRAGMAS, 0)})
    tables = await tables_of(db)
    counter = Counter(progress, await _count(db, tables))
    for table in tables:
        if table.sql:
            yield as_line({"table": table.name, "sql": table.sql})
        async for line in _row_lines(db, table, contents, counter):
            yield line
    for row in await db.read(OTHER_OBJECTS):
        yield as_line({"object": row["name"], "sql": row["sql"]})
    yield as_line({"end": contents.as_json()})


async def _count(db: D1Database, tables: Sequence[Table]) -> int:
    counts = [Statement(_trusted(f"SELECT count(*) AS n FROM {quoted(table.name)}")) for table in tables]
    counted = await db.read_many(counts)
    return sum(counted.of(one)[0]["n"] for one in counts)


async def _row_lines(db: D1Database, table: Table, contents: Contents, counter: Counter) -> AsyncGenerator[str]:
    """Yield a line for each row of the table, then add the table's row count and digest to `contents`."""
    with contents.counted(table) as take:
        if table.name == BATCH_IDS:
            return
        keys = [f"k{at}" for at in range(len(table.order))]
        columns = [
            *(f"{one} AS {key}" for one, key in zip(table.order, keys, strict=True)),
            *(f"{_exactly(quoted(one))} AS c{at}" for at, one in enumerate(table.columns)),
            " || ".join(f"substr(typeof({quoted(one)}), 1, 1)" for one in table.columns) + " AS kinds",
        ]
        query = _trusted(f"SELECT {', '.join(columns)} FROM {quoted(table.name)}")
        async for row in db.stream(query, key=[_trusted(key) for key in keys]):
            values = [_value(kind, row[f"c{at}"]) for at, kind in enumerate(row["kinds"])]
            if any(isinstance(value, str) and REPLACED in value for value in values):
                values = await _bytes(db, table, row, values)
            yield take(row["k0"] if table.rowid else None, values)
            counter.count()


def _exactly(column: str) -> str:
    """Return an expression for the column's value, as text if JSON has no such number or JavaScript rounds it."""
    far = f"({column} > 9007199254740991 OR {column} < -9007199254740991)"
    inexact = f"typeof({column}) = 'integer' AND {far} OR typeof({column}) = 'real' AND {column} IN (9e999, -9e999)"
    return f"iif({inexact}, CAST({column} AS TEXT), {column})"


def _value(kind: str, value: Any) -> Any:  # noqa: ANN401 - any SQLite value
    """Return the value in the type of which it is stored: JavaScript has one type for numbers."""
    if kind == "r":
        return float(value)
    return int(value) if kind == "i" else value


async def _bytes(db: D1Database, table: Table, row: Row, values: list[Any]) -> list[Any]:
    """Read the texts again as bytes: the host replaces what is not UTF-8."""
    suspects = [at for at, value in enumerate(values) if isinstance(value, str) and REPLACED in value]
    chosen = ", ".join(f"hex(CAST({quoted(table.columns[at])} AS BLOB)) AS c{at}" for at in suspects)
    place = " AND ".join(f"{one} IS ?" for one in table.order)
    sql = _trusted(f"SELECT {chosen} FROM {quoted(table.name)} WHERE {place}")
    keys = [row[f"k{at}"] for at in range(len(table.order))]
    for found in await db.read(sql, keys):
        for at in suspects:
            raw = bytes.fromhex(found[f"c{at}"])
            try:
                values[at] = raw.decode()
            except UnicodeDecodeError:
                values[at] = NotUtf8(raw)
    return values


# The table of a restoration that isn't complete.
RESTORING = "unfinished_restore"

# Stands for each piece of a text that is not UTF-8.
REPLACED = "\ufffd"


def _trusted(sql: str) -> LiteralString:
    """Mark SQL as safe: its names come from the database and are quoted."""
    return cast("LiteralString", sql)
