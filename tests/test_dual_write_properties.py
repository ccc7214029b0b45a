"""Arbitrary raw SQL on either side leaves both sides equal, and loses nothing that was not deleted.

Each rule runs one statement. After it the oracle reads both sides, and every note (see tracked_notes.py) must be where
that statement leaves it. There is a machine for each combination of foreign_keys and recursive_triggers.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
import statements as some
from engines import foreign_keys_off
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from oracle import assert_clean, parsed, read_entries
from tracked_notes import Places, Row, as_text, assert_kept, places, relocated, snapshot, unlinked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tracked_notes import Place

# In a statement, <or> is replaced by the conflict clause.
ADD_TRIP = "INSERT <or> INTO trips_v2 (trip_id, trip_name, start_date, end_date, clients) VALUES (?, 'N', '', '', ?)"
ADD_CLIENT = "INSERT <or> INTO clients_v2 (email, full_name) VALUES (?, 'N')"
ADD_CLIENT_WITH_ID = "INSERT <or> INTO clients_v2 (client_id, email, full_name) VALUES (?, ?, 'N')"
ADD_ASSIGNMENTS = """INSERT <or> INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)"""
ADD_ASSIGNMENT_WITH_ID = """INSERT <or> INTO trip_client_assignments
(assignment_id, trip_id, client_email, client_role) VALUES (?, ?, ?, ?)"""

REFUSALS = re.compile(
    r"FOREIGN KEY constraint failed"
    r"|UNIQUE constraint failed: (trip_client_assignments\.|clients_v2\.|trips_v2\.trip_id)"
)


def many_are_assigned(machine: DualWrite) -> bool:
    """Enable rules that delete a lot only once there are many assignments."""
    return len(machine.after.rows) >= 6


class DualWrite(RuleBasedStateMachine):
    foreign_keys = True
    recursive_triggers = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = raw.new_file(Path(self.folder.name) / "voygen.db")
        self.connection = raw.connect(path, recursive_triggers=self.recursive_triggers)
        self.connection.execute("PRAGMA synchronous = OFF")
        if not self.foreign_keys:
            self.connection.execute("PRAGMA foreign_keys = OFF")
        self.notes = 0
        for email in some.CLIENTS:
            self.run(ADD_CLIENT, email)
        for trip, clients in enumerate(some.FIRST_TRIPS, 1):
            self.run(ADD_TRIP, trip, self.numbered(clients))

    def teardown(self) -> None:
        self.connection.close()
        self.folder.cleanup()

    # The junction, written by new code.

    @rule(conflict=some.conflicts, rows=st.lists(some.assignments, min_size=1, max_size=3))
    def insert_assignments(self, conflict: str, rows: list[tuple[int, str, str | None]]) -> None:
        rows = [row for row in rows if self.allows(row[0], row[1])]
        self.run(ADD_ASSIGNMENTS, json.dumps(rows), conflict=conflict)
        self.check_insert(conflict)

    @rule(conflict=some.conflicts, at=some.rows_at, row=some.assignments)
    def insert_assignment_with_id(self, conflict: str, at: int, row: tuple[int, str, str | None]) -> None:
        if not self.allows(row[0], row[1]):
            return
        self.run(ADD_ASSIGNMENT_WITH_ID, self.id_at(at), *row, conflict=conflict)
        self.check_insert(conflict)

    @rule(conflict=some.conflicts, role=some.roles, email=some.emails, trip=some.trips)
    def update_roles(self, conflict: str, role: str | None, email: str, trip: int) -> None:
        sql = "UPDATE <or> trip_client_assignments SET client_role = ? WHERE client_email = ? OR trip_id = ?"
        self.run(sql, role, email, trip, conflict=conflict)
        self.check_update(conflict)

    @rule(conflict=some.conflicts, email=some.emails, trip=some.trips)
    def update_emails(self, conflict: str, email: str, trip: int) -> None:
        if not self.allows(trip, email):
            return
        sql = "UPDATE <or> trip_client_assignments SET client_email = ? WHERE trip_id = ?"
        self.run(sql, email, trip, conflict=conflict)
        self.check_update(conflict)

    @rule(conflict=some.conflicts, to=some.trips, trip=some.trips)
    def update_trips(self, conflict: str, to: int, trip: int) -> None:
        if not self.allows(to, some.CLIENTS[0]) and not self.foreign_keys and to not in self.after.texts:
            return
        sql = "UPDATE <or> trip_client_assignments SET trip_id = ? WHERE trip_id = ?"
        self.run(sql, to, trip, conflict=conflict)
        self.check_update(conflict)

    @rule(conflict=some.conflicts, to=some.rows_at, at=some.rows_at)
    def update_id(self, conflict: str, to: int, at: int) -> None:
        sql = "UPDATE <or> trip_client_assignments SET assignment_id = ? WHERE assignment_id = ?"
        self.run(sql, self.id_at(to), self.id_at(at), conflict=conflict)
        self.check_junction_write(self.paired)

    @rule(email=some.emails, trip=some.trips)
    def delete_assignments(self, email: str, trip: int) -> None:
        self.run("DELETE FROM trip_client_assignments WHERE client_email = ? AND trip_id = ?", email, trip)
        self.check_junction_write(self.paired)

    # The JSON, written by old code.

    @rule(conflict=some.conflicts, trip=some.trips, text=some.arrays | some.not_arrays)
    def overwrite(self, conflict: str, trip: int, text: Any) -> None:
        text = self.numbered(text)
        self.run(
            "UPDATE <or> trips_v2 SET clients = ? WHERE trip_id = ?", text, trip, conflict=conflict, refusable=False
        )
        self.check_json_write(trip, text if trip in self.before.texts else None)

    @rule(trip=some.trips, taken=st.integers(0, 3), added=st.lists(some.entries, max_size=1))
    def read_change_and_write_back(self, trip: int, taken: int, added: list[Any]) -> None:
        array = parsed(self.after.texts.get(trip, "[]"))
        text = self.numbered(json.dumps(array[:taken] + array[taken + 1 :] + added))
        self.run("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", text, trip, refusable=False)
        self.check_json_write(trip, text if trip in self.before.texts else None)

    @rule(conflict=some.conflicts, trip=some.trips, text=some.arrays | some.not_arrays)
    def insert_trip(self, conflict: str, trip: int, text: Any) -> None:
        text = self.numbered(text)
        self.run(ADD_TRIP, trip, text, conflict=conflict)
        if trip not in self.before.texts or conflict == "OR REPLACE":
            self.check_json_write(trip, text)
            self.check_list_counts(trip, text)
        else:
            assert self.after == self.before

    # Rows that both sides refer to.

    @precondition(many_are_assigned)
    @rule(trip=some.trips)
    def delete_trip(self, trip: int) -> None:
        if not self.foreign_keys:
            self.connection.execute("DELETE FROM trip_client_assignments WHERE trip_id = ?", (trip,))
        self.run("DELETE FROM trips_v2 WHERE trip_id = ?", trip)
        self.check_kept(lambda place: place if place[0] != trip else None)

    @rule(conflict=some.conflicts, trip=some.trips, to=some.trips)
    def update_trip_id(self, conflict: str, trip: int, to: int) -> None:
        self.run("UPDATE <or> trips_v2 SET trip_id = ? WHERE trip_id = ?", to, trip, conflict=conflict)
        if trip != to and trip in self.before.texts and trip not in self.after.texts:
            self.check_kept(lambda place: (to, place[1]) if place[0] == trip else place if place[0] != to else None)
            moved = {key: (to, row[1], row[2]) for key, row in self.before.rows_of(trip).items()}
            assert self.after.rows_of(to) == moved

    @rule(conflict=some.conflicts, email=some.emails)
    def insert_client(self, conflict: str, email: str) -> None:
        self.run(ADD_CLIENT, email, conflict=conflict)
        self.check_client_replaced(email)

    @rule(conflict=some.conflicts, at=st.integers(0, 6), email=some.emails)
    def insert_client_with_id(self, conflict: str, at: int, email: str) -> None:
        ids = [row[0] for row in self.connection.execute("SELECT client_id FROM clients_v2 ORDER BY client_id")]
        self.run(ADD_CLIENT_WITH_ID, ids[at] if at < len(ids) else 100 + at, email, conflict=conflict)
        self.check_client_replaced(email)

    @precondition(many_are_assigned)
    @rule(email=some.emails)
    def delete_client(self, email: str) -> None:
        if not self.foreign_keys:
            self.connection.execute("DELETE FROM trip_client_assignments WHERE client_email = ?", (email,))
        self.run("DELETE FROM clients_v2 WHERE email = ?", email)
        self.check_client_write(self.paired)

    @rule(conflict=some.conflicts, email=some.emails, to=some.emails)
    def update_client_email(self, conflict: str, email: str, to: str) -> None:
        self.run("UPDATE <or> clients_v2 SET email = ? WHERE email = ?", to, email, conflict=conflict)
        self.check_client_replaced(to)

    # Invariants after each rule.

    @invariant()
    def both_sides_are_equal(self) -> None:
        assert_clean(self.connection)

    @invariant()
    def the_view_has_a_row_a_pair(self) -> None:
        rows = self.connection.execute(
            "SELECT trip_id, assigned_email, assigned_role, source FROM trip_client_relationships"
        ).fetchall()
        assert len({row[:3] for row in rows}) == len(rows)
        assert {row[:3] for row in rows if row[3] == "both"} == set(self.after.rows.values())
        assert {row[3] for row in rows} <= {"both", "json_field"}

    @invariant()
    def no_reason_is_noted_twice(self) -> None:
        rows = self.connection.execute("SELECT trip_id, reason FROM facts_dirty").fetchall()
        assert len(set(rows)) == len(rows)

    # Running and checking rules.

    def run(self, sql: str, *params: Any, conflict: str = "", refusable: bool = True) -> None:
        """Run one statement. A refusal must have a known reason and, without OR FAIL, change nothing."""
        self.before = snapshot(self.connection)
        refusal = None
        try:
            self.connection.execute(sql.replace("<or>", conflict), params)
        except sqlite3.IntegrityError as error:
            refusal = str(error)
        self.after = snapshot(self.connection)
        if refusal:
            assert refusable, refusal
            assert REFUSALS.match(refusal), refusal
            assert conflict == "OR FAIL" or self.after == self.before

    def allows(self, trip: int, email: str) -> bool:
        """True if foreign keys are on, or if the assignment would not be an orphan."""
        return self.foreign_keys or (trip in self.after.texts and email in self.after.clients)

    def id_at(self, at: int) -> int:
        ids = sorted(self.after.rows)
        return ids[at] if at < len(ids) else 100 + at

    def numbered(self, text: Any) -> Any:
        """The text with a new note in place of each NOTE."""

        def fresh(_: object) -> str:
            self.notes += 1
            return f"note-{self.notes}"

        if isinstance(text, bytes):
            return re.sub("NOTE", fresh, text.decode("latin-1")).encode("latin-1")
        return re.sub("NOTE", fresh, text) if isinstance(text, str) else text

    def paired(self, place: Place) -> Place | None:
        """Return the place if it belongs to an unlinked entry or its pair still exists, otherwise None."""
        return place if place[1] is None or (place[0], *place[1]) in self.after.rows.values() else None

    def check_kept(self, where: Callable[[Place], Place | None]) -> None:
        assert_kept(relocated(places(self.before.texts, self.before.clients), where), self.after)

    def check_junction_write(self, where: Callable[[Place], Place | None], free: Collection[Row] = ()) -> None:
        self.check_kept(where)
        before, after = self.before, self.after
        assert unlinked(after.texts, after.clients) == unlinked(before.texts, before.clients)
        for trip, text in after.texts.items():
            rows = after.rows_of(trip)
            untouched = rows == before.rows_of(trip) and not set(rows.values()) & set(free)
            assert not untouched or parsed(text) == parsed(before.texts[trip]), "changed, though no row did"

    def check_insert(self, conflict: str) -> None:
        if conflict != "OR REPLACE":
            assert self.before.rows.items() <= self.after.rows.items()
        self.check_junction_write(self.paired)

    def check_update(self, conflict: str) -> None:
        """Check that each entry follows its row. A row that is gone was merged into the pair's 'traveler' row."""
        moves: dict[Row, Row] = {}
        for key, row in self.before.rows.items():
            moves[row] = self.after.rows.get(key, (row[0], row[1], "traveler"))
        replaced = self.before.rows.keys() - self.after.rows.keys() if conflict == "OR REPLACE" else set[int]()
        free = {self.before.rows[key] for key in replaced}

        def follows(place: Place) -> Place | None:
            if place[1] is None:
                return place
            row = (place[0], *place[1])
            if row in free:
                return None
            trip, email, role = moves[row]
            return trip, (email, role)

        self.check_junction_write(follows)

    def check_json_write(self, trip: int, written: Any) -> None:
        """Check that the trip has the written value, or its old one if that is no array, and other trips theirs."""
        expected = self.before.texts.copy()
        if isinstance(parsed(written), list):
            expected[trip] = written
        elif written is not None:
            assert as_text(self.after.quarantine[-1]) == as_text(written)
            expected.setdefault(trip, "[]")
        after = self.after
        assert_kept(places(expected, after.clients), after)
        assert unlinked(after.texts, after.clients) == unlinked(expected, after.clients)
        assert all(parsed(after.texts[other]) == parsed(expected[other]) for other in expected if other != trip)

    def check_list_counts(self, trip: int, written: Any) -> None:
        """Check that exactly the clients in the new list are on the trip, and that those who stay keep their rows."""
        entries = read_entries(trip, written, self.after.clients)
        if entries is not None:
            pairs = {entry.pair for entry in entries if entry.pair}
            assert {row[1:] for row in self.after.rows_of(trip).values()} == pairs
        before, after = self.before.rows_of(trip), self.after.rows_of(trip)
        assert all(after.get(key) == row for key, row in before.items() if row in after.values())

    def check_client_replaced(self, email: str) -> None:
        """Check that the client with this email took over all trips and entries of the clients it replaced."""
        gone = set(self.before.clients) - set(self.after.clients)

        def follows(place: Place) -> Place:
            return (place[0], (email, place[1][1])) if place[1] and place[1][0] in gone else place

        self.check_client_write(follows)
        moved = {(trip, email if old in gone else old, role) for trip, old, role in self.before.rows.values()}
        assert moved <= set(self.after.rows.values())

    def check_client_write(self, where: Callable[[Place], Place | None]) -> None:
        """Check that each note is where `where` says, or in a linked entry if the write linked its unlinked entry."""
        before: Places = places(self.before.texts, self.before.clients)
        now: Places = places(self.before.texts, self.after.clients)
        expected = relocated(before, where)
        assert_kept({note: now[note] if before[note][1] is None else at for note, at in expected.items()}, self.after)


class WithRecursiveTriggers(DualWrite):
    recursive_triggers = True


class WithoutForeignKeys(DualWrite):
    foreign_keys = False


class WithRecursiveTriggersAlone(DualWrite):
    foreign_keys = False
    recursive_triggers = True


@pytest.mark.parametrize(
    "machine",
    [
        DualWrite,
        WithRecursiveTriggers,
        pytest.param(WithoutForeignKeys, marks=foreign_keys_off),
        pytest.param(WithRecursiveTriggersAlone, marks=foreign_keys_off),
    ],
)
def test_any_write_leaves_both_sides_equal_and_loses_nothing(machine: type[DualWrite]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=campaigns.rounds(3, 400), stateful_step_count=40, deadline=None)
    )
