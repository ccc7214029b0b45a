"""The operation on the dates of a trip, which moves its itinerary along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tools.answers.errors import InvalidInput
from tools.answers.fields import Day, check_period
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import TRANSPORT, moment_of
from tools.trip.itinerary.shifting import shift
from tools.trip.itinerary.telling import moved_words
from tools.trip.operation import Data, ItineraryOperation

if TYPE_CHECKING:
    from datetime import date


class UpdateDates(Data):
    start_date: Annotated[Day, Field(description="First day, YYYY-MM-DD.")]
    end_date: Annotated[Day | None, Field(description="Last day; else as long as before.")] = None
    shift_schedule: Annotated[bool, Field(description="Move days, stays, transport along.")] = True


def update_dates(draft: TripDraft, data: UpdateDates) -> OperationResult:
    itinerary = draft.itinerary
    before, start = times.day_of(draft.start_date), times.day_of(data.start_date)
    end_date = data.end_date or _as_long(draft, before, start)
    end = times.day_of(end_date)
    days = (start - before).days if start and before and data.shift_schedule else 0
    if start and end and not _explained(draft, start, end, days):
        _require_period(data.start_date, end_date)
    draft.start_date, draft.end_date = data.start_date, end_date
    itinerary.schedule.start, itinerary.period_changed = start, True
    moved = shift(itinerary.schedule, itinerary.stays, itinerary.transport, days) if days else None
    draft.log("DatesChanged", f"{data.start_date} to {end_date}")
    message = f"The trip is now from {data.start_date} to {end_date}."
    if moved is not None:
        message += moved_words(moved, days)
    elif data.shift_schedule and before is None and itinerary.has_entries:
        message += " Days, stays and transport stay where they are: the old start_date is not a date."
    return OperationResult(message=message)


def _as_long(draft: TripDraft, before: date | None, start: date | None) -> str:
    """Return the last day of the trip if it starts on another day and is as long as before."""
    last = times.day_of(draft.end_date)
    end = times.added(last, (start - before).days) if last and before and start else None
    if end is None:
        raise InvalidInput("The trip's old dates don't say how long it is.", "Send end_date too.")
    return end.isoformat()


def _require_period(start_date: str, end_date: str) -> None:
    try:
        check_period(start_date, end_date)
    except ValueError as error:
        problem, _, remedy = str(error).partition(": send ")
        raise InvalidInput(f"{problem}.", f"Send {remedy}.") from error


def _explained(draft: TripDraft, start: date, end: date, days: int) -> bool:
    """Return True if a trip that ends a day before it starts travels east over the date line, by its transport."""
    if (start - end).days != 1:
        return False
    for slot in draft.itinerary.transport.slots:
        left, reached = (moment_of(TRANSPORT, slot.value, field).day for field in ("depart", "arrive"))
        departed = left and times.added(left, days)
        if departed and departed >= start and reached and times.added(reached, days) == end:
            return True
    return False


class UpdateDatesOperation(ItineraryOperation):
    apply = update_dates
    type: Literal["update_dates"]
    data: UpdateDates
