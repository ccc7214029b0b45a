"""Everyone on a trip is named, even without a client or with a shared e-mail; unreadable lists are reported."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, KYOTO, Desk, new_desk, op
from engines import foreign_keys_off
from indexing import assert_indexed
from mcp_types import TextResourceContents
from oracle import assert_clean, junction_pairs
from phasing import assert_in_order, lead_to

from database import guests
from database.roles import STAYS_AT_HOME, TRAVELS, travels

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from database.phase import Phase

BABY = {"name": "Baby Hale", "role": "child", "seat": "lap"}
each_phase = pytest.mark.parametrize("phase", ["dual_write", "prefer_junction", "normalized"])


def add_to_json(desk: Desk, *entries: Any, trip: int = KYOTO) -> None:
    for entry in entries:
        sql = "UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json(?)) WHERE trip_id = ?"
        desk.sql(sql, json.dumps(entry), trip)


async def page(desk: Desk, uri: str) -> str:
    contents = (await desk.client.read_resource(uri)).contents[0]
    assert isinstance(contents, TextResourceContents)
    return contents.text


@each_phase
async def test_a_guest_without_a_client_is_named_wherever_travelers_are_listed(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, BABY, "Grandma", {"first_name": "Zoë", "last_name": "Hale", "email": "zoe@unknown.example"})
        await lead_to(desk.db, phase)
        found = await desk.call("get_anything", query=str(KYOTO))
        assert [(one["name"], one["role"]) for one in found["trip"]["guests"]] == [
            ("Baby Hale", "child"),
            ("Grandma", "traveler"),
            ("Zoë Hale", "traveler"),
        ]
        assert '"Ana Lima" (traveler), "Baby Hale" (child, not linked), "Grandma" (traveler' in found["message"]
        listed = next(one for one in (await desk.call("list_trips"))["trips"] if one["trip_id"] == KYOTO)
        assert (listed["travelers"], listed["traveler_names"][1]) == (4, "Baby Hale (not linked)")
        await desk.call("refresh_trip_facts", force_refresh=True)
        facts = (await desk.call("query_trip_facts", trip_ids=[KYOTO]))["trips"][0]
        assert (facts["traveler_count"], facts["traveler_names"][1:3]) == (4, ["Baby Hale", "Grandma"])
        assert '- "Baby Hale", child (not linked)' in await page(desk, "trip://lima-in-kyoto")


@each_phase
async def test_a_guest_is_found_by_search_and_identifies_the_trip(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, BABY | {"name": "Bébé Høle"})
        await lead_to(desk.db, phase)
        assert (await desk.call("get_anything", query="bebe hole"))["trip"]["trip_id"] == KYOTO
        changed = await desk.call("bulk_trip_operations", trip_identifier="bebe", operations=[op("add_note", note="x")])
        assert changed["trip_id"] == KYOTO


async def test_people_who_share_an_email_are_all_named(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, *({"email": ANA, "role": "traveler", "name": name} for name in ("Ana Lima", "Mia", "Leo")))
        message = (await desk.call("get_anything", query=str(KYOTO)))["message"]
        assert f'"Ana Lima" (traveler), "Mia" (traveler, shares {ANA}), "Leo" (traveler, shares {ANA})' in message
        assert (await desk.call("get_anything", query="mia"))["trip"]["trip_id"] == KYOTO


# A family with one e-mail: two guests with Ana's role, one with another, and two entries that are Ana's own.
FAMILY: list[dict[str, Any]] = [
    {"name": "Grandpa"},
    {"email": ANA, "role": "traveler", "name": "Mia Lima", "seat": "2B"},
    {"email": ANA, "role": "traveler", "name": "Ana Lima", "seat": "2A"},
    {"email": ANA, "role": "child", "first_name": "Leo", "age": 3},
    {"email": ANA, "role": "traveler", "name": "Uma", "seat": "2C"},
    {"email": ANA, "role": "payer", "card": "visa"},
]
GUESTS = [FAMILY[0], FAMILY[1], FAMILY[3], FAMILY[4]]


@each_phase
@pytest.mark.parametrize("foreign_keys", ["ON", pytest.param("OFF", marks=foreign_keys_off)])
@pytest.mark.sampled(2)
async def test_the_guests_of_a_client_deleted_by_raw_sql_stay(tmp_path: Path, phase: Phase, foreign_keys: str) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(FAMILY), KYOTO)
        await lead_to(desk.db, phase)
        desk.sql(f"PRAGMA foreign_keys = {foreign_keys}")
        desk.sql("SELECT 1 FROM clients_v2")  # reads the schema of the phase
        desk.sql("DELETE FROM clients_v2 WHERE email = ?", ANA)
        await assert_in_order(desk.db, phase)
        assert desk.sql("SELECT * FROM trip_client_assignments WHERE trip_id = ?", KYOTO) == []
        found = await desk.call("get_anything", query=str(KYOTO))
        assert [(one["name"], one["role"]) for one in found["trip"]["guests"]] == [
            ("Grandpa", "traveler"),
            ("Mia Lima", "traveler"),
            ("Leo", "child"),
            ("Uma", "traveler"),
        ]
        for name in ("uma", "mia", "leo"):
            assert (await desk.call("get_anything", query=name))["trip"]["trip_id"] == KYOTO
        listed = next(one for one in (await desk.call("list_trips"))["trips"] if one["trip_id"] == KYOTO)
        assert listed["travelers"] == 4
        await lead_to(desk.db, "dual_write")
        assert json.loads(desk.column("clients", KYOTO)) == GUESTS
        desk.sql("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Ana Lima')", ANA)
        pairs = desk.sql("SELECT client_role FROM trip_client_assignments WHERE trip_id = ? ORDER BY 1", KYOTO)
        assert pairs == [("child",), ("traveler",)]


NAMES = [None, "Ana", "ana lima", "Ana B", "Lima", "Mia Lima", "Mia", 'Jo "A;b" \'na', "Zoë", " Ana", "Anabel Lim"]


@pytest.mark.parametrize("recursive", [False, True])
def test_guests_of_a_client_whose_stored_email_has_upper_case_stay(
    connection: sqlite3.Connection, *, recursive: bool
) -> None:
    connection.execute(f"PRAGMA recursive_triggers = {recursive:d}")
    family = [{"email": "Ana@X.io", "role": "traveler", "name": name} for name in ("ANA LIMA", "Mia Fir")]
    connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('Ana@X.io', 'Ana Lima')")
    add = "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('N', '', '', ?)"
    for entries in (family, family[:1], [*family[1:], {"email": "Zoe@X.io"}]):
        connection.execute(add, (json.dumps(entries),))
    connection.execute("DELETE FROM clients_v2")
    lists = [json.loads(row[0]) for row in connection.execute("SELECT clients FROM trips_v2 ORDER BY trip_id")]
    assert lists == [[family[1]], [], [family[1], {"email": "Zoe@X.io"}]]
    waiting = "SELECT trip_id, email FROM trip_client_unlinked ORDER BY 1, 2"
    assert connection.execute(waiting).fetchall() == [(1, "ana@x.io"), (3, "ana@x.io"), (3, "zoe@x.io")]
    connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('ana@x.io', 'Mia Fir')")
    assert junction_pairs(connection) == {1: [("ana@x.io", "traveler")], 3: [("ana@x.io", "traveler")]}
    assert_clean(connection)
    assert_indexed(connection)


@each_phase
@pytest.mark.sampled(3)
async def test_exactly_those_stay_who_were_named_as_guests(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        for names in [*combinations(NAMES, 1), *combinations(NAMES, 2), *combinations(NAMES[:7], 3)]:
            people = [
                {"email": ANA, "role": "guide", "seat": name} | ({"name": name} if name else {}) for name in names
            ]
            sql = "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('T', '', '', ?)"
            desk.sql(sql, json.dumps(people))
        await lead_to(desk.db, phase)
        trip_ids = [trip_id for (trip_id,) in desk.sql("SELECT trip_id FROM trips_v2")]
        before = [(one["trip_id"], one["name"]) for one in await guests.on_trips(desk.db, trip_ids)]
        desk.sql("SELECT 1 FROM clients_v2")  # reads the schema of the phase
        desk.sql("DELETE FROM clients_v2 WHERE email = ?", ANA)
        assert [(one["trip_id"], one["name"]) for one in await guests.on_trips(desk.db, trip_ids)] == before
        assert len(before) > len(NAMES)
        await assert_in_order(desk.db, phase)


PHASES_OF_RESTORE: list[tuple[Phase, Phase]] = [
    ("dual_write", "dual_write"),
    ("prefer_junction", "prefer_junction"),
    ("normalized", "normalized"),
    ("dual_write", "normalized"),
    ("normalized", "prefer_junction"),
]


@pytest.mark.parametrize(("phase", "later"), PHASES_OF_RESTORE)
@pytest.mark.sampled(2)
async def test_deleting_and_restoring_a_client_keeps_everyone_who_shares_the_email(
    tmp_path: Path, phase: Phase, later: Phase
) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(FAMILY), KYOTO)
        await lead_to(desk.db, phase)
        before = desk.sql("SELECT * FROM trip_client_assignments ORDER BY 1")
        people = await named(desk)
        await desk.call("cleanup_duplicate_clients", email_patterns=["ana@*"], dry_run=False)
        assert await named(desk) == [one for one in people if "Ana Lima" not in one]
        await lead_to(desk.db, later)
        await desk.call("restore_deleted", trip_name="Ana Lima")
        await assert_in_order(desk.db, later)
        assert desk.sql("SELECT * FROM trip_client_assignments ORDER BY 1") == before
        assert await named(desk) == people
        await lead_to(desk.db, "dual_write")
        assert by_name(json.loads(desk.column("clients", KYOTO))) == by_name(FAMILY)
        if phase == later:
            assert json.loads(desk.column("clients", KYOTO)) == FAMILY


@each_phase
@pytest.mark.parametrize("first", ["Ana Lima", "Lima in Kyoto"])
@pytest.mark.sampled(3)
async def test_a_deleted_client_and_trip_are_restored_in_any_order_with_everyone_who_shares_the_email(
    tmp_path: Path, phase: Phase, first: str
) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(FAMILY), KYOTO)
        await lead_to(desk.db, phase)
        people = await named(desk)
        delete_client = ("cleanup_duplicate_clients", {"email_patterns": ["ana@*"], "dry_run": False})
        delete_trip = ("delete_trip", {"trip_identifier": str(KYOTO), "confirm_trip_name": "Lima in Kyoto"})
        for deletions in ([delete_client, delete_trip], [delete_trip, delete_client]):
            for tool, arguments in deletions:
                await desk.call(tool, **arguments)
            names = sorted(["Ana Lima", "Lima in Kyoto"], key=lambda name: name != first)
            for name in names:
                await desk.call("restore_deleted", trip_name=name)
            await assert_in_order(desk.db, phase)
            assert await named(desk) == people
        await lead_to(desk.db, "dual_write")
        assert json.loads(desk.column("clients", KYOTO)) == FAMILY


async def test_a_guest_changed_or_removed_while_the_client_was_deleted_is_left_so_by_the_restore(
    tmp_path: Path,
) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(FAMILY), KYOTO)
        await desk.call("cleanup_duplicate_clients", email_patterns=["ana@*"], dry_run=False)
        left = [FAMILY[0], FAMILY[1] | {"seat": "9F"}, FAMILY[3]]
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(left), KYOTO)
        await desk.call("restore_deleted", trip_name="Ana Lima")
        assert json.loads(desk.column("clients", KYOTO)) == [*left[:2], FAMILY[2], left[2], FAMILY[5]]


async def named(desk: Desk) -> list[str]:
    """The people of the trip to Kyoto with their roles and what their entries say, in no particular order."""
    trip = (await desk.call("get_anything", query=str(KYOTO)))["trip"]
    people = [f"{one['name']} ({one['role']})" for one in trip["guests"]]
    return sorted([*people, *(f"{one['full_name']} ({one['role']})" for one in trip["clients"])])


def by_name(entries: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in entries)


async def test_every_answer_about_a_trip_says_that_its_client_list_could_not_be_read(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", '[{"name":"Quentin', BANFF)
        note = (
            "could not be read, so people may be missing; its text is kept in trip_clients_quarantine, quarantine_id 1"
        )
        trip = {"trip_identifier": str(BANFF)}
        await desk.call("initialize_workflow", **trip)
        for tool, arguments in (
            ("get_anything", {"query": str(BANFF)}),
            ("get_anything", {"query": "quentin"}),
            ("continue_trip", {"search_query": str(BANFF)}),
            ("get_workflow_status", trip),
            ("get_workflow_instructions", trip),
            ("bulk_trip_operations", {**trip, "operations": [op("add_note", note="x")]}),
        ):
            assert note in (await desk.call(tool, **arguments))["message"], tool
        facts = (await desk.call("query_trip_facts", trip_ids=[BANFF, KYOTO]))["message"]
        assert f"could not be read, so people may be missing: {BANFF};" in facts
        listed = await desk.call("list_trips")
        assert [note in (one["unreadable"] or "") for one in listed["trips"]] == [True, False, False]
        assert "client list unreadable" in listed["message"]
        assert note in await page(desk, "trip://ode-in-banff")


async def test_people_in_roles_that_do_not_travel_are_listed_separately_and_not_counted(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN, role="Emergency-Contact"))
        add_to_json(desk, {"name": "Rich Aunt", "role": "payer"})
        message = (await desk.call("get_anything", query=str(KYOTO)))["message"]
        assert (
            'travelers: "Ana Lima" (traveler); not travelling: "Ben Ode" (Emergency-Contact), "Rich Aunt" (payer'
            in message
        )
        listed = next(one for one in (await desk.call("list_trips"))["trips"] if one["trip_id"] == KYOTO)
        assert listed["travelers"] == 1
        await desk.call("refresh_trip_facts")
        facts = (await desk.call("query_trip_facts", trip_ids=[KYOTO]))["trips"][0]
        assert (facts["traveler_count"], facts["traveler_emails"]) == (1, [ANA])
        assert '## Not travelling\n- "Ben Ode"' in await page(desk, "trip://lima-in-kyoto")
        await desk.do(KYOTO, op("assign_client", email=BEN, role="snorkel guide"))
        assert '"Ben Ode" ("snorkel guide")' in (await desk.call("get_anything", query=str(KYOTO)))["message"]


def test_sql_and_python_agree_on_who_travels() -> None:
    assert set(re.findall(r"'(\w{2,})'", TRAVELS)) == STAYS_AT_HOME
    assert not travels(" No show ")
    assert travels(None)
    assert travels("guide")
