"""Inspecting the health, tables and errors of a database never changes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import raw
from desk import KYOTO, Desk, new_desk, open_desk, seeded
from phasing import assert_in_order, lead_to

from database.phase import PHASES, Phase
from migrations.files import shipped

if TYPE_CHECKING:
    from pathlib import Path


READERS = ("health_check", "explore_database", "analyze_recent_errors")

each_phase = pytest.mark.parametrize("phase", PHASES)


def hours_ago(hours: float, form: str = "%Y-%m-%dT%H:%M:%S.000Z") -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime(form)


def add_faults(desk: Desk) -> None:
    for hours, form, operation, message, resolved in (
        (30, "%Y-%m-%d %H:%M:%S", "create_trip_v2", "disk I/O error", None),
        (2, "%Y-%m-%d %H:%M:%S", "create_trip_v2", "disk I/O error", 0),
        (1, "%Y-%m-%dT%H:%M:%S.000Z", "create_trip_v2", "disk I/O error", 1),
        (1, "%Y-%m-%dT%H:%M:%S.000Z", "get_anything", "no such table: trips", 0),
    ):
        desk.sql(
            "INSERT INTO db_errors (error_timestamp, attempted_operation, error_message, resolved, session_id) "
            "VALUES (?, ?, ?, ?, ?)",
            hours_ago(hours, form),
            operation,
            message,
            resolved,
            f"s{hours}",
        )


@each_phase
async def test_read_only_tools_write_nothing_in_any_phase(tmp_path: Path, phase: Phase) -> None:
    async with open_desk(seeded(tmp_path / "voygen.db")) as desk:
        await lead_to(desk.db, phase)
        add_faults(desk)
        before = raw.dump(desk.connection)
        for name in READERS:
            result = await desk.client.call_tool(name, {})
            assert not result.is_error, result.content
            assert result.structured_content is not None
            assert result.structured_content.get("phase", phase) == phase
        assert raw.dump(desk.connection) == before
        await assert_in_order(desk.db, phase)


async def test_a_healthy_database_is_reported_as_ok_with_its_counts(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        health = await desk.call("health_check")
        assert (health["status"], health["reasons"]) == ("ok", [])
        assert (health["trips"], health["clients"], health["assignments"]) == (3, 3, 2)
        assert (health["phase"], health["schema_current"]) == ("dual_write", True)
        assert (health["migrations"], health["last_migration"]) == (len(shipped()), shipped()[-1].name)
        assert health["dirty_facts"] == desk.sql("SELECT count(*) FROM facts_dirty")[0][0]


async def test_problems_that_need_attention_give_a_warning_with_reasons(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_faults(desk)
        desk.sql("UPDATE trips_v2 SET clients = 'broken' WHERE trip_id = ?", KYOTO)
        health = await desk.call("health_check")
        assert health["status"] == "warning"
        assert (health["unresolved_errors"], health["quarantined"]) == (2, 1)
        assert [reason[:2] for reason in health["reasons"]] == ["2 ", "1 "]
        desk.sql("INSERT INTO d1_migrations (name, applied_at) VALUES ('999_theirs.sql', 'now')")
        health = await desk.call("health_check")
        assert not health["schema_current"]
        assert health["reasons"][0] == "999_theirs.sql applied by another program"


@pytest.mark.embedded_only("D1's foreign keys are always on")
async def test_a_newer_schema_and_broken_assignments_are_reported(tmp_path: Path) -> None:
    async with open_desk(seeded(tmp_path / "voygen.db")) as desk:
        desk.sql("INSERT INTO migration_checksums (name, sha256) VALUES ('999_newer.sql', '')")
        desk.sql("PRAGMA foreign_keys = OFF")
        desk.sql("INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (99, 'nobody@example.net')")
        result = await desk.client.call_tool("health_check", {})
        health = result.structured_content
        assert health is not None
        assert (health["status"], health["broken_assignments"], health["schema_current"]) == ("warning", 1, False)
        assert "newer voygen" in health["reasons"][0]


async def test_tables_are_shown_with_columns_and_counts_but_no_rows(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        explored = await desk.call("explore_database")
        shown = {table["name"]: table for table in explored["tables"]}
        assert {"trips_v2", "clients_v2", "trip_client_assignments", "trip_search"} <= set(shown)
        assert not any(name.startswith(("sqlite_", "trip_search_")) for name in shown)
        for name, table in shown.items():
            assert table["rows"] == desk.sql(f'SELECT count(*) FROM "{name}"')[0][0]
        assert "Ana" not in str(explored)
        (one,) = (await desk.call("explore_database", table="CLIENTS_v2"))["tables"]
        assert one == shown["clients_v2"]
        assert one["columns"][0] == {"name": "client_id", "type": "INTEGER", "required": False, "in_primary_key": True}


async def test_an_unknown_table_is_not_found_and_table_names_are_never_run_as_sql(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        error = await desk.refused("explore_database", table="client_v2")
        assert error.startswith('not_found: There is no table "client_v2". Nearest by spelling: clients_v2')
        nasty = 'x"; DROP TABLE trips_v2; --'
        assert (await desk.refused("explore_database", table=nasty)).startswith("not_found")
        desk.sql('CREATE TABLE "x""; DROP TABLE trips_v2; --" (a)')
        (one,) = (await desk.call("explore_database", table=nasty))["tables"]
        assert (one["name"], one["rows"]) == (nasty, 0)
        assert desk.sql("SELECT count(*) FROM trips_v2") == [(3,)]


async def test_errors_are_grouped_by_operation_and_message(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_faults(desk)
        recent = await desk.call("analyze_recent_errors")
        assert (recent["errors"], recent["groups_total"]) == (3, 2)
        disk, table = recent["groups"]
        assert (disk["operation"], disk["error"], disk["count"]) == ("create_trip_v2", "disk I/O error", 2)
        assert (disk["resolved"], disk["example_id"], table["example_id"]) == (1, 3, 4)
        assert disk["first_at"] < disk["last_at"] == table["first_at"]
        older = await desk.call("analyze_recent_errors", hours=720, limit=1)
        assert (older["errors"], older["groups_total"], len(older["groups"])) == (4, 2, 1)
        assert older["groups"][0]["count"] == 3
        for wrong in ({"hours": -1}, {"hours": 721}, {"limit": -1}, {"limit": 101}):
            assert (await desk.refused("analyze_recent_errors", **wrong)).startswith("invalid_input")


async def test_errors_are_resolved_by_text_in_their_message(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_faults(desk)
        arguments = {"error_pattern": "DISK i/o", "resolution": "new disk"}
        one = await desk.call("resolve_error_pattern", **arguments, session_id="s2")
        assert (one["resolved"], one["ids"]) == (1, [2])
        rest = await desk.call("resolve_error_pattern", **arguments)
        assert (rest["resolved"], rest["ids"]) == (1, [1])
        stored = desk.sql("SELECT resolved, resolution, session_id FROM db_errors ORDER BY id")
        assert stored == [(1, "new disk", "s30"), (1, "new disk", "s2"), (1, None, "s1"), (0, None, "s1")]
        before = desk.everything()
        assert (await desk.refused("resolve_error_pattern", **arguments)).startswith("not_found")
        for broad in ("", "%%%", "io", " o "):
            assert await desk.refused("resolve_error_pattern", error_pattern=broad, resolution="x")
        assert desk.everything() == before
