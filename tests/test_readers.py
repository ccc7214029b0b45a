"""The engine's readers run in parallel with its writer, and calls can be cancelled."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
import raw

from database.embedded import EmbeddedDatabase, open_database, open_read_only
from database.engine import Statement

if TYPE_CHECKING:
    from pathlib import Path

# A query that never ends by itself.
LONG: LiteralString = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n
"""

ADD: LiteralString = "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return raw.new_file(tmp_path / "voygen.db")


async def stopped(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def turn_of_the_loop() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_long_query_delays_no_other_query_and_stops_when_cancelled(path: Path, read_only: bool) -> None:  # noqa: FBT001
    opening = open_read_only(path, readers=2) if read_only else open_database(path, readers=2)
    async with await opening as db:
        long = asyncio.create_task(db.read(LONG))
        await turn_of_the_loop()
        for _ in range(20):
            assert await db.read("SELECT 1 AS one") == [{"one": 1}]
        assert not long.done()
        await stopped(long)
        # All readers are free again only if the query was stopped.
        await asyncio.gather(*[db.read("SELECT 1 AS one") for _ in range(4)])


async def test_a_query_cancelled_around_its_start_does_not_keep_running(path: Path) -> None:
    async with await open_database(path, readers=2) as db:
        for turns in range(60):
            long = asyncio.create_task(db.read(LONG))
            for _ in range(turns % 6):
                await asyncio.sleep(0)
            await stopped(long)
        await asyncio.gather(*[db.read("SELECT 1 AS one") for _ in range(4)])


async def test_a_caller_with_many_queries_does_not_block_others(path: Path) -> None:
    async with await open_database(path) as db:

        async def many() -> None:
            for _ in range(200):
                await db.read("SELECT 1 AS one")

        busy = asyncio.create_task(many())
        await turn_of_the_loop()
        for _ in range(10):
            await db.read("SELECT 1 AS one")
        assert not busy.done()
        await busy


async def test_reads_do_not_wait_for_a_write_in_progress(path: Path) -> None:
    async with await open_database(path) as db:
        with closing(raw.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute(ADD, ("open@x.io",))
            waiting = asyncio.create_task(db.batch([Statement(ADD, ("ours@x.io",))]))
            await turn_of_the_loop()
            assert await db.read("SELECT email FROM clients_v2") == []
            assert not waiting.done()
            other.execute("COMMIT")
        await waiting
        assert len(await db.read("SELECT email FROM clients_v2")) == 2


async def test_a_batch_cancelled_while_it_waits_for_a_lock_is_never_written(path: Path) -> None:
    async with await open_database(path) as db:
        with closing(raw.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(db.batch([Statement(ADD, (f"{n}@x.io",))])) for n in range(3)]
            await turn_of_the_loop()
            for task in waiting:
                await stopped(task)
            other.execute("COMMIT")
        await db.batch([Statement(ADD, ("next@x.io",))])
        assert await db.read("SELECT email FROM clients_v2") == [{"email": "next@x.io"}]


async def test_a_cancelled_caller_waits_until_its_running_batch_is_finished(db: EmbeddedDatabase) -> None:
    statements = [Statement(ADD, (f"{n}@x.io",)) for n in range(200)]
    writing = asyncio.create_task(db.batch(statements))
    await turn_of_the_loop()
    await stopped(writing)
    count: LiteralString = "SELECT count(*) AS n FROM clients_v2"
    settled = await db.read(count)
    await db.batch([])
    assert settled == await db.read(count) == [{"n": 200}]
