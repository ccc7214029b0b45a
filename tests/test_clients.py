"""get_client and update_client: a client's data, and changes to it in both stores and on every trip."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, EMPTY, KYOTO, Desk, new_desk, op, open_desk, seeded
from phasing import lead_to

from database.phase import PHASES, Phase

if TYPE_CHECKING:
    from pathlib import Path

NEW = "ana.lima@example.net"

COLUMNS = ("email", "full_name", "contact_info", "preferences", "loyalty_programs", "travel_docs")


def row(desk: Desk, client_id: int = 1) -> dict[str, Any]:
    (found,) = desk.sql(f"SELECT {', '.join(COLUMNS)} FROM clients_v2 WHERE client_id = ?", client_id)
    return dict(zip(COLUMNS, found, strict=True))


def stored(desk: Desk, column: str) -> Any:
    return json.loads(row(desk)[column])


async def test_a_client_is_shown_with_all_trips_and_roles(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        known = {
            "phone": "1",
            "address": "2 Road",
            "notes": "kind",
            "preferences": {"seat": "aisle"},
            "loyalty_programs": {"Air": "A1"},
            "travel_docs": {"passport": "X"},
        }
        made = await desk.call("create_client_v2", email="Dia@example.net", full_name="Dia Roy", **known)
        await desk.do(KYOTO, op("assign_client", email="dia@example.net"))
        await desk.do(KYOTO, op("assign_client", email="dia@example.net", role="payer"))
        await desk.do(BANFF, op("assign_client", email="dia@example.net", role="guide"))
        client = await desk.call("get_client", email=" DIA@example.net")
        assert client == await desk.call("get_client", client_id=made["client_id"])
        assert client["contact_info"] == {"phone": "1", "address": "2 Road", "notes": "kind"}
        assert {key: client[key] for key in ("preferences", "loyalty_programs", "travel_docs")} == {
            key: known[key] for key in ("preferences", "loyalty_programs", "travel_docs")
        }
        assert [(trip["trip_id"], set(trip["roles"].split(", "))) for trip in client["trips"]] == [
            (KYOTO, {"traveler", "payer"}),
            (BANFF, {"guide"}),
        ]
        assert (client["trips_total"], client["next_cursor"]) == (2, None)


async def test_pages_of_a_clients_trips_have_no_gaps_or_duplicates_while_trips_are_added(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        wanted = [KYOTO, *[add_trip(desk, f"2026-01-{number // 2 + 1:02}") for number in range(7)]]
        ids: list[int] = []
        added: set[int] = set()
        page = await desk.call("get_client", email=ANA, limit=2)
        while True:
            ids += [trip["trip_id"] for trip in page["trips"]]
            if page["next_cursor"] is None:
                break
            added |= {add_trip(desk, day) for day in ("2030-01-01", "2026-01-02", "2020-01-01")}
            page = await desk.call("get_client", email=ANA, limit=2, cursor=page["next_cursor"])
        assert len(set(ids)) == len(ids)
        assert set(ids) - added == set(wanted)
        assert page["trips_total"] == len(wanted) + len(added)


def add_trip(desk: Desk, start: str) -> int:
    ((trip_id,),) = desk.sql(
        "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('T', ?, ?, ?) RETURNING trip_id",
        start,
        start,
        json.dumps([{"email": ANA, "role": "traveler"}]),
    )
    return trip_id


async def test_an_update_merges_the_values_sent_and_null_removes_a_key(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call(
            "update_client", client_id=1, phone="1", notes="n", preferences={"seat": "aisle", "food": {"a": 1, "b": 2}}
        )
        answer = await desk.call(
            "update_client",
            email=ANA,
            full_name="Ana de Lima",
            address="2 Road",
            phone=None,
            preferences={"seat": None, "food": {"b": None, "c": True}, "pace": "slow"},
            travel_docs={"passport": "X"},
        )
        assert answer["changed"] == ["full_name", "contact_info", "preferences", "travel_docs"]
        assert stored(desk, "contact_info") == {"notes": "n", "address": "2 Road"}
        assert stored(desk, "preferences") == {"food": {"a": 1, "c": True}, "pace": "slow"}
        assert stored(desk, "travel_docs") == {"passport": "X"}
        assert row(desk)["full_name"] == "Ana de Lima"
        assert (await desk.call("get_anything", query="de lima"))["clients"][0]["email"] == ANA
        logged = desk.sql("SELECT activity_type, client_id, trip_id FROM ActivityLog")
        assert logged == [("ClientUpdated", 1, None)] * 2


@pytest.mark.parametrize("held", ['["window"]', "not json", "7", '"text"'])
async def test_stored_data_that_is_not_a_json_object_is_kept(tmp_path: Path, held: str) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE clients_v2 SET preferences = ? WHERE client_id = 1", held)
        before = row(desk)["preferences"]
        await desk.call("update_client", email=ANA, phone="1")
        assert row(desk)["preferences"] == before
        await desk.call("update_client", email=ANA, preferences={"seat": "aisle"})
        earlier = held if held == "not json" else json.loads(held)
        assert stored(desk, "preferences") == {"earlier": earlier, "seat": "aisle"}


async def test_an_update_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("""UPDATE clients_v2 SET preferences = '{ "seat" : 1 }' WHERE client_id = 1""")
        before = desk.everything()
        answer = await desk.call(
            "update_client", email=ANA, new_email=ANA, full_name="Ana Lima", preferences={"seat": 1, "gone": None}
        )
        assert answer["changed"] == []
        assert "nothing changed" in answer["message"]
        assert desk.everything() == before
        changed = await desk.call("update_client", email=ANA, preferences={"seat": True})
        assert changed["changed"] == ["preferences"]
        assert row(desk)["preferences"] == '{"seat":true}'


async def test_a_new_email_reaches_both_stores_of_every_assignment(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        entry = {"email": ANA, "role": "traveler", "name": "Ana", "preferences": {"seat": "aisle"}}
        desk.sql(
            "UPDATE trips_v2 SET clients = ?, primary_client_email = ? WHERE trip_id = ?",
            f"[{json.dumps(entry)}]",
            ANA,
            KYOTO,
        )
        await desk.do(EMPTY, op("assign_client", email=ANA, role="payer"))
        before = (await desk.whole(KYOTO))["clients"][0]
        answer = await desk.call("update_client", email=ANA, new_email="Ana.Lima@Example.net ")
        assert (answer["email"], answer["changed"]) == (NEW, ["email"])
        assert desk.json("clients", KYOTO) == [entry | {"email": NEW}]
        assert desk.column("primary_client_email", KYOTO) == NEW
        assert (await desk.whole(KYOTO))["clients"] == [before | {"email": NEW}]
        assert await desk.roles(EMPTY) == {(NEW, "payer")}
        assert (await desk.refused("get_client", email=ANA)).startswith("not_found")


@pytest.mark.parametrize("phase", PHASES)
async def test_a_new_email_reaches_every_assignment_in_every_phase(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        await lead_to(desk.db, phase)
        answer = await desk.client.call_tool("update_client", {"client_id": 1, "new_email": NEW, "phone": "1"})
        assert not answer.is_error
        assert desk.sql("SELECT client_email FROM trip_client_assignments WHERE trip_id = ?", KYOTO) == [(NEW,)]
        shown = await desk.client.call_tool("get_client", {"email": NEW})
        assert shown.structured_content
        assert shown.structured_content["trips_total"] == 1
        await lead_to(desk.db, "dual_write")
        assert desk.json("clients", KYOTO)[0]["email"] == NEW
        await desk.call("get_client", email=NEW)


async def test_an_email_of_another_client_is_a_conflict_whatever_its_case(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE clients_v2 SET email = 'Ben@Example.net' WHERE email = ?", BEN)
        before = desk.everything()
        error = await desk.refused("update_client", email=ANA, new_email=BEN, phone="1")
        assert error.startswith(f"conflict: {BEN} already belongs to client_id 2")
        assert desk.everything() == before
        own = await desk.call("update_client", client_id=2, new_email=BEN)
        assert own["changed"] == ["email"]
        assert (await desk.roles(BANFF)) == {(BEN, "traveler")}


async def test_clients_whose_emails_differ_only_by_case_can_each_be_updated(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("INSERT INTO clients_v2 (email, full_name) VALUES ('ANA@example.net', 'Other')")
        for client_id in (1, 4):
            assert (await desk.call("update_client", client_id=client_id, phone="1"))["changed"] == ["contact_info"]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("get_client", {}, "invalid_input: The call identifies no client."),
        ("get_client", {"email": ANA, "client_id": 1}, "invalid_input: The call identifies a client twice."),
        ("get_client", {"client_id": 99}, "not_found: No client has client_id 99."),
        ("update_client", {"phone": "1"}, "invalid_input: The call identifies no client."),
        ("update_client", {"email": ANA}, "invalid_input: The call contains no change."),
        ("update_client", {"email": ANA, "phone": ""}, "invalid_input: The call contains no change."),
        ("update_client", {"email": "n@example.net", "phone": "1"}, "not_found: No client has the email"),
        ("update_client", {"email": ANA, "new_email": "zzz"}, "invalid_input: new_email is not an e-mail"),
        ("update_client", {"email": ANA, "full_name": "\u200b"}, "invalid_input: full_name"),
        ("update_client", {"email": ANA, "preferences": "aisle"}, "invalid_input: preferences"),
        ("update_client", {"email": ANA, "role": "payer"}, "invalid_input: role is not an argument here."),
    ],
)
@pytest.mark.sampled(3)
async def test_a_call_without_a_client_or_a_valid_change_is_refused(
    tmp_path: Path, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        assert (await desk.refused(tool, **arguments)).startswith(words)
        assert desk.everything() == before


async def test_lists_nested_too_deeply_to_be_read_back_are_refused(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(120):
        deep = [deep]
    async with new_desk(tmp_path) as desk:
        error = await desk.refused("update_client", email=ANA, preferences={"deep": deep})
        assert error.startswith("invalid_input: preferences can't be stored as JSON.")


async def test_keys_set_by_two_agents_at_once_are_all_kept(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        answers = await asyncio.gather(
            *[
                desk.client.call_tool(
                    "update_client", {"client_id": 1, "preferences": {f"key {number}": number, "all": {str(number): 1}}}
                )
                for number, desk in enumerate([one, other] * 10)
            ]
        )
        assert [answer.is_error for answer in answers] == [False] * 20
        kept = stored(one, "preferences")
        assert kept.pop("all") == {str(number): 1 for number in range(20)}
        assert kept == {f"key {number}": number for number in range(20)}
        assert len(one.sql("SELECT * FROM ActivityLog WHERE client_id = 1")) == 20


async def test_only_one_of_several_clients_given_the_same_email_at_once_gets_it(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        answers = await asyncio.gather(
            *[
                desk.client.call_tool("update_client", {"client_id": number, "new_email": NEW})
                for number, desk in enumerate([one, other, one], 1)
            ]
        )
        assert sorted(bool(answer.is_error) for answer in answers) == [False, True, True]
        assert one.sql("SELECT count(*) FROM clients_v2 WHERE email = ?", NEW) == [(1,)]
        await one.call("get_client", email=NEW)


async def test_a_change_with_an_idempotency_key_is_made_once(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        call = {"client_id": 1, "new_email": NEW, "idempotency_key": "k"}
        first = await desk.call("update_client", **call)
        assert await desk.call("update_client", **call) == first | {"replayed": True}
        assert len(desk.sql("SELECT * FROM ActivityLog")) == 1


async def test_a_new_name_marks_the_facts_of_the_clients_trips_stale(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("DELETE FROM facts_dirty")
        await desk.call("update_client", email=ANA, full_name="Ana de Lima")
        assert desk.sql("SELECT trip_id, reason FROM facts_dirty") == [(KYOTO, "client_changed")]
