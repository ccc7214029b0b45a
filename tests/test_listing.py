"""list_trips, get_recent_activities and continue_trip: paging through all results, and resuming work."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, Desk, new_desk, op

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def trip(desk: Desk, name: str, start: str = "2027-03-01", **more: Any) -> int:
    made = await desk.call("create_trip_v2", trip_name=name, start_date=start, end_date="2028-01-01", **more)
    return made["trip_id"]


async def all_pages(
    desk: Desk, tool: str, key: str, between: Callable[[], object] = lambda: None, **arguments: Any
) -> list[dict[str, Any]]:
    """Return the items of all pages, calling `between` before each page after the first."""
    items: list[dict[str, Any]] = []
    page = await desk.call(tool, **arguments)
    while True:
        items += page[key]
        if page["next_cursor"] is None:
            return items
        assert len(page[key]) == arguments["limit"]
        between()
        page = await desk.call(tool, cursor=page["next_cursor"], **arguments)


def cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


async def test_trips_are_listed_by_start_date_with_travelers_and_total(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN), op("assign_client", email=BEN, role="payer"))
        answer = await desk.call("list_trips")
        assert [one["trip_id"] for one in answer["trips"]] == [BANFF, EMPTY, KYOTO]
        assert (answer["total"], answer["next_cursor"]) == (3, None)
        kyoto = answer["trips"][2]
        assert (kyoto["travelers"], kyoto["traveler_names"]) == (2, ["Ana Lima", "Ben Ode"])
        assert answer["trips"][1]["travelers"] == 0
        assert "role" not in str(kyoto)


async def test_trips_are_filtered_by_status_period_and_client(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(BANFF, op("update_status", status="confirmed"))
        await desk.do(EMPTY, op("assign_client", email=ANA, role="payer"))

        async def ids(**arguments: Any) -> list[int]:
            answer = await desk.call("list_trips", **arguments)
            assert answer["total"] == len(answer["trips"])
            return [one["trip_id"] for one in answer["trips"]]

        assert await ids(status="confirmed") == [BANFF]
        assert await ids(starts_after="2026-07-01") == [EMPTY, KYOTO]
        assert await ids(starts_before="2026-07-01") == [BANFF, EMPTY]
        assert await ids(starts_after="2026-05-09", starts_before="2026-10-02") == [EMPTY]
        assert await ids(client_email="ANA@example.net ") == [EMPTY, KYOTO]
        assert await ids(client_email=ANA, starts_after="2026-08-01", status="planning") == [KYOTO]
        assert await ids(client_email=CEM) == []


async def test_pages_of_trips_have_no_gaps_or_duplicates_while_trips_are_added(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        wanted = [BANFF, EMPTY, KYOTO] + [await trip(desk, f"Same day {number}") for number in range(9)]
        added: list[int] = []

        def add() -> None:
            for start in ("2026-01-01", "2027-03-01", "2027-12-31"):
                row = desk.sql(
                    "INSERT INTO trips_v2 (trip_name, start_date, end_date) VALUES ('Added', ?, ?) RETURNING trip_id",
                    start,
                    start,
                )
                added.append(row[0][0])

        items = await all_pages(desk, "list_trips", "trips", add, limit=2)
        ids = [one["trip_id"] for one in items]
        assert len(set(ids)) == len(ids)
        assert [one for one in ids if one not in added] == wanted
        assert ids == [one["trip_id"] for one in sorted(items, key=lambda one: (one["start_date"], one["trip_id"]))]


async def test_recent_activities_are_listed_latest_first_with_their_trips(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("add_note", note="one"))
        await desk.do(BANFF, op("add_activity", details="Called", type="Call"))
        desk.sql(
            "INSERT INTO ActivityLog (activity_type, trip_id, created_at) VALUES ('Old', 1, '2020-01-01 10:00:00')"
        )
        desk.sql("INSERT INTO ActivityLog (activity_type, trip_id) VALUES ('Foreign', 99)")
        answer = await desk.call("get_recent_activities", days=1)
        told = [(one["type"], one["trip_id"], one["trip_name"]) for one in answer["activities"]]
        assert told == [("Foreign", 99, None), ("Call", BANFF, "Ode in Banff"), ("NoteAdded", KYOTO, "Lima in Kyoto")]
        of_trip = await desk.call("get_recent_activities", trip_identifier="lima-in-kyoto")
        assert [one["type"] for one in of_trip["activities"]] == ["NoteAdded"]
        assert (of_trip["total"], of_trip["next_cursor"]) == (1, None)


async def test_pages_of_activities_have_no_gaps_or_duplicates_while_more_are_logged(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, *[op("add_activity", details=str(number)) for number in range(11)])

        def add() -> None:
            desk.sql("INSERT INTO ActivityLog (activity_type, activity_details, trip_id) VALUES ('x', 'added', 1)")

        items = await all_pages(desk, "get_recent_activities", "activities", add, limit=3, trip_identifier=KYOTO)
        assert [one["details"] for one in items] == [str(number) for number in reversed(range(11))]


@pytest.mark.parametrize(
    "wrong",
    ["x", "é", "====", cursor([]), cursor(["2026-01-01", "x"]), cursor(["2026-01-01", 2**70]), cursor({"a": 1})],
)
@pytest.mark.sampled(2)
async def test_an_invalid_cursor_is_refused(tmp_path: Path, wrong: str) -> None:
    async with new_desk(tmp_path) as desk:
        for tool in ("list_trips", "get_recent_activities"):
            assert (await desk.refused(tool, cursor=wrong)).startswith("invalid_input: cursor")
        assert (await desk.refused("get_client", client_id=1, cursor=wrong)).startswith("invalid_input: cursor")


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("list_trips", {"limit": -1}, "invalid_input: limit"),
        ("list_trips", {"limit": 101}, "invalid_input: limit"),
        ("list_trips", {"status": "open"}, "invalid_input: status"),
        ("list_trips", {"starts_after": "May"}, "invalid_input: starts_after"),
        ("list_trips", {"client_email": "n@example.net"}, "not_found: No client has the email"),
        ("get_recent_activities", {"days": -1}, "invalid_input: days"),
        ("get_recent_activities", {"days": 366}, "invalid_input: days"),
        ("get_recent_activities", {"trip_identifier": "xqzw"}, "not_found: "),
        ("continue_trip", {"search_query": "xqzw"}, "not_found: "),
        ("continue_trip", {"search_query": "%"}, "invalid_input: search_query"),
        ("continue_trip", {"activity_id": 999}, "not_found: Activity 999"),
        (
            "continue_trip",
            {"activity_id": 1, "search_query": "x"},
            "invalid_input: The call has both search_query and activity_id.",
        ),
    ],
)
@pytest.mark.sampled(3)
async def test_invalid_list_arguments_are_refused(
    tmp_path: Path, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async with new_desk(tmp_path) as desk:
        assert (await desk.refused(tool, **arguments)).startswith(words)


async def test_without_arguments_the_most_recently_worked_on_trip_is_continued(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        assert (await desk.call("continue_trip"))["missing"] == [
            "There is no workflow: start one with initialize_workflow."
        ]
        await desk.do(KYOTO, op("add_note", note="x"))
        await desk.do(BANFF, op("advance_workflow", phase="proposal", step_number=3))
        desk.sql("INSERT INTO ActivityLog (activity_type, trip_id) VALUES ('Foreign', 99)")
        answer = await desk.call("continue_trip")
        assert (answer["trip_id"], answer["current_phase"], answer["current_step"]) == (BANFF, "proposal", 3)
        assert answer["next_phase"] == "revision"
        assert answer["missing"] == [
            "There is no payment plan: set one with set_payment_plan.",
            "There is no proposal: make one with generate_proposal, or add one with add_document.",
        ]
        assert (answer["total_cost"], answer["paid"], answer["balance"], answer["currency"]) == (1900, 0, 1900, "USD")
        assert answer["recent_activity"][0]["type"] == "WorkflowAdvanced"
        number = desk.sql("SELECT activity_id FROM ActivityLog WHERE activity_type = 'NoteAdded'")[0][0]
        assert (await desk.call("continue_trip", activity_id=number))["trip_id"] == KYOTO
        assert (await desk.call("continue_trip", search_query="nara"))["trip_id"] == KYOTO


async def test_if_several_trips_match_the_error_lists_them(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first, second = [await trip(desk, name) for name in ("Goa in May", "Goa in June")]
        error = await desk.refused("continue_trip", search_query="goa")
        assert error.startswith("ambiguous: 2 trips match")
        assert f"id {first} " in error
        assert f"id {second} " in error
        assert "as search_query" in error


async def test_continue_trip_is_refused_if_there_are_no_trips(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("DELETE FROM trips_v2")
        assert (await desk.refused("continue_trip")).startswith("not_found: There are no trips yet.")
        assert (await desk.call("list_trips"))["message"] == "0 of 0 trips."


async def test_each_workflow_phase_lists_what_is_missing_until_it_is_done(tmp_path: Path) -> None:
    done: dict[str, list[Any]] = {
        "interview": [op("assign_client", email=ANA)],
        "conceptualization": [op("add_note", note="slow, by train")],
        "planning": [],
        "proposal": [
            op("update_cost", cost=10),
            op("set_payment_plan", due=[{"date": "2026-06-01", "amount": 10}]),
            op("add_document", name="Proposal"),
        ],
        "revision": [],
        "finalization": [op("update_status", status="confirmed"), op("record_payment", amount=4, kind="deposit")],
        "preparation": [
            op("change_client_role", email=ANA, to_role="primary_traveler"),
            op("record_payment", amount=6),
        ],
    }
    lacking = {
        "interview": 1,
        "conceptualization": 1,
        "planning": 2,
        "proposal": 3,
        "revision": 0,
        "finalization": 3,
        "preparation": 3,
    }
    async with new_desk(tmp_path) as desk:

        async def missing() -> list[str]:
            return (await desk.call("continue_trip", search_query=str(EMPTY)))["missing"]

        for phase, operations in done.items():
            await desk.call("advance_workflow_phase", trip_identifier=EMPTY, new_phase=phase)
            assert len(await missing()) == lacking[phase], phase
            if operations:
                await desk.do(EMPTY, *operations)
            if phase == "planning":
                desk.sql("UPDATE trips_v2 SET schedule = '[1]', accommodations = '[1]' WHERE trip_id = ?", EMPTY)
            if phase == "finalization":
                assert await missing() == ["Documents without a url: 1 of 1."]
                desk.sql('UPDATE trips_v2 SET documents = \'[{"url":"https://x"}]\' WHERE trip_id = ?', EMPTY)
            if phase == "preparation":
                assert await missing() == [
                    'Travel documents are missing for "Ana Lima": enter travel_docs with update_client.'
                ]
                await desk.call("update_client", email=ANA, travel_docs={"passport": "X1"})
            assert await missing() == [], phase
        desk.sql("UPDATE trips_v2 SET destinations = NULL, start_date = '' WHERE trip_id = ?", EMPTY)
        await desk.call("advance_workflow_phase", trip_identifier=EMPTY, new_phase="interview")
        assert len(await missing()) == 2
