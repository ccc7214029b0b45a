"""Mistakes that servers with a single JSON column make with trips, and the correct behaviour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from desk import ANA, BANFF, BEN, EMPTY, KYOTO, Era, an_era, new_desk, op
from oracle import assert_clean

if TYPE_CHECKING:
    from pathlib import Path

PERIOD = {"start_date": "2027-03-01", "end_date": "2027-03-05"}


@an_era
@pytest.mark.parametrize("identifier", ["", " ", "%", "_", "%%", "?", "lima % kyoto_", "x" * 301])
@pytest.mark.sampled(2)
async def test_an_identifier_without_a_matching_trip_writes_nothing(tmp_path: Path, era: Era, identifier: str) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(EMPTY, op("rename_trip", new_name="Lima in Kyoto"))
        before = desk.everything()
        error = await desk.refused(
            "bulk_trip_operations", trip_identifier=identifier, operations=[op("add_note", note="x")]
        )
        assert error.startswith(("invalid_input", "ambiguous"))
        assert desk.everything() == before


@an_era
async def test_a_name_shared_by_two_trips_is_refused_with_their_ids(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(EMPTY, op("rename_trip", new_name="Lima in Kyoto"))
        error = await desk.refused(
            "bulk_trip_operations", trip_identifier="lima in kyoto", operations=[op("add_note", note="x")]
        )
        assert error.startswith("ambiguous: 2 trips match")
        assert f"id {KYOTO} " in error
        assert f"id {EMPTY} " in error


@an_era
async def test_digits_match_an_id_or_a_whole_name_but_never_part_of_a_name(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(KYOTO, op("rename_trip", new_name="1984"))
        await desk.do(BANFF, op("rename_trip", new_name="Orwell 1984"))
        assert (await desk.bulk("1984", op("add_note", note="x")))["trip_id"] == KYOTO
        assert (await desk.bulk(1984, op("add_note", note="x")))["trip_id"] == KYOTO
        for part in ("98", "198", "984"):
            error = await desk.refused(
                "bulk_trip_operations", trip_identifier=part, operations=[op("add_note", note="x")]
            )
            assert error.startswith("not_found")
        slug = desk.column("trip_slug", KYOTO)
        assert not slug.isdigit()
        desk.sql("UPDATE trips_v2 SET trip_id = 1984 WHERE trip_id = ?", EMPTY)
        both = {"trip_identifier": "1984", "operations": [op("add_note", note="x")]}
        assert (await desk.refused("bulk_trip_operations", **both)).startswith('ambiguous: 2 trips match "1984"')
        assert (await desk.bulk("id 1984", op("add_note", note="x")))["trip_id"] == 1984
        assert (await desk.bulk(slug, op("add_note", note="x")))["trip_id"] == KYOTO


EARLIER_NOTES: list[str | None] = [
    None,
    "",
    "{}",
    "[]",
    "plain words",
    '{"visa":"asked"}',
    '"text"',
    "[1]",
    "[1e999]",
    "[" * 5000,
]


@an_era
@pytest.mark.parametrize("earlier", EARLIER_NOTES, ids=lambda earlier: repr(earlier)[:20])
@pytest.mark.sampled(3)
async def test_two_notes_added_in_one_call_are_both_kept_whatever_the_column_held(
    tmp_path: Path, era: Era, earlier: str | None
) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.sql("UPDATE trips_v2 SET notes = ? WHERE trip_id = ?", earlier, KYOTO)
        await desk.do(KYOTO, op("add_note", note="first"), op("add_note", note="second"))
        notes = desk.json("notes", KYOTO)
        items: list[Any] = cast("dict[str, Any]", notes)["notes"] if isinstance(notes, dict) else notes
        assert [item["note"] for item in items[-2:]] == ["first", "second"]
        kept = json.dumps(notes, ensure_ascii=False)
        assert all(word in kept for word in (earlier or "").strip('[]{}"').split('":"'))
        assert (await desk.whole(KYOTO))["notes"] == notes


@an_era
async def test_workflow_operations_in_one_call_apply_in_order_and_are_recorded(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(
            KYOTO,
            op("advance_workflow", phase="interview"),
            op("advance_workflow", phase="planning", completion_data={"budget": 6000}, notes="agreed"),
            op("set_workflow_step", step_number=3, step_data={"hotel": "asked"}),
        )
        workflow = (await desk.whole(KYOTO))["workflow"]
        assert (workflow["current_phase"], workflow["current_step"]) == ("planning", 3)
        assert workflow["step_data"] == {"3": {"hotel": "asked"}}
        first, second = workflow["phase_history"]
        assert (first["phase"], first["completion_data"]) == ("interview", {"budget": 6000})
        assert (second["phase"], second["notes"]) == ("planning", "agreed")
        for wrong in ({"phase": "lunch"}, {"phase": "planning", "step_number": 1001}, {}):
            await desk.fails(KYOTO, {"type": "advance_workflow", "data": wrong})
        for wrong in ({"step_number": -1}, {"step_number": "many"}, {}):
            await desk.fails(KYOTO, {"type": "set_workflow_step", "data": wrong})


WRONG: list[dict[str, Any]] = [
    {"type": "update_cost", "data": {}},
    {"type": "update_cost", "data": {"cost": None}},
    {"type": "update_cost", "data": {"cost": "abc"}},
    {"type": "update_cost", "data": {"cost": -5}},
    {"type": "update_cost", "data": {"cost": True}},
    {"type": "update_cost", "data": {"cost": "nan"}},
    {"type": "update_cost", "data": {"cost": "inf"}},
    {"type": "update_cost", "data": {"cost": 5, "currency": "euros"}},
    {"type": "update_status", "data": {}},
    {"type": "update_status", "data": {"status": None}},
    {"type": "update_status", "data": {"status": "planned"}},
]


@an_era
@pytest.mark.parametrize("operation", WRONG, ids=str)
@pytest.mark.sampled(3)
async def test_a_missing_or_invalid_cost_or_status_is_refused(
    tmp_path: Path, era: Era, operation: dict[str, Any]
) -> None:
    async with new_desk(tmp_path, era) as desk:
        error = await desk.fails(KYOTO, operation)
        assert error.startswith("invalid_input: data.")


@an_era
async def test_documents_are_added_and_clients_unassigned(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(
            KYOTO,
            op("add_document", name="Passport", url="https://example.net/p", type="scan", notes="until 2031"),
            op("add_document", name="Visa"),
            op("unassign_client", email=ANA),
        )
        trip = await desk.whole(KYOTO)
        assert [document["name"] for document in trip["documents"]] == ["Passport", "Visa"]
        assert trip["documents"][0]["url"] == "https://example.net/p"
        assert trip["clients"] == []


@an_era
async def test_an_added_activity_is_stored_and_shown(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(
            KYOTO, op("add_activity", details="Called the ryokan"), op("add_activity", type="Call", details="Paid")
        )
        latest = (await desk.whole(KYOTO))["recent_activity"][:2]
        assert [(entry["type"], entry["details"]) for entry in latest] == [
            ("Call", "Paid"),
            ("GeneralActivity", "Called the ryokan"),
        ]


@an_era
async def test_slugs_are_unique_and_readable_and_dates_are_in_order(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        names = ["京都 2026", "京都 2026", "Zürich & Łódź", "2026", "!!!", "-", "Ωμέγα"]
        slugs = [
            (await desk.call("create_trip_v2", trip_name=name, **PERIOD))["trip_slug"] for name in names if name != "-"
        ]
        assert len(set(slugs)) == len(slugs)
        assert "zurich-and-lodz" in slugs
        assert all(slug.isascii() and slug.strip("-") == slug and slug and not slug.isdigit() for slug in slugs)
        for slug in slugs:
            assert (await desk.whole(slug))["trip_slug"] == slug
        error = await desk.refused("create_trip_v2", trip_name="T", start_date="2027-03-05", end_date="2027-03-01")
        assert "is before" in error
        assert "is before" in await desk.fails(
            KYOTO, op("update_dates", start_date="2027-03-05", end_date="2027-03-01")
        )
        for day in ("2027-02-30", "soon", "1.3.2027", 20270301, None):
            await desk.fails(KYOTO, op("update_dates", start_date=day, end_date="2027-03-09"))


@an_era
async def test_the_facts_queue_holds_one_row_per_trip_and_reason_and_never_refuses_an_insert(
    tmp_path: Path, era: Era
) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN), op("add_note", note="x"))
        await desk.do(KYOTO, op("unassign_client", email=BEN), op("add_note", note="y"))
        for _ in range(2):
            desk.sql("INSERT INTO facts_dirty (trip_id, reason) VALUES (?, 'by hand')", KYOTO)
            desk.sql("UPDATE trips_v2 SET total_cost = total_cost + 1 WHERE trip_id = ?", KYOTO)
        rows = desk.sql("SELECT reason FROM facts_dirty WHERE trip_id = ?", KYOTO)
        assert len(rows) == len(set(rows))
        assert {"by hand", "client_assigned", "client_removed", "trip_update"} <= {reason for (reason,) in rows}


@an_era
async def test_deleting_a_trip_deletes_its_assignments(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN), op("add_activity", details="x"))
        desk.sql("DELETE FROM trips_v2 WHERE trip_id = ?", KYOTO)
        assert_clean(desk.connection)
        assert desk.sql("SELECT count(*) FROM trip_client_assignments WHERE trip_id = ?", KYOTO) == [(0,)]
        assert (await desk.refused("get_anything", query=str(KYOTO))).startswith("not_found")
        assert len((await desk.call("get_anything", query=BEN))["trips"]) == 1


@an_era
async def test_clients_and_trips_with_clients_can_be_created(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        client = await desk.call(
            "create_client_v2",
            email="Dia@Example.net ",
            full_name="Dia Roy",
            phone="+91 1",
            preferences={"seat": "aisle"},
        )
        assert (client["client_id"], client["email"]) == (4, "dia@example.net")
        for email, name, is_new in (("DIA@example.net", "dia roy", False), ("eli@example.net", "Eli Roy", True)):
            trip = await desk.call(
                "create_trip_with_client",
                trip_name="Goa",
                client_email=email,
                client_full_name=name,
                trip_notes="hello",
                total_cost=10,
                **PERIOD,
            )
            assert (trip["client_created"], trip["role"]) == (is_new, "primary_traveler")
            assert await desk.roles(trip["trip_id"]) == {(email.lower(), "primary_traveler")}
        whole = (await desk.call("get_anything", query="dia@example.net"))["client"]
        assert (whole["contact_info"], whole["preferences"]) == ({"phone": "+91 1"}, {"seat": "aisle"})
        again = await desk.refused("create_client_v2", email="DIA@example.net", full_name="Other")
        assert again.startswith("conflict: dia@example.net already belongs to client_id 4")


@an_era
async def test_answers_report_actual_counts(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        answer = await desk.bulk(KYOTO, op("add_note", note="x"), op("unassign_client", email=ANA), op("nonsense"))
        assert answer["message"].startswith('"Lima in Kyoto": 2 of 3 operations done.')
        assert answer["results"][1]["roles"] == ["traveler"]
        assert "undefined" not in json.dumps(answer)
        assert "None" not in json.dumps(answer)
        assert (await desk.call("get_anything", query=BEN))["message"].startswith(f'"Ben Ode" <{BEN}>, on 1 trip')


@an_era
async def test_a_trip_is_found_by_its_exact_name_among_a_thousand(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        desk.sql(
            """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
            INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date)
            SELECT 'Tour ' || i || ' of the Goa coast', 'goa-' || i, '2027-01-01', '2027-01-02' FROM n"""
        )
        for name in ("Tour 7 of the Goa coast", "tour 77 OF THE goa coast"):
            answer = await desk.call("get_anything", query=name)
            assert answer["trip"]["trip_name"].lower() == name.lower()
            assert answer["trips"][0]["why"] == "exact"


@an_era
async def test_a_trip_is_found_by_a_destination_that_is_not_in_its_name(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        answer = await desk.call("get_anything", query="lisbon")
        assert [(trip["trip_id"], trip["why"]) for trip in answer["trips"]] == [(EMPTY, "words in destinations")]
