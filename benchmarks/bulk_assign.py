"""Benchmark client assignments for growing calls and trips, against a baseline in the same run.

    python benchmarks/bulk_assign.py

Prints two tables: N assign_client operations in one call on an empty trip, and 500 operations in one call on a trip
that already has N clients. The baseline inserts the same number of rows into a plain table without triggers, in one
transaction and with the same file settings. To compare machines, use the ratios, not the times.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from database.embedded import open_database
from database.engine import ForwardingDatabase
from migrations.runner import migrate
from tools.bulk import BulkArguments, bulk_trip_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Results, Row, Statement, Value

RUNS = 5


class Counting(ForwardingDatabase):
    """A database that counts the statements it runs."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.statements = 0

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        self.statements += 1
        return await super().read(sql, params)

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        self.statements += 1
        return await super().shadow_read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        self.statements += len(statements)
        return await super().batch(statements)


async def assign(path: Path, before: int, count: int) -> tuple[float, int]:
    """Time one call with `count` assignments on a trip with `before` clients. Returns seconds and statement count."""
    async with await open_database(path) as db:
        await migrate(db)
        fill(path, before + count + 2)
        counting = Counting(db)
        await call(counting, range(before + count, before + count + 2), trip="2")  # warm up: compiles the triggers
        await call(counting, range(before))
        counting.statements = 0
        started = time.perf_counter()
        await call(counting, range(before, before + count))
        return time.perf_counter() - started, counting.statements


async def call(db: Database, numbers: range, trip: str = "1") -> None:
    operations = [{"type": "assign_client", "data": {"email": f"client{n}@example.net"}} for n in numbers]
    for start in range(0, len(operations), 2000):
        answer = await bulk_trip_operations(
            db, BulkArguments.model_validate({"trip_identifier": trip, "operations": operations[start : start + 2000]})
        )
        if not answer.success:
            raise SystemExit(answer.message)


def fill(path: Path, clients: int) -> None:
    with sqlite3.connect(path) as connection:
        for _ in range(2):
            connection.execute(
                "INSERT INTO trips_v2 (trip_name, start_date, end_date) VALUES ('T', '2026-01-01', '2026-01-02')"
            )
        connection.executemany(
            "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'A Client')",
            ((f"client{n}@example.net",) for n in range(clients)),
        )
    connection.close()


def baseline(path: Path, count: int) -> float:
    """Return the time to insert `count` rows into a plain table in one transaction, in seconds."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, trip INTEGER, email TEXT, role TEXT, UNIQUE(trip, email, role))"
    )
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for n in range(count):
        connection.execute(
            "INSERT INTO plain (trip, email, role) VALUES (1, ?, 'traveler')", (f"client{n}@example.net",)
        )
    connection.execute("COMMIT")
    elapsed = time.perf_counter() - started
    connection.close()
    return elapsed


def measure(before: int, count: int) -> tuple[float, float, int]:
    """Return microseconds per assignment and per baseline row (best of RUNS), and the number of statements."""
    times: list[float] = []
    baselines: list[float] = []
    statements = 0
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            elapsed, statements = asyncio.run(assign(Path(folder) / "voygen.db", before, count))
            times.append(elapsed)
            baselines.append(baseline(Path(folder) / "baseline.db", count))
    return min(times) / count * 1e6, min(baselines) / count * 1e6, statements


def table(title: str, rows: list[tuple[int, int]]) -> None:
    print(f"{title}\n{'N':>6} {'µs each':>9} {'to first':>9} {'base µs':>9} {'to base':>9} {'statements':>11}")
    first = 0.0
    for before, count in rows:
        each, plain, statements = measure(before, count)
        first = first or each
        ratios = f"{each / first:>9.2f} {plain:>9.1f} {each / plain:>9.1f}"
        print(f"{before or count:>6} {each:>9.1f} {ratios} {statements:>11}")
    print()


if __name__ == "__main__":
    measure(0, 10)  # warm up: the first call also runs late imports
    table("N assignments in one call, empty trip", [(0, n) for n in (100, 500, 1000, 2000)])
    table("500 assignments in one call, N clients already on the trip", [(n, 500) for n in (100, 500, 1000, 2000)])
