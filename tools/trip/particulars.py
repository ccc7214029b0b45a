"""The operations on the particulars of a trip: status, name, destinations, documents, activities."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from database.quoting import as_word, in_quotes
from tools.answers.errors import InvalidInput
from tools.answers.fields import Email, Erasable, Line, Name, Status, Text, Words
from tools.finding.people import ClientReference
from tools.trip import shapes
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.operation import Data, TripOperation


class UpdateStatus(Data):
    status: Annotated[Status, Field(description="completed: took place; cancelled: it won't.")]


class AddActivity(Data):
    details: Annotated[Words, Field(description="What was done; logs it, and is not the itinerary.")]
    type: Name = "GeneralActivity"


class AddDocument(Data):
    name: Name
    url: Annotated[str | None, Field(max_length=2000)] = None
    type: Line | None = None
    notes: Text | None = None


class RenameTrip(Data):
    new_name: Name
    update_slug: Annotated[bool, Field(description="Also change the slug.")] = True


class UpdateDetails(Data):
    destinations: Annotated[Erasable[Line], Field(description="null removes them.")] = None
    group_name: Annotated[Erasable[Line], Field(description="null removes it.")] = None
    primary_client_email: Annotated[Erasable[Email], Field(description="Known client; adds no role.")] = None


def update_status(draft: TripDraft, data: UpdateStatus) -> OperationResult:
    before, draft.status = draft.status, data.status
    draft.log("StatusChanged", f"Status: {before} became {data.status}")
    return OperationResult(message=f"Status is now {data.status}; it was {as_word(before)}.")


def add_activity(draft: TripDraft, data: AddActivity) -> OperationResult:
    draft.log(data.type, data.details)
    return OperationResult(message=f"Activity {as_word(data.type)} logged.")


def add_document(draft: TripDraft, data: AddDocument) -> OperationResult:
    document = {key: value for key, value in data.model_dump().items() if value is not None}
    draft.documents = shapes.with_document(draft.documents, document | {"added_at": draft.now})
    draft.log("DocumentAdded", data.name)
    return OperationResult(message=f"Document {in_quotes(data.name)} added.")


def rename_trip(draft: TripDraft, data: RenameTrip) -> OperationResult:
    before, draft.trip_name = draft.trip_name, data.new_name
    if data.update_slug:
        draft.wants_slug_of = data.new_name
    draft.log("TripRenamed", f"{before} became {data.new_name}")
    return OperationResult(message=f"The trip is now called {in_quotes(data.new_name)}; it was {in_quotes(before)}.")


def update_details(draft: TripDraft, data: UpdateDetails) -> OperationResult:
    sent = {column: getattr(data, column) for column in UpdateDetails.model_fields if column in data.model_fields_set}
    if not sent:
        raise InvalidInput("data contains no change.", f"Send at least one of {', '.join(UpdateDetails.model_fields)}.")
    if data.primary_client_email:
        sent["primary_client_email"] = draft.directory.require(ClientReference(email=data.primary_client_email))
    for column, value in sent.items():
        setattr(draft, column, value or None)
    logged = ", ".join(f"{column} {value!r}" if value else f"no {column}" for column, value in sent.items())
    draft.log("DetailsChanged", logged)
    words = ", ".join(f"{column} {in_quotes(value)}" if value else f"no {column}" for column, value in sent.items())
    return OperationResult(message=f"Set {words}.")


class UpdateStatusOperation(TripOperation):
    apply = update_status
    type: Literal["update_status"]
    data: UpdateStatus


class AddActivityOperation(TripOperation):
    apply = add_activity
    type: Literal["add_activity"]
    data: AddActivity


class AddDocumentOperation(TripOperation):
    apply = add_document
    type: Literal["add_document"]
    data: AddDocument


class RenameTripOperation(TripOperation):
    apply = rename_trip
    type: Literal["rename_trip"]
    data: RenameTrip


class UpdateDetailsOperation(TripOperation):
    apply = update_details
    type: Literal["update_details"]
    data: UpdateDetails
