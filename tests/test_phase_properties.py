"""`check` and the oracle agree after any sequence of writes, repairs, phase changes and dropped triggers.

Old code writes the JSON, new code the junction, and the tools both, while phases change and repairs run. Now and then
a dual-write trigger is dropped; only from then until the next repair may the two stores drift apart.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any, TypeVar

import campaigns
import oracle
import statements as some
from engines import any_recursion
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from machine import DatabaseMachine

from database.errors import DatabaseError
from database.phase import PHASES, read_phase
from migrations.check import check
from migrations.phases.moves import PhaseRefused, advance, go_back
from migrations.repair import apply_repair

if TYPE_CHECKING:
    from database.phase import Phase
    from migrations.repair import Prefer

pytestmark = any_recursion

T = TypeVar("T")

TRIPS = 4

ADD_TRIP = """
INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients) VALUES (?, 'N', ?, '', '', ?)
"""

# Clients that only the tools write: what a tool stores about them stays until a tool changes it.
OWN = ["own1@x.io", "own2@x.io"]

OWN_ROLES = ["traveler", "payer", "guide"]

TRIGGERS = [
    "trg_trip_client_assignments_insert",
    "trg_trip_client_assignments_update",
    "trg_trip_client_assignments_delete",
    "trg_trip_client_assignments_note_insert",
    "trg_trip_client_displaced_delete",
    "trg_trips_v2_clients_update",
    "trg_trips_v2_clients_insert",
    "trg_trips_v2_clients_refuse_update",
    "trg_clients_v2_link",
    "trg_clients_v2_email",
    "trg_trips_v2_id_update",
]

# SQLite's messages when it refuses a write by a program that doesn't use the tools.
REFUSALS = ("read-only in the phase prefer_junction", "no such column", "no column named clients", "constraint failed")

trips = st.integers(1, TRIPS)

Findings = set[tuple[Any, ...]]


class Phases(DatabaseMachine):
    def __init__(self) -> None:
        super().__init__()
        self.connection.execute("PRAGMA synchronous = OFF")
        self.triggers_missing = False
        self.stored: set[tuple[int, str, str]] = set()
        self.epoch = self.wait(read_phase(self.db)).epoch

    @initialize()
    def fill(self) -> None:
        for email in [*some.CLIENTS, *OWN]:
            self.write("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')", email)
        for trip, text in enumerate(some.FIRST_TRIPS, 1):
            self.write(ADD_TRIP, trip, f"n-{trip}", text)

    # Old code, and new code that doesn't use the tools.

    @rule(trip=trips, text=some.arrays | some.not_arrays)
    def overwrite_the_json(self, trip: int, text: Any) -> None:
        kept = [{"email": email, "role": role} for at, email, role in sorted(self.stored) if at == trip]
        array = oracle.parsed(text)
        written = json.dumps(array + kept) if isinstance(array, list) else text
        self.write("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", written, trip)

    @rule(trip=trips, email=st.sampled_from(some.CLIENTS), role=some.roles, conflict=some.conflicts)
    def assign(self, trip: int, email: str, role: str | None, conflict: str) -> None:
        sql = f"INSERT {conflict} INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, ?)"
        self.write(sql, trip, email, role)

    @rule(trip=trips, email=st.sampled_from(some.CLIENTS))
    def unassign(self, trip: int, email: str) -> None:
        self.write("DELETE FROM trip_client_assignments WHERE trip_id = ? AND client_email = ?", trip, email)

    @rule(email=st.sampled_from(some.CLIENTS), role=some.roles, conflict=some.conflicts)
    def change_roles(self, email: str, role: str | None, conflict: str) -> None:
        sql = f"UPDATE {conflict} trip_client_assignments SET client_role = ? WHERE client_email = ?"
        self.write(sql, role, email)

    @rule(email=some.emails)
    def add_client(self, email: str) -> None:
        self.write("INSERT OR IGNORE INTO clients_v2 (email, full_name) VALUES (?, 'N')", email)

    @rule(email=st.sampled_from(some.CLIENTS), to=some.emails)
    def change_email(self, email: str, to: str) -> None:
        self.write("UPDATE OR IGNORE clients_v2 SET email = ? WHERE email = ?", to, email)

    # Writes by the tools.

    @rule(trip=trips, email=st.sampled_from(OWN), role=st.sampled_from(OWN_ROLES))
    def tool_assigns(self, trip: int, email: str, role: str) -> None:
        if self.tool(trip, "assign_client", email=email, role=role):
            self.stored.add((trip, email, role))

    @rule(trip=trips, emails=st.lists(st.sampled_from(OWN), min_size=2, max_size=4), role=st.sampled_from(OWN_ROLES))
    def tool_assigns_many(self, trip: int, emails: list[str], role: str) -> None:
        operations = [{"type": "assign_client", "data": {"email": email, "role": role}} for email in emails]
        if self.bulk(trip, operations):
            self.stored |= {(trip, email, role) for email in emails}

    @rule(trip=trips, email=st.sampled_from(OWN))
    def tool_unassigns(self, trip: int, email: str) -> None:
        if self.tool(trip, "unassign_client", email=email):
            self.stored = {row for row in self.stored if row[:2] != (trip, email)}

    @rule(trip=trips, email=st.sampled_from(OWN), old=st.sampled_from(OWN_ROLES), new=st.sampled_from(OWN_ROLES))
    def tool_changes_a_role(self, trip: int, email: str, old: str, new: str) -> None:
        if self.tool(trip, "change_client_role", email=email, from_role=old, to_role=new):
            self.stored = self.stored - {(trip, email, old)} | {(trip, email, new)}

    # Phase changes, repairs, and damage that makes repairs necessary.

    @rule(phase=st.sampled_from(PHASES))
    def lead_to(self, phase: Phase) -> None:
        """Move to the phase step by step, repairing any obstacles."""
        while (state := self.wait(read_phase(self.db))).phase != phase:
            if PHASES.index(state.phase) > PHASES.index(phase):
                moved = self.wait(go_back(self.db))
            else:
                clean = self.wait(check(self.db)).clean
                try:
                    moved = self.wait(advance(self.db, quiet_days=0, accept=["*"]))
                except PhaseRefused:
                    assert not clean
                    self.repair("union")
                    continue
            assert moved.epoch == state.epoch + 1

    @rule(prefer=st.sampled_from(["union", "union", "junction", "json"]))
    def mend(self, prefer: Prefer) -> None:
        self.repair(prefer)

    def repair(self, prefer: Prefer) -> None:
        if prefer == "json" and self.triggers_missing:
            prefer = "union"  # otherwise pairs missing from the JSON would be removed
        report = self.wait(apply_repair(self.db, prefer))
        assert report.after.clean, report.after
        self.triggers_missing = False

    @rule(name=st.sampled_from(TRIGGERS))
    def drop_a_trigger(self, name: str) -> None:
        if self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchall():
            self.connection.execute(f"DROP TRIGGER {name}")
            self.triggers_missing = True

    # Invariants after each rule.

    @invariant()
    def check_says_what_the_oracle_says(self) -> None:
        state = self.wait(read_phase(self.db))
        assert state.epoch >= self.epoch
        self.epoch = state.epoch
        report = self.wait(check(self.db))
        if state.phase == "normalized":
            assert report.consistent, report
            return
        found = {_named(finding) for finding in report.drift}
        assert found == set(_drift(self.connection))
        assert not found or self.triggers_missing, found
        faults = [one for one in report.faults if one["kind"] != "other_spelling"]  # SQL folds case only in ASCII
        assert not faults or self.triggers_missing, faults

    @invariant()
    def nothing_that_a_tool_stored_is_missing_nor_what_it_removed_there(self) -> None:
        sql = "SELECT trip_id, client_email, client_role FROM trip_client_assignments WHERE client_email LIKE 'own%'"
        rows = set(self.connection.execute(sql).fetchall())
        assert rows == self.stored or (self.triggers_missing and rows <= self.stored)

    # Running rules.

    def write(self, sql: str, *params: Any) -> None:
        refusal = ""
        try:
            self.connection.execute(sql, params)
        except sqlite3.Error as error:
            refusal = str(error)
        assert not refusal or any(words in refusal for words in REFUSALS), refusal

    def tool(self, trip: int, kind: str, **data: str) -> bool:
        return self.bulk(trip, [{"type": kind, "data": data}])

    def bulk(self, trip: int, operations: list[dict[str, Any]]) -> bool:
        try:
            answer = self.call_bulk(trip, operations)
        except DatabaseError:
            assert self.triggers_missing
            return False
        return answer.success


def _named(finding: dict[str, Any]) -> tuple[Any, ...]:
    return (finding["kind"], finding["trip_id"], *([finding["email"], finding["role"]] if "role" in finding else []))


def _drift(connection: sqlite3.Connection) -> Findings:
    """The drift according to the oracle, in the form in which a check reports it."""
    clients = oracle.client_emails(connection)
    pairs = oracle.junction_pairs(connection)
    found: Findings = {("guard_left", trip) for (trip,) in connection.execute("SELECT trip_id FROM trip_client_sync")}
    for trip, text in connection.execute("SELECT trip_id, clients FROM trips_v2").fetchall():
        entries = oracle.read_entries(trip, text, clients)
        if entries is None:
            found.add(("not_an_array", trip))
        by_pair: dict[oracle.Pair, list[oracle.Entry]] = {}
        for entry in entries or []:
            if entry.pair:
                by_pair.setdefault(entry.pair, []).append(entry)
        rows = [(email, role if (role or "").strip(" ") else None) for email, role in pairs.get(trip, [])]
        named = [(email, role or "traveler") for email, role in rows]
        for pair in {*by_pair, *named}:
            kind = _kind(
                by_pair.get(pair, []), named.count(pair), unnamed=(pair[0], None) in rows and pair[1] == "traveler"
            )
            if kind:
                found.add((kind, trip, *pair))
    return found


def _kind(entries: list[oracle.Entry], in_junction: int, *, unnamed: bool) -> str | None:
    if not entries:
        return "junction_only"
    if not in_junction:
        return "json_only"
    if len(entries) > 1:
        return "duplicate"
    return None if entries[0].canonical and not unnamed and in_junction == 1 else "not_canonical"


def test_check_and_oracle_agree_and_the_tools_writes_are_kept_in_every_phase() -> None:
    run_state_machine_as_test(
        Phases, settings=settings(max_examples=campaigns.rounds(3, 100), stateful_step_count=30, deadline=None)
    )
