"""The program runs on Python 3.11 and later with SQLite 3.40 and later, without an upper bound."""

from __future__ import annotations

import sqlite3
import sys
import tomllib
import warnings
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import raw
from desk import integrity, seeded, voygen
from packaging.specifiers import SpecifierSet

from database.embedded import open_database
from database.inspection import damage

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


@pytest.mark.parametrize("version", ["3.11.0", "3.13.9", "3.14.0", "3.15.0", "3.16.0", "3.99.1"])
def test_every_python_from_3_11_on_can_install_the_program(version: str) -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    assert SpecifierSet(project["requires-python"]).contains(version)


def test_doctor_accepts_this_python_and_sqlite(tmp_path: Path) -> None:
    lines = voygen("doctor", "--db", seeded(tmp_path / "voygen.db")).stdout.splitlines()
    for subject in ("Python", "SQLite"):
        (line,) = [line for line in lines if line.split()[1:2] == [subject]]
        assert line.split()[0] == "ok"


async def test_no_damage_is_found_in_an_intact_file_and_at_most_ten_problems_are_listed(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        assert await damage(db) == []
    with closing(raw.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", [(None,)] * 20)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE t (a NOT NULL)' WHERE name = 't'")
    async with await open_database(path) as db:
        assert len(await damage(db)) == 10


def test_a_backup_is_made_and_verified(tmp_path: Path) -> None:
    path, copy = seeded(tmp_path / "voygen.db"), tmp_path / "copy.db"
    done = voygen("backup", "--db", path, "--to", copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert integrity(copy) == "ok"
    assert raw.everything(copy) == raw.everything(path)


def test_a_database_with_a_broken_view_is_backed_up_exported_and_migrated(
    legacy_database: Callable[[str], Path],
) -> None:
    path = legacy_database("d1-export-2025")
    with closing(raw.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            connection.execute(f'SELECT * FROM "{names[0]}"')
    folder = path.parent
    for command in (("backup", "--to", folder / "copy.db"), ("export", "--to", folder / "copy.jsonl"), ("migrate",)):
        done = voygen(*command, "--db", path)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(
    (3, 12, 0) <= sys.version_info[:3] < (3, 12, 4), reason="these few versions warn about ?1 with a sequence"
)
def test_numbered_placeholders_accept_a_sequence_without_a_warning() -> None:
    with closing(sqlite3.connect(":memory:")) as connection, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert connection.execute("SELECT ?2 || ?1 || ?2", ("a", "b")).fetchone() == ("bab",)
