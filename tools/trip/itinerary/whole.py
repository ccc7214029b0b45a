"""The itinerary of a trip while a call edits it: schedule, stays and transport."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.trip import shapes
from tools.trip.itinerary import times
from tools.trip.itinerary.days import Day, Schedule
from tools.trip.itinerary.entries import DAY, ITEM, STAY, Kind, edited, new_id, own_ids, value_of
from tools.trip.itinerary.lists import Entries
from tools.trip.itinerary.rewriting import rewritten
from tools.trip.itinerary.shifting import shifted_item
from tools.trip.itinerary.slots import Names, Slot, only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from database.engine import Row


@dataclass(frozen=True)
class Kept:
    """An entry that was removed, or a field of it, to be kept aside. `fields` describe it."""

    reason: str
    fields: dict[str, Any]


@dataclass
class Itinerary:
    """`row` holds the columns as they were read, or is None if the call does not need them."""

    row: Row | None
    schedule: Schedule
    stays: Entries
    transport: Entries
    # What the operations touched, for the warnings.
    touched: list[Slot] = field(default_factory=list[Slot])
    period_changed: bool = False
    kept: list[Kept] = field(default_factory=list[Kept])
    _names: dict[str, Names] = field(default_factory=dict[str, Names])

    @classmethod
    def of(cls, row: Row | None, start_date: object) -> Itinerary:
        known = dict(row) if row is not None else {}
        schedule, stays, transport = (
            shapes.load_json(known.get(column)) for column in ("schedule", "accommodations", "transportation")
        )
        return cls(row, Schedule(schedule, times.day_of(start_date)), Entries(stays), Entries(transport))

    @property
    def concerned(self) -> bool:
        return bool(self.touched or self.kept or self.period_changed)

    @property
    def has_entries(self) -> bool:
        return bool(self.schedule.days or self.stays.slots or self.transport.slots)

    def slots(self, kind: Kind) -> list[Slot]:
        if kind is ITEM:
            return self.schedule.items
        return self.stays.slots if kind is STAY else self.transport.slots

    def find(self, kind: Kind, item_id: str) -> Slot:
        if kind.name not in self._names:
            self._names[kind.name] = Names(self.slots(kind))
        return only(self._names[kind.name].called(item_id), self.slots(kind), item_id, kind)

    def new(self, kind: Kind, fields: Mapping[str, Any]) -> Slot:
        """Return a new entry with an id, which is not yet part of the itinerary."""
        slot = Slot(edited(kind, {kind.id_key: new_id()}, fields))
        self.touched.append(slot)
        self._add_name(kind, slot)
        return slot

    def edit(self, kind: Kind, slot: Slot, fields: Mapping[str, Any]) -> bool:
        """Change fields of an entry. Return True if it had no id and got one. What null removes is kept aside."""
        before = slot.value
        after = edited(kind, before, fields)
        needs_id = not own_ids(after)
        slot.value = after | {kind.id_key: new_id()} if needs_id else after
        if needs_id:
            self._add_name(kind, slot)
        if any(value is None and value_of(kind, before, name) is not None for name, value in fields.items()):
            self._keep("field removed", kind.name, slot.name, before)
        self.touched.append(slot)
        return needs_id

    def edit_day(self, day: Day, fields: Mapping[str, Any]) -> None:
        """Change the title or description of a day. What null removes is kept aside."""
        before = day.value
        if fields:
            day.set(fields)
        if any(value is None and value_of(DAY, before, name) is not None for name, value in fields.items()):
            self._keep("field removed", "day", str(self.schedule.date_of(day) or self.schedule.number_of(day)), before)
        self.touched.append(day)

    def remove(self, kind: Kind, slot: Slot) -> None:
        self._keep("entry removed", kind.name, slot.name, slot.value)
        slot.is_removed = True
        if kind is ITEM:
            self.schedule.day_with(slot).items.remove(slot)
        else:
            self.slots(kind).remove(slot)

    def remove_day(self, day: Day) -> None:
        """Remove a day with its items."""
        called = str(self.schedule.date_of(day) or self.schedule.number_of(day))
        self._keep("entry removed", "day", called, day.written())
        for slot in day.items:
            slot.is_removed = True
        self.schedule.days.remove(day)

    def move(self, slot: Slot, to: Day) -> None:
        """Move an item to another day; dates of its own move along."""
        day = self.schedule.day_with(slot)
        before, after = self.schedule.date_of(day), self.schedule.date_of(to)
        if before and after:
            slot.value = shifted_item(slot.value, (after - before).days)
        day.items.remove(slot)
        to.insert(slot)

    def _add_name(self, kind: Kind, slot: Slot) -> None:
        if kind.name in self._names:
            self._names[kind.name].add(slot)

    def _keep(self, reason: str, kind: str, called: str, entry: object) -> None:
        self.kept.append(Kept(reason, {"kind": kind, "item_id": called, "entry": entry}))

    def written(self) -> dict[str, Any]:
        """Return the columns as text; those that are unchanged keep their exact value."""
        row: Mapping[str, Any] = dict(self.row) if self.row is not None else {}
        columns = (
            ("schedule", self.schedule), ("accommodations", self.stays), ("transportation", self.transport),
        )  # fmt: skip
        values: dict[str, Any] = {}
        for column, part in columns:
            after, origins = part.written()
            same = after is part.read
            values[column] = row.get(column) if same else rewritten(row.get(column), part.read, after, origins)
        return values
