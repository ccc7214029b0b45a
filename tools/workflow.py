"""Tools for a trip's workflow: its phase, its step, and the next steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from database.quoting import as_word, in_quotes
from tools.answers import parts
from tools.answers.bounds import ROOM
from tools.answers.errors import Conflict, NotFound
from tools.answers.fields import Details, Phase, Step, Text, TripIdentifier
from tools.answers.models import Plain
from tools.finding.identifiers import resolve_trip
from tools.tool import READS, Answer, Arguments, Hints, Tool, WriteAnswer, WriteArguments
from tools.trip import shapes
from tools.trip.playbook import PLAYS, Standing
from tools.trip.stages import AdvanceWorkflow, SetWorkflowStep, advance_workflow, set_workflow_step
from tools.trip.writing import rewrite_trip

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.engine import Database
    from tools.trip.draft import TripDraft


class InitializeArguments(WriteArguments):
    trip_identifier: TripIdentifier
    starting_phase: Annotated[Phase, Field(description="First phase.")] = "interview"
    initial_data: Annotated[Details | None, Field(description="Initial data, by name.")] = None


class StatusArguments(Arguments):
    trip_identifier: TripIdentifier


class AdvanceArguments(WriteArguments):
    trip_identifier: TripIdentifier
    new_phase: Annotated[Phase, Field(description="Phase to enter; may be earlier.")]
    completion_data: Annotated[Details | None, Field(description="Result of the old phase.")] = None
    notes: Annotated[Text | None, Field(description="Why, for the history.")] = None
    step_number: Step = 1


class StepArguments(WriteArguments):
    trip_identifier: TripIdentifier
    step_number: Step
    step_data: Annotated[Details | None, Field(description="Result of the step.")] = None


class InstructionsArguments(Arguments):
    trip_identifier: TripIdentifier
    include_all_phases: Annotated[bool, Field(description="All phases, not just the current.")] = False


class Position(BaseModel):
    trip_id: int = Field(description="Trip id.")
    trip_name: Plain = Field(description="Trip name.")
    current_phase: str | None = Field(description="Current phase; null if none.")
    current_step: int | None = Field(description="Current step.")


class WorkflowChanged(WriteAnswer, Position):
    pass


class WorkflowStatus(Answer, Position):
    next_phase: str | None = Field(description="Next phase; null at the end.")
    missing: list[str] = Field(description="What is missing to finish the phase.")
    phase_history: Any = Field(description="Phases so far, oldest first.")
    step_data: Any = Field(description="Results of the steps, by number.")
    initial_data: Any = Field(description="Initial data.")


class PhaseInstructions(BaseModel):
    phase: str = Field(description="Phase.")
    current: bool = Field(description="True if it is current.")
    aim: str = Field(description="Its aim.")
    steps: list[str] = Field(description="Its steps.")


class WorkflowInstructions(Answer, Position):
    phases: list[PhaseInstructions] = Field(description="Current phase, or all in order.")
    missing: list[str] = Field(description="What is missing to finish the current phase.")


async def initialize_workflow(db: Database, args: InitializeArguments) -> WorkflowChanged:
    def begin(draft: TripDraft) -> str:
        _require_none(draft)
        state = shapes.with_phase(draft.workflow_state, args.starting_phase, 1, None, None, draft.now)
        draft.workflow_state = state | ({"initial_data": args.initial_data} if args.initial_data else {})
        draft.log("WorkflowInitialized", f"Phase {args.starting_phase}")
        return f"Workflow started in phase {args.starting_phase}."

    return await _changed(db, args.trip_identifier, begin)


async def advance_workflow_phase(db: Database, args: AdvanceArguments) -> WorkflowChanged:
    data = AdvanceWorkflow(
        phase=args.new_phase, step_number=args.step_number, completion_data=args.completion_data, notes=args.notes
    )
    return await _changed(db, args.trip_identifier, lambda draft: advance_workflow(draft, data).message)


async def set_step(db: Database, args: StepArguments) -> WorkflowChanged:
    data = SetWorkflowStep(step_number=args.step_number, step_data=args.step_data)
    return await _changed(db, args.trip_identifier, lambda draft: set_workflow_step(draft, data).message)


async def get_workflow_status(db: Database, args: StatusArguments) -> WorkflowStatus:
    standing = await load_standing(db, (await resolve_trip(db, args.trip_identifier))["trip_id"])
    kept = {name: standing.workflow.get(name) for name in ("phase_history", "step_data", "initial_data")}
    shown, rests = parts.divided("trip", standing.trip["trip_id"], kept, ROOM)
    whole = " Shortened; get_anything returns the complete workflow." if rests else ""
    return WorkflowStatus(
        message=f"{in_quotes(standing.trip['trip_name'])}: {describe_position(standing)}{whole}",
        **_position(standing),
        next_phase=standing.next_phase,
        missing=standing.missing,
        **shown,
    )


async def get_workflow_instructions(db: Database, args: InstructionsArguments) -> WorkflowInstructions:
    standing = await load_standing(db, (await resolve_trip(db, args.trip_identifier))["trip_id"])
    phases = [
        PhaseInstructions(phase=phase, current=phase == standing.phase, aim=play.aim, steps=list(play.steps))
        for phase, play in PLAYS.items()
        if args.include_all_phases or phase == (standing.phase or "interview")
    ]
    lines = [f"{one.phase}: {one.aim} {' '.join(one.steps)}" for one in phases]
    return WorkflowInstructions(
        message=" ".join([f"{in_quotes(standing.trip['trip_name'])}: {describe_position(standing)}", *lines]),
        **_position(standing),
        phases=phases,
        missing=standing.missing,
    )


async def load_standing(db: Database, trip_id: int) -> Standing:
    """Load the state of the trip. Raises NotFound if the trip was just deleted."""
    standing = await Standing.of(db, trip_id)
    if standing is None:
        raise NotFound(f"Trip {trip_id} has been deleted.", "Use a different trip.")
    return standing


def describe_position(standing: Standing) -> str:
    """Describe the phase, the step and what is missing."""
    missing = (" ".join(standing.missing) or "Nothing is missing to finish it.") + standing.unreadable
    if standing.phase is None:
        return missing
    step = "" if standing.step is None else f", step {standing.step}"
    after = f" Next phase: {standing.next_phase}." if standing.next_phase else ""
    return f"phase {as_word(standing.phase)}{step}. {missing}{after}"


async def _changed(db: Database, identifier: str, change: Callable[[TripDraft], str]) -> WorkflowChanged:
    """Change the trip's workflow and log it in one batch; `change` returns the message."""
    trip = await resolve_trip(db, identifier)
    words: list[str] = []

    def apply(draft: TripDraft) -> None:
        words[:] = [change(draft)]

    async def answer(draft: TripDraft) -> WorkflowChanged:
        return WorkflowChanged(
            message=f"{in_quotes(draft.trip_name)}: {words[0]}",
            trip_id=draft.trip_id,
            trip_name=draft.trip_name,
            current_phase=draft.workflow_state.get("current_phase"),
            current_step=draft.workflow_state["current_step"],
        )

    return await rewrite_trip(db, trip["trip_id"], apply, answer)


def _require_none(draft: TripDraft) -> None:
    phase = shapes.workflow(draft.workflow_state).get("current_phase")
    if phase:
        where = f", in phase {phase}" if phase in PLAYS else ""
        raise Conflict(
            f"Trip {draft.trip_id} already has a workflow{where}; nothing was written.",
            "Use advance_workflow_phase to change its phase, or set_workflow_step to change its step.",
        )


def _position(standing: Standing) -> dict[str, Any]:
    return {
        "trip_id": standing.trip["trip_id"],
        "trip_name": standing.trip["trip_name"],
        "current_phase": standing.phase,
        "current_step": standing.step,
    }


TOOLS = [
    Tool(
        name="initialize_workflow",
        title="Start a trip's workflow",
        description="Start the workflow of a trip that has none.",
        group="workflow",
        hints=Hints(),
        input=InitializeArguments,
        output=WorkflowChanged,
        run=initialize_workflow,
    ),
    Tool(
        name="get_workflow_status",
        title="Show a trip's workflow",
        description="Get a trip's phase, step and history, and what is missing to go on.",
        group="workflow",
        hints=READS,
        input=StatusArguments,
        output=WorkflowStatus,
        run=get_workflow_status,
    ),
    Tool(
        name="advance_workflow_phase",
        title="Move a trip to another phase",
        description="End the trip's phase, with its result, and enter another. Keeps the history.",
        group="workflow",
        hints=Hints(),
        input=AdvanceArguments,
        output=WorkflowChanged,
        run=advance_workflow_phase,
    ),
    Tool(
        name="set_workflow_step",
        title="Set a trip's step",
        description="Set the step within the trip's phase and store its result.",
        group="workflow",
        hints=Hints(),
        input=StepArguments,
        output=WorkflowChanged,
        run=set_step,
    ),
    Tool(
        name="get_workflow_instructions",
        title="Show workflow instructions",
        description="Explain the work in the trip's phase, or in every phase, and the tools for it.",
        group="workflow",
        hints=READS,
        input=InstructionsArguments,
        output=WorkflowInstructions,
        run=get_workflow_instructions,
    ),
]
