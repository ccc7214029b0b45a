"""The embedded engine's database file is private and intact, or refused with a message that names it."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from typing import TYPE_CHECKING

import permissions
import pytest
import raw

from database.embedded import EmbeddedDatabase, open_database
from database.engine import Statement
from database.errors import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseReplaced,
    DatabaseUnavailable,
    EngineTooOld,
    NotADatabase,
)

if TYPE_CHECKING:
    from pathlib import Path

ADD_CLIENT = "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')"

posix_only = pytest.mark.skipif(os.name == "nt", reason="rights are not mode bits there")
not_root = pytest.mark.skipif(os.name == "nt" or permissions.are_bypassed(), reason="root may do anything")


@posix_only
async def test_a_new_file_and_its_new_folders_are_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "voygen.db"
    async with await open_database(path) as db:
        await db.batch([Statement("CREATE TABLE t (a)")])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["voygen.db", "voygen.db-wal", "voygen.db-shm"], 0o600)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]


@posix_only
async def test_a_backup_is_private(db: EmbeddedDatabase, tmp_path: Path) -> None:
    await db.back_up_to(tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


async def refused(path: Path, kind: type[DatabaseError]) -> None:
    """Check that opening fails with exactly this error and a message that names the path."""
    with pytest.raises(DatabaseError) as caught:
        await open_database(path)
    assert type(caught.value) is kind
    assert str(path) in str(caught.value)


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    await refused(tmp_path, DatabaseUnavailable)


async def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    await refused(tmp_path / "file" / "voygen.db", DatabaseUnavailable)


async def test_a_text_file_is_refused_and_left_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear travel agency,\n" * 200)
    await refused(path, NotADatabase)
    assert path.read_text() == "Dear travel agency,\n" * 200


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 4000)
    await refused(path, DatabaseDamaged)


async def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    path.write_bytes(path.read_bytes()[:5000])
    await refused(path, DatabaseDamaged)


@not_root
async def test_a_file_without_write_permission_is_refused(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    path.chmod(0o400)
    await refused(path, DatabaseReadOnly)


@not_root
async def test_a_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    await refused(folder / "voygen.db", DatabaseReadOnly)


async def test_an_sqlite_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 39, 5))
    with pytest.raises(EngineTooOld, match=r"3\.40\.0 or newer"):
        await open_database(tmp_path / "voygen.db")
    assert not (tmp_path / "voygen.db").exists()


async def test_a_full_disk_is_reported_and_the_whole_batch_is_rolled_back(db: EmbeddedDatabase) -> None:
    pages = (await db.read("PRAGMA page_count"))[0]["page_count"]
    await db.batch([Statement("PRAGMA max_page_count = 1")])  # SQLite raises it to the pages in use
    names = json.dumps([f"{n}@x.io" for n in range(pages * 100)])
    with pytest.raises(DatabaseFull, match=str(db.path)):
        await db.batch(
            [
                Statement(ADD_CLIENT, ("a@x.io",)),
                Statement("INSERT INTO clients_v2 (email, full_name) SELECT value, 'N' FROM json_each(?)", (names,)),
            ]
        )
    assert await db.read("SELECT email FROM clients_v2") == []
    await db.batch([Statement("PRAGMA max_page_count = 100000"), Statement(ADD_CLIENT, ("a@x.io",))])
    assert await db.read("SELECT email FROM clients_v2") == [{"email": "a@x.io"}]


async def test_invalid_utf_8_in_one_row_does_not_prevent_reading_others(db: EmbeddedDatabase) -> None:
    await db.batch([Statement("INSERT INTO clients_v2 (email, full_name) VALUES ('a@x.io', CAST(x'41ff' AS TEXT))")])
    await db.batch([Statement("INSERT INTO clients_v2 (email, full_name) VALUES ('b@x.io', 'Ben')")])
    rows = await db.read("SELECT full_name FROM clients_v2 ORDER BY email")
    assert [row["full_name"] for row in rows] == ["A\N{REPLACEMENT CHARACTER}", "Ben"]


@pytest.mark.skipif(os.name == "nt", reason="an open file stays where it is")
async def test_a_file_that_was_replaced_or_removed_is_neither_read_nor_written(tmp_path: Path) -> None:
    path, other = raw.new_file(tmp_path / "voygen.db"), raw.new_file(tmp_path / "other.db")
    async with await open_database(path) as db:
        await db.batch([Statement(ADD_CLIENT, ("a@x.io",))])
        kept = path.rename(tmp_path / "kept.db")
        for replace in (lambda: None, lambda: other.rename(path)):
            replace()
            with pytest.raises(DatabaseReplaced):
                await db.read("SELECT 1")
            with pytest.raises(DatabaseReplaced):
                await db.batch([Statement(ADD_CLIENT, ("b@x.io",))])
        path.unlink()
        kept.rename(path)
        assert await db.read("SELECT email FROM clients_v2") == [{"email": "a@x.io"}]
