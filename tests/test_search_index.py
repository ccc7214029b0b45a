"""The full-text index matches the tables after any write by any program, in every phase."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING

import campaigns
import indexing
import pytest
import raw
import statements as some
from damage import past_the_triggers
from desk import seeded
from engines import any_recursion, foreign_keys_off, open_database
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from indexing import assert_indexed
from phasing import assert_in_order, lead_to
from test_dual_write_properties import DualWrite

from database.phase import PHASES
from database.search import PLAIN_LETTERS
from migrations.files import split_statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from database.phase import Phase

texts = st.sampled_from(["Goa", "Tour of Goa", "Lima in Kyoto", "kyoto", "N"])


class Searched(DualWrite):
    """The raw writes of the dual-write tests, plus renames; a document has at most two travelers, to test overflow."""

    def __init__(self) -> None:
        super().__init__()
        crowd_from(self.connection, 2)

    @rule(conflict=some.conflicts, trip=some.trips, name=texts, destinations=texts | st.none(), group=texts)
    def rename_trip(self, conflict: str, trip: int, name: str, destinations: str | None, group: str) -> None:
        sql = "UPDATE <or> trips_v2 SET trip_name = ?, destinations = ?, group_name = ? WHERE trip_id = ?"
        self.run(sql, name, destinations, group, trip, conflict=conflict)

    @rule(trip=some.trips, note=texts)
    def note(self, trip: int, note: str) -> None:
        sql = "UPDATE trips_v2 SET notes = json_array(json_object('note', ?, 'timestamp', 'never')) WHERE trip_id = ?"
        self.run(sql, note, trip)

    @rule(conflict=some.conflicts, email=some.emails, to=some.emails, name=texts)
    def rename_client(self, conflict: str, email: str, to: str, name: str) -> None:
        sql = "UPDATE <or> clients_v2 SET full_name = ?, email = ? WHERE email = ?"
        self.run(sql, name, to, email, conflict=conflict)

    @rule(conflict=st.sampled_from(["OR REPLACE", "OR IGNORE"]), at=st.integers(1, 6), to=st.integers(1, 6))
    def renumber_client(self, conflict: str, at: int, to: int) -> None:
        self.run("UPDATE <or> clients_v2 SET client_id = ? WHERE client_id = ?", to, at, conflict=conflict)

    @invariant()
    def every_word_is_indexed(self) -> None:
        assert_indexed(self.connection, travelers=2)


class SearchedRecursively(Searched):
    recursive_triggers = True


@pytest.mark.parametrize("machine", [Searched, SearchedRecursively])
def test_the_index_has_the_words_of_the_tables_after_any_write(machine: type[Searched]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=campaigns.rounds(4, 100), stateful_step_count=20, deadline=None)
    )


# Writes that any program may make in every phase, one after the other.
WRITES = """
INSERT INTO clients_v2 (email, full_name) VALUES ('dee@x.io', 'Dee Zoe'), ('eli@x.io', 'Eli Kim');
INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date, destinations) VALUES (7, 'Oslo', '', '', 'Oslo, Voss');
INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role)
VALUES (70, 7, 'dee@x.io', 'guide');
INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (7, 'eli@x.io');
INSERT OR IGNORE INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (7, 'dee@x.io', 'guide');
INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (7, 'dee@x.io', 'guide');
UPDATE trip_client_assignments SET client_role = 'tour leader' WHERE client_email = 'dee@x.io';
UPDATE trip_client_assignments SET trip_id = 3 WHERE client_email = 'eli@x.io';
UPDATE clients_v2 SET full_name = 'Elias Kim' WHERE email = 'eli@x.io';
UPDATE clients_v2 SET contact_info = '{"notes":"likes windows"}' WHERE email = 'eli@x.io';
UPDATE clients_v2 SET email = 'elias@x.io', full_name = 'E Kim' WHERE email = 'eli@x.io';
UPDATE trips_v2 SET trip_name = 'Bergen', group_name = 'Kims', notes = '[{"note":"visa"}]' WHERE trip_id = 7;
UPDATE trips_v2 SET trip_id = 8 WHERE trip_id = 7;
INSERT OR REPLACE INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role)
SELECT min(assignment_id), 3, 'dee@x.io', 'payer' FROM trip_client_assignments WHERE trip_id = 8;
INSERT OR REPLACE INTO clients_v2 (email, full_name) VALUES ('dee@x.io', 'Deirdre Zoe');
UPDATE OR REPLACE clients_v2 SET email = 'elias@x.io' WHERE email = 'dee@x.io';
INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (3, 'Nobody at all', '', '');
DELETE FROM trip_client_assignments WHERE trip_id = 1;
DELETE FROM clients_v2 WHERE full_name LIKE 'B%';
DELETE FROM trips_v2 WHERE trip_id = 2;
"""

WITHOUT_FOREIGN_KEYS = """
DELETE FROM clients_v2 WHERE client_id = 1;
INSERT INTO clients_v2 (email, full_name) VALUES ('ana@example.net', 'Another Ana');
INSERT OR REPLACE INTO clients_v2 (email, full_name) VALUES ('ana@example.net', 'One more');
DELETE FROM trips_v2 WHERE trip_id = 1;
INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (1, 'Again', '', '');
"""

OF_A_CROWD = """
INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT trip_id, client_email, client_role FROM trip_client_assignments WHERE trip_id = 3 ORDER BY assignment_id LIMIT 2;
INSERT INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT 3, client_email, 'guide' FROM trip_client_assignments WHERE trip_id = 3 ORDER BY assignment_id LIMIT 2;
UPDATE OR REPLACE trip_client_assignments SET client_role = 'traveler' WHERE trip_id = 3 AND client_role = 'guide';
UPDATE trip_client_assignments SET client_role = 'guide' WHERE trip_id = 3;
UPDATE clients_v2 SET full_name = 'Zed ' || client_id, email = 'zed' || client_id || '@x.io';
DELETE FROM trip_client_assignments WHERE trip_id = 3 AND assignment_id % 3 = 0;
INSERT OR IGNORE INTO trip_client_assignments (trip_id, client_email)
SELECT 2, client_email FROM trip_client_assignments WHERE trip_id = 3;
UPDATE trips_v2 SET trip_id = 9 WHERE trip_id = 3;
DELETE FROM trips_v2;
"""


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("recursive", [False, True], ids=["", "recursive"])
@pytest.mark.sampled(2)
async def test_the_index_follows_every_write_in_every_phase(tmp_path: Path, phase: Phase, *, recursive: bool) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        await lead_to(db, phase)
        with closing(raw.connect(path, recursive_triggers=recursive)) as connection:
            for statement in split_statements(WRITES.splitlines(keepends=True)):
                connection.execute(statement)
                assert_indexed(connection)
        await assert_in_order(db, phase)


@foreign_keys_off
@pytest.mark.parametrize("phase", PHASES)
async def test_the_index_follows_writes_by_a_program_without_foreign_keys(tmp_path: Path, phase: Phase) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        await lead_to(db, phase)
    with closing(raw.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in split_statements(WITHOUT_FOREIGN_KEYS.splitlines(keepends=True)):
            connection.execute(statement)
            assert_indexed(connection)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.sampled(3)
async def test_travelers_beyond_the_limit_are_indexed_separately_from_their_trip(tmp_path: Path, phase: Phase) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db:
        await lead_to(db, phase)
    with closing(raw.connect(path)) as connection:
        connection.execute(
            """INSERT INTO clients_v2 (email, full_name)
            SELECT 'c' || value || '@x.io', 'Client N' || value FROM json_each(?)""",
            (json.dumps(list(range(60))),),
        )
        connection.execute(
            "INSERT INTO trip_client_assignments (trip_id, client_email) SELECT 3, email FROM clients_v2"
        )
        assert connection.execute("SELECT count(*) FROM crowd_search").fetchone() == (63 - 24,)
        for statement in split_statements(OF_A_CROWD.splitlines(keepends=True)):
            connection.execute(statement)
            assert_indexed(connection)
        assert connection.execute("SELECT count(*) FROM crowd_search").fetchone() == (0,)


@any_recursion
def test_a_change_of_one_column_alone_is_indexed(connection: sqlite3.Connection) -> None:
    connection.executescript("""
        INSERT INTO clients_v2 (client_id, email, full_name) VALUES (1, 'ana@x.io', 'Ana');
        INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (1, 'Goa', '', '');
        INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email) VALUES (1, 1, 'ana@x.io');
    """)
    for change in (
        "UPDATE trips_v2 SET trip_name = 'Rob''s tour'",
        "UPDATE trips_v2 SET trip_name = 'Zoë\u2019s tour'",
        "UPDATE trips_v2 SET destinations = 'Rome'",
        "UPDATE trips_v2 SET group_name = 'Club'",
        """UPDATE trips_v2 SET notes = '[{"note":"visa"}]'""",
        "UPDATE trips_v2 SET trip_id = 2",
        "UPDATE clients_v2 SET full_name = 'Ana O''Brien'",
        "UPDATE clients_v2 SET email = 'anna@x.io'",
        """UPDATE clients_v2 SET contact_info = '{"notes":"window"}'""",
        "UPDATE clients_v2 SET client_id = 2",
        "UPDATE trip_client_assignments SET client_role = 'guide'",
        "UPDATE trip_client_assignments SET assignment_id = 2",
    ):
        connection.execute(change)
        assert_indexed(connection)
    found = "SELECT rowid FROM {0} WHERE {0} MATCH ?"
    for table, words in (
        ("client_search", 'full_name : "Ana O Brien Ana OBrien"'),
        ("trip_search", 'name : "Zoe s tour Zoes tour"'),
    ):
        assert connection.execute(found.format(table), (words,)).fetchall() == [(2,)]


@any_recursion
def test_a_write_is_not_refused_because_an_earlier_one_was_ignored(connection: sqlite3.Connection) -> None:
    connection.executescript("""
        INSERT INTO clients_v2 (client_id, email, full_name) VALUES (1, 'ana@x.io', 'Ana'), (2, 'ben@x.io', 'Ben');
        INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (1, 'Goa', '', ''), (2, 'Rome', '', '');
        INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email)
        VALUES (1, 1, 'ana@x.io'), (2, 1, 'ben@x.io'), (3, 2, 'ana@x.io');
    """)
    ignored = (
        "UPDATE OR IGNORE trip_client_assignments SET client_email = 'ben@x.io' WHERE assignment_id = 1",
        "UPDATE OR IGNORE trip_client_assignments SET assignment_id = 3 WHERE assignment_id = 1",
        "INSERT OR IGNORE INTO trip_client_assignments (trip_id, client_email) VALUES (1, 'ana@x.io')",
        "UPDATE OR IGNORE clients_v2 SET email = 'ben@x.io' WHERE client_id = 1",
        "INSERT OR IGNORE INTO clients_v2 (email, full_name) VALUES ('ana@x.io', 'Other')",
    )
    for write in (
        "UPDATE trip_client_assignments SET client_role = 'guide' WHERE assignment_id = 1",
        "UPDATE trip_client_assignments SET trip_id = 2, client_role = 'payer' WHERE assignment_id = 1",
        "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (1, 'ana@x.io', 'cook')",
        "DELETE FROM trip_client_assignments WHERE assignment_id = 2",
        "UPDATE trips_v2 SET trip_name = 'Goa again' WHERE trip_id = 1",
        "UPDATE trips_v2 SET clients = '[\"ben@x.io\"]' WHERE trip_id = 1",
        "UPDATE clients_v2 SET full_name = 'Anna' WHERE client_id = 1",
        "INSERT INTO clients_v2 (email, full_name) VALUES ('cem@x.io', 'Cem')",
        "DELETE FROM clients_v2 WHERE client_id = 2",
        "INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (3, 'Oslo', '', '')",
    ):
        for one in ignored:
            connection.execute(one)
        connection.execute(write)
        assert_indexed(connection)


def test_unusual_text_does_not_make_a_write_fail(connection: sqlite3.Connection) -> None:
    odd = ["", '"', "\\", "a\\", 'x"y', "\n\t", "\x00a", b"\xff\xfe", b'["', 7, 1e300, "\U0001f600", "a" * 100_000]
    for number, text in enumerate(odd, 1):
        connection.execute(
            """INSERT INTO trips_v2 (trip_id, trip_name, destinations, group_name, notes, start_date, end_date)
            VALUES (?1, ?2, ?2, ?2, ?2, '', '')""",
            (number, text),
        )
        connection.execute(
            "INSERT INTO clients_v2 (email, full_name, contact_info) VALUES (?1, ?2, ?2)", (f"{number}@x.io", text)
        )
        connection.execute(
            "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, ?)",
            (number, f"{number}@x.io", str(text)),
        )
        connection.execute("UPDATE trips_v2 SET trip_name = 'Goa' WHERE trip_id = ?", (number,))
    count = "SELECT count(*) FROM trip_search WHERE trip_search MATCH '{name} : goa'"
    assert connection.execute(count).fetchone() == (len(odd),)


@pytest.mark.parametrize("dump", ["seed-legacy", "drifted-dual-write", "d1-export-2025"])
async def test_a_migration_indexes_all_existing_rows(legacy_database: Callable[[str], Path], dump: str) -> None:
    path = legacy_database(dump)
    await raw.migrate_file(path)
    with closing(raw.connect(path)) as connection:
        held, due = indexing.held(connection), indexing.due(connection, ())
        assert held == due
        trips = connection.execute("SELECT count(*) FROM trips_v2").fetchone()
        assert connection.execute("SELECT count(*) FROM trip_search").fetchone() == trips
        words = {row[0] for row in connection.execute("SELECT word FROM search_spellings")}
        assert {"lima", "kyoto"} & words or {"moreau", "kyoto"} & words


def crowd_from(connection: sqlite3.Connection, travelers: int) -> None:
    """Set the maximum number of travelers in a document."""
    limit = re.compile(r"(?<=LIMIT )25\)\) = 25|(?<=OFFSET )24")
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = [(name, text) for name, text in connection.execute(sql).fetchall() if limit.search(text)]
    assert len(triggers) == 3
    for name, text in triggers:
        connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            limit.sub(lambda one: f"{travelers + 1})) = {travelers + 1}" if "=" in one[0] else str(travelers), text)
        )


def test_sql_and_python_replace_special_letters_in_the_same_way(tmp_path: Path) -> None:
    letters = " ".join(letter for letter in map(chr, range(0x20, 0x2500)) if letter.isprintable())
    with closing(raw.connect(raw.new_file(tmp_path / "voygen.db"))) as connection, past_the_triggers(connection):
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('a@x.io', ?)", (letters,))
        (plain,) = connection.execute("SELECT full_name FROM client_search_plain").fetchone()
        connection.execute(
            "INSERT INTO trips_v2 (trip_name, destinations, group_name, notes, start_date, end_date) "
            "VALUES (?1, ?1, ?1, ?1, '', '')",
            (letters,),
        )
        columns = connection.execute(
            "SELECT trip_name, destinations, group_name, notes FROM trip_search_plain"
        ).fetchone()
    assert plain == letters.translate(PLAIN_LETTERS)
    assert set(columns) == {plain}


def test_the_forms_of_names_in_other_scripts_follow_every_write(connection: sqlite3.Connection) -> None:
    connection.executescript("""
        INSERT INTO clients_v2 (client_id, email, full_name) VALUES (1, 'a@x.io', 'Иван Müller');
        INSERT INTO clients_v2 (client_id, email, full_name) VALUES (2, 'b@x.io', '田中さくら');
        INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (1, 'Goa', '', '');
        INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email) VALUES (1, 1, 'a@x.io');
        INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email) VALUES (2, 1, 'b@x.io');
    """)
    assert_indexed(connection)
    for change in (
        "UPDATE trips_v2 SET trip_name = '京都の桜', destinations = 'Αθηνα', group_name = 'תל אביב'",
        """UPDATE trips_v2 SET notes = '[{"note":"部屋は静か"}]'""",
        """UPDATE clients_v2 SET contact_info = '{"notes":"窓側"}'""",
        "UPDATE clients_v2 SET full_name = 'Jörg Åland' WHERE client_id = 1",
        """UPDATE trips_v2 SET clients = '[{"name":"Зоя"}]'""",
        "UPDATE trips_v2 SET trip_name = 'Plain', destinations = '', group_name = '', notes = '[]'",
    ):
        connection.execute(change)
        assert_indexed(connection)
