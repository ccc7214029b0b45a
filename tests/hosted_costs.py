"""Measure what calls cost on Cloudflare D1: requests, statements, and rows read and written, which the host bills.

    python tests/hosted_costs.py [TRIPS]

Runs the Worker on this machine with what `.ci/d1` installs; VOYGEN_NODE must name its Node. TRIPS (default 20,000) is
the number of trips in the database. A tool's requests include those that follow the phase.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workerd import Hosted, running

from database import d1_requests
from database.d1_exporting import export_hosted
from database.engine import Statement
from migrations.check import check
from migrations.proof import digest
from migrations.runner import migrate
from server.opening import phased
from tools.bulk import BulkArguments, bulk_trip_operations
from tools.find import FindArguments, get_anything

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from database.d1 import D1Database

FILL_CLIENTS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
INSERT INTO clients_v2 (email, full_name) SELECT 'client' || i || '@example.net', 'Client ' || i FROM n
"""

FILL_TRIPS = """
WITH RECURSIVE n(i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date)
SELECT 'Trip ' || i, 'trip-' || i,
       '[{"email":"client' || (i % 1000 + 1) || '@example.net","role":"traveler"}]', '2026-01-01', '2026-01-05' FROM n
"""


# Trips in a batch.
AT_ONCE = 20_000


class Costs:
    """The costs since the last `take`."""

    def __init__(self) -> None:
        self.take()
        ask = d1_requests.Worker._ask  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

        async def counted(worker: Any, method: str, path: str, body: bytes | None) -> dict[str, Any]:
            answer = await ask(worker, method, path, body)
            self._add(body, answer)
            return answer

        d1_requests.Worker._ask = counted  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]

    def _add(self, body: bytes | None, answer: dict[str, Any]) -> None:
        self._requests += 1
        self._statements += len(json.loads(body)["statements"]) if body else 0
        self._read += sum(one["read"] for one in answer.get("results", []))
        self._written += sum(one["written"] for one in answer.get("results", []))
        self._largest = max(self._largest, answer["size"])

    def take(self) -> tuple[int, ...]:
        costs = [getattr(self, name, 0) for name in ("_requests", "_statements", "_read", "_written", "_largest")]
        self._requests = self._statements = self._read = self._written = self._largest = 0
        return tuple(costs)


async def measure(hosted: Hosted, trips: int) -> None:
    logging.disable()
    costs = Costs()
    print(f"{'':34}{'requests':>9}{'statements':>11}{'read':>10}{'written':>9}{'largest reply':>15}")  # noqa: T201

    async def cost_of(what: str, work: Awaitable[object]) -> None:
        costs.take()
        await work
        requests, statements, read, written, largest = costs.take()
        print(f"{what:34}{requests:>9,}{statements:>11,}{read:>10,}{written:>9,}{largest:>15,}")  # noqa: T201

    async with hosted.opened(answer=300) as db:
        await cost_of("migrate an empty database", migrate(db, pause=0))
        await db.batch([Statement(FILL_CLIENTS, (1000,))])
        await cost_of(f"insert {trips:,} trips", _insert(db, trips))
        one = Statement(
            "INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date) "
            "VALUES ('One', 'one', '2026-01-01', '2026-01-02')"
        )
        await cost_of("insert one trip", db.batch([one]))
        desk = phased(db)
        await get_anything(desk, FindArguments(query="trip-1"))
        for number, count in enumerate((1, 50, 500), 1):
            people = [{"email": f"client{one + 500}@example.net"} for one in range(count)]
            operations = [{"type": "assign_client", "data": one} for one in people]
            arguments = BulkArguments.model_validate({"trip_identifier": str(number), "operations": operations})
            await cost_of(f"assign {count} in one call", bulk_trip_operations(desk, arguments))
        await cost_of("get_anything, one trip by slug", get_anything(desk, FindArguments(query="trip-77")))
        await cost_of("get_anything, by words", get_anything(desk, FindArguments(query="client 77")))
        await cost_of(f"check of {trips:,} trips", check(db))
        await cost_of(f"digest of {trips:,} trips", digest(db))
        await cost_of(f"export of {trips:,} trips", export_hosted(db, io.StringIO(), {}))


async def _insert(db: D1Database, trips: int) -> None:
    for first in range(1, trips + 1, AT_ONCE):
        await db.batch([Statement(FILL_TRIPS, (first, min(first + AT_ONCE - 1, trips)))])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(1, Path(folder)) as served:
        asyncio.run(measure(served.take(), int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))


if __name__ == "__main__":
    main()
