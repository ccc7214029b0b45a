"""Queries for what is due on trips, and by whom. Amounts are in thousandths; see `database.money`.

What the payment plan does not cover of the cost is due on the trip's first day. Nothing is due on a cancelled trip.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database import money
from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row


class DueFilter(NamedTuple):
    """A filter for trips with payments or something due. A field that is None matches all of them.

    `client` is a JSON list of a client's email and full_name, for their trips and payments. `open_only` is 1 for trips
    on which something is open by `due_before`.
    """

    trip_id: int | None = None
    client: str | None = None
    due_before: str | None = None
    open_only: int | None = None


async def page(
    db: Database, wanted: DueFilter, place: tuple[str, int] | None, limit: int
) -> tuple[list[Row], list[Row]]:
    """Return up to `limit` trips after `place`, a (start_date, trip_id) pair, and the sums over all that match.

    The trips have total, paid, planned, uncovered (due on the first day, beside the plan) and open (by `due_before`).
    The sums have, by currency: trips, total, paid, open and elsewhere (paid in this currency for trips in another one).
    """
    trips = Statement(PAGE, (*wanted, *(place or (None, None)), limit))
    sums = Statement(SUMS, wanted)
    found = await db.read_many([trips, sums])
    return found.of(trips), found.of(sums)


async def owners(db: Database, trip_ids: Sequence[int]) -> dict[int, str]:
    """Return the name of the person to ask for payment on each trip: the payer, else the primary or first client."""
    rows = await db.read(OWNERS, (json.dumps(list(trip_ids)),))
    return {row["trip_id"]: row["full_name"] for row in rows}


_MATCHING: LiteralString = (
    """
SELECT m.*, max(m.total - m.planned, 0) AS uncovered,
       iif(m.status IS 'cancelled', 0, max(m.planned_by
           + iif(?3 IS NULL OR m.start_date <= ?3, max(m.total - m.planned, 0), 0) - m.paid, 0)) AS open
FROM (
    SELECT t.trip_id, t.trip_name, t.status, t.start_date, t.end_date, """
    + money.currency("t.financials")
    + " AS currency, coalesce("
    + money.thousandths("t.total_cost")
    + ", 0) AS total, coalesce("
    + money.thousandths("t.paid_amount")
    + """, 0) AS paid,
           (SELECT coalesce(sum(p.thousandths), 0) FROM trip_payment_plan p WHERE p.trip_id = t.trip_id) AS planned,
           (SELECT coalesce(sum(p.thousandths), 0) FROM trip_payment_plan p
            WHERE p.trip_id = t.trip_id AND (?3 IS NULL OR p.due_on <= ?3)) AS planned_by,
           EXISTS (SELECT 1 FROM trip_payments p WHERE p.trip_id = t.trip_id) AS any_payment
    FROM trips_v2 t
    WHERE (?1 IS NULL OR t.trip_id = CAST(?1 AS INTEGER))
      AND (?2 IS NULL
           OR t.trip_id IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email = ?2 ->> 0)
           OR t.trip_id IN (SELECT p.trip_id FROM trip_payments p WHERE p.payer IN (?2 ->> 0, ?2 ->> 1)))
) m
"""
)

MATCHING: LiteralString = (
    "SELECT * FROM ("
    + _MATCHING
    + ") d WHERE iif(?4 IS NULL, ?1 IS NOT NULL OR d.any_payment OR d.planned > 0 OR d.open > 0, d.open > 0)"
)

PAGE: LiteralString = (
    "SELECT * FROM ("
    + MATCHING
    + """) f
WHERE ?5 IS NULL OR (f.start_date, f.trip_id) > (?5, CAST(?6 AS INTEGER))
ORDER BY f.start_date, f.trip_id
LIMIT CAST(?7 AS INTEGER)
"""
)

SUMS: LiteralString = (
    "WITH matching AS MATERIALIZED ("
    + MATCHING
    + """)
SELECT s.currency, sum(s.trips) AS trips, sum(s.total) AS total, sum(s.paid) AS paid, sum(s.open) AS open,
       sum(s.elsewhere) AS elsewhere
FROM (
    SELECT f.currency, 1 AS trips, f.total, f.paid, f.open, 0 AS elsewhere FROM matching f
    UNION ALL
    SELECT p.currency, 0, 0, 0, 0, p.thousandths
    FROM matching f JOIN trip_payments p ON p.trip_id = f.trip_id WHERE p.currency <> f.currency
) s
GROUP BY s.currency ORDER BY trips DESC, s.currency
"""
)

OWNERS: LiteralString = """
SELECT o.trip_id, o.full_name FROM (
    SELECT a.trip_id, c.full_name, row_number() OVER (
        PARTITION BY a.trip_id
        ORDER BY a.client_role <> 'payer', a.client_email IS NOT t.primary_client_email,
                 a.client_role NOT IN ('primary_traveler', 'primary'), a.assignment_id) AS place
    FROM json_each(?) w CROSS JOIN trips_v2 t ON t.trip_id = w.value
    JOIN trip_client_assignments a ON a.trip_id = t.trip_id JOIN clients_v2 c ON c.email = a.client_email
) o WHERE o.place = 1
"""
