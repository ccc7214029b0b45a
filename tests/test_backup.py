"""A backup is a consistent snapshot even while others write, and gets its final name only once it is complete."""

from __future__ import annotations

import json
import sqlite3
import stat
import sys
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
import raw
from desk import ANA, EMPTY, integrity, seeded, voygen
from oracle import assert_clean

from database import connections
from database.embedded import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")


@contextmanager
def written_to(path: Path) -> Generator[None]:
    """Continuously assign a client in the junction and remove them in the JSON, in the background."""
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with closing(raw.connect(path)) as connection:
            connection.execute("PRAGMA busy_timeout = 10000")
            while not stop.is_set():
                connection.execute(
                    "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, 'guide')",
                    (EMPTY, ANA),
                )
                connection.execute("UPDATE trips_v2 SET clients = '[]' WHERE trip_id = ?", (EMPTY,))
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    written.wait()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def padded(path: Path) -> Path:
    """Create a database so large that copying it takes many steps."""
    seeded(path)
    with closing(raw.connect(path)) as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
            "INSERT INTO db_errors (attempted_operation, error_message) SELECT 'pad', hex(zeroblob(2000)) FROM n"
        )
    return path


def test_a_backup_made_while_others_write_is_complete(tmp_path: Path) -> None:
    path, target = padded(tmp_path / "voygen.db"), tmp_path / "copy.db"
    with written_to(path):
        done = voygen("backup", "--db", path, "--to", target)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(target) in done.stdout
    assert integrity(target) == "ok"
    with closing(raw.connect(target)) as connection:
        assert_clean(connection)
    assert voygen("check", "--db", target).returncode == 0


async def test_a_backup_made_in_steps_is_a_snapshot_of_its_start_and_reports_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "COPIED_AT_ONCE", 10)
    path, target = padded(tmp_path / "voygen.db"), tmp_path / "copy.db"
    told: list[tuple[int, int]] = []

    def write_at_each_step(done: int, total: int) -> None:
        told.append((done, total))
        with closing(raw.connect(path)) as connection:
            connection.execute("INSERT INTO db_errors (attempted_operation, error_message) VALUES ('late', '')")

    async with await open_database(path) as db:
        await db.back_up_to(target, write_at_each_step)
    assert len(told) > 50
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    count = "SELECT count(*) FROM db_errors WHERE attempted_operation = 'late'"
    with closing(sqlite3.connect(target)) as copy, closing(sqlite3.connect(path)) as original:
        assert copy.execute(count).fetchone() == (0,)
        assert original.execute(count).fetchone() == (len(told),)


def test_without_a_file_name_the_backup_is_written_beside_the_database(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    first, second = (json.loads(voygen("backup", "--db", path, "--json").stdout) for _ in range(2))
    assert first["backup"] < second["backup"]
    assert raw.names_in(tmp_path) == [
        "voygen.db",
        *(path.name + one["backup"].removeprefix(str(path)) for one in (first, second)),
    ]
    assert first["backup"].startswith(f"{path}.backup-")
    assert first["bytes"] == path.stat().st_size
    assert raw.everything(tmp_path / first["backup"]) == raw.everything(path)


@posix
def test_a_backup_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    path.chmod(0o644)
    voygen("backup", "--db", path, "--to", tmp_path / "new" / "copy.db")
    assert stat.S_IMODE((tmp_path / "new" / "copy.db").stat().st_mode) == 0o600
    assert raw.names_in(tmp_path / "new") == ["copy.db"]


@pytest.mark.parametrize("name", ["seed-legacy", "d1-export-2025", "drifted-dual-write"])
def test_an_unmigrated_database_is_backed_up_unchanged(
    tmp_path: Path, legacy_database: Callable[[str], Path], name: str
) -> None:
    path = legacy_database(name)
    before = path.read_bytes()
    assert voygen("backup", "--db", path, "--to", tmp_path / "copy.db").returncode == 0
    assert path.read_bytes() == before
    assert raw.everything(tmp_path / "copy.db") == raw.everything(path)


def test_a_failed_backup_overwrites_nothing_and_leaves_no_partial_file(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    (tmp_path / "kept.db").write_text("mine")
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192 + path.read_bytes()[12288:])
    for arguments, words in (
        (("--db", path, "--to", tmp_path / "kept.db"), "already exists"),
        (("--db", tmp_path / "none.db", "--to", tmp_path / "copy.db"), "does not exist"),
        (("--db", damaged, "--to", tmp_path / "copy.db"), "damaged"),
    ):
        done = voygen("backup", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
    assert (tmp_path / "kept.db").read_text() == "mine"
    assert not [name for name in raw.names_in(tmp_path) if name.startswith("copy") or "partial" in name]


async def test_a_database_with_unlinked_entries_is_backed_up_and_not_considered_damaged(tmp_path: Path) -> None:
    path = tmp_path / "drifted.db"
    assert voygen("migrate", "--db", path, "--from", raw.LEGACY / "drifted-dual-write.sql").returncode == 0
    copied = voygen("backup", "--db", path, "--to", tmp_path / "copy.db")
    assert copied.returncode == 0, copied.stderr
    assert "damaged" not in voygen("doctor", "--db", path).stdout
