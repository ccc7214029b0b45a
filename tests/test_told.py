"""An answer tells what else a write reached, and what is for clients is kept apart from what is for the team."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, Era, each_era, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path

    from desk import Desk

NEW = "ana.lima@example.net"


async def page(desk: Desk, uri: str) -> str:
    (content,) = (await desk.client.read_resource(uri)).contents
    return str(getattr(content, "text", ""))


@each_era
async def test_a_new_e_mail_is_told_with_the_trips_and_primary_contacts_that_it_reached(
    tmp_path: Path, era: Era
) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(KYOTO, op("assign_client", email=ANA, role="payer"))
        await desk.do(BANFF, op("update_details", primary_client_email=ANA))
        answer = await desk.call("update_client", email=ANA, new_email=NEW, phone="1", idempotency_key="k")
        assert answer["trips"] == [
            {"trip_id": KYOTO, "trip_name": "Lima in Kyoto", "roles": "payer, traveler", "primary_client": False},
            {"trip_id": BANFF, "trip_name": "Ode in Banff", "roles": None, "primary_client": True},
        ]
        assert "Trips that the new e-mail reached: 2." in answer["message"]
        assert answer["contact_info"] == {"phone": "1"}
        again = await desk.call("update_client", email=ANA, new_email=NEW, phone="1", idempotency_key="k")
        assert again == answer | {"replayed": True}
        answer = await desk.call("update_client", email=NEW, full_name="Ana L")
        assert (answer["changed"], [trip["trip_id"] for trip in answer["trips"]]) == (["full_name"], [KYOTO, BANFF])


async def test_a_new_client_is_told_with_the_trips_that_already_named_their_e_mail(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        waiting = json.dumps([{"email": "zoe@example.net", "role": "guide"}])
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", waiting, EMPTY)
        answer = await desk.call("create_client_v2", email="zoe@example.net", full_name="Zoe Wu")
        assert [(trip["trip_id"], trip["roles"]) for trip in answer["trips"]] == [(EMPTY, "guide")]


async def test_a_primary_traveler_becomes_the_primary_client_of_a_trip_without_one(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        primary = op("assign_client", email=BEN, role="primary_traveler")
        answer = await desk.bulk(KYOTO, primary)
        assert answer["after"][0]["primary_client_email"] == BEN
        assert answer["results"][0]["message"].endswith("They are now its primary client.")
        await desk.do(KYOTO, op("assign_client", email=CEM, role="primary_traveler"))
        assert desk.column("primary_client_email", KYOTO) == BEN
        await desk.do(BANFF, op("change_client_role", email=BEN, to_role="primary_traveler"))
        assert desk.column("primary_client_email", BANFF) == BEN
        (after,) = (await desk.bulk(EMPTY, op("assign_client", full_name="Zoe Wu", role="primary_traveler")))["after"]
        assert after["primary_client_email"] is None  # a person without an e-mail
        assert desk.column("primary_client_email", EMPTY).endswith(".invalid")


async def test_only_an_assignment_that_changes_something_changes_when_the_trip_was_updated(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        old = "2026-01-01 00:00:00"
        for operation, changes in (
            (op("assign_client", email=ANA), False),
            (op("assign_client", email=BEN), True),
            (op("change_client_role", email=BEN, to_role="guide"), True),
            (op("unassign_client", email=BEN), True),
        ):
            desk.sql("UPDATE trips_v2 SET updated_at = ? WHERE trip_id = ?", old, KYOTO)
            await desk.do(KYOTO, operation)
            assert (desk.column("updated_at", KYOTO) != old) == changes


@each_era
async def test_what_a_person_may_pass_on_has_only_what_is_for_clients(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(
            KYOTO,
            op("add_note", note="Commission 12 %."),
            op("add_note", note="Bring an adapter.", audience="clients"),
            op("add_activity", details="Called about the late deposit."),
            op("advance_workflow", phase="proposal", notes="They hesitate."),
        )
        desk.sql(
            """UPDATE trips_v2 SET financials = '{"commission": 77, "currency": "EUR"}' WHERE trip_id = ?""", KYOTO
        )
        for uri in ("trip://lima-in-kyoto", "trip://lima-in-kyoto/json"):
            told = await page(desk, uri)
            assert "Bring an adapter." in told
            assert "Lima in Kyoto" in told
            for hidden in ("Commission", "commission", "late deposit", "hesitate"):
                assert hidden not in told
        whole = json.dumps(await desk.whole(KYOTO))
        for kept in ("Commission 12 %.", "Bring an adapter.", "late deposit", "hesitate", "commission"):
            assert kept in whole


async def test_a_note_keeps_its_audience_until_it_is_given_another(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        (added,) = await desk.do(KYOTO, op("add_note", note="a", audience="clients"))
        (note,) = desk.json("notes", KYOTO)
        assert added["message"] == f"Note {note['id']} added, clients may see it."
        for change, shared in (({}, True), ({"audience": "team"}, False), ({"audience": "clients"}, True)):
            await desk.do(KYOTO, op("edit_note", note_id=note["id"], note="b", **change))
            assert desk.json("notes", KYOTO)[0]["shared"] is shared


async def test_the_latest_activities_say_who_did_them(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("add_note", note="a"))
        ((actor,),) = desk.sql("SELECT DISTINCT actor FROM ActivityLog WHERE activity_type = 'NoteAdded'")
        assert actor
        assert (await desk.whole(KYOTO))["recent_activity"][0]["actor"] == actor
        assert (await desk.call("continue_trip"))["recent_activity"][0]["actor"] == actor


@each_era
async def test_an_agent_is_told_what_the_desk_does_not_do(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        assert desk.client.instructions
        for told in (
            desk.client.instructions.replace("\n", " "),
            (await page(desk, "voygen://guide")).replace("\n   ", " "),
        ):
            assert "sends no e-mail" in told
            assert "books nothing" in told
