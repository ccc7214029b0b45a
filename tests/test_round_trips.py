"""Few round trips: reads that need nothing from each other share one, and no call's number grows with its input."""

from __future__ import annotations

import asyncio
from asyncio import gather
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from desk import ANA, KYOTO, op, seeded
from mcp import Client

from database.embedded import open_database
from database.engine import ForwardingDatabase, Results, Row, Statement, Value
from database.errors import DatabaseError
from database.gathering import GatheringDatabase
from server.desk.steward import MigrationSteward
from server.desk.tools import make_server
from server.opening import phased
from tools.catalogue import all_tools

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from pathlib import Path

    from database.embedded import EmbeddedDatabase

ONE: LiteralString = "SELECT 1 AS n"

FAILING: LiteralString = "SELECT nothing"


class Counting(ForwardingDatabase):
    """Counts the round trips."""

    trips = 0

    async def read(self, sql: LiteralString, params: Sequence[Value] = ()) -> list[Row]:
        self.trips += 1
        return await self._db.read(sql, params)

    async def read_many(self, queries: Sequence[Statement]) -> Results:
        self.trips += 1
        return await self._db.read_many(queries)

    async def batch(self, statements: Sequence[Statement]) -> Results:
        self.trips += 1
        return await self._db.batch(statements)


@asynccontextmanager
async def counted(tmp_path: Path) -> AsyncGenerator[Callable[..., Awaitable[int]]]:
    """Yield a function that calls a tool and returns its number of round trips."""
    async with await open_database(seeded(tmp_path / "voygen.db")) as db:
        counting = Counting(db)
        async with Client(make_server(phased(counting), all_tools(MigrationSteward(db)))) as client:

            async def trips(tool: str, **arguments: Any) -> int:
                counting.trips = 0
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, result
                return counting.trips

            await trips("get_anything", query=str(KYOTO))  # the first call also reads the phase
            yield trips


@pytest.mark.parametrize(("query", "most"), [(str(KYOTO), 2), ("lima-in-kyoto", 3), ("kyoto", 3), (ANA, 4)])
async def test_finding_a_trip_or_client_takes_at_most_four_round_trips(tmp_path: Path, query: str, most: int) -> None:
    async with counted(tmp_path) as trips:
        assert await trips("get_anything", query=query) <= most


async def test_the_pictures_of_a_trip_and_of_a_month_take_at_most_four_round_trips(tmp_path: Path) -> None:
    async with counted(tmp_path) as trips:
        assert await trips("show_trip", trip_identifier=str(KYOTO)) <= 4
        assert await trips("show_month", month="2026-10") <= 2


async def test_any_number_of_assignments_takes_four_round_trips(tmp_path: Path) -> None:
    async with counted(tmp_path) as trips:
        for many in (1, 50, 500):
            new = [op("assign_client", email=f"{many}-{n}@example.net", full_name=f"{many} {n}") for n in range(many)]
            assert await trips("bulk_trip_operations", trip_identifier=str(KYOTO), operations=new) <= 4
        known = [op("assign_client", email=ANA, role="guide"), op("add_note", note="one")]
        assert await trips("bulk_trip_operations", trip_identifier=str(KYOTO), operations=known) <= 4


async def test_reads_at_the_same_time_share_a_round_trip_and_each_gets_its_rows(db: EmbeddedDatabase) -> None:
    counting = Counting(db)
    gathering = GatheringDatabase(counting)

    async def read(number: int) -> int:
        return (await gathering.read("SELECT ? AS n", (number,)))[0]["n"]

    assert await gather(*map(read, range(10)), gather(read(10), read(11))) == [*range(10), [10, 11]]
    assert counting.trips == 1
    assert await read(12) == 12


async def test_a_query_that_fails_does_not_fail_those_beside_it(db: EmbeddedDatabase) -> None:
    gathering = GatheringDatabase(db)
    orders: list[tuple[LiteralString, LiteralString]] = [(FAILING, ONE), (ONE, FAILING)]
    for first, second in orders:
        found = await gather(gathering.read(first), gathering.read(second), return_exceptions=True)
        assert [{"n": 1}] in found
        assert [type(one) for one in found if one != [{"n": 1}]] == [DatabaseError]


async def test_a_cancelled_read_does_not_take_the_reads_beside_it_along(db: EmbeddedDatabase) -> None:
    gathering = GatheringDatabase(db)
    for turns in range(8):
        readers = [asyncio.ensure_future(gathering.read(ONE)) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        readers[0].cancel()
        assert [row["n"] for rows in await gather(*readers[1:]) for row in rows] == [1, 1]
        assert await gathering.read(ONE) == [{"n": 1}]
