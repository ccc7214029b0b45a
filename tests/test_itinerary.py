"""The operations on schedule, stays and transport: every stored shape is edited in place, and nothing is lost."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest
import raw
from desk import KYOTO, Desk, new_desk, op, open_desk, seeded
from fact_oracle import computed, expected, watched_desk

from tools.bulk import TOOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLUMNS = {"schedule": "schedule", "stays": "accommodations", "transport": "transportation"}

WALK = {"time": "09:00", "type": "tour", "title": "Old town walk", "location": "Centre"}
DINNER = {"time": "19:30", "type": "meal", "title": "Dinner"}
LEGACY = [
    {
        "day_number": 1,
        "date": "2026-10-03",
        "day_name": "Day 1",
        "description": "Explore",
        "activities": [WALK, DINNER],
    },
    {"day_number": 3, "date": "2026-10-05", "day_name": "Day 3", "activities": [WALK | {"guide": "Eva", "tags": [1]}]},
]

ID = re.compile("[0-9a-f]{8}")


def store(desk: Desk, **columns: object) -> None:
    """Store JSON columns as another program would; text is stored as it is."""
    for name, value in columns.items():
        text = value if isinstance(value, str) else json.dumps(value)
        desk.sql(f"UPDATE trips_v2 SET {COLUMNS[name]} = ? WHERE trip_id = ?", text, KYOTO)


def stored(desk: Desk, name: str) -> Any:
    return desk.json(COLUMNS[name], KYOTO)


def kept(desk: Desk) -> list[Any]:
    rows = desk.sql("SELECT reason, row_data FROM orphaned_rows ORDER BY orphan_id")
    return [(reason, json.loads(text)) for reason, text in rows]


def flight(**fields: Any) -> dict[str, Any]:
    route = {"type": "flight", "from": "LHR", "to": "KIX", "depart": "2026-10-03T11:00"}
    return op("add_transport", **(route | fields))


async def test_a_trip_is_planned_from_nothing_with_ids_in_the_answer(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.bulk(
            KYOTO,
            op("add_schedule_item", date="2026-10-04", title="Tea", start_time="15:00", location="Gion", price=20),
            op("add_schedule_item", day_number=2, title="Temple", start_time="9:00 am", end_time="11:00"),
            op("add_schedule_item", day_number=1, title="Arrival", type="transfer", confirmation="X1", notes="Gate 2"),
            op("set_day", date="2026-10-03", title="Kyoto", description="Easy day"),
            op("add_stay", name="Sumiya", city="Kyoto", check_in="2026-10-03", check_out="2026-10-12", price=900.5),
            flight(number="BA 7", provider="BA", arrive="2026-10-04T08:00", confirmation="R", price=700),
        )
        assert answer["success"], answer
        tea, temple, arrival, day, stay, ride = answer["results"]
        assert tea["message"] == '"Tea" is added to day 2 (2026-10-04). The day is new.'
        assert temple["message"] == '"Temple" is added to day 2 (2026-10-04).'
        assert all(ID.fullmatch(one["item_id"]) for one in (tea, temple, arrival, stay, ride))
        assert stored(desk, "schedule") == [
            {
                "day_number": 1,
                "date": "2026-10-03",
                "activities": [
                    {
                        "activity_id": arrival["item_id"],
                        "title": "Arrival",
                        "activity_type": "transfer",
                        "notes": "Gate 2",
                        "confirmation_number": "X1",
                    }
                ],
                "day_name": "Kyoto",
                "description": "Easy day",
            },
            {
                "day_number": 2,
                "date": "2026-10-04",
                "activities": [
                    {
                        "activity_id": temple["item_id"],
                        "title": "Temple",
                        "start_time": "9:00 am",
                        "end_time": "11:00",
                    },
                    {
                        "activity_id": tea["item_id"],
                        "title": "Tea",
                        "start_time": "15:00",
                        "location": "Gion",
                        "price": 20,
                    },
                ],
            },
        ]
        assert stored(desk, "schedule")[0] == day["entry"]
        assert stored(desk, "stays") == [stay["entry"]]
        assert stay["entry"] == {
            "accommodation_id": stay["item_id"],
            "name": "Sumiya",
            "city": "Kyoto",
            "check_in_date": "2026-10-03",
            "check_out_date": "2026-10-12",
            "total_cost": 900.5,
        }
        assert stored(desk, "transport") == [ride["entry"]]
        assert ride["entry"] == {
            "transportation_id": ride["item_id"],
            "type": "flight",
            "number": "BA 7",
            "provider": "BA",
            "departure_location": "LHR",
            "arrival_location": "KIX",
            "departure_time": "2026-10-03T11:00",
            "arrival_time": "2026-10-04T08:00",
            "confirmation_number": "R",
            "cost": 700,
        }
        assert "warnings" not in answer
        logged = [row[0] for row in desk.sql("SELECT activity_details FROM ActivityLog WHERE trip_id = ?", KYOTO)]
        assert "day 2 (2026-10-04): Tea" in logged
        await desk.call("refresh_trip_facts")
        facts = (await computed(desk.call))[KYOTO]
        assert (facts["total_activities"], facts["total_hotels"]) == (3, 1)


async def test_legacy_keys_are_edited_in_place_and_the_rest_keeps_its_exact_text(tmp_path: Path) -> None:
    stays = (
        '[ {"hotel": "Ritz", "checkin": "2026-10-03T15:00", "check_out": "2026-10-05", "price": 1.50, "vip": true} ]'
    )
    rides = (
        '[{"flight_number": "LH1", "from": "FRA","date": "2026-10-03", "departure_time": "2:00 PM", "seat": "\\u00e9"}]'
    )
    async with new_desk(tmp_path) as desk:
        store(desk, schedule=LEGACY, stays=stays, transport=rides)
        before = desk.column("schedule", KYOTO)
        changed, *_ = await desk.do(
            KYOTO,
            op("update_schedule_item", item_id="1.2", start_time="20:00", type="dinner", location="Gion"),
            op("update_stay", item_id="1", check_in="2026-10-04", price=2, city="Paris"),
            op("update_transport", item_id="1", depart="2026-10-04T15:30", to="KIX"),
        )
        new = changed["item_id"]
        assert changed["message"] == (
            f'Schedule item "Dinner" is changed, on day 1 (2026-10-03). It had no id; its item_id is now {new}.'
        )
        old = '{"time": "19:30", "type": "meal", "title": "Dinner"}'
        item = f'{{"time": "20:00", "type": "dinner", "title": "Dinner", "location": "Gion", "activity_id": "{new}"}}'
        assert desk.column("schedule", KYOTO) == before.replace(old, item)
        assert desk.column("accommodations", KYOTO) == (
            '[ {"hotel": "Ritz", "checkin": "2026-10-04T15:00", "check_out": "2026-10-05", "price": 2, "vip": true, '
            f'"city": "Paris", "accommodation_id": "{stored(desk, "stays")[0]["accommodation_id"]}"}} ]'
        )
        assert desk.column("transportation", KYOTO) == (
            '[{"flight_number": "LH1", "from": "FRA","date": "2026-10-04", "departure_time": "15:30", '
            '"seat": "\\u00e9", '
            f'"arrival_location": "KIX", "transportation_id": "{stored(desk, "transport")[0]["transportation_id"]}"}}]'
        )


async def test_items_are_placed_by_time_and_null_removes_a_field(tmp_path: Path) -> None:
    unsorted = [{"title": "late", "time": "8pm", "note": "n", "cost": 5}, {"title": "early", "time": "08:00"}, "a text"]
    async with new_desk(tmp_path) as desk:
        store(desk, schedule=[{"date": "2026-10-03", "activities": unsorted}])
        await desk.do(
            KYOTO,
            op("add_schedule_item", date="2026-10-03", title="noon", start_time="12.00"),
            op("add_schedule_item", date="2026-10-03", title="whenever"),
            op("add_schedule_item", date="2026-10-03", title="night", start_time="23:00"),
        )
        assert titles(desk) == ["noon", "late", "early", "a text", "whenever", "night"]
        (erased,) = await desk.do(KYOTO, op("update_schedule_item", item_id="#1.2", notes=None, price=0, location=""))
        assert erased["entry"] == {"title": "late", "time": "8pm", "cost": 0, "activity_id": erased["item_id"]}
        assert kept(desk)[0][0] == "field removed"
        assert kept(desk)[0][1]["entry"]["note"] == "n"
        await desk.do(KYOTO, op("update_schedule_item", item_id=erased["item_id"], start_time="07:00"))
        assert titles(desk) == ["late", "noon", "early", "a text", "whenever", "night"]
        moved, new_day = await desk.do(
            KYOTO,
            op("update_schedule_item", item_id=erased["item_id"], day_number=4),
            op("update_schedule_item", item_id="1.4", day_number=4, title="a text again"),
        )
        assert moved["message"] == 'Schedule item "late" is changed and moved to day 4 (2026-10-06). The day is new.'
        assert new_day["entry"]["title"] == "a text again"
        assert [len(day["activities"]) for day in stored(desk, "schedule")] == [4, 2]


def titles(desk: Desk) -> list[str]:
    items = [item for day in stored(desk, "schedule") for item in day["activities"]]
    return [item if isinstance(item, str) else item["title"] for item in items]


async def test_removed_entries_are_shown_and_kept_aside(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        store(desk, schedule=LEGACY, stays=["Ritz", {"name": "Savoy"}], transport={"type": "bus", "seat": 4})
        item, stay, ride = await desk.do(
            KYOTO,
            op("remove_schedule_item", item_id="2.1"),
            op("remove_stay", item_id="1"),
            op("remove_transport", item_id=1),
        )
        assert item["entry"] == LEGACY[1]["activities"][0]  # type: ignore[index]
        assert (stay["entry"], ride["entry"]) == ("Ritz", {"type": "bus", "seat": 4})
        assert (stored(desk, "stays"), stored(desk, "transport")) == ([{"name": "Savoy"}], [])
        assert stored(desk, "schedule")[1]["activities"] == []
        assert [one["entry"] for reason, one in kept(desk) if reason == "entry removed"] == [
            item["entry"],
            "Ritz",
            ride["entry"],
        ]
        assert "has no transport" in await desk.fails(KYOTO, op("remove_transport", item_id="1"))


# Each stored schedule, the operation, and the schedule afterwards with NEW for the new item.
NEW: dict[str, Any] = {"title": "Tea", "activity_id": "?"}
ADD = {"title": "Tea", "date": "2026-10-04"}
DAY = {"day_number": 2, "date": "2026-10-04", "activities": [NEW]}

SHAPES: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "null": ("null", ADD, [DAY]),
    "nothing": ("", ADD, [DAY]),
    "an empty object": ({}, ADD, [DAY]),
    "unreadable text": ('[{"date": ', ADD, ['[{"date": ', DAY]),
    "a number": (7, ADD, [7, DAY]),
    "a list of texts": (["Arrival", None], ADD, ["Arrival", None, DAY]),
    "texts for days": (
        ["Arrival", "Temples"],
        ADD,
        ["Arrival", {"description": "Temples", "activities": [NEW]}],
    ),
    "an object with days": (
        {"title": "T", "days": [{"date": "2026-10-03"}, {"date": "2026-10-05"}]},
        ADD,
        {"title": "T", "days": [{"date": "2026-10-03"}, DAY, {"date": "2026-10-05"}]},
    ),
    "an object by date": (
        {"by": "Eva", "2026-10-03": ["a"], "2026-10-05": {"note": 1}},
        ADD,
        {"by": "Eva", "2026-10-03": ["a"], "2026-10-04": DAY, "2026-10-05": {"note": 1}},
    ),
    "a list for a date": ({"2026-10-04T00:00:00": ["a"]}, ADD, {"2026-10-04T00:00:00": ["a", NEW]}),
    "an object by day": (
        {"Day 1": {"activities": ["a"]}, "Day 3": {}},
        {"title": "Tea", "day_number": 2},
        {"Day 1": {"activities": ["a"]}, "Day 2": DAY, "Day 3": {}},
    ),
    "an object by number within days": (
        {"days": {"1": [], "2": ["a"]}},
        {"title": "Tea", "date": "2026-10-04"},
        {"days": {"1": [], "2": ["a", NEW]}},
    ),
    "days without date": (
        [{"day": 1}, {"day_number": "2", "hotel": "Ritz"}],
        ADD,
        [{"day": 1}, {"day_number": "2", "hotel": "Ritz", "activities": [NEW]}],
    ),
    "days without number": (
        [{"date": "2026-10-04T08:00:00Z", "activities": None}],
        {"title": "Tea", "day_number": 2},
        [{"date": "2026-10-04T08:00:00Z", "activities": [NEW]}],
    ),
    "days with neither": (
        [{"hotel": "Ritz"}, {"activities": "a walk"}],
        {"title": "Tea", "day_number": 2},
        [{"hotel": "Ritz"}, {"activities": ["a walk", NEW]}],
    ),
    "one day that is not in a list": (
        {"date": "2026-10-04", "activities": []},
        ADD,
        {"date": "2026-10-04", "activities": [NEW]},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.sampled(3)
async def test_an_item_is_added_to_a_schedule_of_any_shape(tmp_path: Path, shape: str) -> None:
    async with new_desk(tmp_path) as desk:
        before, data, after = SHAPES[shape]
        store(desk, schedule=before)
        (result,) = await desk.do(KYOTO, op("add_schedule_item", **data))
        expect = json.loads(json.dumps(after).replace('"?"', json.dumps(result["item_id"])))
        assert stored(desk, "schedule") == expect
        assert list(stored(desk, "schedule")) == list(expect)
        await desk.do(KYOTO, op("remove_schedule_item", item_id=result["item_id"]))
        text = desk.column("schedule", KYOTO)
        assert "Tea" not in text
        if isinstance(before, str) and before not in ("", "null"):
            assert stored(desk, "schedule")[0] == before
        await desk.call("refresh_trip_facts")
        assert await computed(desk.call) == expected(desk.connection)


async def test_entries_are_found_by_any_id_and_by_their_place_at_the_start_of_the_call(tmp_path: Path) -> None:
    stays = [{"id": 7, "name": "A"}, "B", {"accommodation_id": " x ", "name": "C"}, {"name": "D", "id": ""}]
    async with new_desk(tmp_path) as desk:
        store(desk, stays=stays)
        await desk.do(
            KYOTO,
            op("remove_stay", item_id="2"),
            op("update_stay", item_id="4", city="four"),
            op("update_stay", item_id="4", name="D again"),
            op("update_stay", item_id=7, city="seven"),
            op("update_stay", item_id="x", city="x"),
            op("update_stay", item_id="#3", confirmation="three"),
        )
        assert [(one["name"], one["city"]) for one in stored(desk, "stays")] == [
            ("A", "seven"),
            ("C", "x"),
            ("D again", "four"),
        ]
        assert stored(desk, "stays")[1]["confirmation_number"] == "three"
        fourth = stored(desk, "stays")[2]["accommodation_id"]
        said = await desk.fails(KYOTO, op("update_stay", item_id="1", city="no"))
        assert said == (f'not_found: The trip has no stay "1".\nSend the item_id of one it has: 7, x, {fourth}.')


async def test_two_entries_of_one_id_are_told_apart_by_place(tmp_path: Path) -> None:
    twice = [{"day_number": 2, "activities": [{"id": "a", "title": "A"}]}, {"activities": [{"id": "a", "title": "B"}]}]
    async with new_desk(tmp_path) as desk:
        store(desk, schedule=twice)
        said = await desk.fails(KYOTO, op("remove_schedule_item", item_id="a"))
        assert said.endswith("Send the place of the one you mean as item_id: #1.1, #2.1.")
        await desk.do(KYOTO, op("remove_schedule_item", item_id="#2.1"))
        assert titles(desk) == ["A"]


async def test_a_place_that_is_read_as_two_different_days_is_refused(tmp_path: Path) -> None:
    days = [{"day_number": 2, "activities": ["a"]}, {"day_number": 3, "activities": ["b"]}]
    async with new_desk(tmp_path) as desk:
        store(desk, schedule=days)
        said = await desk.fails(KYOTO, op("remove_schedule_item", item_id="2.1"))
        assert said.endswith("#1.1, #2.1.")
        await desk.do(KYOTO, op("remove_schedule_item", item_id="3.1"))
        assert titles(desk) == ["a"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no day": (op("add_schedule_item", title="A"), "needs one day"),
    "two days": (op("add_schedule_item", title="A", date="2026-10-03", day_number=1), "needs one day"),
    "two days to move to": (op("update_schedule_item", item_id="1.1", date="2026-10-03", day_number=1), "has two days"),
    "an hour that no day has": (
        op("add_schedule_item", title="A", day_number=1, start_time="25:00"),
        "that no day has",
    ),
    "a bare number": (op("add_schedule_item", title="A", day_number=1, start_time="9"), "can't be read as a time"),
    "a word": (op("add_schedule_item", title="A", day_number=1, start_time="morning"), "can't be read as a time"),
    "a moment that no day has": (flight(arrive="2026-10-03T24:30"), "has a time that no day has"),
    "a time alone": (flight(arrive="10:00"), "can't be read as a date with a time"),
    "a day that no month has": (op("add_stay", name="A", check_in="2026-02-30", check_out="2026-03-01"), "valid date"),
    "no change": (op("update_stay", item_id="1"), "contains no change"),
    "no such stay": (op("update_stay", item_id="9", city="A"), "has no stay"),
    "a fraction as place": (op("remove_schedule_item", item_id=1.1), "should be a valid string"),
}


async def test_what_can_not_be_meant_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        store(desk, schedule=LEGACY, stays=["Ritz"])
        before = desk.everything()
        answer = await desk.bulk(KYOTO, *(operation for operation, _ in REFUSED.values()))
        assert answer["operations_completed"] == 0
        for (case, (_, words)), result in zip(REFUSED.items(), answer["results"], strict=True):
            assert words in result["error"], case
        assert desk.everything() == before


async def test_a_day_is_set_in_any_shape_and_its_old_text_is_kept(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        store(desk, schedule={"2026-10-03": ["a"], "2026-10-04": "Free", "2026-10-05": {"title": "T", "hotel": "Ritz"}})
        first, second, third = await desk.do(
            KYOTO,
            op("set_day", day_number=1, title="Kyoto"),
            op("set_day", day_number=2, title="Rest"),
            op("set_day", date="2026-10-05", title=None, description="Nara"),
        )
        assert first["entry"] == {"activities": ["a"], "day_name": "Kyoto"}
        assert second["entry"] == {"description": "Free", "day_name": "Rest"}
        assert third["entry"] == {"hotel": "Ritz", "description": "Nara"}
        assert list(stored(desk, "schedule").values()) == [one["entry"] for one in (first, second, third)]
        assert kept(desk)[0][1]["entry"] == {"title": "T", "hotel": "Ritz"}


async def test_ranges_and_values_in_objects_are_edited_without_loss(tmp_path: Path) -> None:
    items = [
        {"title": "A", "time": "9:00 - 11:00"},
        {"title": "B", "start_time": "2026-10-03T09:00", "price": {"amount": 1, "tax": 2}},
    ]
    async with new_desk(tmp_path) as desk:
        store(desk, schedule=[{"date": "2026-10-03", "activities": items}])
        one, two, three = await desk.do(
            KYOTO,
            op("update_schedule_item", item_id="1.1", start_time="8:00", end_time="10:00"),
            op("update_schedule_item", item_id="1.2", start_time="1pm", price=5),
            op("update_schedule_item", item_id="1.2", date="2026-10-04"),
        )
        assert one["entry"]["time"] == "8:00 - 10:00"
        assert two["entry"]["start_time"] == "2026-10-03T13:00"
        assert two["entry"]["price"] == {"amount": 5, "tax": 2}
        assert three["entry"]["start_time"] == "2026-10-04T13:00"


@pytest.mark.parametrize("name", ["d1-export-2025", "seed-legacy", "drifted-dual-write"])
@pytest.mark.sampled(3)
async def test_a_legacy_databases_schedules_are_edited_and_its_facts_stay_right(
    legacy_database: Callable[[str], Path], name: str
) -> None:
    path = legacy_database(f"{name}.sql" if name.endswith(".sql") else name)
    await raw.migrate_file(path)
    async with open_desk(path) as desk:
        rows = desk.sql("SELECT trip_id, schedule FROM trips_v2 ORDER BY trip_id LIMIT 8")
        for trip_id, before in rows:
            (result,) = await desk.do(trip_id, op("add_schedule_item", day_number=1, title="Tea", start_time="12:00"))
            after = desk.json("schedule", trip_id)
            assert result["entry"] in after[0]["activities"]
            assert len(after) == max(len(json.loads(before)), 1)
            await desk.do(trip_id, op("remove_schedule_item", item_id=result["item_id"]))
            if json.loads(before):
                assert desk.column("schedule", trip_id) == before
        await desk.call("refresh_trip_facts", limit=1000)
        assert await computed(desk.call) == expected(desk.connection)


async def test_other_operations_neither_read_nor_write_the_itinerary(tmp_path: Path) -> None:
    async with watched_desk(seeded(tmp_path / "voygen.db"), tools=[TOOL]) as (desk, watched):
        await desk.do(KYOTO, op("add_note", note="n"))
        assert not [sql for sql in watched.statements if "schedule" in sql]
        await desk.do(KYOTO, op("set_day", day_number=1, title="T"))
        assert len([sql for sql in watched.statements if "schedule" in sql]) == 3


async def test_an_entry_that_others_add_meanwhile_is_kept(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as other:
        late = ['UPDATE trips_v2 SET schedule = \'[{"date":"2026-10-09"}]\' WHERE trip_id = 1']
        async with watched_desk(path, lambda: late and other.execute(late.pop()), [TOOL]) as (desk, _):
            (result,) = await desk.do(KYOTO, op("add_schedule_item", date="2026-10-09", title="Tea"))
            assert stored(desk, "schedule") == [{"date": "2026-10-09", "activities": [result["entry"]]}]


async def test_the_page_of_a_trip_has_a_line_for_each_entry_with_everything_it_holds(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        rides = [
            {"flight_number": "LH1", "type": "flight", "from": "FRA", "to": "KIX", "departure_time": "2pm"},
            "taxi",
        ]
        schedule = {"by": "Eva", "days": [LEGACY[0], {"day_number": 2, "activities": ["a walk", {"cost": 5}]}, "Free"]}
        store(
            desk,
            schedule=schedule,
            stays=[{"hotel": "Ritz", "checkin": "2026-10-03", "vip": True}, "Inn"],
            transport=rides,
        )
        page = cast("Any", (await desk.client.read_resource("trip://lima-in-kyoto")).contents[0]).text
        start = page.index("## Schedule")
        assert page[start:].splitlines()[:17] == [
            "## Schedule",
            "- by: Eva",
            '- 2026-10-03, day 1, "Day 1", "Explore"',
            '  - 09:00, "Old town walk", "Centre" (type: tour)',
            '  - 19:30, "Dinner" (type: meal)',
            "- 2026-10-04, day 2",
            '  - "a walk"',
            "  - (cost: 5)",
            "- 2026-10-05, day 3, Free",
            "",
            "## Accommodations",
            '- "Ritz", 2026-10-03 (vip: true)',
            "- Inn",
            "",
            "## Transportation",
            '- 2pm, flight, LH1, "FRA" to "KIX"',
            "- taxi",
        ]
