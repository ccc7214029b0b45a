"""Queries and statements for payments and payment plans. Amounts are in thousandths; see `database.money`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database.engine import Statement
from database.money import WITH_MONEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# Reasons in orphaned_rows.
REMOVED = "payment removed"
REPLACED = "plan replaced"


class Payment(NamedTuple):
    """A payment as stored, except for its trip. `thousandths` is negative for a refund."""

    payment_id: int | None
    thousandths: int
    amount: str
    currency: str | None
    kind: str
    paid_on: str | None
    method: str | None
    reference: str | None
    payer: str | None


class Entry(NamedTuple):
    """An entry of a payment plan."""

    due_on: str
    thousandths: int
    amount: str
    label: str | None


class Money(NamedTuple):
    """The money of a trip as read. `shown` is paid_amount, or None if that is no number."""

    trip_id: int
    currency: str
    total: int
    shown: int | None
    payments: tuple[Payment, ...]
    plan: tuple[Entry, ...]
    as_read: tuple[str, str]


async def of_trips(db: Database, trip_ids: Sequence[int]) -> dict[int, Money]:
    """Return the money of each trip: payments by date, and the plan by due date."""
    return {row["trip_id"]: _money(row) for row in await db.read(OF_TRIPS, (json.dumps(list(trip_ids)),))}


def _money(row: Row) -> Money:
    payments = sorted(map(Payment._make, json.loads(row["payments"])), key=lambda one: one.paid_on or "")
    return Money(
        trip_id=row["trip_id"],
        currency=row["currency"],
        total=row["total"],
        shown=row["shown"],
        payments=tuple(payments),
        plan=tuple(map(Entry._make, json.loads(row["plan"]))),
        as_read=(row["payments"], row["plan"]),
    )


async def people_on(db: Database, trip_id: int) -> list[Row]:
    """Return the clients on the trip with their roles: email, full_name, role."""
    return await db.read(PEOPLE, (trip_id,))


def guard_unchanged(read: Money) -> Statement:
    """Fail the batch if a payment, the plan or paid_amount changed since they were read."""
    return Statement(GUARD, (read.trip_id, *read.as_read, read.shown))


def settle(trip_ids: Sequence[int], now: str) -> Statement:
    """Keep what was written to paid_amount while the triggers were missing, as a payment of kind unknown."""
    return Statement(SETTLE, (json.dumps(list(trip_ids)), now))


def follow(trip_ids: Sequence[int]) -> Statement:
    """Write the sum of the payments to the trips, as the triggers do."""
    return Statement(FOLLOW, (json.dumps(list(trip_ids)),))


def record(trip_id: int, new: Sequence[Payment], now: str) -> Statement:
    """Insert the payments, whose ids follow their order."""
    return Statement(RECORD, (trip_id, json.dumps(new, ensure_ascii=False), now))


def remove(trip_id: int, payment_ids: Sequence[int], now: str) -> list[Statement]:
    """Delete the payments after copying them to orphaned_rows."""
    which = (trip_id, json.dumps(list(payment_ids)))
    return [Statement(SET_ASIDE, (*which, now)), Statement(DELETE, which)]


def set_plan(trip_id: int, entries: Sequence[Entry], now: str) -> list[Statement]:
    """Replace the payment plan after copying the old one to orphaned_rows."""
    return [
        Statement(SET_PLAN_ASIDE, (trip_id, now)),
        Statement(DELETE_PLAN, (trip_id,)),
        Statement(SET_PLAN, (trip_id, json.dumps(entries, ensure_ascii=False))),
    ]


_PAYMENTS: LiteralString = """(
    SELECT json_group_array(json_array(p.payment_id, p.thousandths, p.amount, p.currency, p.kind, p.paid_on, p.method,
                                       p.reference, p.payer))
    FROM (SELECT * FROM trip_payments q WHERE q.trip_id = @trip ORDER BY q.payment_id) p)"""

_PLAN: LiteralString = """(
    SELECT json_group_array(json_array(p.due_on, p.thousandths, p.amount, p.label))
    FROM (SELECT * FROM trip_payment_plan q WHERE q.trip_id = @trip ORDER BY q.due_on, q.position) p)"""

OF_TRIPS: LiteralString = (
    WITH_MONEY
    + "SELECT m.trip_id, m.currency, coalesce(m.total, 0) AS total, m.shown, "
    + _PAYMENTS.replace("@trip", "m.trip_id")
    + " AS payments, "
    + _PLAN.replace("@trip", "m.trip_id")
    + " AS plan\nFROM json_each(?) w CROSS JOIN trip_money m WHERE m.trip_id = w.value"
)

PEOPLE: LiteralString = """
SELECT a.client_email AS email, c.full_name, group_concat(a.client_role, ', ') AS role
FROM trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
WHERE a.trip_id = CAST(? AS INTEGER)
GROUP BY a.client_email
"""

GUARD: LiteralString = (
    WITH_MONEY
    + "INSERT INTO write_guard (trip_unchanged)\nSELECT 0 WHERE "
    + _PAYMENTS.replace("@trip", "CAST(?1 AS INTEGER)")
    + " IS NOT ?2 OR "
    + _PLAN.replace("@trip", "CAST(?1 AS INTEGER)")
    + " IS NOT ?3 OR NOT EXISTS (SELECT 1 FROM trip_money WHERE trip_id = CAST(?1 AS INTEGER) AND shown IS ?4)"
)

SETTLE: LiteralString = (
    WITH_MONEY
    + """
INSERT INTO trip_payments (trip_id, amount, kind, created_at)
SELECT w.trip_id, printf('%s%d.%03d', iif(w.added < 0, '-', ''), abs(w.added) / 1000, abs(w.added) % 1000),
       'unknown', ?2
FROM (
    SELECT m.trip_id, m.shown - m.paid AS added
    FROM json_each(?1) r CROSS JOIN trip_money m WHERE m.trip_id = r.value) w
WHERE w.added <> 0
"""
)

FOLLOW: LiteralString = (
    WITH_MONEY
    + """
UPDATE trips_v2
SET paid_amount = iif(coalesce(m.shown, 0) <> m.paid, m.paid / 1000.0, trips_v2.paid_amount),
    financials = iif(m.is_object AND coalesce(m.noted, 0) <> m.paid, json_set(trips_v2.financials, '$.paid_amount',
        iif(m.paid % 1000 = 0, m.paid / 1000, m.paid / 1000.0)), trips_v2.financials)
FROM trip_money m
WHERE m.trip_id = trips_v2.trip_id AND m.trip_id IN (SELECT w.value FROM json_each(?1) w)
  AND (coalesce(m.shown, 0) <> m.paid OR m.is_object AND coalesce(m.noted, 0) <> m.paid)
"""
)

RECORD: LiteralString = """
INSERT INTO trip_payments (trip_id, amount, currency, kind, paid_on, method, reference, payer, created_at)
SELECT CAST(?1 AS INTEGER), w.value ->> 2, w.value ->> 3, w.value ->> 4, w.value ->> 5, w.value ->> 6, w.value ->> 7,
       w.value ->> 8, ?3
FROM json_each(?2) w ORDER BY w.key
"""

SET_ASIDE: LiteralString = (
    """
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_payments',
       json_object('payment_id', p.payment_id, 'trip_id', p.trip_id, 'amount', p.amount, 'currency', p.currency,
                   'kind', p.kind, 'paid_on', p.paid_on, 'method', p.method, 'reference', p.reference,
                   'payer', p.payer, 'created_at', p.created_at), '"""
    + REMOVED
    + """', ?3
FROM trip_payments p
WHERE p.trip_id = CAST(?1 AS INTEGER) AND p.payment_id IN (SELECT w.value FROM json_each(?2) w)
"""
)

DELETE: LiteralString = """
DELETE FROM trip_payments
WHERE trip_id = CAST(?1 AS INTEGER) AND payment_id IN (SELECT w.value FROM json_each(?2) w)
"""

SET_PLAN_ASIDE: LiteralString = (
    """
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_payment_plan', json_object('trip_id', CAST(?1 AS INTEGER), 'plan', (
           SELECT json_group_array(json_object('due_on', p.due_on, 'amount', p.amount, 'label', p.label))
           FROM (SELECT * FROM trip_payment_plan q WHERE q.trip_id = CAST(?1 AS INTEGER) ORDER BY q.position) p)), '"""
    + REPLACED
    + """', ?2
WHERE EXISTS (SELECT 1 FROM trip_payment_plan WHERE trip_id = CAST(?1 AS INTEGER))
"""
)

DELETE_PLAN: LiteralString = "DELETE FROM trip_payment_plan WHERE trip_id = CAST(? AS INTEGER)"

SET_PLAN: LiteralString = """
INSERT INTO trip_payment_plan (trip_id, position, due_on, amount, label)
SELECT CAST(?1 AS INTEGER), w.key + 1, w.value ->> 0, w.value ->> 2, w.value ->> 3 FROM json_each(?2) w
"""
