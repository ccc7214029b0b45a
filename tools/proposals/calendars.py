"""A proposal as a calendar for the traveler (https://www.rfc-editor.org/rfc/rfc5545).

Times are floating, because a trip crosses time zones and its data names none. An event without a known end has none.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tools.trip.itinerary import times

if TYPE_CHECKING:
    from tools.proposals.model import Entry, Proposal, Stay, Trip


def calendar(proposal: Proposal, created_at: str) -> bytes | None:
    """Return the trip, its days and stays as a calendar, or None if nothing has a date.

    An event keeps its UID from version to version.
    """
    icalendar: Any = import_module("icalendar")  # only proposals and documents need it
    made = icalendar.Calendar()
    made.add("version", "2.0")
    made.add("prodid", "-//voygen//trip desk//EN")
    made.add("calscale", "GREGORIAN")
    made.add("x-wr-calname", proposal.trip.name)
    stamp = datetime.fromisoformat(created_at).astimezone(UTC).replace(microsecond=0)
    events = [_whole(proposal.trip), *map(_stay, proposal.trip.stays)]
    events += [_entry(day.date, entry) for day in proposal.trip.days for entry in day.entries]
    uids: dict[str, int] = {}  # an id of an entry has no "_", so that a repeated one is none of another's
    for event, uid in filter(None, events):
        uids[uid] = uids.get(uid, 0) + 1
        again = f"_{uids[uid]}" if uids[uid] > 1 else ""
        event.add("uid", f"{uid}{again}-{proposal.trip.uid}@voygen")
        event.add("dtstamp", stamp)
        event.add("sequence", proposal.version)
        made.add_component(event)
    return made.to_ical() if made.subcomponents else None


def _whole(trip: Trip) -> tuple[Any, str] | None:
    end = _day(trip.end)
    after = times.added(end, 1) if end else None
    return _days(_event(trip.name, trip.destinations, ""), "whole", _day(trip.start), after)


def _stay(stay: Stay) -> tuple[Any, str] | None:
    event = _event(stay.name, stay.city, stay.confirmation)
    return _days(event, stay.uid, _day(stay.check_in), _day(stay.check_out))


def _days(event: Any, uid: str, first: date | None, last: date | None) -> tuple[Any, str] | None:  # noqa: ANN401 - as above
    """Return an event of whole days, which takes no time. `last` is the first day after it."""
    if first is None:
        return None
    event.add("dtstart", first)
    if after := last if last and last > first else times.added(first, 1):
        event.add("dtend", after)
    event.add("transp", "TRANSPARENT")
    return event, uid


def _entry(on: str, entry: Entry) -> tuple[Any, str] | None:
    day = _day(on)
    if day is None:
        return None
    start, end = _time(entry.time), _time(entry.end_time)
    last = _day(entry.end_date) or day
    arrives = f"Arrives {last.isoformat()} {entry.end_time}, local time" if last != day and end else ""
    event = _event(entry.title, entry.place, entry.confirmation, arrives)
    if start is None:
        return _days(event, entry.uid, day, None)
    begins = datetime.combine(day, start)
    event.add("dtstart", begins)
    if end is not None and (ends := datetime.combine(last, end)) > begins:
        event.add("dtend", ends)
    return event, entry.uid


def _event(title: str, place: str, confirmation: str, *about: str) -> Any:  # noqa: ANN401 - icalendar's types are partial
    event: Any = import_module("icalendar").Event()
    event.add("summary", title)
    if place:
        event.add("location", place)
    told = [f"Confirmation {confirmation}"] if confirmation else []
    if lines := [*told, *filter(None, about)]:
        event.add("description", "\n".join(lines))
    return event


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    """Return a time as HH:MM; None for words, even if Python can read a time with a zone from them."""
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - floating
    except ValueError:
        return None
