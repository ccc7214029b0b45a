"""An export is the whole database as JSON lines; restoring it gives an identical database or fails."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, EMPTY, KYOTO, seeded, voygen
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import assert_clean
from test_backup import padded, written_to

from database.embedded import open_database
from database.errors import DatabaseUnavailable
from database.exporting import export_lines, opened_as_of_now
from database.importing import restore_export
from migrations.phases.moves import advance
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable


def held(path: Path) -> dict[str, Any]:
    """The schema and all values in the file, as SQL literals, read without the project's own code."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE '%_search_%' ORDER BY type, name"
        ).fetchall()
        tables = connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') "
            "AND name NOT IN ('sqlite_schema', 'sqlite_stat1')"
        ).fetchall()
        return {"schema": schema} | {name: rows(connection, name.decode()) for (name,) in tables}


def rows(connection: sqlite3.Connection, table: str) -> list[Any]:
    columns = [name.decode() for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    shown = [f"typeof({quoted(name)}), quote({quoted(name)})" for name in columns]
    return sorted(connection.execute(f"SELECT {', '.join(shown)} FROM {quoted(table)}").fetchall())


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def lines_of(path: Path) -> list[str]:
    with opened_as_of_now(path) as connection:
        return list(export_lines(connection, {}))


def restored(path: Path, folder: Path) -> Path:
    """Export the file and restore the export, and return the path of the restored file."""
    assert voygen("export", "--db", path, "--to", folder / "export.jsonl").returncode == 0
    done = voygen("restore", folder / "export.jsonl", "--db", folder / "restored.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Restored:" in done.stdout
    return folder / "restored.db"


def refused(lines: list[str]) -> str:
    """Restore these lines, which must be refused and leave nothing behind, and return the reason."""
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export.jsonl"
        export.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        with pytest.raises(DatabaseUnavailable) as refusal:
            restore_export(export, Path(folder) / "new.db")
        assert raw.names_in(Path(folder)) == ["export.jsonl"]
        return str(refusal.value)


@pytest.mark.parametrize("name", ["seed-legacy", "d1-export-2025", "drifted-dual-write"])
@pytest.mark.sampled(3)
def test_a_legacy_database_is_restored_exactly_before_and_after_its_migration(
    tmp_path: Path, legacy_database: Callable[[str], Path], name: str
) -> None:
    path = legacy_database(name)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    assert held(restored(path, tmp_path / "before")) == held(path)
    asyncio.run(raw.migrate_file(path))
    copy = restored(path, tmp_path / "after")
    assert held(copy) == held(path)
    assert voygen("check", "--db", copy, "--json").stdout == voygen("check", "--db", path, "--json").stdout


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.sampled(3)
async def test_a_restored_database_continues_in_its_phase(tmp_path: Path, steps: int) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        for _ in range(steps):
            await advance(db, quiet_days=0)
    copy = restored(path, tmp_path)
    assert held(copy) == held(path)
    assert voygen("check", "--db", copy).returncode == 0
    assert "failed" not in voygen("validate", "--db", copy).stdout.replace("0 failed", "")


def test_triggers_counters_and_full_text_search_work_after_a_restore(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection:
        connection.execute("DELETE FROM trips_v2 WHERE trip_id = ?", (EMPTY,))
        connection.execute("UPDATE trips_v2 SET paid_amount = 12.5 WHERE trip_id = ?", (KYOTO,))
    with closing(raw.connect(restored(path, tmp_path))) as connection:
        connection.execute("INSERT INTO trip_payments (trip_id, amount, created_at) VALUES (?, '0.1', 'now')", (KYOTO,))
        assert connection.execute(
            "SELECT paid_amount, financials FROM trips_v2 WHERE trip_id = ?", (KYOTO,)
        ).fetchall() == [(12.6, '{"paid_amount":12.6}')]
        connection.execute(
            "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, 'guide')",
            (KYOTO, ANA),
        )
        assert_clean(connection)
        assert connection.execute("SELECT rowid FROM trip_search WHERE trip_search MATCH 'nara'").fetchall() == [(1,)]
        new = connection.execute(
            "INSERT INTO trips_v2 (trip_name, start_date, end_date) VALUES ('N', '2026-01-01', '2026-01-02')"
        )
        assert new.lastrowid == EMPTY + 1


def test_an_export_is_a_snapshot_despite_concurrent_writes(tmp_path: Path) -> None:
    path = padded(tmp_path / "voygen.db")
    with written_to(path):
        copy = restored(path, tmp_path)
    with closing(raw.connect(copy)) as connection:
        assert_clean(connection)


def test_every_line_of_an_export_on_stdout_is_a_json_object(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    done = voygen("export", "--db", path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["voygen"] == "export"
    trips = [line["values"]["trip_name"] for line in lines if line.get("row_of") == "trips_v2"]
    assert trips == ["Lima in Kyoto", "Ode in Banff", "Nobody yet"]
    assert lines[-1]["end"]["trips_v2"]["rows"] == 3


def test_export_and_restore_print_json_reports_on_request(tmp_path: Path) -> None:
    path, export = seeded(tmp_path / "voygen.db"), tmp_path / "export.jsonl"
    report = json.loads(voygen("export", "--db", path, "--to", export, "--json").stdout)
    assert report == {"export": str(export), "lines": len(lines_of(path)), "bytes": export.stat().st_size}
    report = json.loads(voygen("restore", export, "--db", tmp_path / "new.db", "--json").stdout)
    assert report["tables"] == json.loads(lines_of(path)[-1])["end"]


def test_an_export_is_restored_from_a_pipe(tmp_path: Path) -> None:
    path, copy = seeded(tmp_path / "voygen.db"), tmp_path / "copy.db"
    with subprocess.Popen([*own_command(), "export", "--db", str(path)], stdout=subprocess.PIPE) as exporting:
        done = piped(exporting.stdout, copy)
    assert (exporting.returncode, done.returncode, done.stderr) == (0, 0, "")
    assert held(copy) == held(path)
    assert "already exists" in piped(subprocess.DEVNULL, copy).stderr


@pytest.mark.parametrize("lines", [0, 1, 50])
def test_an_export_cut_off_in_the_pipe_is_refused_and_leaves_nothing_behind(tmp_path: Path, lines: int) -> None:
    (tmp_path / "cut.jsonl").write_text("\n".join(lines_of(seeded(tmp_path / "voygen.db"))[:lines]), encoding="utf-8")
    with (tmp_path / "cut.jsonl").open() as cut:
        done = piped(cut, tmp_path / "copy.db")
    said = "voygen: stdin is incomplete: the export was interrupted. Run it again.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not list(tmp_path.glob("copy.db*"))


def piped(export: Any, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*own_command(), "restore", "-", "--db", str(target)],
        stdin=export,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_an_export_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    copy = restored(seeded(tmp_path / "voygen.db"), tmp_path)
    assert stat.S_IMODE((tmp_path / "export.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_truncated_or_modified_export_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    lines = lines_of(seeded(tmp_path / "voygen.db"))
    trip = next(number for number, line in enumerate(lines) if '"row_of":"trips_v2"' in line)
    assert "interrupted" in refused(lines[:-1])
    assert "interrupted" in refused([])
    assert f"line {trip + 1}" in refused([*lines[:trip], lines[trip][:-20], *lines[trip + 1 :]])
    assert "trips_v2" in refused([*lines[:trip], lines[trip].replace("Kyoto", "Kyōto"), *lines[trip + 1 :]])
    assert "trips_v2" in refused([*lines[:trip], *lines[trip + 1 :]])
    assert "it comes after the end" in refused([*lines, lines[trip]])
    assert "not a voygen export" in refused(['{"some": "json"}'])
    assert "line 1 cannot be restored: not a JSON object" in refused(["[1, 2]"])
    assert "line 1 cannot be restored: not a JSON object" in refused(["null"])
    assert "line 2 cannot be restored: it is not a line of an export" in refused([lines[0], "{}", *lines[1:]])
    assert "format 2" in refused([lines[0].replace('"format":1', '"format":2'), *lines[1:]])
    attach = json.dumps({"object": "x", "sql": "ATTACH 'other.db' AS other"})
    assert "not a CREATE statement" in refused([*lines[:-1], attach, lines[-1]])


def test_a_restore_never_overwrites_a_database(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    restored(path, tmp_path)
    before = held(path)
    done = voygen("restore", tmp_path / "export.jsonl", "--db", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "already exists" in done.stderr
    assert held(path) == before
    assert "already exists" in voygen("export", "--db", path, "--to", tmp_path / "export.jsonl").stderr


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)

values = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.binary(max_size=20)
)


@settings(deadline=None)
@given(
    st.lists(names, min_size=2, max_size=4, unique_by=lambda name: name.lower()),
    st.sampled_from(["", "TEXT", "INTEGER", "REAL", "JSON", "BLOB"]),
    st.sampled_from(["", "PRIMARY KEY", "rowid", "WITHOUT ROWID"]),
    st.lists(st.tuples(values, values), max_size=6, unique_by=lambda row: repr(row[0])),
    st.binary(max_size=8),
)
def test_any_table_and_any_value_is_restored_exactly(
    columns: list[str], kind: str, way: str, content: list[tuple[Any, Any]], odd: bytes
) -> None:
    table, first, *_ = columns
    first = "rowid" if way == "rowid" else first
    key = "PRIMARY KEY" if way in {"PRIMARY KEY", "WITHOUT ROWID"} else ""
    with tempfile.TemporaryDirectory() as folder:
        path, export, copy = (Path(folder) / name for name in ("a.db", "a.jsonl", "b.db"))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            make = f"CREATE TABLE {quoted('t' + table)} ({quoted(first)} {kind} {key}, {quoted('v' + first)} {kind})"
            connection.execute(make + (" WITHOUT ROWID" if way == "WITHOUT ROWID" else ""))
            insert = f"INSERT OR IGNORE INTO {quoted('t' + table)} VALUES (?, ?)"
            for row in content:
                with suppress(sqlite3.IntegrityError):
                    connection.execute(insert, row)
            with suppress(sqlite3.IntegrityError):
                connection.execute(insert.replace("?, ?", "9, CAST(? AS TEXT)"), (odd,))
        export.write_text("".join(f"{line}\n" for line in lines_of(path)), encoding="utf-8")
        restore_export(export, copy)
        assert held(copy) == held(path)
