"""The operations on the days of a trip and their items."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from database.quoting import in_quotes
from tools.answers.fields import Day, Erasable, Line, Money, Text
from tools.trip import shapes
from tools.trip.itinerary.entries import ITEM
from tools.trip.itinerary.inputs import DayNumber, OnDay, RemoveEntry, TimeOfDay, Title
from tools.trip.itinerary.telling import changed, logged, removed, require_change, result, sent_fields
from tools.trip.operation import ItineraryOperation

if TYPE_CHECKING:
    from tools.trip.draft import OperationResult, TripDraft
    from tools.trip.itinerary.days import Day as TripDay


class AddScheduleItem(OnDay):
    title: Title
    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    type: Line | None = None
    location: Line | None = None
    notes: Text | None = None
    price: Money | None = None
    confirmation: Line | None = None


class UpdateScheduleItem(RemoveEntry):
    date: Day | None = None
    day_number: DayNumber | None = None
    title: Title | None = None
    start_time: Erasable[TimeOfDay] = None
    end_time: Erasable[TimeOfDay] = None
    type: Erasable[Line] = None
    location: Erasable[Line] = None
    notes: Erasable[Text] = None
    price: Erasable[Money] = None
    confirmation: Erasable[Line] = None

    @model_validator(mode="after")
    def _at_most_one_day(self) -> UpdateScheduleItem:
        if self.date is not None and self.day_number is not None:
            raise ValueError("has two days: send either date or day_number")
        return self


class SetDay(OnDay):
    title: Erasable[Title] = None
    description: Erasable[Text] = None


def add_schedule_item(draft: TripDraft, data: AddScheduleItem) -> OperationResult:
    itinerary = draft.itinerary
    day, note = _day(draft, data.date, data.day_number)
    slot = itinerary.new(ITEM, sent_fields(data, "date", "day_number"))
    day.insert(slot)
    draft.log("ScheduleItemAdded", f"{_named(draft, day)}: {data.title}")
    return result(slot, f"{in_quotes(data.title)} is added to {_named(draft, day)}.{note}")


def update_schedule_item(draft: TripDraft, data: UpdateScheduleItem) -> OperationResult:
    itinerary = draft.itinerary
    slot = itinerary.find(ITEM, data.item_id)
    fields = sent_fields(data, "item_id", "date", "day_number")
    moves = data.date is not None or data.day_number is not None
    require_change(fields or moves, data)
    note = ""
    got_id = itinerary.edit(ITEM, slot, fields)
    if moves:
        day, note = _day(draft, data.date, data.day_number)
        itinerary.move(slot, day)
    elif "start_time" in fields:
        itinerary.schedule.day_with(slot).replace(slot)
    day = itinerary.schedule.day_with(slot)
    draft.log("ScheduleItemChanged", f"{_named(draft, day)}: {logged(ITEM, slot)}")
    where = f" and moved to {_named(draft, day)}" if moves else f", on {_named(draft, day)}"
    return changed(ITEM, slot, where, note, got_id=got_id)


def remove_schedule_item(draft: TripDraft, data: RemoveEntry) -> OperationResult:
    slot = draft.itinerary.find(ITEM, data.item_id)
    day = _named(draft, draft.itinerary.schedule.day_with(slot))
    draft.itinerary.remove(ITEM, slot)
    draft.log("ScheduleItemRemoved", f"{day}: {logged(ITEM, slot)}")
    return removed(ITEM, slot, f" from {day}")


def set_day(draft: TripDraft, data: SetDay) -> OperationResult:
    day, note = _day(draft, data.date, data.day_number)
    draft.itinerary.edit_day(day, sent_fields(data, "date", "day_number"))
    told = result(day, f"Set {_named(draft, day)}.{note}")
    draft.log("DaySet", ": ".join([_named(draft, day), *filter(None, (data.title, data.description))]))
    return told.model_copy(update={"item_id": None, "entry": shapes.replace_surrogates(day.written())})


def _day(draft: TripDraft, wanted: str | None, number: int | None) -> tuple[TripDay, str]:
    """Return the day, which is added if there is none, and a sentence about that."""
    schedule = draft.itinerary.schedule
    on = date.fromisoformat(wanted) if wanted else None
    found = schedule.found(on, number)
    if not found:
        return schedule.add_day(on, number), " The day is new."
    return found[0], f" The schedule has {len(found)} such days; this is the first." if len(found) > 1 else ""


def _named(draft: TripDraft, day: TripDay) -> str:
    on, number = draft.itinerary.schedule.date_of(day), draft.itinerary.schedule.number_of(day)
    if number is None:
        return str(on) if on else "a day without a date"
    return f"day {number} ({on})" if on else f"day {number}"


class AddScheduleItemOperation(ItineraryOperation):
    apply = add_schedule_item
    type: Literal["add_schedule_item"]
    data: AddScheduleItem


class UpdateScheduleItemOperation(ItineraryOperation):
    apply = update_schedule_item
    type: Literal["update_schedule_item"]
    data: UpdateScheduleItem


class RemoveScheduleItemOperation(ItineraryOperation):
    apply = remove_schedule_item
    type: Literal["remove_schedule_item"]
    data: RemoveEntry


class SetDayOperation(ItineraryOperation):
    apply = set_day
    type: Literal["set_day"]
    data: SetDay
