"""The operations on the workflow of a trip."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.answers.fields import Details, Phase, Step, Text
from tools.trip import shapes
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.operation import Data, TripOperation


class AdvanceWorkflow(Data):
    phase: Phase
    step_number: Step = 1
    completion_data: Annotated[Details | None, Field(description="Result of the last phase.")] = None
    notes: Annotated[Text | None, Field(description="Why, for the history.")] = None


class SetWorkflowStep(Data):
    step_number: Step
    step_data: Annotated[Details | None, Field(description="Result of the step.")] = None


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


class AdvanceWorkflowOperation(TripOperation):
    apply = advance_workflow
    type: Literal["advance_workflow"]
    data: AdvanceWorkflow


class SetWorkflowStepOperation(TripOperation):
    apply = set_workflow_step
    type: Literal["set_workflow_step"]
    data: SetWorkflowStep
