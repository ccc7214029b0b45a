"""Mistakes that naive dual writes make with assignments, and the correct behaviour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, EMPTY, KYOTO, Era, an_era, new_desk, op
from oracle import assert_clean

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = {"client_id": 1, "name": "Ana L", "email": ANA, "role": "traveler", "preferences": {"seat": "aisle"}}


@an_era
async def test_a_client_with_two_roles_keeps_one_when_the_other_is_removed(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(KYOTO, op("assign_client", email=ANA, role="payer"))
        assert await desk.roles(KYOTO) == {(ANA, "traveler"), (ANA, "payer")}
        await desk.do(KYOTO, op("unassign_client", email=ANA, role="payer"))
        assert await desk.roles(KYOTO) == {(ANA, "traveler")}
        await desk.do(KYOTO, op("assign_client", email=ANA, role="payer"))
        desk.sql("DELETE FROM trip_client_assignments WHERE client_role = 'traveler' AND trip_id = ?", KYOTO)
        assert await desk.roles(KYOTO) == {(ANA, "payer")}


@an_era
async def test_repeating_an_assignment_changes_nothing_and_the_answer_says_so(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN))
        before = desk.everything()
        (first,) = await desk.do(KYOTO, op("assign_client", email=ANA))
        (again,) = await desk.do(KYOTO, op("assign_client", email=" ANA@Example.NET "))
        assert again == first
        assert again["created"] is False
        assert "already" in again["message"]
        assert "json_written_by" not in again
        assert desk.everything() == before


@an_era
async def test_an_entry_without_an_email_survives_changes_to_others(tmp_path: Path, era: Era) -> None:
    baby = {"name": "Baby Lima", "role": "traveler"}
    async with new_desk(tmp_path, era) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps([baby, ENTRY]), KYOTO)
        await desk.do(
            KYOTO,
            op("assign_client", email=BEN),
            op("unassign_client", email=ANA),
            op("change_client_role", email=BEN, to_role="guide"),
            op("unassign_client", email=BEN),
        )
        assert desk.json("clients", KYOTO) == [baby]


@an_era
async def test_assigning_a_client_who_is_already_in_the_json_keeps_the_entrys_details(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps([ENTRY]), KYOTO)
        await desk.do(KYOTO, op("assign_client", email=ANA), op("assign_client", email=ANA, role="payer"))
        first, second = desk.json("clients", KYOTO)
        assert ENTRY.items() <= first.items()
        assert (second["email"], second["role"]) == (ANA, "payer")


@an_era
@pytest.mark.parametrize("raw", ['[{"email": "ana@example.net", "rol', "", "plain words", '{"a":1} trailing'])
async def test_an_assignment_succeeds_despite_malformed_json_and_the_text_is_kept(
    tmp_path: Path, era: Era, raw: str
) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", raw, KYOTO)
        (result,) = await desk.do(KYOTO, op("assign_client", email=BEN))
        assert result["created"] is True
        assert (BEN, "traveler") in await desk.roles(KYOTO)
        assert desk.sql("SELECT trip_id, raw_text FROM trip_clients_quarantine") == [(KYOTO, raw)]


@an_era
@pytest.mark.parametrize("raw", ["null", "{}", '"text"', "7"])
async def test_an_assignment_replaces_json_that_is_not_an_array_and_reaches_both_stores(
    tmp_path: Path, era: Era, raw: str
) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.drop_triggers("trg_trips_v2_clients_update")
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", raw, EMPTY)
        (result,) = await desk.do(EMPTY, op("assign_client", email=BEN))
        assert result["success"] is result["created"] is True
        assert await desk.roles(EMPTY) == {(BEN, "traveler")}
        assert [entry["email"] for entry in desk.json("clients", EMPTY)] == [BEN]
        assert desk.sql("SELECT raw_text FROM trip_clients_quarantine") == [(raw,)]


@an_era
async def test_one_malformed_trip_does_not_affect_other_trips(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.drop_triggers("trg_trips_v2_clients_update")
        desk.sql("UPDATE trips_v2 SET clients = '[{\"em' WHERE trip_id = ?", EMPTY)
        assert len(desk.sql("SELECT * FROM trip_client_relationships")) == 2
        desk.sql("DELETE FROM clients_v2 WHERE email = ?", BEN)
        await desk.do(EMPTY, op("assign_client", email=ANA))
        assert await desk.roles(BANFF) == set()


@an_era
async def test_when_one_of_three_operations_fails_the_answer_reports_it_by_number_and_type(
    tmp_path: Path, era: Era
) -> None:
    async with new_desk(tmp_path, era) as desk:
        answer = await desk.bulk(
            KYOTO, op("add_note", note="one"), op("update_cost", cost=-1), op("assign_client", email=BEN)
        )
        assert answer["success"] is False
        assert (answer["operations_completed"], answer["operations_failed"]) == (2, 1)
        assert [result["success"] for result in answer["results"]] == [True, False, True]
        assert "2 (update_cost)" in answer["message"]
        assert (BEN, "traveler") in await desk.roles(KYOTO)


BAD_EMAILS: list[tuple[dict[str, Any], str]] = [
    ({"email": None}, "identifies no client"),
    ({}, "identifies no client"),
    ({"email": ""}, "identifies no client"),
    ({"email": "   "}, "identifies no client"),
    ({"email": "zzz"}, "is not an e-mail address"),
    ({"email": "a@b@c.io"}, "is not an e-mail address"),
    ({"email": "a b@c.io"}, "is not an e-mail address"),
    ({"email": "a\0@c.io"}, "is not an e-mail address"),
    ({"email": 7}, "email"),
    ({"email": [ANA, ANA]}, "email"),
    ({"email": ANA, "client_id": 1}, "twice"),
    ({"email": "new@example.net"}, "no name was sent"),
    ({"client_id": 999}, "No client has client_id 999"),
    ({"client_id": True}, "boolean"),
    ({"client_id": 1.5}, "client_id"),
]


@an_era
@pytest.mark.parametrize(("data", "words"), BAD_EMAILS, ids=[str(data) for data, _ in BAD_EMAILS])
@pytest.mark.sampled(3)
async def test_an_assignment_that_does_not_identify_a_client_gets_an_error_with_a_remedy(
    tmp_path: Path, era: Era, data: dict[str, Any], words: str
) -> None:
    async with new_desk(tmp_path, era) as desk:
        error = await desk.fails(KYOTO, {"type": "assign_client", "data": data})
        problem, remedy = error.split("\n")
        assert words in problem
        assert "end" in remedy


@pytest.mark.parametrize("email", [f" {BEN}\t", BEN.upper(), "Ben@Example.net\n"])
async def test_padding_and_case_of_an_email_are_ignored(tmp_path: Path, email: str) -> None:
    async with new_desk(tmp_path) as desk:
        (result,) = await desk.do(KYOTO, op("assign_client", email=email))
        assert (result["email"], result["client_created"]) == (BEN, False)


@an_era
async def test_a_client_added_to_the_json_by_old_code_is_on_the_trip(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.sql(
            "UPDATE trips_v2 SET clients = ? WHERE trip_id = ?",
            json.dumps([{"email": BEN, "role": "guide"}, {"email": " ANA@example.net"}]),
            KYOTO,
        )
        assert await desk.roles(KYOTO) == {(BEN, "guide"), (ANA, "traveler")}


@an_era
async def test_the_view_has_one_row_per_pair_and_shows_which_store_has_the_pair(tmp_path: Path, era: Era) -> None:
    view = "SELECT assigned_email, assigned_role, source FROM trip_client_relationships WHERE trip_id = ? ORDER BY 1, 2"
    async with new_desk(tmp_path, era) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN, role="payer"), op("assign_client", email=BEN))
        assert desk.sql(view, KYOTO) == [(ANA, "traveler", "both"), (BEN, "payer", "both"), (BEN, "traveler", "both")]
        desk.drop_triggers()
        desk.sql("DELETE FROM trip_client_assignments WHERE client_email = ? AND client_role = 'traveler'", ANA)
        desk.sql("UPDATE trips_v2 SET clients = json_remove(clients, '$[1]') WHERE trip_id = ?", KYOTO)
        assert [row[2] for row in desk.sql(view, KYOTO)].count("junction_table") == 1
        assert [row[2] for row in desk.sql(view, KYOTO)].count("json_field") == 1


@an_era
async def test_changing_an_email_and_deleting_a_client_update_both_stores(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.sql("UPDATE trips_v2 SET primary_client_email = ? WHERE trip_id = ?", ANA, KYOTO)
        desk.sql("UPDATE clients_v2 SET email = 'lima@example.org' WHERE email = ?", ANA)
        assert_clean(desk.connection)
        trip = await desk.whole(KYOTO)
        assert trip["primary_client_email"] == trip["clients"][0]["email"] == "lima@example.org"
        desk.sql("DELETE FROM clients_v2 WHERE email = 'lima@example.org'")
        trip = await desk.whole(KYOTO)
        assert (trip["primary_client_email"], trip["clients"], desk.json("clients", KYOTO)) == (None, [], [])


@an_era
async def test_a_role_changed_in_the_junction_changes_in_the_json(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.sql("UPDATE trip_client_assignments SET client_role = 'guide' WHERE trip_id = ?", KYOTO)
        assert await desk.roles(KYOTO) == {(ANA, "guide")}
        assert [entry["role"] for entry in desk.json("clients", KYOTO)] == ["guide"]
