"""Metrics for a monitor: counts of calls and events, and the state of the database."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import ANA, EMPTY, KYOTO, op, seeded, voygen
from team import Team, add_note, call, serving

from database.errors import ConstraintViolated, GuardFailed
from server.http.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from database.embedded import EmbeddedDatabase


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(tmp_path_factory.mktemp("metrics") / "voygen.db")


@pytest.fixture(scope="module")
def team(path: Path) -> Iterator[Team]:
    with serving(path, "--toolsets", "all") as running:
        yield running


def samples(text: str) -> dict[str, float]:
    """The value of each sample by name and labels; each line must be a comment or a sample."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            parts = re.fullmatch(r'([a-z_]+(?:\{(?:[a-z_]+="[^"]*",?)+\})?) (\S+)', line)
            assert parts, line
            found[parts[1]] = float(parts[2])
    return found


def scraped(team: Team) -> dict[str, float]:
    reply = team.request("GET", "/metrics")
    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (200, "text/plain")
    return samples(reply.body.decode())


def test_calls_are_counted_by_tool_and_outcome_and_timed(team: Team) -> None:
    before = scraped(team)
    for query in ("kyoto", "banff", "%"):
        team.post(call("get_anything", query=query))
    team.post(add_note("counted"))
    after = scraped(team)
    counted = {
        'voygen_tool_calls_total{outcome="ok",tool="get_anything"}': 2,
        'voygen_tool_calls_total{outcome="invalid_input",tool="get_anything"}': 1,
        'voygen_tool_calls_total{outcome="ok",tool="bulk_trip_operations"}': 1,
        'voygen_tool_call_seconds_count{tool="get_anything"}': 3,
        'voygen_tool_call_seconds_bucket{le="+Inf",tool="get_anything"}': 3,
    }
    assert {name: after[name] - before.get(name, 0) for name in counted} == counted
    assert after['voygen_tool_call_seconds_sum{tool="get_anything"}'] > 0


def test_refused_requests_are_counted_by_status(team: Team) -> None:
    before = scraped(team)
    team.post(call("get_anything", query="kyoto"), "vgn_wrong")
    team.post(call("get_anything", query="kyoto"), None, Host="evil.example")
    after = scraped(team)
    for status in (401, 421):
        name = f'voygen_http_refused_total{{status="{status}"}}'
        assert after[name] - before.get(name, 0) == 1


def test_the_reported_phase_stale_facts_and_drift_match_the_database(team: Team, path: Path) -> None:
    found = scraped(team)
    assert found["voygen_database_up"] == 1
    phases = [
        found[f'voygen_migration_phase{{phase="{phase}"}}'] for phase in ("dual_write", "prefer_junction", "normalized")
    ]
    assert phases == [1, 0, 0]
    with closing(raw.connect(path)) as connection:
        assert found["voygen_facts_dirty"] == connection.execute("SELECT count(*) FROM facts_dirty").fetchone()[0]
        assert found["voygen_migration_epoch"] == connection.execute("SELECT epoch FROM migration_phase").fetchone()[0]
    assert str(found["voygen_drift"]) == str(found["voygen_last_check_timestamp_seconds"]) == "nan"
    team.post(call("refresh_trip_facts", limit=1000))
    assert scraped(team)["voygen_facts_dirty"] == 0


def test_the_reported_drift_comes_from_the_last_check_by_a_tool_or_a_command(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with serving(path, "--toolsets", "all") as team, closing(raw.connect(path)) as connection:
        team.post(call("check_consistency"))
        first = scraped(team)
        assert first["voygen_drift"] == 0
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM trip_client_assignments WHERE client_email = ?", (ANA,))
        assert voygen("check", "--record", "--db", path).returncode == 1
        second = scraped(team)
        assert second["voygen_drift"] == 1
        assert second["voygen_last_check_timestamp_seconds"] > first["voygen_last_check_timestamp_seconds"]
        connection.execute("UPDATE trips_v2 SET clients = '{' WHERE trip_id = ?", (EMPTY,))
        team.post(call("check_consistency"))
        assert scraped(team)["voygen_drift"] == 2


def test_a_batch_retried_after_a_phase_change_is_counted(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with serving(path) as team:
        assert team.post(add_note("before")).status == 200
        assert 'voygen_batch_retries_total{guard="epoch"}' not in scraped(team)
        with closing(raw.connect(path)) as connection:
            connection.execute("UPDATE migration_phase SET epoch = epoch + 1")
        assert team.post(add_note("after")).result["structuredContent"]["success"] is True
        assert scraped(team)['voygen_batch_retries_total{guard="epoch"}'] == 1


def test_a_constraint_violation_is_counted(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection:
        connection.execute(
            "CREATE TRIGGER house_rule BEFORE INSERT ON trip_client_assignments WHEN NEW.client_role = 'pilot' "
            "BEGIN SELECT RAISE(ABORT, 'no pilots'); END"
        )
    with serving(path) as team:
        assign = op("assign_client", email=ANA, role="pilot")
        assert team.post(call("bulk_trip_operations", trip_identifier=KYOTO, operations=[assign])).status == 200
        assert scraped(team)["voygen_constraint_violations_total"] >= 1


async def test_a_failing_database_is_reported_along_with_the_counts(db: EmbeddedDatabase) -> None:
    metrics = Metrics()
    metrics.refused_batch(GuardFailed("epoch"))
    metrics.refused_batch(ConstraintViolated("x"))
    assert samples((await metrics.text(db)).decode())["voygen_database_up"] == 1
    with closing(raw.connect(db.path)) as connection:
        connection.execute("DROP TABLE proof_records")
    found = samples((await metrics.text(db)).decode())
    assert found["voygen_database_up"] == 0
    assert found['voygen_batch_retries_total{guard="epoch"}'] == found["voygen_constraint_violations_total"] == 1
