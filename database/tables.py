"""Generic access to tables: their columns and row counts, and SQL that turns rows into JSON and back."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING, LiteralString, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Database, Row

# What is told of a column.
COLUMN = ("name", "type", "required", "in_primary_key")

# Tables whose rows one query counts. The hosted engine allows 100 columns.
AT_ONCE = 50


async def tables(db: Database) -> list[str]:
    """Return the names of all tables, except internal tables of the engine and of full-text indexes."""
    return [row["name"] for row in await db.read(TABLES)]


async def columns(db: Database, table: str) -> list[Row]:
    """Return the table's columns in order: name, type, required, in_primary_key. Empty if the table does not exist."""
    return await db.read(COLUMNS, (table,))


async def every_column(db: Database) -> dict[str, list[Row]]:
    """Return the columns of each of the `tables`, as `columns` does, in one query."""
    found: dict[str, list[Row]] = {}
    for row in await db.read(EVERY_COLUMN):
        found.setdefault(row["of_table"], []).append({name: row[name] for name in COLUMN})
    return found


async def count_rows(db: Database, names: Sequence[str]) -> list[int]:
    """Count the rows of each table. The names must come from `tables`."""
    groups = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
    counted = await gather(*(db.read(_counting(some)) for some in groups))
    return [row[name] for some, (row,) in zip(groups, counted, strict=True) for name in some]


def _counting(names: Sequence[str]) -> LiteralString:
    """Build a query for the number of rows of each table, each in a column of its own."""
    counts: list[LiteralString] = ["(SELECT count(*) FROM " + _name(name) + ") AS " + _name(name) for name in names]
    chosen: LiteralString = ", ".join(counts)
    return "SELECT " + chosen


def row_as_json(alias: LiteralString, names: Sequence[str]) -> LiteralString:
    """Build an SQL expression for a JSON object of a row's columns `names`. A BLOB becomes hexadecimal text.

    `names` must come from the database. json_object(…) is not used, because the hosted engine limits it to 32
    arguments.
    """
    value: LiteralString = "iif(typeof(@c) = 'blob', lower(hex(@c)), @c)"
    pairs: list[LiteralString] = [_text(name) + ", " + value.replace("@c", alias + "." + _name(name)) for name in names]
    rows: LiteralString = "), (".join(pairs)
    return "json((SELECT json_group_object(column1, column2) FROM (VALUES (" + rows + "))))"


def names_listed(names: Sequence[str]) -> LiteralString:
    """Build an INSERT's column list."""
    quoted: list[LiteralString] = [_name(name) for name in names]
    return ", ".join(quoted)


def rows_of_json(array: LiteralString, names: Sequence[str]) -> LiteralString:
    """Build a query that turns a JSON array of objects into rows with these columns. A missing key becomes NULL."""
    columns: list[LiteralString] = [
        "max(f.value) FILTER (WHERE f.key = " + _text(name) + ") AS " + _name(name) for name in names
    ]
    chosen: LiteralString = ", ".join(columns)
    return "SELECT " + chosen + " FROM json_each(" + array + ") e, json_each(e.value) f GROUP BY e.key"


def values_listed(alias: LiteralString, names: Sequence[str], instead: Mapping[str, LiteralString]) -> LiteralString:
    """Build a SELECT list of a row's columns. `instead` maps columns to expressions that replace them."""
    values: list[LiteralString] = [instead.get(name, alias + "." + _name(name)) for name in names]
    return ", ".join(values)


def search(table: str, key: LiteralString, column: str, template: LiteralString) -> LiteralString:
    """Fill in a query's @table, @key and @column. `table` and `column` must come from the database."""
    return template.replace("@table", _name(table)).replace("@key", key).replace("@column", _name(column))


def _name(name: str) -> LiteralString:
    return _trusted('"' + name.replace('"', '""') + '"')


def _text(name: str) -> LiteralString:
    return _trusted("'" + name.replace("'", "''") + "'")


def _trusted(quoted: str) -> LiteralString:
    """Mark a quoted name from the database as safe SQL. All other SQL in this module is constant."""
    return cast("LiteralString", quoted)


TABLES: LiteralString = """
SELECT m.name FROM sqlite_master m
JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name
WHERE m.type = 'table' AND l.type IN ('table', 'virtual')
  AND substr(m.name, 1, 7) <> 'sqlite_' AND substr(m.name, 1, 4) <> '_cf_'
ORDER BY m.name
"""

COLUMNS: LiteralString = """
SELECT name, type, "notnull" AS required, pk > 0 AS in_primary_key FROM pragma_table_info(?) ORDER BY cid
"""

EVERY_COLUMN: LiteralString = """
SELECT m.name AS of_table, p.name, p.type, p."notnull" AS required, p.pk > 0 AS in_primary_key
FROM sqlite_master m
JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name
JOIN pragma_table_info(m.name) p
WHERE m.type = 'table' AND l.type IN ('table', 'virtual')
  AND substr(m.name, 1, 7) <> 'sqlite_' AND substr(m.name, 1, 4) <> '_cf_'
ORDER BY m.name, p.cid
"""
