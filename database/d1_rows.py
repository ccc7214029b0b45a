"""Statements that insert rows of any content into a hosted database, many at a time.

The rows of a statement are one JSON parameter. JSON keeps integers that a bound number would round. What JSON has no
form for is an object: a blob {"b": hex}, a text {"t": hex}, a real {"m": integer, "k": power, "l": power} or infinity
{"inf": 1 or -1}.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, cast

from database.d1_values import LARGEST_VALUE
from database.engine import Statement
from database.exporting import NotUtf8, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from database.exporting import Table

# Bytes and rows of a statement, unless one row is longer.
CHUNK, MOST = 1_000_000, 5_000

# Digits of a real that every parser reads exactly.
EASY_DIGITS = 15

# The highest power of two that SQLite's integers shift by.
HIGHEST_SHIFT = 62


class Chunk(NamedTuple):
    """A statement that inserts so many rows."""

    rows: int
    statement: Statement


def chunks(table: Table, rows: Iterable[tuple[Any, ...]]) -> Iterator[Chunk]:
    """Yield the statements that insert the rows, in their order. A row starts with the row id, if that is separate."""
    texts: list[str] = []
    marked: set[int] = set()
    size = 0
    for row in rows:
        encoded = [_encoded(value) for value in row]
        text = json.dumps(encoded, ensure_ascii=False)
        length = len(text.encode()) + 1
        if texts and (size + length > CHUNK or len(texts) == MOST):
            yield _chunk(table, texts, marked)
            texts, marked, size = [], set[int](), 0
        if length + 2 > LARGEST_VALUE:
            yield Chunk(1, insert_one(table, row))
            continue
        texts.append(text)
        marked |= {at for at, value in enumerate(encoded) if isinstance(value, dict)}
        size += length
    if texts:
        yield _chunk(table, texts, marked)


def _chunk(table: Table, texts: Sequence[str], marked: set[int]) -> Chunk:
    names = _names(table)
    values = ", ".join(_expression(at, marked=at in marked) for at in range(len(names)))
    sql = f"{_insert(table, names)} SELECT {values} FROM json_each(?) e"
    return Chunk(len(texts), Statement(_trusted(sql), (f"[{','.join(texts)}]",)))


def _expression(at: int, *, marked: bool) -> str:
    plain = f"e.value ->> '$[{at}]'"
    if not marked:
        return plain
    field = {name: f"(e.value ->> '$[{at}].{name}')" for name in ("b", "t", "m", "k", "l", "inf")}
    return (
        f"iif(json_type(e.value, '$[{at}]') = 'object', coalesce(unhex({field['b']}), "
        f"CAST(unhex({field['t']}) AS TEXT), "
        f"CAST({field['m']} AS REAL) / (1 << {field['k']}) / (1 << {field['l']}), {field['inf']} * 9e999), {plain})"
    )


def insert_one(table: Table, row: Sequence[Any]) -> Statement:
    """Insert one row, with a parameter for each value."""
    names = _names(table)
    marks = ["CAST(? AS INTEGER)" if isinstance(one, int) else _mark(one) for one in row]
    values: list[Any] = [
        str(one) if isinstance(one, int) else one.raw if isinstance(one, NotUtf8) else one for one in row
    ]
    return Statement(_trusted(f"{_insert(table, names)} VALUES ({', '.join(marks)})"), values)


def _mark(value: object) -> str:
    return "CAST(? AS TEXT)" if isinstance(value, NotUtf8) else "?"


def _insert(table: Table, names: Sequence[str]) -> str:
    return f"INSERT INTO {quoted(table.name)} ({', '.join(names)})"


def _names(table: Table) -> list[str]:
    return ([table.rowid] if table.rowid else []) + [quoted(name) for name in table.columns]


def _encoded(value: Any) -> Any:  # noqa: ANN401 - any SQLite value
    if isinstance(value, bytes):
        return {"b": value.hex()}
    if isinstance(value, NotUtf8):
        return {"t": value.raw.hex()}
    if isinstance(value, str):
        return {"t": value.encode().hex()} if "\0" in value else value  # SQLite's JSON ends a text at a NUL
    return _encoded_real(value) if isinstance(value, float) else value


def _encoded_real(value: float) -> Any:  # noqa: ANN401 - JSON
    """Return the real, as a fraction if it has so many digits that SQLite can read them as a neighbouring number."""
    if math.isinf(value):
        return {"inf": 1 if value > 0 else -1}
    if sum(digit.isdigit() for digit in repr(value).partition("e")[0]) <= EASY_DIGITS:
        return value
    numerator, denominator = value.as_integer_ratio()
    power = denominator.bit_length() - 1
    first = min(power, HIGHEST_SHIFT)
    if power - first > HIGHEST_SHIFT or abs(numerator) > 2**53:
        return value
    return {"m": numerator, "k": first, "l": power - first}


def _trusted(sql: str) -> LiteralString:
    """Mark SQL as safe: its names come from the database and are quoted."""
    return cast("LiteralString", sql)
