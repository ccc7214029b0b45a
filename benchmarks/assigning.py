"""Assignments in one process, against raw rows and against each other. Nothing is synced, on either side."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, TypeAlias

from measuring import Figure, alternate, figure, one_core, seconds, without_sync
from rows import RAW_ROWS_MS

from database.embedded import open_database
from database.engine import ForwardingDatabase
from migrations.runner import migrate
from tools.bulk import BulkArguments, bulk_trip_operations

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
    from pathlib import Path

    from database.engine import Database, Results, Row, Statement, Value

CLIENTS, TRIPS = 12_000, 2_000

# The most operations that one call takes.
AT_ONCE = 2_000


class Timed(ForwardingDatabase):
    """A database that adds up the time, in seconds, in which at least one call to it runs."""

    spent = 0.0
    _running = 0
    _began = 0.0

    @contextmanager
    def _timing(self) -> Generator[None]:
        self._running += 1
        if self._running == 1:
            self._began = time.perf_counter()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self.spent += time.perf_counter() - self._began

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        with self._timing():
            return await super().read(sql, params)

    async def read_many(self, queries: Sequence[Statement]) -> Results:
        with self._timing():
            return await super().read_many(queries)

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        with self._timing():
            return await super().shadow_read(sql, params)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        with self._timing():
            return await super().batch(statements)


class Desk:
    """A migrated database with clients and empty trips, and a plain table in a file of its own as the floor."""

    def __init__(self, db: Database, plain: sqlite3.Connection) -> None:
        self.db = Timed(db)
        self._plain = plain
        self._trips = iter(range(1, TRIPS + 1))

    def empty_trip(self) -> int:
        return next(self._trips)

    async def call(self, trip: int, operations: list[dict[str, Any]]) -> None:
        sent = {"trip_identifier": str(trip), "operations": operations}
        answer = await bulk_trip_operations(self.db, BulkArguments.model_validate(sent))
        if not answer.success:
            raise SystemExit(answer.message)

    async def fill(self, trip: int, count: int) -> None:
        operations = assignments(range(count))
        for start in range(0, count, AT_ONCE):
            await self.call(trip, operations[start : start + AT_ONCE])

    async def raw_rows(self, trip: int, count: int) -> float:
        """Insert rows into the plain table in one transaction, and return the time."""
        began = time.perf_counter()
        self._plain.execute("BEGIN IMMEDIATE")
        for number in range(count):
            self._plain.execute(
                "INSERT INTO plain (trip, email, role) VALUES (?, ?, 'traveler')", (trip, email(number))
            )
        self._plain.execute("COMMIT")
        return time.perf_counter() - began


def email(number: int) -> str:
    return f"client{number}@example.net"


def assignments(numbers: Iterable[int], kind: str = "assign_client") -> list[dict[str, Any]]:
    return [{"type": kind, "data": {"email": email(number)}} for number in numbers]


def mixed() -> list[dict[str, Any]]:
    """Twenty operations of ten types."""
    day = {"check_in": "2026-01-02", "check_out": "2026-01-04"}
    return [
        *assignments(range(4)),
        *({"type": "add_note", "data": {"note": f"Call the guide, {number}."}} for number in range(4)),
        *({"type": "add_activity", "data": {"type": "call", "details": f"Call {number}"}} for number in range(3)),
        *({"type": "add_schedule_item", "data": {"day_number": n, "title": f"Walk {n}"}} for n in range(1, 4)),
        {"type": "add_stay", "data": {"name": "Hotel Sol", "city": "Lisbon", **day}},
        {
            "type": "add_transport",
            "data": {"type": "train", "from": "Lisbon", "to": "Porto", "depart": "2026-01-02T09:00"},
        },
        {"type": "add_document", "data": {"name": "Voucher"}},
        {"type": "update_status", "data": {"status": "confirmed"}},
        {"type": "update_cost", "data": {"cost": 2500}},
        {"type": "update_details", "data": {"destinations": "Lisbon, Porto"}},
    ]


def measure(folder: Path, *, short: bool) -> dict[str, Figure]:
    new, few = folder / "new.db", 3 if short else 0
    asyncio.run(_fill(new))
    found = asyncio.run(_run(new, lambda desk: _crowds(desk, few or 41)))
    found |= asyncio.run(_run(new, lambda desk: _large_trips(desk, few or 101)))
    found |= asyncio.run(_run(new, lambda desk: _unassigned(desk, few or 9)))
    with one_core():
        found |= asyncio.run(_run(new, lambda desk: _small_calls(desk, 20 if short else 301)))
    return found


async def _fill(path: Path) -> None:
    async with await open_database(path) as db:
        await migrate(db)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'A Client')",
            ((email(number),) for number in range(CLIENTS)),
        )
        connection.executemany(
            "INSERT INTO trips_v2 (trip_id, trip_name, start_date, end_date) "
            "VALUES (?, 'T', '2026-01-01', '2026-01-09')",
            ((number + 1,) for number in range(TRIPS)),
        )


Part: TypeAlias = "Callable[[Desk], Coroutine[Any, Any, dict[str, Figure]]]"


async def _run(new: Path, part: Part) -> dict[str, Figure]:
    """Run a part on a copy of the new database."""
    path = new.with_name("desk.db")
    for left in new.parent.glob(f"{path.stem}.*"):
        left.unlink()
    shutil.copy(new, path)
    with closing(sqlite3.connect(path.with_suffix(".plain"), isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = OFF")
        plain.execute(
            "CREATE TABLE plain (id INTEGER PRIMARY KEY, trip INTEGER, email TEXT, role TEXT, "
            "UNIQUE(trip, email, role))"
        )
        async with await open_database(path) as db:
            await without_sync(db)
            desk = Desk(db, plain)
            await desk.fill(desk.empty_trip(), 20)  # warm up
            await desk.call(desk.empty_trip(), mixed())
            return await part(desk)


async def _crowds(desk: Desk, rounds: int) -> dict[str, Figure]:
    """Measure 500 assignments in one call on an empty trip."""
    operations = assignments(range(500))

    async def ours(_: int) -> tuple[float, float]:
        trip = desk.empty_trip()
        desk.db.spent = 0
        whole = await seconds(desk.call(trip, operations))
        return whole, desk.db.spent

    async def floor(number: int) -> tuple[float, float]:
        taken = await desk.raw_rows(number, 500)
        return taken, taken

    taken = await alternate(rounds, ours, floor)
    return {
        "assign_500_database": figure((part, raw) for (_, part), (raw, _) in taken),
        "assign_500_whole": figure(
            ((whole, raw) for (whole, _), (raw, _) in taken), lambda whole, raw: whole / raw * RAW_ROWS_MS
        ),
    }


async def _large_trips(desk: Desk, rounds: int) -> dict[str, Figure]:
    """Measure one more assignment on large trips, against another trip with ten clients in each round."""
    found: dict[str, Figure] = {}
    for count in (3_000, 10_000):
        large = desk.empty_trip()
        await desk.fill(large, count)

        async def ours(number: int, count: int = count, large: int = large) -> float:
            return await seconds(desk.call(large, assignments([count + number])))

        async def floor(number: int, count: int = count) -> float:
            small = desk.empty_trip()
            await desk.fill(small, 10)
            return await seconds(desk.call(small, assignments([count + number])))

        found[f"assign_at_{count}"] = figure(await alternate(rounds, ours, floor))
    return found


async def _unassigned(desk: Desk, rounds: int) -> dict[str, Figure]:
    taken: list[tuple[float, float]] = []
    for _ in range(rounds):
        trip = desk.empty_trip()
        assigning = await seconds(desk.call(trip, assignments(range(AT_ONCE))))
        taken.append((await seconds(desk.call(trip, assignments(range(AT_ONCE), "unassign_client"))), assigning))
    return {"unassign_2000": figure(taken)}


async def _small_calls(desk: Desk, rounds: int) -> dict[str, Figure]:
    async def one(_: int) -> float:
        return await seconds(desk.call(desk.empty_trip(), assignments([1])))

    async def twenty(_: int) -> float:
        return await seconds(desk.call(desk.empty_trip(), mixed()))

    async def raw(number: int) -> float:
        return await desk.raw_rows(number, 1)

    return {
        "assign_one": figure(await alternate(rounds, one, raw), lambda ours, _: ours),
        "mixed_20": figure(await alternate(rounds, twenty, one), lambda ours, floor: ours - floor),
    }
