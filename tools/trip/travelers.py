"""The operations on the people of a trip."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import Field, model_validator

from database import clients
from database.quoting import as_word, in_quotes
from database.roles import PRIMARY
from tools.answers.errors import InvalidInput
from tools.answers.fields import Role
from tools.answers.loosening import BLANK_IS_MEANT
from tools.finding.people import ClientOrNew, NamedReference
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.operation import TripOperation


class AssignClient(ClientOrNew):
    role: Role = "traveler"


class UnassignClient(NamedReference):
    role: Annotated[
        Role | None, Field(description="This role; else ALL.", json_schema_extra={BLANK_IS_MEANT: True})
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _no_blank_role(cls, sent: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
        if isinstance(sent, dict) and "role" in sent and not sent["role"] and sent["role"] is not None:
            raise ValueError("has an empty role: send the role to remove, or leave role out to remove all of them")
        return cast("dict[str, Any]", sent) if isinstance(sent, dict) else sent


class ChangeClientRole(NamedReference):
    from_role: Annotated[Role | None, Field(description="If there are several.")] = None
    to_role: Role


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
    if result.created and role in PRIMARY and not draft.primary_client_email:
        draft.primary_client_email = email
        result.message += " They are now its primary client."
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
        if data.to_role in PRIMARY and not draft.primary_client_email:
            draft.primary_client_email = email
            result.message += " They are now its primary client."
        draft.log("ClientRoleChanged", f"{draft.directory.contact_of(email)}: {roles[0]} became {data.to_role}")
    return result


def _words(roles: list[str]) -> str:
    return ", ".join(map(as_word, roles))


class AssignClientOperation(TripOperation):
    apply = assign_client
    type: Literal["assign_client"]
    data: AssignClient


class UnassignClientOperation(TripOperation):
    apply = unassign_client
    type: Literal["unassign_client"]
    data: UnassignClient


class ChangeClientRoleOperation(TripOperation):
    apply = change_client_role
    type: Literal["change_client_role"]
    data: ChangeClientRole
