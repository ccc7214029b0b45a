"""A call's statements do not grow with the clients in it, and work on the whole database only with its rows."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import EMPTY, op, seeded
from fact_oracle import watched_desk

from database import attribution, cleanup
from tools import bulk

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_number_of_statements_does_not_depend_on_the_number_of_clients(tmp_path: Path) -> None:
    counts: dict[int, list[int]] = {}
    for many in (2, 200):
        path = seeded(tmp_path / f"{many}.db")
        async with watched_desk(path, tools=[bulk.TOOL]) as (desk, seen):
            taken: list[int] = []
            for operations in (
                [op("assign_client", email=f"p{n}@x.io", full_name="One Name") for n in range(many)],
                [op("assign_client", email=f"q{n}@x.io", full_name=f"Q {n}") for n in range(many)],
                [op("assign_client", full_name=f"R {n}") for n in range(many)],
                [op("unassign_client", email=f"p{n}@x.io") for n in range(many)],
            ):
                before = len(seen.statements)
                sent: dict[str, Any] = {"trip_identifier": EMPTY, "operations": operations, "atomic": True}
                assert (await desk.call("bulk_trip_operations", **sent))["success"]
                taken.append(len(seen.statements) - before)
            counts[many] = taken
    assert counts[200] == counts[2]


MANY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
INSERT INTO clients_v2 (email, full_name) SELECT 'p' || i || '@x.io', 'Same Name' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
INSERT INTO trips_v2 (trip_name, start_date, end_date, primary_client_email, clients)
SELECT 'Same trip', '', '', 'P' || i || '@x.io', '[]' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3 * :many)
INSERT INTO ActivityLog (activity_type, trip_id) SELECT 'x', i % :many + 1 FROM n;
"""

WHOLE_DATABASE = {
    "attribution": [attribution.COUNT_ENTRIES, attribution.ATTRIBUTE],
    "trips without activity": [attribution.LOG_IMPORTED],
    "namesakes and duplicates": [cleanup.CLIENTS_HOLDING, cleanup.TRIPS_HOLDING],
}


@pytest.mark.parametrize("sqls", WHOLE_DATABASE.values(), ids=WHOLE_DATABASE)
def test_work_on_the_whole_database_grows_in_proportion_to_its_rows(tmp_path: Path, sqls: list[str]) -> None:
    steps = [_steps(raw.new_file(tmp_path / f"{many}.db"), many, sqls) for many in (400, 800)]
    assert steps[1] < 2.3 * steps[0]


def _steps(path: Path, many: int, sqls: list[str]) -> int:
    """Count the steps of SQLite's virtual machine, in hundreds."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    with closing(raw.connect(path)) as connection:
        connection.executescript("BEGIN;" + MANY.replace(":many", str(many)) + "COMMIT;")
        connection.set_progress_handler(step, 100)
        for sql in sqls:
            connection.execute(sql, ('["same"]',) * sql.count("?")).fetchall()
        connection.set_progress_handler(None, 0)
    return taken
