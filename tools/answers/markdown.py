"""Format trips and clients as Markdown for people."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from database.quoting import as_word, in_quotes
from database.roles import travels
from tools.answers.guests import NOT_LINKED
from tools.trip.amounts import decimal, thousandths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.answers.models import TripHead
    from tools.answers.whole import Traveler, WholeClient, WholeTrip

# Inline markup, entities, and what some renderers turn into links. An underscore within a word is just that.
_MARKUP = re.compile(r"[`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|:(?=//)|(?<=www)\.", re.IGNORECASE)


def trip_page(trip: WholeTrip) -> str:
    return "\n".join(_trip_lines(trip)) + "\n"


def client_page(client: WholeClient) -> str:
    return "\n".join(_client_lines(client)) + "\n"


def _trip_lines(trip: WholeTrip) -> Iterator[str]:
    yield f"# {_quoted(trip.trip_name)}"
    yield ""
    yield f"{_period(trip)}, {_text(trip.status) if trip.status else 'no status'} (id {trip.trip_id})"
    if trip.destinations:
        yield f"Destinations: {_quoted(trip.destinations)}"
    yield ""
    yield "## Travelling"
    people = [(travels(one.role), f"{_addressed(one)}, {_text(one.role)}") for one in trip.clients]
    for guest in trip.guests:
        linked = NOT_LINKED if guest.shares_with is None else f"shares {_text(guest.shares_with)}"
        people.append((travels(guest.role), f"{_quoted(guest.name)}, {_text(guest.role)} ({linked})"))
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
    for title, value in (
        ("Workflow", trip.workflow),
        ("Schedule", trip.schedule),
        ("Accommodations", trip.accommodations),
        ("Transportation", trip.transportation),
        ("Documents", trip.documents),
        ("Notes", trip.notes),
    ):
        if value:
            yield ""
            yield f"## {title}"
            yield from _items(value)
    if trip.recent_activity:
        yield ""
        yield "## Recent activity"
        for entry in trip.recent_activity:
            yield f"- {_text(entry.at)}: {_text(entry.type)}: {_quoted(entry.details)}"


def _money_lines(trip: WholeTrip) -> Iterator[str]:
    amounts = [f"{name} {_amount(value)}" for name, value in (("Total", trip.total_cost), ("paid", trip.paid))]
    yield "## Money"
    yield f"{', '.join(amounts)}, balance {_amount(trip.balance)} {_text(trip.currency)}"
    for title, value in (("Payment plan", trip.payment_plan), ("Payments", trip.payments)):
        if value:
            yield ""
            yield f"### {title}"
            yield from _items(value)


def _client_lines(client: WholeClient) -> Iterator[str]:
    yield f"# {_quoted(client.full_name)}"
    yield ""
    yield f"{_text(client.email) if client.email else 'No e-mail'} (id {client.client_id})"
    for title, value in (("Contact", client.contact_info), ("Preferences", client.preferences)):
        if value:
            yield ""
            yield f"## {title}"
            yield from _items(value)
    yield ""
    yield "## Trips"
    for trip in client.trips:
        yield f"- {_quoted(trip.trip_name)} (id {trip.trip_id}), {_period(trip)}, {_text(trip.roles)}"
    if not client.trips:
        yield "None."


def _items(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            yield f"- {_text(key)}: {_words(one)}"
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield f"- {_words(one)}"
    else:
        yield f"- {_words(value)}"


def _words(value: object) -> str:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return ", ".join(f"{_text(key)}: {_words(one)}" for key, one in pairs)
    if isinstance(value, list):
        return "; ".join(_words(one) for one in cast("list[Any]", value))
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _addressed(client: Traveler) -> str:
    if client.email is None:
        return f"{_quoted(client.full_name)} (no e-mail)"
    email = _text(client.email)
    return f"{_quoted(client.full_name)} " + (f"({email})" if email.startswith('"') else f"<{email}>")


def _amount(amount: float | None) -> str:
    return decimal(thousandths(amount))


def _period(trip: TripHead) -> str:
    return f"{_text(trip.start_date)} to {_text(trip.end_date)}"


def _text(value: object) -> str:
    """Return a plain word as it is, and any other text in quotes."""
    return _escaped(as_word(value, None))


def _quoted(value: object) -> str:
    return _escaped(in_quotes(value, None))


def _escaped(text: str) -> str:
    """Escape what Markdown would show as markup or a link. A quotation mark or a letter starts no block."""
    return _MARKUP.sub(r"\\\g<0>", text)
