"""Migrations that are interrupted, tampered with, or run twice at once."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import raw
from desk import heeding_interrupts
from legacy_facts import NAMES, facts
from oracle import assert_clean

from database.embedded import open_database
from database.errors import DatabaseError, DatabaseUnavailable
from migrations.dumps import load_dump
from migrations.files import shipped, split_statements
from migrations.runner import MigrationReport, migrate, pending
from server.launch import own_command
from server.migrating import describe

Load = Callable[[str], Path]

FIRST, FIX = (migration.name for migration in shipped()[:2])

MIGRATE = """
import asyncio, pathlib, sys
from database.embedded import open_database
from migrations.runner import migrate

async def main():
    async with await open_database(pathlib.Path(sys.argv[1])) as db:
        print((await migrate(db)).applied)

asyncio.run(main())
"""


def ledger(path: Path) -> list[str]:
    return [str(row["name"]) for row in facts(path).tables["d1_migrations"]]


def timeless(dump: Sequence[str]) -> list[str]:
    """The dump without timestamps, which differ from run to run."""
    return [re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:[\d:.]+Z?", "then", line) for line in dump]


async def make_the_fix_fail(path: Path) -> None:
    """Make the second migration file fail by creating one of its tables in advance."""
    connection = raw.connect(path)
    connection.execute("CREATE TABLE orphaned_rows (in_the_way)")
    connection.close()
    with pytest.raises(DatabaseError, match="orphaned_rows already exists"):
        await raw.migrate_file(path)


@pytest.mark.parametrize("name", NAMES)
async def test_a_migration_file_that_fails_is_rolled_back_and_the_files_before_it_stay_applied(
    legacy_database: Load, name: str
) -> None:
    path = legacy_database(name)
    before = facts(path)
    await make_the_fix_fail(path)
    after = facts(path)
    assert ledger(path) == [FIRST]
    assert after.texts() == before.texts()
    assert after.pairs == before.pairs
    assert not after.tables.keys() & {"trip_client_sync", "trip_clients_quarantine", "trip_client_unlinked"}
    assert before.schema.keys() <= after.schema.keys()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(3)
async def test_an_interrupted_migration_is_completed_by_the_next_run(
    legacy_database: Load, tmp_path: Path, name: str
) -> None:
    path = legacy_database(name)
    await make_the_fix_fail(path)
    connection = raw.connect(path)
    connection.execute("DROP TABLE orphaned_rows")
    report = await raw.migrate_file(path)
    assert report.applied == [migration.name for migration in shipped()[1:]]
    assert_clean(connection)
    connection.close()

    unbroken = tmp_path / "unbroken.db"
    load_dump(raw.LEGACY / f"{name}.sql", unbroken)
    await raw.migrate_file(unbroken)
    assert timeless(raw.everything(path)) == timeless(raw.everything(unbroken))


@pytest.mark.parametrize("name", NAMES)
async def test_engines_that_migrate_one_database_at_once_apply_each_migration_once(
    legacy_database: Load, name: str
) -> None:
    path = legacy_database(name)

    async def run() -> MigrationReport:
        return await raw.migrate_file(path)

    reports = await asyncio.gather(run(), run(), run())
    assert sorted(file for report in reports for file in report.applied) == [each.name for each in shipped()]
    assert sorted(ledger(path)) == [each.name for each in shipped()]
    connection = raw.connect(path)
    assert_clean(connection)
    connection.close()


def test_two_processes_that_migrate_one_database_at_once_both_succeed(legacy_database: Load) -> None:
    path = legacy_database("drifted-dual-write")
    command = [sys.executable, "-c", MIGRATE, str(path)]
    folder = Path(__file__).parent.parent
    with (
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as first,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as second,
    ):
        said = first.communicate()[0] + second.communicate()[0]
    assert (first.returncode, second.returncode) == (0, 0)
    assert sorted(re.findall(r"\w+\.sql", said)) == [each.name for each in shipped()]


async def test_migrating_a_new_database_makes_no_backup(tmp_path: Path) -> None:
    report = await raw.migrate_file(tmp_path / "voygen.db")
    assert report.backup is None
    assert raw.names_in(tmp_path) == ["voygen.db"]


async def test_a_migration_file_that_changed_since_it_was_applied_is_named_in_the_error(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    connection = raw.connect(path)
    connection.execute("UPDATE migration_checksums SET sha256 = 'other' WHERE name = ?", (FIX,))
    connection.close()
    async with await open_database(path) as db:
        with pytest.raises(DatabaseUnavailable, match=FIX):
            await pending(db)
        with pytest.raises(DatabaseUnavailable, match=FIX):
            await migrate(db)


def test_a_dump_that_fails_leaves_no_file_behind(tmp_path: Path) -> None:
    dump = tmp_path / "dump.sql"
    dump.write_text("CREATE TABLE a (b);\nINSERT INTO c VALUES (1);\n")
    with pytest.raises(DatabaseUnavailable, match=r"statement 2 failed: no such table: c"):
        load_dump(dump, tmp_path / "new.db")
    assert raw.names_in(tmp_path) == ["dump.sql"]


@pytest.mark.parametrize("text", ["", "-- nothing\n", "PRAGMA defer_foreign_keys = TRUE;\n"])
def test_a_dump_that_creates_no_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dump.sql").write_text(text)
    with pytest.raises(DatabaseUnavailable, match="has no tables"):
        load_dump(tmp_path / "dump.sql", tmp_path / "new.db")
    assert [file.name for file in tmp_path.iterdir()] == ["dump.sql"]


def test_a_dump_is_not_loaded_over_an_existing_database(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    whole = path.read_bytes()
    with pytest.raises(DatabaseUnavailable, match="already exists"):
        load_dump(raw.LEGACY / "seed-legacy.sql", path)
    assert path.read_bytes() == whole


def test_a_dump_cannot_reach_other_files(tmp_path: Path) -> None:
    dump = tmp_path / "dump.sql"
    dump.write_text(f"ATTACH '{tmp_path / 'other.db'}' AS other;\n")
    with pytest.raises(DatabaseUnavailable, match="too many attached databases"):
        load_dump(dump, tmp_path / "new.db")


def test_a_dump_may_be_one_line_and_contain_semicolons_quotes_and_unusual_line_ends(tmp_path: Path) -> None:
    kept = "a; 'b'\r\nc -- d; /* e\rf; END;"
    text = kept.replace("'", "''")
    statements = [
        "CREATE TABLE [a;b] (note TEXT); -- one; table",
        "CREATE TRIGGER t AFTER INSERT ON [a;b] BEGIN SELECT 1; DELETE FROM [a;b] WHERE note = ';'; END;",
        f"/* ; */ INSERT INTO [a;b] VALUES ('{text}'); INSERT INTO \"a;b\" VALUES (';')",
    ]
    for name, between in (("lines", "\n"), ("line", " ")):
        dump = tmp_path / f"{name}.sql"
        dump.write_bytes(between.join(statements).replace("-- one; table " if between == " " else "", "").encode())
        load_dump(dump, tmp_path / f"{name}.db")
        with closing(raw.connect(tmp_path / f"{name}.db")) as connection:
            assert connection.execute('SELECT note FROM "a;b"').fetchall() == [(kept,)]


def test_a_dump_is_split_into_statements_in_linear_time() -> None:
    looked_at = 0

    def looking(text: str) -> bool:
        nonlocal looked_at
        looked_at += len(text)
        return sqlite3.complete_statement(text)

    line = f"INSERT INTO a VALUES ('{'; ' * 500}'); " * 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("migrations.files.complete_statement", looking)
        assert len(list(split_statements([line * 200]))) == 400
    assert looked_at <= 2 * len(line) * 200


def test_a_database_given_as_a_dump_is_recognized(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with pytest.raises(DatabaseUnavailable, match="is a database, not a text"):
        load_dump(path, tmp_path / "new.db")
    assert raw.names_in(tmp_path) == ["voygen.db"]


async def test_two_thousand_trips_with_the_same_name_get_numbered_slugs(tmp_path: Path) -> None:
    path = tmp_path / "legacy.db"
    with closing(raw.connect(path)) as connection:
        connection.executescript(shipped()[0].text)
        add = "INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES (?, ?, '', '')"
        connection.execute(add, ("Goa 3", "goa-3"))
        connection.executemany(add, [("Goa", None)] * 2_000)
    await raw.migrate_file(path)
    with closing(raw.connect(path)) as connection:
        slugs = [row[0] for row in connection.execute("SELECT trip_slug FROM trips_v2 ORDER BY trip_id")]
    assert slugs[:5] == ["goa-3", "goa", "goa-2", "goa-4", "goa-5"]
    assert len(set(slugs)) == 2_001
    assert slugs[-1] == "goa-2001"


async def test_another_programs_database_is_left_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    with closing(raw.connect(path)) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")
    before = raw.everything(path)
    with pytest.raises(DatabaseUnavailable, match="another program's database: it has photos and none"):
        await raw.migrate_file(path)
    assert raw.everything(path) == before


async def test_a_new_database_is_reported_as_new(tmp_path: Path, legacy_database: Callable[[str], Path]) -> None:
    report = await raw.migrate_file(tmp_path / "new.db")
    assert report.made
    assert describe(report, dry_run=False).startswith("Created:        a new database\n")
    report = await raw.migrate_file(legacy_database("seed-legacy"))
    assert not report.made


# Both run for seconds: one statement until it is stopped, and many short ones.
SLOW = """
CREATE TABLE trips_v2 (trip_id INTEGER PRIMARY KEY);
INSERT INTO trips_v2 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0;
"""

MANY = "CREATE TABLE trips_v2 (trip_id INTEGER);\n" + "INSERT INTO trips_v2 VALUES (1);\n" * 200_000


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_dump_whose_loading_is_interrupted_leaves_no_file_behind(tmp_path: Path) -> None:
    dump, folder = tmp_path / "dump", tmp_path / "folder"
    dump.write_text(SLOW)
    folder.mkdir()
    command = [*own_command(), "migrate", "--from", str(dump), "--db", str(folder / "new.db")]
    with subprocess.Popen(heeding_interrupts(command), stderr=subprocess.PIPE, text=True) as process:
        while not raw.names_in(folder):
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, "voygen: interrupted")
    assert raw.names_in(folder) == []


async def test_columns_whose_names_differ_from_ours_only_by_case_are_renamed(legacy_database: Load) -> None:
    path = legacy_database("seed-legacy")
    with closing(raw.connect(path)) as connection:
        for table, old, new in (
            ("trips_v2", "clients", "Clients"),
            ("trips_v2", "trip_name", "Trip_Name"),
            ("clients_v2", "email", "EMAIL"),
        ):
            connection.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    report = await raw.migrate_file(path)
    assert "clients_v2: column EMAIL renamed to email" in report.changes
    assert report.linked == 30
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)


async def test_a_table_without_rowid_is_refused_with_a_readable_error(tmp_path: Path) -> None:
    path = tmp_path / "legacy.db"
    with closing(raw.connect(path)) as connection:
        connection.execute("CREATE TABLE trips_v2 (trip_id INTEGER PRIMARY KEY, trip_name TEXT) WITHOUT ROWID")
    with pytest.raises(DatabaseUnavailable, match="trips_v2 is a table WITHOUT ROWID"):
        await raw.migrate_file(path)


async def test_a_failed_migration_leaves_at_most_one_backup(legacy_database: Load) -> None:
    path = legacy_database("seed-legacy")
    with closing(raw.connect(path)) as connection:
        connection.execute("CREATE TABLE receipts (a)")
    for _ in range(3):
        with pytest.raises(DatabaseError):
            await raw.migrate_file(path)
    backups = [name for name in raw.names_in(path.parent) if ".backup-" in name]
    assert len(backups) == 1
    assert not backups[0].endswith(".partial")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_terminated_dry_run_leaves_no_copy_behind(tmp_path: Path) -> None:
    dump, folder = tmp_path / "dump", tmp_path / "folder"
    dump.write_text(MANY)
    folder.mkdir()
    command = [*own_command(), "migrate", "--dry-run", "--from", str(dump), "--db", str(tmp_path / "new.db")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(folder)}
    ) as process:
        while not list(folder.glob("*/*")):
            pass
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143, "")
    assert raw.names_in(folder) == []
