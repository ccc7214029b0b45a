"""The phase commands on the command line."""

from __future__ import annotations

import json
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import ANA, BEN, EMPTY, KYOTO, seeded, voygen
from oracle import assert_clean
from phasing import look, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def ran(path: Path, *arguments: object, status: int = 0) -> str:
    """Run the command and return its stdout, or its stderr if it is expected to fail."""
    done = voygen(*arguments, "--db", path)
    assert done.returncode == status, done
    said, silent = (done.stderr, done.stdout) if status else (done.stdout, done.stderr)
    assert silent == ""
    assert "Traceback" not in said
    assert status == 0 or said.startswith(("voygen: ", "Usage: "))
    return said


def names_in(refusal: str) -> list[str]:
    """The obstacles' names, from the first column of the table in a refusal."""
    return [line.split()[0] for line in refusal.splitlines()[2:]]


def phase_of(path: Path) -> str:
    return json.loads(ran(path, "phase", "--json"))["phase"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with three trips that old code wrote a month ago; one has a guest who is not a client."""
    path = seeded(tmp_path / "voygen.db")
    look(path, "UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", '[{"name":"Guest"}]', EMPTY)
    look(path, "UPDATE direct_json_writes SET last_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days')")
    return path


def test_the_commands_move_up_and_down_and_report_the_phase(file: Path) -> None:
    said = ran(file, "phase")
    assert "Phase:            dual_write" in said
    assert "Cannot advance to prefer_junction: 1 obstacle\n" in said
    assert f"unlinked/{EMPTY}/0" in said
    status = json.loads(ran(file, "phase", "--json"))
    assert (status["phase"], status["next_phase"]) == ("dual_write", "prefer_junction")
    assert [one["name"] for one in status["obstacles"]] == [f"unlinked/{EMPTY}/0"]
    assert {one["trip_id"] for one in status["direct_writes"]} == {1, 2, EMPTY}

    assert "now in phase prefer_junction" in ran(file, "phase", "advance", "--apply", "--accept", "unlinked/*")
    assert "Ready to advance to normalized." in ran(file, "phase")
    assert "read-only" in refusal(file, "UPDATE trips_v2 SET clients = '[]'")
    assert "now in phase normalized" in ran(file, "phase", "advance", "--apply")
    assert "This is the last phase." in ran(file, "phase")
    assert "no later phase" in ran(file, "phase", "advance", "--apply", status=2)
    assert "Consistent" in ran(file, "check")
    assert "now in phase prefer_junction" in ran(file, "phase", "back", "--apply")
    assert f"now in phase dual_write (epoch {status['epoch'] + 4})" in ran(file, "phase", "back", "--apply")
    assert "no earlier phase" in ran(file, "phase", "back", "--apply", status=2)
    with closing(raw.connect(file)) as connection:
        assert_clean(connection)
        (text,) = connection.execute("SELECT clients FROM trips_v2 WHERE trip_id = ?", (EMPTY,)).fetchone()
    assert json.loads(text) == [{"name": "Guest"}]


def test_without_apply_nothing_changes(file: Path) -> None:
    before = raw.everything(file)
    for accepted, is_listed in (((), True), (("--accept", "*"), False), ((), True)):
        said = ran(file, "phase", "advance", *accepted)
        assert (f"unlinked/{EMPTY}/0" in said) is is_listed
        assert "No changes made. Use --apply to advance." in said
    assert f"--accept unlinked/{KYOTO}/9 matches nothing that can be accepted." in ran(
        file, "phase", "advance", "--accept", f"unlinked/{KYOTO}/9", "--accept", "unlinked/*"
    )
    assert "no earlier phase" in ran(file, "phase", "back")
    assert raw.everything(file) == before
    ran(file, "phase", "advance", "--apply", "--accept", f"unlinked/{EMPTY}/0")
    before = raw.everything(file)
    assert "back to dual_write" in ran(file, "phase", "back")
    assert raw.everything(file) == before


def test_obstacles_are_listed_by_name_and_the_phase_stays(file: Path) -> None:
    look(file, "UPDATE trips_v2 SET clients = '[' WHERE trip_id = ?", KYOTO)
    look(file, "DROP TRIGGER trg_trip_client_assignments_delete")
    look(file, "DELETE FROM trip_client_assignments WHERE client_email = ?", BEN)
    said = ran(file, "phase", "advance", "--apply", status=2)
    names = names_in(said)
    assert names == [
        "json_only/2",
        "schema/trg_trip_client_assignments_delete",
        f"unlinked/{EMPTY}/0",
        "quarantine/1",
        f"direct_write/{KYOTO}",
    ]
    said = ran(file, "phase", "advance", "--apply", "--quiet-days", 0, "--accept", "*", status=2)
    assert names_in(said) == names[:2]
    assert phase_of(file) == "dual_write"
    ran(file, "repair", "--apply")
    ran(file, "phase", "advance", "--apply", "--quiet-days", 0)
    assert phase_of(file) == "prefer_junction"


def test_the_number_of_quiet_days_can_be_set_by_an_option(file: Path) -> None:
    accept = ("--accept", "unlinked/*", "--apply")
    assert f"direct_write/{KYOTO}" in ran(file, "phase", "--quiet-days", 31)
    assert f"direct_write/{KYOTO}" in ran(file, "phase", "advance", "--quiet-days", 31, *accept, status=2)
    ran(file, "phase", "advance", "--quiet-days", 29, *accept)


def test_the_phase_of_a_missing_or_unmigrated_database_cannot_be_changed(
    tmp_path: Path, legacy_database: Callable[[str], Path]
) -> None:
    path = legacy_database("seed-legacy")
    before = raw.everything(path)
    for command in (("phase",), ("phase", "advance", "--apply"), ("phase", "back", "--apply")):
        assert "voygen migrate --db" in ran(path, *command, status=2)
        assert "does not exist" in ran(tmp_path / "none.db", *command, status=2)
    assert raw.everything(path) == before
    assert not (tmp_path / "none.db").exists()


def test_the_assignments_of_a_client_are_shown_in_every_phase(file: Path) -> None:
    sql = "SELECT trip_id, source FROM trip_client_relationships WHERE assigned_email = ?"
    assert look(file, sql, ANA) == [(KYOTO, "both")]
    ran(file, "phase", "advance", "--apply", "--accept", "unlinked/*")
    assert look(file, sql, ANA) == [(KYOTO, "both")]
    ran(file, "phase", "advance", "--apply")
    assert look(file, sql, ANA) == [(KYOTO, "junction_table")]


def test_the_database_option_may_be_given_before_the_subcommand(file: Path, tmp_path: Path) -> None:
    env = os.environ | {"VOYGEN_DB": str(tmp_path / "none.db")}
    done = voygen("phase", "--db", file, "advance", "--apply", "--accept", "*", env=env)
    assert done.returncode == 0, done
    assert phase_of(file) == "prefer_junction"
