"""Gather what a proposal says of a trip, as recorded and in any stored shape. Nothing is added to it."""

from __future__ import annotations

import hashlib
from asyncio import gather
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from database import assignments, guests, payments, proposals, trips
from database.clients import fold
from database.roles import PRIMARY, travels
from tools.answers.errors import Conflict
from tools.answers.guests import unreadable_note
from tools.proposals.itinerary import days_of, stays_of
from tools.proposals.model import Due, Trip
from tools.proposals.wording import NAMED, PROSE, TITLE, people_words, told
from tools.trip import shapes
from tools.trip.amounts import decimal
from tools.trip.itinerary import times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row
    from database.payments import Money

# Currencies whose amounts have no decimals (https://www.iso.org/iso-4217-currency-codes.html).
_WHOLE = frozenset({"BIF", "CLP", "ISK", "JPY", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"})

# Currencies whose amounts have three.
_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

# Number of travelers and notes of a proposal.
TRAVELERS, NOTES = 40, 40


@dataclass(frozen=True)
class Recorded:
    """A trip as recorded: what a template sees of it, and the rest. `total` and `planned` are in thousandths."""

    trip: Trip
    payments: list[Due]
    total: int
    planned: int
    status: str
    slug: str
    unreadable: str
    last: Row | None


async def recorded(db: Database, trip_id: int) -> Recorded:
    """Read the trip for a proposal. Raises Conflict if it has been deleted."""
    row, money, clients, others, last, unreadable = await gather(
        trips.whole(db, trip_id),
        payments.of_trips(db, [trip_id]),
        assignments.on_trip(db, trip_id),
        guests.on_trips(db, [trip_id]),
        proposals.last(db, trip_id),
        unreadable_note(db, trip_id),
    )
    if row is None or trip_id not in money:
        raise Conflict(f"Trip {trip_id} has been deleted.", "Send another trip_identifier.")
    held = money[trip_id]
    return Recorded(
        _trip(row, held, _going(clients, others), _primary(row, clients)),
        [
            Due(label=text(one.label, TITLE), date=one.due_on, amount=amount(one.thousandths, held.currency))
            for one in held.plan
        ],
        held.total,
        sum(one.thousandths for one in held.plan),
        str(row["status"] or ""),
        str(row["trip_slug"] or ""),
        unreadable.strip(),
        last,
    )


def amount(thousandths: int, currency: str) -> str:
    """Return an amount as a currency writes it, such as 1234.50 or, in yen, 1234."""
    if currency in _WHOLE and not thousandths % 1000:
        return str(thousandths // 1000)
    written = decimal(thousandths)
    return f"{written}0" if currency in _THREE and written[-3] == "." else written


def text(value: object, longest: int = PROSE) -> str:
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return told(str(value), longest) if known else ""


def _trip(row: Row, money: Money, going: list[str], primary: str) -> Trip:
    start, end = times.day_of(row["start_date"]), times.day_of(row["end_date"])
    schedule, stays, transport = (
        shapes.load_for_answer(row[column]) for column in ("schedule", "accommodations", "transportation")
    )
    kept = stays_of(stays)
    others = [name for name in going if name != primary]
    lead = [primary] if primary else []
    return Trip(
        id=row["trip_id"],
        uid=hashlib.sha256(f"{row['trip_id']} {row['created_at']}".encode()).hexdigest()[:16],
        name=text(row["trip_name"], TITLE),
        destinations=_places(row["destinations"]),
        start=start.isoformat() if start else text(row["start_date"], TITLE),
        end=end.isoformat() if end else text(row["end_date"], TITLE),
        nights=(end - start).days if start and end and end >= start else None,
        prepared_for=people_words([*lead, *others][:NAMED], len(lead) + len(others)),
        travelers=going[:TRAVELERS],
        people=len(going),
        currency=text(money.currency, 10),
        total=amount(money.total, money.currency) if money.total > 0 else "",
        paid=amount(money.shown, money.currency) if money.shown and money.shown > 0 else "",
        days=days_of(schedule, transport, kept, start, end),
        stays=kept,
        notes=_notes(shapes.load_for_answer(row["notes"])),
    )


def _places(destinations: object) -> str:
    """Return the destinations, which old databases also have as a list of names."""
    listed = shapes.load_for_answer(destinations)
    if not isinstance(listed, list):
        return text(destinations, TITLE)
    names = [text(one, TITLE) for one in cast("list[object]", listed)]
    return text(", ".join(filter(None, names)), TITLE)


def _going(clients: Sequence[Row], others: Sequence[Row]) -> list[str]:
    """Return the name of each person who travels, primary travelers first."""
    people: dict[object, tuple[bool, str]] = {}
    for one in clients:
        if travels(one["role"]):
            first = one["role"] in PRIMARY or people.get(one["email"], (False,))[0]
            people[one["email"]] = (first, text(one["full_name"], TITLE))
    for one in others:
        if travels(one["role"]) and _is_name(one):
            people[one["position"]] = (one["role"] in PRIMARY, text(one["name"], TITLE))
    return [name for _, name in sorted(people.values(), key=lambda person: not person[0]) if name]


def _is_name(guest: Row) -> bool:
    """Return False for an entry without a name, for which an e-mail or the entry itself stands."""
    return guest["name"] not in {guest["email"], guest["element"]} and "@" not in str(guest["name"])


def _primary(row: Row, clients: Sequence[Row]) -> str:
    """Return the name of the trip's primary client, or ""."""
    email = fold(str(row["primary_client_email"] or ""))
    return next((text(one["full_name"], TITLE) for one in clients if fold(str(one["email"])) == email), "")


def _notes(notes: object) -> list[str]:
    """Return the notes that are for clients."""
    found = [cast("dict[str, Any]", one) for one in shapes.shared_notes(notes)]
    texts = [text(next((one[key] for key in ("note", "text", "content") if one.get(key)), "")) for one in found]
    return [one for one in texts if one][:NOTES]
