"""Split fields that are too long for one answer into parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, cast

from pydantic import BaseModel, Field, TypeAdapter

from tools.answers.bounds import weight
from tools.answers.errors import InvalidInput
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Cursor = Annotated[str, Field(max_length=200, description="A cursor from `more`: the rest of a field.")]


class Rest(BaseModel):
    """A field that is shown only in part."""

    field: str = Field(description="The field.")
    shown: int = Field(description="How much was shown so far.")
    total: int = Field(description="How much there is.")
    unit: str = Field(description="Unit: items, or characters of its text or JSON.")
    cursor: str = Field(description="Send as cursor for the next part.")


class Part(BaseModel):
    """The next part of a field."""

    field: str = Field(description="The field.")
    value: Any = Field(description="Its next items, or more of its text or JSON.")


class Place(NamedTuple):
    """The position where a part of `field` starts, in units. `of` is trip or client, and `number` is its id."""

    of: str
    number: int
    field: str
    unit: Literal["", "items", "characters"] = ""
    start: Annotated[int, Field(ge=0)] = 0


_PLACES = TypeAdapter(Place)


def divided(of: str, number: int, fields: Mapping[str, Any], room: int) -> tuple[dict[str, Any], list[Rest]]:
    """Fit the fields into `room` bytes; return them, and a Rest for each field that was cut.

    Short fields are complete; long ones share the remaining room.
    """
    shown: dict[str, Any] = {}
    rests: list[Rest] = []
    weights = {name: weight(value) for name, value in fields.items()}
    for at, name in enumerate(sorted(fields, key=weights.__getitem__)):
        share = room // (len(fields) - at)
        shown[name], rest = _piece(Place(of, number, name), fields[name], share)
        rests += rest
        room -= min(share, weight(shown[name]))
    return {name: shown[name] for name in fields}, rests


def following(place: Place, value: object, room: int) -> tuple[Part, list[Rest]]:
    """Return the part of the field that starts at `place` and fits into `room` bytes, and a Rest if more is left."""
    piece, rest = _piece(place, value, room)
    return Part(field=place.field, value=piece), rest


def words(rests: Sequence[Rest]) -> str:
    """Describe the fields that are shown only in part."""
    fields = ", ".join(f"{rest.field} ({rest.shown} of {rest.total} {rest.unit})" for rest in rests)
    return f" Only in part: {fields}; send a cursor from `more` for the rest." if fields else ""


def is_cursor(cursor: str) -> bool:
    """Return True for a cursor from `more`, and False for a page's cursor."""
    return cursor.startswith("[")


def place_of(cursor: str, of: str, fields: Collection[str]) -> Place:
    """Decode a cursor. Raises InvalidInput if it is not for one of these fields."""
    try:
        place = _PLACES.validate_json(cursor)
    except ValueError:
        place = None
    if place is None or place.of != of or place.field not in fields:
        raise InvalidInput("cursor does not come from this tool.", "Send a cursor from `more` unchanged, or omit it.")
    return place


def _piece(place: Place, value: Any, room: int) -> tuple[Any, list[Rest]]:  # noqa: ANN401 - JSON
    """Return the part that fits (whole items of a list, or characters of text or JSON), and a Rest if more is left."""
    if not place.start and weight(value) <= room:
        return value, []
    units, unit = _units(value, room, place.unit)
    end = _end(units, place.start, room)
    if end >= len(units):
        return units[place.start :], []
    cursor = json.dumps(place._replace(unit=unit, start=end), separators=(",", ":"))
    return units[place.start : end], [Rest(field=place.field, shown=end, total=len(units), unit=unit, cursor=cursor)]


def _units(value: Any, room: int, previous_unit: str) -> tuple[list[Any] | str, Literal["items", "characters"]]:  # noqa: ANN401 - JSON
    """Split the value into items or characters, using the same unit as an earlier part."""
    if isinstance(value, str):
        return value, "characters"
    if (
        isinstance(value, list)
        and previous_unit != "characters"
        and all(weight(one) <= room for one in cast("list[Any]", value))
    ):
        return cast("list[Any]", value), "items"
    return shapes.dump_json(cast("object", value)), "characters"


def _end(units: list[Any] | str, start: int, room: int) -> int:
    """Return the end of the part that begins at `start`. It has at most `room` bytes, but at least one unit."""
    used, end = 2, start
    while end < len(units):
        used += weight(units[end]) + (1 if isinstance(units, list) else -2)
        if used > room and end > start:
            break
        end += 1
    return end
