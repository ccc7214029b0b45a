"""The days of a schedule, in any stored shape, and the items of each day."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from tools.trip import shapes
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import DAY, HOTELS, STAY, as_object, clock_of, edited, fields_of, text_of
from tools.trip.itinerary.slots import Slot, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

# Keys of an object that holds the days.
_HOLDERS = ("days", "schedule", "itinerary")

_NUMBER = re.compile(r"(?:day[\s_-]*)?([0-9]{1,4})(?: \([0-9]+\))?", re.IGNORECASE)


@dataclass(eq=False)
class Day(Slot):
    """A day. `key` is its key in an object of days."""

    items: list[Slot] = field(default_factory=list[Slot])
    items_read: list[Slot] = field(default_factory=list[Slot])
    key: str = ""
    key_read: str = ""

    @property
    def own_date(self) -> date | None:
        entry = self._entry
        return next((day for key in DAY.fields["date"] if (day := times.day_of(entry.get(key)))), None) or times.day_of(
            self.key
        )

    @property
    def own_number(self) -> int | None:
        entry = self._entry
        known = (_number(entry.get(key)) for key in DAY.fields["day_number"])
        return next((number for number in known if number is not None), _number(self.key))

    @property
    def hotels(self) -> list[Any]:
        """The places to stay that the day names itself: texts or objects."""
        named = [one for key in HOTELS if key in self._entry for one in shapes.as_list(self._entry[key])]
        return [one for one in named if text_of(STAY, one, "name")]

    @property
    def _entry(self) -> dict[str, Any]:
        return fields_of(self.value)

    def written(self) -> Any:  # noqa: ANN401 - JSON
        """Return the day as JSON; the value itself if no item changed."""
        if [(id(one), id(one.value)) for one in self.items] == [(id(one), id(one.read)) for one in self.items_read]:
            return self.value
        items = values(self.items)
        if isinstance(self.value, list):
            return items
        day = as_object(DAY, self.value)
        single = self.items == self.items_read and not isinstance(day.get("activities"), list)
        return day | {"activities": items[0] if single else items}

    def origins(self, written: object) -> Iterator[tuple[object, object]]:
        """Yield changed values with those they were made from."""
        yield written, self.read
        yield from ((item.value, item.read) for item in self.items)
        yield fields_of(written).get("activities"), fields_of(self.read).get("activities")

    def set(self, changes: Mapping[str, Any]) -> None:
        """Change fields of the day. A day that is only a list of items becomes an object."""
        value: object = self.value
        if isinstance(value, list):
            value = {"activities": cast("object", value)}
        self.value = edited(DAY, value, changes)

    def insert(self, item: Slot) -> None:
        """Place the item by its time: before the first that starts later, else last."""
        start = clock_of(item.value, "start_time").minute
        later = [at for at, one in enumerate(self.items) if start is not None and _starts_after(one, start)]
        self.items.insert(later[0] if later else len(self.items), item)

    def replace(self, item: Slot) -> None:
        """Move an item whose time changed, unless it still stands between earlier and later ones."""
        start, at = clock_of(item.value, "start_time").minute, self.items.index(item)
        if start is None:
            return
        before = [clock_of(one.value, "start_time").minute for one in self.items[:at]]
        after = [clock_of(one.value, "start_time").minute for one in self.items[at + 1 :]]
        wrong = any(one is not None and one > start for one in before)
        if wrong or any(one is not None and one < start for one in after):
            self.items.remove(item)
            self.insert(item)


class Schedule:
    """The schedule as a call edits it. `start` is the first day of the trip, if it is known."""

    def __init__(self, value: Any, start: date | None) -> None:  # noqa: ANN401 - JSON
        self.read = value
        self.start = start
        self.days: list[Day] = []
        self._holders: list[tuple[dict[str, Any], str]] = []
        while isinstance(value, dict) and (holder := _holder(cast("dict[str, Any]", value))):
            outer = cast("dict[str, Any]", value)
            self._holders.append((outer, holder))
            value = outer[holder]
        self._inner = cast("object", value)
        self._keyed = isinstance(value, dict) and any(_is_day_key(key) for key in cast("dict[str, Any]", value))
        if self._keyed:
            own = cast("dict[str, Any]", self._inner)
            self.days = [_day(one, at, key) for at, (key, one) in enumerate(_day_members(own), 1)]
        else:
            self.days = [_day(one, at) for at, one in enumerate(shapes.as_list(self._inner), 1)]
        self._days_read = list(self.days)
        self._by_position = self._numbers_by_position()

    @property
    def others(self) -> dict[str, Any]:
        """The keys that objects with the days hold beside them."""
        rest = {key: one for holder, name in self._holders for key, one in holder.items() if key != name}
        inner = fields_of(self._inner) if self._keyed else {}
        return rest | {key: one for key, one in inner.items() if not _is_day_key(key)}

    @property
    def items(self) -> list[Slot]:
        return [item for day in self.days for item in day.items]

    def day_with(self, item: Slot) -> Day:
        return next(day for day in self.days if item in day.items)

    def date_of(self, day: Day) -> date | None:
        """Return the day's date, derived from its number and the start of the trip if it has none."""
        number = self._plain_number(day)
        return day.own_date or (times.added(self.start, number - 1) if self.start and number is not None else None)

    def number_of(self, day: Day) -> int | None:
        """Return the day's number, derived from its date and the start of the trip if it has none."""
        number, own = self._plain_number(day), day.own_date
        return number if number is not None or not (own and self.start) else (own - self.start).days + 1

    def found(self, wanted: date | None, number: int | None) -> list[Day]:
        """Return the days with this date or number; those that have it themselves come first."""
        if wanted is not None:
            return _own_first([(day, day.own_date, self.date_of(day)) for day in self.days], wanted)
        return _own_first([(day, day.own_number, self.number_of(day)) for day in self.days], number)

    def add_day(self, wanted: date | None, number: int | None) -> Day:
        """Add the day with this date or number before the first later one."""
        if wanted is None and number is not None and self.start is not None:
            wanted = times.added(self.start, number - 1)
        elif wanted is not None and self.start is not None:
            number = (wanted - self.start).days + 1
        value: dict[str, Any] = {} if number is None or number < 1 else {"day_number": number}
        value |= {"date": wanted.isoformat()} if wanted else {}
        key = self._free_key(value) if self._keyed else ""
        day = Day(value | {"activities": []}, key=key)
        later = [at for at, one in enumerate(self.days) if self._is_later(one, wanted, number)]
        self.days.insert(later[0] if later else len(self.days), day)
        return day

    def written(self) -> tuple[Any, list[tuple[object, object]]]:
        """Return the schedule as JSON, and pairs of changed values and those they were made from."""
        days = [(day, day.written()) for day in self.days]
        same = [(id(day), id(day.read)) for day in self._days_read] == [(id(day), id(one)) for day, one in days]
        if same and all(day.key == day.key_read for day in self.days):
            return self.read, []
        origins = [pair for day, one in days for pair in day.origins(one)]
        value = self._container(days)
        origins.append((value, self._inner))
        for holder, key in reversed(self._holders):
            value = holder | {key: value}
            origins.append((value, holder))
        return value, origins

    def _container(self, days: list[tuple[Day, Any]]) -> Any:  # noqa: ANN401 - JSON
        if not self._keyed:
            single = bool(fields_of(self._inner)) and self.days == self._days_read
            return days[0][1] if single else [one for _, one in days]
        result: dict[str, Any] = {}
        left = list(days)
        for key, one in cast("dict[str, Any]", self._inner).items():
            if not _is_day_key(key):
                result[key] = one
                continue
            while left and not left[0][0].key_read:
                result |= _member(left.pop(0))
            result |= _member(left.pop(0))
        return result | {key: one for pair in left for key, one in _member(pair).items()}

    def _plain_number(self, day: Day) -> int | None:
        """Return the day's own number, or its position if it has neither number nor date."""
        return day.own_number if day.own_number is not None else self._by_position.get(id(day))

    def _numbers_by_position(self) -> dict[int, int]:
        taken = {
            (day.own_date - self.start).days + 1 if day.own_date and self.start else day.own_number
            for day in self.days
        }  # fmt: skip
        return {
            id(day): at
            for at, day in enumerate(self.days, 1)
            if at not in taken
            and (isinstance(day.value, dict | list) or (isinstance(day.value, str) and day.value is not self._inner))
            and day.own_date is None
            and day.own_number is None
        }

    def _is_later(self, day: Day, wanted: date | None, number: int | None) -> bool:
        own = self.date_of(day)
        if own is not None and wanted is not None:
            return own > wanted
        known = self.number_of(day)
        return known is not None and number is not None and known > number

    def _free_key(self, value: dict[str, Any]) -> str:
        """Return a key for a new day in the form of those there are."""
        sample, number = self.days[0].key, str(value.get("day_number", 0))
        by_date = times.is_date(sample[:10]) or "day_number" not in value
        key = str(value.get("date") or f"day {number}") if by_date else re.sub("[0-9]+", number, sample, count=1)
        taken = {*cast("dict[str, Any]", self._inner), *(day.key for day in self.days)}
        return key if key not in taken else next(new for at in count(2) if (new := f"{key} ({at})") not in taken)


def _day(value: Any, position: int, key: str = "") -> Day:  # noqa: ANN401 - JSON
    day = Day(value, (str(position),), value, key=key, key_read=key)
    listed: object = day.value if isinstance(value, list) else as_object(DAY, day.value).get("activities")
    prefixes = [str(position)] + ([str(day.own_number)] if day.own_number is not None else [])
    items = shapes.as_list(listed)
    day.items = [Slot.of(one, *(f"{prefix}.{at}" for prefix in prefixes)) for at, one in enumerate(items, 1)]
    day.items_read = list(day.items)
    return day


def _own_first(days: list[tuple[Day, Any, Any]], wanted: object) -> list[Day]:
    own = [day for day, plain, _ in days if plain == wanted]
    return own + [day for day, plain, derived in days if plain is None and derived == wanted]


def _holder(value: dict[str, Any]) -> str | None:
    return next((key for key in _HOLDERS if isinstance(value.get(key), list | dict)), None)


def _day_members(value: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, one) for key, one in value.items() if _is_day_key(key)]


def _member(pair: tuple[Day, Any]) -> dict[str, Any]:
    return {pair[0].key: pair[1]}


def _is_day_key(key: str) -> bool:
    return times.day_of(key) is not None or _NUMBER.fullmatch(key.strip()) is not None


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    matched = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(matched[1]) if matched else None


def _starts_after(item: Slot, start: int) -> bool:
    own = clock_of(item.value, "start_time").minute
    return own is not None and own > start
