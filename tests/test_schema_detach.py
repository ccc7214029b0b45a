"""Another program rebuilds our tables: nobody is lost, with the schema detached or without."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import ANA, BEN, EMPTY, KYOTO, op, open_desk, seeded, voygen
from phasing import assert_in_order, lead_to, look
from rebuilding import rebuild

from database.embedded import open_database
from database.errors import DatabaseUnavailable, SchemaDetached
from database.phase import PHASES, Phase
from migrations.check import check
from migrations.detaching import DetachReport, attach, detach
from migrations.phases.moves import phase_status
from migrations.repair import apply_repair
from migrations.undo import undo_repair

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("trips_v2", "clients_v2")

PAIRS = "SELECT assignment_id, trip_id, client_email, client_role, created_at FROM trip_client_assignments ORDER BY 1"

each_phase = pytest.mark.parametrize("phase", PHASES)
each_table = pytest.mark.parametrize("table", TABLES)

DETACHED = "The triggers are detached for another program's migration since "


async def in_phase(path: Path, phase: Phase) -> Path:
    """A database in the phase, with a guest without an e-mail."""
    seeded(path)
    look(path, "UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json('{\"name\":\"Infant\"}'))")
    async with await open_database(path) as db:
        await lead_to(db, phase)
    return path


async def detached(path: Path, phase: Phase = "dual_write") -> Path:
    await in_phase(path, phase)
    async with await open_database(path) as db:
        await detach(db)
    return path


def rows(path: Path) -> list[str]:
    """Everything that people entered: the rows of the trips, the clients, the junction and the archive."""
    kept = ("trips_v2", "clients_v2", "trip_client_assignments", "trip_client_archive", "trip_clients_quarantine")
    return sorted(line for line in raw.everything(path) if line.startswith(tuple(f'"{name}" ' for name in kept)))


@each_phase
@each_table
@pytest.mark.sampled(2)
async def test_a_detached_table_is_rebuilt_in_any_way_and_attaching_brings_everything_back(
    tmp_path: Path, phase: Phase, table: str
) -> None:
    path = await in_phase(tmp_path / "voygen.db", phase)
    before = rows(path)
    async with await open_database(path) as db:
        for foreign_keys, legacy in itertools.product((True, False), repeat=2):
            await detach(db)
            rebuild(path, table, foreign_keys=foreign_keys, legacy=legacy, transaction=legacy, indexes=legacy)
            report = await attach(db)
            assert report is not None
            assert (report.restored, report.set_aside, report.repair.run_id) == (2 * foreign_keys, 0, None)
            assert rows(path) == before
            await assert_in_order(db, phase)
    async with open_desk(path) as desk:
        assert await desk.roles(KYOTO) == {(ANA, "traveler")}
        await desk.do(KYOTO, op("assign_client", email=BEN))


@each_phase
@each_table
@pytest.mark.sampled(2)
async def test_sqlite_refuses_to_rename_a_table_to_one_that_our_views_and_triggers_read(
    tmp_path: Path, phase: Phase, table: str
) -> None:
    path = await in_phase(tmp_path / "voygen.db", phase)
    before = raw.everything(path)
    with pytest.raises(sqlite3.Error, match=r"error in (view|trigger) \w+: no such table: main"):
        rebuild(path, table, foreign_keys=False)
    assert raw.everything(path) == before


@each_phase
@each_table
@pytest.mark.sampled(2)
async def test_a_repair_puts_back_what_a_rebuild_with_the_triggers_in_place_removed(
    tmp_path: Path, phase: Phase, table: str
) -> None:
    path = await in_phase(tmp_path / "voygen.db", phase)
    before = rows(path)
    rebuild(path, table, foreign_keys=False, legacy=True, indexes=False)
    async with await open_database(path) as db:
        missing = {fault["name"] for fault in (await check(db)).faults if fault["kind"] == "schema"}
        assert f"trg_{table}_search_update" in missing
        assert f"idx_{table}_name" in missing
        await apply_repair(db)
        await assert_in_order(db, phase)
    assert rows(path) == before


@each_phase
@each_table
@pytest.mark.sampled(2)
async def test_a_drop_that_would_delete_assignments_is_refused(tmp_path: Path, phase: Phase, table: str) -> None:
    path = await in_phase(tmp_path / "voygen.db", phase)
    before = raw.everything(path)
    for legacy in (True, False):
        with pytest.raises(sqlite3.Error, match="would delete assignments, run voygen schema detach first"):
            rebuild(path, table, foreign_keys=True, legacy=legacy)
    assert raw.everything(path) == before
    look(path, "DELETE FROM clients_v2 WHERE email = ?", ANA)
    look(path, "DELETE FROM trips_v2 WHERE trip_id = 2")
    assert look(path, PAIRS) == []


@each_phase
async def test_an_assignment_without_a_client_or_trip_may_be_deleted(tmp_path: Path, phase: Phase) -> None:
    path = await in_phase(tmp_path / "voygen.db", phase)
    with closing(raw.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        orphans = [(KYOTO, "nobody@example.net"), (99, ANA)]
        connection.executemany("INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (?, ?)", orphans)
        sql = "DELETE FROM trip_client_assignments WHERE trip_id = ? AND client_email = ?"
        assert [connection.execute(sql, orphan).rowcount for orphan in orphans] == [1, 1]


async def test_servers_refuse_to_write_while_the_schema_is_detached_and_continue_afterwards(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as desk:
        await desk.call("create_client_v2", email="dee@example.net", full_name="Dee")
        await detach(desk.db)
        for tool, arguments in (
            ("create_client_v2", {"email": "eve@example.net", "full_name": "Eve"}),
            ("get_anything", {"query": "lima"}),
        ):
            error = (await desk.client.call_tool(tool, arguments)).content[0]
            assert getattr(error, "text", "").startswith(f"unavailable: {DETACHED}")
            assert "run `voygen schema attach`" in getattr(error, "text", "")
        await attach(desk.db)
        await desk.call("create_client_v2", email="eve@example.net", full_name="Eve")
        assert await desk.roles(KYOTO) == {(ANA, "traveler")}


async def test_what_others_wrote_while_the_schema_was_detached_is_reconciled_and_can_be_undone(tmp_path: Path) -> None:
    path = await detached(tmp_path / "voygen.db")
    look(path, "UPDATE trips_v2 SET trip_name = 'Lima in Nara' WHERE trip_id = 1")
    look(
        path, "UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', 'ben@example.net', '$[#]', 'new@example.net')"
    )
    look(path, "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (3, 'cem@example.net')")
    before = rows(path)
    async with await open_database(path) as db:
        report = await attach(db)
        assert report is not None
        assert report.repair.after.clean
        assert report.repair.run_id is not None
    async with await open_database(path, foreign_keys=False) as db:
        assert (await undo_repair(db, report.repair.run_id))["changed_since"] == 0
        assert rows(path) == before
        await apply_repair(db)
    async with open_desk(path) as desk:
        assert await desk.roles("Lima in Nara") >= {(ANA, "traveler"), (BEN, "traveler")}
        assert ("cem@example.net", "traveler") in await desk.roles(EMPTY)
        await desk.call("create_client_v2", email="new@example.net", full_name="New")
        assert ("new@example.net", "traveler") in await desk.roles(KYOTO)


async def test_an_assignment_whose_client_is_gone_is_set_aside_when_the_schema_is_attached(tmp_path: Path) -> None:
    path = await detached(tmp_path / "voygen.db", "normalized")
    look(path, "DELETE FROM clients_v2 WHERE email = ?", ANA)
    look(path, "DELETE FROM trips_v2 WHERE trip_id = 2")
    async with await open_database(path) as db:
        report = await attach(db)
        assert report is not None
        assert (report.restored, report.set_aside) == (0, 1)
        (orphan,) = (await check(db)).orphans
    assert (orphan["client_email"], orphan["set_aside"], orphan["reason"]) == (ANA, True, "no such client")


def rename_first(path: Path, *, foreign_keys: bool) -> None:
    """Rebuild trips_v2 in the wrong order: rename the old table, then create the new one."""
    with closing(raw.connect(path)) as connection:
        connection.execute(f"PRAGMA foreign_keys = {foreign_keys:d}")
        (definition,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'trips_v2'").fetchone()
        connection.execute("ALTER TABLE trips_v2 RENAME TO trips_v2_old")
        connection.execute(definition)
        connection.execute("INSERT INTO trips_v2 SELECT * FROM trips_v2_old")
        connection.execute("DROP TABLE trips_v2_old")


@each_phase
@pytest.mark.parametrize("before_the_rebuild", [True, False], ids=["detached_before", "detached_after"])
@pytest.mark.sampled(2)
async def test_attaching_corrects_foreign_keys_that_follow_a_renamed_table(
    tmp_path: Path, phase: Phase, *, before_the_rebuild: bool
) -> None:
    path = await in_phase(tmp_path / "voygen.db", phase)
    before = rows(path)
    async with await open_database(path) as db:
        if before_the_rebuild:
            await detach(db)
        rename_first(path, foreign_keys=before_the_rebuild)
        if not before_the_rebuild:
            await detach(db)
        report = await attach(db)
        assert report is not None
        assert report.restored == 2 * before_the_rebuild
        await assert_in_order(db, phase)
    assert rows(path) == before


async def test_a_junction_that_another_program_dropped_comes_back_whole(tmp_path: Path) -> None:
    path = await detached(tmp_path / "voygen.db", "normalized")
    before = rows(path)
    look(path, "DROP TABLE trip_client_assignments")
    async with await open_database(path) as db:
        report = await attach(db)
        assert report is not None
        assert report.restored == 2
        await assert_in_order(db, "normalized")
    assert rows(path) == before


async def test_of_two_programs_that_detach_at_once_one_does_it(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as one, await open_database(path) as other:
        results = await asyncio.gather(detach(one), detach(other), return_exceptions=True)
        assert sum(isinstance(result, DetachReport) and result.dropped > 0 for result in results) == 1
        await attach(one)
        await assert_in_order(one, "dual_write")


@pytest.mark.parametrize(
    ("table", "without", "problem"),
    [
        ("trips_v2", "    workflow_state JSON,\n", "trips_v2 has lost the column workflow_state: add it"),
        ("clients_v2", " UNIQUE", "clients_v2.email is not unique: make it so"),
        ("trips_v2", " PRIMARY KEY AUTOINCREMENT", "trips_v2.trip_id is not the INTEGER PRIMARY KEY: make it so"),
    ],
)
async def test_attaching_is_refused_if_a_table_lost_what_we_need(
    tmp_path: Path, table: str, without: str, problem: str
) -> None:
    path = await detached(tmp_path / "voygen.db")
    rebuild(path, table, foreign_keys=False, without=without)
    before = raw.everything(path)
    async with await open_database(path) as db:
        with pytest.raises(DatabaseUnavailable, match=problem):
            await attach(db)
    assert raw.everything(path) == before


def test_the_commands_detach_and_attach_and_say_so(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    look(path, "CREATE VIEW own AS SELECT trip_id FROM trips_v2")

    def run(*words: str, status: int = 0) -> str:
        done = voygen(*words, "--db", path)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    assert run("schema", "attach") == "Nothing to do: the schema is attached.\n"
    said = run("schema", "detach")
    assert "triggers and views dropped" in said
    assert "can make a rename fail: view own." in said
    assert run("schema").startswith("Detached since ")
    assert "detached for another program's migration since" in run("check")
    assert "voygen schema attach" in run("doctor", status=1)
    for words in (("repair", "--apply"), ("phase", "back", "--apply"), ("validate",)):
        assert DETACHED in run(*words, status=2), words
    assert run("schema", "attach").startswith("Attached. 0 lost assignments put back.\n\nConsistent:")


async def test_a_detached_database_opens_for_serving_and_is_not_migrated(tmp_path: Path) -> None:
    path = await detached(tmp_path / "voygen.db")
    before = raw.everything(path)
    assert (await raw.migrate_file(path)).did_nothing
    async with await open_database(path) as db:
        assert "schema/detached" in {one["name"] for one in (await phase_status(db)).obstacles}
        assert (await detach(db)).dropped == 0
    assert raw.everything(path) == before
    look(path, "DELETE FROM d1_migrations WHERE name LIKE '022%'")
    with pytest.raises(SchemaDetached, match=DETACHED):
        await raw.migrate_file(path)
