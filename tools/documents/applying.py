"""Put a plan into the itinerary of a draft."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from documents.model import Activity, Stay, Transport
from tools.answers.errors import Conflict
from tools.documents.matching import KINDS, agrees, is_same_booking
from tools.documents.reading import instant
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import ITEM, STAY, TRANSPORT, Kind, fields_of, moment_of, own_ids, text_of
from tools.trip.itinerary.warnings import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from documents.model import Item, Plan
    from tools.trip.draft import TripDraft
    from tools.trip.itinerary.days import Day
    from tools.trip.itinerary.slots import Slot
    from tools.trip.itinerary.times import Moment

Overwrite = Literal["none", "days", "all"]

CANCELLED = "cancelled"


@dataclass
class Applied:
    """What became of a plan. `ids` has the item_id of each item that is in the itinerary, by the item's identity."""

    created: dict[str, int] = field(default_factory=lambda: {"days": 0, "activities": 0, "stays": 0, "transport": 0})
    duplicates: int = 0
    changed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    conflicts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    removed: int = 0
    left_out: list[str] = field(default_factory=list[str])
    ids: dict[int, str] = field(default_factory=dict[int, str])
    stated: list[tuple[str, Item]] = field(default_factory=list["tuple[str, Item]"])

    @property
    def did_something(self) -> bool:
        return bool(any(self.created.values()) or self.changed or self.removed)


@dataclass(frozen=True)
class Wanted:
    """How to apply a plan. `received` is when its document was received."""

    overwrite: Overwrite = "none"
    max_days: int = 14
    max_per_day: int = 30
    received: datetime = field(default_factory=lambda: datetime.max.replace(tzinfo=UTC))


def apply_plan(draft: TripDraft, plan: Plan, wanted: Wanted) -> Applied:
    """Add what the plan has to the draft's itinerary.

    `none` changes nothing that a person entered. `days` replaces the activities of the plan's days, and `all` each part
    of the itinerary that the plan has something for. What is replaced is kept aside.
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
    texts = [day.date for day in plan.days] + [one.date for one in plan.activities]
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
        return self._applied

    def _chosen_days(self, plan: Plan) -> dict[str, list[Activity]]:
        """Return the activities by day, at most as many as wanted, and note what is left out."""
        days: dict[str, list[Activity]] = {day.date: [] for day in plan.days if times.day_of(day.date)}
        undated = 0
        for activity in plan.activities:
            if times.day_of(activity.date):
                days.setdefault(activity.date, []).append(activity)
            else:
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
        left = [item for item in items if id(item) not in pairs]
        for item in left:
            pairs |= self._paired([item], self._before[KINDS[type(item)].name], is_same_booking)
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
            self._cancel(item, slot, kind)
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

    def _cancel(self, item: Item, slot: Slot | None, kind: Kind) -> None:
        if slot is None:
            self._applied.left_out.append(f"a cancelled {kind.name} that the trip does not have")
        elif fields_of(slot.value).get("status") == CANCELLED:
            self._applied.duplicates += 1
            self._note(item, slot)
        else:
            self._itinerary.edit(kind, slot, {})
            slot.value = slot.value | {"status": CANCELLED}
            self._applied.changed.append({"item_id": slot.name, "status": CANCELLED})
            self._note(item, slot)

    def _update(self, item: Item, slot: Slot, day: Day | None, kind: Kind) -> None:
        differing, missing = self._differences(item, slot, day, kind)
        if not differing and not missing:
            self._applied.duplicates += 1
        elif self._may_change(slot) or self._overwrites(kind):
            self._change(slot, day, kind, differing | missing)
        elif differing:
            stored = {name: self._stored(kind, slot, name) for name in differing}
            self._applied.conflicts.append({"item_id": slot.name, "stored": stored, "document": differing})
            return
        else:
            self._applied.duplicates += 1
        self._note(item, slot)

    def _change(self, slot: Slot, day: Day | None, kind: Kind, fields: dict[str, Any]) -> None:
        moves = fields.pop("date", None)
        self._itinerary.edit(kind, slot, fields)
        if moves and day is not None:
            self._itinerary.move(slot, day)
        told = {name: value for name, value in (fields | ({"date": moves} if moves else {})).items() if name in _TOLD}
        self._applied.changed.append({"item_id": slot.name, **told})

    def _overwrites(self, kind: Kind) -> bool:
        return self._wanted.overwrite == "all" or (kind is ITEM and self._wanted.overwrite == "days")

    def _may_change(self, slot: Slot) -> bool:
        """Return True if the entry came from a document that is not newer than this one."""
        received = self._draft.papers.received.get(slot.name)
        return received is not None and instant(received) <= self._wanted.received

    def _differences(
        self, item: Item, slot: Slot, day: Day | None, kind: Kind
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the dates and times that differ from the entry's, and what the entry lacks."""
        differing: dict[str, Any] = {}
        missing: dict[str, Any] = {}
        for name, value in fields_to_write(item).items():
            stored = text_of(kind, slot.value, name)
            if not stored and (name not in _MOMENTS or moment_of(kind, slot.value, name) == times.Moment()):
                missing[name] = value
            elif name in _MOMENTS and _differs(moment_of(kind, slot.value, name), times.moment(value)):
                differing[name] = value
        if kind is ITEM and day is not None and slot not in day.items:
            differing["date"] = item.date if isinstance(item, Activity) else None
        return differing, missing

    def _stored(self, kind: Kind, slot: Slot, name: str) -> str:
        if name == "date":
            return str(self._itinerary.schedule.date_of(self._itinerary.schedule.day_with(slot)))
        at = moment_of(kind, slot.value, name)
        day, minute = str(at.day or ""), times.shown(at.minute) if at.minute is not None else ""
        return " ".join(part for part in (day, minute) if part)

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


# Fields that are dates or times, and those that an answer repeats.
_MOMENTS = frozenset({"start_time", "end_time", "check_in", "check_out", "depart", "arrive"})
_TOLD = _MOMENTS | {"date"}


def _differs(stored: Moment, stated: Moment) -> bool:
    """Return True if two dates and times differ in a part that both have."""
    pairs = ((stored.day, stated.day), (stored.minute, stated.minute))
    return any(one is not None and other is not None and one != other for one, other in pairs)


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
    return {name: value for name, value in values.items() if value not in (None, "")}


def others_to_write(item: Item) -> dict[str, Any]:
    """Return what the item says besides the itinerary's fields, by key."""
    values: dict[str, Any] = {}
    if isinstance(item, Stay):
        names = ("nights", "check_in_time", "check_out_time", "location", "room", "rooms")
        values = {name: getattr(item, name) for name in names}
    elif isinstance(item, Transport) and item.duration is not None:
        values = {"duration_minutes": item.duration // 60}
    return {name: value for name, value in values.items() if value not in (None, "")}
