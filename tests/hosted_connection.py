"""A hosted database as a connection like sqlite3's, for tests that inspect or write rows as another program would."""

from __future__ import annotations

import base64
import sqlite3
from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, Any

from database.d1_values import decode_rows
from migrations.files import split_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workerd import Hosted

EFFECT: dict[str, Any] = {"sql": "SELECT last_insert_rowid() AS rowid, changes() AS changes", "params": []}

# D1 binds numbers as REAL, which holds integers up to here exactly.
EXACT = 2**53


class HostedCursor:
    """The rows of one statement, which have all been fetched. Without rows, the names of the columns are unknown."""

    def __init__(self, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], lastrowid: int, rowcount: int) -> None:
        self._rows = deque(rows)
        self.description = [(column, *[None] * 6) for column in columns]
        self.lastrowid = lastrowid
        self.rowcount = rowcount

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.popleft() if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while self._rows:
            yield self._rows.popleft()


class HostedConnection:
    """A connection in autocommit mode, in which D1 runs each statement. It has no transactions.

    Two columns of the same name become one, and a whole REAL is returned as an integer.
    """

    def __init__(self, hosted: Hosted) -> None:
        self._hosted = hosted

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> HostedCursor:
        result, effect = self._batch([_statement(sql, parameters), EFFECT])
        rows = [tuple(row.values()) for row in decode_rows(result)]
        [[rowid, changes]] = effect["rows"]
        return HostedCursor(result["columns"], rows, rowid, changes)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> None:
        """Run the statement with each of the parameters, all in one batch."""
        if statements := [_statement(sql, one) for one in parameters]:
            self._batch(statements)

    def executescript(self, script: str, /) -> None:
        """Run the statements of the script in one batch."""
        self._batch([_statement(sql, ()) for sql in split_statements(script.splitlines(keepends=True))])

    @cached_property
    def file(self) -> sqlite3.Connection:
        """A connection to D1's file, for reading much at once. What D1 answered, it has stored there."""
        return sqlite3.connect(f"{self._hosted.file.as_uri()}?mode=ro", uri=True, isolation_level=None)

    def close(self) -> None:
        if "file" in vars(self):
            self.file.close()

    def _batch(self, statements: Sequence[Mapping[str, Any]]) -> list[Any]:
        answer = self._hosted.post({"mode": "write", "statements": statements}).json()
        if "results" in answer:
            return answer["results"]
        constraint = answer["code"].startswith("SQLITE_CONSTRAINT")
        raise (sqlite3.IntegrityError if constraint else sqlite3.OperationalError)(answer["message"])


class InspectingConnection(HostedConnection):
    """A connection that sends writes to D1 and reads the database's file, a hundred times faster than D1 answers.

    Temporary tables are those of the connection to the file.
    """

    text_factory: Any = str

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        words = sql.split(maxsplit=4)
        first, last = words[0].upper(), words[-1].strip().upper()
        if first == "PRAGMA" and words[1] == "synchronous":
            return HostedCursor((), (), 0, 0)
        if first == "PRAGMA" and words[1] == "foreign_keys":
            assert last in {"ON", "1"}, "D1 cannot turn foreign keys off: the test needs a mark"
            return HostedCursor((), (), 0, 0)
        if first in {"SELECT", "EXPLAIN"} or " temp." in sql or (first == "PRAGMA" and "=" not in sql):
            self.file.text_factory = self.text_factory
            return self.file.execute(sql, parameters)
        return super().execute(sql, parameters)


def reading(connection: sqlite3.Connection | HostedConnection) -> sqlite3.Connection:
    """Return the connection, or for a hosted database one that reads its file, without a request for each query."""
    return connection.file if isinstance(connection, HostedConnection) else connection


def _statement(sql: str, parameters: Sequence[Any]) -> dict[str, Any]:
    return {"sql": sql.strip(), "params": [_bound(value) for value in parameters]}


def _bound(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"blob": base64.b64encode(value).decode()}
    if isinstance(value, int):
        assert abs(value) <= EXACT, value
        return int(value)
    return value
