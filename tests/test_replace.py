"""REPLACE of a client or a trip is an update, with foreign keys and recursive triggers on or off, in every phase."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import raw
from engines import foreign_keys_off, is_hosted, open_database
from oracle import assert_clean
from phasing import assert_in_order, lead_to
from sides import TRIP, assign, in_json, in_junction

from database.phase import PHASES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from database.phase import Phase

INES, JON, MIA = "ines@x.io", "jon@x.io", "mia@x.io"
LIST: list[dict[str, Any]] = [
    {"email": INES, "role": "traveler", "seat": "1A"},
    {"email": JON, "role": "payer", "card": "visa"},
    {"name": "Baby", "role": "child"},
]
REPLACE_CLIENT = "INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) VALUES (?, ?, 'New name')"
REPLACE_TRIP = """INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients)
VALUES (?, 'N', 'n', '2026-01-01', '2026-01-02', ?)"""


# Values of foreign_keys and recursive_triggers.
PRAGMAS = [
    pytest.param(one, marks=[foreign_keys_off] if one[0] == "OFF" else [])
    for one in product(("ON", "OFF"), ("ON", "OFF"))
]


@pytest.fixture(params=PRAGMAS, ids=lambda on: f"foreign keys {on[0]}, recursion {on[1]}")
def con(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    foreign_keys, recursion = request.param
    with closing(raw.connect(filled(tmp_path))) as connection:
        set_pragmas(connection, foreign_keys, recursion)
        yield connection
        assert_clean(connection)
        left = "SELECT (SELECT count(*) FROM client_replacements) + (SELECT count(*) FROM trip_client_sync)"
        assert connection.execute(left).fetchone() == (0,)


def set_pragmas(con: sqlite3.Connection, foreign_keys: str, recursion: str) -> None:
    con.execute(f"PRAGMA foreign_keys = {foreign_keys}")
    con.execute(f"PRAGMA recursive_triggers = {recursion}")


def filled(folder: Path) -> Path:
    path = raw.new_file(folder / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        for email in (INES, JON, MIA):
            connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, ?)", (email, email[:3].title()))
        connection.execute(
            "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients, primary_client_email) "
            "VALUES (1, 'N', 'n', '2026-01-01', '2026-01-02', ?, ?)",
            (json.dumps(LIST), INES),
        )
    return path


def rows(con: sqlite3.Connection) -> list[tuple[Any, ...]]:
    sql = "SELECT assignment_id, client_email, client_role, created_at FROM trip_client_assignments WHERE trip_id = 1"
    return con.execute(sql + " ORDER BY assignment_id").fetchall()


def primary(con: sqlite3.Connection) -> str | None:
    return con.execute("SELECT primary_client_email FROM trips_v2 WHERE trip_id = 1").fetchone()[0]


def test_a_replaced_client_stays_on_every_trip_with_all_details(con: sqlite3.Connection) -> None:
    before = rows(con)
    con.execute(REPLACE_CLIENT, (1, INES))
    con.execute("REPLACE INTO clients_v2 (email, full_name) VALUES (?, 'Jon again')", (JON,))
    assert (rows(con), in_json(con), primary(con)) == (before, LIST, INES)


def test_a_client_replaced_under_another_id_stays_on_every_trip(con: sqlite3.Connection) -> None:
    before = rows(con)
    con.execute(REPLACE_CLIENT, (77, INES))
    assert (rows(con), in_json(con), primary(con)) == (before, LIST, INES)


def test_a_client_replaced_with_a_new_email_keeps_the_assignments(con: sqlite3.Connection) -> None:
    con.execute(REPLACE_CLIENT, (1, "ines@new.io"))
    assert in_junction(con) == [("ines@new.io", "traveler"), (JON, "payer")]
    assert in_json(con) == [LIST[0] | {"email": "ines@new.io"}, *LIST[1:]]
    assert primary(con) == "ines@new.io"


def test_a_client_who_replaces_two_others_takes_over_the_assignments_of_both(con: sqlite3.Connection) -> None:
    con.execute(REPLACE_CLIENT, (1, JON))
    assert sorted(in_junction(con)) == [(JON, "payer"), (JON, "traveler")]
    assert in_json(con) == [LIST[0] | {"email": JON}, *LIST[1:]]


def test_update_or_replace_of_an_email_takes_over_the_assignments_of_the_other_client(con: sqlite3.Connection) -> None:
    assign(con, MIA, "traveler")
    con.execute("UPDATE OR REPLACE clients_v2 SET email = ? WHERE email = ?", (INES, MIA))
    assert sorted(in_junction(con)) == [(INES, "traveler"), (JON, "payer")]
    assert primary(con) == INES


def test_update_or_replace_of_an_id_takes_over_the_assignments_of_the_other_client(con: sqlite3.Connection) -> None:
    con.execute("UPDATE OR REPLACE clients_v2 SET client_id = 1 WHERE email = ?", (MIA,))
    assert sorted(in_junction(con)) == [(JON, "payer"), (MIA, "traveler")]
    assert in_json(con)[0] == LIST[0] | {"email": MIA}


def test_several_clients_replaced_by_one_statement_keep_their_assignments(con: sqlite3.Connection) -> None:
    before = rows(con)
    con.execute("REPLACE INTO clients_v2 (client_id, email, full_name) SELECT client_id, email, 'X' FROM clients_v2")
    assert (rows(con), in_json(con)) == (before, LIST)


def test_a_deleted_client_is_not_brought_back_by_a_later_insert(con: sqlite3.Connection) -> None:
    con.execute("INSERT OR IGNORE INTO clients_v2 (email, full_name) VALUES (?, 'Noted, but not replaced')", (INES,))
    con.execute("DELETE FROM trip_client_assignments WHERE client_email = ?", (INES,))
    con.execute("DELETE FROM clients_v2 WHERE email = ?", (INES,))
    con.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Another')", (INES,))
    assert in_junction(con) == [(JON, "payer")]
    assert in_json(con) == LIST[1:]


def test_a_deleted_client_and_trip_take_their_assignments_along(con: sqlite3.Connection) -> None:
    con.execute("DELETE FROM clients_v2 WHERE email = ?", (INES,))
    assert (in_junction(con), in_json(con)) == ([(JON, "payer")], LIST[1:])
    con.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Another')", (INES,))
    assert in_junction(con) == [(JON, "payer")]
    con.execute("DELETE FROM trips_v2 WHERE trip_id = 1")
    con.execute("INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (1, 'Fresh', '', '')")
    assert (in_junction(con), in_json(con)) == ([], [])


def test_a_replaced_trip_with_the_same_list_keeps_its_assignments(con: sqlite3.Connection) -> None:
    before = rows(con)
    con.execute(REPLACE_TRIP, (TRIP, json.dumps(LIST)))
    assert (rows(con), in_json(con)) == (before, LIST)


def test_a_replaced_trip_has_exactly_the_travelers_of_the_new_list(con: sqlite3.Connection) -> None:
    before = rows(con)
    con.execute(REPLACE_TRIP, (TRIP, json.dumps([LIST[0], {"email": MIA, "role": "guest"}, LIST[2]])))
    assert rows(con)[0] == before[0]
    assert in_junction(con) == [(INES, "traveler"), (MIA, "guest")]
    con.execute(REPLACE_TRIP, (TRIP, "[]"))
    assert (in_junction(con), in_json(con)) == ([], [])


def test_a_trip_replaced_with_text_that_is_not_an_array_keeps_its_list(con: sqlite3.Connection) -> None:
    before = rows(con)
    con.execute(REPLACE_TRIP, (TRIP, "[{"))
    assert (rows(con), in_json(con)) == (before, LIST)
    assert con.execute("SELECT trip_id, raw_text FROM trip_clients_quarantine").fetchall() == [(TRIP, "[{")]


def test_a_trip_replaced_through_a_unique_slug_keeps_its_assignments(con: sqlite3.Connection) -> None:
    con.execute("CREATE UNIQUE INDEX one_slug ON trips_v2(trip_slug)")
    before = rows(con)
    con.execute(REPLACE_TRIP, (9, json.dumps(LIST)))
    assert in_junction(con, 9) == [row[1:3] for row in before]
    assert (in_json(con, 9), in_junction(con)) == (LIST, [])


def test_a_trip_moved_to_the_id_of_another_replaces_the_other_trips_list(con: sqlite3.Connection) -> None:
    con.execute("INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (2, 'O', '', '')")
    con.execute("INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (2, ?)", (MIA,))
    con.execute("UPDATE OR REPLACE trips_v2 SET trip_id = 1 WHERE trip_id = 2")
    assert in_junction(con) == [(MIA, "traveler")]
    assert [entry["email"] for entry in in_json(con)] == [MIA]


@pytest.mark.parametrize("recursion", ["ON", "OFF"])
@pytest.mark.parametrize("phase", ["prefer_junction", "normalized"])
async def test_replace_keeps_every_assignment_in_the_later_phases(tmp_path: Path, phase: Phase, recursion: str) -> None:
    path = filled(tmp_path)
    async with await open_database(path) as db:
        await lead_to(db, phase)
        with closing(raw.connect(path)) as connection:
            connection.execute(f"PRAGMA recursive_triggers = {recursion}")
            before = rows(connection)
            connection.execute(REPLACE_CLIENT, (1, "ines@new.io"))
            assert primary(connection) == "ines@new.io"
            connection.execute(
                "INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date) "
                "VALUES (1, 'N', 'n', '2026-01-01', '2026-01-02')"
            )
            assert rows(connection) == [(before[0][0], "ines@new.io", *before[0][2:]), before[1]]
        await lead_to(db, "dual_write")
    with closing(raw.connect(path)) as connection:
        assert in_json(connection) == [LIST[0] | {"email": "ines@new.io"}, *LIST[1:]]
        assert_clean(connection)


SHARED = [
    {"email": INES, "role": "traveler", "name": "Ada", "seat": "1B"},
    {"email": INES, "role": "traveler", "name": "Ines", "seat": "1A"},
    {"email": INES, "role": "child", "name": "Leo"},
]


@pytest.mark.parametrize("email", [INES, "ines@new.io", JON])
@pytest.mark.parametrize("pragmas", PRAGMAS)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.sampled(5)
async def test_a_replaced_client_keeps_the_trips_together_with_those_who_share_the_email(
    tmp_path: Path, phase: Phase, pragmas: tuple[str, str], email: str
) -> None:
    path = filled(tmp_path)
    with closing(raw.connect_file(path)) as connection:
        connection.execute("UPDATE trips_v2 SET clients = ?", (json.dumps(SHARED),))
        before = rows(connection)
    async with await open_database(path) as db:
        await lead_to(db, phase)
        with closing(raw.connect(path)) as connection:
            set_pragmas(connection, *pragmas)
            # A note of an earlier deletion must not matter.
            connection.execute("INSERT OR IGNORE INTO clients_v2 (email, full_name) VALUES (?, 'Noted')", (INES,))
            connection.execute(REPLACE_CLIENT, (1, email))
            assert rows(connection) == [(row[0], email, *row[2:]) for row in before]
        await assert_in_order(db, phase)
        await lead_to(db, "dual_write")
    with closing(raw.connect(path)) as connection:
        assert in_json(connection) == [entry | {"email": email} for entry in SHARED]
        assert_clean(connection)


async def test_update_or_replace_of_an_email_keeps_those_who_share_either(tmp_path: Path) -> None:
    path = filled(tmp_path)
    theirs = {"email": MIA, "role": "traveler", "name": "Kit"}
    for recursion in ("ON", "OFF"):
        with closing(raw.connect(path)) as connection:
            connection.execute(f"PRAGMA recursive_triggers = {recursion}")
            connection.execute("INSERT OR IGNORE INTO clients_v2 (email, full_name) VALUES (?, 'Mia')", (MIA,))
            connection.execute("UPDATE trips_v2 SET clients = ?", (json.dumps([*SHARED, theirs]),))
            connection.execute("UPDATE OR REPLACE clients_v2 SET email = ? WHERE email = ?", (INES, MIA))
            assert in_json(connection) == [*SHARED, theirs | {"email": INES}]
            assert sorted(in_junction(connection)) == [(INES, "child"), (INES, "traveler")]
            assert_clean(connection)


# Three trips on which clients share trips and roles. The seat tells the entries apart.
SEATS = {
    1: [(INES, "traveler", "1A"), (JON, "traveler", "1B"), (INES, "payer", "1C")],
    2: [(JON, "traveler", "2A"), (MIA, "guide", "2B")],
    3: [(INES, "guide", "3A"), (MIA, "traveler", "3B"), ("no@client.io", "traveler", "3C")],
}

# The slug is another trip's, which stays. The list is the old one, in the phase that has one to write.
REPLACE_TRIP_ONE = """INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date{,})
VALUES (1, 'R', 'two', '', ''{1})"""

# Writes by trip or client, with the trips and clients that have become others. 0 and "" stand for none.
CHANGES: list[tuple[str, dict[int, int], dict[str, str]]] = [
    (
        "INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) VALUES (1, 'new@x.io', 'R')",
        {},
        {INES: "new@x.io"},
    ),
    ("INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) VALUES (1, 'jon@x.io', 'R')", {}, {INES: JON}),
    ("INSERT OR REPLACE INTO clients_v2 (client_id, email, full_name) VALUES (9, 'ines@x.io', 'R')", {}, {}),
    ("INSERT INTO clients_v2 (email, full_name) VALUES ('zoe@x.io', 'Z')", {}, {}),
    ("UPDATE OR REPLACE clients_v2 SET email = 'jon@x.io' WHERE client_id = 1", {}, {INES: JON}),
    ("UPDATE OR REPLACE clients_v2 SET client_id = 2 WHERE client_id = 1", {}, {JON: INES}),
    ("UPDATE clients_v2 SET email = 'new@x.io' WHERE client_id = 1", {}, {INES: "new@x.io"}),
    ("UPDATE clients_v2 SET client_id = 9 WHERE client_id = 1", {}, {}),
    ("DELETE FROM clients_v2 WHERE client_id = 1", {}, {INES: ""}),
    (
        REPLACE_TRIP_ONE,
        {},
        {},
    ),
    (
        "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date) VALUES (9, 'R', 'one', '', '')",
        {},
        {},
    ),
    ("UPDATE trips_v2 SET trip_id = 9 WHERE trip_id = 1", {1: 9}, {}),
    ("UPDATE OR REPLACE trips_v2 SET trip_id = 2 WHERE trip_id = 1", {1: 2, 2: 0}, {}),
    ("DELETE FROM trips_v2 WHERE trip_id = 1", {1: 0}, {}),
]

# Writes that change nothing, but leave notes of what they would have replaced.
IGNORED = """
INSERT OR IGNORE INTO clients_v2 (client_id, email, full_name) VALUES (3, 'jon@x.io', 'Ignored');
UPDATE OR IGNORE clients_v2 SET email = 'mia@x.io' WHERE client_id = 2;
INSERT OR IGNORE INTO trips_v2 (trip_id, trip_name, start_date, end_date) VALUES (3, 'Ignored', '', '');
UPDATE OR IGNORE trips_v2 SET trip_id = 3 WHERE trip_id = 2;
"""


def seats(con: sqlite3.Connection) -> set[tuple[Any, ...]]:
    sql = "SELECT trip_id, coalesce(client_email, email), role, element ->> '$.seat' FROM trip_people"
    return set(con.execute(sql))


def assignments(con: sqlite3.Connection) -> dict[int, tuple[Any, ...]]:
    found = con.execute("SELECT assignment_id, trip_id, client_email, client_role FROM trip_client_assignments")
    return {row[0]: row[1:] for row in found}


@pytest.mark.parametrize("pragmas", [("ON", "OFF"), ("ON" if is_hosted() else "OFF", "ON")])
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.sampled(3)
async def test_whoever_shares_trips_and_roles_keeps_exactly_the_own_assignments(
    tmp_path: Path, phase: Phase, pragmas: tuple[str, str]
) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with closing(raw.connect_file(path)) as con:
        con.executemany("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')", [(INES,), (JON,), (MIA,)])
        for trip, slug in ((1, "one"), (2, "two"), (3, "three")):
            entries = [{"email": email, "role": role, "seat": seat} for email, role, seat in SEATS[trip]]
            con.execute(
                "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients) "
                "VALUES (?, 'N', ?, '', '', ?)",
                (trip, slug, json.dumps(entries)),
            )
    async with await open_database(path) as db:
        await lead_to(db, phase)
    list_of = ", (SELECT clients FROM trips_v2 WHERE trip_id = 1)" if phase == "dual_write" else ""
    for number, (change, trips, clients) in enumerate(CHANGES):
        with closing(raw.connect(raw.copied(path, tmp_path / f"{number}.db"))) as con:
            before, rows_before = seats(con), assignments(con)
            assert before == {(trip, *one) for trip, of_trip in SEATS.items() for one in of_trip}
            set_pragmas(con, *pragmas)
            for statement in filter(str.strip, IGNORED.split(";") if pragmas[0] == "ON" else ()):
                con.execute(statement)
            con.execute(change.replace("{,}", ", clients" if list_of else "").replace("{1}", list_of))
            moved = ((trips.get(one[0], one[0]), clients.get(one[1], one[1]), *one[2:]) for one in before)
            expected = {one for one in moved if one[0] and one[1]}
            assert seats(con) == expected, change
            found = assignments(con)
            assert set(found.values()) == {one[:3] for one in expected if one[1] != "no@client.io"}, change
            assert all(found[key][2] == rows_before[key][2] for key in found), change
            if phase != "normalized":
                assert_clean(con)
