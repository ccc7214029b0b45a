"""One plan of several: what is told twice is once, a later schedule replaces, a cancellation marks."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from documents.memory import remembered
from documents.model import Activity, Cancellation, Cost, Day, How, Item, Plan, Stay, Transport, Unresolved
from documents.words import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Entry = TypeVar("Entry", Stay, Transport, Activity)

CONTRADICTED = "The same booking is told with other values."
# Words that many names share.
COMMON = {
    "hotel",
    "the",
    "and",
    "der",
    "die",
    "das",
    "und",
    "le",
    "la",
    "les",
    "el",
    "los",
    "del",
    "de",
    "di",
    "da",
    "il",
    "lo",
    "du",
    "des",
    "a",
    "at",
    "in",
    "to",
    "of",
    "zu",
    "im",
    "stay",
    "pension",
    "inn",
    "resort",
    "casa",
    "villa",
}
WORD = re.compile(r"[^\W_]{2,}")
# Entries of one day or code that are compared with each other.
MOST_ALIKE = 200


def merge(*plans: Plan) -> Plan:
    """Merge the plans of documents, the earlier ones first: where they differ about a booking, the later one holds."""
    return _merged(plans, later_holds=True)


def together(*plans: Plan) -> Plan:
    """Merge what one document tells in several ways. What they tell differently is left open, with both quotes."""
    return _merged(plans, later_holds=False)


def _merged(plans: Sequence[Plan], *, later_holds: bool) -> Plan:
    whole = Plan()
    for plan in plans:
        _add(whole.stays, plan.stays, whole, later_holds=later_holds)
        _add(whole.transport, plan.transport, whole, later_holds=later_holds)
        _add(whole.activities, plan.activities, whole, later_holds=later_holds)
        _add_costs(whole.costs, plan.costs)
        _add_days(whole.days, plan.days)
        whole.unresolved += [one for one in plan.unresolved if one not in whole.unresolved]
        whole.unread += [line for line in plan.unread if line not in whole.unread]
        whole.left_out += [note for note in plan.left_out if note not in whole.left_out]
        if later_holds:
            _add_cancellations(whole, plan.cancellations)
    if not later_holds:
        _add_cancellations(whole, [one for plan in plans for one in plan.cancellations])
    _sort(whole)
    return whole


def _add_cancellations(plan: Plan, cancellations: Iterable[Cancellation]) -> None:
    """Mark what has the number of a cancellation. One that concerns nothing is kept."""
    for cancellation in cancellations:
        code = _code(cancellation.confirmation)
        concerned: list[Item] = [
            entry
            for entry in [*plan.activities, *plan.stays, *plan.transport]
            if entry.confirmation and _code(entry.confirmation) == code
        ]
        for entry in concerned:
            entry.cancelled = True
        if not concerned and code not in {_code(known.confirmation) for known in plan.cancellations}:
            plan.cancellations.append(cancellation)


def _sort(plan: Plan) -> None:
    plan.days.sort(key=lambda day: day.date)
    plan.activities.sort(key=lambda one: (one.date, one.time or "99", one.title))
    plan.stays.sort(
        key=lambda one: (one.check_in or "", one.check_out or "", one.name, one.room or "", one.confirmation or "")
    )
    plan.transport.sort(key=lambda one: (one.depart or "", one.number or "", one.origin or ""))


def _add(kept: list[Entry], added: list[Entry], plan: Plan, *, later_holds: bool) -> None:
    """Add entries. One that is there takes in one of the added, so that two rooms stay two."""
    free: dict[str, list[int]] = {}
    for place, entry in enumerate(kept):
        for key in _keys(entry):
            free.setdefault(key, []).append(place)
    taken: set[int] = set()
    for entry in added:
        near = sorted({place for key in _keys(entry) for place in free.get(key, [])[:MOST_ALIKE]} - taken)
        place = next((i for i in near if _is_same(kept[i], entry)), None)
        if place is None:
            kept.append(entry)
            continue
        taken.add(place)
        known = kept[place]
        if known.cancelled != entry.cancelled and not later_holds:
            known.cancelled = True
        if _contradicts(known, entry):
            if later_holds:
                kept[place] = _filled(entry, known)
                kept[place].cancelled = entry.cancelled
            elif known is not entry:
                plan.unresolved.append(
                    Unresolved(_kind(entry), CONTRADICTED, tuple(q for q in (known.quote, entry.quote) if q))
                )
                kept[place] = _without_contradiction(known, entry)
            continue
        cancelled = entry.cancelled or (known.cancelled and not later_holds)
        kept[place] = _filled(known, entry)
        kept[place].cancelled = cancelled
    kept[:] = [entry for entry in kept if _is_whole(entry)]


def _keys(entry: Item) -> Iterator[str]:
    """The days and the code that another telling of an entry shares with it."""
    if entry.confirmation:
        yield _code(entry.confirmation)
    for name in ("date", "check_in", "check_out", "depart"):
        if moment := getattr(entry, name, None):
            yield str(moment)[:10]


def _kind(entry: Item) -> str:
    return type(entry).__name__.lower()


def _is_same(a: Entry, b: Entry) -> bool:
    if a.confirmation and b.confirmation and _code(a.confirmation) != _code(b.confirmation):
        return False
    if isinstance(a, Stay) and isinstance(b, Stay):
        return _same_stay(a, b)
    if isinstance(a, Transport) and isinstance(b, Transport):
        return _same_journey(a, b)
    if isinstance(a, Activity) and isinstance(b, Activity):
        return (
            a.date == b.date
            and (a.time == b.time or (bool(a.confirmation) and a.confirmation == b.confirmation))
            and share_a_word(a.title, b.title)
        )
    return False


def _same_stay(a: Stay, b: Stay) -> bool:
    if a.room and b.room and not share_a_word(a.room, b.room):
        return False
    booked = a.confirmation is not None and b.confirmation is not None
    same_day = a.check_in == b.check_in or (
        booked and (a.check_out == b.check_out or a.check_in is None or b.check_in is None)
    )
    return share_a_word(a.name, b.name) and (same_day or booked)


def _same_journey(a: Transport, b: Transport) -> bool:
    numbers = (_code(a.number), _code(b.number))
    same_day = (a.depart or "")[:10] == (b.depart or "")[:10]
    if numbers[0] and numbers[1]:
        same_number = numbers[0] == numbers[1] or (
            min(map(len, numbers)) >= 2 and (numbers[0].endswith(numbers[1]) or numbers[1].endswith(numbers[0]))
        )
        booked = bool(a.confirmation and b.confirmation)
        opposite = share_a_word(a.origin or "", b.destination or "") and not share_a_word(
            a.origin or "", b.origin or ""
        )
        return same_number and (
            same_day or (booked and not opposite and a.number is not None and numbers[0] == numbers[1])
        )
    places = share_a_word(a.origin or "", b.origin or "") or share_a_word(a.destination or "", b.destination or "")
    return same_day and a.mode == b.mode and places and a.depart == b.depart


def share_a_word(a: str, b: str) -> bool:
    """Return True if two names share a word that says something, or are the same where they have none."""
    if words_of(a) & words_of(b):
        return True
    plain = folded(a).replace(" ", ""), folded(b).replace(" ", "")
    if not plain[0] or not plain[1]:
        return False
    return plain[0] == plain[1] or (not plain[0].isascii() and (plain[0] in plain[1] or plain[1] in plain[0]))


@remembered
def words_of(text: str) -> set[str]:
    """The words of a name that say something."""
    return set(WORD.findall(folded(text))) - COMMON


def _code(text: str | None) -> str:
    return re.sub(r"[^A-Z0-9]", "", (text or "").upper())


def _contradicts(a: Entry, b: Entry) -> bool:
    """Return True if two tellings of one booking have different moments."""
    return any(_differ(getattr(a, name), getattr(b, name)) for name in _MOMENTS[type(a)])


_MOMENTS: dict[type[Item], tuple[str, ...]] = {
    Stay: ("check_in", "check_out"),
    Transport: ("depart", "arrive"),
    Activity: ("time",),
}


def _differ(a: str | None, b: str | None) -> bool:
    """Return True if two moments exclude each other. A day alone agrees with its times, UTC with any local time."""
    if a is None or b is None or a == b or a.endswith("Z") != b.endswith("Z"):
        return False
    return not (a.startswith(b) or b.startswith(a))


def _without_contradiction(known: Entry, entry: Entry) -> Entry:
    return _counted(
        replace(
            known,
            **{name: None for name in _MOMENTS[type(known)] if _differ(getattr(known, name), getattr(entry, name))},
        )
    )


def _counted(entry: Entry) -> Entry:
    """An entry whose nights, if it is a stay, are those between its two days."""
    if not isinstance(entry, Stay):
        return entry
    if not (entry.check_in and entry.check_out):
        return replace(entry, nights=None)
    nights = (date.fromisoformat(entry.check_out[:10]) - date.fromisoformat(entry.check_in[:10])).days
    return replace(entry, nights=nights if nights > 0 else None)


def _is_whole(entry: Item) -> bool:
    """Return True if an entry still has the day that it is about."""
    if isinstance(entry, Stay):
        return bool(entry.check_in and entry.check_out) or bool(entry.check_in)
    if isinstance(entry, Transport):
        return bool(entry.depart) or entry.cancelled
    return True


def _filled(known: Entry, entry: Entry) -> Entry:
    """An entry with what only the other telling has. Longer moments and names with a code say more."""
    changes: dict[str, object] = {}
    for one in fields(known):
        ours, theirs = getattr(known, one.name), getattr(entry, one.name)
        if one.name in {"how", "cancelled"}:
            continue
        if theirs and (not ours or (one.name in {"depart", "arrive"} and str(theirs).startswith(str(ours)))):
            changes[one.name] = theirs
    if isinstance(known, Transport) and isinstance(entry, Transport):
        changes |= _utc_settled(known, entry)
        if known.mode == "other":
            changes["mode"] = entry.mode
    if How.STRUCTURED in {known.how, entry.how}:
        changes["how"] = How.STRUCTURED
    return _counted(replace(known, **changes))


def _utc_settled(known: Transport, entry: Transport) -> dict[str, object]:
    """Local moments where the other telling has them in UTC."""
    return {
        name: theirs
        for name in ("depart", "arrive")
        if (theirs := getattr(entry, name))
        and str(getattr(known, name) or "").endswith("Z")
        and not str(theirs).endswith("Z")
    }


def _add_costs(kept: list[Cost], added: Iterable[Cost]) -> None:
    free: dict[tuple[object, str | None], list[Cost]] = {}
    for cost in reversed(kept):
        free.setdefault((cost.amount, cost.currency), []).append(cost)
    for cost in added:
        alike = free.get((cost.amount, cost.currency))
        if not alike:
            kept.append(cost)
            continue
        twin = alike.pop()
        twin.quote = twin.quote or cost.quote
        twin.confirmation = twin.confirmation or cost.confirmation
        twin.label = twin.label or cost.label
        twin.due = twin.due or cost.due
        if twin.of == "item" or (twin.of == "total" and cost.of == "paid"):
            twin.of = cost.of


def _add_days(kept: list[Day], added: Iterable[Day]) -> None:
    known = {day.date: day for day in kept}
    for day in added:
        if day.date in known:
            known[day.date].title = known[day.date].title or day.title
        else:
            kept.append(day)


def standing(plan: Plan) -> Plan:
    """The plan without what was cancelled."""
    return replace(
        plan,
        activities=[one for one in plan.activities if not one.cancelled],
        stays=[one for one in plan.stays if not one.cancelled],
        transport=[one for one in plan.transport if not one.cancelled],
    )
