"""A second implementation of trip facts in plain Python over the raw rows, and a database that records statements."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import date
from typing import TYPE_CHECKING, Any, LiteralString, cast

import raw
from desk import ANA, BEN, CEM, Desk
from engines import open_database
from hosted_connection import reading
from mcp.client import Client
from oracle import parsed, read_entries

from database.engine import ForwardingDatabase
from server.desk.tools import make_server
from server.opening import phased
from tools.facts import TOOLS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
    from pathlib import Path

    from database.engine import Database, Results, Row, Statement, Value
    from tools.tool import AnyTool

COMPUTED = [
    "total_nights",
    "total_hotels",
    "total_activities",
    "total_cost",
    "transit_minutes",
    "traveler_count",
    "traveler_names",
    "traveler_emails",
    "primary_client_email",
    "primary_client_name",
]

SCHEDULE = [
    {
        "hotel": "Ryokan Sumiya",
        "activities": [{"type": "Transfer", "duration_minutes": 45}, {"type": "meal", "minutes": 90}],
    },
    {"accommodation": {"name": " ryokan sumiya "}, "activities": [{"type": "flight", "minutes": 80.5}]},
    {
        "activities": [
            {"type": "hotel", "title": "Park Inn"},
            {"type": "drive", "duration_minutes": "an hour"},
            "a walk",
        ]
    },
    "a day",
    {"lodging": "Park Inn", "activities": "none"},
]


def expected(connection: sqlite3.Connection) -> dict[int, dict[str, Any]]:
    with closing(reading(connection).cursor()) as cursor:
        cursor.row_factory = sqlite3.Row
        trips = cursor.execute("SELECT * FROM trips_v2").fetchall()
        clients = {row["email"]: row["full_name"] for row in cursor.execute("SELECT * FROM clients_v2")}
        rows = cursor.execute("SELECT * FROM trip_client_assignments ORDER BY assignment_id").fetchall()
    return {
        trip["trip_id"]: facts_of(trip, [r for r in rows if r["trip_id"] == trip["trip_id"]], clients) for trip in trips
    }


def facts_of(trip: Any, assigned: list[Any], clients: dict[str, str]) -> dict[str, Any]:
    days = days_of(trip["schedule"])
    activities = [one for day in days for one in array(day.get("activities"))]
    on_the_way = [one for one in activities if kind(one) in {"transfer", "transit", "flight", "drive"}]
    emails = list(dict.fromkeys(row["client_email"] for row in assigned if travels(row["client_role"])))
    guests = guests_of(trip, clients)
    leads = [row["client_email"] for row in assigned if row["client_role"] in {"primary", "primary_traveler"}]
    primary = (trip["primary_client_email"] or "").strip() or (leads[0] if leads else None)
    cost = trip["total_cost"]
    return {
        "total_nights": nights(trip["start_date"], trip["end_date"]),
        "total_hotels": len(array(trip["accommodations"])) or len(hotels(days)),
        "total_activities": len(activities),
        "total_cost": cost if isinstance(cost, int | float) else 0,
        "transit_minutes": int(sum(minutes(one) for one in array(trip["transportation"]) + on_the_way)),
        "traveler_count": len(emails) + len(guests),
        "traveler_names": [clients[email] for email in emails] + [name for name, _ in guests],
        "traveler_emails": emails + [email for _, email in guests if email],
        "primary_client_email": primary,
        "primary_client_name": clients.get(primary or ""),
    }


def travels(role: str | None) -> bool:
    return (role or "").lower().replace(" ", "_") not in {"payer", "booker", "emergency_contact", "cancelled"}


def guests_of(trip: Any, clients: dict[str, str]) -> list[tuple[str, str | None]]:
    """Return the names and emails of unlinked entries, and the names of people who share a client's email."""
    text = trip["clients"] if "clients" in trip.keys() else None  # noqa: SIM118 - a sqlite3.Row
    entries = read_entries(trip["trip_id"], text, list(clients)) or []
    pairs = [entry.pair for entry in entries if entry.pair]
    guests: list[tuple[str, str | None]] = []
    for entry in entries:
        person = fields(entry.element)
        email = person.get("email") if isinstance(person.get("email"), str) else None
        name = person.get("name") or email or (entry.element if isinstance(entry.element, str) else None)
        name = str(name) if name else json.dumps(entry.element, separators=(",", ":"))
        shared = entry.pair is not None and is_another(person, clients[entry.pair[0]], pairs.count(entry.pair) > 1)
        if travels(entry.role) and (entry.client is None or shared):
            guests.append((name, None if entry.client else email))
    return guests


def is_another(person: dict[str, Any], client: str, several: bool) -> bool:  # noqa: FBT001 - a rule's two cases
    """True if the entry's own name is not that of the client whose email it has."""
    called = str(person.get("name") or "").strip().lower().split()
    known = client.lower().split()
    if not called or called == known:
        return False
    return called[0] != known[0] if several else not set(called) & set(known)


def array(value: Any) -> list[Any]:
    read = parsed(value) if isinstance(value, str) else value
    return cast("list[Any]", read) if isinstance(read, list) else []


def days_of(text: Any) -> list[dict[str, Any]]:
    """Return the days of a list or of an object by day, also inside an object. A list is a day with these items."""
    value: Any = parsed(text) if isinstance(text, str) else text
    whole = fields(value)
    holder = next((key for key in ("days", "schedule", "itinerary") if isinstance(whole.get(key), list | dict)), None)
    value = whole[holder] if holder else value
    if isinstance(value, dict):
        own = cast("dict[str, Any]", value)
        by_day = [one for key, one in own.items() if re.match("[0-9]|day.*[0-9]$", key, re.IGNORECASE | re.DOTALL)]
        value = by_day if by_day or holder else [own]
    return [{"activities": day} if isinstance(day, list) else fields(day) for day in array(value)]


def fields(element: Any) -> dict[str, Any]:
    """Return the element if it is an object, otherwise an empty object."""
    return cast("dict[str, Any]", element) if isinstance(element, dict) else {}


def kind(activity: Any) -> str:
    own = fields(activity)
    return str(own.get("type") if own.get("activity_type") is None else own["activity_type"]).strip(" ").lower()


def minutes(element: Any) -> float:
    for key in ("duration_minutes", "minutes"):
        value = fields(element).get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return max(0, value)
    return 0


def nights(start: Any, end: Any) -> int:
    try:
        return max(0, (date.fromisoformat(str(end)[:10]) - date.fromisoformat(str(start)[:10])).days)
    except ValueError:
        return 0


def hotels(days: list[dict[str, Any]]) -> set[str]:
    named: list[Any] = [day.get(key) for day in days for key in ("hotel", "hotel_name", "accommodation", "lodging")]
    texts = [fields(one).get("name") if isinstance(one, dict) else one for one in named]
    return {text.strip(" ").lower() for text in texts if isinstance(text, str) and text.strip(" ")}


async def computed(call: Callable[..., Any]) -> dict[int, dict[str, Any]]:
    """The computed facts of all trips, read page by page."""
    found: dict[int, dict[str, Any]] = {}
    cursor = None
    while True:
        page = await call("query_trip_facts", limit=7, **({"cursor": cursor} if cursor else {}))
        found |= {trip["trip_id"]: {name: trip[name] for name in COMPUTED} for trip in page["trips"]}
        cursor = page["next_cursor"]
        if not cursor:
            assert len(found) == page["total"]
            return found


def add_trips(connection: sqlite3.Connection, count: int) -> None:
    connection.executemany(
        "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients, schedule) VALUES (?, ?, ?, ?, ?)",
        [
            (
                f"Trip {n}",
                "2026-01-01",
                f"2026-01-{n % 28 + 1:02}",
                json.dumps([{"email": [ANA, BEN, CEM][n % 3], "role": "primary"}, {"email": BEN, "role": "payer"}]),
                json.dumps(SCHEDULE[: n % 5]),
            )
            for n in range(count)
        ],
    )


class Watched(ForwardingDatabase):
    """A database that records the statements sent to it, and runs a callback just before each batch."""

    def __init__(self, db: Database, before_batch: Callable[[], object] = lambda: None) -> None:
        super().__init__(db)
        self.before_batch = before_batch
        self.statements: list[str] = []
        self.parameters = 0

    def _seen(self, sql: str, params: Sequence[Value]) -> None:
        self.statements.append(sql)
        self.parameters = max(self.parameters, len(params))

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        self._seen(sql, params)
        return await super().read(sql, params)

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        self._seen(sql, params)
        return await super().shadow_read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        for statement in statements:
            self._seen(statement.sql, statement.params)
        self.before_batch()
        return await super().batch(statements)


@asynccontextmanager
async def watched_desk(
    path: Path, before_batch: Callable[[], object] = lambda: None, tools: Iterable[AnyTool] = TOOLS
) -> AsyncGenerator[tuple[Desk, Watched]]:
    async with await open_database(path) as db:
        watched = Watched(phased(db), before_batch)
        with closing(raw.connect(path)) as connection:
            async with Client(make_server(watched, tools), raise_exceptions=True) as client:
                yield Desk(client, connection, db), watched
