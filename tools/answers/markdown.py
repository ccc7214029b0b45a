"""Format trips and clients as Markdown for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from database.roles import travels
from tools.answers.guests import link
from tools.answers.models import addressed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.answers.whole import WholeClient, WholeTrip


def trip_page(trip: WholeTrip) -> str:
    return "\n".join(_trip_lines(trip)) + "\n"


def client_page(client: WholeClient) -> str:
    return "\n".join(_client_lines(client)) + "\n"


def _trip_lines(trip: WholeTrip) -> Iterator[str]:
    yield f"# {_plain(trip.trip_name)}"
    yield ""
    yield f"{trip.start_date} to {trip.end_date}, {trip.status or 'no status'} (id {trip.trip_id})"
    if trip.destinations:
        yield f"Destinations: {_plain(trip.destinations)}"
    yield ""
    yield "## Travelling"
    people = [
        (travels(one.role), f"{_plain(addressed(one.full_name, one.email))}, {_plain(one.role)}")
        for one in trip.clients
    ]
    for guest in trip.guests:
        linked = _plain(link(guest.shares_with))
        people.append((travels(guest.role), f"{_plain(guest.name)}, {_plain(guest.role)} ({linked})"))
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
    yield f"## Money\nTotal {trip.total_cost or 0:.2f}, paid {trip.paid_amount or 0:.2f}"
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
            yield f"- {entry.at}: {_plain(entry.type)}: {_plain(entry.details)}"


def _client_lines(client: WholeClient) -> Iterator[str]:
    yield f"# {_plain(client.full_name)}"
    yield ""
    yield f"{client.email or 'No e-mail'} (id {client.client_id})"
    for title, value in (("Contact", client.contact_info), ("Preferences", client.preferences)):
        if value:
            yield ""
            yield f"## {title}"
            yield from _items(value)
    yield ""
    yield "## Trips"
    for trip in client.trips:
        when = f"{trip.start_date} to {trip.end_date}"
        yield f"- {_plain(trip.trip_name)} (id {trip.trip_id}), {when}, {_plain(trip.roles)}"
    if not client.trips:
        yield "None."


def _items(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            yield f"- {_plain(key)}: {_words(one)}"
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield f"- {_words(one)}"
    else:
        yield f"- {_words(value)}"


def _words(value: object) -> str:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return ", ".join(f"{_plain(key)}: {_words(one)}" for key, one in pairs)
    if isinstance(value, list):
        return "; ".join(_words(one) for one in cast("list[Any]", value))
    return _plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _plain(text: object) -> str:
    """Return the text on one line, so that stored text can't imitate a heading."""
    return " ".join(str(text if text is not None else "").split())
