"""A user's own broken triggers and views stop neither a migration nor a phase, or are named with what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import voygen
from phasing import lead_to

from database.embedded import open_database
from migrations.phases.moves import phase_status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HARMLESS = [
    "CREATE VIEW dangling AS SELECT x FROM nowhere",
    "CREATE VIEW stale AS SELECT gone FROM trips_v2",
    "CREATE TABLE own (a); CREATE TRIGGER on_own AFTER INSERT ON own BEGIN INSERT INTO nowhere VALUES (1); END",
]
ON_TRIPS = "CREATE TRIGGER on_trips AFTER UPDATE ON trips_v2 BEGIN UPDATE nowhere SET a = 1; END"


@pytest.mark.parametrize("sql", HARMLESS, ids=["view", "column", "trigger"])
def test_a_migration_goes_on_past_a_broken_object_that_it_does_not_need(
    legacy_database: Callable[[str], Path], sql: str
) -> None:
    path = legacy_database("seed-legacy")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    assert voygen("migrate", "--db", path).returncode == 0
    assert voygen("check", "--db", path).returncode == 0


def test_a_migration_names_a_broken_trigger_on_a_table_that_it_changes(
    legacy_database: Callable[[str], Path],
) -> None:
    path = legacy_database("seed-legacy")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ON_TRIPS)
    done = voygen("migrate", "--db", path)
    assert done.returncode == 2
    assert done.stderr == (
        "voygen: no such table: main.nowhere: the trigger on_trips on trips_v2 refers to it. "
        "Drop or correct it, then run the migration again.\n"
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER on_trips")
    assert voygen("migrate", "--db", path).returncode == 0


@pytest.mark.parametrize(("sql", "name"), [(HARMLESS[2], "on_own"), (ON_TRIPS, "on_trips")])
async def test_a_phase_names_a_trigger_that_is_already_broken(tmp_path: Path, sql: str, name: str) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection:
        connection.executescript(sql)
    async with await open_database(path) as db:
        await lead_to(db, "prefer_junction")
        (obstacle,) = (await phase_status(db, 0)).obstacles
        assert obstacle == {
            "name": f"schema/{name}",
            "problem": "this trigger is already broken (no such table: main.nowhere): drop or correct it",
        }
        with closing(raw.connect(path)) as connection:
            connection.execute(f"DROP TRIGGER {name}")
        await lead_to(db, "normalized")
