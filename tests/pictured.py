"""A small agency for pictures: a month of trips, and trips that are hard to draw."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import raw
from damage import past_the_triggers
from desk import Desk, op, open_desk

from database.measures import CallCount, ViolationCount
from database.measures import add as add_counts
from migrations.check import check
from migrations.proof import record_proof

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TODAY = datetime.now(UTC).date()

# The first day of the month that is drawn: this one, or at its end the next.
FIRST = (TODAY + timedelta(10)).replace(day=1)
MONTH = FIRST.isoformat()[:7]

# Long, with markup, turned by controls of direction, in other scripts, with marks piled up and joined emoji.
HOSTILE = (
    "\u202e<img src=x onerror=alert(1)><script>alert(2)</script> \u2067"
    + "Wolfeschlegelsteinhausenbergerdorff" * 2
    + " 👨‍👩‍👧‍👦🏳️‍🌈 דוד الرحلة Z\u0334\u0319\u0308a\u0338l\u0335g\u0336o\u0337"
)

HOLLISTER, LONG, EMPTY, MALFORMED, NAMED_BADLY = (
    "Hollister family in Scotland & Ireland",
    "Round the world",
    "Nobody yet",
    "Broken columns",
    "hostile-trip",
)

# First and last day within the month, name, places, travelers. Days beyond the month are in the next.
MONTH_OF_TRIPS: list[tuple[int, int, str, str, list[str]]] = [
    (-4, 5, "Lind family in Kyoto", "Kyoto, Nara", ["Maya Lind", "Tom Lind", "Ida Lind", "Bo Lind"]),
    (4, 8, "Petrov, Paris & Versailles", "Paris", ["Pavel Petrov"]),
    (8, 17, "Moreau in the Highlands", "Edinburgh, Skye", ["Greta Moreau", "James Hollister", "Lou Moreau"]),
    (9, 12, "Vega in Lisbon", "Lisbon", ["Raul Vega", "Ana Vega"]),
    (11, 24, "Haddad honeymoon", "Maldives", ["Noor Haddad", "Ilias Haddad"]),
    (15, 19, "Okafor & Co, Milan fair", "Milan", ["Sam Okafor", "James Hollister", "Ada Okafor", "Jo Eke", "Di Eke"]),
    (18, 27, "Banff in winter", "Banff", ["Aiko Mori", "Ben Aoki", "Kei Aoki"]),
    (26, 40, "Singh, Patagonia", "Patagonia", ["Ravi Singh", "Asha Singh"]),
]


def day(number: int) -> str:
    """A day of the month that is drawn, counted from 1, or one before or after it."""
    return (FIRST + timedelta(number - 1)).isoformat()


def status_of(start: str, end: str) -> str:
    today = TODAY.isoformat()
    if end < today:
        return "completed"
    if start <= today:
        return "in_progress"
    return "confirmed" if start < day(18) else "planning"


def email_of(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@example.net"


async def fill(desk: Desk, *, hard: bool = True) -> dict[str, int]:
    """Add all trips, without those that are hard to draw unless `hard`, and return their ids by name."""
    ids: dict[str, int] = {}
    for first, last, name, places, people in MONTH_OF_TRIPS:
        ids[name] = await add(desk, name, day(first), day(last), people, destinations=places)
    ids["Silver wedding, Jones"] = await add(desk, "Silver wedding, Jones", day(22), day(30), [], destinations="Bath")
    ids[HOLLISTER] = await add_hollister(desk, TODAY + timedelta(41))
    if not hard:
        return ids
    ids[NAMED_BADLY] = await add_hostile(desk)
    ids[LONG] = await add_long(desk, TODAY + timedelta(100))
    ids[EMPTY] = await add(desk, EMPTY, day(400), day(400), [])
    ids[MALFORMED] = await add_malformed(desk)
    return ids


async def filled_file(path: Path, *, hard: bool = True) -> dict[str, int]:
    """Create the database, and return the ids of its trips by name."""
    async with open_desk(raw.new_file(path)) as desk:
        return await fill(desk, hard=hard)


# Numbers of trips that differed when the stores were compared, day by day.
DRIFT = (7, 7, 4, 4, 2, 0, 0, 1, 0, 0, 0, 2)


async def drifting_file(path: Path, *, hard: bool = True) -> Path:
    """Create the database after twelve days in which an old program wrote past the triggers and was repaired."""
    await filled_file(path, hard=hard)
    async with open_desk(path) as desk:
        clients = dict(desk.sql("SELECT trip_id, clients FROM trips_v2 WHERE clients LIKE '[{%' ORDER BY trip_id DESC"))
        for number, trips in enumerate(DRIFT):
            with past_the_triggers(desk.connection):
                for at, (trip_id, text) in enumerate(clients.items()):
                    changed = _changed(json.loads(text), at) if at < trips else json.loads(text)
                    desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(changed), trip_id)
            await record_proof(desk.db, await check(desk.db))
            recorded = f"{TODAY - timedelta(len(DRIFT) - 1 - number)}T03:00:00.000Z"
            desk.sql("UPDATE proof_records SET recorded_at = ? WHERE proof_id = ?", recorded, number + 1)
        await desk.db.batch(add_counts(_calls(), [ViolationCount(_hour(3), "FOREIGN KEY", 2)], ""))
    return path


def _changed(clients: list[Any], at: int) -> list[Any]:
    """Return the clients without the last, or with another."""
    return clients[:-1] if at % 2 else [*clients, {"email": email_of("Maya Lind"), "role": "guide"}]


def _hour(ago: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=ago)).isoformat()[:13]


def _calls() -> list[CallCount]:
    """Return a day of calls, busier by day."""
    busy = (3, 2, 0, 1, 5, 14, 31, 46, 41, 38, 57, 55, 52, 63, 54, 31, 72, 53, 46, 38, 27, 21, 9, 4)
    shares = (
        ("get_anything", 5, 30),
        ("bulk_trip_operations", 20, 100),
        ("list_trips", 20, 500),
        ("show_trip", 10, 50),
    )
    return [
        CallCount(_hour(23 - number), tool, "ok", ms, max(1, calls // part), calls * ms / 2000)
        for number, calls in enumerate(busy)
        if calls
        for tool, half, most in shares
        for ms, part in ((half, 5), (most, 40))
    ] + [CallCount(_hour(9), "bulk_trip_operations", "conflict", 20, 2, 0.04)]


async def add(desk: Desk, name: str, start: str, end: str, people: list[str], **more: Any) -> int:
    facts = {"trip_name": name, "start_date": start, "end_date": end, "status": status_of(start, end)} | more
    if not people:
        return (await desk.call("create_trip_v2", **facts))["trip_id"]
    travelers = [{"full_name": person, "email": email_of(person)} for person in people[1:]]
    first = {"client_full_name": people[0], "client_email": email_of(people[0])}
    return (await desk.call("create_trip_with_client", **facts, **first, travelers=travelers))["trip_id"]


async def add_hollister(desk: Desk, first: date) -> int:
    """Add a family's trip of nine nights, on which three things are missing."""

    def on(number: int) -> str:
        return (first + timedelta(number)).isoformat()

    people = ["Eleanor Hollister", "James Hollister", "Grace Hollister", "Sam Okafor"]
    facts = {"destinations": "Edinburgh, Isle of Skye, Dublin", "total_cost": 9840, "currency": "EUR"}
    trip_id = await add(desk, HOLLISTER, on(0), on(9), people, **facts | {"status": "confirmed"})
    for person in people[:2]:
        await desk.call("update_client", email=email_of(person), travel_docs={"passport": {"expires": on(900)}})
    plan: list[tuple[str, list[tuple[str | None, str, str | None]]]] = [
        (
            "Arrival in Edinburgh",
            [
                ("11:20", "Flight BA 1442 from London", "Edinburgh Airport"),
                ("15:00", "Royal Mile walk with a guide", "Castlehill"),
                ("19:30", "Dinner", "The Witchery"),
            ],
        ),
        ("Castle and Old Town", [("09:30", "Edinburgh Castle, tickets held", None), ("14:00", "Free afternoon", None)]),
        ("Highlands by rail", [("08:15", "Train to Pitlochry", None), ("18:40", "Train back", None)]),
        ("To Skye", [("09:00", "Hire car, 5 h drive", "via Glencoe")]),
        ("Skye", [("10:00", "Old Man of Storr, half-day walk", None), ("16:00", "Talisker distillery", None)]),
        ("To Dublin", []),
        ("Dublin", [("10:00", "Trinity College and the Book of Kells", None), ("20:00", "Abbey Theatre", None)]),
        ("Glendalough", [("09:00", "Day tour, private driver", None)]),
        ("Free day", [(None, "At leisure", None)]),
        ("Home", [("13:05", "Flight EI 164 to London", None)]),
    ]
    stays = [
        ("The Scotsman", "Edinburgh", 0, 3, "SC-20418"),
        ("Sligachan Hotel", "Skye", 3, 5, None),
        ("The Merrion", "Dublin", 5, 9, "MRN77102"),
    ]
    await desk.do(
        trip_id,
        *(op("set_day", date=on(number), title=title) for number, (title, _) in enumerate(plan)),
        *items(plan, on),
        *(
            op("add_stay", name=name, city=city, check_in=on(start), check_out=on(end), confirmation=confirmation)
            for name, city, start, end, confirmation in stays
        ),
        op(
            "set_payment_plan",
            due=[
                {"date": on(-146), "amount": 2000, "label": "Deposit"},
                {"date": on(-70), "amount": 4200, "label": "Second payment"},
                {"date": on(-28), "amount": 3640, "label": "Balance"},
            ],
        ),
        op("record_payment", amount=2000, date=on(-147), kind="deposit"),
        op("record_payment", amount=4200, date=on(-70)),
        op("advance_workflow", phase="preparation"),
    )
    return trip_id


def items(plan: list[tuple[str, list[tuple[str | None, str, str | None]]]], on: Any) -> Iterable[dict[str, Any]]:
    for number, (_, things) in enumerate(plan):
        for start_time, title, location in things:
            known = {"start_time": start_time, "location": location}
            yield op("add_schedule_item", date=on(number), title=title, **{k: v for k, v in known.items() if v})


async def add_long(desk: Desk, first: date) -> int:
    """Add a trip of 75 days with a hotel for every five nights; each seventh day has no plan."""
    last = first + timedelta(74)
    trip_id = await add(desk, LONG, first.isoformat(), last.isoformat(), ["Ravi Singh", "Asha Singh"])
    days = [first + timedelta(number) for number in range(75)]
    stays = [(one, one + timedelta(5)) for one in days[:70:5]]
    for part in (days[:40], days[40:]):
        planned = [one for one in part if (one - first).days % 7]
        await desk.do(trip_id, *(op("add_schedule_item", date=str(one), title="Walk with a guide") for one in planned))
    await desk.do(trip_id, *(op("add_stay", name=f"Hotel {a:%j}", check_in=str(a), check_out=str(b)) for a, b in stays))
    return trip_id


async def add_malformed(desk: Desk) -> int:
    """Add a trip whose columns hold what old programs have left there."""
    trip_id = await add(desk, MALFORMED, day(10), day(12), ["Maya Lind"])
    desk.sql(
        "UPDATE trips_v2 SET end_date = 'soon', destinations = x'ff', schedule = ?, accommodations = 'garbage', "
        "transportation = '[null]', financials = '[]', workflow_state = '\"x\"', total_cost = -0.5 WHERE trip_id = ?",
        json.dumps([{"date": "2026-99-99", "activities": [None, 5, "Swim", {"time": "25:99", "title": {"x": 1}}]}]),
        trip_id,
    )
    return trip_id


async def add_hostile(desk: Desk) -> int:
    """Add a trip whose stored text is as hostile as the desk takes it, with forty such travelers."""
    names = [f"{number} {HOSTILE}"[:200] for number in range(40)]
    trip_id = await add(desk, "Plain", day(1), day(9), [])
    _, text, answer = await desk.raw_call(
        "bulk_trip_operations",
        trip_identifier=trip_id,
        operations=[
            *(op("assign_client", full_name=name, email=f"h{number}@example.net") for number, name in enumerate(names)),
            *(op("add_schedule_item", date=day(number), title=HOSTILE, location=HOSTILE) for number in (1, 2, 4)),
            op("set_day", date=day(1), title=HOSTILE),
            op("add_stay", name=HOSTILE, city=HOSTILE, check_in=day(1), check_out=day(5)),
            op("set_payment_plan", due=[{"date": day(-9), "amount": 123456789.99, "label": HOSTILE[:100]}]),
            op("update_cost", cost=987654321.5),
        ],
    )
    assert answer, text
    assert answer["success"], text
    desk.sql(
        "UPDATE trips_v2 SET trip_name = ?, destinations = ?, group_name = ? WHERE trip_id = ?",
        *(HOSTILE, HOSTILE, HOSTILE, trip_id),
    )
    return trip_id
