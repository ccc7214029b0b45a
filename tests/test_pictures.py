"""Facts that pictures draw: those of a trip, of a month and of the migration."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, Desk, each_era, new_desk, op, open_desk, seeded, text_of
from drifted import drifted_file
from mcp_types import TextContent

from database import measures
from migrations.check import check
from migrations.proof import record_proof
from tools.answers.bounds import LIMIT, weight
from tools.trip.playbook import WORKFLOW_PHASES

if TYPE_CHECKING:
    from pathlib import Path

    from desk import Era

# What old programs have left in the columns of a trip.
ODD = (
    "",
    "null",
    "garbage",
    '"text"',
    "[1, null, [], {}]",
    '{"day 1": "Walk", "x": 3}',
    '{"days": [{"day": "?", "activities": {"title": 3}}]}',
    '[{"date": "2026-07-03", "activities": [null, 5, "Swim", {"time": "25:99", "title": {"name": "\\ud800"}}]}]',
    '[{"check_in": 5, "check_out": "never", "name": ["x"]}]',
    '[{"type": null, "departure_time": "soon"}, "bus"]',
    7,
    2.5,
    b"\xff[]",
)

COLUMNS = (
    *("schedule", "accommodations", "transportation", "workflow_state", "financials"),
    *("end_date", "destinations", "total_cost"),
)


def days_on(days: int) -> str:
    """A day from now."""
    return (datetime.now(UTC).date() + timedelta(days)).isoformat()


def add_guests(desk: Desk, trip_id: int, *guests: dict[str, Any]) -> None:
    entries = [*desk.json("clients", trip_id), *guests]
    desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(entries), trip_id)


async def drawn(desk: Desk, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """The picture's facts, even if the stores disagree."""
    result = await desk.client.call_tool(tool, arguments)
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert not result.is_error, block.text
    assert block.text == text_of(dict(result.structured_content or {}))
    assert weight(result.structured_content) <= LIMIT
    return dict(result.structured_content or {})


@each_era
async def test_a_trip_shows_its_days_stays_people_and_money_and_what_is_missing(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        start, end, before = days_on(10), days_on(13), days_on(-5)
        passport = {"passport": {"number": "X1", "expires": days_on(12)}, "visa": {"valid_until": days_on(400)}}
        await desk.call("update_client", email=ANA, travel_docs=passport)
        await desk.do(
            KYOTO,
            op("update_dates", start_date=start, end_date=end),
            op("assign_client", email=ANA, role="payer"),
            op("assign_client", email=BEN),
            op("assign_client", email=CEM, role="booker"),
            op("assign_client", full_name="Dia Roe"),
            op("set_payment_plan", due=[{"date": before, "amount": 1000, "label": "Deposit"}]),
            op("record_payment", amount=400, date=before, kind="deposit"),
            op("add_stay", name="Ryokan", city="Kyoto", check_in=start, check_out=days_on(12)),
            op("add_stay", name="Kyoto Inn", city="Kyoto", check_in=days_on(12), check_out=end, confirmation="K-1"),
            op("set_day", date=start, title="Arrival"),
            op("add_schedule_item", date=start, title="Temple walk", start_time="15:00", location="Higashiyama"),
            op("add_schedule_item", date=days_on(11), title="At leisure"),
            op("add_transport", type="flight", number="NH 1", **{"from": "LHR", "to": "KIX"}, depart=f"{start}T09:30"),
            op("advance_workflow", phase="preparation"),
        )
        add_guests(desk, KYOTO, {"name": "Rolf", "role": "traveler"}, {"name": "Aunt", "role": "payer"})
        trip = await desk.call("show_trip", trip_identifier="lima in kyoto")
        assert (trip["trip_id"], trip["name"], trip["status"]) == (KYOTO, "Lima in Kyoto", "planning")
        assert (trip["start"], trip["end"], trip["nights"], trip["days_to_go"]) == (start, end, 3, 10)
        assert trip["phase"] == {"name": "preparation", "all": list(WORKFLOW_PHASES)}
        assert [(one["name"], one["roles"], one["note"], one["lacks"]) for one in trip["travelers"]] == [
            ("Ana Lima", ["traveler", "payer"], None, f"passport expires {words(days_on(12))}"),
            ("Ben Ode", ["traveler"], None, "no travel documents"),
            ("Dia Roe", ["traveler"], None, "no travel documents"),
            ("Rolf", ["traveler"], "not linked", None),
        ]
        assert [one["email"] for one in trip["travelers"]] == [ANA, BEN, None, None]
        assert trip["travelers_total"] == 4
        assert [(one["name"], one["roles"]) for one in trip["others"]] == [
            ("Cem Kaya", ["booker"]),
            ("Aunt", ["payer"]),
        ]
        money = trip["money"]
        assert (money["total"], money["paid"], money["balance"], money["currency"]) == (6400, 400, 6000, "USD")
        assert [
            (one["label"], one["amount"], one["paid_at"], one["due_at"], one["late"]) for one in money["payments"]
        ] == [
            ("Deposit", 400, before, None, False),
            ("Deposit", 600, None, before, True),
            ("Balance", 5400, None, start, False),
        ]
        assert [(one["name"], one["from"], one["to"], one["nights"], one["confirmation"]) for one in trip["stays"]] == [
            ("Ryokan, Kyoto", start, days_on(12), 2, None),
            ("Kyoto Inn", days_on(12), end, 1, "K-1"),
        ]
        assert [
            (day["date"], day["title"], [tuple(item.values()) for item in day["items"]]) for day in trip["days"]
        ] == [
            (start, "Arrival", [("09:30", "Flight NH 1, LHR to KIX", None), ("15:00", "Temple walk", "Higashiyama")]),
            (days_on(11), None, [(None, "At leisure", None)]),
            (days_on(12), None, []),
            (end, None, []),
        ]
        missing = [lack["words"] for lack in trip["missing"]]
        assert missing[-2:] == [
            'No confirmation number: "Ryokan, Kyoto".',
            f"Nothing is planned on {words(days_on(12))[:-5]} and {words(end)[:-5]}.",
        ]
        assert missing[0] == f"Overdue: 600.00 USD by {before}."
        assert 'Travel documents are missing for "Ben Ode", "Dia Roe".' in missing
        assert not any(name in lack["prompt"] for lack in trip["missing"] for name in ("Ben", "Ryokan", "Lima"))
        for fact in ("in 10 days", "4 travelers", '"Rolf" (traveler, not linked)', '"Cem Kaya" (booker)', "(overdue)"):
            assert fact in trip["message"]
        assert "X1" not in json.dumps(trip)


def words(day: str) -> str:
    """Return a day such as `Wed 13 Jan 2027`."""
    return f"{date.fromisoformat(day):%a} {date.fromisoformat(day).day} {date.fromisoformat(day):%b %Y}"


async def test_a_trip_that_lacks_nothing_or_is_over_says_so(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(
            BANFF,
            op("set_day", date="2026-05-08", title="Skiing", description="All day on the slopes"),
            op("add_stay", name="Lodge", check_in="2026-05-08", check_out="2026-05-15"),
            op("advance_workflow", phase="planning"),
            op("update_status", status="cancelled"),
        )
        trip = await desk.call("show_trip", trip_identifier=BANFF)
        assert (trip["missing"], trip["money"]["payments"]) == ([], [])
        assert trip["message"].endswith("Nothing is missing.")
        assert trip["days"][0]["items"] == [{"time": None, "title": "All day on the slopes", "place": None}]


async def test_what_is_cancelled_is_named_but_neither_planned_nor_missing_a_confirmation(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(
            EMPTY,
            op("update_dates", start_date="2027-05-03", end_date="2027-05-05"),
            op("add_stay", name="Nordlys Lodge", check_in="2027-05-03", check_out="2027-05-05"),
            op("add_schedule_item", date="2027-05-03", title="Sauna"),
            op("add_schedule_item", date="2027-05-04", title="Hike"),
        )
        off = "json_set({0}, '$[0]{1}.status', 'cancelled')"
        columns = ", ".join(
            f"{column} = {off.format(column, path)}"
            for column, path in (("accommodations", ""), ("schedule", ".activities[0]"))
        )
        desk.sql(f"UPDATE trips_v2 SET {columns} WHERE trip_id = ?", EMPTY)
        trip = await drawn(desk, "show_trip", trip_identifier=str(EMPTY))
        assert (trip["stays"], trip["cancelled"]) == ([], ["Sauna", "Nordlys Lodge"])
        assert [[item["title"] for item in day["items"]] for day in trip["days"]] == [[], ["Hike"], []]
        assert 'Cancelled: "Sauna", "Nordlys Lodge".' in trip["message"]
        assert "No confirmation" not in str(trip["missing"])
        assert "Nights without a stay: 2027-05-03 to 2027-05-04." in [lack["words"] for lack in trip["missing"]]


async def test_what_is_missing_keeps_its_figures(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(EMPTY, op("add_document", name="Voucher"), op("advance_workflow", phase="finalization"))
        missing = (await desk.call("show_trip", trip_identifier=EMPTY))["missing"]
        assert [lack["words"] for lack in missing] == [
            "The status is not confirmed.",
            "No payment is recorded.",
            "Documents without a url: 1 of 1.",
        ]
        assert missing[0]["prompt"] == (
            "Trip 3: The status is not confirmed. Set it with update_status. Ask me for what you don't know."
        )


async def test_consecutive_days_that_name_a_hotel_are_a_stay_where_none_is_recorded(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        hotels = ["Lodge", "Lodge", "Inn", None, "Inn", {"name": "Elsewhere", "confirmation": "E-1"}]
        days = [
            {"date": f"2026-05-{8 + at:02}", "hotel": hotel, "day_name": "Friday"} for at, hotel in enumerate(hotels)
        ]
        desk.sql("UPDATE trips_v2 SET schedule = ? WHERE trip_id = ?", json.dumps(days), BANFF)
        await desk.do(BANFF, op("add_stay", name="Camp", check_in="2026-05-12", check_out="2026-05-13"))
        trip = await desk.call("show_trip", trip_identifier=BANFF)
        assert [(one["name"], one["from"], one["to"], one["nights"], one["confirmation"]) for one in trip["stays"]] == [
            ("Lodge", "2026-05-08", "2026-05-10", 2, None),
            ("Inn", "2026-05-10", "2026-05-11", 1, None),
            ("Camp", "2026-05-12", "2026-05-13", 1, None),
            ("Elsewhere", "2026-05-13", "2026-05-14", 1, "E-1"),
        ]
        assert {day["title"] for day in trip["days"]} == {None}


async def test_every_day_of_a_trip_of_75_days_is_shown_with_as_many_items_as_fit(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(EMPTY, op("update_dates", start_date="2027-01-01", end_date="2027-03-16"))
        items = [
            {"title": f"Visit {number} to a museum with a rather long name", "time": "9:00"} for number in range(9)
        ]
        days = [{"day_number": number, "activities": items} for number in range(1, 76)]
        desk.sql("UPDATE trips_v2 SET schedule = ? WHERE trip_id = ?", json.dumps(days), EMPTY)
        add_guests(
            desk, EMPTY, *({"name": f"Guest {number} with a long name", "role": "traveler"} for number in range(90))
        )
        trip = await desk.call("show_trip", trip_identifier=EMPTY)
        assert (len(trip["days"]), trip["days_more"]) == (75, 0)
        assert {len(day["items"]) + day["items_more"] for day in trip["days"]} == {9}
        assert len({len(day["items"]) for day in trip["days"]}) == 1
        assert 0 < len(trip["days"][0]["items"]) < 9
        assert (len(trip["travelers"]), trip["travelers_total"]) == (60, 90)
        assert "675 items on 75 of 75 days, of which some are left out here" in trip["message"]
        assert weight(trip) + weight(trip["message"]) <= LIMIT
        desk.sql("UPDATE trips_v2 SET end_date = '2999-01-01' WHERE trip_id = ?", EMPTY)
        assert len((await desk.call("show_trip", trip_identifier=EMPTY))["days"]) == 75


async def test_what_does_not_fit_into_the_picture_of_a_trip_is_counted(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        long = "👪" * 155
        people = [{"name": f"{number} {long}", "role": "traveler"} for number in range(70)]
        stays = [{"name": f"{at} {long}", "check_in": days_on(at), "check_out": days_on(at + 1)} for at in range(1, 60)]
        days = [{"date": days_on(at), "title": "Day" * 50, "activities": [{"title": "Walk"}]} for at in range(1, 400)]
        for people_on, stays_on, days_on_trip in ((people, stays, []), (people, stays, days), ([], [], days)):
            desk.sql(
                "UPDATE trips_v2 SET clients = ?, accommodations = ?, schedule = ?, start_date = ?, end_date = ? "
                "WHERE trip_id = ?",
                *map(json.dumps, (people_on, stays_on, days_on_trip)),
                *(days_on(1), days_on(399 if days_on_trip else 75), EMPTY),
            )
            trip = await drawn(desk, "show_trip", trip_identifier=EMPTY)
            assert "Cut to fit" not in trip["message"]
            assert len(trip["days"]) + trip["days_more"] == (399 if days_on_trip else 75)
            assert len(trip["stays"]) + trip["stays_more"] == len(stays_on)
            assert (trip["travelers_total"], len(trip["travelers"]) > 0) == (len(people_on), bool(people_on))


async def test_a_request_of_the_picture_holds_no_stored_currency(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("advance_workflow", phase="preparation"))
        for currency, is_told in (("EUR", True), ("DELETE-ALL-TRIPS", False)):
            desk.sql("UPDATE trips_v2 SET financials = ? WHERE trip_id = ?", json.dumps({"currency": currency}), KYOTO)
            trip = await desk.call("show_trip", trip_identifier=KYOTO)
            prompts = " ".join(lack["prompt"] for lack in trip["missing"])
            assert "See list_payments" in prompts
            assert (currency in prompts) == is_told


async def test_malformed_trips_are_drawn(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for odd in ODD:
            for column in COLUMNS:
                desk.sql(f"UPDATE trips_v2 SET {column} = ? WHERE trip_id = ?", odd, EMPTY)
            assert (await drawn(desk, "show_trip", trip_identifier=EMPTY))["trip_id"] == EMPTY
            assert (await drawn(desk, "show_month", month="2026-07"))["month"] == "2026-07"
        desk.sql("UPDATE trips_v2 SET start_date = 'soon', clients = 'no list' WHERE trip_id = ?", EMPTY)
        trip = await desk.call("show_trip", trip_identifier=EMPTY)
        assert (trip["start"], trip["nights"], trip["days_to_go"], trip["travelers"]) == ("soon", None, None, [])
        assert "could not be read" in trip["unreadable"]
        assert trip["unreadable"] in trip["message"]


async def test_a_month_shows_who_travels_when_and_who_is_on_two_trips_at_once(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for name, start, end, status in (
            ("Over", "2027-01-09", "2027-01-20", "confirmed"),
            ("Next", "2027-01-20", "2027-01-22", "confirmed"),
            ("Off", "2027-01-10", "2027-01-12", "cancelled"),
            ("Later", "2027-02-01", "2027-02-02", "confirmed"),
            ("Date line", "2027-01-31", "2027-01-30", "planning"),
        ):
            await desk.call("create_trip_v2", trip_name=name, start_date=start, end_date=max(start, end), status=status)
            desk.sql("UPDATE trips_v2 SET end_date = ? WHERE trip_name = ?", end, name)
            await desk.do(
                name, op("assign_client", email=ANA, role="traveler"), op("assign_client", email=CEM, role="payer")
            )
        await desk.do(KYOTO, op("update_dates", start_date="2026-12-28", end_date="2027-01-11"))
        await desk.do(KYOTO, op("assign_client", email=ANA, role="guide"))
        add_guests(desk, KYOTO, {"name": "Rolf"}, {"name": "Aunt", "role": "payer"})
        month = await desk.call("show_month", month="2027-01")
        assert [(trip["name"], trip["start"], trip["end"]) for trip in month["trips"]] == [
            ("Lima in Kyoto", "2026-12-28", "2027-01-11"),
            ("Over", "2027-01-09", "2027-01-20"),
            ("Next", "2027-01-20", "2027-01-22"),
            ("Date line", "2027-01-31", "2027-01-31"),
        ]
        assert (month["total"], month["people"], month["leaving"], month["more"]) == (4, 2, 0, 0)
        kyoto = month["trips"][0]
        assert (kyoto["travelers"], kyoto["travelers_total"], kyoto["place"]) == (
            ["Ana Lima", "Rolf"],
            2,
            "Kyoto, Nara",
        )
        (clash,) = month["clashes"]
        assert (clash["name"], clash["trips"], clash["from"], clash["to"]) == (
            "Ana Lima",
            ["Lima in Kyoto", "Over"],
            "2027-01-09",
            "2027-01-11",
        )
        assert (clash["trip_ids"][0], month["clashes_more"]) == (KYOTO, 0)
        assert 'On two trips at once: "Ana Lima" on "Lima in Kyoto" and "Over" (2027-01-09' in month["message"]
        assert (await desk.call("show_month", month="2027-01", client="cem kaya"))["clashes"] == []
        assert (await desk.call("show_month", month="2027-01", client=BEN))["total"] == 0
        assert "month is not a month" in await desk.refused("show_month", month="2027-13")
        assert (await desk.refused("show_month", client="Nobody")).startswith("not_found: client")


async def test_this_month_counts_the_trips_that_leave_within_seven_days(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(EMPTY, op("update_dates", start_date=days_on(0), end_date=days_on(3)))
        month = await desk.call("show_month")
        assert (month["month"], month["today"], month["leaving"]) == (days_on(0)[:7], days_on(0), 1)


async def test_a_trip_whose_last_day_is_no_date_is_only_in_the_month_of_its_first_day(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET start_date = '2027-05-03', end_date = 'soon' WHERE trip_id = ?", EMPTY)
        first, later = [await desk.call("show_month", month=month) for month in ("2027-05", "2027-06")]
        assert [(trip["trip_id"], trip["end"]) for trip in first["trips"]] == [(EMPTY, "2027-05-03")]
        assert later["trips"] == []


async def test_a_month_of_hundreds_of_trips_is_cut_but_counted_in_whole(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date, status, clients)
            SELECT 'Trip ' || i, 't-' || i, printf('2027-05-%02d', i % 28 + 1), '2027-05-30', 'confirmed', json_array(
                json_object('email', iif(i % 2, ?1, ?2), 'role', 'traveler'), json_object('name', 'Guest ' || i)) FROM n
            """,
            ANA,
            BEN,
        )
        month = await drawn(desk, "show_month", month="2027-05")
        assert (month["total"], month["people"]) == (300, 302)
        assert (len(month["trips"]), month["more"]) == (60, 240)
        # Each of the two clients begins all trips but the first while another one goes on.
        assert len(month["clashes"]) + month["clashes_more"] == 2 * 149
        assert "Left out: 240 trips, see list_trips." in month["message"]


async def test_the_migration_shows_differing_trips_side_by_side_after_a_check(tmp_path: Path) -> None:
    async with open_desk(drifted_file(tmp_path / "voygen.db")) as desk:
        await record_proof(desk.db, await check(desk.db))
        board = await drawn(desk, "show_migration")
        assert (board["phase"], board["next_phase"]) == ("dual_write", "prefer_junction")
        proof = board["agreement"]
        assert (proof["source"], proof["differences"], proof["differing_trips"]) == ("proof", 19, None)
        assert [one["drift"] for one in board["proofs"]] == [19]
        assert board["obstacles"][0] == "19 differences between the stores"
        assert board["differing"] == []
        board = await drawn(desk, "show_migration", check=True)
        checked = board["agreement"]
        assert (checked["source"], checked["age"], checked["differences"]) == ("check", "just now", 19)
        assert checked["differing_trips"] == len(board["differing"]) + board["differing_more"] == 15
        two = next(trip for trip in board["differing"] if trip["trip_id"] == 2)
        assert two["kinds"] == ["junction_only"]
        assert (two["pairs"][0]["junction"], two["pairs"][0]["json"]) == (True, False)
        assert "differences between the stores" in board["obstacles"][0]
        assert "3 entries belong to no client" in board["obstacles"]
        assert board["message"].startswith("The stores DIFFER: 19 differences, 16 trips")
        await desk.call("repair_consistency", dry_run=False)
        await record_proof(desk.db, await check(desk.db))
        board = await desk.call("show_migration")
        assert (board["agreement"]["differing_trips"], [one["drift"] for one in board["proofs"]]) == (0, [19, 0])
        assert board["message"].startswith("Both stores agree: ")


async def test_the_migration_shows_the_calls_of_each_hour_and_the_latency_by_tool(tmp_path: Path) -> None:
    async with open_desk(seeded(tmp_path / "voygen.db")) as desk:
        now = datetime.now(UTC)
        hours = [(now - timedelta(hours=ago)).strftime("%Y-%m-%dT%H") for ago in (2, 1, 0)]
        calls = [
            measures.CallCount(hours[0], "list_trips", "ok", 5, 8, 0.02),
            measures.CallCount(hours[2], "list_trips", "ok", 100, 1, 0.06),
            measures.CallCount(hours[2], "list_trips", "not_found", 0, 1, 40.0),
            measures.CallCount("2020-01-01T00", "get_client", "ok", 5, 8, 0.02),
        ]
        refused = [measures.ViolationCount(hours[2], "UNIQUE", 2), measures.ViolationCount(hours[2], "guard epoch", 9)]
        await desk.db.batch(measures.add(calls, refused, "2019-01-01T00"))
        board = await desk.call("show_migration", hours=3)
        assert [tuple(one.values()) for one in board["by_hour"]] == [
            (hours[0], 8, 0),
            (hours[1], 0, 0),
            (hours[2], 2, 1),
        ]
        assert (board["calls"], board["success_rate"], board["violations"]) == (10, 0.9, {"UNIQUE": 2})
        assert board["operations"] == [
            {"tool": "list_trips", "calls": 10, "p50_ms": 5, "p95_ms": None, "success_rate": 0.9}
        ]
        assert board["agreement"] is None
        assert board["obstacles"][0] == "Nobody has checked yet whether the stores agree"
        assert "10 calls, 90.00% succeeded; refused by constraints: 2 UNIQUE" in board["message"]
        assert len((await desk.call("show_migration", hours=168))["by_hour"]) == 168
