"""The tools for facts report staleness and actual counts, and reading facts writes nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import BANFF, BEN, EMPTY, KYOTO, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_change_makes_facts_stale_until_they_are_refreshed(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        never = await desk.call("query_trip_facts")
        assert all(
            "never_computed" in trip["stale_reasons"] and trip["total_nights"] is None for trip in never["trips"]
        )
        await desk.call("refresh_trip_facts")
        for reason, operation in (
            ("client_assigned", op("assign_client", email=BEN)),
            ("trip_update", op("update_dates", start_date="2026-10-01", end_date="2026-10-03")),
            ("client_removed", op("unassign_client", email=BEN)),
            ("activity_logged", op("add_activity", details="Called")),
        ):
            await desk.do(KYOTO, operation)
            rows = {trip["trip_id"]: trip for trip in (await desk.call("query_trip_facts"))["trips"]}
            assert rows[KYOTO]["stale"]
            assert reason in rows[KYOTO]["stale_reasons"]
            assert not rows[BANFF]["stale"]
            assert (await desk.call("refresh_trip_facts"))["refreshed"] == 1
            (row,) = (await desk.call("query_trip_facts", trip_ids=[KYOTO]))["trips"]
            assert (row["stale"], row["stale_reasons"]) == (False, [])
        assert row["total_nights"] == 2


async def test_reading_facts_and_their_statistics_writes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("refresh_trip_facts", trip_id=KYOTO)
        before = raw.dump(desk.connection)
        await desk.call("query_trip_facts")
        await desk.call("query_trip_facts", query="kyoto", trip_ids=[KYOTO, 99], filters={"min_nights": 1}, limit=1)
        await desk.refused("query_trip_facts", query="xqzw")
        await desk.call("get_facts_stats")
        assert raw.dump(desk.connection) == before


async def test_a_refresh_starts_with_the_longest_waiting_trips_and_reports_how_many_remain(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.call("refresh_trip_facts", limit=1)
        assert (answer["refreshed"], answer["left_dirty"]) == (1, 2)
        assert desk.sql("SELECT trip_id FROM trip_facts") == [(KYOTO,)]
        assert (await desk.call("refresh_trip_facts", trip_id=EMPTY))["left_dirty"] == 1
        assert (await desk.call("refresh_trip_facts", trip_id=EMPTY))["refreshed"] == 0
        assert (await desk.call("refresh_trip_facts", trip_id=EMPTY, force_refresh=True))["refreshed"] == 1
        assert desk.sql("SELECT trip_id, version FROM trip_facts") == [(KYOTO, 1), (EMPTY, 2)]
        desk.sql("DELETE FROM facts_dirty")
        assert (await desk.call("refresh_trip_facts"))["refreshed"] == 1
        error = await desk.refused("refresh_trip_facts", trip_id=99)
        assert error.startswith("not_found: There is no trip with the id 99.")


async def test_deleted_trips_leave_the_queue_and_their_facts_are_deleted(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("refresh_trip_facts")
        desk.sql("DELETE FROM trips_v2 WHERE trip_id = ?", BANFF)
        desk.sql("INSERT INTO trip_facts (trip_id) VALUES (?)", BANFF)
        assert (await desk.call("get_facts_stats"))["gone"] == 1
        answer = await desk.call("refresh_trip_facts")
        assert (answer["refreshed"], answer["removed"], answer["left_dirty"]) == (0, 1, 0)
        assert desk.sql("SELECT count(*) FROM facts_dirty") == [(0,)]
        assert desk.sql("SELECT count(*) FROM trip_facts WHERE trip_id = ?", BANFF) == [(0,)]


async def test_marking_facts_stale_counts_the_newly_marked_trips_and_refuses_unknown_ids(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("refresh_trip_facts")
        first = await desk.call("mark_facts_dirty", trip_ids=[KYOTO, BANFF, KYOTO], reason="prices changed")
        assert (first["marked"], first["already_dirty"]) == (2, 0)
        again = await desk.call("mark_facts_dirty", trip_ids=[KYOTO, EMPTY], reason="prices changed")
        assert (again["marked"], again["already_dirty"]) == (1, 1)
        rows = desk.sql("SELECT trip_id, reason, count(*) FROM facts_dirty GROUP BY 1, 2")
        assert rows == [(trip, "prices changed", 1) for trip in (KYOTO, BANFF, EMPTY)]
        before = raw.dump(desk.connection)
        error = await desk.refused("mark_facts_dirty", trip_ids=[KYOTO, 98, 99])
        assert error.startswith("not_found: ")
        assert "98, 99" in error
        assert raw.dump(desk.connection) == before


async def test_statistics_count_trips_with_and_without_facts_and_the_reasons_for_stale_ones(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        empty = await desk.call("get_facts_stats")
        assert (empty["trips"], empty["with_facts"], empty["without_facts"], empty["stale"]) == (3, 0, 3, 3)
        assert (empty["oldest_computed"], empty["newest_computed"]) == (None, None)
        counts = Counter(reason for (reason,) in desk.sql("SELECT reason FROM facts_dirty"))
        assert {row["reason"]: row["rows"] for row in empty["dirty_by_reason"]} == dict(counts)
        assert empty["dirty_rows"] == sum(counts.values())
        await desk.call("refresh_trip_facts", trip_id=KYOTO)
        await desk.call("refresh_trip_facts")
        await desk.call("mark_facts_dirty", trip_ids=[EMPTY])
        full = await desk.call("get_facts_stats")
        assert (full["with_facts"], full["without_facts"], full["stale"], full["gone"]) == (3, 0, 1, 0)
        times = [time for (time,) in desk.sql("SELECT last_computed FROM trip_facts")]
        assert (full["oldest_computed"], full["newest_computed"]) == (min(times), max(times))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"query": "kyoto"}, [KYOTO]),
        ({"query": 2}, [BANFF]),
        ({"query": "lima-in-kyoto"}, [KYOTO]),
        ({"query": "in"}, [KYOTO, BANFF]),
        ({"trip_ids": [EMPTY, KYOTO]}, [KYOTO, EMPTY]),
        ({"query": "in", "trip_ids": [BANFF, EMPTY]}, [BANFF]),
        ({"filters": {"min_nights": 8}}, [KYOTO, EMPTY]),
        ({"filters": {"max_nights": 8, "min_nights": 8}}, [EMPTY]),
        ({"filters": {"min_cost": 1900, "max_cost": 6399.5}}, [BANFF]),
        ({"filters": {"max_travelers": 0}}, [EMPTY]),
        ({"filters": {"min_travelers": 1}}, [KYOTO, BANFF]),
        ({"filters": {"starts_after": "2026-07-01"}}, [KYOTO, EMPTY]),
        ({"filters": {"starts_before": "2026-07-01"}}, [BANFF, EMPTY]),
        ({"filters": {"status": "planning"}}, [KYOTO, BANFF, EMPTY]),
        ({"filters": {"status": "cancelled"}}, []),
        ({"filters": {"client_email": " ANA@example.net"}}, [KYOTO]),
        ({"filters": '{"client_email": "ben@example.net"}'}, [BANFF]),
    ],
)
@pytest.mark.sampled(3)
async def test_trips_are_selected_by_query_ids_and_filters(
    tmp_path: Path, arguments: dict[str, Any], found: list[int]
) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("refresh_trip_facts")
        answer = await desk.call("query_trip_facts", **arguments)
        assert [trip["trip_id"] for trip in answer["trips"]] == found
        assert answer["total"] == len(found)


async def test_only_the_requested_fields_are_returned_with_id_and_staleness(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.call("query_trip_facts", trip_ids=[KYOTO, 98], return_fields=["total_nights", "trip_name"])
        (row,) = answer["trips"]
        assert set(row) == {"trip_id", "stale", "stale_reasons", "total_nights", "trip_name"}
        assert answer["unknown_trip_ids"] == [98]


async def test_a_cursor_continues_where_the_page_ended_and_only_with_the_same_arguments(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first = await desk.call("query_trip_facts", limit=2)
        assert ([trip["trip_id"] for trip in first["trips"]], first["total"]) == ([KYOTO, BANFF], 3)
        last = await desk.call("query_trip_facts", limit=2, cursor=first["next_cursor"])
        assert ([trip["trip_id"] for trip in last["trips"]], last["next_cursor"], last["total"]) == ([EMPTY], None, 3)
        for wrong in (
            {"cursor": "abc"},
            {"cursor": "é"},
            {"cursor": first["next_cursor"], "filters": {"min_nights": 1}},
        ):
            error = await desk.refused("query_trip_facts", **wrong)
            assert error.startswith("invalid_input: cursor ")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("query_trip_facts", {"limit": -1}),
        ("query_trip_facts", {"limit": 101}),
        ("query_trip_facts", {"query": "%"}),
        ("query_trip_facts", {"trip_ids": [0]}),
        ("query_trip_facts", {"return_fields": ["clients"]}),
        ("query_trip_facts", {"filters": {"min_nights": -1}}),
        ("query_trip_facts", {"filters": {"nights": 1}}),
        ("query_trip_facts", {"filters": {"starts_after": "soon"}}),
        ("refresh_trip_facts", {"limit": 1001}),
        ("refresh_trip_facts", {"trip_id": True}),
        ("mark_facts_dirty", {}),
        ("mark_facts_dirty", {"trip_ids": list(range(1, 1002))}),
        ("mark_facts_dirty", {"trip_ids": []}),
    ],
)
@pytest.mark.sampled(3)
async def test_arguments_out_of_bounds_are_refused(tmp_path: Path, tool: str, arguments: dict[str, Any]) -> None:
    async with new_desk(tmp_path) as desk:
        before = raw.dump(desk.connection)
        assert (await desk.refused(tool, **arguments)).startswith("invalid_input: ")
        assert raw.dump(desk.connection) == before
