"""The operations on the places where a trip stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tools.answers.fields import Day, Erasable, Line, Money
from tools.trip.itinerary.entries import STAY
from tools.trip.itinerary.inputs import RemoveEntry, Title
from tools.trip.itinerary.telling import called, logged, remove_entry, result, sent_fields, update_entry
from tools.trip.operation import Data, ItineraryOperation

if TYPE_CHECKING:
    from tools.trip.draft import OperationResult, TripDraft


class AddStay(Data):
    name: Title
    city: Line | None = None
    check_in: Day
    check_out: Day
    confirmation: Line | None = None
    price: Money | None = None


class UpdateStay(RemoveEntry):
    name: Title | None = None
    city: Erasable[Line] = None
    check_in: Day | None = None
    check_out: Day | None = None
    confirmation: Erasable[Line] = None
    price: Erasable[Money] = None


def add_stay(draft: TripDraft, data: AddStay) -> OperationResult:
    slot = draft.itinerary.new(STAY, sent_fields(data))
    draft.itinerary.stays.slots.append(slot)
    draft.log("StayAdded", f"{logged(STAY, slot)}, {data.check_in} to {data.check_out}")
    return result(slot, f"{called(STAY, slot)} is added, {data.check_in} to {data.check_out}.")


def update_stay(draft: TripDraft, data: UpdateStay) -> OperationResult:
    return update_entry(draft, STAY, data, "StayChanged")


def remove_stay(draft: TripDraft, data: RemoveEntry) -> OperationResult:
    return remove_entry(draft, STAY, data, "StayRemoved")


class AddStayOperation(ItineraryOperation):
    apply = add_stay
    type: Literal["add_stay"]
    data: AddStay


class UpdateStayOperation(ItineraryOperation):
    apply = update_stay
    type: Literal["update_stay"]
    data: UpdateStay


class RemoveStayOperation(ItineraryOperation):
    apply = remove_stay
    type: Literal["remove_stay"]
    data: RemoveEntry
