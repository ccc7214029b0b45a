"""All operations of bulk_trip_operations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.trip.dates import UpdateDatesOperation
from tools.trip.imports import ImportAndParseOperation, ImportFromUrlOperation
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
    UpdateDetailsOperation,
    UpdateStatusOperation,
)
from tools.trip.schedule import (
    AddScheduleItemOperation,
    RemoveScheduleItemOperation,
    SetDayOperation,
    UpdateScheduleItemOperation,
)
from tools.trip.stages import AdvanceWorkflowOperation, SetWorkflowStepOperation
from tools.trip.stays import AddStayOperation, RemoveStayOperation, UpdateStayOperation
from tools.trip.transport import AddTransportOperation, RemoveTransportOperation, UpdateTransportOperation
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
    | AddScheduleItemOperation
    | UpdateScheduleItemOperation
    | RemoveScheduleItemOperation
    | SetDayOperation
    | AddStayOperation
    | UpdateStayOperation
    | RemoveStayOperation
    | AddTransportOperation
    | UpdateTransportOperation
    | RemoveTransportOperation
    | UpdateDetailsOperation
    | ImportFromUrlOperation
    | ImportAndParseOperation,
    Field(discriminator="type"),
]
