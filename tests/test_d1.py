"""The hosted engine on workerd: the protocol, the limits, and the tokens."""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import SEED
from workerd import READ, WRITE, Hosted, Workerd, skip_module_without_node, statements

from database.d1_values import LARGEST_REQUEST
from database.embedded import open_database
from database.engine import Statement
from database.errors import (
    ConstraintViolated,
    DatabaseError,
    DatabaseReadOnly,
    DatabaseUnavailable,
    GuardFailed,
    OverLimit,
    TokenRejected,
)
from migrations.check import check
from migrations.files import split_statements, trusted
from migrations.phases.moves import advance, go_back
from migrations.proof import digest, schema_fingerprint
from migrations.repair import apply_repair
from migrations.runner import migrate
from migrations.self_test import validate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from database.d1 import D1Database
    from database.engine import Database

skip_module_without_node()


@pytest.fixture(params=["embedded", "d1"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path, workerd: Workerd) -> AsyncIterator[Database]:
    """Both engines, with a table."""
    if request.param == "embedded":
        opened = await open_database(tmp_path / "voygen.db")
    else:
        opened = await (workerd.take()).open()
    async with opened as db:
        await db.batch([Statement(TABLE), Statement(GUARDS), Statement(IDS)])
        yield db


TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b)"
GUARDS = "CREATE TABLE write_guard (free INTEGER CONSTRAINT guard_free CHECK (free = 1))"
IDS = "CREATE TABLE batch_ids (id TEXT PRIMARY KEY, sent_at INTEGER NOT NULL) WITHOUT ROWID"

INSERT = "INSERT INTO t (id, a, b) VALUES (?, ?, ?)"


async def test_a_batch_returns_the_rows_of_each_statement(engine: Database) -> None:
    insert = Statement(INSERT + " RETURNING id, b", (1, "x", None))
    select = Statement("SELECT id, a FROM t WHERE id = ?", (1,))
    results = await engine.batch([insert, select])
    assert results.of(insert) == [{"id": 1, "b": None}]
    assert results.of(select) == [{"id": 1, "a": "x"}]
    assert results.complete


async def test_values_come_back_as_they_were_stored(engine: Database) -> None:
    values: list[Any] = [1.5, 7, -(2**40), "ä\0😀\ud7ff", "", None, b"\0\xff", 1e300, True]
    await engine.batch([Statement(INSERT, (at, None, value)) for at, value in enumerate(values)])
    assert [row["b"] for row in await engine.read("SELECT b FROM t ORDER BY id")] == values


async def test_a_failed_batch_stores_nothing(engine: Database) -> None:
    first, second = Statement(INSERT, (1, "x", 1)), Statement(INSERT, (2, "x", 1))
    guard = Statement("INSERT INTO write_guard (free) VALUES (0)")
    with pytest.raises(ConstraintViolated, match="UNIQUE constraint failed"):
        await engine.batch([first, second])
    with pytest.raises(GuardFailed) as failed:
        await engine.batch([first, guard])
    assert failed.value.guard == "free"
    with pytest.raises(DatabaseError, match="no such table: nowhere"):
        await engine.batch([first, Statement("DELETE FROM nowhere")])
    assert await engine.read("SELECT * FROM t") == []


async def test_several_queries_are_answered_in_one_go(engine: Database) -> None:
    await engine.batch([Statement(INSERT, (1, "x", 2))])
    one, two, none = (
        Statement("SELECT a FROM t"),
        Statement("SELECT ? AS n", (5,)),
        Statement("SELECT a FROM t WHERE 0"),
    )
    results = await engine.read_many([one, two, none])
    assert [results.of(query) for query in (one, two, none)] == [[{"a": "x"}], [{"n": 5}], []]
    assert (await engine.read_many([])).of(one) == []
    with pytest.raises(DatabaseError, match="nowhere"):
        await engine.read_many([one, Statement("SELECT * FROM nowhere")])
    assert await engine.read("SELECT count(*) AS n FROM t") == [{"n": 1}]


async def test_a_stream_yields_each_row_once_in_the_order_of_its_key(engine: Database) -> None:
    """Pages end within rows of one place, at NULL, and at a row larger than any page's average."""
    await engine.batch([Statement(FILL)])
    rows = [
        row async for row in engine.stream("SELECT b AS place, id, length(a) AS size, a FROM t", key=("place", "id"))
    ]
    assert [row["id"] for row in rows] == [row["id"] for row in await engine.read("SELECT id FROM t ORDER BY b, id")]
    places = [
        row["place"] async for row in engine.stream("SELECT b AS place FROM t WHERE id > ?", [10], key=("place",))
    ]
    assert len(places) == 2990
    assert places == sorted(places, key=lambda place: (place is not None, place or 0))
    assert [row async for row in engine.stream("SELECT id FROM t WHERE 0", key=("id",))] == []


# 3,000 rows at 4 places, among them NULL; their texts are small, but for 10 of 1 MB.
FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO t (id, a, b) SELECT i, i || iif(i % 300 = 7, hex(zeroblob(500000)), ''), nullif(i % 4, 0) FROM n
"""


async def test_a_reply_to_a_stream_never_exceeds_5_mb(hosted: Hosted, caplog: pytest.LogCaptureFixture) -> None:
    async with hosted.opened() as db:
        await db.batch([Statement(TABLE), Statement(FILL)])
        with caplog.at_level(logging.DEBUG, "voygen.d1"):
            async for _ in db.stream("SELECT * FROM t", key=("id",)):
                pass
    sizes = [record.__dict__["received"] for record in caplog.records if "received" in record.__dict__]
    assert len(sizes) > 2
    assert max(sizes) < 5_000_000


async def test_a_migrated_database_has_the_same_schema_and_digest_on_both_engines(
    hosted: Hosted, tmp_path: Path
) -> None:
    async with hosted.opened() as db:
        report = await migrate(db)
        assert report.made
        assert report.backup is None
        async with await open_database(raw.new_file(tmp_path / "voygen.db")) as file:
            assert await schema_fingerprint(db) == await schema_fingerprint(file)
            assert await digest(db) == await digest(file)
        assert (await migrate(db)).did_nothing
        assert "Time Travel bookmark 0000" in (await db.back_up()).label


async def test_phases_repair_and_self_test_run_on_the_hosted_engine(hosted: Hosted) -> None:
    async with hosted.opened() as db:
        await migrate(db)
        await db.batch([Statement(trusted(sql)) for sql in split_statements(SEED.splitlines(keepends=True))])
        before = await digest(db)
        assert all(outcome.passed for outcome in await validate(db))
        for move in (advance_at_once, advance_at_once, go_back, go_back):
            await move(db)
            assert (await check(db)).consistent
        assert await digest(db) == before
        hosted.sql("DROP TRIGGER trg_trip_client_assignments_delete")
        hosted.sql("DELETE FROM trip_client_assignments WHERE trip_id = 1")
        assert not (await check(db)).consistent
        assert (await apply_repair(db, "junction")).after.clean
        assert hosted.sql("SELECT clients FROM trips_v2 WHERE trip_id = 1") == [("[]",)]


async def advance_at_once(db: D1Database) -> object:
    return await advance(db, quiet_days=0)


OVER = {
    "101 parameters": (Statement("SELECT 1", [1] * 101), "at most 100 parameters"),
    "a long statement": (Statement("SELECT 1 -- " + "x" * 100_000), "at most 100,000 bytes"),
    "a large value": (Statement("SELECT ?", ["ä" * 1_000_001]), "a value of at most 2,000,000 bytes"),
    "an integer that is rounded": (Statement("SELECT ?", [2**53 + 1]), "2\\^53"),
    "an integer beyond SQLite's": (Statement("SELECT ?", [2**64]), "2\\^53"),
}


@pytest.mark.parametrize("what", OVER)
async def test_what_is_over_a_limit_is_refused_before_it_is_sent(hosted: Hosted, what: str) -> None:
    statement, words = OVER[what]
    async with hosted.opened() as db:
        hosted.fail("lost")
        for sending in (db.read(statement.sql, statement.params), db.batch([statement])):
            with pytest.raises(OverLimit, match=words):
                await sending
        hosted.fail()
        whole = [Statement("SELECT ?", ["x" * 1_999_999])] * 5
        with pytest.raises(OverLimit, match="a batch of at most 8,000,000 bytes"):
            await db.batch(whole)


def test_the_worker_refuses_a_request_over_its_own_limit(hosted: Hosted) -> None:
    for body in (b" " * (LARGEST_REQUEST + 1), b"[" * LARGEST_REQUEST):
        answer = hosted.post(body)
        assert (answer.status_code, answer.json()["code"]) in {(413, "TOO_LARGE"), (400, "BAD_REQUEST")}


MALFORMED: list[Any] = [
    [],
    {"mode": "read"},
    {"mode": "read", "statements": []},
    {"mode": "other", "statements": statements("SELECT 1")},
    {"mode": "read", "statements": [{"sql": 1}]},
    {"mode": "read", "statements": [{"sql": "SELECT ?", "params": [{}]}]},
    {"mode": "read", "statements": [{"sql": "SELECT ?", "params": {"a": 1}}]},
    {"mode": "read", "id": "a" * 20, "statements": statements("SELECT 1")},
    {"mode": "write", "id": "short", "statements": statements("SELECT 1")},
    {"mode": "write", "cut": 5, "statements": statements("SELECT 1")},
    {"mode": "read", "bookmark": "a b", "statements": statements("SELECT 1")},
]


def test_the_worker_names_what_is_wrong_with_a_request(hosted: Hosted) -> None:
    for body in MALFORMED:
        answer = hosted.post(body)
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST"), body
        assert answer.json()["message"].endswith("."), body
    assert hosted.post({}, path="/elsewhere").status_code == 404


WRITES = [
    "INSERT INTO t (id) VALUES (9)",
    "DELETE FROM t",
    "UPDATE t SET a = 'y'",
    "REPLACE INTO t (id) VALUES (1)",
    "WITH x AS (SELECT 9 AS id) INSERT INTO t (id) SELECT id FROM x",
    "WITH x AS (SELECT 1) DELETE FROM t RETURNING id",
    "WITH x AS (SELECT 1) REPLACE INTO t (id) VALUES (1)",
    "SELECT 1; DELETE FROM t",
    "SELECT 'a'';--'; DELETE FROM t; --'",
    "EXPLAIN SELECT 1; DELETE FROM t",
    "/* SELECT */ DELETE FROM t",
    "SELECT 1 /* ' */; DELETE FROM t -- '",
    "CREATE TABLE u (a)",
    "DROP TABLE t",
    "PRAGMA recursive_triggers = ON",
]


def test_a_token_that_only_reads_writes_nothing(hosted: Hosted) -> None:
    hosted.sql(TABLE)
    hosted.sql("INSERT INTO t (id, a) VALUES (1, 'x')")
    before = hosted.sql("SELECT name, (SELECT json_group_array(a) FROM t) FROM sqlite_master ORDER BY name")
    for sql in WRITES:
        for mode, token in (("write", READ), ("read", READ), ("read", WRITE)):
            answer = hosted.post({"mode": mode, "statements": statements("SELECT 1", sql)}, token)
            assert (answer.status_code, answer.json()["code"]) == (403, "SQLITE_READONLY"), sql
    query = {
        "mode": "read",
        "statements": statements("WITH x AS (SELECT a FROM t) SELECT replace(a, 'x', 'y') AS a FROM x"),
    }
    assert hosted.post(query, READ).json()["results"][0]["rows"] == [["y"]]
    assert hosted.sql("SELECT name, (SELECT json_group_array(a) FROM t) FROM sqlite_master ORDER BY name") == before


def test_without_a_valid_token_nothing_is_answered(hosted: Hosted) -> None:
    hosted.sql(TABLE)
    for mode in ("read", "write"):
        for token in (None, "x", WRITE[:-1], WRITE + "x", WRITE.upper(), "undefined"):
            answer = hosted.post({"mode": mode, "statements": statements("DROP TABLE t")}, token)
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED"), token
            assert answer.headers["www-authenticate"] == "Bearer"
    assert hosted.sql("SELECT count(*) FROM t") == [(0,)]


async def test_the_engine_says_what_is_wrong_with_the_token_and_never_shows_it(
    hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "vgn-secret-of-the-test"
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(TokenRejected, match="VOYGEN_D1_TOKEN") as rejected:
            async with hosted.opened(wrong):
                pass
        async with hosted.opened(READ) as db:
            assert await db.read("SELECT 1 AS one") == [{"one": 1}]
            with pytest.raises(DatabaseReadOnly, match="only reads"):
                await db.batch([Statement(TABLE)])
            shown = f"{db!r} {vars(db)} {''.join(traceback.format_exception(rejected.value))}"
        async with hosted.opened(read_only=True) as db:
            with pytest.raises(DatabaseReadOnly):
                await db.batch([Statement(TABLE)])
        hosted.fail("lost", "half", "busy")
        async with hosted.opened(patience=5) as db:
            await db.read("SELECT 1")
    shown += "".join(record.getMessage() for record in caplog.records)
    assert not any(token in shown for token in (wrong, READ, WRITE))
    assert hosted.sql("SELECT count(*) FROM sqlite_master WHERE name = 't'") == [(0,)]


async def test_an_address_that_is_not_a_worker_is_named(workerd: Workerd) -> None:
    for url, words in {
        f"http://127.0.0.1:{workerd.port}/x": "not a voygen Worker .HTTP status 404.",
        "http://127.0.0.1:9": "cannot be reached",
    }.items():
        with pytest.raises(DatabaseUnavailable, match=words):
            async with Hosted(url).opened(patience=0.1):
                pass


async def test_batches_at_the_same_time_are_run_one_after_the_other(engine: Database) -> None:
    await engine.batch([Statement(INSERT, (1, "x", 0))])
    add = "UPDATE t SET b = b + 1 WHERE id = 1"
    await asyncio.gather(*(engine.batch([Statement(add), Statement(add)]) for _ in range(20)))
    assert await engine.read("SELECT b FROM t") == [{"b": 40}]


async def test_a_batch_whose_caller_is_cancelled_is_stored_whole_or_not_at_all(engine: Database) -> None:
    for number in range(10):
        batch = [Statement(INSERT, (2 * number + at, f"{number} {at}", 0)) for at in (0, 1)]
        task = asyncio.ensure_future(engine.batch(batch))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await engine.batch([Statement(INSERT, (99, "last", 0))])
    counts = await engine.read("SELECT count(*) AS n FROM t WHERE id < 99 GROUP BY id / 2")
    assert {row["n"] for row in counts} <= {2}
