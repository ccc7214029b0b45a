"""Text about the people on a trip: clients, guests without a client, and people who don't travel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import guests
from database.quoting import as_word
from database.roles import travels
from tools.answers.bounds import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from database.engine import Database

# Appended to the name of a guest without a client.
NOT_LINKED = "not linked"


def travelers(people: Iterable[tuple[str, str]], cut: int) -> str:
    """Format pairs of name and role as "travelers: …", listing people who don't travel separately.

    `cut` is the number of people missing from `people`.
    """
    going, staying = list[str](), list[str]()
    for about, role in people:
        (going if travels(role) else staying).append(about)
    who = f"travelers: {named(going, len(going) + cut) or 'nobody yet'}"
    return who + (f"; not travelling: {named(staying)}" if staying else "")


def link(shares_with: str | None) -> str:
    """Describe how a guest is linked to a client."""
    return NOT_LINKED if shares_with is None else f"shares {as_word(shares_with)}"


async def unreadable_notes(db: Database, trip_ids: Sequence[int]) -> dict[int, str]:
    """Return a note for each trip with an unreadable client list, by trip id."""
    return {trip_id: _note(number) for trip_id, number in (await guests.unreadable(db, trip_ids)).items()}


async def unreadable_note(db: Database, trip_id: int) -> str:
    """Return the note about the trip's unreadable client list, with a leading space, or ""."""
    note = (await unreadable_notes(db, [trip_id])).get(trip_id)
    return f" {note}" if note else ""


def _note(quarantine_id: int) -> str:
    return (
        "A client list of this trip could not be read, so people may be missing; its text is kept in "
        f"trip_clients_quarantine, quarantine_id {quarantine_id}."
    )
