"""Pages of a list: a cursor says behind which row the next begins, so that rows added meanwhile shift none."""

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

Limit = Annotated[int, Field(ge=1, le=100, description="Most items of a page.")]
Cursor = Annotated[str, Field(max_length=1000, description="next_cursor of the page before.")]
Id = Annotated[int, Field(ge=0, lt=2**63)]


class Page(Answer):
    """The answer of a list; how many items it holds is bounded by `limit`, and by what an answer may weigh."""

    next_cursor: str | None = Field(description="Begins the next page; null on the last.")


def page_of(found: Sequence[Item], limit: int, room: int = ROOM) -> tuple[list[Item], bool]:
    """As many of the items as one page takes, and whether there are more; `found` is one more than `limit` at most."""
    page = list(found[: min(limit, fitting(found, room))])
    return page, len(found) > len(page)


def cursor_of(place: tuple[str | int, ...], asked: Mapping[str, object]) -> str:
    """The cursor that begins a page behind this place, in the list that was `asked` for."""
    text = json.dumps([_mark(asked), *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str | None, asked: Mapping[str, object], places: TypeAdapter[T]) -> T | None:
    """The place that a cursor stands for. Raises InvalidInput for one that was made for another list, or by hand."""
    if cursor is None:
        return None
    try:
        mark, *place = from_json(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if mark == _mark(asked):
            return places.validate_python(tuple(place), strict=True)
    except (ValueError, TypeError):
        pass
    raise InvalidInput(
        "cursor is not one that this list gave.",
        "Send next_cursor as it came, with the same arguments, or leave cursor out to begin.",
    )


def more_words(*, more: bool) -> str:
    return " There are more: send next_cursor as cursor." if more else ""


def _mark(asked: Mapping[str, object]) -> str:
    """A digest of the arguments, so that a cursor fits only the list it came from."""
    return hashlib.sha256(json.dumps(dict(asked), sort_keys=True, default=str).encode()).hexdigest()[:12]
