"""The operations on the money of a trip: cost, payments and payment plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from pydantic import Field

from database.clients import has_email
from database.payments import Entry, Payment
from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.answers.errors import InvalidInput
from tools.answers.fields import SIGNED, ClientId, Currency, Day, Line, Money
from tools.answers.models import addressed
from tools.trip import shapes
from tools.trip.amounts import MOST, Amount, decimal, number, thousandths
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.ledger import due
from tools.trip.operation import Data, TripOperation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.trip.ledger import Ledger


class UpdateCost(Data):
    cost: Annotated[Money, Field(description="Total cost.")]
    currency: Annotated[Currency | None, Field(description="Such as EUR; else unchanged.")] = None


class RecordPayment(Data):
    amount: Annotated[Amount, Field(description="Amount.")]
    currency: Annotated[Currency | None, Field(description="Unless the trip's.")] = None
    kind: Annotated[Literal["payment", "deposit", "refund"], Field(description="Kind.")] = "payment"
    date: Annotated[Day | None, Field(description="Default today.")] = None
    method: Annotated[Line | None, Field(description="How.")] = None
    reference: Annotated[Line | None, Field(description="Receipt number or the like.")] = None
    payer: Annotated[Line | None, Field(description="Name or e-mail.")] = None


class RemovePayment(Data):
    payment_id: Annotated[ClientId, Field(description="Payment made in error.")]


class Due(Data):
    date: Annotated[Day, Field(description="Due date.")]
    amount: Annotated[Amount, Field(description="Amount.")]
    label: Annotated[Line | None, Field(description="Such as deposit.")] = None


class SetPaymentPlan(Data):
    due: Annotated[
        list[Due], Field(max_length=60, description="The whole plan; [] clears it.", json_schema_extra={SIGNED: True})
    ]


def update_cost(draft: TripDraft, data: UpdateCost) -> OperationResult:
    ledger = _ledger(draft)
    before, draft.total_cost = draft.total_cost, data.cost
    draft.financials = shapes.with_cost(draft.financials, data.cost, data.currency)
    changed = data.currency not in {None, ledger.currency}
    ledger.currency = data.currency or ledger.currency
    draft.log("CostChanged", f"Total cost: {before} became {data.cost} {draft.financials['currency']}")
    words = f"Total cost is now {data.cost:.2f} {as_word(draft.financials['currency'])}."
    if ledger.other_currencies:
        words += f" Not counted as paid: {_others(ledger)}."
    if changed and ledger.plan:
        words += f" The payment plan's {len(ledger.plan)} amounts are now in {data.currency}: check them."
    return _with_money(draft, words)


def record_payment(draft: TripDraft, data: RecordPayment) -> OperationResult:
    ledger = _ledger(draft)
    amount, currency = thousandths(data.amount), data.currency or ledger.currency
    signed = -amount if data.kind == "refund" else amount
    if abs(ledger.paid(currency) + signed) > MOST * 1000:
        raise InvalidInput("The trip's payments would exceed the largest sum.", "Check the amount.")
    payer, words = _payer(ledger, data.payer)
    day = data.date or draft.now[:10]
    payment = Payment(
        None, signed, decimal(amount), currency, data.kind, day, data.method or None, data.reference or None, payer
    )
    told = f"{data.kind} of {decimal(amount)} {as_word(currency)}"
    result = OperationResult()
    ledger.record(payment, result)
    draft.log("PaymentRecorded", f"{told} on {day}{f' from {payer}' if payer else ''}")
    message = f"Recorded a {told}, {day}{words}.{_warnings(draft, ledger, currency, data.kind)}"
    return _with_money(draft, message, result)


def remove_payment(draft: TripDraft, data: RemovePayment) -> OperationResult:
    payment = _ledger(draft).remove(data.payment_id)
    told = _told(payment)
    draft.log("PaymentRemoved", f"Payment {data.payment_id}: {told}")
    return _with_money(draft, f"Removed payment {data.payment_id}: {told}; a copy is kept.")


def set_payment_plan(draft: TripDraft, data: SetPaymentPlan) -> OperationResult:
    ledger = _ledger(draft)
    before, total = ledger.plan, thousandths(draft.total_cost)
    amounts = [thousandths(one.amount) for one in data.due]
    entries = [
        Entry(one.date, amount, decimal(amount), one.label or None)
        for one, amount in zip(data.due, amounts, strict=True)
    ]
    ledger.plan = tuple(sorted(entries, key=lambda one: one.due_on))
    planned = sum(amounts)
    words = f"The payment plan: {_plan(ledger.plan, ledger)}." if entries else "The trip has no payment plan."
    words += f" It was {_plan(before, ledger)}; a copy is kept." if before and ledger.plan != before else ""
    if entries and planned != total:
        words += f" It adds up to {decimal(planned)}, but the total cost is {decimal(total)}."
    draft.log("PaymentPlanSet", _plan(ledger.plan, ledger) if entries else "No plan")
    return _with_money(draft, words)


def _ledger(draft: TripDraft) -> Ledger:
    return cast("Ledger", draft.ledger)


def _with_money(draft: TripDraft, words: str, result: OperationResult | None = None) -> OperationResult:
    """Add the trip's money after the operation to the result and its message."""
    told, ledger, total = result or OperationResult(), _ledger(draft), thousandths(draft.total_cost)
    paid = ledger.paid()
    told.currency, told.total_cost, told.paid = ledger.currency, number(total), number(paid)
    told.balance = number(total - paid)
    currency = as_word(ledger.currency)
    open_entries = [(entry.due_on, still_open) for entry, still_open in due(ledger.plan, paid) if still_open]
    next_due = named([f"{decimal(still_open)} by {as_word(day)}" for day, still_open in open_entries])
    told.message = f"{words} Paid {decimal(paid)} of {decimal(total)} {currency}; balance {decimal(total - paid)}"
    told.message += f", open: {next_due}." if next_due else "."
    return told


def _payer(ledger: Ledger, sent: str | None) -> tuple[str | None, str]:
    """Return the payer to store, and words about who that is."""
    if not sent:
        return None, ""
    person = ledger.person(sent)
    if person is None:
        return sent, f" from {in_quotes(sent)}, who is no client on the trip"
    email, name = str(person["email"]), str(person["full_name"])
    known = f" from {addressed(name, email)}, {as_word(person['role'])} on the trip"
    return (email if "@" in sent and has_email(email) else name), known


def _warnings(draft: TripDraft, ledger: Ledger, currency: str, kind: str) -> str:
    paid, total = ledger.paid(currency), thousandths(draft.total_cost)
    words = ""
    if currency != ledger.currency:
        words = f" It is in another currency than the trip and doesn't count toward the balance in {ledger.currency}."
    elif kind != "refund" and paid > total:
        words = f" That is {decimal(paid - total)} more than the total cost: tell the user."
    if kind == "refund" and paid < 0:
        words += f" That is {decimal(-paid)} {as_word(currency)} more than was paid: tell the user."
    return words


def _told(payment: Payment) -> str:
    amount = payment.thousandths if payment.kind == "unknown" else abs(payment.thousandths)
    currency = f" {as_word(payment.currency)}" if payment.currency else ""
    day = f", {as_word(payment.paid_on)}" if payment.paid_on else ""
    payer = f" from {in_quotes(payment.payer)}" if payment.payer else ""
    return f"{payment.kind} of {decimal(amount)}{currency}{day}{payer}"


def _plan(entries: Sequence[Entry], ledger: Ledger) -> str:
    labels = [f" ({in_quotes(one.label)})" if one.label else "" for one in entries]
    told = [
        f"{decimal(one.thousandths)} by {as_word(one.due_on)}{label}"
        for one, label in zip(entries, labels, strict=True)
    ]
    return f"{as_word(ledger.currency)} {named(told)}"


def _others(ledger: Ledger) -> str:
    return ", ".join(f"{count} in {as_word(currency)}" for currency, count in ledger.other_currencies.items())


class UpdateCostOperation(TripOperation):
    apply = update_cost
    with_money: ClassVar[bool] = True
    type: Literal["update_cost"]
    data: UpdateCost


class RecordPaymentOperation(TripOperation):
    apply = record_payment
    with_money: ClassVar[bool] = True
    type: Literal["record_payment"]
    data: RecordPayment


class RemovePaymentOperation(TripOperation):
    apply = remove_payment
    with_money: ClassVar[bool] = True
    type: Literal["remove_payment"]
    data: RemovePayment


class SetPaymentPlanOperation(TripOperation):
    apply = set_payment_plan
    with_money: ClassVar[bool] = True
    type: Literal["set_payment_plan"]
    data: SetPaymentPlan
