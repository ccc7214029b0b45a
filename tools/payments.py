"""The tool list_payments: what was paid for trips, and what is due when."""

from __future__ import annotations

import json
from asyncio import gather
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter

from database import dues, payments
from database.payments import Entry
from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.answers.fields import Day, TripIdentifier
from tools.answers.models import TripMoney, Written
from tools.answers.money import Sums, amount_words, due_answered, payment_answered, sums_words
from tools.answers.pages import Cursor, Id, Limit, Page, cursor_of, more_words, page_of, place_of
from tools.finding.identifiers import resolve_trip
from tools.finding.people import ClientIdentifier, read_client, resolve_client
from tools.tool import READS, Arguments, Tool
from tools.trip.amounts import number
from tools.trip.ledger import due

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Database, Row
    from database.payments import Money

# Number of payments listed for a trip, the latest; the rest are only counted.
PAYMENTS_SHOWN = 50

# The position of a trip in the list: its first day and its id.
PLACES = TypeAdapter(tuple[str, Id])


class ListPaymentsArguments(Arguments):
    trip_identifier: TripIdentifier | None = None
    client: Annotated[ClientIdentifier | None, Field(description="Client on the trip, or payer.")] = None
    due_before: Annotated[Day | None, Field(description="Open on or before.")] = None
    unpaid_only: Annotated[bool, Field(description="With something open.")] = False
    limit: Limit = 20
    cursor: Cursor | None = None


class TripPayments(TripMoney):
    owed_by: Written = Field(description="Whom to ask: payer, primary or first client.")
    due: list[dict[str, Any]] = Field(description="What is due: date, amount, what is open of it, label.")
    payments: list[dict[str, Any]] = Field(description="Payments; id, amount, currency, kind, date and so on.")
    payments_left_out: int = Field(description="Older ones.")


class PaymentsPage(Page):
    trips: list[TripPayments] = Field(description="Trips by first day.")
    total: int = Field(description="Number on all pages.")
    sums: Sums


async def list_payments(db: Database, args: ListPaymentsArguments) -> PaymentsPage:
    asked = args.model_dump(exclude={"limit", "cursor"})
    place = place_of(args.cursor, asked, PLACES)
    open_only = args.unpaid_only or args.due_before is not None
    wanted = dues.DueFilter(
        trip_id=(await resolve_trip(db, args.trip_identifier))["trip_id"] if args.trip_identifier else None,
        client=await _client(db, args.client) if args.client else None,
        due_before=args.due_before,
        open_only=1 if open_only else None,
    )
    rows, summed = await dues.page(db, wanted, place, args.limit + 1)
    trip_ids = [row["trip_id"] for row in rows]
    held, owners = await gather(payments.of_trips(db, trip_ids), dues.owners(db, trip_ids))
    found = [
        _trip(row, held[row["trip_id"]], owners.get(row["trip_id"]), args.due_before, open_only=open_only)
        for row in rows
        if row["trip_id"] in held
    ]
    trips, more = page_of(found, args.limit)
    sums = [_sums(row) for row in summed]
    total = sum(row["trips"] for row in summed)
    owed = named([_owed(trip) for trip in trips if _open(trip)])
    return PaymentsPage(
        message=f"{len(trips)} of {total} trips.{f' Open: {owed}.' if owed else ''}"
        f"{_open_words(sums)}{sums_words(sums)}{more_words(more=more)}",
        trips=trips,
        total=total,
        sums=sums,
        next_cursor=cursor_of((trips[-1].start_date, trips[-1].trip_id), asked) if more else None,
    )


async def _client(db: Database, identifier: str) -> str:
    client = await read_client(db, await resolve_client(db, identifier, "client"))
    return json.dumps([client["email"], client["full_name"]], ensure_ascii=False)


def _trip(row: Row, money: Money, owner: str | None, before: str | None, *, open_only: bool) -> TripPayments:
    rest = [Entry(row["start_date"], row["uncovered"], "", "not in the plan" if money.plan else "no plan")]
    plan = [*money.plan, *(rest if row["uncovered"] else [])]
    plan = [] if row["status"] == "cancelled" else sorted(plan, key=lambda entry: entry.due_on)
    entries = [
        due_answered(entry, still_open)
        for entry, still_open in due(plan, row["paid"])
        if (still_open or not open_only) and (before is None or entry.due_on <= before)
    ]
    shown = money.payments[-PAYMENTS_SHOWN:]
    return TripPayments(
        **{name: row[name] for name in ("trip_id", "trip_name", "status", "start_date", "end_date", "currency")},
        total_cost=number(row["total"]),
        paid=number(row["paid"]),
        balance=number(row["total"] - row["paid"]),
        owed_by=owner,
        due=entries,
        payments=[payment_answered(one, row["currency"]) for one in shown],
        payments_left_out=len(money.payments) - len(shown),
    )


def _sums(row: Row) -> dict[str, Any]:
    """Return the sums of a currency. `not_counted` was paid in it for trips in other currencies."""
    return {
        "currency": row["currency"],
        "trips": row["trips"],
        "total_cost": number(row["total"]),
        "paid": number(row["paid"]),
        "balance": number(row["total"] - row["paid"]),
        "open": number(row["open"]),
        "not_counted": number(row["elsewhere"]),
    }


def _open_words(sums: Sequence[Mapping[str, Any]]) -> str:
    """Describe what is open in all, with a leading space; "" if nothing is."""
    told = [amount_words(one["open"], one["currency"]) for one in sums if one["open"]]
    return f" Open in all: {named(told)}." if told else ""


def _open(trip: TripPayments) -> list[dict[str, Any]]:
    return [one for one in trip.due if one["open"]]


def _owed(trip: TripPayments) -> str:
    dates = [f"{amount_words(one['open'], trip.currency)} by {as_word(one['date'])}" for one in _open(trip)]
    who = f" from {in_quotes(trip.owed_by)}" if trip.owed_by else ""
    return f"{in_quotes(trip.trip_name)} (id {trip.trip_id}){who} {named(dates)}"


TOOL = Tool(
    name="list_payments",
    title="List payments",
    description="List payments and what is due when, by trip, and sums. What no plan covers is due on the first day.",
    group="trips",
    hints=READS,
    input=ListPaymentsArguments,
    output=PaymentsPage,
    run=list_payments,
)
