"""Restoration of an export into a new file. The file is verified before it gets its final name."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from database.bounds import Bounds
from database.errors import DatabaseUnavailable, translated
from database.exporting import (
    COUNTERS,
    FORMAT,
    KEPT_PRAGMAS,
    Contents,
    contents_of,
    quoted,
    tables_of,
    text_or_bytes,
)
from database.files import create_file
from database.progress import TOLD_EACH, Progress, part, untold
from database.quoting import as_word
from database.text_files import open_text
from database.whole_file import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from database.exporting import Table
    from database.text_files import TextFile


def restore_export(export: Path, target: Path, progress: Progress = untold) -> Contents:
    """Restore an export to `target`, which must not exist yet.

    On failure, raises DatabaseUnavailable with the problem and its line, and leaves no file behind.
    """
    with whole_file(target, "pass a new file path with --db.") as scratch, open_text(export) as text:
        create_file(scratch)
        with translated(str(scratch)), closing(sqlite3.connect(scratch, isolation_level=None)) as connection:
            connection.text_factory = text_or_bytes
            bounds = Bounds(connection)
            stated = _Loader(connection, bounds, text).load(part(progress, 0, 2))
            bounds.begin(timed=False)
            try:
                actual = contents_of(connection, part(progress, 1, 2))
            except sqlite3.Error as error:
                raise bounds.refusal(error, f"{text.name}: reading its tables") or error from error
        _require_equal(text.name, stated, actual)
    return actual


class _Loader:
    """Loads one export into an empty database."""

    def __init__(self, connection: sqlite3.Connection, bounds: Bounds, text: TextFile) -> None:
        self._connection = connection
        self._bounds = bounds
        self._text = text
        self._tables: dict[str, Table] = {}
        self._counters: list[dict[str, Any]] = []
        self._end: dict[str, Any] | None = None

    def load(self, progress: Progress) -> dict[str, Any]:
        """Load all lines in one transaction with constraints off; return the counts and digests in the last line."""
        # The finished file is synced as a whole.
        for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON", "synchronous = OFF"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN")
        for number, line in enumerate(self._bounds.counted(self._text.lines()), 1):
            self._bounds.begin()
            try:
                self._take(number, _object(json.loads(line)))
            except (sqlite3.Error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
                raise self._refusal(number, error) from error
            if self._text.size and number % TOLD_EACH == 0:
                progress(self._text.position, self._text.size)
        if self._end is None:
            raise DatabaseUnavailable(f"{self._text.name} is incomplete: the export was interrupted. Run it again.")
        self._connection.execute("COMMIT")
        progress(1, 1)
        return self._end

    def _refusal(self, number: int, error: Exception) -> Exception:
        where = f"{self._text.name}: line {number}"
        if refusal := self._bounds.refusal(error, where):
            return refusal
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
            return error
        return DatabaseUnavailable(f"{where} cannot be restored: {error}.")

    def _take(self, number: int, line: dict[str, Any]) -> None:
        if number == 1:
            self._begin(line)
        elif self._end is not None:
            raise ValueError("it comes after the end of the export")
        elif line.get("row_of") == COUNTERS:
            self._counters.append(line["values"])
        elif "row_of" in line:
            self._insert(self._table(line["row_of"]), line.get("rowid"), line["values"])
        elif "sql" in line:
            self._create(line["sql"])
        elif "end" in line:
            self._set_counters()
            self._end = line["end"]
        else:
            raise ValueError("it is not a line of an export")

    def _begin(self, line: dict[str, Any]) -> None:
        if line.get("voygen") != "export":
            raise ValueError("not a voygen export")
        if line["format"] != FORMAT:
            raise ValueError(f"unknown export format {line['format']}: update voygen")
        for name in KEPT_PRAGMAS:
            self._connection.execute(f"PRAGMA {name} = {int(line['pragmas'][name])}")

    def _create(self, sql: str) -> None:
        if not sql.lstrip().upper().startswith("CREATE"):
            raise ValueError("not a CREATE statement")
        self._connection.execute(sql)

    def _set_counters(self) -> None:
        """Set the AUTOINCREMENT counters last, because every insert changes them."""
        if any(table.name == COUNTERS for table in tables_of(self._connection)):
            self._connection.execute(f"DELETE FROM {COUNTERS}")
            for values in self._counters:
                self._insert(self._table(COUNTERS), None, values)

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            self._tables = {table.name: table for table in tables_of(self._connection)}
        return self._tables[name]

    def _insert(self, table: Table, rowid: int | None, values: dict[str, Any]) -> None:
        if set(values) != set(table.columns):
            raise ValueError(f"columns differ from those of table {table.name}")
        columns = ([table.rowid] if table.rowid else []) + [quoted(name) for name in table.columns]
        row = ([rowid] if table.rowid else []) + [values[name] for name in table.columns]
        marks = ["CAST(? AS TEXT)" if isinstance(one, dict) and "text" in one else "?" for one in row]
        self._connection.execute(
            f"INSERT INTO {quoted(table.name)} ({', '.join(columns)}) VALUES ({', '.join(marks)})",
            [_from_json(one) for one in row],
        )


def _object(line: object) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the file is wrong, not the caller
    return cast("dict[str, Any]", line)


def _from_json(value: Any) -> Any:  # noqa: ANN401 - any SQLite value
    if not isinstance(value, dict):
        return value
    ((kind, text),) = cast("dict[str, str]", value).items()
    return float(text) if kind == "real" else bytes.fromhex(text)


def _require_equal(name: str, stated: dict[str, Any], actual: Contents) -> None:
    if tables := differing(stated, actual):
        raise DatabaseUnavailable(f"{name} was changed or damaged: the row counts or digests don't match for {tables}.")


def differing(stated: dict[str, Any], actual: Contents) -> str:
    """Return the names of the tables whose row count or digest is not as stated, or ""."""
    counted = actual.as_json()
    tables = sorted(table for table in {*stated, *counted} if stated.get(table) != counted.get(table))
    return ", ".join(map(as_word, tables))
