"""Warnings about an itinerary: what overlaps, ends before it starts, lies outside the trip, or is missing.

They concern what a call touched, and the nights without a stay. Nothing is changed or refused because of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from database.clients import fold
from database.quoting import in_quotes
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import ITEM, STAY, TRANSPORT, Kind, clock_of, is_off, moment_of, text_of, title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tools.trip.itinerary.days import Day
    from tools.trip.itinerary.slots import Slot
    from tools.trip.itinerary.whole import Itinerary

T = TypeVar("T", int, date)

# Most warnings of one answer, and most ranges of nights in one of them.
WARNINGS_SHOWN = 20
RANGES_SHOWN = 5

# The longest that an item may last past midnight, in minutes; a longer one more likely ends on the wrong half day.
PAST_MIDNIGHT = 12 * 60

# How much earlier than the departure local time may be on arrival, in minutes: the widest difference between two time
# zones, and for travel on the ground the difference between neighbouring ones.
ACROSS_THE_DATE_LINE = 26 * 60
ON_THE_GROUND = 60
_GROUND = ("train", "rail", "bus", "coach", "car", "drive", "taxi", "transfer", "shuttle", "metro", "tram", "subway")


@dataclass(frozen=True)
class Period:
    """The days of the trip. On a trip over the date line the first may be the later one."""

    first: date
    last: date

    @classmethod
    def of(cls, start: object, end: object) -> Period | None:
        first, last = times.day_of(start), times.day_of(end)
        return cls(min(first, last), max(first, last)) if first and last else None

    def excludes(self, day: date | None) -> bool:
        return day is not None and not self.first <= day <= self.last


def warnings(itinerary: Itinerary, start: object, end: object) -> list[str]:
    """Return the warnings for a call, for a trip from `start` to `end`, as the columns have them."""
    if not itinerary.concerned:
        return []
    period = Period.of(start, end)
    found: dict[str, None] = {}
    for kind in (
        nights_without_stay(itinerary, period),
        _of_days(itinerary),
        _of_stays(itinerary),
        _of_transport(itinerary),
        _outside(itinerary, period) if period else (),
    ):
        found |= dict.fromkeys(islice(kind, WARNINGS_SHOWN + 1))
    told = list(found)
    return told if len(told) <= WARNINGS_SHOWN else [*told[:WARNINGS_SHOWN], "There are more warnings."]


def _of_days(itinerary: Itinerary) -> Iterator[str]:
    touched = _ids(itinerary.touched)
    for day in itinerary.schedule.days:
        concerned = [item for item in day.items if id(item) in touched]
        for item in concerned:
            yield from _of_item(item)
        spans = [(span, item) for item in day.items if (span := _span(item)) is not None] if concerned else []
        for one, two in _overlapping(spans):
            if id(one) in touched or id(two) in touched:
                yield f"{_timed(one)} and {_timed(two)} overlap on {_day_named(itinerary, day)}."


def _of_item(item: Slot) -> Iterator[str]:
    start, end = clock_of(item.value, "start_time"), clock_of(item.value, "end_time")
    for field, at in (("start_time", start), ("end_time", end)):
        if at.impossible:
            yield f"{_item(item)} has the impossible time {in_quotes(text_of(ITEM, item.value, field))}."
    if start.minute is not None and end.minute is not None and _span(item) is None:
        yield f"{_item(item)} ends at {times.shown(end.minute)}, before it starts at {times.shown(start.minute)}."


def _span(item: Slot) -> tuple[int, int] | None:
    """Return the start and end of an item in minutes, or None without a start or with an end before it."""
    start, end = clock_of(item.value, "start_time"), clock_of(item.value, "end_time")
    if start.minute is None:
        return None
    if end.minute is None:
        return start.minute, start.minute
    days = (end.day - start.day).days if start.day and end.day else 0
    last = end.minute + days * times.DAY
    if last < start.minute and not days and last + times.DAY - start.minute <= PAST_MIDNIGHT:
        last += times.DAY
    return (start.minute, last) if last >= start.minute else None


def _overlapping(spans: Iterable[tuple[tuple[T, T], Slot]]) -> Iterator[tuple[Slot, Slot]]:
    """Yield the pairs whose spans overlap. A moment overlaps the span that it lies in, but no other moment."""
    by_start = sorted(spans, key=lambda pair: pair[0])
    for at, ((start, end), one) in enumerate(by_start):
        for (second, second_end), two in by_start[at + 1 :]:
            if second < end or (second == start < second_end):
                yield one, two
            else:
                break


def _of_stays(itinerary: Itinerary) -> Iterator[str]:
    touched = _ids(itinerary.touched)
    slots = itinerary.stays.slots
    for slot in slots:
        first, last = _nights_of(slot)
        if id(slot) in touched and first and last and last <= first:
            yield f"{_stay(slot)} has the check-out {last}, which is not after the check-in {first}."
    spans = [((first, last), slot) for slot in slots for first, last in [_nights_of(slot)] if first and last]
    for one, two in _overlapping(spans):
        first, last = (_nights_of(two)[0], min(filter(None, (_nights_of(one)[1], _nights_of(two)[1]))))
        if (id(one) in touched or id(two) in touched) and not _same_place(one, two):
            yield f"{_stay(one)} and {_stay(two)} overlap from {first} to {last}, in different places."


def _of_transport(itinerary: Itinerary) -> Iterator[str]:
    for slot in _only(itinerary.transport.slots, itinerary.touched):
        depart, arrive = moment_of(TRANSPORT, slot.value, "depart"), moment_of(TRANSPORT, slot.value, "arrive")
        for field, at in (("depart", depart), ("arrive", arrive)):
            if at.impossible:
                yield f"{_ride(slot)} has the impossible time {in_quotes(text_of(TRANSPORT, slot.value, field))}."
        left, reached = depart.minutes(), arrive.minutes()
        if left is None or reached is None:
            continue
        whole_days = depart.minute is None or arrive.minute is None
        if depart.offset is not None and arrive.offset is not None and not whole_days:
            early, allowed = (left - depart.offset) - (reached - arrive.offset), 0
        else:
            on_ground = any(word in fold(text_of(TRANSPORT, slot.value, "type")) for word in _GROUND)
            allowed = ON_THE_GROUND if on_ground else ACROSS_THE_DATE_LINE
            early = _days_early(left, reached) if whole_days else left - reached
        if early > allowed:
            yield f"{_ride(slot)} arrives at {_told(slot, 'arrive')}, before it departs at {_told(slot, 'depart')}."


def _days_early(left: int, reached: int) -> int:
    return (left // times.DAY - reached // times.DAY) * times.DAY


def _outside(itinerary: Itinerary, period: Period) -> Iterator[str]:
    touched = _ids(itinerary.touched)
    every = itinerary.period_changed
    return _all_outside(itinerary, period, lambda slot: every or id(slot) in touched)


def _all_outside(itinerary: Itinerary, period: Period, concerns: Callable[[Slot], bool]) -> Iterator[str]:
    beyond = f"outside the trip's period, {period.first} to {period.last}"
    for day in itinerary.schedule.days:
        own = itinerary.schedule.date_of(day)
        if period.excludes(own) and (concerns(day) or any(concerns(item) for item in day.items)):
            yield f"{own} is {beyond}."
            continue
        for item in day.items:
            at = moment_of(ITEM, item.value, "date").day or clock_of(item.value, "start_time").day
            if concerns(item) and period.excludes(at):
                yield f"{_item(item)} on {at} is {beyond}."
    for kind, slots, fields in (
        (STAY, itinerary.stays.slots, ("check_in", "check_out")),
        (TRANSPORT, itinerary.transport.slots, ("depart", "arrive")),
    ):
        for slot in slots:
            days = [day for field in fields if (day := moment_of(kind, slot.value, field).day)]
            beyond_days = [str(day) for day in dict.fromkeys(days) if period.excludes(day)]
            if beyond_days and concerns(slot):
                yield f"{_named(kind, slot)} ({' and '.join(beyond_days)}) is {beyond}."


def nights_without_stay(itinerary: Itinerary, period: Period | None) -> Iterator[str]:
    """Yield a sentence about the nights that nothing tells where to spend, if any stay is recorded."""
    if not itinerary.stays.slots:
        return
    dated = [day for one in itinerary.schedule.days if (day := itinerary.schedule.date_of(one))]
    if period is None and dated:
        period = Period(min(dated), max(dated))
    if period is None:
        return
    covered = sorted(_covered(itinerary))
    free: list[tuple[date, date]] = []
    night = period.first
    for first, last in [*covered, (period.last, period.last)]:
        until = min(first, period.last)
        if night < until:
            free.append((night, until - timedelta(1)))
        night = max(night, last)
    if not free:
        return
    shown = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in free[:RANGES_SHOWN])
    left = len(free) - RANGES_SHOWN
    more = f" and {left} more {'range' if left == 1 else 'ranges'}" if left > 0 else ""
    undated = [slot for slot in itinerary.stays.slots if not all(_nights_of(slot))]
    why = f" ({_stay(undated[0])} lacks a check-in or check-out date)" if undated else ""
    yield f"Nights without a stay: {shown}{more}{why}."


def _covered(itinerary: Itinerary) -> Iterator[tuple[date, date]]:
    """Yield ranges of nights that are spent somewhere: in a stay, in a hotel that a day names, or on the way."""
    for slot in itinerary.stays.slots:
        first, last = _nights_of(slot)
        if first and not is_off(slot.value):
            yield first, last or _after(first)
    for day in itinerary.schedule.days:
        own = itinerary.schedule.date_of(day)
        if own and day.hotels:
            yield own, _after(own)
    for slot in itinerary.transport.slots:
        left, reached = (moment_of(TRANSPORT, slot.value, field).day for field in ("depart", "arrive"))
        if left and reached and left < reached and not is_off(slot.value):
            yield left, reached


def _after(day: date) -> date:
    return times.added(day, 1) or day


def _nights_of(slot: Slot) -> tuple[date | None, date | None]:
    return moment_of(STAY, slot.value, "check_in").day, moment_of(STAY, slot.value, "check_out").day


def _same_place(one: Slot, two: Slot) -> bool:
    name, city = ([fold(text_of(STAY, slot.value, field)) for slot in (one, two)] for field in ("name", "city"))
    return name[0] == name[1] and (city[0] == city[1] or not all(city))


def _day_named(itinerary: Itinerary, day: Day) -> str:
    own, number = itinerary.schedule.date_of(day), itinerary.schedule.number_of(day)
    return str(own) if own else f"day {number}" if number is not None else "a day without a date"


def _item(slot: Slot) -> str:
    return _named(ITEM, slot)


def _stay(slot: Slot) -> str:
    return _named(STAY, slot)


def _ride(slot: Slot) -> str:
    return _named(TRANSPORT, slot)


def _named(kind: Kind, slot: Slot) -> str:
    return in_quotes(title_of(kind, slot.value)) if title_of(kind, slot.value) else f"A {kind.name}"


def _timed(slot: Slot) -> str:
    start, end = clock_of(slot.value, "start_time").minute, clock_of(slot.value, "end_time").minute
    told = " to ".join(times.shown(minute) for minute in (start, end) if minute is not None)
    return f"{_item(slot)} ({told})"


def _told(slot: Slot, field: str) -> str:
    at = moment_of(TRANSPORT, slot.value, field)
    return f"{at.day} {times.shown(at.minute)}" if at.minute is not None else str(at.day)


def _only(slots: Iterable[Slot], touched: Iterable[Slot]) -> list[Slot]:
    ids = _ids(touched)
    return [slot for slot in slots if id(slot) in ids]


def _ids(slots: Iterable[Any]) -> set[int]:
    return {id(slot) for slot in slots}
