"""Trip facts are computed correctly from any stored data, in every phase, with few statements, and concurrently."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, new_desk, op, open_desk, seeded
from fact_oracle import SCHEDULE, add_trips, computed, expected, watched_desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from legacy_facts import NAMES

from database.facts_sql import COMPUTE
from migrations.phases.moves import advance, go_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp_types import CallToolResult


async def test_facts_are_computed_from_schedule_stays_transport_and_assignments(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET schedule = ? WHERE trip_id = ?", json.dumps(SCHEDULE), KYOTO)
        desk.sql(
            "UPDATE trips_v2 SET transportation = ?, accommodations = ? WHERE trip_id = ?",
            '[{"duration_minutes": 60, "minutes": 7}, {"minutes": 30}, {"minutes": null}, 5]',
            '[{"name": "Lodge"}, "Cabin"]',
            BANFF,
        )
        await desk.do(
            KYOTO,
            op("assign_client", email=CEM, role="payer"),
            op("assign_client", email=ANA, role="payer"),
            op("assign_client", email=BEN, role="primary_traveler"),
        )
        assert (await desk.call("refresh_trip_facts"))["refreshed"] == 3
        found = await computed(desk.call)
        assert found == expected(desk.connection)
        assert found[KYOTO] == {
            "total_nights": 9,
            "total_hotels": 2,
            "total_activities": 6,
            "total_cost": 6400,
            "transit_minutes": 125,
            "traveler_count": 2,
            "traveler_names": ["Ana Lima", "Ben Ode"],
            "traveler_emails": [ANA, BEN],
            "primary_client_email": BEN,
            "primary_client_name": "Ben Ode",
        }
        assert (found[BANFF]["total_hotels"], found[BANFF]["transit_minutes"]) == (2, 90)


@pytest.mark.parametrize("name", NAMES)
async def test_facts_of_a_legacy_database_equal_those_of_the_python_oracle(
    legacy_database: Callable[[str], Path], name: str
) -> None:
    path = legacy_database(name)
    await raw.migrate_file(path)
    async with open_desk(path) as desk:
        trips = desk.sql("SELECT count(*) FROM trips_v2")[0][0]
        stale = (await desk.call("get_facts_stats"))["stale"]
        answer = await desk.call("refresh_trip_facts", limit=1000)
        assert (answer["refreshed"], answer["left_dirty"]) == (stale, 0)
        assert stale == trips
        assert await computed(desk.call) == expected(desk.connection)


async def test_facts_written_by_old_code_are_stale_because_they_lack_a_traveler_count(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("refresh_trip_facts")
        desk.sql("UPDATE trip_facts SET last_computed = datetime('now'), traveler_count = 0 WHERE trip_id = ?", KYOTO)
        (row,) = (await desk.call("query_trip_facts", trip_ids=[KYOTO]))["trips"]
        assert (row["stale"], row["stale_reasons"]) == (True, ["computed_by_old_code"])
        assert (await desk.call("refresh_trip_facts"))["refreshed"] == 1
        assert (await computed(desk.call))[KYOTO]["traveler_count"] == 1


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 900) | st.just(30.5) | st.sampled_from(["", " ", "A", "a ", "Zoë"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["hotel", "lodging", "activities", "type", "name", "title", "minutes", "duration_minutes"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_activities = st.fixed_dictionaries(
    {"type": st.sampled_from(["flight", " Drive", "hotel", "meal", None, 5])},
    optional={
        "minutes": st.integers(-5, 500) | st.just("9"),
        "activity_type": st.sampled_from(["Flight", "meal", None]),
        "duration_minutes": _json,
        "name": st.sampled_from(["A", "B"]),
    },
)
_days = st.fixed_dictionaries({}, optional={"activities": st.lists(_activities | _json, max_size=4), "hotel": _json})
_by_day = st.dictionaries(
    st.sampled_from(["2026-05-01", "Day 2", "3", "title", "days", "schedule"]), _days | _json, max_size=3
)
_arrays = (st.lists(_days | _json, max_size=4) | _json | _by_day | _days).map(json.dumps)
_columns = _arrays | st.sampled_from(["", "null", "[", "[1,]", '"[]"', "{}", "text", "[" * 1500, b"[]", 7])
_dates = st.dates(date(1999, 1, 1), date(2031, 1, 1)).map(str) | st.sampled_from(
    ["", "now", "2026-02-30", "2026-3-1", "12:00", "2460000", 2460000, "2026-05-01T10:00:00Z", "soon"]
)
_trips = st.tuples(
    _columns, _columns | st.none(), _columns | st.none(), _dates, _dates, st.sampled_from([0, 9.5, None, "x"])
)


@settings(max_examples=campaigns.rounds(12, 200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_trips, min_size=1, max_size=25))
def test_facts_equal_those_of_the_python_oracle_for_any_column_content(trips: list[tuple[Any, ...]]) -> None:
    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with new_desk(Path(folder)) as desk:
                for trip in trips:
                    desk.sql(
                        "INSERT INTO trips_v2 (trip_name, schedule, accommodations, transportation, start_date, "
                        "end_date, total_cost) VALUES ('T', ?, ?, ?, ?, ?, ?)",
                        *trip,
                    )
                await desk.call("refresh_trip_facts")
                assert await computed(desk.call) == expected(desk.connection)

    asyncio.run(check())


async def test_facts_are_correct_in_every_phase_while_moving_up_and_down(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with watched_desk(path) as (desk, watched):

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            result = await desk.client.call_tool(tool, arguments)
            assert not result.is_error, result.content
            return result.structured_content or {}

        moves = [advance_at_once, advance_at_once, go_back, go_back]
        for step, move in enumerate([None, *moves]):
            if move:
                await move(desk.db)
            desk.sql("UPDATE trips_v2 SET total_cost = ? WHERE trip_id = ?", step, KYOTO)
            desk.sql(
                "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, ?)",
                *(EMPTY, [ANA, BEN, CEM][step % 3], f"role {step}"),
            )
            rows = {trip["trip_id"]: trip["stale"] for trip in (await call("query_trip_facts"))["trips"]}
            assert rows[KYOTO]
            assert rows[EMPTY]
            assert (await call("refresh_trip_facts"))["left_dirty"] == 0
            assert await computed(call) == expected(desk.connection)
            assert (await call("mark_facts_dirty", trip_ids=[BANFF]))["marked"] == 1
        assert not any("t.clients" in sql for sql in watched.statements)


async def advance_at_once(db: Any) -> object:
    return await advance(db, quiet_days=0)


async def test_any_number_of_trips_is_refreshed_with_the_same_few_statements(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        add_trips(connection, 300)
    async with watched_desk(path) as (desk, watched):
        assert (await desk.call("refresh_trip_facts", limit=3))["refreshed"] == 3
        few = list(watched.statements)
        answer = await desk.call("refresh_trip_facts", limit=1000)
        assert (answer["refreshed"], answer["left_dirty"]) == (300, 0)
        assert watched.statements == few * 2
        assert len(few) <= 6
        assert watched.parameters <= 5
        assert await computed(desk.call) == expected(desk.connection)
        assert desk.sql("SELECT count(*) FROM facts_dirty") == [(0,)]


async def test_a_refresh_looks_up_trips_by_index_and_scans_no_table(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        plan = [step[-1] for step in desk.sql("EXPLAIN QUERY PLAN " + COMPUTE, "[]", "[]", "")]
        assert [step for step in plan if step.startswith("SEARCH t ")]
        tables = {step.split()[1] for step in plan if step.startswith("SCAN ") and "VIRTUAL TABLE" not in step}
        assert not tables & {"t", "a", "c", "d", "f"}


async def test_a_row_queued_during_a_refresh_stays_in_the_queue(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as other:
        arrives = ["INSERT INTO facts_dirty (trip_id, reason) VALUES (1, 'meanwhile'), (2, 'trip_update')"]
        async with watched_desk(path, lambda: arrives and other.execute(arrives.pop())) as (desk, _):
            answer = await desk.call("refresh_trip_facts")
            assert (answer["refreshed"], answer["left_dirty"]) == (3, 2)
            assert desk.sql("SELECT trip_id, reason FROM facts_dirty") == [(1, "meanwhile"), (2, "trip_update")]
            assert (await desk.call("refresh_trip_facts"))["refreshed"] == 2
            assert desk.sql("SELECT count(*) FROM facts_dirty") == [(0,)]


async def test_a_change_made_during_a_refresh_is_included_in_the_facts(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as other:
        other.execute("UPDATE trips_v2 SET total_cost = 1 WHERE trip_id = 1")
        late = ["UPDATE trips_v2 SET total_cost = 2 WHERE trip_id = 1"]
        async with watched_desk(path, lambda: late and other.execute(late.pop())) as (desk, _):
            await desk.call("refresh_trip_facts")
            assert await computed(desk.call) == expected(desk.connection)


@pytest.mark.parametrize("force", [False, True])
async def test_concurrent_refreshes_compute_every_trip(tmp_path: Path, *, force: bool) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        add_trips(connection, 60)
    async with open_desk(path) as one, open_desk(path) as two:
        calls = [desk.client.call_tool("refresh_trip_facts", {"limit": 1000}) for desk in (one, two, one, two)]
        assert sum(map(refreshed, await asyncio.gather(*calls))) == 63
        assert await computed(one.call) == expected(one.connection)
        if force:
            again = {"limit": 1000, "force_refresh": True}
            results = await asyncio.gather(*(d.client.call_tool("refresh_trip_facts", again) for d in (one, two)))
            total = sum(map(refreshed, results))
            assert one.sql("SELECT sum(version) - count(*) FROM trip_facts") == [(total,)]


def refreshed(result: CallToolResult) -> int:
    answer: dict[str, Any] = result.structured_content or {}
    return answer["refreshed"]
