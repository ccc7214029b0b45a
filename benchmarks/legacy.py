"""Legacy databases of any size with made-up names, and random queries for them."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from migrations.files import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


def write_dump(path: Path, count: int) -> None:
    """Write the SQL dump of a legacy database with so many trips and clients, two of them on each trip."""
    with closing(sqlite3.connect(path.with_suffix(".legacy"))) as connection:
        connection.executescript(shipped()[0].text)
        clients = list(client_rows(count))
        connection.executemany("INSERT INTO clients_v2 (email, full_name) VALUES (?, ?)", clients)
        connection.executemany(
            "INSERT INTO trips_v2 (trip_name, destinations, clients, notes, start_date, end_date) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            trip_rows(count, [email for email, _ in clients]),
        )
        connection.commit()
        with path.open("w", encoding="utf-8") as dump:
            dump.writelines(f"{line}\n" for line in connection.iterdump())
    path.with_suffix(".legacy").unlink()


def queries(path: Path, count: int) -> dict[str, Callable[[], str]]:
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
