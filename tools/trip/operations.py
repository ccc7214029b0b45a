"""All operations of bulk_trip_operations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.trip.money import (
    RecordPaymentOperation,
    RemovePaymentOperation,
    SetPaymentPlanOperation,
    UpdateCostOperation,
)
from tools.trip.notes import AddNoteOperation, EditNoteOperation, RemoveNoteOperation
from tools.trip.particulars import (
    AddActivityOperation,
    AddDocumentOperation,
    RenameTripOperation,
    UpdateDatesOperation,
    UpdateDetailsOperation,
    UpdateStatusOperation,
)
from tools.trip.stages import AdvanceWorkflowOperation, SetWorkflowStepOperation
from tools.trip.travelers import AssignClientOperation, ChangeClientRoleOperation, UnassignClientOperation

Operation = Annotated[
    AssignClientOperation
    | UnassignClientOperation
    | ChangeClientRoleOperation
    | AddNoteOperation
    | EditNoteOperation
    | RemoveNoteOperation
    | UpdateStatusOperation
    | UpdateCostOperation
    | RecordPaymentOperation
    | RemovePaymentOperation
    | SetPaymentPlanOperation
    | AddActivityOperation
    | AddDocumentOperation
    | AdvanceWorkflowOperation
    | SetWorkflowStepOperation
    | RenameTripOperation
    | UpdateDatesOperation
    | UpdateDetailsOperation,
    Field(discriminator="type"),
]
