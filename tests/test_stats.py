"""The four measures: agreement of the stores, constraint violations, success rate by operation, and latency."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, KYOTO, op, seeded, voygen
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from team import add_note, serving

from database.embedded import open_database
from database.engine import Statement
from database.errors import ConstraintViolated, GuardFailed
from database.measures import WatchedDatabase
from database.rehearsal import Rehearsed, RehearsingDatabase
from server.desk.recording import BOUNDS_MS, Recorder
from server.launch import own_command
from server.stats import stats_of_file

if TYPE_CHECKING:
    from pathlib import Path

CLASH = Statement("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Twice')", (ANA,))


def measured(path: Path, *options: object) -> dict[str, Any]:
    done = voygen("stats", "--db", path, "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def by_tool(stats: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["tool"]: one for one in stats["operations"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seeded(tmp_path / "voygen.db")


async def served(path: Path, calls: list[tuple[str, dict[str, Any]]], *options: str) -> None:
    """Make these calls over stdio to a server on the file."""
    command, *args = own_command()
    async with Client(
        StdioServerParameters(command=command, args=[*args, "serve", "--db", str(path), *options])
    ) as client:
        for tool, arguments in calls:
            await client.call_tool(tool, arguments)


async def test_a_server_counts_its_calls_by_outcome(path: Path) -> None:
    note = {"trip_identifier": KYOTO, "operations": [op("add_note", note="Hello")]}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("get_anything", {"query": "kyoto"}),
        ("get_anything", {"query": "banff"}),
        ("bulk_trip_operations", note),
        ("bulk_trip_operations", note | {"trip_identifier": 99}),
    ]
    await served(path, calls)
    tools = by_tool(measured(path))
    assert (tools["get_anything"]["calls"], tools["get_anything"]["success_rate"]) == (2, 1.0)
    bulk = tools["bulk_trip_operations"]
    assert (bulk["outcomes"], bulk["success_rate"]) == ({"ok": 1, "not_found": 1}, 0.5)
    assert 0 < bulk["mean_ms"] <= bulk["p99_ms"]
    assert (tools["all"]["calls"], tools["all"]["succeeded"]) == (4, 3)
    await served(path, calls[:1])
    assert by_tool(measured(path))["get_anything"]["calls"] == 3


def test_a_server_over_http_counts_its_calls_too(path: Path) -> None:
    with serving(path) as team:
        assert team.post(add_note("Hello")).status == 200
    assert by_tool(measured(path))["bulk_trip_operations"]["outcomes"] == {"ok": 1}


async def test_a_read_only_server_writes_no_counts(path: Path) -> None:
    before = raw.everything(path)
    await served(path, [("get_anything", {"query": "kyoto"})], "--read-only")
    assert raw.everything(path) == before
    assert measured(path)["operations"] == []


async def test_constraint_violations_are_counted_separately_from_retries(path: Path) -> None:
    async with await open_database(path) as db:
        recorder = Recorder(db)
        watched = WatchedDatabase(db, recorder.refused_batch)
        for statement, error in (
            (CLASH, ConstraintViolated),
            (CLASH, ConstraintViolated),
            (Statement("INSERT INTO trip_client_assignments VALUES (NULL, 99, 'x', 'y', 1, 1)"), ConstraintViolated),
            (Statement("INSERT INTO write_guard (slug_free) VALUES (0)"), GuardFailed),
        ):
            with pytest.raises(error):
                await watched.batch([statement])
        with pytest.raises(Rehearsed):
            await RehearsingDatabase(watched).batch([Statement("DELETE FROM trips_v2")])
        await recorder.write()
    stats = await stats_of_file(path, 2, look=False)
    assert stats.violations == {"UNIQUE": 2, "FOREIGN KEY": 1}
    assert stats.retries == {"guard slug_free": 1}


async def test_counts_that_could_not_be_written_are_kept_and_written_later(path: Path) -> None:
    async with await open_database(path, patience=0.05) as db:
        recorder = Recorder(db)
        recorder.call("get_anything", "ok", 0.004)
        with closing(raw.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            await recorder.write()
            recorder.call("get_anything", "ok", 0.004)
            other.execute("ROLLBACK")
        await recorder.write()
        await recorder.write()
    (tool, total) = (await stats_of_file(path, 2, look=False)).operations
    assert (tool.calls, tool.mean_ms, tool.p50_ms) == (2, 4.0, 5)
    assert total.calls == 2


async def test_counts_are_reported_for_the_requested_hours_and_deleted_after_ninety_days(path: Path) -> None:
    hours = [(datetime.now(UTC) - timedelta(hours=ago)).strftime("%Y-%m-%dT%H") for ago in (2, 30, 24 * 91)]
    with closing(raw.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO call_counts VALUES (?, 'old', 'ok', 5, 1, 0.004)", [(one,) for one in hours]
        )
    assert by_tool(measured(path))["old"]["calls"] == 1
    assert by_tool(measured(path, "--hours", 48))["old"]["calls"] == 2
    async with await open_database(path) as db:
        recorder = Recorder(db)
        recorder.call("get_anything", "ok", 0.004)
        await recorder.write()
    with closing(raw.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM call_counts WHERE tool = 'old'").fetchone() == (2,)


def test_agreement_is_the_percentage_of_trips_whose_stores_agree(path: Path) -> None:
    agreement = measured(path)["agreement"]
    assert (agreement["percent"], agreement["source"], agreement["trips"]) == (100.0, "check", 3)
    with closing(raw.connect(path)) as connection:
        connection.execute("DROP TRIGGER trg_trip_client_assignments_delete")
        connection.execute("DELETE FROM trip_client_assignments WHERE trip_id = ?", (KYOTO,))
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(
            "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (99, 'x', 'y')"
        )
    agreement = measured(path)["agreement"]
    assert agreement["findings"] == 2
    assert agreement["standing_violations"] == 1
    assert agreement["percent"] == pytest.approx(100 / 3)
    assert "Agreement of the stores: 33.3333%\n" in voygen("stats", "--db", path).stdout


def test_without_a_check_agreement_comes_from_the_newest_proof_record(path: Path) -> None:
    assert measured(path, "--no-check")["agreement"] is None
    assert "no proof is recorded" in voygen("stats", "--no-check", "--db", path).stdout
    assert voygen("check", "--record", "--db", path).returncode == 0
    agreement = measured(path, "--no-check")["agreement"]
    assert (agreement["source"], agreement["percent"]) == ("proof record", 100.0)


times = st.lists(st.floats(0, 60, exclude_min=True), min_size=1, max_size=60)


@settings(deadline=None)
@given(times)
def test_a_percentile_is_the_bound_of_the_bucket_that_contains_it(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[float]
) -> None:
    path = raw.new_file(tmp_path_factory.getbasetemp() / "times.db")

    async def record() -> Any:
        async with await open_database(path) as db:
            recorder = Recorder(db)
            for one in seconds:
                recorder.call("tool", "ok", one)
            await recorder.write()
        return (await stats_of_file(path, 2, look=False)).operations[-1]

    whole = asyncio.run(record())
    middle = sorted(seconds)[(len(seconds) + 1) // 2 - 1] * 1000
    assert whole.p50_ms == next((bound for bound in BOUNDS_MS if middle <= bound), None)
    assert whole.mean_ms == pytest.approx(1000 * sum(seconds) / len(seconds), abs=0.001)
