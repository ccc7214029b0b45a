"""The command line as a person uses it: effects, output and exit status."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import ANA, EMPTY, KYOTO, integrity, seeded, voygen
from oracle import assert_clean

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DUMP = raw.LEGACY / "seed-legacy.sql"

KEYS = {"consistent", "trips", "assignments", "drift", "shared", "unlinked", "quarantined", "orphans", "faults"}

windows = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")


def failed(*arguments: object) -> str:
    """Run a command that must exit with status 2 and print nothing on stdout; return its single line of stderr."""
    done = voygen(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("voygen: ")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def succeeded(*arguments: object, status: int = 0) -> str:
    done = voygen(*arguments)
    assert (done.returncode, done.stderr) == (status, ""), done
    return done.stdout


def test_a_dump_is_loaded_and_migrated_and_missing_folders_are_created(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "voygen.db"
    said = succeeded("migrate", "--db", path, "--from", DUMP)
    assert "  linked            30  in both" in said
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent, path.parent.parent)] == (
        [0o600, 0o700, 0o700] if sys.platform != "win32" else [stat.S_IMODE(path.stat().st_mode)] * 3
    )
    assert integrity(path) == "ok"
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
    assert succeeded("migrate", "--db", path) == "Nothing to do: the database is up to date.\n"
    assert "Consistent" in succeeded("check", "--db", path)


def test_migrate_prints_a_json_report_on_request(tmp_path: Path) -> None:
    path = tmp_path / "voygen.db"
    report = json.loads(succeeded("migrate", "--db", path, "--from", DUMP, "--json"))
    assert (report["linked"], report["unlinked"], report["quarantined"]) == (30, 0, 0)
    assert "015_trip_client_assignments_table.sql" in report["applied"]
    assert json.loads(succeeded("migrate", "--db", path, "--json"))["applied"] == []


def test_a_dry_run_reports_the_effects_and_changes_nothing(
    tmp_path: Path, legacy_database: Callable[[str], Path]
) -> None:
    path = legacy_database("drifted-dual-write")
    before = raw.everything(path)
    said = succeeded("migrate", "--db", path, "--dry-run")
    assert said.startswith("Dry run")
    assert raw.everything(path) == before
    assert "Backup:" not in said
    succeeded("migrate", "--db", tmp_path / "none" / "new.db", "--from", DUMP, "--dry-run")
    assert sorted(place.name for place in tmp_path.iterdir()) == ["drifted-dual-write.db"]
    assert "Backup:" in succeeded("migrate", "--db", path)


def test_check_exits_with_0_if_the_stores_agree_and_1_if_they_differ(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    report = json.loads(succeeded("check", "--db", path, "--json"))
    assert set(report) == KEYS
    assert (report["consistent"], report["trips"], report["assignments"]) == (True, 3, 2)
    with closing(raw.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM trip_client_assignments WHERE client_email = ?", (ANA,))
        connection.execute("UPDATE trips_v2 SET clients = '[{\"em' WHERE trip_id = ?", (EMPTY,))
    before = raw.everything(path)
    report = json.loads(succeeded("check", "--db", path, "--json", status=1))
    assert set(report) == KEYS
    assert report["consistent"] is False
    found = {(finding["kind"], finding.get("trip_id")) for finding in report["drift"]}
    assert {("json_only", KYOTO), ("not_an_array", EMPTY)} <= found
    assert "NOT consistent" in succeeded("check", "--db", path, status=1)
    assert raw.everything(path) == before


def test_checking_a_missing_database_creates_nothing(tmp_path: Path) -> None:
    assert "does not exist" in failed("check", "--db", tmp_path / "no" / "voygen.db")
    assert "does not exist" in failed("migrate", "--db", tmp_path / "no" / "voygen.db", "--dry-run")
    assert list(tmp_path.iterdir()) == []


def test_an_old_database_is_neither_checked_nor_served_before_migration(
    legacy_database: Callable[[str], Path],
) -> None:
    path = legacy_database("seed-legacy")
    before = raw.everything(path)
    for arguments in (("check",), ("serve", "--no-migrate")):
        assert "voygen migrate --db" in failed(*arguments, "--db", path)
    assert raw.everything(path) == before
    for more in ("--no-migrate", "--read-only"):
        assert "does not exist" in failed("serve", more, "--db", path.with_name("none.db"))
    assert not path.with_name("none.db").exists()
    succeeded_with_warning = voygen("serve", "--db", path)
    assert succeeded_with_warning.returncode == 0
    assert "the backup is" in succeeded_with_warning.stderr
    assert "Consistent" in succeeded("check", "--db", path)


def test_the_environment_can_name_the_database(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    done = voygen("check", "--json", env=os.environ | {"VOYGEN_DB": str(path)})
    assert done.returncode == 0
    assert json.loads(done.stdout)["trips"] == 3


@pytest.mark.parametrize(
    "command", [["migrate"], ["migrate", "--dry-run"], ["check"], ["serve"], ["export"], ["backup"]], ids=" ".join
)
@pytest.mark.sampled(2)
def test_a_file_that_is_not_a_database_is_refused_and_left_unchanged(tmp_path: Path, command: list[str]) -> None:
    text, garbage, folder = tmp_path / "text.db", tmp_path / "garbage.db", tmp_path / "folder.db"
    text.write_text("Dear diary, this is no database at all.\n" * 50)
    garbage.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    folder.mkdir()
    contents = [(place, place.read_bytes()) for place in (text, garbage)]
    assert "is not an SQLite database" in failed(*command, "--db", text)
    assert str(garbage) in failed(*command, "--db", garbage)
    assert "is a folder" in failed(*command, "--db", folder)
    assert str(text) in failed(*command, "--db", text / "below.db")
    assert [(place, place.read_bytes()) for place, _ in contents] == contents
    assert sorted(tmp_path.iterdir()) == [folder, garbage, text]


BROKEN: dict[str, bytes] = {
    "syntax.sql": b"CREATE TABLE trips_v2 (a);\nINSERT INTO nowhere VALUES (1);\n",
    "words.sql": b"this is no SQL",
    "attach.sql": b"ATTACH 'other.db' AS other;\n",
    "attach-vacuum.sql": b"VACUUM INTO 'other.db';\n",
    "binary.sql": bytes(range(256)),
    "nul.sql": b"SELECT 1;\nSELECT '\0';\n",
    "latin1.sql": "CREATE TABLE a (b DEFAULT 'é');\n".encode("latin-1"),
    "rollback.sql": b"CREATE TABLE a (b);\nROLLBACK;\nCREATE TABLE c (d);\n",
    "cut.sql": DUMP.read_bytes()[:5000],
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["", "dry"])
@pytest.mark.sampled(3)
def test_a_dump_that_cannot_be_loaded_leaves_nothing_behind(tmp_path: Path, name: str, more: list[str]) -> None:
    dump, target = tmp_path / name, tmp_path / "made" / "voygen.db"
    dump.write_bytes(BROKEN[name])
    said = failed("migrate", "--db", target, "--from", dump, *more)
    assert str(dump) in said
    assert [place for place in tmp_path.rglob("*") if place.is_file()] == [dump]


def test_a_missing_dump_is_named_in_the_error(tmp_path: Path) -> None:
    assert "does not exist" in failed("migrate", "--db", tmp_path / "v.db", "--from", tmp_path / "no.sql")
    assert "directory" in failed("migrate", "--db", tmp_path / "v.db", "--from", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_dump_is_never_loaded_over_an_existing_database(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    before = raw.everything(path)
    assert "already exists" in failed("migrate", "--db", path, "--from", DUMP)
    assert raw.everything(path) == before


def test_a_dump_with_a_byte_order_mark_is_loaded(tmp_path: Path) -> None:
    dump = tmp_path / "marked.sql"
    dump.write_bytes(b"\xef\xbb\xbf" + DUMP.read_bytes())
    assert "  linked            30" in succeeded("migrate", "--db", tmp_path / "voygen.db", "--from", dump)


@windows
def test_a_file_that_a_group_shares_keeps_its_permissions(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    path.chmod(0o660)
    succeeded("migrate", "--db", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@windows
def test_a_file_that_is_not_a_database_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database.")
    path.chmod(0o644)
    failed("check", "--db", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@windows
@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_path_without_write_permission_is_reported(tmp_path: Path, command: str) -> None:
    place = tmp_path / "locked"
    place.mkdir()
    seeded(place / "voygen.db")
    (place / "voygen.db").chmod(0o444)
    place.chmod(0o555)
    try:
        for path in (place / "voygen.db", place / "new.db", place / "new" / "voygen.db"):
            done = without_privilege([*own_command(), command, "--db", str(path)])
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr.startswith("voygen: ")
            assert "cannot be written" in done.stderr
            assert "Traceback" not in done.stderr
    finally:
        place.chmod(0o755)


def without_privilege(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command without root's privilege to write everywhere."""
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if not setpriv:
            pytest.skip("root writes everywhere, and there is no setpriv to take that away")
        command = [setpriv, "--bounding-set=-dac_override", *command]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.real_start
def test_the_demo_succeeds_and_shows_both_stores(tmp_path: Path) -> None:
    done = subprocess.run(
        [*own_command(), "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("JUNCTION TABLE") == 2
    assert done.stdout.count("JSON COLUMN") == 2
    assert "7 of 7 operations done" in done.stdout
    assert "Consistent: both stores hold the same assignments." in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real_start
def test_help_and_version_work_without_a_database(tmp_path: Path) -> None:
    done = voygen("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("serve", "migrate", "check", "demo"):
        assert command in done.stdout
        assert "Usage: voygen" in succeeded(command, "--help")
    assert succeeded("--version").startswith("voygen")
    assert "No such command" in failed("nonsense")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_refused_with_a_readable_error(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    whole = path.read_bytes()
    for name, damaged in {
        "cut": whole[: len(whole) // 2],
        "holed": whole[:4096] + b"\xff" * 8192 + whole[12288:],
    }.items():
        copy = tmp_path / f"{name}.db"
        copy.write_bytes(damaged)
        for command in ("check", "migrate"):
            done = voygen(command, "--db", copy)
            assert done.returncode == 2, (name, command, done)
            assert "Traceback" not in done.stderr
            assert "damaged" in done.stderr
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    "look", [("migrate", "--dry-run"), ("check",), ("repair",), ("phase",), ("validate",)], ids=lambda look: look[0]
)
@pytest.mark.sampled(2)
def test_read_only_commands_leave_the_file_unchanged_byte_for_byte(tmp_path: Path, look: tuple[str, ...]) -> None:
    path = tmp_path / "voygen.db"
    if look[0] == "migrate":
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(DUMP.read_text(encoding="utf-8"))
    else:
        seeded(path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    path.chmod(0o644)
    before = path.read_bytes()
    succeeded(*look, "--db", path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
