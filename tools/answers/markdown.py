"""Format trips and clients as Markdown for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database.roles import travels
from tools.answers.guests import NOT_LINKED
from tools.answers.itinerary_page import schedule_lines, stay_lines, transport_lines
from tools.answers.markup import items, quoted, text
from tools.trip.amounts import decimal, thousandths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.answers.models import TripHead
    from tools.answers.whole import Traveler, WholeClient, WholeTrip


def trip_page(trip: WholeTrip) -> str:
    return "\n".join(_trip_lines(trip)) + "\n"


def client_page(client: WholeClient) -> str:
    return "\n".join(_client_lines(client)) + "\n"


def _trip_lines(trip: WholeTrip) -> Iterator[str]:
    yield f"# {quoted(trip.trip_name)}"
    yield ""
    yield f"{_period(trip)}, {text(trip.status) if trip.status else 'no status'} (id {trip.trip_id})"
    if trip.destinations:
        yield f"Destinations: {quoted(trip.destinations)}"
    yield ""
    yield "## Travelling"
    people = [(travels(one.role), f"{_addressed(one)}, {text(one.role)}") for one in trip.clients]
    for guest in trip.guests:
        linked = NOT_LINKED if guest.shares_with is None else f"shares {text(guest.shares_with)}"
        people.append((travels(guest.role), f"{quoted(guest.name)}, {text(guest.role)} ({linked})"))
    yield from (f"- {who}" for going, who in people if going)
    if not any(going for going, _ in people):
        yield "Nobody yet."
    if trip.unreadable:
        yield trip.unreadable
    staying = [who for going, who in people if not going]
    if staying:
        yield ""
        yield "## Not travelling"
        yield from (f"- {who}" for who in staying)
    yield ""
    yield from _money_lines(trip)
    for title, value, lines in (
        ("Workflow", trip.workflow, items(trip.workflow)),
        ("Schedule", trip.schedule, schedule_lines(trip.schedule, trip.start_date)),
        ("Accommodations", trip.accommodations, stay_lines(trip.accommodations)),
        ("Transportation", trip.transportation, transport_lines(trip.transportation)),
        ("Documents", trip.documents, items(trip.documents)),
        ("Notes", trip.notes, items(trip.notes)),
    ):
        if value:
            yield ""
            yield f"## {title}"
            yield from lines
    if trip.recent_activity:
        yield ""
        yield "## Recent activity"
        for entry in trip.recent_activity:
            yield f"- {text(entry.at)}: {text(entry.type)}: {quoted(entry.details)}"


def _money_lines(trip: WholeTrip) -> Iterator[str]:
    amounts = [f"{name} {_amount(value)}" for name, value in (("Total", trip.total_cost), ("paid", trip.paid))]
    yield "## Money"
    yield f"{', '.join(amounts)}, balance {_amount(trip.balance)} {text(trip.currency)}"
    for title, value in (("Payment plan", trip.payment_plan), ("Payments", trip.payments)):
        if value:
            yield ""
            yield f"### {title}"
            yield from items(value)


def _client_lines(client: WholeClient) -> Iterator[str]:
    yield f"# {quoted(client.full_name)}"
    yield ""
    yield f"{text(client.email) if client.email else 'No e-mail'} (id {client.client_id})"
    for title, value in (("Contact", client.contact_info), ("Preferences", client.preferences)):
        if value:
            yield ""
            yield f"## {title}"
            yield from items(value)
    yield ""
    yield "## Trips"
    for trip in client.trips:
        yield f"- {quoted(trip.trip_name)} (id {trip.trip_id}), {_period(trip)}, {text(trip.roles)}"
    if not client.trips:
        yield "None."


def _addressed(client: Traveler) -> str:
    if client.email is None:
        return f"{quoted(client.full_name)} (no e-mail)"
    email = text(client.email)
    return f"{quoted(client.full_name)} " + (f"({email})" if email.startswith('"') else f"<{email}>")


def _amount(amount: float | None) -> str:
    return decimal(thousandths(amount))


def _period(trip: TripHead) -> str:
    return f"{text(trip.start_date)} to {text(trip.end_date)}"
