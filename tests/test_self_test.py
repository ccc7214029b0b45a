"""The self-test of a live database passes if everything works, names the parts that fail, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from damage import FEW, filled_file
from desk import voygen
from engines import open_database, transactions
from oracle import assert_clean

from migrations.files import FOLDER, split_statements
from migrations.phases.moves import advance
from migrations.self_test import validate
from migrations.shape import expected

if TYPE_CHECKING:
    from pathlib import Path

FORWARD, REVERSE, TRIGGERS, CONSTRAINTS, BULK, PAYMENTS, VIEW = (
    "dual write, junction to JSON",
    "dual write, JSON to junction",
    "trigger behaviour",
    "constraint fix",
    "bulk operation",
    "payments",
    "view",
)

PARTS = {
    "dual_write": [FORWARD, REVERSE, TRIGGERS, CONSTRAINTS, BULK, PAYMENTS, VIEW],
    "prefer_junction": [FORWARD, CONSTRAINTS, BULK, PAYMENTS, VIEW],
    "normalized": [CONSTRAINTS, PAYMENTS, VIEW],
}

# The lines, in addition to `structure`, that fail without this trigger or view.
NOTICED: dict[str, set[str]] = {
    "trg_trip_client_assignments_insert": {FORWARD},
    "trg_trip_client_assignments_update": {FORWARD},
    "trg_trip_client_assignments_delete": {FORWARD},
    "trg_trips_v2_clients_insert": {REVERSE},
    "trg_trips_v2_clients_update": {REVERSE, TRIGGERS},
    "trg_trip_client_sync_reconcile": {FORWARD, REVERSE, TRIGGERS, BULK},
    "trg_trips_v2_au_dirty": {TRIGGERS},
    "trg_clients_v2_email": {CONSTRAINTS},
    "trg_clients_v2_delete": {CONSTRAINTS},
    "trg_trip_payments_insert": {PAYMENTS},
    "trg_trip_money_sync_insert": {PAYMENTS},
    "trg_trips_v2_money_insert": {PAYMENTS},
    "trg_trips_v2_money_update": {PAYMENTS},
    "trip_client_relationships": {VIEW},
}


async def moved_to(path: Path, phase: str) -> Path:
    async with await open_database(path) as db:
        while (await db.read("SELECT phase FROM migration_phase"))[0]["phase"] != phase:
            await advance(db, quiet_days=0)
    return path


async def failing(path: Path) -> dict[str, str]:
    """Run the self-test, which must not change the file, and return the failing lines with their messages."""
    before = raw.everything(path)
    async with await open_database(path) as db:
        outcomes = await validate(db)
    assert raw.everything(path) == before
    return {outcome.name: outcome.problem for outcome in outcomes if not outcome.passed}


@pytest.mark.parametrize("phase", PARTS)
@pytest.mark.sampled(3)
async def test_every_part_passes_in_every_phase_and_nothing_is_left_behind(tmp_path: Path, phase: str) -> None:
    path = await moved_to(filled_file(tmp_path / "voygen.db", FEW), phase)
    before = raw.everything(path)
    assert any('"sqlite_sequence"' in line for line in before)
    done = voygen("validate", "--db", path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = ["structure", *PARTS[phase], "nothing left behind"]
    assert done.stdout.splitlines() == [
        *(f"passed  {line}" for line in lines),
        f"{len(lines)} passed, 0 failed. No test data was left behind.",
    ]
    assert raw.everything(path) == before


@pytest.mark.parametrize("name", NOTICED)
@pytest.mark.sampled(4)
async def test_a_missing_object_makes_the_lines_that_depend_on_it_fail(tmp_path: Path, name: str) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    kind = "trigger" if name.startswith("trg_") else "view"
    with closing(raw.connect_file(path)) as connection:
        connection.execute(f"DROP {kind} {name}")
    failed = await failing(path)
    assert failed.pop("structure") == f"{kind} {name} missing"
    assert set(failed) == NOTICED[name]


@pytest.mark.parametrize("name", [name for name in NOTICED if name.startswith("trg_")])
@pytest.mark.sampled(4)
async def test_a_trigger_that_does_nothing_makes_the_lines_that_depend_on_it_fail(tmp_path: Path, name: str) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        disarm(connection, name)
    failed = await failing(path)
    assert failed.pop("structure") == f"trigger {name} not as shipped"
    assert set(failed) == NOTICED[name]


async def test_damage_to_triggers_that_no_part_needs_makes_only_the_structure_line_fail(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    others = [name for name in expected("dual_write") if name.startswith("trg_") and name not in NOTICED]
    missing, idle = others[::2], others[1::2]
    with closing(raw.connect_file(path)) as connection:
        for name in missing:
            connection.execute(f"DROP TRIGGER {name}")
        for name in idle:
            disarm(connection, name)
    failed = await failing(path)
    assert sorted(failed.pop("structure").split("; ")) == sorted(
        [f"trigger {name} missing" for name in missing] + [f"trigger {name} not as shipped" for name in idle]
    )
    assert failed == {}


def disarm(connection: sqlite3.Connection, name: str) -> None:
    """Replace the trigger with one that does nothing."""
    head = expected("dual_write")[name].split("\nWHEN")[0].split("\nBEGIN")[0]
    connection.execute(f"DROP TRIGGER {name}")
    connection.execute(f"{head}\nBEGIN\n    SELECT 1;\nEND")


async def test_a_leftover_guard_makes_the_self_test_fail(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        connection.execute("INSERT INTO trip_client_sync (trip_id) VALUES (1)")
    assert TRIGGERS in await failing(path)


def test_the_validate_command_fails_on_a_broken_database(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        connection.execute("DROP TRIGGER trg_trip_client_assignments_delete")
    done = voygen("validate", "--db", path)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"FAILED  {FORWARD}: a check failed" in done.stdout.splitlines()
    assert "FAILED  structure: trigger trg_trip_client_assignments_delete missing" in done.stdout.splitlines()
    outcomes = json.loads(voygen("validate", "--db", path, "--json").stdout)
    assert [one["name"] for one in outcomes if not one["passed"]] == ["structure", FORWARD]


def by_hand(connection: sqlite3.Connection) -> str:
    """Run the script as its comments say: in one transaction until a statement fails, then roll back."""
    text = (FOLDER / "self_test.sql").read_text(encoding="utf-8")
    connection.execute("BEGIN")
    try:
        for statement in split_statements(text.splitlines(keepends=True)):
            connection.execute(statement)
    except sqlite3.IntegrityError as error:
        return str(error)
    finally:
        connection.execute("ROLLBACK")
    return "nothing failed"


@transactions
def test_the_script_run_by_hand_ends_as_documented_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = filled_file(tmp_path / "voygen.db", FEW)
    before = raw.everything(path)
    with closing(raw.connect(path)) as connection:
        assert by_hand(connection) == "CHECK constraint failed: guard_self_test_over"
        assert raw.everything(path) == before
        connection.execute("DROP TRIGGER trg_clients_v2_delete")
        assert by_hand(connection) == "CHECK constraint failed: guard_self_test_passed"


async def test_the_self_test_passes_while_another_connection_writes(tmp_path: Path) -> None:
    path = filled_file(tmp_path / "voygen.db", FEW)

    def write() -> None:
        with closing(raw.connect(path)) as connection:
            for number in range(200):
                connection.execute(
                    "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, ?)",
                    (number % FEW + 1, "client-090@example.net", f"role {number}"),
                )

    async with await open_database(path) as db:
        outcomes, _ = await asyncio.gather(validate(db), asyncio.to_thread(write))
    assert [outcome for outcome in outcomes if not outcome.passed] == []
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        written = connection.execute("SELECT count(*) FROM trip_client_assignments WHERE client_role LIKE 'role %'")
        assert written.fetchone() == (200,)
