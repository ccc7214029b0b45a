"""Pages of a list: a cursor says behind which row the next begins, so that rows added meanwhile shift none."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import Field

from tools.errors import InvalidInput

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

Limit = Annotated[int, Field(ge=1, le=100, description="Most items of a page.")]
Cursor = Annotated[str, Field(max_length=1000, description="next_cursor of the page before; none for the first.")]
Id = Annotated[int, Field(ge=0, lt=2**63)]


def cursor_of(place: tuple[str | int, ...]) -> str:
    """The cursor that begins a page behind this place."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(cursor: str | None, places: TypeAdapter[T]) -> T | None:
    """The place that a cursor stands for. Raises InvalidInput for one that was made for another list, or by hand."""
    if cursor is None:
        return None
    try:
        return places.validate_json(base64.urlsafe_b64decode(cursor + "=="))
    except ValueError as error:
        raise InvalidInput(
            "cursor is not one that this list gave.",
            "Send next_cursor of the page before, or leave cursor out to begin.",
        ) from error
