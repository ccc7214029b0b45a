"""The days of a proposal: schedule, rides and stays of a trip, put together by date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tools.proposals.model import Day, Entry, Stay
from tools.proposals.wording import PROSE, TITLE, told
from tools.trip.itinerary import times
from tools.trip.itinerary.days import Schedule
from tools.trip.itinerary.entries import (
    DAY,
    ITEM,
    STAY,
    TRANSPORT,
    clock_of,
    fields_of,
    is_off,
    moment_of,
    own_ids,
    text_of,
)
from tools.trip.itinerary.lists import Entries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tools.trip.itinerary.days import Day as RecordedDay
    from tools.trip.itinerary.entries import Kind

# Number of days, of entries of a day, and of stays that a proposal shows.
DAYS, ENTRIES, STAYS = 400, 60, 200


def stays_of(value: Any) -> list[Stay]:  # noqa: ANN401 - JSON
    """Return the stays by their first day."""
    stays = [_stay(slot.value, position) for position, slot in enumerate(Entries(value).slots[:STAYS], 1)]
    return sorted((stay for stay in stays if stay), key=lambda stay: stay.check_in or "9")


def days_of(
    schedule: Any,  # noqa: ANN401 - JSON
    transport: Any,  # noqa: ANN401 - JSON
    stays: Sequence[Stay],
    start: date | None,
    end: date | None,
) -> list[Day]:
    """Return each day on which something is planned, by date; days without a readable date come last."""
    known = Schedule(schedule if isinstance(schedule, list | dict) else None, start)
    rides = [one for at, slot in enumerate(Entries(transport).slots, 1) if (one := _ride(slot.value, at))]
    days: dict[str, Day] = {}
    for position, day in enumerate(known.days, 1):
        made = _day(known, day, position)
        key = made.date or f"~{position:04}"
        days[key] = _joined(days[key], made) if key in days else made
    for when in sorted({*(day for day, _ in rides), *(stay.check_in for stay in stays)} - {*days, ""}):
        days[when] = Day(number=None, date=when, title="", description="", entries=[], stays=[])
    found = [_completed(days[key], rides, stays, start, end) for key in sorted(days)]
    return [day for day in found if day.title or day.description or day.entries or day.stays][:DAYS]


def _day(schedule: Schedule, day: RecordedDay, position: int) -> Day:
    on = schedule.date_of(day)
    off = is_off(day.value)
    entries = [
        _activity(slot.value, f"{position}.{at}") for at, slot in enumerate([] if off else day.items[:ENTRIES], 1)
    ]
    return Day(
        number=schedule.number_of(day) if on is None else None,
        date=on.isoformat() if on else "",
        title="" if off else _text(DAY, day.value, "title"),
        description="" if off else _text(DAY, day.value, "description", PROSE),
        entries=[entry for entry in entries if entry],
        stays=[],
    )


def _joined(one: Day, other: Day) -> Day:
    """Return two days of one date as one."""
    title = " / ".join(dict.fromkeys(filter(None, (one.title, other.title))))
    description = " ".join(dict.fromkeys(filter(None, (one.description, other.description))))
    entries = [*one.entries, *other.entries][:ENTRIES]
    return one.model_copy(update={"title": title, "description": description, "entries": entries})


def _completed(
    day: Day, rides: Sequence[tuple[str, Entry]], stays: Sequence[Stay], start: date | None, end: date | None
) -> Day:
    """Return the day with its rides, the stays that begin on it, and its number if it lies within the trip."""
    on = times.day_of(day.date)
    within = start is not None and on is not None and start <= on and (end is None or on <= end)
    entries = list(day.entries)
    for when, ride in rides:
        if when == day.date and when and not _is_told(ride, day.entries):
            entries.insert(_place(entries, ride), ride)
    return day.model_copy(
        update={
            "number": (on - start).days + 1 if within and on and start else day.number,
            "entries": entries,
            "stays": [stay for stay in stays if stay.check_in and stay.check_in == day.date],
        }
    )


def _place(entries: Sequence[Entry], ride: Entry) -> int:
    """Return the place of a ride among the entries: before the first that starts later."""
    later = [at for at, one in enumerate(entries) if ride.time and one.time > ride.time and _is_clock(one.time)]
    return later[0] if later else len(entries)


def _is_told(ride: Entry, entries: Sequence[Entry]) -> bool:
    """Return True if an activity names the ride by its number, so that it isn't told twice."""
    numbers = [one for one in map(_squeezed, re.findall(r"\b[A-Za-z]{1,3} ?\d{2,5}\b", ride.title)) if one]
    return any(number in _squeezed(entry.title) for entry in entries for number in numbers)


def _squeezed(value: str) -> str:
    return "".join(value.lower().split())


def _activity(value: Any, position: str) -> Entry | None:  # noqa: ANN401 - JSON
    title = _text(ITEM, value, "title")
    if not title or is_off(value):
        return None
    return Entry(
        kind="activity",
        title=title,
        place=_text(ITEM, value, "location"),
        time=_time(value, "start_time"),
        end_time=_time(value, "end_time"),
        confirmation=_text(ITEM, value, "confirmation"),
        uid=_uid("activity", value, position),
    )


def _ride(value: Any, position: int) -> tuple[str, Entry] | None:  # noqa: ANN401 - JSON
    """Return a ride with the date that it departs on."""
    kind, number, provider, start, end = (
        _text(TRANSPORT, value, name) for name in ("type", "number", "provider", "from", "to")
    )
    route = " to ".join(place for place in (start, end) if place)
    called = " ".join(word for word in (kind[:1].upper() + kind[1:], provider, number) if word)
    if not (called or route) or is_off(value):
        return None
    depart, arrive = (moment_of(TRANSPORT, value, name) for name in ("depart", "arrive"))
    other_day = arrive.day is not None and arrive.day != depart.day
    entry = Entry(
        kind="transport",
        title=", ".join(part for part in (called, route) if part),
        time=times.shown(depart.minute) if depart.minute is not None else "",
        end_time=times.shown(arrive.minute) if arrive.minute is not None else "",
        end_date=arrive.day.isoformat() if other_day and arrive.day else "",
        confirmation=_text(TRANSPORT, value, "confirmation"),
        uid=_uid("transport", value, str(position)),
    )
    return (depart.day.isoformat() if depart.day else ""), entry


def _stay(value: Any, position: int) -> Stay | None:  # noqa: ANN401 - JSON
    name = _text(STAY, value, "name")
    first, last = (moment_of(STAY, value, field).day for field in ("check_in", "check_out"))
    if not name or is_off(value):
        return None
    nights = (last - first).days if first and last else 0
    return Stay(
        name=name,
        city=_text(STAY, value, "city"),
        check_in=first.isoformat() if first else "",
        check_out=last.isoformat() if last else "",
        nights=nights if nights > 0 else None,
        confirmation=_text(STAY, value, "confirmation"),
        uid=_uid("stay", value, str(position)),
    )


def _time(value: Any, field: str) -> str:  # noqa: ANN401 - JSON
    """Return a time as HH:MM, or the words that stand for it, such as "evening"."""
    found = clock_of(value, field)
    if found.minute is not None:
        return times.shown(found.minute)
    words = _text(ITEM, value, field, 30)
    return "" if times.parts_of_range(words)[1] or times.day_of(words) else words


def _is_clock(value: str) -> bool:
    return re.fullmatch(r"\d\d:\d\d", value) is not None


def _text(kind: Kind, value: Any, field: str, longest: int = TITLE) -> str:  # noqa: ANN401 - JSON
    return told(text_of(kind, value, field), longest)


def _uid(kind: str, value: Any, position: str) -> str:  # noqa: ANN401 - JSON
    """Return what identifies an entry in calendars of all versions: its own id, else its place."""
    own = next(iter(own_ids(fields_of(value))), "")
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{kind}-{own[:60] or position}")
