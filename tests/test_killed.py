"""A command killed at any moment leaves an intact database, and completes when run again."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
from desk import integrity, voygen
from oracle import assert_clean
from phasing import lead_to, look

from database.embedded import open_database
from database.phase import read_phase
from migrations.files import shipped
from migrations.runner import pending
from migrations.shape import differences
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from database.phase import Phase

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

KILLS = campaigns.rounds(2, 100)

TRIPS = campaigns.rounds(1200, 5000)

# Three entries per trip, the first with an extra key; on some trips, the guest is not a client.
LEGACY = f"""
INSERT INTO clients_v2 (email, full_name)
WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199) SELECT 'c' || i || '@x.io', 'N' FROM n;
INSERT INTO trips_v2 (trip_name, start_date, end_date, clients)
WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TRIPS})
SELECT 'Trip ' || i, '2026-01-01', '2026-01-02', json_array(
    json_object('email', 'c' || (i % 200) || '@x.io', 'role', 'traveler', 'name', 'Name ' || i),
    json_object('email', 'c' || (i * 7 % 199) || '@x.io', 'role', 'payer'),
    json_object('name', 'Guest', 'email', iif(i % 50, 'c1@x.io', 'guest@y.io'), 'role', 'guest'))
FROM n;
"""

DRIFT = """
UPDATE trips_v2 SET clients = '[]' WHERE trip_id % 5 = 0;
UPDATE trips_v2 SET clients = '{"' WHERE trip_id % 11 = 0;
DELETE FROM trip_client_assignments WHERE trip_id % 7 = 0;
INSERT INTO trip_client_sync (trip_id) SELECT trip_id FROM trips_v2 WHERE trip_id % 13 = 0;
"""


@dataclass(frozen=True)
class Outcome:
    """The phase, and the content of both stores."""

    phase: str
    junction: list[Any]
    lists: list[Any]


@dataclass(frozen=True)
class Case:
    """A command and its database, with its duration and outcome when it isn't killed."""

    command: tuple[str, ...]
    start: Path
    seconds: float
    outcome: Outcome

    def copy(self, path: Path) -> Path:
        shutil.copyfile(self.start, path)
        return path


def outcome(path: Path) -> Outcome:
    ((phase,),) = look(path, "SELECT phase FROM migration_phase")
    lists: list[Any] = []
    if phase != "normalized":
        lists = [(trip, json.loads(text)) for trip, text in look(path, "SELECT trip_id, clients FROM trips_v2")]
    rows = look(path, "SELECT trip_id, client_email, client_role FROM trip_client_assignments ORDER BY 1, 2, 3")
    for _, entries in lists:
        entries.sort(key=json.dumps)
        for entry in entries:
            entry.pop("assigned_at", None)
    return Outcome(phase, rows, lists)


def make_legacy(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        connection.executescript(shipped()[0].text + LEGACY)


def make_drifted(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(DRIFT)


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("legacy") / "voygen.db"
    make_legacy(path)
    return path


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory, legacy: Path) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "voygen.db"
    shutil.copyfile(legacy, path)
    assert voygen("migrate", "--db", path).returncode == 0
    look(path, "DELETE FROM direct_json_writes")
    assert voygen("phase", "advance", "--db", path).returncode == 0
    return path


ADVANCE = ("phase", "advance", "--apply", "--accept", "*")

BACK = ("phase", "back", "--apply")

COMMANDS: dict[str, tuple[tuple[str, ...], Phase]] = {
    "advance to prefer_junction": (ADVANCE, "dual_write"),
    "advance to normalized": (ADVANCE, "prefer_junction"),
    "back to prefer_junction": (BACK, "normalized"),
    "back to dual_write": (BACK, "prefer_junction"),
}


def undisturbed(command: tuple[str, ...], start: Path, folder: Path) -> Case:
    """Run the command to completion on a copy of the database."""
    path = folder / "undisturbed.db"
    shutil.copyfile(start, path)
    began = time.monotonic()
    done = voygen(*command, "--db", path)
    assert done.returncode == 0, done
    return Case(command, start, time.monotonic() - began, outcome(path))


def kill(command: Sequence[str], path: Path, after: float) -> int:
    """Start the command and kill it after this many seconds; return its exit status, or 0 if it was killed."""
    with subprocess.Popen(
        [*own_command(), *command, "--db", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            return process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
    return 0


def kills(case: Case, folder: Path, look_at: Callable[[Path], bool]) -> None:
    """Kill the command on fresh copies at random moments; run it again unless `look_at` finds it complete."""
    for number in range(KILLS):
        chance = random.Random(number)  # noqa: S311 - a repeatable moment
        path = case.copy(folder / f"{number}.db")
        assert kill(case.command, path, chance.uniform(0.3, 1) * case.seconds) == 0
        assert integrity(path) == "ok"
        if not look_at(path):
            done = voygen(*case.command, "--db", path)
            assert done.returncode == 0, done
        done = voygen("check", "--db", path, "--json")
        assert done.returncode == 0, done
        assert json.loads(done.stdout)["faults"] == []
        assert outcome(path) == case.outcome
        for left in folder.glob(f"{number}.db*"):
            left.unlink()


@pytest.mark.parametrize("way", COMMANDS)
@pytest.mark.sampled(2)
async def test_a_killed_phase_change_is_made_completely_or_not_at_all(migrated: Path, tmp_path: Path, way: str) -> None:
    command, phase = COMMANDS[way]
    start = tmp_path / "start.db"
    shutil.copyfile(migrated, start)
    async with await open_database(start) as db:
        await lead_to(db, phase)
    case = undisturbed(command, start, tmp_path)
    before = outcome(start)

    def is_done(path: Path) -> bool:
        now = outcome(path)
        assert now in (before, case.outcome)
        if now.phase != "normalized":
            with closing(raw.connect(path)) as connection:
                assert_clean(connection)
        return now == case.outcome

    kills(case, tmp_path, is_done)


def test_a_killed_repair_is_completed_by_the_next_repair(migrated: Path, tmp_path: Path) -> None:
    start = tmp_path / "start.db"
    shutil.copyfile(migrated, start)
    make_drifted(start)
    kills(undisturbed(("repair", "--apply"), start, tmp_path), tmp_path, lambda _: False)


def test_a_killed_migration_is_completed_by_the_next_migration(legacy: Path, tmp_path: Path) -> None:
    def is_done(path: Path) -> bool:
        has_both = look(path, "SELECT 1 FROM sqlite_master WHERE name = 'trip_client_assignments'")
        if has_both:
            assert look(path, "SELECT * FROM trip_client_sync") == []
        for backup in tmp_path.glob(f"{path.name}.backup-*Z"):
            assert integrity(backup) == "ok"
            assert look(backup, "SELECT count(*) FROM trips_v2") == [(TRIPS,)]
        return False

    kills(undisturbed(("migrate",), legacy, tmp_path), tmp_path, is_done)


async def test_after_each_killed_phase_change_the_database_obeys_the_rules_of_its_phase(
    migrated: Path, tmp_path: Path
) -> None:
    """Run random phase changes on one file, and kill each of them."""
    path = tmp_path / "voygen.db"
    shutil.copyfile(migrated, path)
    case = undisturbed(ADVANCE, migrated, tmp_path)
    chance = random.Random(0)  # noqa: S311 - a repeatable sequence
    for _ in range(KILLS * 2):
        command = chance.choice([ADVANCE, BACK])
        kill(command, path, chance.uniform(0.5, 1.2) * case.seconds)
        assert integrity(path) == "ok"
        async with await open_database(path) as db:
            assert await pending(db) == []
            assert await differences(db, (await read_phase(db)).phase) == []
        assert voygen("check", "--db", path).returncode == 0
