"""Statements and values as the Worker takes and returns them, and D1's limits.

https://developers.cloudflare.com/d1/platform/limits/
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any, cast

from database.errors import OverLimit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Row, Statement, Value

MOST_PARAMS = 100
LONGEST_STATEMENT = 100_000
LARGEST_VALUE = 2_000_000

# The Worker's own limit.
LARGEST_REQUEST = 8_000_000

# D1 binds every number as a double, and SQLite's integers end here.
_END_OF_INTEGERS = 2**63


def encode_request(label: str, statements: Sequence[Statement], **options: object) -> bytes:
    """Return the body of a request. Raises OverLimit, naming the limit, so that nothing over a limit is sent."""
    encoded = [{"sql": _sql(label, one.sql), "params": _params(label, one.params)} for one in statements]
    body = json.dumps({**options, "statements": encoded}, ensure_ascii=False, allow_nan=False).encode()
    _require(label, "a batch", len(body), LARGEST_REQUEST, "bytes")
    return body


def _sql(label: str, sql: str) -> str:
    _require(label, "a statement", len(sql.encode()), LONGEST_STATEMENT, "bytes")
    return sql.strip()


def _params(label: str, params: Sequence[Value]) -> list[Any]:
    _require(label, "a statement", len(params), MOST_PARAMS, "parameters")
    return [_param(label, value) for value in params]


def _param(label: str, value: object) -> object:
    if isinstance(value, bytes):
        _require(label, "a value", len(value), LARGEST_VALUE, "bytes")
        return {"blob": base64.b64encode(value).decode()}
    if isinstance(value, str):
        _require(label, "a value", len(value.encode()), LARGEST_VALUE, "bytes")
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None  # as SQLite does
        raise OverLimit(f"{label} cannot store an infinite number.")
    if isinstance(value, int) and (abs(value) > _END_OF_INTEGERS or int(float(value)) != value):
        raise OverLimit(f"{label} cannot store the integer {value} exactly: the limit is 2^53.")
    return value


def _require(label: str, what: str, size: int, most: int, unit: str) -> None:
    if size > most:
        raise OverLimit(
            f"{label} takes {what} of at most {most:,} {unit}, and this one has {size:,}: nothing was sent."
        )


def decode_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return the rows of one statement's result."""
    columns: list[str] = result["columns"]
    return [dict(zip(columns, map(_decode, row), strict=True)) for row in result["rows"]]


def _decode(value: Any) -> Any:  # noqa: ANN401 - a value of JSON
    if isinstance(value, dict):
        marked = cast("dict[str, str]", value)
        return base64.b64decode(marked["blob"]) if "blob" in marked else int(marked["big"])
    if isinstance(value, int) and abs(value) > _END_OF_INTEGERS:
        return float(value)
    return value
