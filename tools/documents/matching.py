"""Comparison of a plan's items with an itinerary's entries: the same booking or not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from database.clients import fold
from documents.model import Activity, Stay, Transport
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import ITEM, STAY, TRANSPORT, clock_of, fields_of, moment_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from documents.model import Item
    from tools.trip.itinerary.entries import Kind

KINDS: Mapping[type[Item], Kind] = {Activity: ITEM, Stay: STAY, Transport: TRANSPORT}

# Words that names of different places share.
_COMMON = frozenset(
    (
        *("the", "and", "from", "der", "die", "das", "und", "des", "les", "del", "della", "day", "trip", "tour"),
        *("hotel", "hotels", "inn", "hostel", "pension", "resort", "suites", "apartment", "apartments", "room"),
        *("night", "nights", "airport", "station", "check", "transfer", "breakfast", "lunch", "dinner", "visit"),
    )
)

_WORD = re.compile(r"\w{3,}")


def agrees(item: Item, value: object) -> bool:
    """Return True if the entry states the item on the same day: same number, or names that share a word."""
    if not _confirmations_agree(item, value):
        return False
    if isinstance(item, Transport):
        day = times.day_of(item.depart)
        on_day = day is not None and moment_of(TRANSPORT, value, "depart").day == day
        return on_day and _same_ride(item, value)
    if isinstance(item, Stay):
        return (
            _same_nights(item, value) and _shares(item.name, text_of(STAY, value, "name")) and _same_room(item, value)
        )
    assert isinstance(item, Activity)  # noqa: S101 - the third kind
    title, stored = _plain(item.title), _plain(text_of(ITEM, value, "title"))
    at, then = _minute(item.time), clock_of(value, "start_time").minute
    if at is not None and then is not None:
        return at == then and (title == stored or _shares(item.title, text_of(ITEM, value, "title")))
    return title == stored


def is_same_booking(item: Item, value: object) -> bool:
    """Return True if both have one confirmation number, and number or name, on whatever day."""
    own = code_of(item.confirmation)
    if not own or own != code_of(text_of(KINDS[type(item)], value, "confirmation")):
        return False
    if isinstance(item, Transport):
        numbers = (code_of(item.number), code_of(text_of(TRANSPORT, value, "number")))
        return numbers[0] == numbers[1] if any(numbers) else _same_route(item, value)
    if isinstance(item, Stay):
        return _shares(item.name, text_of(STAY, value, "name")) and _same_room(item, value)
    assert isinstance(item, Activity)  # noqa: S101 - the third kind
    return _plain(item.title) == _plain(text_of(ITEM, value, "title"))


def has_same_number(item: Item, value: object) -> bool:
    """Return True for stays with one confirmation number and the same first day, whatever they are called."""
    if not isinstance(item, Stay) or not _has_number(item, STAY, value):
        return False
    return _same_nights(item, value) and _same_room(item, value)


def may_mean(item: Item, kind: Kind, value: object) -> bool:
    """Return True if a cancellation can mean the entry: it has the number, and nothing else that is said differs."""
    if not _has_number(item, kind, value):
        return False
    if isinstance(item, Transport):
        number, stored = code_of(item.number), code_of(text_of(TRANSPORT, value, "number"))
        same_day = not item.depart or _same_day(item.depart, moment_of(TRANSPORT, value, "depart").day)
        return (not number or not stored or number == stored) and (bool(number and stored) or same_day)
    if isinstance(item, Stay):
        return _same_room(item, value)
    return not isinstance(item, Activity) or not item.title or _shares(item.title, text_of(ITEM, value, "title"))


def is_alike(item: Item, value: object) -> bool:
    """Return True if a cancellation names the entry, or only its day."""
    if isinstance(item, Transport):
        number = code_of(item.number)
        day = times.day_of(item.depart)
        if number and number == code_of(text_of(TRANSPORT, value, "number")):
            return True
        return day is not None and day == moment_of(TRANSPORT, value, "depart").day
    if isinstance(item, Stay):
        name = text_of(STAY, value, "name")
        return _shares(item.name, name) if item.name else _same_nights(item, value)
    return isinstance(item, Activity) and bool(item.title)


def is_bare(item: Item) -> bool:
    """Return True if an item names nothing but its confirmation number."""
    names = ("name", "title", "number", "origin", "destination", "check_in", "check_out", "depart", "date")
    return not any(getattr(item, name, None) for name in names)


def _has_number(item: Item, kind: Kind, value: object) -> bool:
    own = code_of(item.confirmation)
    return bool(own) and own == code_of(text_of(kind, value, "confirmation"))


def _same_day(text: str, stored: date | None) -> bool:
    day = times.day_of(text)
    return day is None or stored is None or day == stored


def _confirmations_agree(item: Item, value: object) -> bool:
    own, stored = code_of(item.confirmation), code_of(text_of(KINDS[type(item)], value, "confirmation"))
    return not own or not stored or own == stored


def _same_ride(item: Transport, value: object) -> bool:
    own, stored = code_of(item.number), code_of(text_of(TRANSPORT, value, "number"))
    if own and stored:
        return own == stored
    at, then = times.moment(item.depart).minute, moment_of(TRANSPORT, value, "depart").minute
    return _same_route(item, value) and (at is None or then is None or at == then)


def _same_route(item: Transport, value: object) -> bool:
    ends = ((item.origin, text_of(TRANSPORT, value, "from")), (item.destination, text_of(TRANSPORT, value, "to")))
    return all(_shares(own or "", stored) for own, stored in ends)


def _same_nights(item: Stay, value: object) -> bool:
    pairs = [
        (times.day_of(own), moment_of(STAY, value, field).day)
        for own, field in ((item.check_in, "check_in"), (item.check_out, "check_out"))
    ]
    known = [(own, stored) for own, stored in pairs if own and stored]
    return bool(known) and known[0][0] == known[0][1]


def _same_room(item: Stay, value: object) -> bool:
    stored = fields_of(value).get("room")
    return not item.room or not isinstance(stored, str) or _plain(item.room) == _plain(stored)


def _minute(text: str | None) -> int | None:
    return times.moment(text).minute if text else None


def _shares(one: str, other: str) -> bool:
    """Return True if two names are equal or share a word that tells places apart."""
    if _plain(one) == _plain(other):
        return bool(_plain(one))
    return bool(_words(one) & _words(other))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(fold(text))) - _COMMON


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", fold(text)))


def code_of(text: str | None) -> str:
    """Return a number without its separators, in upper case."""
    return re.sub(r"\W+", "", text or "").upper()
