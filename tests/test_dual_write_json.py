"""The rules of the dual write, one by one: both stores after old code writes the JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from engines import any_recursion
from sides import (
    ANA,
    BEN,
    TRIP,
    add_trip,
    assign,
    in_json,
    in_junction,
    quarantine,
    unassign,
    write_json,
    write_past_the_triggers,
)

if TYPE_CHECKING:
    import sqlite3

pytestmark = any_recursion

# Text that is not a JSON array.

NO_ARRAYS = ["", "null", "{}", '{"email": "ana@x.io"}', '[{"email": "ana@x.io"', "not JSON", '"text"', "[1,]"]


@pytest.mark.parametrize("text", NO_ARRAYS)
@pytest.mark.sampled(2)
def test_text_that_is_not_an_array_is_quarantined_and_the_column_stays_unchanged(
    con: sqlite3.Connection, text: str
) -> None:
    assign(con, ANA)
    before = in_json(con)
    write_json(con, text)
    assert quarantine(con) == [(TRIP, text)]
    assert in_json(con) == before


@pytest.mark.parametrize("text", NO_ARRAYS)
@pytest.mark.sampled(2)
def test_a_trip_inserted_with_text_that_is_not_an_array_starts_without_clients(
    con: sqlite3.Connection, text: str
) -> None:
    trip = add_trip(con, text)
    assert quarantine(con) == [(trip, text)]
    assert in_json(con, trip) == []


@pytest.mark.parametrize("text", NO_ARRAYS)
@pytest.mark.sampled(2)
def test_assigning_on_a_trip_whose_text_is_not_an_array_writes_both_sides(con: sqlite3.Connection, text: str) -> None:
    assign(con, ANA)
    write_past_the_triggers(con, text)
    assign(con, BEN)
    assert quarantine(con) == [(TRIP, text)]
    assert [entry["email"] for entry in in_json(con)] == [ANA, BEN]


@pytest.mark.parametrize("text", NO_ARRAYS)
@pytest.mark.sampled(2)
def test_unassigning_on_a_trip_whose_text_is_not_an_array_writes_both_sides(con: sqlite3.Connection, text: str) -> None:
    assign(con, ANA)
    assign(con, BEN)
    write_past_the_triggers(con, text)
    unassign(con, ANA)
    assert quarantine(con) == [(TRIP, text)]
    assert [entry["email"] for entry in in_json(con)] == [BEN]


def test_one_of_two_malformed_trips_is_repaired_and_the_other_keeps_its_text(con: sqlite3.Connection) -> None:
    other = add_trip(con, "[]")
    for trip in (TRIP, other):
        write_past_the_triggers(con, f"malformed {trip}", trip)
    con.execute("INSERT INTO trip_client_sync (trip_id, action) VALUES (?, 'reconcile')", (TRIP,))
    lists = con.execute("SELECT clients FROM trips_v2 ORDER BY trip_id").fetchall()
    assert (lists, quarantine(con)) == ([("[]",), (f"malformed {other}",)], [(TRIP, f"malformed {TRIP}")])
    assign(con, ANA, trip=other)
    assert quarantine(con)[1:] == [(other, f"malformed {other}")]


def test_a_changed_row_whose_entry_is_missing_gets_one_on_its_trip_only(con: sqlite3.Connection) -> None:
    other = add_trip(con, [{"email": BEN}])
    assign(con, ANA)
    write_past_the_triggers(con, "[]")
    con.execute("UPDATE trip_client_assignments SET client_role = 'guide' WHERE client_email = ?", (ANA,))
    found = [[(entry["email"], entry["role"]) for entry in in_json(con, trip)] for trip in (TRIP, other)]
    assert found == [[(ANA, "guide")], [(BEN, "traveler")]]


def test_one_malformed_trip_breaks_neither_the_view_nor_the_deletion_of_a_client(con: sqlite3.Connection) -> None:
    other = add_trip(con, [{"email": BEN}])
    write_past_the_triggers(con, "[{", other)
    assign(con, ANA)
    seen = con.execute("SELECT trip_id, assigned_email, source FROM trip_client_relationships ORDER BY trip_id")
    assert seen.fetchall() == [(TRIP, ANA, "both"), (other, BEN, "junction_table")]
    con.execute("DELETE FROM clients_v2 WHERE email = ?", (ANA,))
    con.execute("DELETE FROM clients_v2 WHERE email = ?", (BEN,))
    assert quarantine(con) == [(other, "[{")]


# Old code writes the JSON.


def test_an_entry_added_to_the_json_is_assigned(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA}, {"email": BEN, "role": "payer"}])
    assert in_junction(con) == [(ANA, "traveler"), (BEN, "payer")]


def test_an_entry_removed_from_the_json_is_unassigned(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA}, {"email": BEN}])
    write_json(con, [{"email": BEN}])
    assert in_junction(con) == [(BEN, "traveler")]


def test_a_role_changed_in_the_json_changes_in_the_junction(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA}])
    write_json(con, [{"email": ANA, "role": "payer"}])
    assert in_junction(con) == [(ANA, "payer")]


def test_the_clients_of_an_inserted_trip_are_assigned(con: sqlite3.Connection) -> None:
    trip = add_trip(con, [{"email": ANA}, {"email": "stranger@example.org"}])
    assert in_junction(con, trip) == [(ANA, "traveler")]


@pytest.mark.parametrize("spelling", [ANA.upper(), f"  {ANA}\t", "Ana@X.io"])
def test_entries_are_linked_ignoring_email_case_and_whitespace(con: sqlite3.Connection, spelling: str) -> None:
    write_json(con, [{"email": spelling, "name": "Ana"}])
    assert in_junction(con) == [(ANA, "traveler")]
    assert in_json(con) == [{"email": ANA, "name": "Ana", "role": "traveler"}]


@pytest.mark.parametrize("string", [ANA, json.dumps({"email": ANA}), json.dumps({"email": ANA, "role": None})])
def test_an_entry_that_was_turned_into_a_string_becomes_an_object(con: sqlite3.Connection, string: str) -> None:
    write_json(con, [string])
    assert in_json(con) == [{"email": ANA, "role": "traveler"}]


def test_a_pair_written_twice_becomes_one_entry_with_the_keys_of_both(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA, "name": "Ana"}, {"email": ANA, "room": 7, "name": None}])
    assert in_json(con) == [{"email": ANA, "role": "traveler", "name": "Ana", "room": 7}]
    assert quarantine(con) == []


def test_entries_of_one_pair_that_contradict_each_other_are_all_kept(con: sqlite3.Connection) -> None:
    born = {"Ana": 1985, "Mia": 2015, "Leo": 2018}
    family = [{"email": ANA, "name": name, "born": year} for name, year in born.items()]
    write_json(con, [*family, family[1], {"email": ANA}])
    assert in_json(con) == [{**person, "role": "traveler"} for person in family]
    assert in_junction(con) == [(ANA, "traveler")]
    assert quarantine(con) == []
    con.execute("UPDATE trip_client_assignments SET client_role = 'guest'")
    assert in_json(con) == [{**person, "role": "guest"} for person in family]


# The count of direct writes.


def test_direct_writes_of_the_json_are_counted_by_trip(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA}])
    other = add_trip(con, [{"email": BEN}])
    add_trip(con, "[]")
    write_json(con, [{"email": ANA}, {"email": BEN}])
    con.execute("UPDATE trips_v2 SET clients = clients")
    assign(con, ANA, "payer")
    con.execute("UPDATE direct_json_writes SET day = '2026-01-01' WHERE trip_id = ?", (other,))
    con.execute("UPDATE trips_v2 SET clients = '[]' WHERE trip_id = ?", (other,))
    con.execute("UPDATE trips_v2 SET clients = '[{}]'")
    counted = con.execute("SELECT trip_id, writes, day = date('now') FROM direct_json_writes ORDER BY 1, 2, 3")
    assert counted.fetchall() == [(TRIP, 3, 1), (other, 1, 0), (other, 2, 1), (other + 1, 1, 1)]


def test_a_trip_inserted_again_on_one_day_adds_to_the_count(con: sqlite3.Connection) -> None:
    for clients in ("[{}]", "[]", '["x"]'):
        con.execute(
            "INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, start_date, end_date, clients) "
            "VALUES (7, 'N', '', '', ?)",
            (clients,),
        )
    assert con.execute("SELECT trip_id, writes FROM direct_json_writes").fetchall() == [(7, 2)]
