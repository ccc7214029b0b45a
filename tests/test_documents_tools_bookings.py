"""Documents and agents tell bookings that the trip has: the number decides, later dates hold, gaps are filled."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from confirmations import MAIL, sent
from desk import KYOTO, new_desk
from test_documents_tools import parse, take

from documents.model import Activity, Cancellation, How, Plan, Stay, Transport

if TYPE_CHECKING:
    from pathlib import Path

    from desk import Desk

FLIGHTS = [
    {"transportation_id": "f1", "type": "flight", "number": "LH716", "from": "FRA", "to": "HND",
     "departure_time": "2026-10-03T09:00", "confirmation": "QX-7ZP2"},
    {"transportation_id": "f2", "type": "flight", "number": "LH717", "from": "HND", "to": "FRA",
     "departure_time": "2026-10-12T12:00", "confirmation": "QX7ZP2"},
]  # fmt: skip

STAYS = [
    {"accommodation_id": "s1", "name": "Ryokan Aoi", "check_in": "2026-10-03", "check_out": "2026-10-06",
     "confirmation_number": "AOI-4711"},
    {"accommodation_id": "s2", "name": "Hotel Gion", "check_in": "2026-10-06", "check_out": "2026-10-12",
     "confirmation_number": "TOUR1"},
    {"accommodation_id": "s3", "name": "Hotel Nara", "check_in": "2026-10-07", "check_out": "2026-10-08",
     "confirmation_number": "TOUR1"},
]  # fmt: skip

SCHEDULE = [{"date": "2026-10-04", "activities": [
    {"activity_id": "a1", "title": "Tea", "confirmation": "T-9"}, {"activity_id": "a2", "title": "Walk"}]}]  # fmt: skip


def write(desk: Desk) -> None:
    desk.sql(
        "UPDATE trips_v2 SET transportation = ?, accommodations = ?, schedule = ? WHERE trip_id = ?",
        *map(json.dumps, (FLIGHTS, STAYS, SCHEDULE)),
        KYOTO,
    )


def cancelled_in(desk: Desk) -> set[str]:
    entries = [*desk.json("transportation", KYOTO), *desk.json("accommodations", KYOTO)]
    entries += [one for day in desk.json("schedule", KYOTO) for one in day["activities"]]
    return {next(one[key] for key in one if key.endswith("_id")) for one in entries if one.get("status") == "cancelled"}


def planned(desk: Desk, doc_id: int, plan: Plan) -> None:
    """Store a document of which only the plan was kept."""
    text = json.dumps(asdict(plan), default=str)
    desk.sql(
        "INSERT INTO trip_external_docs (doc_id, trip_id, sha256, text, plan) VALUES (?, ?, ?, 'Told', ?)",
        *(doc_id, KYOTO, str(doc_id), text),
    )


def gone(**fields: Any) -> dict[str, Any]:
    return {"quote": "The booking is cancelled.", "how": How.RULE, "cancelled": True, **fields}


# What is cancelled, and the entries that are marked.
CANCELLATIONS: list[tuple[Plan, set[str]]] = [
    (Plan(cancellations=[Cancellation(**gone(confirmation="aoi4711"))]), {"s1"}),
    (Plan(cancellations=[Cancellation(**gone(confirmation="QX7ZP2"))]), {"f1", "f2"}),
    (Plan(cancellations=[Cancellation(**gone(confirmation="T9"))]), {"a1"}),
    (Plan(stays=[Stay(**gone(confirmation="AOI4711"))]), {"s1"}),
    (Plan(stays=[Stay(**gone(confirmation="AOI4711", check_in="2026-10-04", name="The Aoi House"))]), {"s1"}),
    (Plan(stays=[Stay(**gone(confirmation="TOUR1", name="Hotel Nara"))]), {"s3"}),
    (Plan(stays=[Stay(**gone(confirmation="TOUR1", check_in="2026-10-06"))]), {"s2"}),
    (Plan(stays=[Stay(**gone(confirmation="TOUR1", name="Hotel Osaka"))]), set()),
    (Plan(stays=[Stay(**gone(confirmation="QX7ZP2"))]), {"f1", "f2"}),
    (Plan(transport=[Transport(**gone(confirmation="QX7ZP2", number="LH 717"))]), {"f2"}),
    (Plan(transport=[Transport(**gone(confirmation="QX7ZP2", number="LH999"))]), set()),
    (Plan(transport=[Transport(**gone(confirmation="QX7ZP2", depart="2026-10-03"))]), {"f1"}),
    (Plan(activities=[Activity(**gone(confirmation="T9"))]), {"a1"}),
    (Plan(cancellations=[Cancellation(**gone(confirmation="NONE1"))]), set()),
]


async def test_a_cancellation_marks_the_bookings_with_its_number_whatever_it_leaves_out(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        again: dict[str, Any] = {}
        for number, (plan, expected) in enumerate(CANCELLATIONS, 1):
            write(desk)
            planned(desk, number, plan)
            answer = await parse(desk, doc_id=number)
            assert cancelled_in(desk) == expected, plan
            assert {one["item_id"] for one in answer["changed"]} == expected
            assert [one["quotes"] for one in answer["plan"]["unresolved"]] == (
                [] if expected else [["The booking is cancelled."]]
            )
            # Nothing else of the entries changes, and a second time there is nothing to mark.
            again = await parse(desk, doc_id=number)
            assert (again["changed"], again["duplicates_skipped"]) == ([], len(expected))
        assert "1 cancellation," in again["message"]


async def test_the_later_of_two_mails_holds_in_whatever_order_they_came(tmp_path: Path) -> None:
    later = MAIL.replace("01 Sep", "08 Sep").replace("Check-out: 12 October", "Check-out: 10 October")
    for order in ((MAIL, later), (later, MAIL)):
        folder = tmp_path / str(order[0] is later)
        folder.mkdir()
        async with new_desk(folder) as desk:
            for number, mail in enumerate(order):
                await take(desk, **sent(mail, f"{number}.eml"))
            answer = await parse(desk)
            (stay,) = desk.json("accommodations", KYOTO)
            assert stay["check_out_date"] == "2026-10-10"
            (told,) = [one for one in answer["plan"]["unresolved"] if one["kind"] == "superseded"]
            assert "12 October" in told["quotes"][0]
            assert "10 October" in told["quotes"][1]
            # The older one alone changes nothing, however it is put in.
            for overwrite in ("none", "all"):
                again = await parse(desk, doc_id=1 + order.index(MAIL), overwrite=overwrite)
                (conflict,) = again["conflicts"]
                assert conflict["stored"] == {"check_out": "2026-10-10"}
                assert "later document" in conflict["why"]
            assert desk.json("accommodations", KYOTO) == [stay]


async def test_what_an_entry_lacks_is_added_and_what_differs_is_a_conflict(tmp_path: Path) -> None:
    stay = {"name": "Hotel Gion", "check_in": "2026-10-06", "check_out": "2026-10-12", "room": "214"}
    stay |= {"check_in_time": "3 pm", "location": "Gion 5", "confirmation": "TOUR1"}
    flight = {"type": "flight", "number": "LH716", "depart": "2026-10-03T09:00", "arrive": "2026-10-04T05:10"}
    walk = {"title": "Walk", "start_time": "10:00", "end_time": "11:00", "location": "Gion"}
    sent_: dict[str, Any] = {"stays": [stay], "transport": [flight | {"provider": "Lufthansa"}]}
    sent_["days"] = [{"date": "2026-10-04", "activities": [walk]}]
    async with new_desk(tmp_path) as desk:
        write(desk)
        answer = await desk.call("set_trip_schedule", trip_identifier=KYOTO, **sent_)
        assert {one.pop("item_id"): one for one in answer["changed"]} == {
            "s2": {"room": "214", "check_in_time": "15:00", "location": "Gion 5"},
            "f1": {"provider": "Lufthansa", "arrive": "2026-10-04T05:10"},
            "a2": {"start_time": "10:00", "end_time": "11:00", "location": "Gion"},
        }
        assert (answer["duplicates_skipped"], answer["conflicts"]) == (0, [])
        kept = desk.json("accommodations", KYOTO)[1]
        assert kept == STAYS[1] | {"room": "214", "check_in_time": "15:00", "location": "Gion 5"}
        assert (await desk.call("set_trip_schedule", trip_identifier=KYOTO, **sent_))["duplicates_skipped"] == 3
        before = desk.everything()
        sent_["stays"] = [stay | {"check_in_time": "16:00", "location": "Shijo 8"}]
        sent_["days"] = [{"date": "2026-10-04", "activities": [walk | {"end_time": "12:00", "location": "Nara"}]}]
        sent_["transport"] = [flight | {"arrive": "2026-10-04T06:00", "provider": "ANA"}]
        answer = await desk.call("set_trip_schedule", trip_identifier=KYOTO, **sent_)
        assert {one.pop("item_id"): one for one in answer["conflicts"]} == {
            "s2": {
                "stored": {"check_in_time": "15:00"},
                "document": {"check_in_time": "16:00"},
                "fields": ["location"],
            },
            "f1": {
                "stored": {"arrive": "2026-10-04 05:10"},
                "document": {"arrive": "2026-10-04T06:00"},
                "fields": ["provider"],
            },
            "a2": {"stored": {"end_time": "11:00"}, "document": {"end_time": "12:00"}, "fields": ["location"]},
        }
        assert answer["changed"] == []
        assert desk.everything() == before


async def test_what_a_document_adds_to_an_entry_is_told_without_its_words(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        hotel = {"accommodation_id": "h", "hotel": "Ryokan Aoi", "check_in": "2026-10-03", "check_out": "2026-10-12"}
        desk.sql("UPDATE trips_v2 SET accommodations = ? WHERE trip_id = ?", json.dumps([hotel]), KYOTO)
        answer = (await take(desk, **sent(MAIL, "a.eml"), parse="none"))["parsed"]
        (changed,) = answer["changed"]
        assert changed == {
            "item_id": "h",
            "check_in_time": "15:00",
            "check_out_time": "11:00",
            "fields": ["confirmation"],
        }
        assert desk.json("accommodations", KYOTO)[0]["confirmation_number"] == "AOI4711"


async def test_stays_with_one_number_and_the_same_nights_are_one_whatever_they_are_called(tmp_path: Path) -> None:
    named = {"check_in": "2026-10-03", "check_out": "2026-10-06", "confirmation": "AOI 4711"}
    async with new_desk(tmp_path) as desk:
        write(desk)
        answer = await desk.call(
            "set_trip_schedule", trip_identifier=KYOTO, stays=[{"name": "House of Blue Leaves", **named}]
        )
        assert (answer["added"]["stays"], answer["duplicates_skipped"]) == (0, 1)
        # The booking of a tour has one number for hotels that follow each other.
        nights = {"check_in": "2026-10-08", "check_out": "2026-10-09", "confirmation": "TOUR1"}
        answer = await desk.call("set_trip_schedule", trip_identifier=KYOTO, stays=[{"name": "Pension Uji", **nights}])
        assert answer["added"]["stays"] == 1


async def test_a_copy_of_a_trip_has_no_status_of_a_cancelled_booking(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        write(desk)
        desk.sql(
            "UPDATE trips_v2"
            " SET accommodations = json_set(accommodations, '$[0].status', 'cancelled', '$[1].status', 'held'),"
            " transportation = json_set(transportation, '$[0].status', 'Canceled') WHERE trip_id = ?",
            KYOTO,
        )
        copied = await desk.call("copy_trip", trip_identifier=KYOTO, new_name="Again", start_date="2027-10-02")
        stays = desk.json("accommodations", copied["trip_id"])
        assert [one.get("status") for one in stays] == [None, "held", None]
        assert not any("status" in one for one in desk.json("transportation", copied["trip_id"]))
        assert "ancel" in desk.column("accommodations", KYOTO)
