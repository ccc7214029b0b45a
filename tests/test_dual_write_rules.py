"""The rules of the dual write, one by one: both stores after new code writes the junction, a client or a trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from engines import any_recursion, transactions
from oracle import read_entries
from sides import ANA, BEN, TRIP, add_trip, assign, in_json, in_junction, quarantine, unassign, write_json

if TYPE_CHECKING:
    import sqlite3

pytestmark = any_recursion

# Assigning and unassigning.


def test_a_client_with_two_roles_has_two_entries_on_both_sides(con: sqlite3.Connection) -> None:
    assign(con, ANA, "traveler")
    assign(con, ANA, "payer")
    assert [(entry["email"], entry["role"]) for entry in in_json(con)] == [(ANA, "traveler"), (ANA, "payer")]


def test_unassigning_one_role_keeps_the_other(con: sqlite3.Connection) -> None:
    assign(con, ANA, "traveler")
    assign(con, ANA, "payer")
    unassign(con, ANA, "payer")
    assert [(entry["email"], entry["role"]) for entry in in_json(con)] == [(ANA, "traveler")]


def test_assigning_again_with_an_upsert_changes_neither_side(con: sqlite3.Connection) -> None:
    assign(con, ANA)
    assign(con, BEN)
    rows = "SELECT * FROM trip_client_assignments"
    before = con.execute(rows).fetchall(), in_json(con)
    con.execute(
        "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, 'traveler') "
        "ON CONFLICT (trip_id, client_email, client_role) DO NOTHING",
        (TRIP, ANA),
    )
    assert (con.execute(rows).fetchall(), in_json(con)) == before


def test_assigning_again_with_or_replace_leaves_the_json_unchanged(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA, "role": "traveler", "name": "Ana"}, {"email": BEN, "role": "payer"}])
    before = in_json(con)
    con.execute("INSERT OR REPLACE INTO trip_client_assignments (trip_id, client_email) VALUES (?, ?)", (TRIP, ANA))
    assert in_json(con) == before


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "Infant"},
        {"email": None, "name": "Infant"},
        {"email": "", "name": "Infant"},
        {"email": "stranger@example.org", "role": "traveler", "room": 7},
        "Infant",
        7,
        None,
        True,
        [],
    ],
)
@pytest.mark.sampled(2)
def test_an_unlinked_entry_is_kept_when_another_entry_is_added_and_removed(con: sqlite3.Connection, entry: Any) -> None:
    write_json(con, [entry])
    assign(con, ANA)
    assert in_json(con)[0] == entry
    unassign(con, ANA)
    assert in_json(con) == [entry]


def test_assigning_a_client_with_an_unlinked_entry_keeps_the_entrys_details(con: sqlite3.Connection) -> None:
    entry = {"email": ANA, "name": "Ana", "client_id": 1, "preferences": {"seat": "aisle"}}
    write_json(con, [entry])
    con.execute(
        "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (?, ?) ON CONFLICT DO NOTHING", (TRIP, ANA)
    )
    assert in_json(con) == [entry | {"role": "traveler"}]


def test_another_role_gets_its_own_entry_and_leaves_the_first_unchanged(con: sqlite3.Connection) -> None:
    entry = {"email": ANA, "role": "traveler", "preferences": {"seat": "aisle"}}
    write_json(con, [entry])
    assign(con, ANA, "payer")
    assert in_json(con)[0] == entry
    assert in_junction(con) == [(ANA, "traveler"), (ANA, "payer")]


@pytest.mark.parametrize("role", [None, "", " "])
def test_an_assignment_without_a_role_is_a_traveler_on_both_sides(con: sqlite3.Connection, role: str | None) -> None:
    assign(con, ANA, role)
    assign(con, ANA, role)
    assert in_junction(con) == [(ANA, "traveler")]
    assert [entry["role"] for entry in in_json(con)] == ["traveler"]


# Changed rows.


def test_an_entry_follows_its_row_to_another_role_with_all_its_keys(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA, "name": "Ana"}, {"email": BEN}])
    con.execute("UPDATE trip_client_assignments SET client_role = 'payer' WHERE client_email = ?", (ANA,))
    assert in_json(con)[0] == {"email": ANA, "name": "Ana", "role": "payer"}


def test_an_entry_follows_its_row_to_another_trip_with_all_its_keys(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA, "name": "Ana"}])
    other = add_trip(con, [{"email": BEN}])
    con.execute("UPDATE trip_client_assignments SET trip_id = ? WHERE client_email = ?", (other, ANA))
    assert in_json(con) == []
    assert in_json(con, other)[1] == {"email": ANA, "name": "Ana", "role": "traveler"}


def test_merging_two_roles_keeps_conflicting_entries(con: sqlite3.Connection) -> None:
    entries = [{"email": ANA, "role": "traveler", "name": "Ana"}, {"email": ANA, "role": "payer", "name": "Anna"}]
    write_json(con, entries)
    con.execute("UPDATE trip_client_assignments SET client_role = '' WHERE client_role = 'payer'")
    assert in_junction(con) == [(ANA, "traveler")]
    assert in_json(con) == [{**entry, "role": "traveler"} for entry in entries]


def test_replacing_an_assignment_under_its_id_replaces_its_entry(con: sqlite3.Connection) -> None:
    assign(con, ANA)
    replace = (
        "INSERT OR REPLACE INTO trip_client_assignments (assignment_id, trip_id, client_email) "
        "SELECT assignment_id, trip_id, ? FROM trip_client_assignments"
    )
    con.execute(replace, (BEN,))
    assert [entry["email"] for entry in in_json(con)] == [BEN]


def test_an_insert_ignored_because_its_id_exists_does_not_remove_an_entry_later(con: sqlite3.Connection) -> None:
    assign(con, ANA)
    con.execute("INSERT OR IGNORE INTO trip_client_assignments SELECT * FROM trip_client_assignments")
    con.execute("DELETE FROM clients_v2 WHERE email = ?", (ANA,))
    waiting = {"email": ANA, "role": "traveler", "name": "Ana"}
    write_json(con, [waiting])
    assign(con, BEN)
    assert in_json(con)[0] == waiting


def test_an_entry_removed_after_an_ignored_insert_is_not_brought_back_by_the_next(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA, "seat": "1A"}])
    con.execute("INSERT OR IGNORE INTO trip_client_assignments SELECT * FROM trip_client_assignments")
    unassign(con, ANA)
    assign(con, ANA)
    assert [(entry["email"], entry.get("seat")) for entry in in_json(con)] == [(ANA, None)]


# Clients.


def test_a_new_client_is_linked_to_their_unlinked_entries(con: sqlite3.Connection) -> None:
    waiting = [add_trip(con, [{"email": spelling, "name": "New"}]) for spelling in ("new@x.io", " NEW@x.io ")]
    con.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('new@x.io', 'N')")
    assert [in_junction(con, trip) for trip in waiting] == [[("new@x.io", "traveler")]] * 2
    assert [in_json(con, trip)[0]["name"] for trip in waiting] == ["New", "New"]


def test_a_deleted_client_is_removed_from_both_sides_and_as_primary_client(con: sqlite3.Connection) -> None:
    assign(con, ANA)
    assign(con, BEN)
    con.execute("UPDATE trips_v2 SET primary_client_email = ?", (ANA,))
    con.execute("DELETE FROM clients_v2 WHERE email = ?", (ANA,))
    assert in_junction(con) == [(BEN, "traveler")]
    assert con.execute("SELECT primary_client_email FROM trips_v2").fetchone() == (None,)


def test_changing_an_email_updates_both_sides_and_keeps_the_entrys_details(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA, "name": "Ana"}])
    con.execute("UPDATE trips_v2 SET primary_client_email = ?", (ANA,))
    con.execute("UPDATE clients_v2 SET email = 'ann@x.io' WHERE email = ?", (ANA,))
    assert in_junction(con) == [("ann@x.io", "traveler")]
    assert in_json(con) == [{"email": "ann@x.io", "name": "Ana", "role": "traveler"}]
    assert con.execute("SELECT primary_client_email FROM trips_v2").fetchone() == ("ann@x.io",)


# The view, the facts queue and the trip itself.


def test_the_view_shows_each_pair_once_with_its_source(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA}, {"email": "Stranger@example.org", "role": "payer"}])
    rows = con.execute("SELECT assigned_email, assigned_role, source FROM trip_client_relationships").fetchall()
    assert sorted(rows) == [(ANA, "traveler", "both"), ("stranger@example.org", "payer", "json_field")]


def test_the_facts_queue_has_one_row_per_trip_and_reason_after_any_writes(con: sqlite3.Connection) -> None:
    for _ in range(3):
        assign(con, ANA)
        con.execute("UPDATE OR REPLACE trips_v2 SET trip_name = 'M'")
        con.execute("INSERT INTO facts_dirty (trip_id, reason) VALUES (?, 'trip_update')", (TRIP,))
        con.execute("INSERT INTO ActivityLog (trip_id) VALUES (?)", (TRIP,))
        unassign(con, ANA)
    rows = con.execute("SELECT trip_id, reason FROM facts_dirty ORDER BY reason").fetchall()
    reasons = ["activity_logged", "client_assigned", "client_removed", "trip_insert", "trip_update"]
    assert rows == [(TRIP, reason) for reason in reasons]


def test_deleting_a_trip_deletes_its_assignments_and_facts(con: sqlite3.Connection) -> None:
    assign(con, ANA)
    con.execute("INSERT INTO ActivityLog (trip_id, activity_details) VALUES (?, 'kept')", (TRIP,))
    con.execute("INSERT INTO trip_facts (trip_id) VALUES (?)", (TRIP,))
    con.execute("DELETE FROM trips_v2 WHERE trip_id = ?", (TRIP,))
    assert in_junction(con) == []
    assert con.execute("SELECT count(*) FROM trip_facts").fetchone() == (0,)
    assert con.execute("SELECT reason FROM facts_dirty WHERE reason = 'trip_delete'").fetchone() == ("trip_delete",)


@transactions
def test_a_rolled_back_write_leaves_both_sides_unchanged(con: sqlite3.Connection) -> None:
    assign(con, ANA)
    before = in_json(con)
    con.execute("BEGIN")
    assign(con, BEN)
    write_json(con, "[{")
    con.execute("ROLLBACK")
    assert in_json(con) == before
    assert quarantine(con) == []


def test_the_view_reads_the_same_entries_as_the_oracle(con: sqlite3.Connection) -> None:
    write_json(con, [{"email": ANA}, "x@x.io", {"email": "Y@x.io"}, 7, {"name": "Infant"}, [], "text"])
    view = con.execute("SELECT position, client_email FROM trip_client_entries ORDER BY position").fetchall()
    text = con.execute("SELECT clients FROM trips_v2").fetchone()[0]
    assert view == [(entry.position, entry.client) for entry in read_entries(TRIP, text, [ANA, BEN]) or []]


def test_assignments_and_entries_follow_a_trip_to_a_new_id(con: sqlite3.Connection) -> None:
    assign(con, ANA)
    before = in_json(con)
    con.execute("UPDATE trips_v2 SET trip_id = 5 WHERE trip_id = ?", (TRIP,))
    assert in_junction(con, 5) == [(ANA, "traveler")]
    assert in_json(con, 5) == before
