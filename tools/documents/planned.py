"""Plans as JSON: to store them, and to show them in an answer."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

from documents.model import Activity, Cancellation, Cost, Day, How, Plan, Stay, Transport, Unresolved
from tools.answers.bounds import shortened, weight

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bytes of a plan in an answer.
ROOM = 20_000

# How long quotes may be if the plan has not enough room for whole ones, in characters.
_CUTS = (400, 120, 40, 0)

_KINDS: dict[str, type[Any]] = {
    "days": Day,
    "activities": Activity,
    "stays": Stay,
    "transport": Transport,
    "costs": Cost,
    "cancellations": Cancellation,
}

# Names of one of a kind, where a number would have another.
_ONE = {"days": "day", "activities": "activity", "stays": "stay", "costs": "cost", "cancellations": "cancellation"}

# Names of an item's fields in answers and arguments, where they differ from the plan's.
SHOWN_AS: dict[type[Any], dict[str, str]] = {
    Activity: {"time": "start_time"},
    Transport: {"mode": "type", "carrier": "provider", "origin": "from", "destination": "to"},
}


def dumped(plan: Plan) -> str:
    """Return the plan as JSON, to store it."""
    return json.dumps(asdict(plan), ensure_ascii=False, default=str, separators=(",", ":"))


def loaded(text: str) -> Plan:
    """Return a plan that was stored."""
    known: dict[str, Any] = json.loads(text)
    plan = Plan(unread=known.get("unread", []), left_out=known.get("left_out", []))
    for name, kind in _KINDS.items():
        setattr(plan, name, [_item(kind, one) for one in known.get(name, [])])
    plan.unresolved = [Unresolved(one["kind"], one["why"], tuple(one["quotes"])) for one in known.get("unresolved", [])]
    return plan


def _item(kind: type[Any], known: dict[str, Any]) -> Any:  # noqa: ANN401 - an item of the plan
    names = {field.name for field in fields(kind)}
    values = {name: value for name, value in known.items() if name in names}
    if "how" in values:
        values["how"] = How(values["how"])
    if kind is Cost and values.get("amount") is not None:
        try:
            values["amount"] = Decimal(values["amount"])
        except InvalidOperation:
            values["amount"] = None
    return kind(**values)


def found_in(plan: Plan) -> dict[str, int]:
    """Return the number of what was found, by kind."""
    names = (*_KINDS, "unresolved", "unread")
    return {name: len(getattr(plan, name)) for name in names}


def counts_words(counts: Mapping[str, int]) -> str:
    """Return how many there are of each kind that there is any of, or a blank text."""
    return ", ".join(
        f"{count} {_ONE.get(name, name) if count == 1 else name}" for name, count in counts.items() if count
    )


def found_words(found: Mapping[str, int]) -> str:
    words = counts_words(found)
    return f"Found {words}." if words else "Nothing that belongs into an itinerary was found."


def shown(plan: Plan, ids: Mapping[int, str] | None = None) -> dict[str, Any]:
    """Return the plan for an answer. `ids` has the item_id of each item that is in the itinerary, by its identity.

    Quotes are cut and then left out if they take too much room.
    """
    for length in _CUTS:
        told = _shown(plan, ids or {}, length)
        if weight(told) <= ROOM:
            return told
    return _shown(plan, ids or {}, 0)


def _shown(plan: Plan, ids: Mapping[int, str], length: int) -> dict[str, Any]:
    days: dict[str, dict[str, Any]] = {}
    for day in plan.days:
        days.setdefault(day.date, {"date": day.date, "title": day.title})
    for activity in plan.activities:
        item = shown_item(activity, length, ids.get(id(activity)))
        days.setdefault(activity.date, {"date": activity.date}).setdefault("activities", []).append(item)
    parts = {name: [shown_item(one, length, ids.get(id(one))) for one in getattr(plan, name)] for name in _LISTED}
    return {
        "days": [_filled(days[day]) for day in sorted(days)],
        **parts,
        "unresolved": [
            {"kind": one.kind, "why": one.why, "quotes": [shortened(quote, length or 40) for quote in one.quotes]}
            for one in plan.unresolved
        ],
        "unread": [shortened(line, length or 40) for line in plan.unread],
    }


_LISTED = ("stays", "transport", "costs", "cancellations")


def shown_item(item: Any, length: int, item_id: str | None) -> dict[str, Any]:  # noqa: ANN401 - an item of the plan
    names = SHOWN_AS.get(cast("type[Any]", type(item)), {})
    values = {names.get(field.name, field.name): getattr(item, field.name) for field in fields(item)}
    quote = values.pop("quote", "")
    if isinstance(item, Activity):
        values.pop("date")
    if isinstance(item, Cost) and item.amount is not None:
        values["amount"] = float(item.amount)
    values |= {"quote": shortened(quote, length) if length else None, "item_id": item_id}
    return _filled(values)


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that say something."""
    return {
        name: str(value) if isinstance(value, How) else value
        for name, value in values.items()
        if value not in (None, "", False)
    }
