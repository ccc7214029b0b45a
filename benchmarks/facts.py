"""Benchmark the computation of trip facts against two baselines in the same run.

    python benchmarks/facts.py [TRIPS]

Calls refresh_trip_facts for TRIPS trips (default 1,000) of ten days, thirty activities and three clients each. One
baseline is a plain UPDATE of the same number of rows in one statement, on a file with the same settings. The other is
one SELECT that visits and counts every activity of the same schedules. All schedules differ, because SQLite caches
parsed JSON. To compare machines, use the ratios, not the milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from database.embedded import open_database
from migrations.runner import migrate
from tools.answers.fact_models import RefreshArguments
from tools.facts import refresh_trip_facts

RUNS = 5

WALK = "SELECT count(*) FROM trips_v2 t, json_each(t.schedule) d, json_each(d.value, '$.activities') a"


def schedule(trip: int) -> str:
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
            for day in range(10)
        ]
    )


def fill(path: Path, trips: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'A Client')",
            ((f"client{n}@example.net",) for n in range(trips + 2)),
        )
        connection.executemany(
            "INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date, schedule) "
            "VALUES (?, 'T', '2026-01-01', '2026-01-11', ?)",
            ((n + 1, schedule(n)) for n in range(trips)),
        )
        connection.executemany(
            "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (?, ?)",
            ((n + 1, f"client{n + other}@example.net") for n in range(trips) for other in range(3)),
        )
    connection.close()


async def refresh(path: Path, trips: int) -> float:
    """Return the time to compute the facts of all trips, a thousand per call, in seconds."""
    async with await open_database(path) as db:
        await migrate(db)
        fill(path, trips)
        started = time.perf_counter()
        done = 0
        while done < trips:
            done += (await refresh_trip_facts(db, RefreshArguments(limit=1000))).refreshed
        return time.perf_counter() - started


def walk(path: Path, trips: int) -> float:
    """Return the time to visit every activity of every schedule once, in seconds."""
    connection = sqlite3.connect(path)
    started = time.perf_counter()
    (counted,) = connection.execute(WALK).fetchone()
    elapsed = time.perf_counter() - started
    connection.close()
    if counted != trips * 30:
        raise AssertionError(f"{counted} activities in {trips} trips")
    return elapsed


def update(path: Path, trips: int) -> float:
    """Return the time to update `trips` rows of a plain table in one statement, in seconds."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, nights INTEGER, names TEXT, computed TEXT)")
    connection.executemany("INSERT INTO plain VALUES (?, 0, '[]', '')", ((n,) for n in range(trips)))
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE plain SET nights = id % 30, names = '[\"A Client\"]', computed = '2026-01-01'")
    connection.execute("COMMIT")
    elapsed = time.perf_counter() - started
    connection.close()
    return elapsed


def main(trips: int) -> None:
    times: list[float] = []
    walks: list[float] = []
    updates: list[float] = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            times.append(asyncio.run(refresh(Path(folder) / "voygen.db", trips)))
            walks.append(walk(Path(folder) / "voygen.db", trips))
            updates.append(update(Path(folder) / "plain.db", trips))
    best, walked, updated = min(times), min(walks), min(updates)
    print(f"facts of {trips} trips: {best * 1e3:.1f} ms, {best / trips * 1e6:.1f} µs each")
    print(f"one SELECT that visits each of their activities: {walked * 1e3:.1f} ms, ratio {best / walked:.1f}")
    print(f"one plain UPDATE of {trips} rows: {updated * 1e3:.1f} ms, ratio {best / updated:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
