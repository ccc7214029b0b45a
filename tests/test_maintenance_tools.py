"""The maintenance tools, called through the MCP client, and reads that compare the stores."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from damage import past_the_triggers
from desk import ANA, BEN, EMPTY, KYOTO, Desk, new_desk, open_desk, seeded, text_of, voygen
from drifted import drifted_file
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from migrations.phases.moves import advance
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAINTENANCE = {"check_consistency", "repair_consistency", "get_migration_phase"}

NOTHING = {"drift": 0, "shared": 0, "unlinked": 0, "quarantined": 0, "orphans": 0, "faults": 0}


async def answer(desk: Desk, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Call the tool and return its answer, even if the stores disagree."""
    result = await desk.client.call_tool(tool, arguments)
    assert not result.is_error, result
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert result.structured_content is not None
    assert block.text == text_of(result.structured_content)
    return dict(result.structured_content)


async def test_the_check_reports_that_the_stores_agree(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        found = await desk.call("check_consistency")
        assert found["message"].startswith("The two stores agree: 0 drift, 0 shared, 0 unlinked")
        assert (found["consistent"], found["trips"], found["assignments"]) == (True, 3, 2)
        assert (found["counts"], found["findings"]) == (NOTHING, {})
        assert desk.everything() == before


async def test_the_check_lists_the_first_findings_and_counts_all(tmp_path: Path) -> None:
    async with open_desk(drifted_file(tmp_path / "voygen.db")) as desk:
        found = await answer(desk, "check_consistency")
        assert found["message"].startswith("The two stores DISAGREE: 17 drift, 0 shared, 3 unlinked, ")
        assert found["consistent"] is False
        assert found["counts"] == {"drift": 17, "shared": 0, "unlinked": 3, "quarantined": 0, "orphans": 2, "faults": 1}
        assert {kind: len(some) for kind, some in found["findings"].items()} == {
            kind: count for kind, count in found["counts"].items() if count
        }
        assert all(one["kind"] and one["repair"] for some in found["findings"].values() for one in some)
        found = await answer(desk, "check_consistency", limit=1)
        assert {len(some) for some in found["findings"].values()} == {1}
        assert found["counts"]["drift"] == 17
        assert "limit" in await refusal(desk, "check_consistency", limit=-1)


async def test_a_repair_is_a_dry_run_by_default(tmp_path: Path) -> None:
    async with open_desk(drifted_file(tmp_path / "voygen.db")) as desk:
        before = desk.everything()
        plan = await answer(desk, "repair_consistency")
        assert (plan["dry_run"], plan["run_id"], plan["consistent"]) == (True, None, None)
        assert plan["changed"]["json_only"] == 4
        assert plan["message"].startswith("Would change: ")
        assert desk.everything() == before
        done = await desk.call("repair_consistency", dry_run=False)
        assert (done["dry_run"], done["run_id"], done["consistent"]) == (False, 1, True)
        assert (done["changed"]["trip"], done["changed"]["orphan"]) == (13, 2)
        assert (await desk.call("check_consistency"))["consistent"] is True
        assert (await desk.call("repair_consistency", dry_run=False))["message"] == "Changed: nothing."


@pytest.mark.parametrize(("prefer", "roles"), [("junction", {"traveler", "payer"}), ("json", {"payer"})])
async def test_a_repair_prefers_the_given_side(tmp_path: Path, prefer: str, roles: set[str]) -> None:
    async with open_desk(drifted_file(tmp_path / "voygen.db")) as desk:
        assert (await desk.call("repair_consistency", dry_run=False, prefer=prefer))["consistent"] is True
        assert {role for _, role in await desk.roles(2)} == roles
        assert "prefer" in await desk.refused("repair_consistency", prefer="newest")


async def test_the_phase_report_lists_what_blocks_the_next_phase(tmp_path: Path) -> None:
    async with open_desk(seeded(tmp_path / "voygen.db")) as desk:
        status = await desk.call("get_migration_phase")
        assert (status["phase"], status["next_phase"]) == ("dual_write", "prefer_junction")
        epoch = status["epoch"]
        assert [one["name"] for one in status["obstacles"]] == ["direct_write/1", "direct_write/2"]
        assert (status["obstacles_total"], status["shadow_mismatches"]) == (2, 0)
        await advance(desk.db, quiet_days=0)
        status = await desk.call("get_migration_phase")
        assert (status["phase"], status["epoch"], status["obstacles_total"]) == (
            "prefer_junction",
            epoch + 1,
            0,
        )


async def refusal(desk: Desk, tool: str, /, **arguments: Any) -> str:
    result = await desk.client.call_tool(tool, arguments)
    (block,) = result.content
    assert result.is_error
    assert isinstance(block, TextContent)
    return block.text


async def names(path: Path, *options: str, env: Mapping[str, str] | None = None) -> set[str]:
    """The tools that the program offers when started with these options."""
    program, *command = own_command()
    arguments = [*command, "serve", "--db", str(path), *options]
    server = StdioServerParameters(command=program, args=arguments, env=dict(os.environ | (env or {})))
    async with Client(server) as client:
        return {tool.name for tool in (await client.list_tools()).tools}


async def test_the_maintenance_tools_are_off_by_default(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    usual = await names(path)
    assert not usual & MAINTENANCE
    assert "get_anything" in usual
    assert await names(path, "--toolsets", "all") >= usual | MAINTENANCE
    alone = await names(path, "--toolsets", "maintenance")
    assert alone >= MAINTENANCE
    assert not alone & usual
    assert await names(path, env={"VOYGEN_TOOLSETS": "maintenance , clients"}) > MAINTENANCE
    assert not await names(path, "--toolsets", "trips", env={"VOYGEN_TOOLSETS": "maintenance"}) & MAINTENANCE


def test_an_unknown_toolset_is_refused(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    for done in (
        voygen("serve", "--db", path, "--toolsets", "trips,nonsense"),
        voygen("serve", "--db", path, env=os.environ | {"VOYGEN_TOOLSETS": "nonsense"}),
    ):
        assert (done.returncode, done.stdout) == (2, "")
        assert "unknown: nonsense; choose from all, clients, " in done.stderr
        assert "Traceback" not in done.stderr


async def test_a_read_that_finds_a_mismatch_between_the_stores_counts_it_and_still_succeeds(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        assert (await desk.whole("kyoto"))["trip_id"] == KYOTO
        assert (await desk.call("get_migration_phase"))["shadow_mismatches"] == 0
        with past_the_triggers(desk.connection):
            desk.sql("UPDATE trips_v2 SET clients = '[]' WHERE trip_id = ?", KYOTO)
        desk.drop_triggers()
        for times in (1, 2):
            found = await answer(desk, "get_anything", query="kyoto")
            assert [client["email"] for client in found["trip"]["clients"]] == [ANA]
            assert desk.sql("SELECT trip_id, times FROM shadow_mismatches") == [(KYOTO, times)]
        await answer(desk, "get_anything", query="banff")
        assert (await answer(desk, "get_migration_phase"))["shadow_mismatches"] == 2


async def test_a_read_answers_despite_malformed_json(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        with past_the_triggers(desk.connection):
            desk.sql("UPDATE trips_v2 SET clients = '[{' WHERE trip_id = ?", KYOTO)
            desk.sql("DROP VIEW trip_client_entries")
            desk.sql("DROP VIEW trip_client_relationships")
        desk.drop_triggers()
        found = await answer(desk, "get_anything", query=str(KYOTO))
        assert [client["email"] for client in found["trip"]["clients"]] == [ANA]
        assert desk.sql("SELECT trip_id, times FROM shadow_mismatches") == [(KYOTO, 1)]


async def test_a_read_answers_even_if_a_mismatch_cannot_be_counted(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        with past_the_triggers(desk.connection):
            desk.sql("UPDATE trips_v2 SET clients = '[]' WHERE trip_id = ?", KYOTO)
            desk.sql("DROP TABLE shadow_mismatches")
        found = await answer(desk, "get_anything", query="kyoto")
        assert [client["email"] for client in found["trip"]["clients"]] == [ANA]


async def test_in_later_phases_the_stores_are_not_compared(tmp_path: Path) -> None:
    async with open_desk(seeded(tmp_path / "voygen.db")) as desk:
        await advance(desk.db, quiet_days=0)
        with past_the_triggers(desk.connection, "prefer_junction"):
            desk.sql("UPDATE trips_v2 SET clients = '[]' WHERE trip_id = ?", KYOTO)
        found = await answer(desk, "get_anything", query="kyoto")
        assert [client["email"] for client in found["trip"]["clients"]] == [ANA]
        assert desk.sql("SELECT * FROM shadow_mismatches") == []
        assert (await answer(desk, "repair_consistency", dry_run=False))["consistent"] is True
        await advance(desk.db)
        found = await answer(desk, "get_anything", query="banff")
        assert [client["email"] for client in found["trip"]["clients"]] == [BEN]
        assert desk.sql("SELECT * FROM shadow_mismatches") == []
        assert (await answer(desk, "get_anything", query=str(EMPTY)))["trip"]["clients"] == []
        assert (await answer(desk, "check_consistency"))["consistent"] is True
        assert (await answer(desk, "get_migration_phase"))["next_phase"] is None
    with closing(raw.connect(tmp_path / "voygen.db")) as connection:
        assert connection.execute("SELECT phase FROM migration_phase").fetchone() == ("normalized",)


async def test_a_check_reports_progress_to_a_client_that_asks_for_it(tmp_path: Path) -> None:
    told: list[tuple[float, float | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        del message
        told.append((progress, total))

    async with new_desk(tmp_path) as desk:
        for tool, arguments in {"check_consistency": {}, "repair_consistency": {"dry_run": False}}.items():
            told.clear()
            await desk.client.call_tool(tool, arguments, progress_callback=tell)
            assert told, tool
            assert told == sorted(told)
            assert told[-1][0] == told[-1][1]
