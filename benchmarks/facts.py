"""Computing the facts of trips, beside a floor in the same run.

    python benchmarks/facts.py [TRIPS]

One call of refresh_trip_facts on TRIPS trips (a thousand if not said) of ten days, thirty activities and three clients
each. The floor is one plain UPDATE of as many rows, set-based and in one transaction, on a file with the same settings.
Ratios travel from machine to machine; milliseconds do not.
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
from tools.fact_models import RefreshArguments
from tools.facts import refresh_trip_facts

RUNS = 5

ACTIVITIES = [{"type": "tour", "title": "Old town walk"}, {"type": "meal"}, {"type": "transfer", "minutes": 30}]

SCHEDULE = json.dumps([{"day_number": n, "hotel": f"Hotel {n % 3}", "activities": ACTIVITIES} for n in range(10)])


def fill(path: Path, trips: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'A Client')",
            ((f"client{n}@example.net",) for n in range(trips + 2)),
        )
        connection.executemany(
            "INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date, schedule) "
            "VALUES (?, 'T', '2026-01-01', '2026-01-11', ?)",
            ((n + 1, SCHEDULE) for n in range(trips)),
        )
        connection.executemany(
            "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (?, ?)",
            ((n + 1, f"client{n + other}@example.net") for n in range(trips) for other in range(3)),
        )
    connection.close()


async def refresh(path: Path, trips: int) -> float:
    """Seconds of computing the facts of all trips, a thousand a call."""
    async with await open_database(path) as db:
        await migrate(db)
        fill(path, trips)
        started = time.perf_counter()
        done = 0
        while done < trips:
            done += (await refresh_trip_facts(db, RefreshArguments(limit=1000))).refreshed
        return time.perf_counter() - started


def floor(path: Path, trips: int) -> float:
    """Seconds of updating as many rows of a plain table in one statement."""
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
    floors: list[float] = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            times.append(asyncio.run(refresh(Path(folder) / "voygen.db", trips)))
            floors.append(floor(Path(folder) / "floor.db", trips))
    best, plain = min(times), min(floors)
    print(f"facts of {trips} trips: {best * 1e3:.1f} ms, {best / trips * 1e6:.1f} µs each")
    print(f"one plain UPDATE of {trips} rows: {plain * 1e3:.1f} ms")
    print(f"ratio {best / plain:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
