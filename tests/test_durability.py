"""Acknowledged writes are on disk, and voygen notices when the files under it are changed, damaged or full."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Literal

import pytest
import raw
from desk import KYOTO, integrity, op, open_desk, seeded

from database.embedded import EmbeddedDatabase, open_database, open_to_look
from database.engine import Statement
from database.errors import DatabaseFull, DatabaseReadOnly, DatabaseReplaced, DiskFailed, translate
from server.exporting import back_up_file, export_file, restore_file
from server.migrating import migrate_file
from server.opening import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="an open file stays where it is, and has no mode")

MOUNT, UMOUNT = (shutil.which(name) or name for name in ("mount", "umount"))

ADD_CLIENT = "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')"


async def level(db: EmbeddedDatabase) -> int:
    ask = Statement("PRAGMA synchronous")
    return (await db.batch([ask])).of(ask)[0]["synchronous"]


async def emails(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [email for (email,) in connection.execute("SELECT email FROM clients_v2 ORDER BY email")]


@pytest.mark.parametrize(("setting", "expected"), [("full", 2), ("normal", 1)])
async def test_each_commit_is_synced_unless_the_setting_asks_for_less(
    tmp_path: Path, setting: Literal["full", "normal"], expected: int
) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        assert await level(db) == 2
    async with await open_database(path, as_it_is=True) as db:
        assert await level(db) == 3
    async with opened(path, readers=1, patience=5, may_migrate=True, read_only=False, synchronous=setting) as served:
        assert isinstance(served, EmbeddedDatabase)
        assert await level(served) == expected


@posix
@pytest.mark.parametrize("mode", [0o660, 0o644, 0o600])
async def test_a_database_keeps_its_mode_and_its_side_files_get_the_same(tmp_path: Path, mode: int) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    path.chmod(mode)
    async with await open_database(path) as db:
        await db.batch([Statement(ADD_CLIENT, ("a@x.io",))])
        assert [raw.mode_of(tmp_path / name) for name in raw.names_in(tmp_path)] == [mode] * 3


@posix
async def test_a_removed_wal_stops_reads_and_writes_and_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        await db.batch([Statement(ADD_CLIENT, ("a@x.io",))])
        for side in ("-shm", "-wal"):
            (tmp_path / f"voygen.db{side}").unlink()
            with pytest.raises(DatabaseReplaced, match="removed or replaced"):
                await db.batch([Statement(ADD_CLIENT, ("b@x.io",))])
            with pytest.raises(DatabaseReplaced, match="removed or replaced"):
                await db.read("SELECT 1")
    assert await emails(path) == ["a@x.io"]
    assert integrity(path) == "ok"


def in_another_process(program: str, path: Path) -> str:
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout


ANOTHER_PROGRAM = f"""
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("{ADD_CLIENT}", ("other@x.io",))
"""


@posix
async def test_what_another_program_wrote_after_the_wal_was_removed_survives(tmp_path: Path) -> None:
    path, named = raw.new_file(tmp_path / "voygen.db"), tmp_path / "links" / "link.db"
    named.parent.mkdir()
    named.symlink_to(path)
    async with await open_database(named, readers=2) as db:
        await db.batch([Statement(ADD_CLIENT, ("a@x.io",))])
        for side in ("-shm", "-wal"):
            (tmp_path / f"voygen.db{side}").unlink()
        in_another_process(ANOTHER_PROGRAM, path)
        with pytest.raises(DatabaseReplaced):
            await db.batch([Statement(ADD_CLIENT, ("b@x.io",))])
    assert in_another_process(LOOK, path) == "[('other@x.io',)] [('ok',)]\n"


# In a process of its own, because the one of the test still has the database open.
LOOK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT email FROM clients_v2").fetchall(),
      connection.execute("PRAGMA integrity_check").fetchall())
"""


async def test_another_program_can_truncate_the_wal_but_not_change_the_journal_mode(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    async with await open_database(path) as db, await open_to_look(path) as look:
        await db.batch([Statement(ADD_CLIENT, ("a@x.io",))])
        with closing(raw.connect(path)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("PRAGMA journal_mode = DELETE")
        await db.batch([Statement(ADD_CLIENT, ("b@x.io",))])
        assert len(await look.read("SELECT email FROM clients_v2")) == 2
    assert await emails(path) == ["a@x.io", "b@x.io"]


async def test_reading_waits_for_a_program_that_has_locked_the_file(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(1, holder.execute, ("COMMIT",))
    release.start()
    async with await open_to_look(path) as db:
        assert await db.read("SELECT count(*) AS n FROM clients_v2") == [{"n": 0}]
    release.join()
    holder.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    with mounted(tmp_path / "disk", "size=3m") as folder:
        yield folder


@contextmanager
def mounted(folder: Path, options: str) -> Generator[Path]:
    folder.mkdir()
    command = [MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run([UMOUNT, str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Use up the disk, and return the file that does."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        free = os.statvfs(folder)
        file.write(bytes(free.f_bavail * free.f_frsize))
    return filler


@pytest.mark.embedded_only("fills the disk of the file")
async def test_an_agent_hears_that_the_disk_is_full_and_goes_on_once_there_is_room(small_disk: Path) -> None:
    async with open_desk(seeded(small_disk / "voygen.db")) as desk:
        before = desk.everything()
        filler = fill(small_disk)
        note = op("add_note", note="x" * 15_000)
        error = await desk.refused("bulk_trip_operations", trip_identifier=KYOTO, operations=[note])
        assert error.startswith(f"unavailable: The disk that holds {small_disk / 'voygen.db'} is full.\n")
        assert "Tell the user to free disk space" in error
        assert desk.everything() == before
        filler.unlink()
        await desk.do(KYOTO, note)


def test_a_command_on_a_full_disk_says_so_and_leaves_no_half_file(small_disk: Path, tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    export_file(path, tmp_path / "export.jsonl")
    seeded(small_disk / "old.db")
    (small_disk / "legacy.db").touch()
    with closing(sqlite3.connect(small_disk / "legacy.db")) as connection:
        connection.executescript((raw.LEGACY / "seed-legacy.sql").read_text(encoding="utf-8"))
    fill(small_disk)
    before = raw.names_in(small_disk)
    target = small_disk / "new"
    commands: list[Callable[[], object]] = [
        lambda: export_file(path, target),
        lambda: restore_file(tmp_path / "export.jsonl", target),
        lambda: migrate_file(target, raw.LEGACY / "seed-legacy.sql", dry_run=False),
        lambda: migrate_file(small_disk / "legacy.db", None, dry_run=False),
        lambda: asyncio.run(back_up_file(path, target)),
    ]
    for command in commands:
        with pytest.raises(DatabaseFull, match=f"^The disk that holds {small_disk}/[^/]+ is full.$"):
            command()
        assert raw.names_in(small_disk) == before


@pytest.mark.embedded_only("damages the file")
@pytest.mark.parametrize("way", ["truncated", "overwritten"])
async def test_an_agent_hears_that_the_file_is_damaged_and_whom_to_tell(tmp_path: Path, way: str) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as desk:
        with path.open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            file.truncate(4096)
            if way == "overwritten":
                file.seek(4096)
                file.write(b"\xff" * (size - 4096))
        result = await desk.client.call_tool("get_anything", {"query": str(KYOTO)})
        assert result.is_error
        said = str(result.content)
        assert "is damaged" in said
        assert "restore the newest intact backup" in said


def test_a_database_on_a_read_only_disk_is_reported_as_such(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "original.db")
    with mounted(tmp_path / "disk", "size=3m") as folder:
        (folder / "voygen.db").write_bytes(path.read_bytes())
        subprocess.run([MOUNT, "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(DatabaseReadOnly, match="Read-only file system"):
            asyncio.run(open_database(folder / "voygen.db"))
        assert isinstance(translate(input_output_error(), str(folder / "voygen.db")), DatabaseReadOnly)
    assert isinstance(translate(input_output_error(), str(path)), DiskFailed)


def input_output_error() -> sqlite3.Error:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_WRITE"
    return error
