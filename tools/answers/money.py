"""Money in answers: amounts, sums by currency, payments and plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from database.quoting import as_word
from tools.trip.amounts import decimal, number, thousandths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.payments import Entry, Payment

# Number of currencies in a message; the rest are in the sums.
CURRENCIES_SHOWN = 5


# Sums over trips, by currency: currency, trips, total_cost, paid, balance.
Sums = Annotated[list[dict[str, Any]], Field(description="Sums over all pages, by currency.")]


def amount_words(amount: float | None, currency: str) -> str:
    return f"{decimal(thousandths(amount))} {as_word(currency)}"


def sums_words(sums: Sequence[Mapping[str, Any]]) -> str:
    """Describe the sums, with a leading space; "" if no trip has any money."""
    told = [
        f"{amount_words(one['total_cost'], one['currency'])}, paid {decimal(thousandths(one['paid']))}, "
        f"balance {decimal(thousandths(one['balance']))}"
        for one in sums[:CURRENCIES_SHOWN]
        if one["total_cost"] or one["paid"]
    ]
    return f" In all: {'; '.join(told)}." if told else ""


def payment_answered(payment: Payment, currency: str) -> dict[str, Any]:
    """Return the payment for an answer, with its kind. Null fields are omitted."""
    amount = payment.thousandths if payment.kind == "unknown" else abs(payment.thousandths)
    known = {
        "payment_id": payment.payment_id,
        "amount": number(amount),
        "currency": payment.currency or currency,
        "kind": payment.kind,
        "date": payment.paid_on,
        "method": payment.method,
        "reference": payment.reference,
        "payer": payment.payer,
    }
    return {name: value for name, value in known.items() if value is not None}


def due_answered(entry: Entry, still_open: int) -> dict[str, Any]:
    """Return an entry of a payment plan for an answer, with how much of it is open."""
    label = {"label": entry.label} if entry.label else {}
    return {"date": entry.due_on, "amount": number(entry.thousandths), "open": number(still_open)} | label
