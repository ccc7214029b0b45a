"""Lists of what a trip lacks, each with a request that a person can send to have it done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.answers.money import amount_words
from tools.pictures.words import days_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tools.pictures.dues import TripDues
    from tools.pictures.itinerary import Plan
    from tools.trip.playbook import Standing

# The code of a currency (https://www.iso.org/iso-4217-currency-codes.html).
_CODE = re.compile("[A-Z]{3}")

_OVER = {"cancelled", "completed"}


class Lack(BaseModel):
    words: str = Field(description="What is missing.")
    prompt: str = Field(description="A request to have it done.")


def lacks_of(standing: Standing, plan: Plan, today: date) -> list[Lack]:
    """Return what is missing to finish the phase and, until the trip is over, gaps in its plan."""
    found = [_of_phase(standing, sentence) for sentence in standing.missing]
    is_over = standing.trip["status"] in _OVER or (plan.period is not None and plan.period.last < today)
    return found if is_over else [*found, *_of_plan(standing.trip["trip_id"], plan, today)]


def overdue_of(trip_id: int, dues: TripDues) -> list[Lack]:
    """Return the payments that are late, as one gap."""
    late = [
        f"{amount_words(one.amount, one.currency)} by {as_word(one.due_at or '')}" for one in dues.payments if one.late
    ]
    prompt = f"Trip {trip_id}: draft a reminder for each overdue payment."
    return [Lack(words=f"Overdue: {named(late)}.", prompt=prompt)] if late else []


def _of_phase(standing: Standing, sentence: str) -> Lack:
    """Split a sentence into what is missing and, after a colon, what to do about it.

    The request holds no stored text, because it is sent in the user's name: the names of people are in quotes, and a
    currency can be any word.
    """
    trip_id, currency = standing.trip["trip_id"], str(standing.trip["currency"])
    words, _, remedy = sentence.rstrip(".").rpartition(": ")
    if not words or not remedy[0].isalpha():  # such as "Documents without a url: 1 of 3."
        words, remedy = sentence.rstrip("."), "complete what is missing"
    is_stored = '"' in words or (currency in words and not _CODE.fullmatch(currency))
    context = "" if is_stored else f"{words}. "
    asked = f"{remedy[:1].upper()}{remedy[1:]}"
    return Lack(words=f"{words}.", prompt=f"Trip {trip_id}: {context}{asked}. Ask me for what you don't know.")


def _of_plan(trip_id: int, plan: Plan, today: date) -> Iterator[Lack]:
    """Yield the gaps of the plan."""
    unconfirmed = [stay.name for stay in plan.stays if not stay.confirmation and stay.last >= today.isoformat()]
    if unconfirmed:
        yield Lack(
            words=f"No confirmation number: {named(list(map(in_quotes, unconfirmed)))}.",
            prompt=f"Trip {trip_id}: there are stays without a confirmation number. Draft the mails that ask for it.",
        )
    if plan.bare_nights:
        yield Lack(
            words=plan.bare_nights, prompt=f"Trip {trip_id}: suggest where to stay on the nights without a stay."
        )
    empty = [day for day in plan.unplanned if day >= today]
    if empty:
        yield Lack(
            words=f"Nothing is planned on {days_words(empty)}.",
            prompt=f"Trip {trip_id}: suggest what to do on {days_words(empty)}, near where the travelers stay then.",
        )
