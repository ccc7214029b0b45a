"""Whoever was entered and not removed is named by get_anything, whatever old code, new code, tools and phases do."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import campaigns
from engines import is_hosted
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from machine import DatabaseMachine

from database.phase import PHASES, read_phase
from migrations.check import check
from migrations.phases.moves import PhaseRefused, advance, go_back
from migrations.repair import apply_repair
from tools.find import FindArguments, get_anything

if TYPE_CHECKING:
    from database.phase import Phase

TRIPS = (1, 2)

# Clients and their e-mails; the last one is the inbox of a family.
CLIENTS = {"a@x.io": "Ann Alder", "zoë@x.io": "Zoë Birch", "fam@x.io": "Cem Cedar"}

# People in the JSON, each with a name that no one else shares a word with.
PEOPLE = ["Dora Fir", "Eli Gum", "Fay Hazel", "Gil Ivy", "Hal Juniper"]

emails = st.sampled_from([*CLIENTS, "FAM@x.io", " a@x.io", "ZOË@X.IO", "stranger@y.io", None])

entries = st.tuples(st.sampled_from(PEOPLE), emails, st.sampled_from(["traveler", "payer", None]))

lists = st.lists(entries, max_size=4, unique_by=lambda entry: entry[0])

# foreign_keys, which D1 cannot turn off, and recursive_triggers.
pragmas = st.tuples(st.just(value=True) if is_hosted() else st.booleans(), st.booleans())

PUT_TRIP = (
    "INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, start_date, end_date, clients) VALUES (?, ?, '', '', ?)"
)


class Desk(DatabaseMachine):
    def __init__(self) -> None:
        super().__init__()
        self.named: dict[int, set[str]] = {trip: set() for trip in TRIPS}
        self.assigned: dict[int, set[str]] = {trip: set() for trip in TRIPS}

    @initialize()
    def fill(self) -> None:
        for number, (email, name) in enumerate(CLIENTS.items(), 1):
            self.sql("INSERT INTO clients_v2 (client_id, email, full_name) VALUES (?, ?, ?)", number, email, name)
        for trip in TRIPS:
            self.sql(PUT_TRIP, trip, f"Trip {trip}", "[]")

    @rule(trip=st.sampled_from(TRIPS), people=lists)
    def old_code_writes_the_list(self, trip: int, people: list[Any]) -> None:
        if self.writes_json():
            self.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", self.with_assigned(trip, people), trip)
            self.named[trip] = {name for name, *_ in people}

    @rule(trip=st.sampled_from(TRIPS), people=lists, pragma=pragmas)
    def old_code_replaces_the_trip(self, trip: int, people: list[Any], pragma: tuple[bool, bool]) -> None:
        if self.writes_json():
            self.with_pragmas(pragma, PUT_TRIP, trip, f"Trip {trip}", self.with_assigned(trip, people))
            self.named[trip] = {name for name, *_ in people}

    @rule(number=st.integers(1, len(CLIENTS)), pragma=pragmas)
    def old_code_replaces_a_client(self, number: int, pragma: tuple[bool, bool]) -> None:
        email, name = list(CLIENTS.items())[number - 1]
        sql = "INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) VALUES (?, ?, ?)"
        self.with_pragmas(pragma, sql, number, email, name)

    @rule(number=st.integers(1, len(CLIENTS)), pragma=pragmas)
    def old_code_deletes_a_client_and_adds_it_again(self, number: int, pragma: tuple[bool, bool]) -> None:
        email, name = list(CLIENTS.items())[number - 1]
        self.with_pragmas(pragma, "DELETE FROM clients_v2 WHERE email = ?", email)
        for trip in TRIPS:
            self.assigned[trip] -= {one for one in self.assigned[trip] if one.split()[0] == email}
        self.everyone_is_named()
        self.sql("INSERT INTO clients_v2 (client_id, email, full_name) VALUES (?, ?, ?)", number, email, name)

    @rule(trip=st.sampled_from(TRIPS), email=st.sampled_from([*CLIENTS]), role=st.sampled_from(["guide", "leader"]))
    def new_code_assigns(self, trip: int, email: str, role: str) -> None:
        sql = "INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, ?)"
        self.sql(sql, trip, email, role)
        self.assigned[trip].add(f"{email} {role}")

    @rule(trip=st.sampled_from(TRIPS), name=st.sampled_from(PEOPLE))
    def a_tool_makes_a_client_of_someone(self, trip: int, name: str) -> None:
        if name in self.named[trip]:
            self.call_bulk(trip, [{"type": "assign_client", "data": {"full_name": name}}])

    @rule(phase=st.sampled_from(PHASES))
    def the_phase_changes(self, phase: Phase) -> None:
        while (now := self.wait(read_phase(self.db)).phase) != phase:
            if PHASES.index(now) > PHASES.index(phase):
                self.wait(go_back(self.db))
            else:
                with suppress(PhaseRefused):
                    self.wait(advance(self.db, quiet_days=0, accept=["*"]))
                    continue
                self.wait(apply_repair(self.db))
                assert self.wait(check(self.db)).clean
        # Reads the new schema. In SQLite 3.40, the first write after another program changed it may fail otherwise.
        self.sql("SELECT 1 FROM clients_v2")

    @rule()
    def a_repair_runs(self) -> None:
        self.wait(apply_repair(self.db))

    @invariant()
    def everyone_is_named(self) -> None:
        for trip in TRIPS:
            found = self.wait(get_anything(self.desk, FindArguments(query=str(trip))))
            text = json.dumps(found.model_dump(), ensure_ascii=False, default=str)
            people = self.named[trip] | {CLIENTS[one.split()[0]] for one in self.assigned[trip]}
            assert not [name for name in people if name not in text], (people, text)

    def writes_json(self) -> bool:
        return self.wait(read_phase(self.db)).phase == "dual_write"

    def with_assigned(self, trip: int, people: list[Any]) -> str:
        """The list that old code writes: these people, and the assignments that it read before."""
        kept = [dict(zip(("email", "role"), one.split(), strict=True)) for one in sorted(self.assigned[trip])]
        new = [
            {"name": name} | ({"email": email} if email else {}) | ({"role": role} if role else {})
            for name, email, role in people
        ]
        return json.dumps([*kept, *new], ensure_ascii=False)

    def with_pragmas(self, pragma: tuple[bool, bool], sql: str, *values: object) -> None:
        for name, on in zip(("foreign_keys", "recursive_triggers"), pragma, strict=True):
            self.sql(f"PRAGMA {name} = {int(on)}")
        self.sql(sql, *values)
        self.sql("PRAGMA foreign_keys = 1")
        self.sql("PRAGMA recursive_triggers = 0")

    def sql(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)


def test_whoever_was_entered_and_not_removed_is_named_by_get_anything() -> None:
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=campaigns.rounds(3 if is_hosted() else 4, 200), stateful_step_count=20, deadline=None
        ),
    )
