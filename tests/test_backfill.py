"""The backfill of a migration runs beside other writers, continues after a kill, and loses nothing they write."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import campaigns
import pytest
import raw
from desk import voygen
from engines import files, foreign_keys_off, is_hosted, open_database, processes
from indexing import assert_indexed
from oracle import assert_clean, junction_pairs

from database.backfill import unfinished
from database.engine import ForwardingDatabase
from database.errors import DatabaseError, DatabaseMigrating, DatabaseUnavailable
from database.slugs import FreeSlugs
from migrations import backfill as steps
from migrations.check import check
from migrations.files import shipped
from migrations.phases.moves import PhaseRefused, advance, go_back
from migrations.repair import apply_repair
from migrations.runner import MigrationReport, apply_files, complete, migrate
from server.launch import own_command
from server.opening import opened, phased

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from database.engine import Database, Results, Statement

TRIPS = campaigns.rounds(1_500, 100_000)

SEQUENCES = campaigns.rounds(2, 100) if is_hosted() else campaigns.rounds(4, 1_000)

# Three entries per trip: one in order, one in another case, and one without a client on every 50th trip.
BIG = f"""
INSERT INTO clients_v2 (email, full_name)
WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199) SELECT 'c' || i || '@x.io', 'Client ' || i FROM n;
INSERT INTO trips_v2 (trip_name, start_date, end_date, destinations, clients)
WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TRIPS})
SELECT 'Trip ' || (i % 500), '2026-01-01', '2026-01-02', 'Rome', json_array(
    json_object('email', 'c' || (i % 200) || '@x.io', 'role', 'traveler', 'seat', i),
    json_object('email', 'C' || (i * 7 % 199) || '@X.io', 'role', 'payer'),
    json_object('name', 'Guest', 'email', iif(i % 50, 'c1@x.io', 'guest@y.io'), 'role', 'guest'))
FROM n;
"""

# Lists as old code wrote them, and assignments of an older dual write that has drifted.
SMALL = """
INSERT INTO clients_v2 (client_id, email, full_name) VALUES
    (1, 'ann@x.io', 'Ann'), (2, 'bob@x.io', 'Bob'), (3, 'cleo@x.io', 'Cleo'), (4, 'dan+1@x.io', 'Dan');
INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients) VALUES
    (1, 'One', 'one', '2026-01-01', '2026-01-02', '["ANN@x.io", {"email":"bob@x.io","role":"payer","seat":"1"}]'),
    (2, 'Two', 'two', '2026-01-01', '2026-01-02', '[{"email":" Ann@X.io "}, {"email":"eve@x.io"}, {"name":"Infant"}]'),
    (3, 'Three', 'three', '2026-01-01', '2026-01-02', '["cleo@x.io", "{\\"email\\":\\"BOB@x.io\\"}"]'),
    (4, 'Four', 'four', '2026-01-01', '2026-01-02', '[{"email":"dan\\u002b1@x.io","role":"guide"}, "ann@x.io", "Ann@x.io"]'),
    (5, 'Five', 'five', '2026-01-01', '2026-01-02', 'not JSON'),
    (6, 'Six', 'six', '2026-01-01', '2026-01-02', '[]'),
    (7, 'Seven', NULL, '2026-01-01', '2026-01-02', '[{"email":"Cleo@x.io","role":""}, {"email":"bob@x.io","role":"guide"}]');
CREATE TABLE trip_client_assignments (
    assignment_id INTEGER PRIMARY KEY AUTOINCREMENT, trip_id INTEGER NOT NULL, client_email TEXT NOT NULL,
    client_role TEXT DEFAULT 'traveler', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (trip_id) REFERENCES trips_v2(trip_id) ON DELETE CASCADE,
    FOREIGN KEY (client_email) REFERENCES clients_v2(email) ON DELETE CASCADE,
    UNIQUE(trip_id, client_email, client_role));
INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES
    (1, 'ann@x.io', 'traveler'), (3, 'bob@x.io', 'traveler'), (5, 'ann@x.io', 'payer'), (5, 'cleo@x.io', 'traveler'),
    (7, 'cleo@x.io', 'traveler');
"""  # noqa: E501 - lists as they are stored


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("big") / "voygen.db", BIG)


@pytest.fixture
def halfway(big: Path, tmp_path: Path) -> Path:
    """A copy of the big database whose backfill was killed."""
    return killed_halfway(copied(big, tmp_path / "halfway.db"))


def make(path: Path, content: str) -> Path:
    with closing(raw.connect_file(path)) as connection:
        connection.executescript(shipped()[0].text + "BEGIN;" + content + "COMMIT;")
    return path


def copied(start: Path, path: Path) -> Path:
    return raw.copied(start, path)


def killed_halfway(path: Path) -> Path:
    with (
        subprocess.Popen([*own_command(), "migrate", "--db", str(path)], stdout=subprocess.DEVNULL) as process,
        closing(raw.connect_file(path)) as connection,
    ):
        while not begun(connection):
            assert process.poll() is None
        process.kill()
    with closing(raw.connect_file(path)) as connection:
        assert begun(connection), "the backfill was complete before the kill"
    return path


def begun(connection: sqlite3.Connection) -> bool:
    """True if some trips are done, but not all of them."""
    try:
        return connection.execute("SELECT trips_done > first_trip FROM migration_backfill").fetchone() == (1,)
    except sqlite3.OperationalError:
        return False


class Stores(NamedTuple):
    pairs: dict[int, list[Any]]
    lists: dict[int, list[str]]
    waiting: set[tuple[int, str]]
    quarantined: list[Any]
    slugs: dict[int, str]


def stores(connection: sqlite3.Connection) -> Stores:
    def listed(text: str) -> list[str]:
        entries: list[Any] = json.loads(text)
        for entry in entries:
            if isinstance(entry, dict):
                cast("dict[str, Any]", entry).pop("assigned_at", None)
        return sorted(json.dumps(entry, sort_keys=True) for entry in entries)

    return Stores(
        {trip: sorted(pairs) for trip, pairs in junction_pairs(connection).items()},
        {trip: listed(text) for trip, text in connection.execute("SELECT trip_id, clients FROM trips_v2")},
        set(connection.execute("SELECT trip_id, email FROM trip_client_unlinked")),
        connection.execute("SELECT trip_id, raw_text FROM trip_clients_quarantine ORDER BY 1, 2").fetchall(),
        dict(connection.execute("SELECT trip_id, trip_slug FROM trips_v2 ORDER BY trip_id")),
    )


def counts(report: MigrationReport) -> dict[str, Any]:
    return {key: value for key, value in report.as_json().items() if key not in {"applied", "backup", "slugs"}}


@processes
def test_a_writer_beside_a_migration_is_never_refused(big: Path, tmp_path: Path) -> None:
    path = copied(big, tmp_path / "voygen.db")
    waits: list[float] = []
    errors: list[sqlite3.Error] = []
    over = threading.Event()

    def write() -> None:
        chance = random.Random(0)  # noqa: S311 - a repeatable sequence
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
            while not over.wait(0.05):
                began = time.monotonic()
                try:
                    connection.execute(
                        "UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', "
                        """json('{"email":"c9@x.io","role":"late"}')) WHERE trip_id = ?""",
                        (chance.randint(1, TRIPS),),
                    )
                except sqlite3.Error as error:
                    errors.append(error)
                waits.append(time.monotonic() - began)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        subprocess.run([*own_command(), "migrate", "--db", str(path)], check=True, stdout=subprocess.DEVNULL)
    finally:
        over.set()
        writer.join()
    assert errors == []
    assert len(waits) > 5
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        assert connection.execute("SELECT count(*) FROM trip_client_assignments WHERE client_role = 'late'").fetchone()


async def test_a_backfill_that_was_killed_ends_like_one_that_was_not(big: Path, halfway: Path, tmp_path: Path) -> None:
    whole = copied(big, tmp_path / "whole.db")
    async with await open_database(whole) as db:
        expected = counts(await migrate(db, pause=0))
    async with await open_database(halfway) as db:
        report = await migrate(db, pause=0)
        assert report.backfilled
        assert report.applied == []
        assert counts(report) == expected | {"made": False}
        assert (await check(db)).clean
        assert (await migrate(db)).did_nothing
    with closing(raw.connect(whole)) as one, closing(raw.connect(halfway)) as other:
        assert stores(other) == stores(one)
        assert one.execute("SELECT name FROM sqlite_master WHERE name LIKE '%backfill%'").fetchall() == []
        assert_indexed(other)


async def test_a_check_of_a_database_in_the_backfill_names_the_remedy_and_nothing_else(halfway: Path) -> None:
    done = voygen("check", "--db", halfway)
    assert done.returncode == 1
    assert "the migration is not complete. Run `voygen migrate`" in done.stdout
    found = json.loads(voygen("check", "--db", halfway, "--json").stdout)
    assert [fault["kind"] for fault in found["faults"]] == ["backfill"]
    assert (found["consistent"], found["drift"]) == (False, [])
    for command in (("repair", "--apply"), ("phase", "advance", "--apply"), ("check", "--record"), ("validate",)):
        refused = voygen(*command, "--db", halfway)
        assert refused.returncode not in {0, None}
        assert "run `voygen migrate`" in refused.stderr
    assert "run `voygen migrate`" in voygen("repair", "--db", halfway).stdout
    assert "migrate" in voygen("doctor", "--db", halfway).stdout


async def test_no_phase_change_and_no_repair_start_before_the_backfill_is_complete(halfway: Path) -> None:
    async with await open_database(halfway) as db:
        with pytest.raises(PhaseRefused, match="complete"):
            await advance(db, quiet_days=0, accept=["*"])
        for doing in (go_back, apply_repair):
            with pytest.raises(DatabaseUnavailable, match="run `voygen migrate`"):
                await doing(db)


@files
async def test_a_server_that_may_not_migrate_refuses_a_database_in_the_backfill(halfway: Path) -> None:
    for read_only in (False, True):
        with pytest.raises(DatabaseUnavailable, match="run `voygen migrate`"):
            async with opened(halfway, readers=1, patience=5, may_migrate=False, read_only=read_only):
                pass


@files
async def test_a_server_starts_during_the_backfill_and_its_queries_wait_for_the_end(
    halfway: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.opening.AT_START", 0)
    async with opened(halfway, readers=1, patience=5, may_migrate=True, read_only=False) as db:
        assert await unfinished(db)
        rows = await phased(db).read("SELECT count(DISTINCT trip_id) AS n FROM trip_client_assignments")
        assert [dict(row) for row in rows] == [{"n": TRIPS}]
        assert await unfinished(db) is None


async def test_a_query_that_waits_too_long_for_the_backfill_names_its_progress(
    halfway: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("database.phase.MIGRATION_WAIT", 0)
    async with await open_database(halfway) as db:
        with pytest.raises(DatabaseMigrating, match=r"being migrated: \d+ % is done"):
            await phased(db).read("SELECT 1")


@files
async def test_a_server_stops_with_the_error_if_its_backfill_fails(
    halfway: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.opening.AT_START", 0)
    with closing(raw.connect(halfway)) as connection:
        connection.execute("DROP TABLE crowd_search")
    with pytest.raises(DatabaseError, match="crowd_search"):
        async with opened(halfway, readers=1, patience=5, may_migrate=True, read_only=False):
            await asyncio.Event().wait()


async def test_two_programs_complete_one_backfill_together(halfway: Path) -> None:
    async with await open_database(halfway) as one, await open_database(halfway) as two:
        await asyncio.gather(migrate(one, pause=0), migrate(two, pause=0))
        assert (await check(one)).clean


async def test_the_number_of_trips_in_a_batch_follows_the_size_of_their_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = json.dumps([{"email": f"c{number}@x.io", "role": "traveler"} for number in range(600)])
    path = make(tmp_path / "voygen.db", BIG)
    with closing(raw.connect_file(path)) as connection:
        connection.execute("DELETE FROM trips_v2 WHERE trip_id > 1500")
        connection.execute("UPDATE trips_v2 SET clients = ? WHERE trip_id > 1490", (crowd,))
    batches: list[int] = []

    def look(connection: sqlite3.Connection) -> None:
        if begun(connection):
            batches.append(connection.execute("SELECT trips_done FROM migration_backfill").fetchone()[0])

    async with await open_database(path) as db:
        await apply_files(db, back_up=False)
        monkeypatch.setattr(steps, "LARGEST", steps.FIRST)
        await complete(Between(db, path, look), MigrationReport(), pause=0)
    assert [done for done in dict.fromkeys(batches) if 1490 < done <= 1500] == list(range(1491, 1501))
    assert len([done for done in batches if done <= 1490]) < 300


class Between(ForwardingDatabase):
    """A database that lets another program write after each batch."""

    def __init__(self, db: Database, path: Path, write: Callable[[sqlite3.Connection], object]) -> None:
        super().__init__(db)
        self._path = path
        self._write = write

    async def batch(self, statements: Sequence[Statement]) -> Results:
        results = await super().batch(statements)
        with closing(raw.connect(self._path)) as connection:
            self._write(connection)
        return results


# Writes of old code and of plain SQL, in terms of what is stored when they run. Writes to trips leave out trip 5, whose
# list lacks pairs of the junction: a writer sees them only after the backfill.
WITHOUT = """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(e.element)) FROM trip_client_entries e
    WHERE e.trip_id = trips_v2.trip_id AND coalesce(lower(trim(e.email)) = lower(?2), 0) = 0)
WHERE trip_id = ?1 AND json_valid(clients)
"""

ADD = """
UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json_object('email', ?2, 'role', ?3, 'seat', ?4))
WHERE trip_id = ?1 AND json_valid(clients)
"""

REPLACE_TRIP = """
INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients)
SELECT trip_id, trip_name, trip_slug, start_date, end_date, json_insert(clients, '$[#]', ?2) FROM trips_v2
WHERE trip_id = ?1 AND json_valid(clients)
"""

SPOIL = "UPDATE trips_v2 SET clients = ?2 WHERE trip_id = ?1"

NEW_TRIP = """
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date, clients)
VALUES ('New', 'new-' || ?1, '2026-01-01', '2026-01-02', json_array(?2))
"""

OF_A_TRIP = [WITHOUT, ADD, REPLACE_TRIP, SPOIL, NEW_TRIP, "DELETE FROM trips_v2 WHERE trip_id = ?1"]

OF_A_CLIENT = [
    "DELETE FROM clients_v2 WHERE email = ?1",
    "UPDATE clients_v2 SET email = 'new-' || email WHERE email = ?1",
    "UPDATE OR REPLACE clients_v2 SET email = 'bob@x.io' WHERE email = ?1",
    "INSERT OR IGNORE INTO clients_v2 (email, full_name) VALUES ('eve@x.io', 'Eve')",
    "INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) SELECT client_id, email, 'R' FROM clients_v2 WHERE email = ?1",  # noqa: E501
    "INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) SELECT client_id, 'r-' || email, 'R' FROM clients_v2 WHERE email = ?1",  # noqa: E501
    "INSERT INTO clients_v2 (email, full_name) VALUES (?1, 'U') ON CONFLICT (email) DO UPDATE SET full_name = 'U'",
    "INSERT OR IGNORE INTO trip_client_assignments (trip_id, client_email, client_role) SELECT t.trip_id, email, 'guide' FROM trips_v2 t, clients_v2 WHERE t.trip_id = 2 AND email = ?1",  # noqa: E501
    "INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email) SELECT t.trip_id, email FROM trips_v2 t, clients_v2 WHERE t.trip_id = 1 AND email = ?1",  # noqa: E501
    # The last two write rows that exist before the backfill, because a statement can't find rows that don't exist yet.
    "UPDATE OR REPLACE trip_client_assignments SET client_role = 'guide' WHERE trip_id = 3 AND client_email = ?1 AND ?1 <> 'cleo@x.io'",  # noqa: E501
    "DELETE FROM trip_client_assignments WHERE client_email = ?1 AND client_role = 'traveler' AND json_array(trip_id, ?1) IN ('[1,\"ann@x.io\"]', '[7,\"cleo@x.io\"]')",  # noqa: E501
]

EMAILS = ["ann@x.io", "bob@x.io", "cleo@x.io", "dan+1@x.io", "eve@x.io"]


class Write(NamedTuple):
    sql: str
    params: tuple[Any, ...]

    def run(self, connection: sqlite3.Connection) -> None:
        used = max((number for number in range(1, 5) if f"?{number}" in self.sql), default=0)
        connection.execute(self.sql, self.params[:used])


def some_write(chance: random.Random) -> Write:
    if chance.random() < 0.6:
        email = chance.choice([*EMAILS, *(email.upper() for email in EMAILS)])
        role = chance.choice(["traveler", "payer", "guide"])
        params = (chance.choice([1, 2, 3, 4, 6, 7, 8]), email, role, chance.randint(1, 9))
        return Write(chance.choice(OF_A_TRIP), params)
    return Write(chance.choice(OF_A_CLIENT), (chance.choice(EMAILS),))


@pytest.mark.parametrize("recursive", [False, True])
@pytest.mark.sampled(2)
async def test_writes_between_the_batches_have_the_effect_that_they_have_after_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, recursive: bool
) -> None:
    monkeypatch.setattr(steps, "FIRST", 1)
    monkeypatch.setattr(steps, "LARGEST", 1)
    start = make(tmp_path / "start.db", SMALL)
    async with await open_database(start) as db:
        await apply_files(db, back_up=False)
    migrated = copied(start, tmp_path / "migrated.db")
    async with await open_database(migrated) as db:
        await migrate(db, pause=0)
    no_writes: list[Write] = []
    for seed in range(SEQUENCES):
        chance = random.Random(seed)  # noqa: S311 - a repeatable sequence
        plan = [[some_write(chance) for _ in range(chance.choice([0, 0, 1, 2]))] for _ in range(14)]
        during, after = (copied(one, tmp_path / one.with_suffix(".copy").name) for one in (start, migrated))
        queue = iter(plan)

        def write(connection: sqlite3.Connection, queue: Iterator[list[Write]] = queue) -> None:
            connection.execute(f"PRAGMA recursive_triggers = {recursive:d}")
            for one in next(queue, no_writes):
                one.run(connection)

        with closing(raw.connect(during)) as connection:
            write(connection)
        async with await open_database(during) as db:
            await complete(Between(db, during, write), MigrationReport(), pause=0)
            report = await check(db)
            assert report.consistent, (seed, report)
        with closing(raw.connect(during)) as one, closing(raw.connect(after)) as other:
            for batch in queue:
                for each in batch:
                    each.run(one)
            other.execute(f"PRAGMA recursive_triggers = {recursive:d}")
            for batch in plan:
                for each in batch:
                    each.run(other)
            assert_clean(one)
            assert_indexed(one)
            found, expected = stores(one), stores(other)
            assert found.pairs == expected.pairs, (seed, plan)
            assert found.lists == expected.lists, (seed, plan)
            assert found.waiting == expected.waiting, (seed, plan)


async def test_trips_without_a_slug_get_the_same_slugs_in_any_number_of_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = [("Goa", "goa"), ("Goa", None), ("Goa 2", None), ("Rome", "goa"), ("Goa", "")] * 4
    free = FreeSlugs({"goa"})
    expected = ["goa", *(free.take(name) for name, _ in trips[1:])]
    for size in (1, 3, 500):
        monkeypatch.setattr("migrations.slugs.AT_ONCE", size)
        path = make(tmp_path / f"{size}.db", "")
        with closing(raw.connect_file(path)) as connection:
            add = "INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES (?, ?, '', '')"
            connection.executemany(add, trips)
        async with await open_database(path) as db:
            assert (await migrate(db, pause=0)).slugs == 19
        with closing(raw.connect(path)) as connection:
            assert list(stores(connection).slugs.values()) == expected


@pytest.mark.parametrize("foreign_keys", [pytest.param(0, marks=foreign_keys_off), 1])
async def test_people_who_share_the_email_of_a_client_deleted_during_the_backfill_stay(
    tmp_path: Path, foreign_keys: int
) -> None:
    people = [{"email": "fam@x.io", "name": "Ann Alder"}, {"email": "fam@x.io", "name": "Mia Fir"}]
    path = make(
        tmp_path / "voygen.db",
        "INSERT INTO clients_v2 (email, full_name) VALUES ('fam@x.io', 'Ann Alder');"
        "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) "
        f"VALUES ('T', '2026-01-01', '2026-01-02', '{json.dumps(people)}');",
    )
    async with await open_database(path) as db:
        await apply_files(db, back_up=False)
        with closing(raw.connect(path)) as connection:
            connection.execute(f"PRAGMA foreign_keys = {foreign_keys}")
            connection.execute("DELETE FROM clients_v2")
        await complete(db, MigrationReport())
        assert (await check(db)).consistent
        (left,) = await db.read("SELECT clients FROM trips_v2")
        assert [one["name"] for one in json.loads(left["clients"])] == ["Mia Fir"]


# Plain SQL writes to three trips and two clients. Each statement has a number {n} of its own. Trip 1{n} lists both
# clients and has assignments {n}1 and {n}2. Trip 2{n} lists the first client in a bare string with an escape, and has
# assignment {n}3 of the second, which its list lacks. The first is the primary client of trip 3{n}, whose
# list is malformed.
THREE_TRIPS = """
    INSERT INTO clients_v2 (client_id, email, full_name) VALUES ({n}1, 'a{n}@x.io', 'A'), ({n}2, 'b{n}@x.io', 'B');
    INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients) VALUES
        (1{n}, 'One', 'one-{n}', '', '', '[{{"email":"A{n}@X.io","seat":"1"}}, {{"email":" b{n}@x.io","role":"payer","card":"v"}}, "I"]'),
        (2{n}, 'Two', 'two-{n}', '', '', '["\\u0041{n}@x.io"]'),
        (3{n}, 'Three', 'three-{n}', '', '', 'not JSON {n}');
    UPDATE trips_v2 SET primary_client_email = 'a{n}@x.io' WHERE trip_id = 3{n};
    INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role) VALUES
        ({n}1, 1{n}, 'a{n}@x.io', 'traveler'), ({n}2, 1{n}, 'b{n}@x.io', 'payer'), ({n}3, 2{n}, 'b{n}@x.io', 'guide');
"""  # noqa: E501 - lists as they are stored

ONE_SLUG = "CREATE UNIQUE INDEX one_slug ON trips_v2(trip_slug);"

DURING_THE_BACKFILL = [
    # Assignments, replaced and changed.
    "INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email) VALUES (1{n}, 'a{n}@x.io')",
    "INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (1{n}, 'a{n}@x.io', ' ')",  # noqa: E501
    "INSERT OR REPLACE INTO trip_client_assignments (assignment_id, trip_id, client_email) VALUES ({n}2, 2{n}, 'b{n}@x.io')",  # noqa: E501
    "INSERT OR REPLACE INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role) VALUES ({n}1, 1{n}, 'b{n}@x.io', 'payer')",  # noqa: E501
    "UPDATE trip_client_assignments SET client_role = 'guide' WHERE assignment_id = {n}1",
    "UPDATE trip_client_assignments SET client_role = NULL WHERE assignment_id = {n}2",
    "UPDATE trip_client_assignments SET client_email = 'b{n}@x.io' WHERE assignment_id = {n}1",
    "UPDATE trip_client_assignments SET trip_id = 2{n} WHERE assignment_id = {n}2",
    "UPDATE trip_client_assignments SET trip_id = 1{n} WHERE assignment_id = {n}3",
    "UPDATE trip_client_assignments SET assignment_id = {n}9 WHERE assignment_id = {n}1",
    "UPDATE OR REPLACE trip_client_assignments SET client_email = 'b{n}@x.io', client_role = 'payer' WHERE assignment_id = {n}1",  # noqa: E501
    "UPDATE OR REPLACE trip_client_assignments SET assignment_id = {n}2 WHERE assignment_id = {n}3",
    "UPDATE OR REPLACE trip_client_assignments SET trip_id = 1{n}, client_role = 'payer' WHERE assignment_id = {n}3",
    "DELETE FROM trip_client_assignments WHERE assignment_id = {n}1",
    # Lists.
    "UPDATE trips_v2 SET clients = '[]' WHERE trip_id = 1{n}",
    "UPDATE trips_v2 SET clients = '[\"a{n}@x.io\"]' WHERE trip_id = 1{n}",
    'UPDATE trips_v2 SET clients = \'[{{"email":"a{n}@x.io","role":"guide"}}, {{"email":"b{n}@x.io"}}]\' WHERE trip_id = 1{n}',  # noqa: E501
    "UPDATE trips_v2 SET clients = 'spoiled' WHERE trip_id = 1{n}",
    # Trips.
    "INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, start_date, end_date, clients) VALUES (1{n}, 'R', '', '', '[\"a{n}@x.io\"]')",  # noqa: E501
    "INSERT OR REPLACE INTO trips_v2 (trip_name, trip_slug, start_date, end_date, clients) VALUES ('R', 'one-{n}', '', '', 'spoiled')",  # noqa: E501
    "INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (3{n}, 'R', '', '')",
    "INSERT OR REPLACE INTO trips_v2 (trip_name, trip_slug, start_date, end_date) VALUES ('R', 'three-{n}', '', '')",
    "UPDATE trips_v2 SET clients = '[]' WHERE trip_id = 3{n}",
    "UPDATE OR REPLACE trips_v2 SET trip_id = 2{n} WHERE trip_id = 1{n}",
    # Clients.
    "DELETE FROM clients_v2 WHERE client_id = {n}1",
    "UPDATE clients_v2 SET email = 'c{n}@x.io' WHERE client_id = {n}1",
    "UPDATE OR REPLACE clients_v2 SET email = 'b{n}@x.io' WHERE client_id = {n}1",
    "UPDATE OR REPLACE clients_v2 SET client_id = {n}2 WHERE client_id = {n}1",
    "INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) VALUES ({n}1, 'c{n}@x.io', 'R')",
    "INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) VALUES ({n}1, 'b{n}@x.io', 'R')",
]


@pytest.mark.parametrize(
    ("reached", "recursive", "foreign_keys", "notes_first"),
    [
        ("none", False, True, False),
        ("none", True, is_hosted(), True),
        ("the first of two", False, is_hosted(), False),
    ],
)
@pytest.mark.sampled(2)
async def test_each_write_during_the_backfill_has_the_effect_that_it_has_afterwards(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reached: str,
    *,
    recursive: bool,
    foreign_keys: bool,
    notes_first: bool,
) -> None:
    writes = [write.format(n=number) for number, write in enumerate(DURING_THE_BACKFILL, 10)]
    rows = "".join(THREE_TRIPS.format(n=number) for number, _ in enumerate(writes, 10))
    tables = SMALL[SMALL.index("CREATE TABLE") : SMALL.rindex("INSERT INTO")]
    during, after = make(tmp_path / "during.db", tables + rows + ONE_SLUG), tmp_path / "after.db"
    async with await open_database(during) as db:
        await apply_files(db, back_up=False)
    copied(during, after)
    async with await open_database(after) as db:
        await complete(db, MigrationReport())
    unwritten = [during, after]

    def write() -> None:
        path = unwritten.pop(0)
        with closing(raw.connect(path, recursive_triggers=recursive)) as connection:
            if not foreign_keys:
                connection.execute("PRAGMA foreign_keys = OFF")
            if notes_first:
                make_youngest(connection, "trg_%_note_%")
            for one in writes:
                connection.execute(one)

    def write_halfway(connection: sqlite3.Connection) -> None:
        if unwritten[0] == during and begun(connection):
            write()

    monkeypatch.setattr(steps, "FIRST", len(writes))
    monkeypatch.setattr(steps, "LARGEST", len(writes))
    async with await open_database(during) as db:
        if reached == "none":
            write()
        await complete(Between(db, during, write_halfway), MigrationReport(), pause=0)
    write()
    with closing(raw.connect(during)) as one, closing(raw.connect(after)) as other:
        assert_clean(one)
        found, expected = stores(one), stores(other)
        for number, statement in enumerate(writes, 10):
            for trip in (100 + number, 200 + number):
                assert found.pairs.get(trip) == expected.pairs.get(trip), statement
                assert found.lists.get(trip) == expected.lists.get(trip), statement
        assert found._replace(slugs={}) == expected._replace(slugs={})
        primary = "SELECT trip_id, primary_client_email FROM trips_v2 WHERE primary_client_email IS NOT NULL ORDER BY 1"
        assert one.execute(primary).fetchall() == other.execute(primary).fetchall()


def make_youngest(connection: sqlite3.Connection, names: str) -> None:
    """Create the triggers again. Of several triggers on one event, SQLite fires the youngest first."""
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE ?"
    for name, text in connection.execute(sql, (names,)).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(text)
