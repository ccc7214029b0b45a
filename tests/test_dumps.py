"""Dumps load as the usual tools leave them; other files are refused with words, in bounded time and memory."""

from __future__ import annotations

import gzip
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import raw
from desk import seeded

from database import bounds, text_files
from database.embedded import open_database, open_to_look
from database.errors import DatabaseError, DatabaseUnavailable
from database.exporting import export_lines, opened_as_of_now
from database.importing import restore_export
from database.text_files import TextFile
from migrations.dumps import load_dump
from server.doctoring import examine

posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);"

ROW = f"{TABLE}\nINSERT INTO t VALUES (1,'Zoë; it''s -- me');"

# Files with the same one row, as different tools write them.
ALIKE: dict[str, str | bytes] = {
    "sqlite3 .dump": f"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n{ROW}\n"
    "ANALYZE sqlite_schema;\nINSERT INTO sqlite_stat1 VALUES('t',NULL,'1');\n"
    "DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('t',7);\nCOMMIT;\n",
    "sqlite3 .recover": ".dbconfig defensive off\nBEGIN;\nPRAGMA writable_schema = on;\nPRAGMA foreign_keys = off;\n"
    "PRAGMA encoding = 'UTF-8';\nPRAGMA page_size = '4096';\nPRAGMA user_version = '0';\n"
    f"{TABLE}\nCREATE TABLE sqlite_sequence(name,seq);\nINSERT OR IGNORE INTO 'sqlite_sequence'('name','seq') "
    "VALUES ('t', 7);\nINSERT OR IGNORE INTO 't'('id','a') VALUES (1, 'Zoë; it''s -- me');\n"
    "PRAGMA writable_schema = off;\nCOMMIT;\n",
    "wrangler d1 export": "PRAGMA defer_foreign_keys=TRUE;\n"
    f'{TABLE}\nINSERT INTO "t" ("id","a") VALUES(1,\'Zoë; it\'\'s -- me\');\n'
    'DELETE FROM sqlite_sequence;\nINSERT INTO "sqlite_sequence" ("name","seq") VALUES(\'t\',7);\n',
    "counters before the tables": "DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('t',7);\n" + ROW,
    "DB Browser": f'BEGIN TRANSACTION;\nDROP TABLE IF EXISTS "t";\n{ROW.replace("TABLE t", "TABLE IF NOT EXISTS t")}'
    "\nCOMMIT;\n",
    "DBeaver": f"-- t definition\n\n{TABLE}\n\n\nINSERT INTO t (id,a) VALUES\n\t (1,'Zoë; it''s -- me');\n",
    "other transactions": f"/* made by hand */ begin immediate;\n{TABLE}\nEnd Transaction;\n-- next\n"
    "BEGIN EXCLUSIVE TRANSACTION;\nINSERT INTO t VALUES (1,'Zoë; it''s -- me'); -- one row\n"
    "/* done */ COMMIT TRANSACTION;\nVACUUM;\n",
    "savepoints": f"SAVEPOINT one;\n{ROW}\nSAVEPOINT two;\nDELETE FROM t;\nROLLBACK TO two;\nRELEASE one;\n",
    "unistr": f"{TABLE}\nINSERT INTO t VALUES (1,unistr('Zo\\00eb; it''s \\u002d\\+00002d \\U0000006de'));",
    "replace": f"{TABLE}\nINSERT INTO t VALUES (1,replace('Zoë; it''s \\n me','\\n',char(45,45)));",
    "commands of the shell": f".open --new x.db\n.bail on\n{TABLE}\n.mode list\n{ROW.removeprefix(TABLE)}\n.quit\n",
    "carriage returns": ROW.replace("\n", "\r\n") + "\r\nCOMMIT;\r\n",
    "UTF-8 with a mark": ROW.encode("utf-8-sig"),
    "UTF-16 with a mark": ROW.replace("\n", "\r\n").encode("utf-16"),
    "UTF-16 in the other order": b"\xfe\xff" + ROW.encode("utf-16-be"),
    "UTF-16 without a mark": ROW.encode("utf-16-le"),
}


def loaded(folder: Path, content: str | bytes) -> Path:
    (folder / "dump.sql").write_bytes(content if isinstance(content, bytes) else content.encode())
    load_dump(folder / "dump.sql", folder / "new.db")
    return folder / "new.db"


def refused(folder: Path, content: str | bytes) -> str:
    """Load the dump, which must leave no file behind, and return the reason without the path."""
    with pytest.raises(DatabaseUnavailable) as caught:
        loaded(folder, content)
    assert raw.names_in(folder) == ["dump.sql"]
    assert str(folder / "dump.sql") in str(caught.value)
    return str(caught.value).replace(str(folder / "dump.sql"), "").lstrip(": ")


@pytest.mark.parametrize("tool", ALIKE)
def test_a_dump_of_any_tool_is_loaded(tmp_path: Path, tool: str) -> None:
    with closing(sqlite3.connect(loaded(tmp_path, ALIKE[tool]))) as connection:
        assert connection.execute("SELECT * FROM t").fetchall() == [(1, "Zoë; it's -- me")]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if "sequence" in str(ALIKE[tool]):
            assert connection.execute("SELECT seq FROM sqlite_sequence").fetchall() == [(7,)]


@pytest.mark.parametrize("command", [".dump", ".recover"])
def test_what_the_sqlite3_shell_writes_about_a_migrated_database_is_loaded(tmp_path: Path, command: str) -> None:
    path, shell = seeded(tmp_path / "voygen.db"), shutil.which("sqlite3")
    if not shell:
        pytest.skip("needs the sqlite3 shell")
    done = subprocess.run([shell, path, command], check=False, capture_output=True, timeout=60)
    if done.returncode:
        pytest.skip("this sqlite3 shell can't do that")
    copy = loaded(tmp_path, done.stdout)
    assert rows(copy) == rows(path)
    with closing(sqlite3.connect(copy)) as connection:
        found = connection.execute("SELECT rowid FROM trip_search WHERE trip_search MATCH 'nara'").fetchall()
        assert found == [(1,)]


def test_what_python_writes_about_an_old_database_is_loaded(tmp_path: Path) -> None:
    load_dump(raw.LEGACY / "seed-legacy.sql", tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        text = "\n".join(connection.iterdump())
    assert raw.everything(loaded(tmp_path, text)) == raw.everything(tmp_path / "old.db")


def rows(path: Path) -> list[object]:
    tables = ("trips_v2", "clients_v2", "trip_client_assignments", "d1_migrations", "sqlite_sequence")
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]


WRONG: dict[str, tuple[str | bytes, str]] = {
    "gzip": (gzip.compress(ROW.encode()), "is compressed with gzip: unpack it first."),
    "zip": (b"PK\x03\x04" + bytes(30), "is a zip archive: unpack it first."),
    "database": (
        b"SQLite format 3\0" + bytes(100),
        "is a database, not a text: copy the file, and pass the copy's path with --db.",
    ),
    "Latin-1": (ROW.encode("latin-1"), "is not in UTF-8, because it contains the byte 0xEB: save it in UTF-8."),
    "zero byte": (f"{TABLE}\n\0", "is not text: line 2 contains a zero byte."),
    "cut UTF-16": (ROW.encode("utf-16")[:-1], "is not in UTF-8"),
    "failed export": (
        f"BEGIN;\n{ROW}\nROLLBACK; -- due to errors\n",
        "the export failed, because statement 4 is ROLLBACK",
    ),
    "damaged source": (
        f"BEGIN;\n{ROW}\n/****** CORRUPTION ERROR *******/\nCOMMIT;\n",
        "is incomplete: a comment before statement 4 says that its database is damaged.",
    ),
    "damaged source, at the end": (
        f"{ROW}\n/**** ERROR: (11) database disk image is malformed *****/\n",
        "is incomplete",
    ),
    "another file": (
        f"{TABLE}\n.read rows.sql\n",
        "statement 2 is a command of the sqlite3 shell that reads another file",
    ),
    "unknown function": (f"{TABLE}\nINSERT INTO t VALUES (1, f('x'));", "statement 2 failed: no such function: f."),
    "attach": ("ATTACH 'x.db' AS x;", "statement 1 failed"),
    "vacuum into": (f"{TABLE}\nCOMMIT; VACUUM INTO 'x.db';", "statement 3 failed"),
    "empty": ("-- nothing\n", "has no tables"),
    "cut off": (f"BEGIN TRANSACTION;\n{ROW}\n", "is cut off: its transaction has no COMMIT. Export again."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_no_whole_dump_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    content, words = WRONG[name]
    assert refused(tmp_path, content).startswith(words)


NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"

RUNS = "was stopped, because it runs without end."

GROWS = "was stopped, because it makes far more data than the file has."

TRIGGER = f"CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO t (a) {NUMBERS} SELECT i FROM n WHERE i < 0; END;"

ENDLESS: dict[str, tuple[str, str]] = {
    "insert": (f"INSERT INTO t (a) {NUMBERS} SELECT hex(zeroblob(4000)) FROM n;", GROWS),
    "create table": (f"CREATE TABLE u AS {NUMBERS} SELECT hex(zeroblob(4000)) AS a FROM n;", GROWS),
    "without rows": (f"INSERT INTO t (a) {NUMBERS} SELECT i FROM n WHERE i < 0;", RUNS),
    "select": (f"{NUMBERS} SELECT count(*) FROM n;", RUNS),
    "lifted limit": (
        f"PRAGMA max_page_count = 4294967294; CREATE TABLE u AS {NUMBERS} SELECT zeroblob(9999) FROM n;",
        GROWS,
    ),
    "trigger": (f"{TRIGGER}\nINSERT INTO t VALUES (1, 'a');", RUNS),
    "large value": ("INSERT INTO t VALUES (1, randomblob(1000000000));", "failed: string or blob too big."),
}


@pytest.fixture
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that are reached in a fraction of a second."""
    monkeypatch.setattr(bounds, "STEPS", 1_000_000)
    monkeypatch.setattr(bounds, "BYTES", 4 << 20)


@pytest.mark.usefixtures("smaller")
@pytest.mark.parametrize("way", ENDLESS)
def test_an_endless_statement_in_a_dump_is_stopped(tmp_path: Path, way: str) -> None:
    sql, words = ENDLESS[way]
    assert words in refused(tmp_path, f"{TABLE}\n{sql}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_signal_ends_a_long_statement_of_a_dump_with_what_its_handler_raises(tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        sys.exit("stopped")

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(SystemExit, match="stopped"):
            refused(tmp_path, f"{TABLE}\n{NUMBERS} SELECT count(*) FROM n;\n")
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("smaller")
@pytest.mark.parametrize("way", ["create table", "trigger"])
def test_an_endless_statement_in_an_export_is_stopped(tmp_path: Path, way: str) -> None:
    export = tmp_path / "export.jsonl"
    with opened_as_of_now(seeded(tmp_path / "voygen.db")) as connection:
        lines = list(export_lines(connection, {}))
    hostile = {
        "create table": f"CREATE TABLE u AS {NUMBERS} SELECT hex(zeroblob(4000)) AS a FROM n",
        "trigger": f"CREATE TRIGGER r AFTER INSERT ON trips_v2 BEGIN SELECT * FROM ({NUMBERS} SELECT i FROM n); END",
    }
    first = next(number for number, line in enumerate(lines) if '"row_of":"trips_v2"' in line)
    lines.insert(first, f'{{"object":"x","sql":"{hostile[way]}"}}')
    export.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DatabaseUnavailable, match=r"was stopped, because it (runs without end|makes far more data)"):
        restore_export(export, tmp_path / "new.db")
    assert raw.names_in(tmp_path) == ["export.jsonl", "voygen.db"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_an_export_that_a_shell_stored_in_another_encoding_is_restored(tmp_path: Path, encoding: str) -> None:
    path, export = seeded(tmp_path / "voygen.db"), tmp_path / "export.jsonl"
    with opened_as_of_now(path) as connection:
        export.write_bytes("\r\n".join(export_lines(connection, {})).encode(encoding))
    restore_export(export, tmp_path / "new.db")
    assert raw.everything(tmp_path / "new.db")[0] == raw.everything(path)[0]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "LONGEST_LINE", 3 << 20)
    (tmp_path / "long").write_bytes(b"x" * (5 << 20))
    with (tmp_path / "long").open("rb") as file, pytest.raises(DatabaseUnavailable, match="line 1 has more than 3 MiB"):
        list(TextFile("stdin", file).lines())
    with Path("/dev/zero").open("rb") as file, pytest.raises(DatabaseUnavailable, match="contains a zero byte"):
        list(TextFile("stdin", file).lines())


def special_files(folder: Path) -> list[Path]:
    import os  # noqa: PLC0415 - for POSIX only

    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to(folder / "loop")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "socket"))
    return [folder / "fifo", folder / "socket", folder / "loop", folder, Path("/dev/zero")]


@posix
async def test_pipes_sockets_devices_folders_and_loops_are_refused_at_once(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    target = tmp_path / "new.db"
    for path in special_files(tmp_path):
        for refuse in (load_dump, restore_export):
            with pytest.raises(DatabaseError) as caught:
                refuse(path, target)
            assert str(path) in str(caught.value)
        for opening in (open_database, open_to_look):
            with pytest.raises(DatabaseUnavailable) as caught:
                await opening(path)
            assert str(path) in str(caught.value)
        (found,) = [one for one in await examine(path, settings, settings_must_exist=False) if one.part == "file"]
        assert (found.state, found.remedy) == ("to do", "Pass a file path with --db.")
    assert raw.names_in(tmp_path) == ["fifo", "loop", "socket"]
