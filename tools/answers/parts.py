"""Long values a part at a time: what is stored of a trip or a client may be longer than an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, cast

from pydantic import BaseModel, Field, TypeAdapter

from tools.answers.bounds import weight
from tools.answers.errors import InvalidInput
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Cursor = Annotated[str, Field(max_length=200, description="A cursor of `more`: gives the rest of that field.")]


class Rest(BaseModel):
    """A field of which only the beginning is shown."""

    field: str = Field(description="The field.")
    shown: int = Field(description="How much of it was shown up to here.")
    total: int = Field(description="How much there is.")
    unit: str = Field(description="What is counted: items, or characters of its text or JSON.")
    cursor: str = Field(description="Send it as cursor for what follows.")


class Part(BaseModel):
    """The rest of a field."""

    field: str = Field(description="The field.")
    value: Any = Field(description="Its next items, or the next piece of its text or JSON.")


class Place(NamedTuple):
    """The start of a part: a field of the trip or client that `of` and the id name, counted in `unit`s."""

    of: str
    number: int
    field: str
    unit: Literal["", "items", "characters"] = ""
    start: Annotated[int, Field(ge=0)] = 0


_PLACES = TypeAdapter(Place)


def divided(of: str, number: int, fields: Mapping[str, Any], room: int) -> tuple[dict[str, Any], list[Rest]]:
    """The fields as one answer can carry them in `room` bytes, and the rest of those that are longer.

    Short fields come whole, and the long ones share what is left.
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
    """The part of the value from this place that fits into `room` bytes, and the rest after it."""
    piece, rest = _piece(place, value, room)
    return Part(field=place.field, value=piece), rest


def words(rests: Sequence[Rest]) -> str:
    """A note about fields that are longer."""
    fields = ", ".join(f"{rest.field} ({rest.shown} of {rest.total} {rest.unit})" for rest in rests)
    return f" Only in part: {fields}; send a cursor of `more` for the rest." if fields else ""


def is_cursor(cursor: str) -> bool:
    """True for a cursor of `more`, false for one of a page."""
    return cursor.startswith("[")


def place_of(cursor: str, of: str, fields: Collection[str]) -> Place:
    """The place that a cursor stands for. Raises InvalidInput where it is in none of these fields."""
    try:
        place = _PLACES.validate_json(cursor)
    except ValueError:
        place = None
    if place is None or place.of != of or place.field not in fields:
        raise InvalidInput("cursor is not one that this tool gave.", "Send a cursor of `more` as it came, or none.")
    return place


def _piece(place: Place, value: Any, room: int) -> tuple[Any, list[Rest]]:  # noqa: ANN401 - JSON
    """The part that fits: whole items of a list, otherwise characters of the text or its JSON."""
    if not place.start and weight(value) <= room:
        return value, []
    units, unit = _units(value, room, place.unit)
    end = _end(units, place.start, room)
    if end >= len(units):
        return units[place.start :], []
    cursor = json.dumps(place._replace(unit=unit, start=end), separators=(",", ":"))
    return units[place.start : end], [Rest(field=place.field, shown=end, total=len(units), unit=unit, cursor=cursor)]


def _units(value: Any, room: int, begun: str) -> tuple[list[Any] | str, Literal["items", "characters"]]:  # noqa: ANN401 - JSON
    """The pieces of the value and their unit; the unit that was `begun` with, if any."""
    if isinstance(value, str):
        return value, "characters"
    if (
        isinstance(value, list)
        and begun != "characters"
        and all(weight(one) <= room for one in cast("list[Any]", value))
    ):
        return cast("list[Any]", value), "items"
    return shapes.dumped(cast("object", value)), "characters"


def _end(units: list[Any] | str, start: int, room: int) -> int:
    """The end of the piece that begins at `start` and has at most `room` bytes, but at least one unit."""
    used, end = 2, start
    while end < len(units):
        used += weight(units[end]) + (1 if isinstance(units, list) else -2)
        if used > room and end > start:
            break
        end += 1
    return end
