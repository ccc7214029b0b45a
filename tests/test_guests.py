"""Everyone on a trip is named, even without a client or with a shared e-mail; unreadable lists are reported."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, KYOTO, Desk, new_desk, op
from mcp_types import TextResourceContents
from phasing import lead_to

from database.roles import STAYS_AT_HOME, TRAVELS, travels

if TYPE_CHECKING:
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
        assert "Ana Lima (traveler), Baby Hale (child, not linked), Grandma (traveler, not linked)" in found["message"]
        listed = next(one for one in (await desk.call("list_trips"))["trips"] if one["trip_id"] == KYOTO)
        assert (listed["travelers"], listed["traveler_names"][1]) == (4, "Baby Hale (not linked)")
        await desk.call("refresh_trip_facts", force_refresh=True)
        facts = (await desk.call("query_trip_facts", trip_ids=[KYOTO]))["trips"][0]
        assert (facts["traveler_count"], facts["traveler_names"][1:3]) == (4, ["Baby Hale", "Grandma"])
        assert "- Baby Hale, child (not linked)" in await page(desk, "trip://lima-in-kyoto")


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
        assert f"Ana Lima (traveler), Mia (traveler, shares {ANA}), Leo (traveler, shares {ANA})" in message
        assert (await desk.call("get_anything", query="mia"))["trip"]["trip_id"] == KYOTO


async def test_deleting_and_restoring_a_client_keeps_everyone_who_shares_the_email(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        people = [{"email": ANA, "role": "traveler", "name": name} for name in ("Ana Lima", "Mia", "Leo")]
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps([*people, BABY]), KYOTO)
        before = desk.column("clients", KYOTO)
        await desk.call("cleanup_duplicate_clients", email_patterns=["ana@*"], dry_run=False)
        assert "Mia" not in desk.column("clients", KYOTO)
        await desk.call("restore_deleted", trip_name="Ana Lima")
        assert json.loads(desk.column("clients", KYOTO)) == json.loads(before)


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
            "travelers: Ana Lima (traveler); not travelling: Ben Ode (Emergency-Contact), Rich Aunt (payer" in message
        )
        listed = next(one for one in (await desk.call("list_trips"))["trips"] if one["trip_id"] == KYOTO)
        assert listed["travelers"] == 1
        await desk.call("refresh_trip_facts")
        facts = (await desk.call("query_trip_facts", trip_ids=[KYOTO]))["trips"][0]
        assert (facts["traveler_count"], facts["traveler_emails"]) == (1, [ANA])
        assert "## Not travelling\n- Ben Ode" in await page(desk, "trip://lima-in-kyoto")
        await desk.do(KYOTO, op("assign_client", email=BEN, role="snorkel guide"))
        assert "Ben Ode (snorkel guide)" in (await desk.call("get_anything", query=str(KYOTO)))["message"]


def test_sql_and_python_agree_on_who_travels() -> None:
    assert set(re.findall(r"'(\w{2,})'", TRAVELS)) == STAYS_AT_HOME
    assert not travels(" No show ")
    assert travels(None)
    assert travels("guide")
