"""The size of replies: a page of a check, a digest or an export stays small, however many and large the rows are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, LiteralString

import campaigns
from hosted_desk import fill
from requests_made import Requests
from workerd import skip_module_without_node

from database.d1_exporting import export_hosted
from database.engine import Statement
from migrations.check import check
from migrations.proof import digest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from workerd import Hosted

    from database.d1 import D1Database

skip_module_without_node()

# The most bytes of a reply.
MOST = 5_000_000

TRIPS, AT_ONCE = campaigns.rounds(2_000, 100_000), 10_000

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?) "

CLIENTS = "INSERT INTO clients_v2 (email, full_name) SELECT 'c' || i || '@example.net', 'Client ' || i FROM n"

SMALL = """
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date)
SELECT 'Trip ' || i, 'trip-' || i, json_array(
    json_object('email', 'c' || (i % 100 + 1) || '@example.net', 'role', 'traveler')), '2026-01-01', '2026-01-05'
FROM n"""

# Rows of 400 kB to 600 kB, among them findings of a check: 100 of each would be 40 MB.
LARGE: list[LiteralString] = [
    """
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date, schedule)
SELECT 'Large ' || i, 'large-' || i, json_array(json_object('email', 'c' || i || '@example.net', 'role', 'traveler',
       'note', hex(zeroblob(50000)))), '2026-01-01', '2026-01-05', hex(zeroblob(250000)) FROM n""",
    """
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date)
SELECT 'Odd ' || i, 'odd-' || i, json_array(json_object('email', 'c' || i || '@example.net', 'role', ' ',
       'note', hex(zeroblob(200000)))), '2026-01-01', '2026-01-05' FROM n WHERE i <= 20""",
    """
INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
SELECT i, i || hex(zeroblob(200000)), 'not_an_array', '' FROM n WHERE i <= 20""",
    """
INSERT INTO orphaned_rows (table_name, reason, set_aside_at, row_data)
SELECT 'trip_client_assignments', 'no such trip', '',
       json_object('assignment_id', i, 'client_email', hex(zeroblob(200000))) FROM n WHERE i <= 20""",
]


async def export(db: D1Database) -> int:
    return await export_hosted(db, io.StringIO(), {})


WORK: list[Callable[[D1Database], Awaitable[Any]]] = [check, digest, export]


async def test_no_reply_to_a_check_a_digest_or_an_export_exceeds_5_mb(hosted: Hosted) -> None:
    async with hosted.opened(answer=300) as db:
        await fill(db)
        await db.batch([Statement(NUMBERS + CLIENTS, (1, 100))])
        for first in range(1, TRIPS, AT_ONCE):
            await db.batch([Statement(NUMBERS + SMALL, (first, min(first + AT_ONCE - 1, TRIPS)))])
        for sql in LARGE:
            await db.batch([Statement(NUMBERS + sql, (1, 100))])
        for work in WORK:
            with Requests() as requests:
                await work(db)
            assert 2_000_000 < requests.largest < MOST, work.__name__
            # Pages grow with the rows, so that the number of requests does not.
            assert requests.count < 200 + TRIPS / 200, work.__name__
