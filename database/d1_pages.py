"""The pages in which a stream reads a query from a hosted database."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Row, Value

# Bytes of rows in a page.
PAGE = 4_000_000

# Rows of the first page, which the host can hold even if each is as large as it allows, and the most rows of any.
FIRST, MOST = 20, 50_000

# The most times that a page can have the rows of the last one.
GROWTH = 10


class Pages:
    """The pages of one query, in the order of its key. Each starts at the place where the last one ended.

    A place is the values of the key. Several rows can share one, and NULL comes first. The number of rows of a page is
    chosen by the size of the last one.
    """

    def __init__(self, sql: LiteralString, params: Sequence[Value], key: Sequence[LiteralString]) -> None:
        self.ended = False
        self._sql: LiteralString = sql
        self._params = params
        self._key: Sequence[LiteralString] = key
        self._place: list[Value] | None = None
        self._at_place = 0  # rows of the place that were read
        self._count = FIRST

    def next(self) -> Statement:
        """Build the query for the next page."""
        text: LiteralString = "SELECT * FROM (" + self._sql + ")"
        values = [*self._params]
        if self._place is not None:
            condition, compared = _from_place(self._key, self._place)
            text += " WHERE " + condition
            values += compared
            if self._place[0] is not None:
                text += " AND " + self._key[0] + " >= ?"  # lets SQLite seek
                values.append(self._place[0])
        order: LiteralString = ", ".join(self._key)
        text += " ORDER BY " + order + " LIMIT CAST(? AS INTEGER) OFFSET CAST(? AS INTEGER)"
        return Statement(text, (*values, self._count, self._at_place))

    def read(self, rows: Sequence[Row], size: int, *, more: bool) -> None:
        """Note the rows of a page, and its size in bytes. `more` is True if the page was cut."""
        for row in rows:
            place = [row[column] for column in self._key]
            self._at_place = self._at_place + 1 if place == self._place else 1
            self._place = place
        self.ended = not more and len(rows) < self._count
        self._count = min(max(PAGE * len(rows) // size, 1), GROWTH * self._count, MOST)

    def shrink(self) -> bool:
        """Make the next page as small as the first. Return False if it was already."""
        smaller, self._count = self._count > FIRST, min(FIRST, self._count)
        return smaller


def _from_place(key: Sequence[LiteralString], place: Sequence[Value]) -> tuple[LiteralString, list[Value]]:
    """Return the condition that a row is at the place or after it, and its parameters."""
    if not key:
        return "true", []
    column, value = key[0], place[0]
    rest, values = _from_place(key[1:], place[1:])
    after: LiteralString = column + " IS NOT NULL" if value is None else column + " > ?"
    at: LiteralString = column + " IS NULL" if value is None else column + " = ?"
    own: list[Value] = [] if value is None else [value]
    return "(" + after + " OR " + at + " AND " + rest + ")", [*own, *own, *values]
