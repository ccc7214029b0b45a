"""Put a plan into the itinerary of a draft."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from documents.model import Activity, How, Unresolved
from tools.answers.errors import Conflict
from tools.documents.matching import KINDS, agrees, has_same_number, is_alike, is_bare, is_same_booking, may_mean
from tools.documents.values import (
    TOLD,
    compared,
    fields_to_write,
    others_to_write,
    stored_moment,
    told_moment,
)
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import ITEM, STAY, TRANSPORT, Kind, fields_of, moment_of, own_ids
from tools.trip.itinerary.times import instant
from tools.trip.itinerary.warnings import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from documents.model import Item, Plan
    from tools.trip.draft import TripDraft
    from tools.trip.itinerary.days import Day
    from tools.trip.itinerary.slots import Slot

Overwrite = Literal["none", "days", "all"]

CANCELLED = "cancelled"

NO_BOOKING = "A cancellation whose confirmation number the trip has no booking for. Nothing is marked."


@dataclass
class Applied:
    """The outcome of a plan. `ids` has the item_id of each item that is in the itinerary, by the item's identity."""

    created: dict[str, int] = field(default_factory=lambda: {"days": 0, "activities": 0, "stays": 0, "transport": 0})
    duplicates: int = 0
    changed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    conflicts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    removed: int = 0
    left_out: list[str] = field(default_factory=list[str])
    unresolved: list[Unresolved] = field(default_factory=list[Unresolved])
    ids: dict[int, str] = field(default_factory=dict[int, str])
    stated: list[tuple[str, Item]] = field(default_factory=list["tuple[str, Item]"])

    @property
    def did_something(self) -> bool:
        return bool(any(self.created.values()) or self.changed or self.removed)


@dataclass(frozen=True)
class Wanted:
    """Options for applying a plan. `received` tells when the document that states an item was received, if one does."""

    overwrite: Overwrite = "none"
    max_days: int = 14
    max_per_day: int = 30
    received: Callable[[Item], datetime] | None = None


def apply_plan(draft: TripDraft, plan: Plan, wanted: Wanted) -> Applied:
    """Add what the plan has to the draft's itinerary.

    `none` adds what is missing, also to entries that are there, and changes nothing that a person entered. `days`
    replaces the activities of the plan's days, and `all` each part of the itinerary that the plan has something for.
    What is replaced is kept aside. No document changes what one with a later date brought.
    """
    return _Application(draft, wanted).run(plan)


def require_within(draft: TripDraft, plan: Plan) -> None:
    """Raise Conflict if all that the plan has lies outside the trip."""
    if words := outside(draft, plan):
        raise Conflict(*words)


def outside(draft: TripDraft, plan: Plan) -> tuple[str, str] | None:
    """Return the problem and the remedy if all days of the plan lie outside the trip, else None."""
    period = Period.of(draft.start_date, draft.end_date)
    days = sorted(set(_days_of(plan)))
    if not days or period is None or not all(period.excludes(day) for day in days):
        return None
    first, last = days[0].isoformat(), days[-1].isoformat()
    trip = f"{draft.start_date} to {draft.end_date}"
    return (
        f"All days of the document, {first} to {last}, are outside the trip, {trip}; nothing was written.",
        f"Send another trip, or first update_dates with start_date {first} and end_date {last} if the trip is wrong.",
    )


def _days_of(plan: Plan) -> Iterator[date]:
    texts = [day.date for day in plan.days] + [one.date for one in plan.activities if not one.cancelled]
    texts += [text for stay in plan.stays if not stay.cancelled for text in (stay.check_in, stay.check_out) if text]
    texts += [text for ride in plan.transport if not ride.cancelled for text in (ride.depart, ride.arrive) if text]
    yield from (day for text in texts if (day := times.day_of(text)))


class _Application:
    def __init__(self, draft: TripDraft, wanted: Wanted) -> None:
        self._draft = draft
        self._itinerary = draft.itinerary
        self._wanted = wanted
        self._applied = Applied()
        self._before = {kind.name: list(draft.itinerary.slots(kind)) for kind in (ITEM, STAY, TRANSPORT)}
        self._taken: set[int] = set()

    def run(self, plan: Plan) -> Applied:
        by_day = self._chosen_days(plan)
        titles = {day.date: day.title for day in plan.days if day.title}
        for on, activities in by_day.items():
            self._apply_day(on, activities, titles.get(on))
        if self._wanted.overwrite == "all" and by_day:
            self._remove_other_days(by_day)
        for kind, items, name in ((STAY, plan.stays, "stays"), (TRANSPORT, plan.transport, "transport")):
            for item, slot in self._matched(items, self._before[kind.name]):
                self._apply(item, slot, None, name)
            if self._wanted.overwrite == "all" and any(not item.cancelled for item in items):
                self._remove(kind, [slot for slot in self._before[kind.name] if id(slot) not in self._taken])
        for item in plan.cancellations:
            self._cancel_all(item, self._numbered(item, (ITEM, STAY, TRANSPORT)), "booking")
        for item in filter(_is_undated_cancellation, plan.activities):
            self._cancel_all(item, self._numbered(item, (ITEM,)), ITEM.name)
        return self._applied

    def _chosen_days(self, plan: Plan) -> dict[str, list[Activity]]:
        """Return the activities by day, at most as many as wanted, and note what is left out."""
        days: dict[str, list[Activity]] = {day.date: [] for day in plan.days if times.day_of(day.date)}
        undated = 0
        for activity in plan.activities:
            if times.day_of(activity.date):
                days.setdefault(activity.date, []).append(activity)
            elif not _is_undated_cancellation(activity):
                undated += 1
        chosen = sorted(days)[: self._wanted.max_days]
        left = [on for on in sorted(days) if on not in chosen]
        notes = self._applied.left_out
        notes += [f"{len(left)} days from {left[0]} on, more than max_days"] if left else []
        notes += [f"{undated} activities without a date"] if undated else []
        for on in chosen:
            if (more := len(days[on]) - self._wanted.max_per_day) > 0:
                notes.append(f"{more} activities of {on}, more than max_activities_per_day")
        return {on: days[on][: self._wanted.max_per_day] for on in chosen}

    def _apply_day(self, on: str, activities: list[Activity], title: str | None) -> None:
        schedule, wanted = self._itinerary.schedule, date.fromisoformat(on)
        found = schedule.found(wanted, None)
        day = found[0] if found else None
        active = [one for one in activities if not one.cancelled]
        if day is None and (active or title or not activities):
            day = schedule.add_day(wanted, None)
            self._itinerary.touched.append(day)
            self._applied.created["days"] += 1
            if title:
                self._itinerary.edit_day(day, {"title": title})
        elif day is not None and title and self._wanted.overwrite != "none":
            self._itinerary.edit_day(day, {"title": title})
        there = [slot for one in found for slot in one.items]
        for item, slot in self._matched(activities, there):
            self._apply(item, slot, day, "activities")
        if self._wanted.overwrite != "none" and active:
            self._remove(ITEM, [slot for slot in there if id(slot) not in self._taken])

    def _matched(self, items: list[Any], there: list[Slot]) -> Iterator[tuple[Item, Slot | None]]:
        """Pair the items with entries that were there before, each with at most one.

        Those of the same day go first, so that a booking that has moved finds what is left.
        """
        pairs = self._paired(items, there, agrees)
        for test in (has_same_number, is_same_booking):
            left = [item for item in items if id(item) not in pairs]
            for item in left:
                pairs |= self._paired([item], self._before[KINDS[type(item)].name], test)
        yield from ((item, pairs.get(id(item))) for item in items)

    def _paired(self, items: list[Any], among: list[Slot], test: Callable[[Item, object], bool]) -> dict[int, Slot]:
        pairs: dict[int, Slot] = {}
        for item in items:
            free = (one for one in among if id(one) not in self._taken and not one.is_removed)
            slot = next((one for one in free if test(item, one.value)), None)
            if slot is not None:
                pairs[id(item)] = slot
                self._taken.add(id(slot))
        return pairs

    def _apply(self, item: Item, slot: Slot | None, day: Day | None, name: str) -> None:
        kind = KINDS[type(item)]
        if item.cancelled:
            self._cancel_all(item, [(kind, slot)] if slot else self._numbered(item, (kind,)), kind.name)
        elif slot is None:
            self._create(item, day, kind, name)
        else:
            self._update(item, slot, day, kind)

    def _create(self, item: Item, day: Day | None, kind: Kind, name: str) -> None:
        slot = self._itinerary.new(kind, fields_to_write(item))
        slot.value = slot.value | others_to_write(item)
        if kind is ITEM and day is not None:
            day.insert(slot)
        else:
            self._itinerary.slots(kind).append(slot)
        self._applied.created[name] += 1
        self._note(item, slot)

    def _numbered(self, item: Item, kinds: Sequence[Kind]) -> list[tuple[Kind, Slot]]:
        """Return the entries that a cancellation can mean by its confirmation number, whatever else it leaves out."""
        found = [
            (kind, slot)
            for kind in kinds
            for slot in self._itinerary.slots(kind)
            if may_mean(item, kind, slot.value) and not slot.is_removed
        ]
        if not found and is_bare(item) and len(kinds) == 1:
            return self._numbered(item, (ITEM, STAY, TRANSPORT))
        alike = [(kind, slot) for kind, slot in found if is_alike(item, slot.value)]
        return alike or (found if is_bare(item) or len(found) == 1 else [])

    def _cancel_all(self, item: Item, found: Sequence[tuple[Kind, Slot]], called: str) -> None:
        if not found and item.confirmation:
            self._applied.unresolved.append(Unresolved("cancellation", NO_BOOKING, (item.quote,)))
        elif not found:
            self._applied.left_out.append(f"a cancelled {called} that the trip does not have")
        for kind, slot in found:
            self._taken.add(id(slot))
            self._cancel(item, slot, kind)

    def _cancel(self, item: Item, slot: Slot, kind: Kind) -> None:
        if fields_of(slot.value).get("status") == CANCELLED:
            self._applied.duplicates += 1
        elif self._is_older(item, slot):
            conflict = {"item_id": slot.name, "document": {"status": CANCELLED}, "why": _OLDER}
            self._applied.conflicts.append(conflict)
            return
        else:
            self._itinerary.edit(kind, slot, {})
            slot.value = slot.value | {"status": CANCELLED}
            self._applied.changed.append({"item_id": slot.name, "status": CANCELLED})
        self._note(item, slot)

    def _update(self, item: Item, slot: Slot, day: Day | None, kind: Kind) -> None:
        differing, missing = compared(item, kind, slot.value)
        if kind is ITEM and day is not None and slot not in day.items:
            differing["date"] = item.date if isinstance(item, Activity) else None
        if differing and not self._may_change(item, slot, kind):
            self._applied.conflicts.append(self._conflict(item, slot, kind, differing))
            return
        if differing or missing:
            self._change(item, slot, day, kind, differing | missing)
        else:
            self._applied.duplicates += 1
        self._note(item, slot)

    def _conflict(self, item: Item, slot: Slot, kind: Kind, differing: dict[str, Any]) -> dict[str, Any]:
        told = [name for name in differing if name in TOLD]
        stored = {name: self._stored(kind, slot, name) for name in told}
        conflict = {"item_id": slot.name, "stored": stored, "document": {name: differing[name] for name in told}}
        others = [name for name in differing if name not in TOLD]
        return (
            conflict | ({"fields": others} if others else {}) | ({"why": _OLDER} if self._is_older(item, slot) else {})
        )

    def _change(self, item: Item, slot: Slot, day: Day | None, kind: Kind, changes: dict[str, Any]) -> None:
        moves = changes.pop("date", None)
        self._itinerary.edit(kind, slot, {name: one for name, one in changes.items() if name in kind.fields})
        slot.value = slot.value | {name: one for name, one in changes.items() if name not in kind.fields}
        if (
            kind is STAY
            and fields_of(slot.value).get("nights") is not None
            and {"check_in", "check_out"} & changes.keys()
        ):
            slot.value = slot.value | {"nights": _nights(slot.value)}
        if moves and day is not None:
            self._itinerary.move(slot, day)
        told = changes | ({"date": moves} if moves else {})
        # What an agent sent is no text of a document.
        shown = {name: one for name, one in told.items() if name in TOLD or item.how is How.AGENT}
        others = [name for name in told if name not in shown]
        self._applied.changed.append({"item_id": slot.name, **shown} | ({"fields": others} if others else {}))

    def _may_change(self, item: Item, slot: Slot, kind: Kind) -> bool:
        """Return True if the entry came from a document that is not newer than this one, or may be overwritten."""
        if self._is_older(item, slot):
            return False
        if self._wanted.overwrite == "all" or (kind is ITEM and self._wanted.overwrite == "days"):
            return True
        brought = self._draft.papers.received.get(slot.name)
        received = self._wanted.received
        return brought is not None and received is not None and instant(brought) <= received(item)

    def _is_older(self, item: Item, slot: Slot) -> bool:
        """Return True if the entry came from a document with a later date than the one that states the item."""
        dated = self._draft.papers.dated.get(slot.name)
        received = self._wanted.received
        return dated is not None and received is not None and received(item) < instant(dated)

    def _stored(self, kind: Kind, slot: Slot, name: str) -> str:
        if name == "date":
            return str(self._itinerary.schedule.date_of(self._itinerary.schedule.day_with(slot)))
        return told_moment(stored_moment(kind, slot.value, name))

    def _remove(self, kind: Kind, slots: Iterable[Slot]) -> None:
        for slot in slots:
            self._itinerary.remove(kind, slot)
            self._applied.removed += 1

    def _remove_other_days(self, chosen: Iterable[str]) -> None:
        """Remove the days that the plan does not have, with their items."""
        schedule, kept = self._itinerary.schedule, set(chosen)
        for day in list(schedule.days):
            if str(schedule.date_of(day)) not in kept:
                self._applied.removed += len(day.items)
                self._itinerary.remove_day(day)

    def _note(self, item: Item, slot: Slot) -> None:
        if own_ids(slot.value):
            self._applied.ids[id(item)] = slot.name
            self._applied.stated.append((slot.name, item))


_OLDER = "what is there came from a later document"


def _is_undated_cancellation(item: Activity) -> bool:
    return item.cancelled and not times.day_of(item.date)


def _nights(value: object) -> int | None:
    first, last = (moment_of(STAY, value, name).day for name in ("check_in", "check_out"))
    return (last - first).days if first and last and last > first else None
