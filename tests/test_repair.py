"""A repair fixes what a check finds, keeps what it removes, and can be undone, even while others write."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import drifted
import oracle
import pytest
import raw
from damage import FEW, Trip, damage, filled_file
from damages import PAIRS
from desk import voygen
from drifted import drifted_file
from engines import address, is_hosted, open_database, orphans
from oracle import assert_clean, junction_pairs

import migrations.repair
from database.errors import DatabaseUnavailable
from migrations.check import check
from migrations.proof import digest
from migrations.repair import apply_repair, plan_repair
from migrations.undo import undo_repair

if TYPE_CHECKING:
    from pathlib import Path

    from database.embedded import EmbeddedDatabase


MANY = 250

WRITE_JUNCTION = "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?1, ?2, ?3)"

WRITE_JSON = """
UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json_object('email', ?2, 'role', ?3))
WHERE trip_id = ?1
"""


async def undone(path: Path, run_id: int) -> tuple[dict[str, int], str]:
    """Undo the run, and return the counts of the undo and the digest afterwards."""
    async with await open_database(path, foreign_keys=False) as db:
        return await undo_repair(db, run_id, with_orphans=not is_hosted()), await digest(db)


async def test_a_check_lists_the_faults_of_each_drifted_trip(tmp_path: Path) -> None:
    path = drifted_file(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        report = await check(db)
    assert (report.trips, report.assignments) == (16, 16)
    assert {(one["kind"], one["trip_id"], one.get("email"), one.get("role")) for one in report.drift} == drifted.DRIFT
    assert len(report.drift) == len(drifted.DRIFT)
    assert {(one["trip_id"], one["position"], one["email"]) for one in report.unlinked} == drifted.UNLINKED
    assert {(one["trip_id"], one["client_email"], one["reason"]) for one in report.orphans} == drifted.ORPHANS
    assert [(one["kind"], one["trip_id"]) for one in report.faults] == [("not_indexed", 14)]
    assert report.quarantined == []
    with closing(raw.connect(path)) as connection:
        assert oracle.drift(connection) == drifted.DRIFT


async def test_a_repair_makes_the_drifted_trips_consistent_and_loses_nothing(tmp_path: Path) -> None:
    path = drifted_file(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        before = await digest(db)
        report = await apply_repair(db)
        assert report.after.clean
        assert {(one["trip_id"], one["raw_text"]) for one in report.after.quarantined} == {
            (6, '[{"email": "farid.fischer@example.net", "role"'),
            (7, ""),
            (8, "null"),
            (9, '{"email": "hugo.tanaka@example.net", "role": "traveler", "assigned_at": "2025-08-01T00:00:00Z"}'),
        }
        assert {(one["trip_id"], one["position"], one["email"]) for one in report.after.unlinked} == drifted.UNLINKED
        assert {one["client_email"] for one in report.after.orphans if one["set_aside"]} == {
            email for _, email, _ in drifted.ORPHANS
        }
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        assert {trip: set(pairs) for trip, pairs in junction_pairs(connection).items()} == drifted.MENDED
        kept = {trip: json.loads(text) for trip, text in connection.execute("SELECT trip_id, clients FROM trips_v2")}
    assert kept[4][0]["client_id"] == 4
    assert kept[13][0] | {"role": "x"} == {
        "email": drifted.ESME,
        "role": "x",
        "name": "Esme",
        "preferences": {"seat": "aisle"},
    }
    assert report.run_id
    if is_hosted():
        with pytest.raises(DatabaseUnavailable, match="moved orphaned rows"):
            await undone(path, report.run_id)
        return
    assert await undone(path, report.run_id) == ({"undone": 16, "changed_since": 0}, before)
    assert await undone(path, report.run_id) == ({"undone": 0, "changed_since": 0}, before)


def test_the_repair_plan_is_readable_and_changes_nothing(tmp_path: Path) -> None:
    path = drifted_file(tmp_path / "voygen.db")
    before = raw.everything(path)
    done = voygen("repair", "--db", path)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["Repair", "plan", "(--prefer", "union)"]
    assert ["trip", "2", drifted.CARLA, "traveler", "junction_only", "add"] in [row[:6] for row in rows]
    assert ["trip", "8", "not_an_array", "quarantine"] in [row[:4] for row in rows]
    assert ["trip", "777", drifted.AVA, "traveler", "orphan"] in [row[:5] for row in rows]
    start = rows.index(["KIND", "COUNT"]) + 1
    assert {kind: int(count) for kind, count in rows[start : start + 7]} == {
        "duplicate": 1,
        "json_only": 4,
        "junction_only": 5,
        "not_an_array": 4,
        "not_canonical": 3,
        "not_indexed": 1,
        "orphan": 2,
    }
    assert done.stdout.endswith("\nNo changes made. Use --apply to run the repairs.\n")
    assert len(json.loads(voygen("repair", "--db", path, "--json").stdout)["findings"]) == 20
    assert raw.everything(path) == before


@orphans
def test_the_repair_command_applies_repairs_says_how_to_undo_them_and_undoes_them(tmp_path: Path) -> None:
    path = drifted_file(tmp_path / "voygen.db")
    before = voygen("check", "--db", path, "--json")
    done = voygen("repair", "--db", path, "--apply")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Undo with: voygen repair --db {address(path)} --undo 1\n\nConsistent" in done.stdout
    assert voygen("check", "--db", path).returncode == 0
    assert voygen("repair", "--db", path, "--apply").stdout == "Nothing to repair.\n"
    done = voygen("repair", "--db", path, "--undo", 1)
    assert (done.returncode, done.stdout) == (0, "Run 1: 16 changes undone.\n")
    after = voygen("check", "--db", path, "--json")
    assert (before.returncode, after.returncode) == (1, 1)
    assert json.loads(after.stdout)["drift"] == json.loads(before.stdout)["drift"]
    done = voygen("repair", "--db", path, "--undo", 9)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "voygen: There is no repair run 9.\n")
    for option in ("--undo", "--trip"):
        done = voygen("repair", "--db", path, option, "9" * 30)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert f"Invalid value for '{option}'" in done.stderr


@orphans
async def test_an_undo_skips_data_that_others_have_changed_since(tmp_path: Path) -> None:
    path = drifted_file(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        assert (await apply_repair(db)).run_id == 1
    others = f"""
    UPDATE trips_v2 SET clients = json_insert(clients, '$[0].seat', 'aisle') WHERE trip_id = 4;
    INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (5, '{drifted.AVA}', 'guide');
    DELETE FROM trips_v2 WHERE trip_id = 6;
    INSERT INTO clients_v2 (email, full_name) VALUES ('gone@example.org', 'Back');
    INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (1, 'gone@example.org');
    """
    with closing(raw.connect(path)) as connection:
        connection.executescript(others)
        theirs = "SELECT * FROM trip_client_assignments WHERE trip_id IN (1, 4, 5, 6) ORDER BY assignment_id"
        lists = "SELECT trip_id, clients FROM trips_v2 WHERE trip_id IN (1, 4, 5, 6) ORDER BY trip_id"
        before = connection.execute(theirs).fetchall(), connection.execute(lists).fetchall()
        said = voygen("repair", "--db", path, "--undo", 1)
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout == "Run 1: 12 changes undone, 4 skipped because the data changed since.\n"
        assert (connection.execute(theirs).fetchall(), connection.execute(lists).fetchall()) == before
        assert {one[1] for one in oracle.drift(connection)} == {trip for _, trip, *_ in drifted.DRIFT} - {4, 5, 6}


async def test_undoing_an_unknown_run_is_refused(db: EmbeddedDatabase) -> None:
    with pytest.raises(DatabaseUnavailable, match="no repair run 3"):
        await undo_repair(db, 3)


# The first trips, which the writers leave alone so that a repair has something to do even if it starts late.
LEFT = 10


class Writer(threading.Thread):
    """A thread that writes one side of each trip, last trip first, until told to stop, and remembers what it stored."""

    def __init__(self, path: Path, sql: str, role: str) -> None:
        super().__init__()
        self.path, self.sql, self.role = path, sql, role
        self.stored: set[tuple[int, str, str]] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        with closing(raw.connect(self.path)) as connection:
            for trip in map(Trip, range(MANY, LEFT, -1)):
                if self.enough.is_set() and len(self.stored) > FEW:
                    break
                connection.execute(self.sql, (trip.number, trip.one, self.role))
                self.stored.add((trip.number, trip.one, self.role))


@pytest.mark.parametrize("without", [None, "trg_trip_client_assignments_insert", "trg_trip_client_sync_reconcile"])
@pytest.mark.sampled(3)
async def test_no_write_by_others_is_lost_while_a_repair_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str | None
) -> None:
    path = filled_file(tmp_path / "voygen.db", MANY)
    monkeypatch.setattr(migrations.repair, "AT_ONCE", 1)
    with closing(raw.connect_file(path)) as connection:
        damage(connection, *((PAIRS[number % len(PAIRS)], Trip(number)) for number in range(2, MANY, 4)))
        if without:
            connection.execute(f"DROP TRIGGER {without}")
    writers = [Writer(path, WRITE_JUNCTION, "new"), Writer(path, WRITE_JSON, "old")]
    async with await open_database(path) as db:
        for writer in writers:
            writer.start()
        report = await apply_repair(db)
        for writer in writers:
            writer.enough.set()
            await asyncio.to_thread(writer.join)
        assert report.run_id == 1
        assert (await check(db)).clean
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        pairs = {(trip, *pair) for trip, some in junction_pairs(connection).items() for pair in some}
    for writer in writers:
        assert writer.stored <= pairs


async def test_an_interrupted_repair_is_completed_by_the_next_run_and_both_runs_can_be_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled_file(tmp_path / "voygen.db", MANY)
    monkeypatch.setattr(migrations.repair, "AT_ONCE", 1)
    with closing(raw.connect_file(path)) as connection:
        damage(connection, *((PAIRS[number % len(PAIRS)], Trip(number)) for number in range(2, MANY, 4)))
    async with await open_database(path) as db:
        before = await digest(db)
        whole = len({one["trip_id"] for one in (await check(db)).drift})
        task = asyncio.create_task(apply_repair(db))
        while not await db.read("SELECT 1 FROM repair_changes LIMIT 1 OFFSET 5"):
            assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        left = len({one["trip_id"] for one in (await check(db)).drift})
        assert 0 < left < whole
        report = await apply_repair(db)
        assert (report.run_id, report.changed, report.after.clean) == (2, {"trip": left}, True)
    assert (await undone(path, 2))[0] == {"undone": left, "changed_since": 0}
    assert await undone(path, 1) == ({"undone": whole - left, "changed_since": 0}, before)


async def test_an_entry_is_linked_if_its_client_was_created_while_the_link_trigger_was_missing(tmp_path: Path) -> None:
    path = filled_file(tmp_path / "voygen.db", FEW)
    entry: dict[str, Any] = {"email": "NEW@example.net ", "seat": "aisle"}
    with closing(raw.connect_file(path)) as connection:
        connection.execute("UPDATE trips_v2 SET clients = ? WHERE trip_id = 4", (json.dumps([entry]),))
        connection.execute("DROP TRIGGER trg_clients_v2_link")
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('new@example.net', 'N')")
    async with await open_database(path) as db:
        kinds = [(one["kind"], one.get("trip_id")) for one in (await plan_repair(db)).findings]
        assert kinds == [("json_only", 4), ("schema", None)]
        assert (await apply_repair(db)).after.clean
    with closing(raw.connect(path)) as connection:
        assert junction_pairs(connection)[4] == [("new@example.net", "traveler")]
        (text,) = connection.execute("SELECT clients FROM trips_v2 WHERE trip_id = 4").fetchone()
        assert json.loads(text) == [{"email": "new@example.net", "seat": "aisle", "role": "traveler"}]


async def test_an_orphan_is_set_aside_and_an_entry_with_its_email_stays(tmp_path: Path) -> None:
    path = filled_file(tmp_path / "voygen.db", FEW)
    entry = {"email": "gone@example.org", "role": "guide", "seat": "aisle"}
    with closing(raw.connect_file(path)) as connection:
        connection.execute("UPDATE trips_v2 SET clients = ? WHERE trip_id = 4", (json.dumps([entry]),))
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("INSERT INTO trip_client_assignments VALUES (900, 4, 'gone@example.org', 'guide', 'c', 'u')")
    async with await open_database(path) as db:
        report = await apply_repair(db)
        assert (report.changed, report.after.clean) == ({"orphan": 1}, True)
        ((aside, reason),) = [(one, one["reason"]) for one in report.after.orphans]
        assert (aside["assignment_id"], aside["created_at"], aside["updated_at"]) == (900, "c", "u")
        assert (aside["set_aside"], reason) == (True, "no such client")
        assert [one["email"] for one in report.after.unlinked] == ["gone@example.org"]
    with closing(raw.connect(path)) as connection:
        assert connection.execute("SELECT clients FROM trips_v2 WHERE trip_id = 4").fetchone() == (json.dumps([entry]),)
