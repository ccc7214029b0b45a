"""A database that the hosting tool and voygen migrate in turns: either goes on where the other stopped."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import campaigns
import hosting
import pytest
import raw
from desk import ANA, BEN, op, open_desk, voygen
from legacy_facts import NAMES

from database.embedded import open_database
from migrations.check import check
from migrations.files import shipped
from migrations.proof import digest
from server.opening import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[[str], Path]

FILES = [migration.name for migration in shipped()]

# The hosting tool stops after any file; the short form has the places that differ.
every_prefix = pytest.mark.parametrize(
    "count", range(len(FILES) + 1) if campaigns.rounds(0, 1) else [0, 1, 2, len(FILES) - 1, len(FILES)]
)

# A trip with a spelling that only Python can link, and two trips without a slug.
ROWS = f"""
INSERT INTO clients_v2 (email, full_name) VALUES ('{ANA}', 'Ana Lima'), ('zoë@example.net', 'Zoë Ode');
INSERT INTO trips_v2 (trip_name, clients, start_date, end_date) VALUES
  ('Goa', '[{{"email":"ANA@example.net"}},{{"name":"Infant"}}]', '2026-01-01', '2026-01-05'),
  ('Goa', '[{{"email":"ZOË@example.net","seat":"aisle"}}]', '2026-02-01', '2026-02-05');
"""

FORGET_TIMES = "UPDATE trip_client_assignments SET created_at = 'then' WHERE created_at >= date('now', '-1 day')"


def new_shape(path: Path, count: int) -> Path:
    """Create a database whose first file the hosting tool applied before there were rows, then apply `count` files."""
    with closing(raw.connect(path)) as connection:
        connection.executescript(shipped()[0].text + ROWS)
    hosting.apply_files(path, count)
    return path


def checksums(path: Path) -> dict[str, str]:
    with closing(raw.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sha256 FROM migration_checksums ORDER BY name").fetchall())


async def outcome(path: Path) -> tuple[dict[str, Any], str]:
    """The report of a check, which must find the stores consistent, and the digest of the stores."""
    async with await open_database(path) as db:
        report = await check(db)
        assert report.consistent
        with closing(raw.connect(path)) as connection:  # a row's digest includes its time of creation
            connection.execute(FORGET_TIMES)
        times = {"quarantined_at": None}
        return {
            kind: [one | times for one in found] if kind == "quarantined" else found
            for kind, found in report.as_json().items()
        }, await digest(db)


@every_prefix
@pytest.mark.sampled(2)
async def test_voygen_goes_on_where_the_hosting_tool_stopped_on_an_empty_database(tmp_path: Path, count: int) -> None:
    path = tmp_path / "hosted.db"
    assert hosting.apply_files(path, count) == FILES[:count]
    report = await raw.migrate_file(path)
    assert (report.recorded, report.applied) == (FILES[:count], FILES[count:])
    assert report.made == (count == 0)
    assert checksums(path) == {migration.name: migration.checksum for migration in shipped()}
    assert hosting.apply_files(path) == []
    assert (await raw.migrate_file(path)).did_nothing
    async with open_desk(path) as desk:
        await desk.call("create_client_v2", email=BEN, full_name="Ben Ode")


@every_prefix
@pytest.mark.sampled(2)
async def test_voygen_finishes_what_sql_alone_cannot_do_on_a_database_with_trips(tmp_path: Path, count: int) -> None:
    path, whole = new_shape(tmp_path / "hosted.db", count), new_shape(tmp_path / "whole.db", 0)
    report, expected = await raw.migrate_file(path), await raw.migrate_file(whole)
    assert report.slugs == expected.slugs == 2
    assert (report.linked, report.unlinked) == (expected.linked, expected.unlinked) == (2, 1)
    assert await outcome(path) == await outcome(whole)
    async with open_desk(path) as desk:
        assert await desk.roles("goa") == {(ANA, "traveler")}
        await desk.do("goa-2", op("unassign_client", email="zoë@example.net"))


@pytest.mark.parametrize("trips", [False, True], ids=["empty", "trips"])
async def test_a_server_completes_what_the_hosting_tool_applied(tmp_path: Path, *, trips: bool) -> None:
    path = tmp_path / "hosted.db"
    if trips:
        new_shape(path, len(FILES))
    else:
        hosting.apply_files(path)
    async with opened(path, readers=1, patience=5, may_migrate=True, read_only=False):
        pass
    async with open_desk(path) as desk:
        await desk.call(
            "create_trip_with_client",
            trip_name="Lyon",
            client_email=BEN,
            client_full_name="Ben Ode",
            start_date="2026-05-01",
            end_date="2026-05-03",
        )
    assert (await raw.migrate_file(path)).did_nothing
    await outcome(path)


def test_migrate_reports_what_it_recorded_and_linked(tmp_path: Path) -> None:
    path = new_shape(tmp_path / "hosted.db", len(FILES))
    lines = voygen("migrate", "--db", path).stdout.splitlines()
    assert lines[1:4] == [
        "Applied:        0 migrations",
        f"Recorded:       {len(FILES)} migrations applied by the hosting tool",
        "Trip slugs:     2 added",
    ]
    assert any(line.split()[:2] == ["linked", "2"] for line in lines)
    assert voygen("migrate", "--db", path).stdout == "Nothing to do: the database is up to date.\n"


# The number of files that the hosting tool applies to each dump before it fails.
APPLICABLE = {"d1-export-2025": 1, "seed-legacy": len(FILES), "drifted-dual-write": len(FILES)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.sampled(3)
async def test_a_legacy_database_is_the_same_whichever_tool_migrated_it(
    legacy_database: Load, tmp_path: Path, name: str
) -> None:
    untouched = legacy_database(name)
    copies = [Path(shutil.copy(untouched, tmp_path / f"{count}.db")) for count in range(1, APPLICABLE[name] + 1)]
    expected = await raw.migrate_file(untouched)
    whole = await outcome(untouched)
    for count, path in enumerate(copies, 1):
        hosting.apply_files(path, count)
        if count == APPLICABLE[name] < len(FILES):
            with pytest.raises(sqlite3.OperationalError, match="no such column: trip_slug"):
                hosting.apply_files(path)
        report = await raw.migrate_file(path)
        assert report.recorded == FILES[:count]
        assert report.recorded + report.applied == FILES
        assert report.as_json() | IGNORED == expected.as_json() | IGNORED, count
        assert await outcome(path) == whole
        assert hosting.apply_files(path) == []
        async with open_desk(path) as desk:
            await desk.call("create_client_v2", email="late@example.net", full_name="Late")


# Parts of the migration report that depend on who applied the files.
IGNORED: dict[str, Any] = {"backup": None, "applied": [], "recorded": [], "merged": 0}
