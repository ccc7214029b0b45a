"""The money of a trip in a draft: payments and plan as read, with the operations of a call applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from database import payments
from database.clients import fold
from database.payments import Entry, Money, Payment
from database.search import same_name
from tools.answers.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Row, Statement
    from database.later import Later

# Number of payments listed in an error.
SHOWN = 10


class Identified(Protocol):
    """A result that takes the id of a new payment."""

    payment_id: int | None


@dataclass
class Ledger:
    """The payments and the plan of one trip. `people` are the clients on the trip. Amounts are in thousandths."""

    read: Money
    people: list[Row]
    now: str
    currency: str = ""
    plan: tuple[Entry, ...] = ()
    _payments: list[Payment] = field(default_factory=list[Payment])
    _new: list[tuple[Payment, Identified]] = field(default_factory=list[tuple[Payment, Identified]])
    _removed: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self.currency, self.plan = self.read.currency, self.read.plan
        self._payments = list(self.read.payments)
        if self.read.shown is not None and self.read.shown != self.paid():
            # The triggers are missing; `statements` stores this payment first.
            written = self.read.shown - self.paid()
            self._payments.append(Payment(None, written, "", None, "unknown", None, None, None, None))

    @property
    def changed(self) -> bool:
        return bool(self._new or self._removed or self.plan != self.read.plan)

    @property
    def other_currencies(self) -> dict[str, int]:
        """The number of payments in each currency other than the trip's."""
        found = [one.currency for one in self._payments if one.currency not in {None, self.currency}]
        return {currency: found.count(currency) for currency in dict.fromkeys(map(str, found))}

    def paid(self, currency: str | None = None) -> int:
        """Return the sum of the payments in the trip's currency, or in another one."""
        wanted = {None, self.currency} if currency in {None, self.currency} else {currency}
        return sum(one.thousandths for one in self._payments if one.currency in wanted)

    def record(self, payment: Payment, result: Identified) -> None:
        self._payments.append(payment)
        self._new.append((payment, result))

    def remove(self, payment_id: int) -> Payment:
        """Remove a payment. Raises NotFound if the trip has no such payment."""
        for payment in self._payments:
            if payment.payment_id == payment_id:
                self._payments.remove(payment)
                self._removed.append(payment_id)
                return payment
        known = ", ".join(str(one.payment_id) for one in self._payments[-SHOWN:] if one.payment_id)
        remedy = f"Send the payment_id of one of its payments: {known}." if known else "The trip has no payments."
        raise NotFound(f"The trip has no payment {payment_id}.", remedy)

    def person(self, named: str) -> Row | None:
        """Return the client on the trip with this e-mail or name, or None."""
        by_email = [one for one in self.people if fold(str(one["email"])) == fold(named)]
        by_name = [one for one in self.people if same_name(str(one["full_name"]), named)]
        found = by_email or by_name
        return found[0] if len(found) == 1 else None

    def guards(self) -> list[Statement]:
        return [payments.guard_unchanged(self.read), payments.settle([self.read.trip_id], self.now)]

    def statements(self) -> list[Statement]:
        """Return the statements for the changes, to run after those that change the trip."""
        trip_id = self.read.trip_id
        changes: list[Statement] = []
        if self._removed:
            changes += payments.remove(trip_id, self._removed, self.now)
        if self._new:
            changes.append(payments.record(trip_id, [payment for payment, _ in self._new], self.now))
        if self.plan != self.read.plan:
            changes += payments.set_plan(trip_id, self.plan, self.now)
        return [*changes, payments.follow([trip_id])]

    def promise(self, later: Later) -> None:
        """Complete the results with placeholders for the ids of the new payments."""
        for newer, (_, result) in enumerate(reversed(self._new)):
            result.payment_id = later.payment_id(self.read.trip_id, newer)


def due(plan: Sequence[Entry], paid: int) -> list[tuple[Entry, int]]:
    """Return each entry of the plan with how much of it is open. Payments count for the earliest entries first."""
    found: list[tuple[Entry, int]] = []
    for entry in plan:
        covered = min(max(paid, 0), entry.thousandths)
        paid -= covered
        found.append((entry, entry.thousandths - covered))
    return found
