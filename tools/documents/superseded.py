"""Bookings that several documents tell with different dates or times."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from documents.model import Unresolved
from tools.documents.matching import KINDS, agrees, code_of, is_same_booking
from tools.documents.values import MOMENTS, compared, fields_to_write
from tools.trip.itinerary.entries import edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from documents.model import Item, Plan

EARLIER = "An earlier document tells this booking with other dates or times; the later one holds."

# Items with the same number or day that one is compared with.
MOST_ALIKE = 50


def superseded(plans: Sequence[Plan], whole: Plan) -> list[Unresolved]:
    """Return what the plan of several documents tells otherwise than one of them, with both quotes."""
    kept = list(_items(whole))
    same = {_identity(item) for item in kept}
    alike: dict[str, list[Item]] = defaultdict(list)
    for item in kept:
        for key in _keys(item):
            alike[key].append(item)
    found: list[Unresolved] = []
    for item in (one for plan in plans for one in _items(plan) if _identity(one) not in same):
        near = {id(other): other for key in _keys(item) for other in alike[key][:MOST_ALIKE]}
        twin = next((other for other in near.values() if _tells_otherwise(item, other)), None)
        if twin is not None:
            found.append(Unresolved("superseded", EARLIER, (item.quote, twin.quote)))
    return found


def _items(plan: Plan) -> Iterator[Item]:
    yield from (one for one in (*plan.activities, *plan.stays, *plan.transport) if not one.cancelled)


def _tells_otherwise(item: Item, other: Item) -> bool:
    if type(item) is not type(other):
        return False
    kind = KINDS[type(item)]
    entry = edited(kind, {}, fields_to_write(other))
    if not agrees(item, entry) and not is_same_booking(item, entry):
        return False
    return bool(compared(item, kind, entry)[0].keys() & MOMENTS)


def _identity(item: Item) -> tuple[str, ...]:
    return (type(item).__name__, *(f"{name}={value}" for name, value in fields_to_write(item).items()))


def _keys(item: Item) -> Iterator[str]:
    if item.confirmation:
        yield code_of(item.confirmation)
    for name in ("date", "check_in", "depart"):
        if moment := getattr(item, name, None):
            yield str(moment)[:10]
