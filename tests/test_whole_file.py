"""A file that voygen makes appears complete under its name, or not at all, and never replaces another."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import raw
from desk import integrity, seeded

from database.errors import DatabaseUnavailable
from database.platform import lock_folder, unlock
from database.whole_file import whole_file
from server.exporting import back_up_file, export_file, restore_file
from server.launch import own_command
from server.migrating import migrate_file

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def write(target: Path, content: str) -> None:
    with whole_file(target, "choose another name.") as scratch:
        scratch.write_text(content)


def without_links(*_: object) -> None:
    raise PermissionError(errno.EPERM, "no hard links on this file system")


@pytest.mark.parametrize("disk", ["with hard links", "without hard links"])
def test_of_many_writers_of_one_name_one_wins_and_the_others_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: str
) -> None:
    if disk == "without hard links":
        monkeypatch.setattr(os, "link", without_links)
    target, start = tmp_path / "file", threading.Barrier(8)
    refused: list[int] = []

    def attempt(number: int) -> None:
        try:
            with whole_file(target, "choose another name.") as scratch:
                scratch.write_text(str(number) * 100_000)
                start.wait()
        except DatabaseUnavailable:
            refused.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = set(range(8)) - set(refused)
    assert target.read_text() == str(winner) * 100_000
    assert raw.names_in(tmp_path) == ["file"]


def test_of_two_backups_into_one_name_one_is_refused(tmp_path: Path) -> None:
    path, target = seeded(tmp_path / "voygen.db"), tmp_path / "copy.db"
    command = [*own_command(), "backup", "--db", str(path), "--to", str(target)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in "12"]
    said = [one.communicate(timeout=120)[1] for one in running]
    assert sorted(one.returncode for one in running) == [0, 2]
    assert sum("already exists" in words for words in said) == 1
    assert integrity(target) == "ok"
    assert raw.names_in(tmp_path) == ["copy.db", "voygen.db"]


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, stopped: type[BaseException]) -> None:
    with (  # noqa: PT012 - the block is what is interrupted
        pytest.raises(stopped),
        whole_file(tmp_path / "file", "") as scratch,
        closing(sqlite3.connect(scratch)) as connection,
    ):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        raise stopped
    assert raw.names_in(tmp_path) == []


def test_what_a_killed_run_left_is_removed_unless_it_is_in_use_or_something_else(tmp_path: Path) -> None:
    left, used, other = (tmp_path / f".voygen-unfinished-{name}" for name in ("deadbeef", "inuse123", "mine4567"))
    for folder, file in ((left, "new-wal"), (left, "new"), (used, "new"), (other, "letter.txt")):
        folder.mkdir(exist_ok=True)
        (folder / file).write_text("text")
    lock = lock_folder(used)
    try:
        write(tmp_path / "file", "new")
        assert raw.names_in(tmp_path) == [*sorted((used.name, other.name)), "file"]
    finally:
        unlock(lock)
    write(tmp_path / "another", "new")
    assert raw.names_in(tmp_path) == [other.name, "another", "file"]
    assert (other / "letter.txt").read_text() == "text"


@pytest.mark.parametrize("content", ["good", ""], ids=["full", "empty"])
def test_nothing_that_exists_is_replaced(tmp_path: Path, content: str) -> None:
    path, taken = seeded(tmp_path / "voygen.db"), tmp_path / "taken"
    export_file(path, tmp_path / "export.jsonl")
    taken.write_text(content)
    for make in (
        lambda: export_file(path, taken),
        lambda: restore_file(tmp_path / "export.jsonl", taken),
        lambda: migrate_file(taken, raw.LEGACY / "seed-legacy.sql", dry_run=False),
        lambda: asyncio.run(back_up_file(path, taken)),
    ):
        with pytest.raises(DatabaseUnavailable, match="already exists"):
            make()
    assert taken.read_text() == content


def test_a_link_without_a_target_is_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatabaseUnavailable, match="already exists"):
        write(link, "new")
    assert raw.names_in(tmp_path) == ["link"]


def test_a_new_database_is_not_put_beside_the_wal_of_an_old_one(tmp_path: Path) -> None:
    (tmp_path / "file-wal").write_text("frames")
    with pytest.raises(DatabaseUnavailable, match="left from another database"):
        write(tmp_path / "file", "new")
    assert raw.names_in(tmp_path) == ["file-wal"]


@linux
def test_a_file_is_on_disk_before_it_gets_its_name_and_its_folder_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seeded(tmp_path / "voygen.db")
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    def named(source: Path, target: Path) -> None:
        link(source, target)
        done.append("named")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", named)
    export_file(path, tmp_path / "export.jsonl")
    assert done[-3:] == ["new", "named", tmp_path.name]
    restore_file(tmp_path / "export.jsonl", tmp_path / "restored.db")
    assert done[-3:] == ["new", "named", tmp_path.name]
    asyncio.run(back_up_file(path, tmp_path / "backup.db"))
    assert done[-3:] == ["new", "named", tmp_path.name]
    migrate_file(tmp_path / "loaded.db", raw.LEGACY / "seed-legacy.sql", dry_run=False)
    assert done[-3:] == ["new", "named", tmp_path.name]
    assert done.count("named") == 4
    assert raw.names_in(tmp_path) == ["backup.db", "export.jsonl", "loaded.db", "restored.db", "voygen.db"]
