"""The embedded engine: batches are atomic despite other writers, cancellation and damaged files."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import raw

from database.embedded import EmbeddedDatabase, open_database
from database.engine import Results, Statement
from database.errors import (
    ConstraintViolated,
    DatabaseBusy,
    DatabaseError,
    DatabaseReadOnly,
    GuardFailed,
    ResultsLost,
)
from migrations.files import trusted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

ADD_CLIENT = "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')"
EMAILS = "SELECT email FROM clients_v2 ORDER BY client_id"

# Another program, which takes the write lock, writes, says so, and holds the lock until its stdin closes.
HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('other@x.io', 'N')")
print("locked", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""


async def emails(db: EmbeddedDatabase) -> list[str]:
    return [row["email"] for row in await db.read(EMAILS)]


def adding(*names: str) -> list[Statement]:
    return [Statement(ADD_CLIENT, (name,)) for name in names]


# Batches.


async def test_a_batch_returns_the_rows_of_each_statement(db: EmbeddedDatabase) -> None:
    (added,), deleted = adding("a@x.io"), Statement("DELETE FROM clients_v2 RETURNING email")
    results = await db.batch([added, deleted])
    assert results.of(deleted) == [{"email": "a@x.io"}]
    assert results.of(added) == results.of(Statement("SELECT 1")) == []


async def test_a_batch_that_fails_at_its_end_undoes_its_start(db: EmbeddedDatabase) -> None:
    with pytest.raises(ConstraintViolated, match=r"clients_v2\.email"):
        await db.batch(adding("a@x.io", "b@x.io", "a@x.io"))
    assert await emails(db) == []


async def test_a_batch_with_a_syntax_error_writes_nothing_and_the_next_one_works(db: EmbeddedDatabase) -> None:
    with pytest.raises(DatabaseError, match="syntax error"):
        await db.batch([*adding("a@x.io"), Statement("INSERT nonsense")])
    await db.batch(adding("b@x.io"))
    assert await emails(db) == ["b@x.io"]


async def test_a_failed_guard_is_named_and_nothing_is_written(db: EmbeddedDatabase) -> None:
    guards = [row["name"] for row in await db.read("SELECT name FROM pragma_table_info('write_guard')")]
    assert guards
    for guard in guards:
        check = Statement(trusted(f"INSERT INTO write_guard ({guard}) VALUES (0)"))
        with pytest.raises(GuardFailed) as caught:
            await db.batch([*adding("a@x.io"), check])
        assert caught.value.guard == guard
    assert await emails(db) == []


async def test_foreign_keys_are_enforced(db: EmbeddedDatabase) -> None:
    with pytest.raises(ConstraintViolated):
        await db.batch([Statement("INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (9, 'x@x.io')")])


async def test_a_read_cannot_write(db: EmbeddedDatabase) -> None:
    with pytest.raises(DatabaseReadOnly):
        await db.read("DELETE FROM clients_v2")


# Cancellation.


class CancelsItsCaller(list[Statement]):
    """A batch of statements that cancels its caller when the engine reaches the middle one."""

    caller: asyncio.Task[Any]

    def __iter__(self) -> Iterator[Statement]:
        for number, statement in enumerate(super().__iter__()):
            if number == len(self) // 2:
                self.caller.cancel()
            yield statement


async def test_a_batch_whose_caller_is_cancelled_halfway_is_written_completely(db: EmbeddedDatabase) -> None:
    statements = CancelsItsCaller(adding("a@x.io", "b@x.io", "c@x.io", "d@x.io"))
    statements.caller = asyncio.create_task(db.batch(statements))
    with pytest.raises(asyncio.CancelledError):
        await statements.caller
    await db.batch(adding("next@x.io"))
    assert await emails(db) == ["a@x.io", "b@x.io", "c@x.io", "d@x.io", "next@x.io"]


async def test_a_cancelled_batch_that_fails_is_rolled_back_and_the_next_one_works(db: EmbeddedDatabase) -> None:
    statements = CancelsItsCaller(adding("a@x.io", "b@x.io", "a@x.io"))
    statements.caller = asyncio.create_task(db.batch(statements))
    with pytest.raises(asyncio.CancelledError):
        await statements.caller
    await db.batch(adding("next@x.io"))
    assert await emails(db) == ["next@x.io"]


async def test_closing_waits_for_a_batch_whose_caller_was_cancelled(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    db = await open_database(path)
    statements = CancelsItsCaller(adding("a@x.io", "b@x.io"))
    statements.caller = asyncio.create_task(db.batch(statements))
    with pytest.raises(asyncio.CancelledError):
        await statements.caller
    await db.close()
    async with await open_database(path) as again:
        assert await emails(again) == ["a@x.io", "b@x.io"]


# Other writers.


async def test_six_concurrent_writers_lose_nothing(db: EmbeddedDatabase) -> None:
    async def write(writer: int) -> None:
        for number in range(20):
            await db.batch(adding(f"{writer}-{number}@x.io", f"{writer}-{number}@y.io"))

    await asyncio.gather(*[write(writer) for writer in range(6)])
    assert len(await emails(db)) == 6 * 20 * 2


async def test_two_engines_on_one_file_lose_nothing(db: EmbeddedDatabase) -> None:
    async with await open_database(db.path) as other:
        await asyncio.gather(*[each.batch(adding(f"{n}-{id(each)}@x.io")) for n in range(20) for each in (db, other)])
        assert len(await emails(db)) == len(await emails(other)) == 40


@contextmanager
def another_program_holding_the_lock(path: Path) -> Generator[Callable[[], None], None, None]:
    """Hold the write lock from another process until the block ends or the yielded function is called."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"

        def let_go() -> None:
            process.communicate()

        yield let_go


async def test_a_lock_held_by_another_program_is_reported_when_the_wait_times_out(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    async with await open_database(path, patience=0.01) as db:
        with another_program_holding_the_lock(path), pytest.raises(DatabaseBusy, match="locked by another program"):
            await db.batch(adding("a@x.io"))
        await db.batch(adding("a@x.io"))
        assert await emails(db) == ["other@x.io", "a@x.io"]


async def test_reads_see_the_last_commit_while_another_program_writes(db: EmbeddedDatabase) -> None:
    await db.batch(adding("a@x.io"))
    with another_program_holding_the_lock(db.path):
        assert await emails(db) == ["a@x.io"]
    assert await emails(db) == ["a@x.io", "other@x.io"]


async def test_a_batch_waits_for_another_program_to_finish(db: EmbeddedDatabase) -> None:
    with another_program_holding_the_lock(db.path) as let_go:
        writing = asyncio.create_task(db.batch(adding("a@x.io")))
        assert await emails(db) == []
        let_go()
        await writing
    assert await emails(db) == ["other@x.io", "a@x.io"]


async def test_opening_waits_for_another_program_to_finish(tmp_path: Path) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    with another_program_holding_the_lock(path) as let_go:
        opening = asyncio.create_task(open_database(path))
        with pytest.raises(DatabaseBusy):
            await open_database(path, patience=0.01)
        let_go()
        async with await opening as db:
            assert await emails(db) == ["other@x.io"]


async def test_a_backup_made_while_others_write_is_consistent(db: EmbeddedDatabase, tmp_path: Path) -> None:
    pairs = [(f"{n}@x.io", f"{n}@y.io") for n in range(100)]
    writing = [asyncio.create_task(db.batch(adding(*pair))) for pair in pairs]
    await writing[0]
    await db.back_up_to(tmp_path / "copy.db")
    await asyncio.gather(*writing)
    copy = sqlite3.connect(tmp_path / "copy.db")
    copied = {row[0] for row in copy.execute(EMAILS)}
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert {"0@x.io", "0@y.io"} <= copied
    assert all((first in copied) == (second in copied) for first, second in pairs)


async def test_several_queries_read_one_snapshot_while_others_write(db: EmbeddedDatabase) -> None:
    await db.batch([Statement("CREATE TABLE counter (n)"), Statement("INSERT INTO counter VALUES (0)")])
    first, slow, last = Statement(COUNTED), Statement(SLOW), Statement(COUNTED)

    async def count() -> None:
        while not reading.done():
            await db.batch([Statement("UPDATE counter SET n = n + 1")])

    for _ in range(3):
        reading = asyncio.ensure_future(db.read_many([first, slow, last]))
        await count()
        results = await reading
        assert results.of(first) == results.of(last)
        assert (await db.read(COUNTED))[0]["n"] > results.of(last)[0]["n"]


COUNTED = "SELECT n FROM counter"
SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) FROM n"


def test_the_queries_of_a_batch_are_kept_apart_from_what_is_lost() -> None:
    query, write = Statement("SELECT 1"), Statement("DELETE FROM t RETURNING id")
    results = Results([(query, [{"1": 1}])], lost=[write])
    assert results.of(query) == [{"1": 1}]
    assert results.of(Statement("skipped")) == []
    with pytest.raises(ResultsLost, match="stored"):
        results.of(write)
