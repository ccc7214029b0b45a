"""The operations of bulk_trip_operations: the functions that apply them to a draft, and their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from database import clients
from database.quoting import as_word, in_quotes
from tools.answers.errors import InvalidInput
from tools.answers.fields import (
    check_period,
)
from tools.finding.people import ClientReference
from tools.trip import shapes
from tools.trip.data import (
    AddActivity,
    AddDocument,
    AddNote,
    AdvanceWorkflow,
    AssignClient,
    ChangeClientRole,
    EditNote,
    RemoveNote,
    RenameTrip,
    SetWorkflowStep,
    UnassignClient,
    UpdateCost,
    UpdateDates,
    UpdateDetails,
    UpdateStatus,
)
from tools.trip.draft import OperationResult, TripDraft

# Characters of an old note that an answer repeats.
OLD_NOTE_SHOWN = 300


def assign_client(draft: TripDraft, data: AssignClient) -> OperationResult:
    guest = draft.guest_called(data.name) if data.name and not data.client_id else None
    if guest and guest["shares_with"] and data.email:
        raise InvalidInput(
            f"{in_quotes(guest['name'])} shares {as_word(guest['shares_with'])} with another client on this trip.",
            "Send full_name alone to give them a client of their own, then set an email with update_client.",
        )
    email, is_new = draft.directory.find_or_create(data, guest["email"] if guest and not guest["shares_with"] else None)
    if guest and not is_new and not draft.directory.is_called(email, str(guest["name"])):
        guest = None
    if not is_new and not guest and data.name and (data.email or data.client_id):
        draft.directory.require_name(email, data.name)
    role = str(guest["role"]) if guest and "role" not in data.model_fields_set else data.role
    result = draft.link(guest, email, role) if guest else draft.assign(email, role)
    who = f"{draft.directory.name_of(email)} as {as_word(role)}"
    logged = f"Assigned {draft.directory.contact_of(email)} as {role}"
    if guest:
        result.message = f"Linked {in_quotes(guest['name'])}, who was on the trip without a client: {who}"
        result.message += ", a new client." if is_new else "."
        draft.log("ClientAssigned", logged)
    elif not result.created:
        result.message = f"{who} was already on the trip; nothing changed."
    else:
        result.message = f"Assigned {who}" + (", a new client." if is_new else ".")
        draft.log("ClientAssigned", logged)
    if not is_new and (data.phone or data.preferences):
        result.message += " The client exists: phone and preferences are unchanged."
    result.client_created = is_new
    return result


def unassign_client(draft: TripDraft, data: UnassignClient) -> OperationResult:
    email = draft.directory.require(data)
    roles = draft.roles_of(email, data.role)
    draft.require_unshared(email, roles)
    draft.unassign(email, roles)
    who = draft.directory.name_of(email)
    draft.log("ClientUnassigned", f"Removed {draft.directory.contact_of(email)} from the trip as {', '.join(roles)}")
    kept = draft.current_roles(email)
    message = f"{who} is no longer {_words(roles)} on the trip" + (f"; still {_words(kept)}." if kept else ".")
    if not kept and clients.fold(draft.primary_client_email or "") == clients.fold(email):
        message += " They are still its primary client; change primary_client_email with update_details."
    return OperationResult(email=email, roles=roles, message=message)


def change_client_role(draft: TripDraft, data: ChangeClientRole) -> OperationResult:
    email = draft.directory.require(data)
    roles = draft.roles_of(email, data.from_role)
    if len(roles) > 1:
        raise InvalidInput(
            f"{draft.directory.name_of(email)} has several roles on this trip: {_words(roles)}.",
            "Send from_role to choose the one to change.",
        )
    draft.require_unshared(email, roles)
    result = draft.change_role(email, roles[0], data.to_role)
    if roles[0] == data.to_role:
        result.message = f"{draft.directory.name_of(email)} already was {as_word(data.to_role)}; nothing changed."
    else:
        who = draft.directory.name_of(email)
        result.message = f"{who} is now {as_word(data.to_role)}, no longer {as_word(roles[0])}."
        draft.log("ClientRoleChanged", f"{draft.directory.contact_of(email)}: {roles[0]} became {data.to_role}")
    return result


def add_note(draft: TripDraft, data: AddNote) -> OperationResult:
    draft.notes = shapes.with_note(draft.notes, data.note, draft.now)
    draft.log("NoteAdded", data.note)
    return OperationResult(message="Note added.")


def edit_note(draft: TripDraft, data: EditNote) -> OperationResult:
    before = draft.change_note(data.note_id, data.note, keep=not data.for_good)
    draft.log("NoteEdited", f"Note {data.note_id}")
    return OperationResult(message=f"Note {as_word(data.note_id)} is changed{_old(before, data)}.")


def remove_note(draft: TripDraft, data: RemoveNote) -> OperationResult:
    before = draft.change_note(data.note_id, None, keep=not data.for_good)
    draft.log("NoteRemoved", f"Note {data.note_id}")
    return OperationResult(message=f"Note {as_word(data.note_id)} is removed{_old(before, data)}.")


def _old(before: str, data: RemoveNote) -> str:
    if data.for_good:
        return ", without a copy"
    return f"; it was {in_quotes(before, OLD_NOTE_SHOWN)}"


def update_status(draft: TripDraft, data: UpdateStatus) -> OperationResult:
    before, draft.status = draft.status, data.status
    draft.log("StatusChanged", f"Status: {before} became {data.status}")
    return OperationResult(message=f"Status is now {data.status}; it was {as_word(before)}.")


def update_cost(draft: TripDraft, data: UpdateCost) -> OperationResult:
    before, draft.total_cost = draft.total_cost, data.cost
    draft.financials = shapes.with_cost(draft.financials, data.cost, data.currency)
    draft.log("CostChanged", f"Total cost: {before} became {data.cost} {draft.financials['currency']}")
    return OperationResult(message=f"Total cost is now {data.cost:.2f} {as_word(draft.financials['currency'])}.")


def add_activity(draft: TripDraft, data: AddActivity) -> OperationResult:
    draft.log(data.type, data.details)
    return OperationResult(message=f"Activity {as_word(data.type)} logged.")


def add_document(draft: TripDraft, data: AddDocument) -> OperationResult:
    document = {key: value for key, value in data.model_dump().items() if value is not None}
    draft.documents = shapes.with_document(draft.documents, document | {"added_at": draft.now})
    draft.log("DocumentAdded", data.name)
    return OperationResult(message=f"Document {in_quotes(data.name)} added.")


def advance_workflow(draft: TripDraft, data: AdvanceWorkflow) -> OperationResult:
    draft.workflow_state = shapes.with_phase(
        draft.workflow_state, data.phase, data.step_number, data.completion_data, data.notes, draft.now
    )
    draft.log("WorkflowAdvanced", f"Phase {data.phase}, step {data.step_number}")
    return OperationResult(message=f"The trip is now in phase {data.phase}, step {data.step_number}.")


def set_workflow_step(draft: TripDraft, data: SetWorkflowStep) -> OperationResult:
    draft.workflow_state = shapes.with_step(draft.workflow_state, data.step_number, data.step_data)
    draft.log("WorkflowStepSet", f"Step {data.step_number}")
    return OperationResult(message=f"The trip is now at step {data.step_number}.")


def rename_trip(draft: TripDraft, data: RenameTrip) -> OperationResult:
    before, draft.trip_name = draft.trip_name, data.new_name
    if data.update_slug:
        draft.wants_slug_of = data.new_name
    draft.log("TripRenamed", f"{before} became {data.new_name}")
    return OperationResult(message=f"The trip is now called {in_quotes(data.new_name)}; it was {in_quotes(before)}.")


def update_dates(draft: TripDraft, data: UpdateDates) -> OperationResult:
    try:
        check_period(data.start_date, data.end_date)
    except ValueError as error:
        problem, _, remedy = str(error).partition(": send ")
        raise InvalidInput(f"{problem}.", f"Send {remedy}.") from error
    draft.start_date, draft.end_date = data.start_date, data.end_date
    draft.log("DatesChanged", f"{data.start_date} to {data.end_date}")
    return OperationResult(message=f"The trip is now from {data.start_date} to {data.end_date}.")


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


def _words(roles: list[str]) -> str:
    return ", ".join(map(as_word, roles))


class _Operation(BaseModel):
    """One operation: a type and the data for it."""

    model_config = ConfigDict(extra="forbid")
    apply: ClassVar[Callable[[TripDraft, Any], OperationResult]]


class AssignClientOperation(_Operation):
    apply = assign_client
    type: Literal["assign_client"]
    data: AssignClient


class UnassignClientOperation(_Operation):
    apply = unassign_client
    type: Literal["unassign_client"]
    data: UnassignClient


class ChangeClientRoleOperation(_Operation):
    apply = change_client_role
    type: Literal["change_client_role"]
    data: ChangeClientRole


class AddNoteOperation(_Operation):
    apply = add_note
    type: Literal["add_note"]
    data: AddNote


class EditNoteOperation(_Operation):
    apply = edit_note
    type: Literal["edit_note"]
    data: EditNote


class RemoveNoteOperation(_Operation):
    apply = remove_note
    type: Literal["remove_note"]
    data: RemoveNote


class UpdateStatusOperation(_Operation):
    apply = update_status
    type: Literal["update_status"]
    data: UpdateStatus


class UpdateCostOperation(_Operation):
    apply = update_cost
    type: Literal["update_cost"]
    data: UpdateCost


class AddActivityOperation(_Operation):
    apply = add_activity
    type: Literal["add_activity"]
    data: AddActivity


class AddDocumentOperation(_Operation):
    apply = add_document
    type: Literal["add_document"]
    data: AddDocument


class AdvanceWorkflowOperation(_Operation):
    apply = advance_workflow
    type: Literal["advance_workflow"]
    data: AdvanceWorkflow


class SetWorkflowStepOperation(_Operation):
    apply = set_workflow_step
    type: Literal["set_workflow_step"]
    data: SetWorkflowStep


class RenameTripOperation(_Operation):
    apply = rename_trip
    type: Literal["rename_trip"]
    data: RenameTrip


class UpdateDatesOperation(_Operation):
    apply = update_dates
    type: Literal["update_dates"]
    data: UpdateDates


class UpdateDetailsOperation(_Operation):
    apply = update_details
    type: Literal["update_details"]
    data: UpdateDetails


Operation = Annotated[
    AssignClientOperation
    | UnassignClientOperation
    | ChangeClientRoleOperation
    | AddNoteOperation
    | EditNoteOperation
    | RemoveNoteOperation
    | UpdateStatusOperation
    | UpdateCostOperation
    | AddActivityOperation
    | AddDocumentOperation
    | AdvanceWorkflowOperation
    | SetWorkflowStepOperation
    | RenameTripOperation
    | UpdateDatesOperation
    | UpdateDetailsOperation,
    Field(discriminator="type"),
]
