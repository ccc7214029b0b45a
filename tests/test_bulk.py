"""bulk_trip_operations: the effects and refusals of each operation, and calls with many operations."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, new_desk, op

from tools.bulk import OPERATION

if TYPE_CHECKING:
    from pathlib import Path

TYPES = {
    "assign_client",
    "unassign_client",
    "change_client_role",
    "add_note",
    "edit_note",
    "remove_note",
    "update_status",
    "update_cost",
    "record_payment",
    "remove_payment",
    "set_payment_plan",
    "add_activity",
    "add_document",
    "advance_workflow",
    "set_workflow_step",
    "rename_trip",
    "update_dates",
    "update_details",
    "add_schedule_item",
    "update_schedule_item",
    "remove_schedule_item",
    "set_day",
    "add_stay",
    "update_stay",
    "remove_stay",
    "add_transport",
    "update_transport",
    "remove_transport",
    "import_from_url",
    "import_and_parse_from_url",
}

# Those that need a server of pages; see test_documents_tools.py.
IMPORTS = {"import_from_url", "import_and_parse_from_url"}


async def test_known_and_new_clients_are_assigned_as_travelers_or_in_a_given_role(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        known, by_id, new, in_parts = await desk.do(
            EMPTY,
            op("assign_client", email=BEN, role="guide"),
            op("assign_client", client_id="3"),
            op("assign_client", email="Dia@example.net", full_name="Dia Roy", phone="1", preferences={"a": [1]}),
            op("assign_client", email="eli@example.net", first_name="Eli", last_name="Roy"),
        )
        assert (known["email"], known["role"], known["client_created"]) == (BEN, "guide", False)
        assert by_id["email"] == CEM
        assert (new["email"], new["client_created"], new["created"]) == ("dia@example.net", True, True)
        assert in_parts["message"] == "Assigned eli@example.net as traveler, a new client."
        stored = desk.sql("SELECT full_name, contact_info, preferences FROM clients_v2 WHERE client_id > 3")
        assert stored == [("Dia Roy", '{"phone":"1"}', '{"a":[1]}'), ("Eli Roy", "{}", "{}")]
        ids = desk.sql("SELECT assignment_id FROM trip_client_assignments WHERE trip_id = ?", EMPTY)
        assert [row[0] for row in ids] == [result["assignment_id"] for result in (known, by_id, new, in_parts)]


async def test_assigning_a_known_client_leaves_their_data_unchanged_and_says_so(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.sql("SELECT * FROM clients_v2")
        (result,) = await desk.do(EMPTY, op("assign_client", email=BEN, full_name="Ben", phone="1"))
        assert "are unchanged" in result["message"]
        assert desk.sql("SELECT * FROM clients_v2") == before


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another name with a known e-mail": (op("assign_client", email=BEN, full_name="Tom Ode"), 'not to "Tom Ode"'),
    "another name with an id": (op("assign_client", client_id=1, full_name="Zoe Other"), 'not to "Zoe Other"'),
    "two different names": (op("assign_client", full_name="Mia", last_name="Stone"), "another first_name or last_name"),
    "an empty role": (op("unassign_client", email=ANA, role=""), "has an empty role"),
    "a word for no name": (op("assign_client", full_name="N/A"), "is the placeholder"),
    "an amount that may be a thousand": (op("update_cost", cost="1.200"), "could be 1200 or a fraction"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.sampled(2)
async def test_an_operation_that_could_mean_something_else_is_refused(tmp_path: Path, case: str) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        operation, words = REFUSED[case]
        answer = await desk.bulk(KYOTO, operation)
        assert words in answer["message"]
        assert desk.everything() == before


async def test_unassigning_a_client_removes_one_role_or_all_roles(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=ANA, role="payer"), op("assign_client", email=ANA, role="guide"))
        (one,) = await desk.do(KYOTO, op("unassign_client", client_id=1, role="payer"))
        assert one["roles"] == ["payer"]
        (rest,) = await desk.do(KYOTO, op("unassign_client", email=ANA))
        assert rest["roles"] == ["traveler", "guide"]
        assert desk.json("clients", KYOTO) == []
        assert (await desk.fails(KYOTO, op("unassign_client", email=ANA))).startswith("not_found")
        assert (await desk.fails(KYOTO, op("unassign_client", email="no@example.net"))).startswith("not_found")
        assert "but as traveler" in await desk.fails(BANFF, op("unassign_client", email=BEN, role="payer"))


async def test_changing_a_role_keeps_the_assignment_or_merges_it_into_an_existing_one(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = (await desk.whole(KYOTO))["clients"][0]
        (result,) = await desk.do(KYOTO, op("change_client_role", email=ANA, to_role="guide"))
        after = (await desk.whole(KYOTO))["clients"][0]
        assert after == before | {"role": "guide"}
        assert result["assignment_id"] == before["assignment_id"]
        await desk.do(KYOTO, op("assign_client", email=ANA, role="payer"))
        assert "several roles" in await desk.fails(KYOTO, op("change_client_role", email=ANA, to_role="x"))
        await desk.do(KYOTO, op("change_client_role", email=ANA, from_role="payer", to_role="guide"))
        assert await desk.roles(KYOTO) == {(ANA, "guide")}
        (same,) = await desk.do(KYOTO, op("change_client_role", email=ANA, to_role="guide"))
        assert "nothing changed" in same["message"]
        assert (await desk.fails(KYOTO, op("change_client_role", email=CEM, to_role="x"))).startswith("not_found")
        assert "to_role is missing" in await desk.fails(KYOTO, op("change_client_role", email=ANA))


async def test_operations_change_the_status_cost_dates_and_name(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.bulk(
            KYOTO,
            op("update_status", status="confirmed"),
            op("update_cost", cost="7000.5", currency="eur"),
            op("update_dates", start_date="2027-01-02", end_date="2027-01-02"),
            op("rename_trip", new_name="Lima in Nara"),
        )
        assert answer["success"]
        assert answer["trip_name"] == "Lima in Nara"
        trip = await desk.whole("lima-in-nara")
        assert (trip["trip_id"], trip["status"], trip["total_cost"]) == (KYOTO, "confirmed", 7000.5)
        assert (trip["start_date"], trip["end_date"]) == ("2027-01-02", "2027-01-02")
        assert trip["financials"] == {"total_cost": 7000.5, "currency": "EUR"}
        await desk.do(KYOTO, op("rename_trip", new_name="Ode in Banff"))
        assert desk.column("trip_slug", KYOTO) == "ode-in-banff-2"
        await desk.do(KYOTO, op("rename_trip", new_name="Osaka", update_slug=False), op("update_cost", cost=0))
        assert desk.column("trip_slug", KYOTO) == "ode-in-banff-2"
        assert desk.json("financials", KYOTO) == {"total_cost": 0, "currency": "EUR"}


async def test_changed_destinations_group_and_primary_client_are_found_by_search(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(
            EMPTY,
            op("update_details", destinations="Porto", group_name="Kaya party", primary_client_email=CEM.upper()),
        )
        trip = await desk.whole("porto")
        assert (trip["trip_id"], trip["group_name"], trip["primary_client_email"]) == (EMPTY, "Kaya party", CEM)
        await desk.do(EMPTY, op("update_details", group_name=None))
        trip = await desk.whole(EMPTY)
        assert (trip["destinations"], trip["group_name"], trip["primary_client_email"]) == ("Porto", None, CEM)
        new = {"email": "dia@example.net", "full_name": "Dia Roy"}
        error = await desk.fails(EMPTY, op("update_details", primary_client_email=new["email"]))
        assert error.startswith("not_found")
        assert "contains no change" in await desk.fails(EMPTY, op("update_details"))


@pytest.mark.parametrize("kind", sorted(TYPES))
@pytest.mark.sampled(4)
async def test_an_operation_with_missing_or_invalid_data_is_refused(tmp_path: Path, kind: str) -> None:
    async with new_desk(tmp_path) as desk:
        assert (await desk.fails(KYOTO, {"type": kind})).startswith("invalid_input: data is missing.")
        odd: list[Any] = [{}, None, [], "text", {"bogus": 1}, {"email": ANA, "role": "", "note": "  "}]
        for data in odd:
            error = await desk.fails(KYOTO, {"type": kind, "data": data})
            assert re.match(r"invalid_input: (\(1\) )?data", error)


@pytest.mark.parametrize(
    "operation", [5, None, "add_note", [], {}, {"type": None}, {"type": ["x"]}, {"type": "zzz", "data": {}}], ids=str
)
@pytest.mark.sampled(2)
async def test_an_unknown_operation_type_is_refused_with_the_valid_types(tmp_path: Path, operation: Any) -> None:
    async with new_desk(tmp_path) as desk:
        problem, remedy = (await desk.fails(KYOTO, operation)).split("\n")
        assert problem.startswith("invalid_input: ")
        assert ": :" not in problem
        assert "type" in remedy


async def test_unknown_arguments_are_refused_at_every_level(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        error = await desk.refused(
            "bulk_trip_operations", trip_identifier=KYOTO, operations=[op("add_note", note="x")], force=True
        )
        assert error.startswith("invalid_input: force is not an argument here.")
        assert desk.everything() == before
        in_operation = await desk.fails(KYOTO, op("add_note", note="x") | {"force": True})
        assert in_operation.startswith("invalid_input: force is not an argument here.")
        in_data = await desk.fails(KYOTO, op("add_note", note="x", force=True))
        remedy = "Leave it out; the arguments are note, audience."
        assert in_data == f"invalid_input: data.force is not an argument here.\n{remedy}"


async def test_fields_beside_data_that_are_in_data_too_are_refused_with_a_hint_to_move_them(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        said, remedy = (await desk.fails(KYOTO, {"type": "add_note", "note": "x", "data": {"note": "y"}})).split("\n")
        assert said == "invalid_input: note is not an argument here."
        assert remedy == "Put it into data."


async def test_an_atomic_call_applies_all_operations_or_none(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        operations = [op("add_note", note="x"), op("assign_client", email=BEN), op("update_cost", cost=-1)]
        answer = await desk.bulk(KYOTO, *operations, atomic=True)
        assert (answer["success"], answer["operations_completed"], answer["operations_failed"]) == (False, 0, 3)
        assert "another operation failed" in answer["results"][0]["message"]
        assert answer["results"][2]["error"].startswith("invalid_input")
        assert desk.everything() == before
        await desk.do(KYOTO, *operations[:2], atomic=True)
        assert await desk.roles(KYOTO) == {(ANA, "traveler"), (BEN, "traveler")}


EVERY_KIND = [
    op("assign_client", email="new@example.net", full_name="New"),
    op("unassign_client", email=ANA),
    op("assign_client", email=BEN),
    op("change_client_role", email=BEN, to_role="guide"),
    op("add_note", note="x"),
    op("edit_note", note_id="1", note="x"),
    op("remove_note", note_id="2"),
    op("update_status", status="confirmed"),
    op("update_cost", cost=1),
    op("record_payment", amount=1),
    op("remove_payment", payment_id=1),
    op("set_payment_plan", due=[{"date": "2027-01-01", "amount": 1}]),
    op("add_activity", details="x"),
    op("add_document", name="x"),
    op("advance_workflow", phase="planning"),
    op("set_workflow_step", step_number=2),
    op("rename_trip", new_name="Other"),
    op("update_dates", start_date="2027-01-01", end_date="2027-01-02"),
    op("update_details", destinations="Osaka"),
    op("add_schedule_item", day_number=1, title="Tea"),
    op("update_schedule_item", item_id="1.1", title="Tea"),
    op("remove_schedule_item", item_id="1.2"),
    op("set_day", day_number=2, title="Nara"),
    op("add_stay", name="Inn", check_in="2027-01-01", check_out="2027-01-02"),
    op("update_stay", item_id="1", city="Nara"),
    op("remove_stay", item_id="2"),
    op("add_transport", **{"type": "train", "from": "Kyoto", "to": "Nara", "depart": "2027-01-01T09:00"}),
    op("update_transport", item_id="1", number="7"),
    op("remove_transport", item_id="2"),
]


async def test_a_dry_run_reports_the_effects_and_writes_nothing(tmp_path: Path) -> None:
    assert {operation["type"] for operation in EVERY_KIND} == TYPES - IMPORTS
    async with new_desk(tmp_path) as desk:
        desk.sql(
            "UPDATE trips_v2 SET paid_amount = 5, notes = :two, accommodations = :two, transportation = :two, "
            'schedule = \'[{"activities": ["a", "b"]}]\' WHERE trip_id = 1'.replace(":two", '\'["a", "b"]\'')
        )
        before = raw.dump(desk.connection)
        answer = await desk.bulk(KYOTO, *EVERY_KIND, dry_run=True)
        assert answer["success"] is answer["dry_run"] is True
        assert answer["trip_name"] == "Lima in Kyoto"
        assert answer["message"] == '"Lima in Kyoto": 29 of 29 operations would be done.'
        assert raw.dump(desk.connection) == before
        await desk.do(KYOTO, *EVERY_KIND)
        assert await desk.roles(KYOTO) == {("new@example.net", "traveler"), (BEN, "guide")}


async def test_operations_apply_in_the_order_in_which_they_are_sent(tmp_path: Path) -> None:
    assign, unassign = op("assign_client", email=BEN, role="payer"), op("unassign_client", email=BEN)
    async with new_desk(tmp_path) as desk:
        first, _, last = await desk.do(KYOTO, assign, unassign, assign)
        assert first["created"] is last["created"] is True
        assert (BEN, "payer") in await desk.roles(KYOTO)
        await desk.do(KYOTO, unassign, assign, unassign)
        assert await desk.roles(KYOTO) == {(ANA, "traveler")}
        answer = await desk.bulk(KYOTO, unassign, assign)
        assert [result["success"] for result in answer["results"]] == [False, True]
        await desk.do(
            KYOTO,
            op("assign_client", email="new@example.net", full_name="New"),
            op("unassign_client", email="new@example.net"),
            op("assign_client", email="NEW@example.net", role="guide"),
            op("change_client_role", email="new@example.net", to_role="cook"),
        )
        assert ("new@example.net", "cook") in await desk.roles(KYOTO)


async def test_operations_may_be_sent_as_a_string_and_an_id_as_a_number(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.call(
            "bulk_trip_operations",
            trip_identifier=KYOTO,
            operations=json.dumps([op("add_note", note="[1]"), op("assign_client", client_id="2")]),
        )
        assert answer["success"]
        assert desk.json("notes", KYOTO)[0]["note"] == "[1]"
        for wrong in ("", "nope", "[]", "[" * 100_000, 5, None):
            error = await desk.refused("bulk_trip_operations", trip_identifier=KYOTO, operations=wrong)
            assert error.startswith("invalid_input: operations: ")


async def test_text_that_looks_like_json_is_stored_as_text(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for text in ("nil", "[1]", '{"a":1}', "true", "12"):
            trip = await desk.call(
                "create_trip_v2",
                trip_name=text,
                start_date="2027-01-01",
                end_date="2027-01-01",
                notes=text,
                destinations=text,
            )
            whole = await desk.whole(trip["trip_slug"])
            assert (whole["trip_name"], whole["destinations"], whole["notes"][0]["note"]) == (text, text, text)


async def test_a_nul_character_is_refused_in_every_text_field(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for operation in (
            op("assign_client", email=BEN, role="pay\0er"),
            op("assign_client", email="n@example.net", full_name="N\0"),
            op("add_note", note="\0"),
            op("rename_trip", new_name="a\0b"),
            op("change_client_role", email=ANA, to_role="\0a"),
        ):
            assert "NUL" in await desk.fails(KYOTO, operation)


def test_this_module_covers_every_operation_type() -> None:
    assert set(OPERATION.schema["discriminator"]["mapping"]) == TYPES


async def test_unassigning_a_client_reports_their_remaining_roles_on_the_trip(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(
            KYOTO, op("update_details", primary_client_email=ANA), op("assign_client", email=ANA, role="payer")
        )
        (one,) = await desk.do(KYOTO, op("unassign_client", email=ANA, role="payer"))
        assert one["message"] == f"{ANA} is no longer payer on the trip; still traveler."
        (rest,) = await desk.do(KYOTO, op("unassign_client", email=ANA))
        assert "still its primary client; change primary_client_email with update_details" in rest["message"]


async def test_creating_a_client_reports_another_client_with_the_same_name(tmp_path: Path) -> None:
    new = {"email": "lima@example.org", "full_name": "Ana Lima"}
    named = f'There is another "Ana Lima": {ANA} (client_id 1). If it is the same person, tell the user.'
    async with new_desk(tmp_path) as desk:
        (dry,) = (await desk.bulk(KYOTO, op("assign_client", **new), dry_run=True))["results"]
        assert dry["message"] == "Would be done: Assigned lima@example.org as traveler, a new client."
        (result,) = await desk.do(KYOTO, op("assign_client", **new))
        assert result["message"].endswith(named)
        made = await desk.call("create_client_v2", email="l@example.org", full_name="Ana Lima")
        assert 'There is another "Ana Lima": ' in made["message"]
        trip = await desk.call(
            "create_trip_with_client",
            trip_name="Nara",
            start_date="2027-01-01",
            end_date="2027-01-02",
            client_email="m@example.org",
            client_full_name="Ana Lima",
        )
        assert 'There is another "Ana Lima": ' in trip["message"]
