"""The facts of a thousand trips, against one statement that computes the same from plain tables."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from measuring import Figure, alternate, figure, seconds

from database.embedded import open_database
from database.engine import Statement
from migrations.runner import migrate
from tools.answers.fact_models import RefreshArguments
from tools.facts import refresh_trip_facts

if TYPE_CHECKING:
    from pathlib import Path

TRIPS, DAYS = 1_000, 10

PLAIN = """
CREATE TABLE trips (trip_id INTEGER PRIMARY KEY, start_date TEXT, end_date TEXT, schedule TEXT, total_cost REAL);
CREATE TABLE clients (email TEXT PRIMARY KEY, full_name TEXT);
CREATE TABLE assignments (id INTEGER PRIMARY KEY, trip_id INTEGER, email TEXT);
CREATE INDEX assignments_of_trip ON assignments (trip_id);
CREATE TABLE facts (trip_id INTEGER PRIMARY KEY, nights INTEGER, hotels INTEGER, activities INTEGER, cost REAL,
                    transit INTEGER, travelers INTEGER, names TEXT, emails TEXT, computed TEXT);
"""

QUEUE = "INSERT OR IGNORE INTO facts_dirty (trip_id, reason) SELECT trip_id, 'changed' FROM trips_v2"

# No value is checked, and each schedule must be a list of days.
COMPUTE = """
INSERT OR REPLACE INTO facts
SELECT t.trip_id, julianday(t.end_date) - julianday(t.start_date), w.hotels, w.activities, t.total_cost, w.transit,
       c.travelers, c.names, c.emails, '2026-01-01T00:00:00Z'
FROM trips t
JOIN (SELECT t.trip_id, count(DISTINCT k.value) FILTER (WHERE k.key = 'hotel') AS hotels,
             count(a.key) AS activities,
             total(iif(instr(a.value, 'minutes'),
                       iif(a.value ->> '$.type' = 'transfer', a.value ->> '$.minutes', 0), 0)) AS transit
      FROM trips t JOIN json_each(t.schedule) d JOIN json_each(d.value) k
      LEFT JOIN json_each(iif(k.key = 'activities', k.value, NULL)) a
      GROUP BY t.trip_id) w ON w.trip_id = t.trip_id
JOIN (SELECT s.trip_id, count(*) AS travelers, json_group_array(c.full_name) AS names,
             json_group_array(c.email) AS emails
      FROM assignments s JOIN clients c ON c.email = s.email
      GROUP BY s.trip_id) c ON c.trip_id = t.trip_id
"""


def schedule(trip: int) -> str:
    """Return a schedule that differs from all others, because SQLite keeps the last parsed JSON."""
    return json.dumps(
        [
            {
                "day_number": day,
                "hotel": f"Hotel {day % 3} of {trip}",
                "activities": [
                    {"type": "tour", "title": f"Walk {day} of {trip}"},
                    {"type": "meal", "title": f"Lunch {day} of {trip}"},
                    {"type": "transfer", "title": f"Bus {day} of {trip}", "minutes": 30},
                ],
            }
            for day in range(DAYS)
        ]
    )


def fill(path: Path, plain: sqlite3.Connection) -> None:
    clients = [(f"client{number}@example.net", "A Client") for number in range(TRIPS + 2)]
    trips = [(number + 1, "2026-01-01", "2026-01-11", schedule(number)) for number in range(TRIPS)]
    assigned = [(number + 1, clients[number + other][0]) for number in range(TRIPS) for other in range(3)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO clients_v2 (email, full_name) VALUES (?, ?)", clients)
        connection.executemany(
            "INSERT INTO trips_v2 (trip_name, trip_id, start_date, end_date, schedule) VALUES ('T', ?, ?, ?, ?)", trips
        )
        connection.executemany("INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (?, ?)", assigned)
    plain.executescript(PLAIN)
    with plain:
        plain.executemany("INSERT INTO clients VALUES (?, ?)", clients)
        plain.executemany("INSERT INTO trips VALUES (?, ?, ?, ?, 0)", trips)
        plain.executemany("INSERT INTO assignments (trip_id, email) VALUES (?, ?)", assigned)


def measure(folder: Path, *, short: bool) -> dict[str, Figure]:
    return {"facts": figure(asyncio.run(_rounds(folder / "facts.db", 2 if short else 15)))}


async def _rounds(path: Path, rounds: int) -> list[tuple[float, float]]:
    async with await open_database(path) as db:
        await migrate(db)
        with closing(sqlite3.connect(path.with_suffix(".plain"))) as plain:
            plain.execute("PRAGMA journal_mode = WAL")
            plain.execute("PRAGMA synchronous = FULL")
            fill(path, plain)

            async def ours(_: int) -> float:
                await db.batch([Statement(QUEUE)])
                return await seconds(refresh_trip_facts(db, RefreshArguments(limit=TRIPS)))

            async def floor(_: int) -> float:
                began = time.perf_counter()
                with plain:
                    done = plain.execute(COMPUTE).rowcount
                if done != TRIPS:
                    raise SystemExit(f"{done} facts")
                return time.perf_counter() - began

            return (await alternate(rounds + 1, ours, floor))[1:]
