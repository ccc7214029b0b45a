"""The fields of days, items, stays and transport, under the keys that programs have stored them with.

The first key of a field is written where an entry has none of them yet.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tools.trip.itinerary import times
from tools.trip.itinerary.times import Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

# Keys of an entry's own id.
IDS = ("activity_id", "accommodation_id", "transportation_id", "id")

Keys = tuple[str, ...]

_CONFIRMATION: Keys = ("confirmation_number", "confirmation", "confirmation_code", "booking_reference", "reference")


@dataclass(frozen=True)
class Kind:
    """A kind of entries: what it is called, the keys of its fields by name, and where a text entry is kept."""

    name: str
    id_key: str
    fields: Mapping[str, Keys]
    named_by: str
    # Keys of the date that belongs to a time alone, by field.
    dates: Mapping[str, Keys] = field(default_factory=dict[str, Keys])
    # The key of a new field, where it is not the first.
    written: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def dated(self) -> tuple[str, ...]:
        """The keys whose values are dates, or times that may have a date."""
        names = ("date", "start_time", "end_time", "check_in", "check_out", "depart", "arrive")
        keys = [key for name in names for key in (*self.fields.get(name, ()), *self.dates.get(name, ()))]
        return tuple(dict.fromkeys(keys))


ITEM = Kind(
    "schedule item",
    "activity_id",
    {
        "title": ("title", "name", "activity"),
        "start_time": ("start_time", "time", "start"),
        "end_time": ("end_time", "end"),
        "type": ("activity_type", "type", "category"),
        "location": ("location", "place", "venue"),
        "notes": ("notes", "note"),
        "price": ("price", "cost", "total_cost"),
        "confirmation": _CONFIRMATION,
        "date": ("date",),
    },
    "title",
)

STAY = Kind(
    "stay",
    "accommodation_id",
    {
        "name": ("name", "hotel", "hotel_name", "accommodation", "property", "title"),
        "city": ("city", "location", "destination"),
        "check_in": ("check_in_date", "check_in", "checkin", "checkin_date", "checkIn", "start_date", "from"),
        "check_out": ("check_out_date", "check_out", "checkout", "checkout_date", "checkOut", "end_date", "to"),
        "confirmation": _CONFIRMATION,
        "price": ("total_cost", "cost", "price"),
    },
    "name",
)

TRANSPORT = Kind(
    "transport",
    "transportation_id",
    {
        "type": ("type", "transport_type", "mode", "transportation_type"),
        "number": ("number", "flight_number", "train_number"),
        "provider": ("provider", "airline", "carrier", "company", "operator"),
        "from": ("departure_location", "from", "origin", "departure_airport", "from_location"),
        "to": ("arrival_location", "to", "destination", "arrival_airport", "to_location"),
        "depart": ("departure_time", "departure_datetime", "departure", "depart", "departs"),
        "arrive": ("arrival_time", "arrival_datetime", "arrival", "arrive", "arrives"),
        "confirmation": _CONFIRMATION,
        "price": ("cost", "price", "total_cost"),
    },
    "type",
    {"depart": ("departure_date", "date"), "arrive": ("arrival_date",)},
)

DAY = Kind(
    "day",
    "",
    {
        "date": ("date", "day", "day_date"),
        "day_number": ("day_number", "day", "number"),
        "title": ("title", "day_name", "name"),
        "description": ("description", "summary"),
        "activities": ("activities",),
    },
    "description",
    written={"title": "day_name"},
)

# Keys under which a day names its hotels: a text, an object, or a list of them.
HOTELS = ("hotel", "hotel_name", "accommodation", "lodging", "hotels")

# Keys of the dates and times in an object that stands for both.
MOMENT_KEYS = ("datetime", "time", "date")

# Keys of the plain value in an object that stands for a field.
_PLAIN = {"price": ("amount", "total", "value"), "depart": ("datetime", "time"), "arrive": ("datetime", "time")}
_NAMES = ("name", "title")


def unconfirmed(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the entry without the numbers of its booking, and without the status of a cancelled one."""
    own = fields_of(value)
    left_out = {*_CONFIRMATION, *(["status"] if is_cancelled(own.get("status")) else [])}
    return {key: one for key, one in own.items() if key not in left_out} if own else value


def is_cancelled(status: object) -> bool:
    """Return True for the status of an entry that does not take place."""
    return isinstance(status, str) and status.strip().lower() in {"cancelled", "canceled"}


def is_off(value: object) -> bool:
    """Return True for an entry that doesn't take place, as any program says it: a status with a reason, or a mark."""
    own = fields_of(value)
    states = [state.split() for key in ("status", "booking_status", "state") if isinstance(state := own.get(key), str)]
    marked = any(own.get(key) is True for key in ("cancelled", "canceled", "is_cancelled"))
    return marked or any(is_cancelled(state[0].strip(",.:;-")) for state in states if state)


def fields_of(value: object) -> dict[str, Any]:
    """Return the keys and values of an object; none for any other value."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def own_ids(value: object) -> list[str]:
    """Return the ids that an entry has, as text."""
    entry = fields_of(value)
    found = [entry[key] for key in IDS if isinstance(entry.get(key), str | int) and not isinstance(entry[key], bool)]
    return list(dict.fromkeys(text for one in found if (text := str(one).strip())))


def new_id() -> str:
    return secrets.token_hex(4)


def key_of(kind: Kind, entry: object, field: str) -> str | None:
    """Return the key under which the entry has the field: one with a value, else one that is null, else None."""
    if not isinstance(entry, dict):
        return None
    present = [key for key in kind.fields[field] if key in entry]
    own = cast("dict[str, Any]", entry)
    return next((key for key in present if own[key] not in (None, "")), present[0] if present else None)


def value_of(kind: Kind, entry: object, field: str) -> Any:  # noqa: ANN401 - JSON
    """Return the field's plain value, or None. A text in place of an entry is its name."""
    if not isinstance(entry, dict):
        return entry if field == kind.named_by and isinstance(entry, str) else None
    key = key_of(kind, cast("object", entry), field)
    value = None if key is None else cast("dict[str, Any]", entry)[key]
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        return next((inner[one] for one in _PLAIN.get(field, _NAMES) if inner.get(one) is not None), None)
    return value


def text_of(kind: Kind, entry: object, field: str) -> str:
    value = value_of(kind, entry, field)
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value).strip() if plain else ""


def title_of(kind: Kind, value: object) -> str:
    """Return what a person would call the entry."""
    if kind is not TRANSPORT or not isinstance(value, dict):
        return text_of(kind, value, kind.named_by)
    kind_of_ride, number, start, end = (
        text_of(kind, cast("object", value), name) for name in ("type", "number", "from", "to")
    )
    route = "-".join(place for place in (start, end) if place)
    return " ".join(word for word in (kind_of_ride, number, route) if word)


def edited(kind: Kind, entry: object, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry with changed fields, each under the key that it has; None removes a field."""
    result = as_object(kind, entry)
    for name, value in changes.items():
        result = _with(kind, result, name, value)
    return result


def as_object(kind: Kind, entry: object) -> dict[str, Any]:
    """Return the entry as an object; a text or another value becomes what names it."""
    if isinstance(entry, dict):
        return cast("dict[str, Any]", entry)
    return {} if entry is None else {kind.fields[kind.named_by][0]: entry}


def moment_of(kind: Kind, entry: object, field: str) -> Moment:
    """Return a date and time of the entry, from one key or from a date and a time apart."""
    value = value_of(kind, entry, field)
    found = times.moment(_part(value, field))
    if found.day is None and isinstance(entry, dict):
        apart = cast("dict[str, Any]", entry)
        day = next((day for key in kind.dates.get(field, ()) if (day := times.day_of(apart.get(key)))), None)
        return Moment(day, found.minute, found.offset, found.impossible)
    return found


def clock_of(entry: object, field: str) -> Moment:
    """Return the start_time or end_time of an item, also from a range under one key."""
    found = moment_of(ITEM, entry, field)
    if found.minute is None and not found.impossible and field == "end_time":
        _, end = times.parts_of_range(text_of(ITEM, entry, "start_time"))
        return times.moment(end)
    return found


def _part(value: object, field: str) -> object:
    """Return the start of a range of times as the start_time."""
    return times.parts_of_range(value)[0] if field == "start_time" and isinstance(value, str) else value


def _with(kind: Kind, entry: dict[str, Any], field: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    key = key_of(kind, entry, field)
    if value is None:
        return _without(kind, entry, field)
    if field == "end_time" and key is None and times.parts_of_range(text_of(ITEM, entry, "start_time"))[1]:
        start = cast("str", key_of(kind, entry, "start_time"))
        return entry | {start: _in_range(entry[start], value, first=False)}
    apart = _date_key(kind, entry, field)
    if apart and isinstance(value, str) and times.day_of(value):
        entry = entry | {apart: times.with_date(str(entry[apart]), cast("Any", times.day_of(value)))}
        value = value.strip()[10:].lstrip("T, ")
        if not value:
            return entry
    key = key or kind.written.get(field, kind.fields[field][0])
    return entry | {key: _merged(entry.get(key), field, value)}


def _date_key(kind: Kind, entry: dict[str, Any], field: str) -> str | None:
    """Return the key of the date that belongs to the field's time, if the entry has them apart."""
    keys = [key for key in kind.dates.get(field, ()) if times.day_of(entry.get(key))]
    return keys[0] if keys and times.moment(value_of(kind, entry, field)).day is None else None


def _without(kind: Kind, entry: dict[str, Any], field: str) -> dict[str, Any]:
    start, end = times.parts_of_range(text_of(ITEM, entry, "start_time")) if kind is ITEM else ("", "")
    if field == "end_time" and end:
        return entry | {cast("str", key_of(kind, entry, "start_time")): start}
    keys = {key for key in kind.fields[field] if key in entry}
    return {key: one for key, one in entry.items() if key not in keys}


def _merged(stored: object, field: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the new value, with what else the stored one holds: the other keys of an object, or a date or time."""
    if isinstance(stored, dict):
        inner = cast("dict[str, Any]", stored)
        names = _PLAIN.get(field, _NAMES)
        return inner | {next((one for one in names if one in inner), names[0]): value}
    if not isinstance(stored, str) or not isinstance(value, str):
        return value
    if field == "start_time" and times.parts_of_range(stored)[1]:
        return _in_range(stored, value, first=True)
    before, after = times.moment(stored), times.moment(value)
    if field in {"start_time", "end_time"} and before.day and before.minute is not None and after.day is None:
        return f"{stored.strip()[:11]}{times.shown(after.minute)}" if after.minute is not None else value
    if after.day and after.minute is None and before.minute is not None:
        return times.with_date(stored, after.day) if before.day else f"{value} {stored.strip()}"
    return value


def _in_range(stored: str, value: str, *, first: bool) -> str:
    """Replace one end of a range of times, and keep the rest of the text."""
    start, end = times.parts_of_range(stored)
    at = stored.index(start) + len(start)
    middle = stored[at : stored.index(end, at)]
    return f"{value}{middle}{end}" if first else f"{start}{middle}{value}"
