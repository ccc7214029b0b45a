"""Format schedule, stays and transport as Markdown: a line for each entry, with everything it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.answers.markup import items, quoted, text, words
from tools.trip.itinerary import times
from tools.trip.itinerary.days import Schedule
from tools.trip.itinerary.entries import DAY, ITEM, STAY, TRANSPORT, fields_of, key_of
from tools.trip.itinerary.lists import Entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.trip.itinerary.days import Day
    from tools.trip.itinerary.entries import Kind


def schedule_lines(value: object, start_date: object) -> Iterator[str]:
    if not isinstance(value, list | dict):
        yield from items(value)
        return
    schedule = Schedule(value, times.day_of(start_date))
    if schedule.others:
        yield from items(schedule.others)
    for day in schedule.days:
        yield f"- {_day(schedule, day)}"
        for item in day.items:
            shown = _Shown(ITEM, item.value)
            when = " to ".join(shown.take("start_time", "end_time"))
            yield f"  - {shown.line(when, *shown.take_quoted('title', 'location'))}"


def stay_lines(value: object) -> Iterator[str]:
    for entry, shown in _each(STAY, value):
        when = " to ".join(shown.take("check_in", "check_out"))
        yield f"- {shown.line(*shown.take_quoted('name', 'city'), when)}" if entry else f"- {words(entry)}"


def transport_lines(value: object) -> Iterator[str]:
    for entry, shown in _each(TRANSPORT, value):
        route = " to ".join(shown.take_quoted("from", "to"))
        when = " to ".join(shown.take("depart", "arrive"))
        yield f"- {shown.line(when, *shown.take('type', 'number'), route)}" if entry else f"- {words(entry)}"


def _each(kind: Kind, value: object) -> Iterator[tuple[object, _Shown]]:
    for slot in Entries(value).slots:
        yield slot.value, _Shown(kind, slot.value)


def _day(schedule: Schedule, day: Day) -> str:
    shown = _Shown(DAY, day.value)
    shown.leave_out("date", "day_number", "activities")
    on, number = schedule.date_of(day), schedule.number_of(day)
    told = [str(on)] if on else []
    told += [f"day {number}"] if number is not None else []
    return shown.line(", ".join(told), *shown.take_quoted("title", "description")) or "day"


class _Shown:
    """The fields of an entry that were shown, so that the rest can follow them."""

    def __init__(self, kind: Kind, value: Any) -> None:  # noqa: ANN401 - JSON
        self._kind = kind
        self._fields = fields_of(value)
        self._left = dict(self._fields)
        self._plain = value if value is not None and not isinstance(value, dict | list) else None

    def leave_out(self, *names: str) -> None:
        for name in names:
            self._left.pop(key_of(self._kind, self._fields, name) or "", None)

    def take(self, *names: str) -> list[str]:
        return [text(one) for one in self._taken(names)]

    def take_quoted(self, *names: str) -> list[str]:
        return [quoted(one) for one in self._taken(names)]

    def line(self, *pieces: str) -> str:
        """Return the pieces and what is left of the entry."""
        plain = [] if self._plain is None else [words(self._plain)]
        left = f"({words(self._left)})" if self._left else ""
        return " ".join(piece for piece in (", ".join([*filter(None, pieces), *plain]), left) if piece)

    def _taken(self, names: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            key = key_of(self._kind, self._fields, name)
            value = self._left.get(key or "")
            if key is not None and isinstance(value, str) and value.strip():
                del self._left[key]
                yield value
