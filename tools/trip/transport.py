"""The operations on the transport of a trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import create_model

from tools.answers.fields import Erasable, Line, Money
from tools.trip.itinerary.entries import TRANSPORT
from tools.trip.itinerary.inputs import DateAndTime, OptionalTitle, RemoveEntry, Title
from tools.trip.itinerary.telling import called, logged, remove_entry, result, sent_fields, update_entry
from tools.trip.operation import Data, ItineraryOperation

if TYPE_CHECKING:
    from tools.trip.draft import OperationResult, TripDraft

# Made by calls, because `from` can't be the name of an attribute in a class statement.
_ROUTE: dict[str, Any] = {"from": (Title, ...), "to": (Title, ...)}
_NEW_ROUTE: dict[str, Any] = {"from": (OptionalTitle, None), "to": (OptionalTitle, None)}


class _Added(Data):
    type: Title
    number: Line | None = None
    provider: Line | None = None


class _Changed(RemoveEntry):
    type: Title | None = None
    number: Erasable[Line] = None
    provider: Erasable[Line] = None


class AddTransport(create_model("_AddedRoute", __base__=_Added, **_ROUTE)):
    depart: DateAndTime
    arrive: DateAndTime | None = None
    confirmation: Line | None = None
    price: Money | None = None


class UpdateTransport(create_model("_ChangedRoute", __base__=_Changed, **_NEW_ROUTE)):
    depart: DateAndTime | None = None
    arrive: Erasable[DateAndTime] = None
    confirmation: Erasable[Line] = None
    price: Erasable[Money] = None


def add_transport(draft: TripDraft, data: AddTransport) -> OperationResult:
    slot = draft.itinerary.new(TRANSPORT, sent_fields(data))
    draft.itinerary.transport.slots.append(slot)
    draft.log("TransportAdded", f"{logged(TRANSPORT, slot)}, {data.depart}")
    return result(slot, f"{called(TRANSPORT, slot)} is added, departing {data.depart}.")


def update_transport(draft: TripDraft, data: UpdateTransport) -> OperationResult:
    return update_entry(draft, TRANSPORT, data, "TransportChanged")


def remove_transport(draft: TripDraft, data: RemoveEntry) -> OperationResult:
    return remove_entry(draft, TRANSPORT, data, "TransportRemoved")


class AddTransportOperation(ItineraryOperation):
    apply = add_transport
    type: Literal["add_transport"]
    data: AddTransport


class UpdateTransportOperation(ItineraryOperation):
    apply = update_transport
    type: Literal["update_transport"]
    data: UpdateTransport


class RemoveTransportOperation(ItineraryOperation):
    apply = remove_transport
    type: Literal["remove_transport"]
    data: RemoveEntry
