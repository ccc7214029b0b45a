"""Benchmark searches for trips and clients in databases of growing size, against a baseline in the same run.

    python benchmarks/search.py [TRIPS ...]

For each size (default 1,000, 100,000 and 1,000,000), creates and migrates a legacy database, and sends get_anything a
hundred random queries of each kind. Reports the p50, its ratio to the p50 of the first size, and the average number of
trips and clients listed (at most ten each), because larger databases list more. The baseline looks up one trip by id
through the same engine. Creating a million trips takes about 15 minutes and several GB of scratch space.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from database import trips
from database.embedded import open_database
from migrations.files import shipped
from migrations.runner import migrate
from tools.answers.errors import NotFound
from tools.find import FindArguments, get_anything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from database.embedded import EmbeddedDatabase

QUERIES = 100

SYLLABLES = (
    "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so ta te ti to"
)
KINDS = ["Honeymoon", "Family week", "Anniversary", "Diving", "Ski tour", "Food tour", "Safari", "City break", "Cruise"]


def words(count: int, syllables: int, seed: int) -> list[str]:
    """Generate distinct made-up names."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(draw.choice(SYLLABLES.split()) for _ in range(syllables)).capitalize()] = None
    return list(made)


PLACES, FIRST, LAST = words(400, 3, 1), words(900, 2, 2), words(4000, 4, 3)


def client_rows(count: int) -> Iterator[tuple[str, str]]:
    draw = random.Random(4)  # noqa: S311 - no secret
    for number in range(count):
        first, last = draw.choice(FIRST), draw.choice(LAST)
        yield f"{first}.{last}{number}@example.net".lower(), f"{first} {last}"


def trip_rows(count: int, emails: list[str]) -> Iterator[tuple[str, str, str, str, str, str]]:
    draw = random.Random(5)  # noqa: S311 - no secret
    for number in range(count):
        place = draw.choice(PLACES)
        entries = [{"email": draw.choice(emails), "role": role} for role in ("primary_traveler", "traveler")]
        name = f"{draw.choice(LAST)} {draw.choice(KINDS)} in {place} {number}"
        notes = [{"note": "Late arrival, quiet room."}] if number % 5 == 0 else []
        day = f"2027-{number % 12 + 1:02}-{number % 28 + 1:02}"
        yield name, f"{place}, {draw.choice(PLACES)}", json.dumps(entries), json.dumps(notes), day, day


def fill(path: Path, count: int) -> None:
    """Create a legacy database, with assignments in the JSON column only."""
    connection = sqlite3.connect(path)
    connection.executescript(shipped()[0].text)
    clients = list(client_rows(count))
    connection.executemany("INSERT INTO clients_v2 (email, full_name) VALUES (?, ?)", clients)
    connection.executemany(
        "INSERT INTO trips_v2 (trip_name, destinations, clients, notes, start_date, end_date) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        trip_rows(count, [email for email, _ in clients]),
    )
    connection.commit()
    connection.close()


def kinds(path: Path, count: int) -> dict[str, Callable[[], str]]:
    """Map each kind of query to a function that returns a random query of that kind."""
    connection = sqlite3.connect(path)
    draw = random.Random(6)  # noqa: S311 - no secret

    def trip() -> tuple[str, str]:
        sql = "SELECT trip_name, destinations FROM trips_v2 WHERE trip_id = ?"
        return connection.execute(sql, (draw.randint(1, count),)).fetchone()

    def email() -> str:
        sql = "SELECT email FROM clients_v2 WHERE client_id = ?"
        return connection.execute(sql, (draw.randint(1, count),)).fetchone()[0]

    def two_words() -> str:
        name, destinations = trip()
        return f"{name.split()[0]} {destinations.split(',')[0]}"

    return {
        "exact name": lambda: trip()[0],
        "prefix": lambda: trip()[1][:4],
        "two words": two_words,
        "e-mail": email,
        "no match": lambda: f"Xyzzq{draw.randint(0, 9999)}vw",
    }


class Measured(NamedTuple):
    """The median duration in seconds, and the average number of results."""

    p50: float
    listed: float


async def search(db: EmbeddedDatabase, query: str) -> tuple[float, int]:
    """Run a search; return its duration in seconds and the number of results."""
    started, listed = time.perf_counter(), 0
    with contextlib.suppress(NotFound):
        found = await get_anything(db, FindArguments(query=query, include_everything=False))
        listed = len(found.trips) + len(found.clients)
    return time.perf_counter() - started, listed


async def look_up(db: EmbeddedDatabase, trip_id: int) -> tuple[float, int]:
    started = time.perf_counter()
    found = await trips.with_id(db, trip_id)
    return time.perf_counter() - started, 1 if found else 0


def summary(runs: list[tuple[float, int]]) -> Measured:
    return Measured(statistics.median(seconds for seconds, _ in runs), statistics.mean(listed for _, listed in runs))


async def measure(folder: Path, count: int) -> dict[str, Measured]:
    """Measure each kind of query and the baseline."""
    path = folder / f"{count}.db"
    fill(path, count)
    async with await open_database(path) as db:
        await migrate(db, back_up=False)
        measured: dict[str, Measured] = {}
        for kind, draw in kinds(path, count).items():
            measured[kind] = summary([await search(db, draw()) for _ in range(QUERIES)])
        measured["base: by id"] = summary([await look_up(db, n % count + 1) for n in range(QUERIES)])
    return measured


def main(sizes: list[int]) -> None:
    first: dict[str, Measured] = {}
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            measured = asyncio.run(measure(Path(folder), count))
        first = first or measured
        print(f"\n{count:,} trips and as many clients (total {time.perf_counter() - started:.0f} s)")
        print(f"{'':14}{'p50 ms':>9}{'to ' + format(sizes[0], ','):>10}{'to base':>10}{'listed':>8}")
        for kind, (seconds, listed) in measured.items():
            ratios = f"{seconds / first[kind].p50:>10.2f}{seconds / measured['base: by id'].p50:>10.1f}"
            print(f"{kind:14}{seconds * 1e3:>9.2f}{ratios}{listed:>8.1f}")


if __name__ == "__main__":
    main([int(size.replace(",", "")) for size in sys.argv[1:]] or [1_000, 100_000, 1_000_000])
