"""Reported progress never goes back, and ends at the total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.engine import Statement
from database.progress import forward, part
from migrations import check as checking
from migrations.check import check
from migrations.proof import digest
from migrations.repair import apply_repair

if TYPE_CHECKING:
    from database.embedded import EmbeddedDatabase

Told = list[tuple[int, int]]

TRIPS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date)
SELECT 'Trip', 'no-' || i, '2026-01-01', '2026-01-02' FROM n
"""


def assert_true(told: Told) -> None:
    done = [one for one, _ in told]
    assert done == sorted(done)
    assert len({total for _, total in told}) == 1
    assert told[-1][0] == told[-1][1]
    assert all(0 <= one <= total for one, total in told)


@pytest.fixture
async def large(db: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch) -> EmbeddedDatabase:
    """A database of 1,200 trips, of which 120 have a JSON-only entry; checks compare 100 at a time."""
    monkeypatch.setattr(checking, "COMPARED_AT_ONCE", 100)
    await db.batch(
        [
            Statement(TRIPS),
            Statement("INSERT INTO clients_v2 (email, full_name) VALUES ('ana@example.net', 'Ana')"),
            Statement("DROP TRIGGER trg_trips_v2_clients_update"),
            Statement("""UPDATE trips_v2 SET clients = '["ana@example.net"]' WHERE trip_id % 10 = 0"""),
        ]
    )
    return db


async def test_a_check_in_batches_reports_progress_and_finds_everything(large: EmbeddedDatabase) -> None:
    told: Told = []
    report = await check(large, lambda done, total: told.append((done, total)))
    assert_true(told)
    assert len(told) == 13
    assert [one["trip_id"] for one in report.drift] == list(range(10, 1201, 10))


async def test_a_repair_reports_the_progress_of_its_checks_and_its_changes(
    large: EmbeddedDatabase,
) -> None:
    told: Told = []
    report = await apply_repair(large, progress=lambda done, total: told.append((done, total)))
    assert report.after.clean
    assert_true(told)
    thirds = {3 * done // total for done, total in told}
    assert {0, 1, 2} <= thirds


async def test_a_repair_with_nothing_to_do_also_reports_completion(db: EmbeddedDatabase) -> None:
    told: Told = []
    await apply_repair(db, progress=lambda done, total: told.append((done, total)))
    assert_true(told)


async def test_reporting_progress_does_not_change_the_digest(large: EmbeddedDatabase) -> None:
    told: Told = []
    assert await digest(large, lambda done, total: told.append((done, total))) == await digest(large)
    assert_true(told)
    assert len(told) > 1


async def test_trips_with_the_lowest_and_the_highest_id_are_compared(db: EmbeddedDatabase) -> None:
    ends = (-(2**63), 2**63 - 1)
    await db.batch(
        [
            Statement(
                "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date) "
                "VALUES (?1, 'Trip', 'no-' || ?1, '2026-01-01', '2026-01-02')",
                (trip_id,),
            )
            for trip_id in ends
        ]
    )
    await db.batch(
        [Statement("DROP TRIGGER trg_trips_v2_clients_update"), Statement("UPDATE trips_v2 SET clients = 'none'")]
    )
    assert {one["trip_id"] for one in (await check(db)).drift} == set(ends)


@given(st.lists(st.integers(0, 50)), st.integers(1, 5))
def test_progress_never_moves_back_when_work_repeats_and_parts_follow_one_another(steps: list[int], parts: int) -> None:
    told: Told = []
    onward = forward(lambda done, total: told.append((done, total)))
    for number in range(parts):
        for done in [*steps, 50]:
            part(onward, number, parts)(done, 50)
    assert_true(told)
