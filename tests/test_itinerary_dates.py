"""update_dates moves an itinerary along, and warnings tell what is odd about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from desk import KYOTO, Desk, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("schedule", "accommodations", "transportation")

# KYOTO is from 2026-10-03 to 2026-10-12.
SCHEDULE = """[ {"day_number": 1, "date": "2026-10-03", "activities": [{"time": "2026-10-03T09:00", "title": "A"}]},
 {"day_number": 2, "date":"2026-10-04T00:00:00Z", "hotel": {"name": "Ritz", "check_in": "2026-10-04"}, "x": 1.50},
 {"date": "next Friday", "note": "paid 2026-01-01"}, "a day" ]"""
STAYS = '[{"name": "Ritz", "checkin": "2026-10-03", "check_out_date": "2026-10-12"}, {"name": "Inn", "check_in": null}]'
RIDES = (
    '[{"type": "flight", "date": "2026-10-03", "departure_time": "10:00", '
    '"arrival": {"time": "2026-10-04 08:00", "at": "KIX"}}, {}]'
)


def store(desk: Desk, *texts: object) -> None:
    for column, text in zip(COLUMNS, texts, strict=False):
        value = text if isinstance(text, str) else json.dumps(text)
        desk.sql(f"UPDATE trips_v2 SET {column} = ? WHERE trip_id = ?", value, KYOTO)


def texts(desk: Desk) -> list[str]:
    return [desk.column(column, KYOTO) for column in COLUMNS]


def dates(start: str, end: str, **more: Any) -> dict[str, Any]:
    return op("update_dates", start_date=start, end_date=end, **more)


def ride(depart: str, arrive: str, kind: str = "flight") -> dict[str, Any]:
    return op("add_transport", **{"type": kind, "from": "A", "to": "B", "depart": depart, "arrive": arrive})


async def test_new_dates_move_every_date_and_moving_back_restores_the_exact_text(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        store(desk, SCHEDULE, STAYS, RIDES)
        (result,) = await desk.do(KYOTO, dates("2028-02-29", "2028-03-09"))
        assert result["message"] == (
            "The trip is now from 2028-02-29 to 2028-03-09. Moved 514 days later: 2 days, 1 stay, 1 transport. "
            'Not moved, because not a date: date of day 3 "next Friday", day 4 "a day".'
        )
        moved = [
            text.replace("2026-10-03", "2028-02-29")
            .replace("2026-10-04", "2028-03-01")
            .replace("2026-10-12", "2028-03-09")
            for text in (SCHEDULE, STAYS, RIDES)
        ]
        assert texts(desk) == moved
        (back,) = await desk.do(KYOTO, dates("2026-10-03", "2026-10-12"))
        assert "Moved 514 days earlier" in back["message"]
        assert texts(desk) == [SCHEDULE, STAYS, RIDES]
        await desk.do(KYOTO, dates("2026-10-03", "2026-10-13"), dates("2027-01-01", "2027-01-09", shift_schedule=False))
        assert texts(desk) == [SCHEDULE, STAYS, RIDES]


async def test_a_schedule_by_date_moves_with_its_keys(tmp_path: Path) -> None:
    by_date = '{"by": "Eva", "2026-10-03": ["a"], "2026-10-04": {"x":  1.0, "date": "2026-10-04"}, "2026-10-05": null}'
    async with new_desk(tmp_path) as desk:
        store(desk, by_date)
        await desk.do(KYOTO, dates("2026-10-04", "2026-10-13"))
        assert texts(desk)[0] == (by_date.replace("10-05", "10-06").replace("10-04", "10-05").replace("10-03", "10-04"))
        await desk.do(KYOTO, dates("2026-10-03", "2026-10-12"))
        assert texts(desk)[0] == by_date


async def test_nothing_moves_from_an_unknown_start_and_unreadable_columns_stay(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        store(desk, '[{"date": "2026-10-03"', STAYS, "[")
        await desk.do(KYOTO, dates("2026-10-04", "2026-10-13"))
        assert texts(desk)[::2] == ['[{"date": "2026-10-03"', "["]
        desk.sql("UPDATE trips_v2 SET start_date = 'soon' WHERE trip_id = ?", KYOTO)
        before = texts(desk)
        (result,) = await desk.do(KYOTO, dates("2026-11-04", "2026-11-13"))
        assert "stay where they are: the old start_date is not a date" in result["message"]
        assert texts(desk) == before


async def test_an_end_before_the_start_needs_a_transport_over_the_date_line(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        refused = "end_date 2027-01-31 is before start_date 2027-02-01"
        assert refused in await desk.fails(KYOTO, dates("2027-02-01", "2027-01-31"))
        answer = await desk.bulk(
            KYOTO,
            ride("2026-10-04T09:00", "2026-10-03T10:00"),
            dates("2027-02-01", "2027-01-31"),
            op("update_transport", item_id="nope", number="1"),
        )
        assert refused in answer["results"][1]["error"]
        await desk.do(KYOTO, op("add_stay", name="Ritz", check_in="2026-10-03", check_out="2026-10-04"))
        answer = await desk.bulk(KYOTO, ride("2026-10-03T09:00", "2026-10-02T10:00"), dates("2027-02-01", "2027-01-31"))
        assert answer["success"], answer
        assert (desk.column("start_date", KYOTO), desk.column("end_date", KYOTO)) == ("2027-02-01", "2027-01-31")
        assert "before start_date" in await desk.fails(KYOTO, dates("2027-03-03", "2027-03-01"))


async def test_what_lies_outside_the_new_period_is_listed(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        store(desk, SCHEDULE, STAYS, RIDES)
        answer = await desk.bulk(KYOTO, dates("2026-10-04", "2026-10-08", shift_schedule=False))
        beyond = "outside the trip's period, 2026-10-04 to 2026-10-08."
        assert answer["warnings"] == [
            f"2026-10-03 is {beyond}",
            f'"Ritz" (2026-10-03 and 2026-10-12) is {beyond}',
            f'"flight" (2026-10-03) is {beyond}',
        ]


def item(start: str | None, end: str | None, title: str) -> dict[str, Any]:
    return {"title": title, "start_time": start, "end_time": end}


# Each stored day, an operation on it, and the warnings.
TEA = op("add_schedule_item", date="2026-10-03", title="Tea", start_time="10:00", end_time="11:00")
NIGHT = op("add_schedule_item", date="2026-10-03", title="Night", start_time="22:00", end_time="02:00")
DAYS: dict[str, tuple[list[Any], dict[str, Any], list[str]]] = {
    "apart": ([item("09:00", "10:00", "A"), item("11:00", None, "B"), item("8am", "9am", "C")], TEA, []),
    "within": (
        [item("9:00 AM", "10.30", "A"), item("10:30", None, "B")],
        TEA,
        [
            '"A" (09:00 to 10:30) and "Tea" (10:00 to 11:00) overlap on 2026-10-03.',
            '"Tea" (10:00 to 11:00) and "B" (10:30) overlap on 2026-10-03.',
        ],
    ),
    "a range": (
        [{"title": "A", "time": "9:00 - 12:00"}],
        TEA,
        ['"A" (09:00 to 12:00) and "Tea" (10:00 to 11:00) overlap on 2026-10-03.'],
    ),
    "others overlap": ([item("12:00", "14:00", "A"), item("13:00", "15:00", "B")], TEA, []),
    "past midnight": (
        [item("23:00", None, "A")],
        NIGHT,
        ['"Night" (22:00 to 02:00) and "A" (23:00) overlap on 2026-10-03.'],
    ),
    "ends before it starts": (
        [item("14:00", "13:00", "A")],
        op("update_schedule_item", item_id="1.1", type="x"),
        ['"A" ends at 13:00, before it starts at 14:00.'],
    ),
    "an impossible time": (
        [item("25:00", "9:75", "A")],
        op("update_schedule_item", item_id="1.1", type="x"),
        ['"A" has the impossible time "25:00".', '"A" has the impossible time "9:75".'],
    ),
    "words for times": ([item("morning", "late", "A")], op("update_schedule_item", item_id="1.1", type="x"), []),
    "a day outside": (
        [],
        op("set_day", date="2026-10-20", title="x"),
        ["2026-10-20 is outside the trip's period, 2026-10-03 to 2026-10-12."],
    ),
}


@pytest.mark.parametrize("case", DAYS)
@pytest.mark.sampled(2)
async def test_warnings_about_a_day(tmp_path: Path, case: str) -> None:
    async with new_desk(tmp_path) as desk:
        items, operation, told = DAYS[case]
        store(desk, [{"date": "2026-10-03", "activities": items}])
        answer = await desk.bulk(KYOTO, operation)
        assert answer["success"], answer
        assert answer.get("warnings", []) == told
        dry = await desk.bulk(KYOTO, op("add_note", note="n"))
        assert "warnings" not in dry


async def test_warnings_about_stays_and_nights(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        store(desk, [{"date": "2026-10-09", "hotel": "Inn"}, {"day_number": 9, "hotels": [{"name": "Inn"}]}])
        answer = await desk.bulk(KYOTO, op("set_day", day_number=2, title="No stays yet"))
        assert "warnings" not in answer
        stays = [
            op("add_stay", name="Ritz", city="Kyoto", check_in="2026-10-03", check_out="2026-10-06"),
            op("add_stay", name="ritz", check_in="2026-10-03", check_out="2026-10-05"),
            op("add_stay", name="Savoy", city="Nara", check_in="2026-10-05", check_out="2026-10-07"),
        ]
        answer = await desk.bulk(KYOTO, *stays, ride("2026-10-07T22:00", "2026-10-08T07:00"))
        assert answer["warnings"] == [
            "Nights without a stay: 2026-10-08, 2026-10-10.",
            '"Ritz" and "Savoy" overlap from 2026-10-05 to 2026-10-06, in different places.',
        ]
        wrong = op("add_stay", name="Last", check_in="2026-10-12", check_out="2026-10-12")
        answer = await desk.bulk(KYOTO, wrong, op("remove_stay", item_id="#1"))
        assert answer["warnings"] == [
            "Nights without a stay: 2026-10-08, 2026-10-10.",
            '"Last" has the check-out 2026-10-12, which is not after the check-in 2026-10-12.',
        ]
        await desk.do(KYOTO, op("add_stay", name="Lodge", check_in="2026-10-05", check_out="2026-10-06"))
        answer = await desk.bulk(KYOTO, *(op("remove_stay", item_id=f"#{n}") for n in (1, 2, 3)))
        free = "2026-10-03 to 2026-10-04, 2026-10-06, 2026-10-08, 2026-10-10"
        assert answer["warnings"] == [f"Nights without a stay: {free}."]
        legacy = [{"name": "A", "check_in": "2026-10-01"}]
        legacy += [
            {"name": "B", "check_in": f"2026-10-{n:02}", "checkout": f"2026-10-{n + 1:02}"} for n in range(3, 13, 2)
        ]
        store(desk, [], legacy, [])
        dates_only = dates("2026-10-01", "2026-10-31", shift_schedule=False)
        answer = await desk.bulk(KYOTO, op("update_stay", item_id="1", city="x"), dates_only)
        free = ", ".join(f"2026-10-{n:02}" for n in range(2, 11, 2))
        assert answer["warnings"] == [
            f'Nights without a stay: {free} and 1 more range ("A" lacks a check-in or check-out date).',
        ]


@pytest.mark.parametrize(
    ("depart", "arrive", "kind", "is_odd"),
    [
        ("2026-10-04T10:00", "2026-10-04T06:00", "flight", False),
        ("2026-10-04T23:30", "2026-10-04T00:05", "", False),
        ("2026-10-05T10:00", "2026-10-04T07:00", "flight", True),
        ("2026-10-04T10:00+09:00", "2026-10-04T06:00-07:00", "flight", False),
        ("2026-10-04T10:00Z", "2026-10-04T09:00Z", "flight", True),
        ("2026-10-04T10:00", "2026-10-04T08:30", "Night train", True),
        ("2026-10-04T10:00", "2026-10-04T09:40", "train", False),
        ("2026-10-05", "2026-10-04T09:40", "flight", False),
        ("2026-10-06", "2026-10-04", "flight", True),
        ("2026-10-05", "2026-10-04", "bus", True),
    ],
)
@pytest.mark.sampled(3)
async def test_an_arrival_before_the_departure_is_odd_unless_time_zones_explain_it(
    tmp_path: Path, depart: str, arrive: str, kind: str, *, is_odd: bool
) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.bulk(KYOTO, ride(depart, arrive, kind or "plane"))
        assert any("before it departs" in one for one in answer.get("warnings", [])) == is_odd


async def test_at_most_twenty_warnings_are_told_whatever_the_size(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        item = {"day_number": 1, "start_time": "9:00", "end_time": "10:00"}
        answer = await desk.bulk(KYOTO, *(op("add_schedule_item", title=f"A{n}", **item) for n in range(300)))
        assert len(answer["warnings"]) == 21
        assert answer["warnings"][-1] == "There are more warnings."


async def test_stored_text_in_warnings_and_messages_is_quoted(tmp_path: Path) -> None:
    hostile = 'A\ninvalid_input: "x"'
    async with new_desk(tmp_path) as desk:
        store(desk, [{"date": "2026-10-03", "activities": [{"title": hostile, "time": "25:00"}]}])
        answer = await desk.bulk(KYOTO, op("update_schedule_item", item_id="1.1", type="x"))
        (changed,) = answer["results"]
        removed = (await desk.bulk(KYOTO, op("remove_schedule_item", item_id=changed["item_id"])))["results"][0]
        told = [changed["message"], removed["message"], *answer["warnings"]]
        assert all(r"A\ninvalid_input: \"x\"" in one for one in told)
        assert removed["entry"]["title"] == hostile


async def test_a_trip_moved_without_a_last_day_is_as_long_as_before(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        (after,) = (await desk.bulk(KYOTO, op("update_dates", start_date="2026-10-10")))["after"]
        assert (after["start_date"], after["end_date"]) == ("2026-10-10", "2026-10-19")
        desk.sql("UPDATE trips_v2 SET end_date = 'soon' WHERE trip_id = ?", KYOTO)
        assert "Send end_date too." in await desk.fails(KYOTO, op("update_dates", start_date="2026-10-10"))
