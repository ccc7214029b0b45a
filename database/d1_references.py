"""Rows whose references are broken, on an engine whose foreign keys are always on.

Old databases have rows that refer to missing rows, and foreign keys that refer to no key of their parent. To store such
a table, a stand-in takes each parent's place while the rows are inserted. It has the keys that they refer to. SQLite
ignores a foreign key without an index in the parent when it drops the parent, so the stand-in's indexes go first.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, LiteralString, NamedTuple, cast

from database.d1_rows import chunks
from database.engine import Statement
from database.errors import DatabaseUnavailable
from database.exporting import Table, count_rows, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Reference(NamedTuple):
    """A foreign key: the child's table and columns, and the parent's."""

    child: str
    columns: tuple[str, ...]
    parent: str
    key: tuple[str, ...]


class Broken:
    """The broken references of a database: `tables` to insert under stand-ins, and `keyless` parents.

    A row of a keyless parent must be inserted by a statement of its own, which doesn't look for its children. Raises
    DatabaseUnavailable if stand-ins can't help.
    """

    def __init__(self, connection: sqlite3.Connection, tables: Sequence[Table]) -> None:
        self._connection = connection
        self.tables: list[Table] = []
        self.keyless: set[str] = set()
        for table in tables:
            try:
                broken = connection.execute(DANGLING, (table.name,)).fetchone() is not None
            except sqlite3.OperationalError:  # a foreign key refers to no key
                self.keyless |= {one.parent for one in references(connection, table)}
                broken = count_rows(connection, [table]) > 0
            if broken:
                self.tables.append(table)
        self._references = [one for table in self.tables for one in references(connection, table)]
        for one in self._references:
            if one.parent == one.child or not all(one.key):
                raise DatabaseUnavailable(
                    f"Rows of {one.child} refer to missing rows of {one.parent}, which a hosted database doesn't "
                    "accept: restore the export to a file, correct them there, and export it again."
                )

    def stand_ins(self, table: Table) -> tuple[list[Statement], list[Statement]]:
        """Return the statements that make the table's stand-ins, and those that remove them."""
        make: list[str] = []
        fill: list[Statement] = []
        remove: list[str] = []
        for parent in dict.fromkeys(one.parent for one in self._references if one.child == table.name):
            known = [one for one in self._references if one.parent == parent]
            columns = dict.fromkeys(column for one in known for column in one.key)
            make.append(f"CREATE TABLE {quoted(parent)} ({', '.join(map(quoted, columns))})")
            for number, key in enumerate(dict.fromkeys(one.key for one in known)):
                index = quoted(f"{parent} stand-in {number}")
                make.append(f"CREATE UNIQUE INDEX {index} ON {quoted(parent)} ({', '.join(map(quoted, key))})")
                remove.append(f"DROP INDEX {index}")
                fill += self._keys(parent, key, [one for one in known if one.child == table.name and one.key == key])
            remove.append(f"DROP TABLE {quoted(parent)}")
        return [*(Statement(_trusted(sql)) for sql in make), *fill], [Statement(_trusted(sql)) for sql in remove]

    def _keys(self, parent: str, key: tuple[str, ...], own: Sequence[Reference]) -> Iterator[Statement]:
        selected = " UNION ".join(
            f"SELECT DISTINCT {', '.join(map(quoted, one.columns))} FROM {quoted(one.child)} WHERE "
            + " AND ".join(f"{quoted(column)} IS NOT NULL" for column in one.columns)
            for one in own
        )
        if selected:
            rows = self._connection.execute(selected)
            yield from (chunk.statement for chunk in chunks(Table(parent, None, key, None, ()), rows))


def references(connection: sqlite3.Connection, table: Table) -> list[Reference]:
    """Return the table's foreign keys."""
    found: dict[int, list[tuple[str, str, str]]] = {}
    for number, parent, column, key in connection.execute(REFERENCES, (table.name,)):
        found.setdefault(number, []).append((parent, column, key))
    return [
        Reference(table.name, tuple(one[1] for one in parts), parts[0][0], tuple(one[2] for one in parts))
        for parts in found.values()
    ]


def parents_first(connection: sqlite3.Connection, tables: Sequence[Table]) -> list[Table]:
    """Order the tables so that each comes after those that its foreign keys refer to, as far as possible."""
    parents = {table.name: {one.parent for one in references(connection, table)} - {table.name} for table in tables}
    waiting: list[Table] = list(tables)
    ordered: list[Table] = []
    while waiting:
        left = {table.name for table in waiting}
        chosen = next((table for table in waiting if not parents[table.name] & left), waiting[0])
        waiting.remove(chosen)
        ordered.append(chosen)
    return ordered


def _trusted(sql: str) -> LiteralString:
    """Mark SQL as safe: its names come from the database and are quoted."""
    return cast("LiteralString", sql)


DANGLING: LiteralString = "SELECT 1 FROM pragma_foreign_key_check(?) LIMIT 1"

REFERENCES: LiteralString = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
