"""Whether an item of a plan and an entry of an itinerary are the same booking."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from database.clients import fold
from documents.model import Activity, Stay, Transport
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import ITEM, STAY, TRANSPORT, clock_of, fields_of, moment_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    own = _code(item.confirmation)
    if not own or own != _code(text_of(KINDS[type(item)], value, "confirmation")):
        return False
    if isinstance(item, Transport):
        numbers = (_code(item.number), _code(text_of(TRANSPORT, value, "number")))
        return numbers[0] == numbers[1] if any(numbers) else _same_route(item, value)
    if isinstance(item, Stay):
        return _shares(item.name, text_of(STAY, value, "name")) and _same_room(item, value)
    assert isinstance(item, Activity)  # noqa: S101 - the third kind
    return _plain(item.title) == _plain(text_of(ITEM, value, "title"))


def _confirmations_agree(item: Item, value: object) -> bool:
    own, stored = _code(item.confirmation), _code(text_of(KINDS[type(item)], value, "confirmation"))
    return not own or not stored or own == stored


def _same_ride(item: Transport, value: object) -> bool:
    own, stored = _code(item.number), _code(text_of(TRANSPORT, value, "number"))
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


def _code(text: str | None) -> str:
    return re.sub(r"\W+", "", text or "").upper()
