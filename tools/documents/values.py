"""The values of an item of a plan, and how they differ from those of an entry of an itinerary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from database.clients import fold
from documents.model import Activity, Stay, Transport
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import ITEM, STAY, clock_of, fields_of, moment_of, text_of

if TYPE_CHECKING:
    from documents.model import Item
    from tools.trip.itinerary.entries import Kind
    from tools.trip.itinerary.times import Moment

# Fields that are dates or times.
MOMENTS = frozenset({"start_time", "end_time", "check_in", "check_out", "depart", "arrive"})

# Times of a stay that stand under keys of their own, and the dates that may hold them.
CLOCKS = {"check_in_time": "check_in", "check_out_time": "check_out"}

# What an answer repeats: it can't hold words of a document.
TOLD = MOMENTS | CLOCKS.keys() | {"date"}

# Texts that differ if they share no word. Names, titles and routes are told in many ways.
_TEXTS = frozenset({"location", "provider"})

# Values that follow from others.
_DERIVED = frozenset({"nights", "duration_minutes"})


def fields_to_write(item: Item) -> dict[str, Any]:
    """Return what the item says, by the names of the itinerary's fields."""
    values: dict[str, Any] = {"confirmation": item.confirmation}
    if isinstance(item, Activity):
        values |= {"title": item.title, "start_time": item.time, "end_time": item.end_time, "location": item.location}
    elif isinstance(item, Stay):
        values |= {"name": item.name, "check_in": item.check_in, "check_out": item.check_out}
    elif isinstance(item, Transport):
        values |= {
            "type": item.mode,
            "number": item.number,
            "provider": item.carrier,
            "from": item.origin,
            "to": item.destination,
            "depart": item.depart,
            "arrive": item.arrive,
        }
    return _stated(values)


def others_to_write(item: Item) -> dict[str, Any]:
    """Return what the item says besides the itinerary's fields, by key."""
    values: dict[str, Any] = {}
    if isinstance(item, Stay):
        names = ("nights", "check_in_time", "check_out_time", "location", "room", "rooms")
        values = {name: getattr(item, name) for name in names}
    elif isinstance(item, Transport) and item.duration is not None:
        values = {"duration_minutes": item.duration // 60}
    return _stated(values)


def compared(item: Item, kind: Kind, value: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the item says differently from the entry, and what the entry lacks, by field or key."""
    differing: dict[str, Any] = {}
    missing: dict[str, Any] = {}
    stated = fields_to_write(item) | {name: one for name, one in others_to_write(item).items() if name not in _DERIVED}
    for name, one in stated.items():
        stored = text_of(kind, value, name) if name in kind.fields else str(fields_of(value).get(name) or "")
        if name in MOMENTS or name in CLOCKS:
            at, then = times.moment(one), stored_moment(kind, value, name)
            if _differs(then, at):
                differing[name] = one
            elif _says_more(at, then) and (not stored or then != times.Moment()):
                missing[name] = one
        elif not stored:
            missing[name] = one
        elif (name == "rooms" and stored != str(one)) or (name in _TEXTS and not _share_a_word(stored, str(one))):
            differing[name] = one
    return differing, missing


def stored_moment(kind: Kind, value: object, name: str) -> Moment:
    """Return a date or time of the entry; the time of a stay may stand with its date."""
    if name in CLOCKS:
        apart = times.moment(fields_of(value).get(name))
        return apart if apart.minute is not None else times.Moment(None, moment_of(STAY, value, CLOCKS[name]).minute)
    return clock_of(value, name) if kind is ITEM else moment_of(kind, value, name)


def told_moment(moment: Moment) -> str:
    day, minute = str(moment.day or ""), times.shown(moment.minute) if moment.minute is not None else ""
    return " ".join(part for part in (day, minute) if part)


def _stated(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _differs(stored: Moment, stated: Moment) -> bool:
    """Return True if two dates and times differ in a part that both have."""
    pairs = ((stored.day, stated.day), (stored.minute, stated.minute))
    return any(one is not None and other is not None and one != other for one, other in pairs)


def _says_more(stated: Moment, stored: Moment) -> bool:
    pairs = ((stored.day, stated.day), (stored.minute, stated.minute))
    return any(one is None and other is not None for one, other in pairs)


def _share_a_word(one: str, other: str) -> bool:
    words = [set(re.findall(r"\w+", fold(text))) for text in (one, other)]
    return not all(words) or bool(words[0] & words[1])
