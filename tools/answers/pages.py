"""Keyset pagination: a cursor identifies the last row of a page, so that new rows don't shift the pages."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, Field
from pydantic_core import from_json

from tools.answers.bounds import ROOM, fitting
from tools.answers.errors import InvalidInput
from tools.tool import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import TypeAdapter

T = TypeVar("T")
Item = TypeVar("Item", bound=BaseModel)

Limit = Annotated[int, Field(ge=1, le=100, description="Page size.")]
Cursor = Annotated[str, Field(max_length=1000, description="next_cursor of the last page.")]
Id = Annotated[int, Field(ge=0, lt=2**63)]


class Page(Answer):
    """One page of a list, bounded by `limit` and by the size of an answer."""

    next_cursor: str | None = Field(description="Cursor of the next page; null if none.")


def page_of(found: Sequence[Item], limit: int, room: int = ROOM) -> tuple[list[Item], bool]:
    """Return the items that fit on a page, and True if there are more. `found` has up to `limit` + 1 items."""
    page = list(found[: min(limit, fitting(found, room))])
    return page, len(found) > len(page)


def cursor_of(place: tuple[str | int, ...], asked: Mapping[str, object]) -> str:
    """Return the cursor of the page that follows `place`, for the list with the arguments `asked`."""
    text = json.dumps([_mark(asked), *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str | None, asked: Mapping[str, object], places: TypeAdapter[T]) -> T | None:
    """Decode a cursor. Raises InvalidInput if it is malformed or belongs to another list."""
    if cursor is None:
        return None
    try:
        mark, *place = from_json(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if mark == _mark(asked):
            return places.validate_python(tuple(place), strict=True)
    except (ValueError, TypeError):
        pass
    raise InvalidInput(
        "cursor does not belong to this list.",
        "Send next_cursor unchanged, with the same arguments, or omit cursor to start over.",
    )


def more_words(*, more: bool) -> str:
    return " There are more: send next_cursor as cursor." if more else ""


def _mark(asked: Mapping[str, object]) -> str:
    """Hash the arguments of a list, so that a cursor can be matched to its list."""
    return hashlib.sha256(json.dumps(dict(asked), sort_keys=True, default=str).encode()).hexdigest()[:12]
