"""Moving a database between a file and the hosted engine: equal digests, whole or not at all."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import SEED
from workerd import Hosted, skip_module_without_node

from database.d1_exporting import contents_of as hosted_contents
from database.d1_exporting import export_hosted
from database.d1_restoring import restore_hosted
from database.errors import DatabaseError, DatabaseUnavailable, OverLimit
from database.exporting import Contents, contents_of, opened_as_of_now
from database.importing import restore_export
from server.exporting import export_file

if TYPE_CHECKING:
    from pathlib import Path

skip_module_without_node()


# Children before their parents, rows without parents, a foreign key to columns that aren't there, tables with and
# without row ids, a full-text index, and a counter ahead of its rows.
ODD = """
CREATE TABLE child (id INTEGER PRIMARY KEY, up REFERENCES parent (name));
CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE);
CREATE TABLE odd (a, b TEXT, c REAL);
CREATE TABLE pairs ("two words" TEXT COLLATE NOCASE, place, PRIMARY KEY ("two words", place)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(body);
CREATE TABLE batch_ids (id TEXT PRIMARY KEY, sent_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX odd_by_b ON odd (b);
CREATE VIEW names AS SELECT name FROM parent;
CREATE TABLE lost (
  id INTEGER PRIMARY KEY, a, b, up REFERENCES parent (name), FOREIGN KEY (a, b) REFERENCES pairs (place, x)
);
CREATE TABLE found (id INTEGER PRIMARY KEY, lost REFERENCES lost (id), up REFERENCES parent (name));
CREATE TABLE made (id INTEGER PRIMARY KEY, a TEXT, b INTEGER GENERATED ALWAYS AS (length(a)) VIRTUAL, c);
INSERT INTO made (a, c) VALUES ('four', 1);
INSERT INTO lost (a, b, up) VALUES (1, 2, 'nobody'), (1, 2, 'n1'), (3, NULL, NULL);
INSERT INTO found (lost, up) VALUES (77, 'n1'), (1, 'nobody');
INSERT INTO parent (name) SELECT 'n' || value FROM generate;
INSERT INTO child (up) SELECT name FROM parent;
INSERT INTO parent (id, name) VALUES (99999, 'last');
DELETE FROM parent WHERE id = 99999;
INSERT INTO pairs VALUES ('b', 1), ('A', 2), ('a', 1.5), ('ä', x'00');
INSERT INTO words (body) VALUES ('one two'), ('three');
CREATE TRIGGER loud AFTER INSERT ON odd BEGIN SELECT RAISE(ABORT, 'loud'); END;
"""

VALUES: list[Any] = [
    *(None, 0, -1, 2**53 + 1, -(2**63), 2**63 - 1),
    *(5850.0, -0.5, 0.1 + 0.2, 1 / 3, 1e300, 1.7976931348623157e308, 5e-324, 1e18, float("inf"), float("-inf")),
    *(
        "",
        "5.0",
        "ä😀\ud7ff",
        "nul\0inside",
        "\ufffd",
        '{"b": "00"}',
        b"",
        b"\0\xff",
        "x" * 1_200_000,
        b"y" * 1_100_000,
    ),
]


def odd_file(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TEMP TABLE generate AS SELECT 1 AS value")
        connection.executemany("INSERT INTO generate VALUES (?)", ((number,) for number in range(2, 6001)))
        before, trigger, after = ODD.partition("CREATE TRIGGER")
        connection.executescript(before)
        connection.executemany("INSERT INTO odd (a) VALUES (?)", ((value,) for value in VALUES))
        connection.execute("INSERT INTO odd (b) VALUES (CAST(x'61ff62' AS TEXT))")
        connection.execute("INSERT INTO odd (c) VALUES (7)")
        connection.executescript(trigger + after)
    return path


def exported(path: Path) -> Path:
    target = path.with_suffix(".jsonl")
    export_file(path, target)
    return target


def contents(path: Path) -> Contents:
    with opened_as_of_now(path) as connection:
        return contents_of(connection)


async def test_a_database_of_any_content_comes_back_with_the_same_digests(hosted: Hosted, tmp_path: Path) -> None:
    path = odd_file(tmp_path / "odd.db")
    async with hosted.opened(may_be_unfinished=True) as db:
        assert await restore_hosted(exported(path), db) == contents(path)
        back = tmp_path / "back.jsonl"
        with back.open("w+", encoding="utf-8", newline="\n") as out:
            await export_hosted(db, out, {})
    assert restore_export(back, tmp_path / "back.db") == contents(path)
    assert hosted.sql(
        "SELECT type, name FROM sqlite_master WHERE name IN ('loud', 'names', 'odd_by_b') ORDER BY 1"
    ) == [
        ("index", "odd_by_b"),
        ("trigger", "loud"),
        ("view", "names"),
    ]
    with pytest.raises(DatabaseUnavailable, match="is not empty"):
        async with hosted.opened() as db:
            await restore_hosted(back, db)


async def test_an_interrupted_restoration_continues(hosted: Hosted, tmp_path: Path) -> None:
    export = exported(odd_file(tmp_path / "odd.db"))
    other = exported(raw.new_file(tmp_path / "other.db"))
    for number in range(1, 4):
        async with hosted.opened(may_be_unfinished=True, patience=0.1, answer=1) as db:
            hosted.fail(*[""] * (2 * number), *["dropped"] * 50)
            with pytest.raises(DatabaseError):
                await restore_hosted(export, db)
            hosted.fail()
    with pytest.raises(DatabaseUnavailable, match="run the same `voygen restore` again"):
        async with hosted.opened():
            pass
    async with hosted.opened(may_be_unfinished=True) as db:
        with pytest.raises(DatabaseUnavailable, match="a part of another export"):
            await restore_hosted(other, db)
        restored = await restore_hosted(export, db)
    async with hosted.opened() as db:
        assert await hosted_contents(db) == restored == contents(tmp_path / "odd.db")


async def test_an_export_that_the_host_cannot_hold_is_refused_before_anything_is_written(
    hosted: Hosted, tmp_path: Path
) -> None:
    for name, sql, error, words in (
        (
            "dangling",
            "CREATE TABLE up (id INTEGER PRIMARY KEY, up REFERENCES up (id)); INSERT INTO up VALUES (1, 2)",
            DatabaseUnavailable,
            "refer to missing rows of up",
        ),
        ("large", "INSERT INTO parent (name) VALUES (hex(zeroblob(1000001)))", OverLimit, "at most 2,000,000"),
    ):
        path = tmp_path / f"{name}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(ODD.partition("INSERT")[0] + sql)
        async with hosted.opened() as db:
            with pytest.raises(error, match=words):
                await restore_hosted(exported(path), db)
    assert hosted.sql("SELECT count(*) FROM sqlite_master WHERE name NOT GLOB '_cf_*'") == [(0,)]


async def test_an_export_starts_over_if_the_database_changes_meanwhile(hosted: Hosted, tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection:
        connection.executescript(SEED)
    async with hosted.opened(may_be_unfinished=True) as db:
        await restore_hosted(exported(path), db)
        out = Changing(hosted, 1)
        await export_hosted(db, out, {})
        trip = next(line for line in out.getvalue().splitlines() if TRIP in line)
        assert json.loads(trip)["values"]["total_cost"] == 6401
        with pytest.raises(DatabaseUnavailable, match="kept changing"):
            await export_hosted(db, Changing(hosted, 1000), {})


TRIP = '"row_of":"trips_v2"'


class Changing(io.StringIO):
    """A file, while whose first trips are written another program changes them, so many times."""

    def __init__(self, hosted: Hosted, times: int) -> None:
        super().__init__()
        self._hosted = hosted
        self._times = times

    def write(self, text: str) -> int:
        if self._times and TRIP in text:
            self._times -= 1
            self._hosted.sql("UPDATE trips_v2 SET total_cost = total_cost + 1 WHERE trip_id = 1")
        return super().write(text)
