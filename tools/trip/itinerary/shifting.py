"""Move the dates of a schedule, of stays and of transport by days, and leave everything else as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tools.trip import shapes
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import DAY, HOTELS, ITEM, MOMENT_KEYS, STAY, TRANSPORT, Kind, fields_of

if TYPE_CHECKING:
    from tools.trip.itinerary.days import Schedule
    from tools.trip.itinerary.lists import Entries
    from tools.trip.itinerary.slots import Slot


@dataclass
class Moved:
    """Counts of what was moved, and what could not be read as a date, named by its place."""

    days: int = 0
    stays: int = 0
    transport: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def shift(schedule: Schedule, stays: Entries, transport: Entries, days: int) -> Moved:
    """Move everything by days, later or earlier."""
    moved = Moved()
    for at, day in enumerate(schedule.days, 1):
        name = f"day {at}"
        value, key = _shifted_day(day.value, days, name, moved), times.shifted(day.key, days) or day.key
        items = [_shifted(ITEM, item.value, days, f"item {at}.{n}", moved) for n, item in enumerate(day.items, 1)]
        changed = [(item, one) for item, one in zip(day.items, items, strict=True) if one is not item.value]
        moved.days += bool(changed) or value is not day.value or key != day.key
        day.value, day.key = value, key
        for item, one in changed:
            item.value = one
    moved.stays = _shift_all(STAY, stays.slots, days, moved)
    moved.transport = _shift_all(TRANSPORT, transport.slots, days, moved)
    return moved


def shifted_item(value: Any, days: int) -> Any:  # noqa: ANN401 - JSON
    """Return the item with its own dates moved."""
    return _shifted(ITEM, value, days, "", Moved())


def _shift_all(kind: Kind, slots: list[Slot], days: int, moved: Moved) -> int:
    count = 0
    for at, slot in enumerate(slots, 1):
        value = _shifted(kind, slot.value, days, f"{kind.name} {at}", moved)
        count += value is not slot.value
        slot.value = value
    return count


def _shifted_day(value: Any, days: int, name: str, moved: Moved) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return cast("Any", value)
    own = fields_of(day := _shifted(DAY, value, days, name, moved))
    hotels = {key: _shifted_hotels(own[key], days, name, moved) for key in HOTELS if key in own}
    changed = {key: one for key, one in hotels.items() if one is not own[key]}
    return own | changed if changed else day


def _shifted_hotels(value: Any, days: int, name: str, moved: Moved) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        own = cast("list[Any]", value)
        hotels = [_shifted_hotels(one, days, name, moved) for one in own]
        return hotels if any(one is not before for one, before in zip(hotels, own, strict=True)) else own
    return _shifted(STAY, value, days, name, moved) if isinstance(value, dict) else value


def _shifted(kind: Kind, value: Any, days: int, name: str, moved: Moved) -> Any:  # noqa: ANN401 - JSON
    """Return the entry with its dates moved, or the entry itself if it has none."""
    if not isinstance(value, dict):
        if value is not None and kind is not ITEM:
            moved.unreadable.append((name, _told(value)))
        return value
    own = cast("dict[str, Any]", value)
    changed: dict[str, Any] = {}
    for key in kind.dated:
        stored = own.get(key)
        later = _shifted_value(stored, days)
        if later is not None:
            changed[key] = later
        elif not _is_dateless(kind, key, stored):
            moved.unreadable.append((f"{key} of {name}", _told(stored)))
    return own | changed if changed else own


def _shifted_value(stored: object, days: int) -> Any:  # noqa: ANN401 - JSON
    """Return a text, or an object that stands for a date and time, with its dates moved; None if it has none."""
    if isinstance(stored, str):
        return times.shifted(stored, days)
    inner = fields_of(stored)
    texts = {key: inner[key] for key in MOMENT_KEYS if isinstance(inner.get(key), str)}
    changed = {key: later for key, one in texts.items() if (later := times.shifted(one, days)) is not None}
    return inner | changed if changed else None


def _is_dateless(kind: Kind, key: str, stored: object) -> bool:
    """Return True if the value is no date that failed to be read, such as a time of day or the number of a day."""
    if stored is None or stored == "" or key in {"day", "from", "to"} or (kind is ITEM and key != "date"):
        return True
    if not isinstance(stored, str):
        return False
    return times.moment(stored).minute is not None or bool(times.parts_of_range(stored)[1])


def _told(value: object) -> str:
    return value if isinstance(value, str) else shapes.dump_json(value)
