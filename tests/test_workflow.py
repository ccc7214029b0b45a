"""The workflow of a trip: its ordered phases, its history, and its instructions."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from desk import EMPTY, KYOTO, new_desk, op, open_desk, seeded

from tools.bulk import OPERATION
from tools.catalogue import DATABASE_TOOLS
from tools.trip.playbook import PLAYS, WORKFLOW_PHASES

if TYPE_CHECKING:
    from pathlib import Path


def logged(desk: Any, trip_id: int) -> list[str]:
    return [row[0] for row in desk.sql("SELECT activity_type FROM ActivityLog WHERE trip_id = ?", trip_id)]


async def test_a_workflow_is_initialized_once(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        begun = await desk.call("initialize_workflow", trip_identifier=KYOTO, initial_data={"budget": 5000})
        assert (begun["current_phase"], begun["current_step"]) == ("interview", 1)
        state = desk.json("workflow_state", KYOTO)
        assert state["initial_data"] == {"budget": 5000}
        assert [entry["phase"] for entry in state["phase_history"]] == ["interview"]
        before = desk.everything()
        error = await desk.refused("initialize_workflow", trip_identifier=KYOTO, starting_phase="planning")
        assert error.startswith("conflict: Trip 1 already has a workflow, in phase interview; nothing was written.")
        assert "advance_workflow_phase" in error
        assert desk.everything() == before
        assert logged(desk, KYOTO) == ["WorkflowInitialized"]


async def test_phases_and_steps_are_stored_in_order_with_their_results(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("initialize_workflow", trip_identifier="nobody-yet", starting_phase="conceptualization")
        await desk.call("set_workflow_step", trip_identifier=EMPTY, step_number=2, step_data={"idea": "rail"})
        moved = await desk.call(
            "advance_workflow_phase",
            trip_identifier=EMPTY,
            new_phase="planning",
            completion_data={"idea": "by rail"},
            notes="They agree",
            step_number=4,
        )
        assert (moved["current_phase"], moved["current_step"]) == ("planning", 4)
        status = await desk.call("get_workflow_status", trip_identifier=EMPTY)
        first, second = status["phase_history"]
        assert (first["phase"], first["completion_data"]) == ("conceptualization", {"idea": "by rail"})
        assert first["completed_at"] == second["entered_at"]
        assert (second["phase"], second["notes"]) == ("planning", "They agree")
        assert status["step_data"] == {"2": {"idea": "rail"}}
        assert status["missing"] == [
            "The schedule is empty: add days with add_schedule_item, or import a page.",
            "There are no accommodations: add them with add_stay, or import a page.",
        ]
        assert status["next_phase"] == "proposal"
        assert logged(desk, EMPTY) == ["WorkflowInitialized", "WorkflowStepSet", "WorkflowAdvanced"]


async def test_the_workflow_tools_do_the_same_as_the_bulk_operations(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("advance_workflow_phase", trip_identifier=KYOTO, new_phase="proposal", step_number=2)
        await desk.call("set_workflow_step", trip_identifier=KYOTO, step_number=3)
        await desk.do(EMPTY, op("advance_workflow", phase="proposal", step_number=2))
        await desk.do(EMPTY, op("set_workflow_step", step_number=3))
        by_tool, by_operation = desk.json("workflow_state", KYOTO), desk.json("workflow_state", EMPTY)
        for state in (by_tool, by_operation):
            assert state["phase_history"][0].pop("entered_at").endswith("Z")
        assert by_tool == by_operation
        assert logged(desk, KYOTO) == logged(desk, EMPTY)


async def test_answers_about_a_trip_without_a_workflow_say_how_to_start_one(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        status = await desk.call("get_workflow_status", trip_identifier=KYOTO)
        assert (status["current_phase"], status["next_phase"]) == (None, None)
        assert status["missing"] == ["There is no workflow: start one with initialize_workflow."]
        told = await desk.call("get_workflow_instructions", trip_identifier=KYOTO)
        assert [(one["phase"], one["current"]) for one in told["phases"]] == [("interview", False)]


@pytest.mark.parametrize("stored", ["[1]", '"words"', "not json", '{"current_phase":"Dreaming","current_step":"x"}'])
async def test_a_malformed_workflow_state_is_reported_and_kept(tmp_path: Path, stored: str) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET workflow_state = ? WHERE trip_id = ?", stored, KYOTO)
        status = await desk.call("get_workflow_status", trip_identifier=KYOTO)
        assert status["current_step"] is None
        assert (await desk.call("continue_trip", search_query=str(KYOTO)))["missing"] == status["missing"]
        await desk.call("advance_workflow_phase", trip_identifier=KYOTO, new_phase="planning")
        assert (await desk.call("get_workflow_status", trip_identifier=KYOTO))["current_phase"] == "planning"
        assert any(word in desk.column("workflow_state", KYOTO) for word in ("[1]", "words", "not json", "Dreaming"))


async def test_instructions_cover_the_current_phase_or_all(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("initialize_workflow", trip_identifier=KYOTO, starting_phase="revision")
        one = await desk.call("get_workflow_instructions", trip_identifier=KYOTO)
        assert [(part["phase"], part["current"]) for part in one["phases"]] == [("revision", True)]
        every = await desk.call("get_workflow_instructions", trip_identifier=KYOTO, include_all_phases=True)
        assert [part["phase"] for part in every["phases"]] == list(WORKFLOW_PHASES)
        assert [part["phase"] for part in every["phases"] if part["current"]] == ["revision"]


def test_instructions_name_only_tools_and_operations_that_exist() -> None:
    known = {tool.name for tool in DATABASE_TOOLS} | set(OPERATION.schema["discriminator"]["mapping"])
    known |= {"travel_docs", "primary_traveler", "in_progress"}
    for phase, play in PLAYS.items():
        words = set(re.findall(r"\w+_\w+", " ".join(play.steps)))
        assert words <= known, phase
        assert 1 <= len(play.steps) <= 4
    assert tuple(PLAYS) == WORKFLOW_PHASES


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("initialize_workflow", {"starting_phase": "dreaming"}, "invalid_input: starting_phase"),
        ("advance_workflow_phase", {}, "invalid_input: new_phase is missing."),
        ("advance_workflow_phase", {"new_phase": "x"}, "invalid_input: new_phase"),
        ("advance_workflow_phase", {"new_phase": "planning", "step_number": -1}, "invalid_input: step_number"),
        ("set_workflow_step", {}, "invalid_input: step_number is missing."),
        ("set_workflow_step", {"step_number": 1, "step_data": "x"}, "invalid_input: step_data"),
        ("get_workflow_status", {"trip_identifier": "xqzw"}, "not_found: "),
        ("get_workflow_instructions", {"phase": "planning"}, "invalid_input: phase is not an argument here."),
    ],
)
@pytest.mark.sampled(2)
async def test_an_invalid_phase_or_step_is_refused(
    tmp_path: Path, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        assert (await desk.refused(tool, **{"trip_identifier": KYOTO} | arguments)).startswith(words)
        assert desk.everything() == before


async def test_only_one_concurrent_initialization_succeeds_and_all_concurrent_steps_are_kept(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        begun = await asyncio.gather(
            *[desk.client.call_tool("initialize_workflow", {"trip_identifier": KYOTO}) for desk in [one, other] * 4]
        )
        assert sorted(bool(answer.is_error) for answer in begun) == [False] + [True] * 7
        await asyncio.gather(
            *[
                desk.client.call_tool(
                    "set_workflow_step", {"trip_identifier": KYOTO, "step_number": number, "step_data": {"n": number}}
                )
                for number, desk in enumerate([one, other] * 6, 1)
            ]
        )
        status = await one.call("get_workflow_status", trip_identifier=KYOTO)
        assert status["step_data"] == {str(number): {"n": number} for number in range(1, 13)}
        assert len(status["phase_history"]) == 1


async def test_a_repeated_call_with_an_idempotency_key_enters_the_phase_once(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        call = {"trip_identifier": str(KYOTO), "new_phase": "planning", "idempotency_key": "k"}
        first = await desk.call("advance_workflow_phase", **call)
        assert await desk.call("advance_workflow_phase", **call) == first | {"replayed": True}
        assert len(desk.json("workflow_state", KYOTO)["phase_history"]) == 1
