"""After any payments, direct writes, changes of currency, REPLACEs and deletions, no money is lost or made up.

The model below keeps its own list of payments, in Python's decimals.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import campaigns
from desk import KYOTO, Desk, new_desk, op
from hypothesis import example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = tuple[Any, ...]

amounts = st.integers(1, 10**7).map(lambda cents: Decimal(cents).scaleb(-3 if cents % 2 else -2))
currencies = st.sampled_from(["USD", "EUR", None])
# What old code writes as paid_amount: numbers as it adds them up, and other things.
written = st.one_of(amounts.map(float), st.just(0), st.just(0.1 + 0.2), st.sampled_from([None, "soon", 1e300, -5]))
financials = st.one_of(
    st.fixed_dictionaries({}, optional={"paid_amount": written, "currency": currencies, "seat": st.just([1])}),
    st.sampled_from([None, "{", [], 7]),
)
steps = st.one_of(
    st.tuples(st.just("record"), amounts, currencies, st.sampled_from(["payment", "deposit", "refund"])),
    st.tuples(st.just("remove"), st.integers(0, 5)),
    st.tuples(st.just("cost"), amounts, currencies),
    st.tuples(st.just("paid"), written),
    st.tuples(st.just("financials"), financials),
    st.tuples(st.just("both"), written, financials),
    st.tuples(st.just("replace"), written, financials),
    st.tuples(st.just("delete"), st.sampled_from(["raw", "tool"])),
)


@dataclass
class Model:
    """The payments as [id, amount, currency]; a refund is negative. `old` is what the columns held before a step."""

    payments: list[list[Any]] = field(default_factory=list[list[Any]])
    currency: str = "USD"

    def paid(self) -> Decimal:
        return sum((amount for _, amount, currency in self.payments if currency in {None, self.currency}), Decimal(0))

    def write(self, shown: Any, noted: Any, new: Any, old: tuple[Any, Any, Any]) -> None:
        """Write paid_amount and financials over the old row, given as paid_amount, financials and their paid_amount."""
        before, self.currency = self.currency, currency_of(new)
        same = before == self.currency
        target = None
        if number(shown) is not None and (same or shown != old[0]) and number(shown) != self.paid():
            target = number(shown)
        elif number(noted) is not None and (same or noted != old[2]):
            target = number(noted)
        if target is not None and target != self.paid():
            self.payments.append([None, target - self.paid(), None])


def number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 10**12:
        return None
    return Decimal(repr(value)).quantize(Decimal("0.001"))


def currency_of(value: Any) -> str:
    found = cast("dict[str, Any]", value).get("currency") if isinstance(value, dict) else None
    return found or "USD"


def noted_in(value: Any) -> Any:
    return cast("dict[str, Any]", value).get("paid_amount") if isinstance(value, dict) else None


def loaded(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


@settings(max_examples=campaigns.rounds(4, 150), deadline=None)
@given(st.lists(steps, max_size=9))
@example([("paid", 100.0), ("financials", {"currency": "EUR", "paid_amount": 50.0}), ("delete", "tool"), ("paid", 0)])
@example([("record", Decimal("0.1"), "EUR", "payment"), ("cost", Decimal(5), "EUR"), ("replace", 0, {}), ("remove", 0)])
@example([("paid", 7.5), ("replace", 7.5, {"currency": "EUR"}), ("both", "soon", {"paid_amount": "soon"})])
def test_the_trip_always_equals_its_payments_and_none_is_lost(walk: list[Step]) -> None:
    asyncio.run(_walk(walk))


async def _walk(walk: Sequence[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with new_desk(Path(folder)) as desk:
            model = Model()
            for kind, *values in walk:
                await _step(desk, model, kind, values)
                await _compare(desk, model)


async def _step(desk: Desk, model: Model, kind: str, values: list[Any]) -> None:
    (row,) = desk.sql("SELECT paid_amount, financials FROM trips_v2 WHERE trip_id = ?", KYOTO)
    held = loaded(row[1])
    old = (row[0], held, noted_in(held))
    match kind:
        case "record":
            await _record(desk, model, *values)
        case "remove" if known := [one for one in model.payments if one[0]]:
            gone = known[values[0] % len(known)]
            await desk.do(KYOTO, op("remove_payment", payment_id=gone[0]))
            model.payments.remove(gone)
        case "cost":
            currency = {"currency": values[1]} if values[1] else {}
            await desk.do(KYOTO, op("update_cost", cost=float(values[0]), **currency))
            model.currency = values[1] or model.currency
        case "paid":
            desk.sql("UPDATE trips_v2 SET paid_amount = ? WHERE trip_id = ?", values[0], KYOTO)
            model.write(values[0], old[2], old[1], old)
        case "financials":
            desk.sql("UPDATE trips_v2 SET financials = ? WHERE trip_id = ?", as_text(values[0]), KYOTO)
            model.write(old[0], noted_in(values[0]), values[0], old)
        case "both":
            both = (values[0], as_text(values[1]), KYOTO)
            desk.sql("UPDATE trips_v2 SET paid_amount = ?, financials = ? WHERE trip_id = ?", *both)
            model.write(values[0], noted_in(values[1]), values[1], old)
        case "replace":
            row = (KYOTO, values[0], as_text(values[1]))
            desk.sql(REPLACE, *row)
            model.write(values[0] or None, noted_in(values[1]) or None, values[1], old)
        case "delete":
            await _delete_and_restore(desk, values[0])
        case _:
            pass


async def _record(desk: Desk, model: Model, amount: Decimal, currency: str | None, kind: str) -> None:
    given_currency = {"currency": currency} if currency else {}
    (done,) = await desk.do(KYOTO, op("record_payment", amount=float(amount), kind=kind, **given_currency))
    signed = -amount if kind == "refund" else amount
    model.payments.append([done["payment_id"], signed, currency or model.currency])
    assert number(done["paid"]) == model.paid()


async def _delete_and_restore(desk: Desk, how: str) -> None:
    if how == "tool":
        deleted = await desk.call("delete_trip", trip_identifier=KYOTO, confirm_trip_name="Lima in Kyoto")
        await desk.call("restore_deleted", orphan_id=deleted["orphan_id"])
    else:
        columns = "trip_id, trip_name, trip_slug, start_date, end_date, total_cost, paid_amount, financials"
        (row,) = desk.sql(f"SELECT {columns} FROM trips_v2 WHERE trip_id = ?", KYOTO)
        desk.sql("DELETE FROM trips_v2 WHERE trip_id = ?", KYOTO)
        desk.sql(f"INSERT INTO trips_v2 ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)


async def _compare(desk: Desk, model: Model) -> None:
    payments = desk.sql("SELECT amount, currency, kind FROM trip_payments WHERE trip_id = ?", KYOTO)
    stored = [(Decimal(amount) * (-1 if kind == "refund" else 1), currency) for amount, currency, kind in payments]
    assert sorted(stored, key=str) == sorted(((amount, currency) for _, amount, currency in model.payments), key=str)
    trip = await desk.whole(KYOTO)
    assert (number(trip["paid"]), trip["currency"]) == (model.paid(), model.currency)
    cost = number(trip["total_cost"]) or Decimal(0)
    assert number(trip["balance"]) == cost - model.paid()
    (row,) = desk.sql("SELECT paid_amount, financials FROM trips_v2 WHERE trip_id = ?", KYOTO)
    assert (number(row[0]) or 0) == model.paid()
    noted = noted_in(loaded(row[1]))
    assert number(noted) in {None, model.paid()}


def as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value)


REPLACE = """
INSERT OR REPLACE INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date, paid_amount, financials)
VALUES (?, 'Lima in Kyoto', 'lima-in-kyoto', '2026-10-03', '2026-10-12', ?, ?)
"""
