"""Sentences about what a proposal lacks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tools.answers.bounds import named
from tools.proposals.gathering import amount
from tools.proposals.wording import today
from tools.trip.itinerary import times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.proposals.gathering import Recorded
    from tools.proposals.model import Proposal, Trip

# The longest trip whose days are looked at one by one.
LONGEST = 400


def missing_in(read: Recorded, proposal: Proposal) -> list[str]:
    """Return what the proposal lacks, of the trip first, then of the call and the agency."""
    return [*_of_trip(read), *_of_call(proposal)]


def _of_trip(read: Recorded) -> Iterator[str]:
    trip = read.trip
    if read.status.strip().lower() in {"cancelled", "canceled"}:
        yield "The trip is cancelled."
    if times.is_date(trip.start) and trip.start < today():
        yield f"The trip began on {trip.start}."
    if not trip.people:
        yield "Nobody travels yet."
    if read.unreadable:
        yield read.unreadable
    if not trip.total:
        yield "No cost is recorded."
    elif not read.payments:
        yield "There is no payment plan."
    elif read.planned != read.total:
        planned = amount(read.planned, trip.currency)
        yield f"The payment plan adds up to {planned}, not to {trip.total}."
    if empty := list(_days_without_plan(trip)):
        yield f"Days without a plan: {named(empty)}."
    if nights := list(_nights_without_stay(trip)):
        yield f"Nights without a stay: {named(nights)}."


def _of_call(proposal: Proposal) -> Iterator[str]:
    if not proposal.agency.name:
        yield "The agency has no name here: --agency-file."
    if absent := [name for name in ("prices", "included", "terms", "valid_until") if not getattr(proposal, name)]:
        yield f"Not said: {', '.join(absent)}."


def _days_without_plan(trip: Trip) -> Iterator[str]:
    planned = {day.date for day in trip.days if day.title or day.description or day.entries}
    yield from (day for day in _days(trip, 1) if day not in planned)


def _nights_without_stay(trip: Trip) -> Iterator[str]:
    covered = [(stay.check_in, stay.check_out) for stay in trip.stays if stay.check_in and stay.check_out]
    yield from (night for night in _days(trip, 0) if not any(first <= night < last for first, last in covered))


def _days(trip: Trip, more: int) -> list[str]:
    """Return the dates of the trip's nights and so many more; none if the trip's dates can't be read."""
    if trip.nights is None or trip.nights > LONGEST:
        return []
    start = date.fromisoformat(trip.start)
    return [(start + timedelta(at)).isoformat() for at in range(trip.nights + more)]
