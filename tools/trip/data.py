"""The data of the operations of bulk_trip_operations."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, model_validator

from tools.answers.fields import (
    Currency,
    Day,
    Details,
    Email,
    Erasable,
    Line,
    Money,
    Name,
    Phase,
    Role,
    Status,
    Step,
    Text,
    Words,
    as_text,
)
from tools.answers.loosening import BLANK_IS_MEANT
from tools.answers.sent import Sent
from tools.finding.people import ClientOrNew, NamedReference


class Data(Sent):
    """The data of an operation."""


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


class AddNote(Data):
    note: Annotated[Words, Field(description="The note.")]


NoteId = Annotated[
    str,
    Field(min_length=1, max_length=300, description="Its id, or its number from 1 if it has none."),
    BeforeValidator(as_text),
]


class RemoveNote(Data):
    note_id: NoteId
    for_good: Annotated[bool, Field(description="Keep no copy of the old text.")] = False


class EditNote(RemoveNote):
    note: Annotated[Words, Field(description="New text.")]


class UpdateStatus(Data):
    status: Annotated[Status, Field(description="completed: took place; cancelled: it won't.")]


class UpdateCost(Data):
    cost: Annotated[Money, Field(description="Total cost.")]
    currency: Annotated[Currency | None, Field(description="Such as EUR; else unchanged.")] = None


class AddActivity(Data):
    details: Annotated[Words, Field(description="What happened.")]
    type: Annotated[Name, Field(description="Kind of activity.")] = "GeneralActivity"


class AddDocument(Data):
    name: Annotated[Name, Field(description="Title.")]
    url: Annotated[str | None, Field(max_length=2000, description="URL.")] = None
    type: Annotated[Line | None, Field(description="Kind of document.")] = None
    notes: Annotated[Text | None, Field(description="Notes.")] = None


class AdvanceWorkflow(Data):
    phase: Phase
    step_number: Step = 1
    completion_data: Annotated[Details | None, Field(description="Result of the last phase.")] = None
    notes: Annotated[Text | None, Field(description="Why, for the history.")] = None


class SetWorkflowStep(Data):
    step_number: Step
    step_data: Annotated[Details | None, Field(description="Result of the step.")] = None


class RenameTrip(Data):
    new_name: Annotated[Name, Field(description="New name.")]
    update_slug: Annotated[bool, Field(description="Also change the slug.")] = True


class UpdateDates(Data):
    start_date: Annotated[Day, Field(description="First day, YYYY-MM-DD.")]
    end_date: Annotated[Day, Field(description="Last day, YYYY-MM-DD.")]


class UpdateDetails(Data):
    destinations: Annotated[Erasable[Line], Field(description="null removes them.")] = None
    group_name: Annotated[Erasable[Line], Field(description="null removes it.")] = None
    primary_client_email: Annotated[Erasable[Email], Field(description="Known client; adds no role.")] = None
