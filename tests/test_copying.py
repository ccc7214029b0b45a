"""A trip is repeated on other dates, with everybody and everything that belongs to a new one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BEN, KYOTO, Desk, Era, each_era, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = [
    {"email": ANA, "role": "traveler", "assigned_at": "2020-01-01T00:00:00Z", "diet": "vegan"},
    {"email": BEN, "role": "payer"},
    {"name": "Mia", "age": 7},
    {"email": "zoe@example.net", "name": "Zoe"},
    "kim",
]

SCHEDULE: list[dict[str, Any]] = [
    {
        "date": "2026-10-03",
        "activities": [{"time": "2:00 PM", "title": "Temple", "confirmation": "T1", "guide": "Eva"}],
    },
    {"day_number": 4, "hotel": "Ritz", "activities": []},
]

STAYS = [
    {"hotel": "Ritz", "check_in": "2026-10-03", "check_out": "2026-10-05", "confirmation_number": "R9", "vip": True}
]

FLIGHTS = [{"flight_number": "LH1", "departure_time": "2026-10-03T10:00", "booking_reference": "ABC", "to": "KIX"}]


async def prepare(desk: Desk) -> None:
    columns: dict[str, Any] = {
        "clients": ENTRIES,
        "schedule": SCHEDULE,
        "accommodations": STAYS,
        "transportation": FLIGHTS,
        "financials": {"total_cost": 6400, "currency": "EUR", "commission": 600},
    }
    for column, value in columns.items():
        desk.sql(f"UPDATE trips_v2 SET {column} = ? WHERE trip_id = ?", json.dumps(value), KYOTO)
    await desk.do(KYOTO, op("add_note", note="They like gardens."), op("update_details", group_name="Limas"))


async def copy(desk: Desk, **more: Any) -> dict[str, Any]:
    return await desk.call(
        "copy_trip", trip_identifier=str(KYOTO), new_name="Kyoto again", start_date="2027-10-02", **more
    )


@each_era
async def test_a_copy_has_everybody_and_all_dates_are_moved(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await prepare(desk)
        before = desk.sql("SELECT * FROM trips_v2 WHERE trip_id = ?", KYOTO)
        answer = await copy(desk)
        new = answer["trip_id"]
        assert (answer["after"]["start_date"], answer["after"]["end_date"]) == ("2027-10-02", "2027-10-11")
        assert sorted(answer["after"]["people"]) == [
            "Ana Lima (traveler)",
            "Ben Ode (payer)",
            "Mia (traveler, not linked)",
            "Zoe (traveler, not linked)",
            "kim (traveler, not linked)",
        ]
        entries = desk.json("clients", new)
        assert entries[0]["assigned_at"] != ENTRIES[0]["assigned_at"]  # type: ignore[index]
        assert [entries[0]["diet"], *entries[2:]] == ["vegan", *ENTRIES[2:]]
        assert desk.json("schedule", new) == [
            {"date": "2027-10-02", "activities": [{"time": "2:00 PM", "title": "Temple", "guide": "Eva"}]},
            {"day_number": 4, "hotel": "Ritz", "activities": []},
        ]
        assert desk.json("accommodations", new) == [
            {"hotel": "Ritz", "check_in": "2027-10-02", "check_out": "2027-10-04", "vip": True}
        ]
        assert desk.json("transportation", new) == [
            {"flight_number": "LH1", "departure_time": "2027-10-02T10:00", "to": "KIX"}
        ]
        assert desk.json("notes", new) == desk.json("notes", KYOTO)
        assert (desk.column("group_name", new), desk.column("total_cost", new)) == ("Limas", 6400)
        assert desk.json("financials", new)["currency"] == "EUR"
        assert (desk.column("status", new), desk.column("paid_amount", new)) == ("planning", 0)
        assert desk.sql("SELECT * FROM trips_v2 WHERE trip_id = ?", KYOTO) == before


async def test_somebody_copied_without_a_client_is_linked_when_they_become_one(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await prepare(desk)
        new = (await copy(desk))["trip_id"]
        answer = await desk.call("create_client_v2", email="zoe@example.net", full_name="Zoe Wu")
        assert [trip["trip_id"] for trip in answer["trips"]] == [new, KYOTO]
        found = await desk.call("get_anything", query="Mia")
        assert {trip["trip_id"] for trip in found["trips"]} == {new, KYOTO}


async def test_a_copy_takes_only_what_is_asked_for(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await prepare(desk)
        answer = await copy(desk, include=["stays"])
        new = answer["trip_id"]
        assert "Left out: travelers, schedule, transport, notes, cost." in answer["message"]
        assert answer["after"]["people"] == []
        assert [desk.json(column, new) for column in ("clients", "schedule", "transportation")] == [[], [], []]
        assert (desk.column("notes", new), desk.column("total_cost", new)) == ("{}", 0)
        assert len(desk.json("accommodations", new)) == 1


@pytest.mark.parametrize("text", [None, "", "oops", "{}", '"a"', "[1,", '[null, 7, "x"]'])
@pytest.mark.sampled(2)
async def test_a_trip_in_an_odd_shape_is_copied_without_loss(tmp_path: Path, text: str | None) -> None:
    async with new_desk(tmp_path) as desk:
        columns = ("accommodations", "transportation", "notes", "financials")
        for column in columns:
            desk.sql(f"UPDATE trips_v2 SET {column} = ? WHERE trip_id = ?", text, KYOTO)
        new = (await copy(desk))["trip_id"]
        for column in columns[:3]:
            assert desk.column(column, new) == text


async def test_a_trip_with_dates_that_cannot_be_read_is_not_copied(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET start_date = 'spring' WHERE trip_id = ?", KYOTO)
        before = desk.everything()
        sent = {"trip_identifier": str(KYOTO), "new_name": "B", "start_date": "2027-01-01"}
        assert "dates that can't be read" in await desk.refused("copy_trip", **sent)
        assert desk.everything() == before
