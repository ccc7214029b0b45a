"""Benchmark the time and peak memory of a consistency check against a plain SELECT of the same rows, in the same run.

    python benchmarks/check_million.py [TRIPS]

Creates a migrated database of TRIPS trips (default 1,000,000) with three clients each. Then measures the check, the
digest and a plain read of every row in both stores, each in its own process.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from database.embedded import open_database
from database.engine import Statement
from migrations.check import check
from migrations.proof import digest
from migrations.runner import migrate

CLIENTS = 10_000


async def build(path: Path, trips: int) -> None:
    async with await open_database(path) as db:
        await migrate(db)
        await db.batch(
            [
                Statement(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                    "INSERT INTO clients_v2 (email, full_name) "
                    "SELECT 'client' || i || '@example.net', 'Client ' || i FROM n",
                    (CLIENTS,),
                ),
                Statement("INSERT INTO trip_client_sync (trip_id) VALUES (0)"),
                Statement("DROP TRIGGER trg_trips_v2_clients_insert"),
                Statement("DROP TRIGGER trg_trip_client_assignments_insert"),
                Statement(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
                    "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, clients) "
                    "SELECT i, 'Trip ' || i, 'trip-no-' || i, '2026-01-01', '2026-01-08', json_array("
                    "json_object('email', 'client' || (i % ?2 + 1) || '@example.net', 'role', 'traveler'),"
                    "json_object('email', 'client' || ((i + 7) % ?2 + 1) || '@example.net', 'role', 'traveler'),"
                    "json_object('email', 'client' || ((i + 77) % ?2 + 1) || '@example.net', 'role', 'payer')) FROM n",
                    (trips, CLIENTS),
                ),
                Statement(
                    "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) "
                    "SELECT t.trip_id, j.value ->> '$.email', j.value ->> '$.role' "
                    "FROM trips_v2 t, json_each(t.clients) j"
                ),
                Statement("DELETE FROM trip_client_sync"),
                *await triggers_back(),
            ]
        )


async def triggers_back() -> list[Statement]:
    from migrations.shape import expected  # noqa: PLC0415

    names = ("trg_trips_v2_clients_insert", "trg_trip_client_assignments_insert")
    return [Statement(expected("dual_write")[name]) for name in names]


async def run(what: str, path: Path) -> str:
    async with await open_database(path) as db:
        if what == "check":
            report = await check(db)
            return f"consistent {report.consistent}, {report.trips} trips, {report.assignments} assignments"
        if what == "digest":
            return await digest(db)
        rows = 0
        async for _ in db.stream("SELECT trip_id, clients FROM trips_v2", key=("trip_id",)):
            rows += 1
        async for _ in db.stream("SELECT * FROM trip_client_assignments", key=("assignment_id",)):
            rows += 1
        return f"{rows} rows"


def measured(what: str, path: Path) -> tuple[float, float, str]:
    """Run one measurement in its own process. Returns its duration in seconds, peak memory in MiB and output."""
    output = subprocess.run(
        [sys.executable, __file__, "--part", what, str(path)], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return float(output[0]), float(output[1]), output[2]


def main(trips: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voygen.db"
        started = time.perf_counter()
        asyncio.run(build(path, trips))
        seconds = time.perf_counter() - started
        print(f"{trips} trips of three clients, created in {seconds:.0f} s, {path.stat().st_size >> 20} MiB")
        baseline, base_memory, said = measured("select", path)
        print(f"{'select':>8} {baseline:8.1f} s {base_memory:8.0f} MiB  {said}")
        for what in ("check", "digest"):
            seconds, memory, said = measured(what, path)
            print(f"{what:>8} {seconds:8.1f} s {memory:8.0f} MiB  {said}")
            print(f"{'':>8} {seconds / baseline:8.2f} x {memory / base_memory:8.2f} x  the plain select")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        begun = time.perf_counter()
        result = asyncio.run(run(sys.argv[2], Path(sys.argv[3])))
        print(time.perf_counter() - begun)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(result)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
