"""Tell clients of one name apart, by e-mail and by their latest trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import trips
from database.quoting import as_word
from tools.answers.models import addressed, with_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from database.engine import Database, Row

# Number of latest trips by which a client is told apart.
TRIPS_SHOWN = 2


async def latest_trips(db: Database, clients: Sequence[Row]) -> dict[str, list[str]]:
    """Return the latest trips of the clients, by e-mail, as in `"Goa" (id 2) of 2027-03-01`."""
    emails = [row["email"] for row in clients]
    found = await trips.latest_of_clients(db, emails, TRIPS_SHOWN) if emails else {}
    return {
        email: [f"{with_id(row['trip_name'], row['trip_id'])} of {as_word(row['start_date'])}" for row in rows]
        for email, rows in found.items()
    }


def told_apart(row: Row, latest: Iterable[str] | None) -> str:
    """Return the client with id, e-mail and latest trips, None if these don't matter."""
    who = f"client_id {row['client_id']} {addressed(row['full_name'], row['email'])}"
    return who if latest is None else f"{who}, {'on ' + ' and '.join(latest) if latest else 'on no trip'}"
