"""The work of a search does not grow with the number of trips and clients."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, LiteralString

import pytest
import raw

from database.engine import ForwardingDatabase
from tools.answers.errors import ToolFault
from tools.find import FindArguments, get_anything
from tools.finding.identifiers import resolve_trip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from database.engine import Row, Value

# Even with the lower number, each query matches more rows than the search examines.
FEW, MANY = 1600, 9600

CLIENTS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO clients_v2 (email, full_name)
SELECT 'c' || i || '@example.net', 'Ana' || char(97 + i % 20) || ' Lima' || char(97 + i / 20 % 4) FROM n
"""

TRIPS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO trips_v2 (trip_name, trip_slug, destinations, start_date, end_date)
SELECT 'Tour ' || i || ' to Goa' || char(97 + i % 10), 'tour-' || i, 'Kochi' || char(97 + i % 7),
       '2027-01-01', '2027-02-01'
FROM n
"""

ASSIGNMENTS = """
INSERT INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT trip_id, 'c' || trip_id || '@example.net', iif(trip_id % 3, 'traveler', 'guide') FROM trips_v2
"""

QUERIES = [
    "Tour 77 to Goah",
    "tour-77",
    "77",
    "c77@example.net",
    "goa",
    "k",
    "goah kochia",
    "anab limac",
    "goaa guide",
    "tour 77 anar",
    "nowhere at all",
    "Gaoh Kohcia",
    "Tuor",
]


class Counting(ForwardingDatabase):
    """A read-only database that counts the steps of SQLite's virtual machine."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(self)  # forwards what the queries don't use
        connection.row_factory = sqlite3.Row
        connection.set_progress_handler(self._step, 1)
        self.connection = connection
        self.steps = 0

    def _step(self) -> int:
        self.steps += 1
        return 0

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return [dict(row) for row in self.connection.execute(sql, params)]

    async def shadow_read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        return await self.read(sql, params)

    async def close(self) -> None:
        self.connection.close()


def filled(path: Path, count: int) -> Counting:
    connection = raw.connect(raw.new_file(path))
    connection.execute("BEGIN")
    for sql in (CLIENTS, TRIPS):
        connection.execute(sql, (count,))
    connection.execute(ASSIGNMENTS)
    connection.execute("COMMIT")
    for table in ("trip_search", "client_search"):
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    return Counting(connection)


async def steps(db: Counting, query: str) -> int:
    before = db.steps
    for strategy in ("fuzzy", "broad"):
        with contextlib.suppress(ToolFault):
            arguments = {"query": query, "search_strategy": strategy, "include_everything": False}
            await get_anything(db, FindArguments.model_validate(arguments))
    with contextlib.suppress(ToolFault):
        await resolve_trip(db, query)
    return db.steps - before


@pytest.fixture(scope="module")
def few_and_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Counting, Counting]]:
    folder = tmp_path_factory.mktemp("search")
    few, many = filled(folder / "few.db", FEW), filled(folder / "many.db", MANY)
    with closing(few.connection), closing(many.connection):
        yield few, many


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.sampled(3)
async def test_a_search_among_six_times_as_many_rows_takes_about_as_many_steps(
    few_and_many: tuple[Counting, Counting], query: str
) -> None:
    few, many = few_and_many
    assert await steps(many, query) < await steps(few, query) * 1.3
