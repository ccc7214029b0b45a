"""`doctor` reports the state of everything that voygen needs, with a remedy for each problem."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import permissions
import pytest
import raw
from desk import seeded

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")

Findings = dict[tuple[str, str], dict[str, Any]]


class Patient:
    """A user's folders, which are empty except for the files that a test creates."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = home / "config.toml"
        self.settings.write_text("")
        self.before: list[str] = []
        """Arguments placed before the command."""
        kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP")
        self.env = {name: os.environ[name] for name in kept if name in os.environ} | {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "APPDATA": str(home / "roaming"),
            "LOCALAPPDATA": str(home / "local"),
            "XDG_CONFIG_HOME": str(home / "settings"),
            "XDG_DATA_HOME": str(home / "data"),
            "VOYGEN_CONFIG": str(self.settings),
        }

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.before, *own_command(), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self.env,
        )

    def look(self, path: Path, status: int) -> Findings:
        done = self.run("doctor", "--db", path, "--json")
        assert (done.returncode, done.stderr) == (status, ""), done
        found = {(one["part"], one["subject"]): one for one in json.loads(done.stdout)}
        assert all(one["remedy"] for one in found.values() if one["state"] in {"to do", "unknown"})
        return found

    def to_do(self, path: Path, part: str, subject: str, status: int = 1) -> str:
        """The problem and the remedy in the only line of the report that needs action."""
        found = self.look(path, status)
        assert [key for key, one in found.items() if one["state"] in {"to do", "unknown"}] == [(part, subject)]
        return f"{found[part, subject]['words']} → {found[part, subject]['remedy']}"

    def cursor(self, content: str) -> None:
        place = self.home / ".cursor"
        place.mkdir(exist_ok=True)
        (place / "mcp.json").write_text(content)


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    (tmp_path / "home").mkdir()
    return Patient(tmp_path / "home")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a folder").mkdir()
    path = seeded(tmp_path / "a folder" / "voygen.db")
    path.chmod(0o600)
    return path


def sql(path: Path, statement: str) -> None:
    with closing(raw.connect(path)) as connection:
        connection.execute(statement)


def test_doctor_finds_no_problems_in_a_healthy_setup_and_writes_nothing(patient: Patient, path: Path) -> None:
    assert patient.run("install", "cursor", "--db", path).returncode == 0
    assert patient.run("check", "--record", "--db", path).returncode == 0
    assert patient.run("backup", "--db", path).returncode == 0
    before = {
        place: place.read_bytes() for place in [*path.parent.iterdir(), *patient.home.rglob("*")] if place.is_file()
    }
    found = patient.look(path, 0)
    assert {one["part"] for one in found.values()} == {"environment", "settings", "file", "schema", "clients"}
    states = {key: one["state"] for key, one in found.items()}
    for key in [
        ("environment", "SQLite"),
        ("file", "rights"),
        ("file", "pages"),
        ("file", "backup"),
        ("schema", "migrations"),
        ("schema", "triggers"),
        ("schema", "proof"),
        ("clients", "Cursor"),
    ]:
        assert states[key] == "ok"
    assert found["clients", "VS Code"]["remedy"].startswith("voygen install vscode --db ")
    page = patient.run("doctor", "--db", path)
    assert (page.returncode, page.stderr) == (0, "")
    assert page.stdout.endswith("Nothing to do.\n")
    assert "\x1b" not in page.stdout
    after = {
        place: place.read_bytes() for place in [*path.parent.iterdir(), *patient.home.rglob("*")] if place.is_file()
    }
    assert after == before


def test_a_database_that_does_not_exist_yet_is_not_a_problem(patient: Patient, tmp_path: Path) -> None:
    found = patient.look(tmp_path / "none" / "voygen.db", 0)
    assert found["file", "database"]["state"] == "note"
    assert not (tmp_path / "none").exists()


@posix
def test_a_file_readable_by_others_is_reported_with_the_command_that_fixes_it(patient: Patient, path: Path) -> None:
    path.chmod(0o640)
    assert f"readable by its group (mode 640) → chmod 600 '{path}'" in patient.to_do(path, "file", "rights")


@posix
def test_side_files_and_folders_that_give_others_more_access_than_the_database_are_reported(
    patient: Patient, path: Path
) -> None:
    wal = path.with_name(f"{path.name}-wal")
    with closing(raw.connect(path)) as connection:
        connection.execute("UPDATE clients_v2 SET full_name = 'N'")
        wal.chmod(0o666)
        path.parent.chmod(0o777)
        found = patient.look(path, 1)
    assert found["file", "rights"]["state"] == "ok"
    side, folder = found["file", "side files"], found["file", "folder"]
    assert (side["state"], folder["state"]) == ("to do", "to do")
    assert f"{wal} has the database's latest data and is readable by its group" in side["words"]
    assert side["remedy"] == f"chmod 600 '{wal}'"
    assert "anyone can put files into" in folder["words"]


@posix
def test_a_file_or_folder_without_permissions_is_reported(patient: Patient, path: Path) -> None:
    patient.before = permissions.enforced()
    path.chmod(0)
    said = patient.to_do(path, "file", "database", status=2)
    assert f"no permission to read {path} (mode 000) → Run as the file's owner: chmod 600 '{path}'" in said
    path.parent.chmod(0)
    try:
        assert "no permission to access the folder of" in patient.to_do(path, "file", "database", status=2)
    finally:
        path.parent.chmod(0o700)


@posix
def test_an_unreadable_settings_file_is_reported(patient: Patient, path: Path) -> None:
    patient.before = permissions.enforced()
    patient.settings.chmod(0)
    assert "cannot be read: Permission denied" in patient.to_do(path, "settings", "file")


@pytest.mark.parametrize("name", ["seed-legacy", "drifted-dual-write"])
def test_an_unmigrated_database_is_reported(
    patient: Patient, legacy_database: Callable[[str], Path], name: str
) -> None:
    path = legacy_database(name)
    path.chmod(0o600)
    assert f"voygen migrate --db {path}" in patient.to_do(path, "schema", "migrations")


def test_a_newer_schema_is_reported(patient: Patient, path: Path) -> None:
    sql(path, "INSERT INTO migration_checksums VALUES ('999_future.sql', '0')")
    assert "newer voygen (999_future.sql)" in patient.to_do(path, "schema", "migrations")


def test_a_missing_trigger_is_reported_with_the_command_that_fixes_it(patient: Patient, path: Path) -> None:
    sql(path, "DROP TRIGGER trg_trip_client_assignments_delete")
    said = patient.to_do(path, "schema", "triggers")
    assert "trg_trip_client_assignments_delete missing → voygen repair --db" in said
    assert patient.run("repair", "--db", path, "--apply").returncode == 0
    assert patient.look(path, 0)["schema", "triggers"]["state"] == "ok"


def test_leftover_guards_and_drift_found_by_the_last_proof_are_reported(patient: Patient, path: Path) -> None:
    sql(path, "INSERT INTO trip_client_sync (trip_id, action) VALUES (1, 'hold')")
    assert "voygen repair" in patient.to_do(path, "schema", "guards")
    assert patient.run("check", "--record", "--db", path).returncode == 1
    found = patient.look(path, 1)
    assert (found["schema", "proof"]["state"], "drift 1" in found["schema", "proof"]["words"]) == ("to do", True)


def test_damaged_pages_are_reported(patient: Patient, path: Path) -> None:
    sql(path, "PRAGMA journal_mode = DELETE")
    content = bytearray(path.read_bytes())
    with closing(raw.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'trips_v2'").fetchone()
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    assert "Restore the newest intact backup" in patient.to_do(path, "file", "pages")


@pytest.mark.parametrize("content", [b"Dear diary" * 100, b"SQLite format 3\0" + bytes(range(256)) * 40])
def test_a_file_that_is_not_a_database_is_reported(patient: Patient, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.db"
    path.write_bytes(content)
    path.chmod(0o600)
    assert str(path) in patient.to_do(path, "file", "content", status=2)


def test_a_folder_in_place_of_the_database_is_reported(patient: Patient, tmp_path: Path) -> None:
    assert "is a folder" in patient.to_do(tmp_path, "file", "database")


def test_an_invalid_settings_file_is_reported(patient: Patient, path: Path) -> None:
    patient.settings.write_text("read_only = 3")
    assert "write read_only = true or false" in patient.to_do(path, "settings", "file")
    patient.settings.write_text(f'db = "{path.as_posix()}"')
    done = patient.run("doctor")
    assert str(path) in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("VOYGEN_TOOLSETS", "trips,hotels", "unknown: hotels; choose from all, clients"),
        ("VOYGEN_PATIENCE", "long", "'long' is not a valid float"),
        ("VOYGEN_TOOLSET", "trips", "VOYGEN_TOOLSET is not a setting: did you mean VOYGEN_TOOLSETS?"),
    ],
)
def test_an_invalid_variable_is_reported_and_the_rest_is_still_checked(
    patient: Patient, path: Path, name: str, value: str, words: str
) -> None:
    patient.env[name] = value
    assert words in patient.to_do(path, "settings", name)
    assert patient.look(path, 1)["schema", "triggers"]["state"] == "ok"


@posix
def test_a_secret_in_a_settings_file_readable_by_others_is_reported(patient: Patient, path: Path) -> None:
    patient.settings.write_text('otel_headers = "authorization=secret-word"')
    patient.settings.chmod(0o644)
    said = patient.to_do(path, "settings", "file")
    assert "holds otel_headers" in said
    assert "secret-word" not in said
    patient.settings.chmod(0o600)
    patient.look(path, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"mcpServers": {', "Fix the file"),
        ('{"mcpServers": {"voygen": {"args": ["serve"]}}}', "has no command → voygen install cursor"),
        ('{"mcpServers": {"voygen": 7}}', "has no command"),
        (
            '{"mcpServers": {"voygen": {"command": "/nowhere/voygen", "args": 7}}}',
            "program /nowhere/voygen not found",
        ),
        (
            json.dumps({"mcpServers": {"voygen": {"command": sys.executable, "args": ["/gone/voygen.py", "serve"]}}}),
            "/gone/voygen.py does not exist",
        ),
    ],
)
@pytest.mark.sampled(2)
def test_a_client_that_could_not_start_the_server_is_reported(
    patient: Patient, path: Path, content: str, words: str
) -> None:
    patient.cursor(content)
    assert words in patient.to_do(path, "clients", "Cursor")


def test_a_client_that_uses_another_database_is_shown_as_a_note(patient: Patient, path: Path, tmp_path: Path) -> None:
    assert patient.run("install", "cursor", "--db", tmp_path / "other.db").returncode == 0
    line = patient.look(path, 0)["clients", "Cursor"]
    assert (line["state"], line["words"]) == ("note", f"uses another database: {tmp_path / 'other.db'}")
