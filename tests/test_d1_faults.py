"""Requests to the hosted engine that fail on the way: every write is stored exactly once, or refused."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
from desk import ANA, KYOTO, op
from hosted_desk import fill, hosted_desk
from test_once import CALLS
from workerd import Hosted, Workerd, running, skip_module_without_node

from database.d1_requests import LEAST_TRIES
from database.engine import Statement
from database.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    GuardFailed,
    OutcomeUnknown,
    ResultsLost,
)
from migrations.check import check
from migrations.runner import migrate
from server.opening import phased
from tools.bulk import BulkArguments, bulk_trip_operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from database.d1 import D1Database

skip_module_without_node()

# Seconds that the tests' engine waits for an answer, which is less than a late request takes.
ANSWER = 0.3

FAULTS = ["lost", "dropped", "half", "broken", "twice", "late", "busy"]


@pytest.fixture
async def db(hosted: Hosted) -> AsyncIterator[D1Database]:
    """An engine on a migrated database with three clients and three trips."""
    async with hosted.opened(answer=20) as patient:
        await fill(patient)
    async with hosted.opened(answer=ANSWER) as opened:
        yield opened


NOTE = "INSERT INTO db_errors (error_timestamp, attempted_operation, error_message) VALUES ('t', ?, 'm')"


def noted(hosted: Hosted) -> list[tuple[str, int]]:
    """Return how often each note is stored, and end the faults."""
    hosted.fail()
    return [
        (what, times) for what, times in hosted.sql("SELECT attempted_operation, count(*) FROM db_errors GROUP BY 1")
    ]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_write_is_stored_once_and_its_queries_are_answered(hosted: Hosted, db: D1Database, fault: str) -> None:
    returning, query = Statement(NOTE + " RETURNING id", (fault,)), Statement("SELECT max(id) AS id FROM db_errors")
    for faults in ([fault], [fault, fault], [fault, "dropped", "lost"]):
        hosted.fail(*faults)
        results = await db.batch([returning, query])
        hosted.fail()
        ((last,),) = hosted.sql("SELECT max(id) FROM db_errors")
        assert results.of(query) == [{"id": last}]
        try:
            assert results.of(returning) == [{"id": last}]
            assert results.complete
        except ResultsLost:
            assert not results.complete
            assert fault != "busy" or "dropped" in faults
    assert noted(hosted) == [(fault, 3)]


CHANGED = "SELECT changes() AS value"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_count_of_changed_rows_survives_a_lost_answer(hosted: Hosted, db: D1Database, fault: str) -> None:
    three, one = Statement(CHANGED, kept=True), Statement(CHANGED, kept=True)
    add = Statement("INSERT INTO facts_dirty (trip_id, reason) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    change = Statement("UPDATE facts_dirty SET reason = 'd' WHERE trip_id = 1")
    hosted.sql("DELETE FROM facts_dirty")
    hosted.fail(fault, "dropped", "broken")
    results = await db.batch([add, three, Statement("SELECT 1 AS other"), change, one])
    hosted.fail()
    assert [results.of(each) for each in (three, one)] == [[{"value": 3}], [{"value": 1}]]


async def test_a_count_that_an_erasure_deleted_before_it_was_read_again_is_lost(hosted: Hosted, db: D1Database) -> None:
    hosted.sql(
        "CREATE TRIGGER erase AFTER UPDATE OF answers ON batch_ids WHEN NEW.answers <> '[]' "
        "BEGIN UPDATE batch_ids SET answers = '[]'; END"
    )
    count, other = Statement(CHANGED, kept=True), Statement("SELECT 1 AS other")
    hosted.fail("dropped")
    results = await db.batch([count, other])
    assert (results.of(other), results.complete) == ([{"other": 1}], False)
    with pytest.raises(ResultsLost):
        results.of(count)


# The values of an answer that differ between two runs.
# Times, and ids that are drawn: of items, and of the marks around a document's text.
VARIES = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\d+ (?:ms|seconds)|\b(?:[0-9a-f]{8}|[0-9a-f]{12}|[0-9a-f]{64})\b")

NEEDS_A_WEB_SERVER = "import_trip_page"

MORE: list[tuple[str, dict[str, Any]]] = [
    ("mark_facts_dirty", {"trip_ids": [1, 2], "reason": "asked"}),
    ("refresh_trip_facts", {}),
    ("repair_consistency", {"dry_run": False}),
]


async def test_calls_without_a_key_get_the_same_answers_if_answers_were_lost(workerd: Workerd) -> None:
    answers: list[list[str]] = []
    for faults in ([], ["dropped", ""] * 100):  # the first answer to each request is lost
        hosted = workerd.take()
        given: list[str] = []
        async with hosted_desk(hosted, answer=20) as desk:
            hosted.sql(NOTE.replace("?", "'x'").replace("'m'", "'disk full'"))
            hosted.sql("INSERT INTO ActivityLog (activity_type, trip_id) VALUES ('Old', 1), ('Old', 2)")
            for name, arguments in [*MORE, *(call for call in CALLS.items() if call[0] != NEEDS_A_WEB_SERVER)]:
                hosted.fail(*faults)
                given.append(VARIES.sub("*", f"{name} {await desk.call(name, **arguments)}"))
        answers.append(given)
    assert answers[1] == answers[0]
    assert any("The host keeps deleted content for Time Travel" in one for one in answers[0])


async def test_a_refused_write_is_refused_however_often_it_is_sent(hosted: Hosted, db: D1Database) -> None:
    guard = Statement("INSERT INTO write_guard (email_free) VALUES (0)")
    for fault in FAULTS:
        hosted.fail(fault, "dropped")
        with pytest.raises(GuardFailed) as failed:
            await db.batch([Statement(NOTE, (fault,)), guard])
        assert failed.value.guard == "email_free"
    assert noted(hosted) == []


async def test_a_host_that_stays_silent_gets_an_error_that_says_what_is_known(hosted: Hosted, db: D1Database) -> None:
    del db  # only prepares the database
    async with hosted.opened(answer=ANSWER, patience=0.5) as hasty:
        hosted.fail(*["dropped"] * 20)
        with pytest.raises(OutcomeUnknown, match="may be stored or not"):
            await hasty.batch([Statement(NOTE, ("unknown",))])
        assert noted(hosted) == [("unknown", 1)]
        hosted.fail(*["busy"] * 20)
        with pytest.raises(DatabaseBusy, match="limits the number of requests"):
            await hasty.batch([Statement(NOTE, ("refused",))])
        hosted.fail(*["half"] * 20)
        with pytest.raises(DatabaseUnavailable, match="incomplete answer") as failed:
            await hasty.read("SELECT 1")
        assert not isinstance(failed.value, OutcomeUnknown)
        hosted.fail()
    assert noted(hosted) == [("unknown", 1)]


async def test_reads_and_streams_survive_faults(hosted: Hosted, db: D1Database) -> None:
    for fault in FAULTS:
        hosted.fail(fault, "", fault)
        assert await db.read("SELECT count(*) AS n FROM trips_v2") == [{"n": 3}]
        assert [row["trip_id"] async for row in db.stream("SELECT trip_id FROM trips_v2", key=("trip_id",))] == [
            1,
            2,
            3,
        ]


async def test_a_page_that_the_host_cannot_hold_is_read_again_in_a_smaller_one(hosted: Hosted, db: D1Database) -> None:
    del db
    hosted.sql("DELETE FROM batch_ids")
    hosted.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) "
        "INSERT INTO batch_ids (id, sent_at) SELECT i, 0 FROM n"
    )
    async with hosted.opened(answer=ANSWER, patience=0.05) as hasty:
        hosted.fail("", *["lost"] * LEAST_TRIES)  # the second page fails for good
        stream = hasty.stream("SELECT CAST(id AS INTEGER) AS id FROM batch_ids", key=("id",))
        assert [row["id"] async for row in stream] == [*range(1, 901)]
        hosted.fail("", *["lost"] * 2 * LEAST_TRIES)
        with pytest.raises(DatabaseUnavailable, match="failed with HTTP status 502"):
            async for _ in hasty.stream("SELECT id FROM batch_ids", key=("id",)):
                pass


async def test_without_the_table_of_ids_a_lost_answer_is_reported_and_nothing_is_sent_again(hosted: Hosted) -> None:
    hosted.sql("CREATE TABLE t (a)")
    async with hosted.opened(answer=ANSWER) as db:
        hosted.fail("", "dropped")
        with pytest.raises(OutcomeUnknown):
            await db.batch([Statement("INSERT INTO t VALUES (1)")])
        hosted.fail("", "busy")
        await db.batch([Statement("INSERT INTO t VALUES (2)")])
    assert hosted.sql("SELECT a FROM t") == [(1,), (2,)]


async def test_ids_are_forgotten_after_a_day(hosted: Hosted, db: D1Database) -> None:
    del db
    hosted.sql("DELETE FROM batch_ids")
    hosted.sql("INSERT INTO batch_ids (id, sent_at) VALUES ('old', unixepoch() - 86401), ('new', unixepoch() - 86000)")
    assert hosted.post([], path="/scheduled").is_success
    assert hosted.sql("SELECT id FROM batch_ids") == [("new",)]


async def test_calls_of_tools_under_faults_leave_no_drift(hosted: Hosted, db: D1Database) -> None:
    """Each call of a tool adds one client and one note, among random faults; see that each is there exactly once."""
    chance = random.Random(7)  # noqa: S311 - a seed, not a secret
    calls = campaigns.rounds(5, 60)
    served = phased(db)
    for number in range(calls):
        hosted.fail(*(fault for _ in range(4) for fault in ("",) * chance.randrange(4) + (chance.choice(FAULTS),)))
        answer = await bulk_trip_operations(
            served,
            BulkArguments.model_validate(
                {
                    "trip_identifier": KYOTO,
                    "operations": [
                        op("assign_client", email=f"guest-{number}@example.net", full_name=f"Guest {number}"),
                        op("add_note", note=f"note {number}."),
                    ],
                }
            ),
        )
        assert answer.success, answer
    hosted.fail()
    assert hosted.post([], path="/faulted").json() >= campaigns.rounds(10, 200)
    junction = hosted.sql("SELECT client_email FROM trip_client_assignments WHERE trip_id = 1 ORDER BY assignment_id")
    assert junction == [(ANA,), *((f"guest-{number}@example.net",) for number in range(calls))]
    ((notes, clients),) = hosted.sql("SELECT notes, clients FROM trips_v2 WHERE trip_id = 1")
    assert [notes.count(f"note {number}.") for number in range(calls)] == [1] * calls
    assert len(json.loads(clients)) == calls + 1
    report = await check(db)
    assert report.consistent
    assert not report.faults


async def test_a_killed_engine_stores_every_answered_write_and_none_in_part(tmp_path: Path) -> None:
    answered: list[str] = []
    refused: list[str] = []
    for number in range(campaigns.rounds(2, 12)):
        with running(1, tmp_path / "d1") as served:
            async with served.database(0).opened(answer=5, patience=0.1) as db:
                await migrate(db)
                busy = asyncio.Event()
                work = asyncio.gather(
                    *(_pairs(db, f"{number}-{writer}", answered, refused, busy) for writer in range(4))
                )
                await busy.wait()
                await asyncio.to_thread(served.kill)
                await work
    with running(1, tmp_path / "d1") as served:
        async with served.database(0).opened() as db:
            counts = {row["what"]: row["n"] for row in await db.read(PAIRS)}
            assert set(counts.values()) == {2}
            assert set(answered) <= counts.keys() <= {*answered, *refused}
            assert (await check(db)).consistent


SOME = 5

PAIRS = "SELECT attempted_operation AS what, count(*) AS n FROM db_errors GROUP BY 1"


async def _pairs(db: D1Database, name: str, answered: list[str], refused: list[str], busy: asyncio.Event) -> None:
    """Write pairs of rows until the engine is gone. Sets the event when there are some."""
    number = 0
    while True:
        number += 1
        what = f"{name}-{number}"
        try:
            await db.batch([Statement(NOTE, (what,)), Statement(NOTE, (what,))])
            answered.append(what)
            if number == SOME:
                busy.set()
        except DatabaseError:
            refused.append(what)
            return
