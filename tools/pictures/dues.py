"""The money of a trip as its picture shows it: what was paid, and what is due when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from database.payments import Entry as Planned
from tools.answers.models import Number
from tools.pictures.words import text
from tools.trip.amounts import number
from tools.trip.ledger import due

if TYPE_CHECKING:
    from collections.abc import Iterator

    from database.payments import Money, Payment

# Number of payments in a picture: the latest ones, and what is due next.
PAID_SHOWN, DUE_SHOWN = 20, 20

_KINDS = {"deposit": "Deposit", "refund": "Refund"}


class Entry(BaseModel):
    label: str = Field(description="What for.")
    amount: float = Field(description="Amount; negative for a refund.")
    currency: str = Field(description="Currency.")
    paid_at: str | None = Field(default=None, description="When paid.")
    due_at: str | None = Field(default=None, description="Until when it is due.")
    late: bool = Field(default=False, description="True if overdue.")


class TripDues(BaseModel):
    total: Number = Field(description="Cost.")
    paid: float = Field(description="Paid.")
    balance: float = Field(description="Still to pay.")
    currency: str = Field(description="Currency.")
    payments: list[Entry] = Field(description="Payments, then what is due.")
    payments_more: int = Field(description="Left out.")


def money_of(money: Money, start: str, today: str, *, cancelled: bool) -> TripDues:
    """Return the money of a trip. What no plan covers is due on its first day, and nothing if it is cancelled."""
    paid_in_all = money.shown or 0
    paid = [_paid(one, money.currency) for one in money.payments]
    open_entries = [] if cancelled else list(_due(money, start, today))
    shown = [*paid[-PAID_SHOWN:], *open_entries[:DUE_SHOWN]]
    return TripDues(
        total=number(money.total),
        paid=number(paid_in_all),
        balance=number(money.total - paid_in_all),
        currency=money.currency,
        payments=shown,
        payments_more=len(paid) + len(open_entries) - len(shown),
    )


def _paid(one: Payment, currency: str) -> Entry:
    return Entry(
        label=_KINDS.get(one.kind, "Payment"),
        amount=number(one.thousandths),
        currency=one.currency or currency,
        paid_at=one.paid_on,
    )


def _due(money: Money, start: str, today: str) -> Iterator[Entry]:
    uncovered = max(money.total - sum(entry.thousandths for entry in money.plan), 0)
    plan = sorted([*money.plan, Planned(start, uncovered, "", "Balance")], key=lambda entry: entry.due_on)
    for entry, still_open in due(plan, money.shown or 0):
        if still_open:
            yield Entry(
                label=text(entry.label or "Payment"),
                amount=number(still_open),
                currency=money.currency,
                due_at=entry.due_on,
                late=entry.due_on < today,
            )
