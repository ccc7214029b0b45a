"""The people of a trip as its picture shows them: travelers with roles, and who is named without travelling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, Field

from database.roles import travels
from tools.answers.guests import NOT_LINKED
from tools.answers.models import Contact
from tools.pictures.words import day_words, text
from tools.trip import shapes
from tools.trip.itinerary import times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from database.engine import Row
    from tools.trip.playbook import Standing

# Number of people in a list of a picture.
PEOPLE_SHOWN = 60

_EXPIRY = re.compile("expir|valid_?(un)?til|valid_to", re.IGNORECASE)

# Words in the keys of stored documents that tell what a document is.
_PAPERS = ("passport", "visa")


class Person(BaseModel):
    name: str = Field(description="Name.")
    roles: list[str] = Field(description="Roles.")
    note: str | None = Field(description="Set if not a client of their own.")


class Traveler(Person):
    email: Contact = Field(description="Client's e-mail.")
    lacks: str | None = Field(description="What they lack.")


def people_of(standing: Standing, guests: Sequence[Row], last: date | None) -> tuple[list[Traveler], list[Person]]:
    """Return the travelers and the others, clients before guests. `last` is the last day of the trip."""
    by_email: dict[object, list[Row]] = {}
    for row in standing.travelers:
        by_email.setdefault(row["email"], []).append(row)
    asked = _are_asked_for(standing)
    going: list[Traveler] = []
    staying: list[Person] = []
    for rows in by_email.values():
        person = Person(name=text(rows[0]["full_name"]), roles=[text(row["role"]) for row in rows], note=None)
        if any(travels(row["role"]) for row in rows):
            lacks = _lacking(shapes.load_for_answer(rows[0]["travel_docs"]), last, asked=asked)
            going.append(_traveler(person, rows[0]["email"], lacks))
        else:
            staying.append(person)
    for guest in guests:
        note = NOT_LINKED if guest["shares_with"] is None else "shares an e-mail"
        person = Person(name=text(guest["name"]), roles=[text(guest["role"])], note=note)
        if travels(guest["role"]):
            going.append(_traveler(person, guest["email"], None))
        else:
            staying.append(person)
    return going, staying


def _traveler(person: Person, email: str | None, lacks: str | None) -> Traveler:
    return Traveler(**person.model_dump(), email=email, lacks=lacks)


def _are_asked_for(standing: Standing) -> bool:
    """Return True if travel documents are due by the trip's phase, or recorded for somebody on the trip."""
    return standing.phase == "preparation" or any(
        shapes.load_for_answer(row["travel_docs"]) for row in standing.travelers if travels(row["role"])
    )


def _lacking(papers: object, last: date | None, *, asked: bool) -> str | None:
    if not papers:
        return "no travel documents" if asked else None
    ended = [(name, day) for name, day in _expiries(papers, "") if last and day < last]
    return ", ".join(f"{name} expires {day_words(day)} {day.year}" for name, day in ended[:2]) or None


def _expiries(papers: object, within: str) -> Iterator[tuple[str, date]]:
    """Yield the name and last day of each document that tells it, under any keys."""
    if isinstance(papers, list):
        for one in cast("list[object]", papers):
            yield from _expiries(one, within)
    elif isinstance(papers, dict):
        for key, value in cast("dict[str, Any]", papers).items():
            named = next((paper for paper in _PAPERS if paper in f"{within} {key}".lower()), "document")
            if _EXPIRY.search(key) and (day := times.day_of(value)):
                yield named, day
            else:
                yield from _expiries(value, f"{within} {key}")
