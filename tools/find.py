"""get_anything: trips and clients by any words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from database import clients, trips
from database.search import clients_with_words, trips_with_words
from tools import parts
from tools.bounds import named
from tools.errors import InvalidInput, NotFound
from tools.identifiers import describe, exact_trips, nearest_trips, words_of
from tools.models import ClientHead, TripSummary
from tools.parts import Cursor, Part, Rest
from tools.tool import READS, Answer, Arguments, Tool
from tools.whole import WholeClient, WholeTrip, as_answered, part_of_trip, whole_client, whole_trip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# Most trips and most clients in one answer.
SHOWN = 10


class FindArguments(Arguments):
    query: Annotated[str, Field(max_length=300, description="Id, slug, name, e-mail, or any words.")]
    include_everything: Annotated[bool, Field(description="Give the best match whole.")] = True
    search_strategy: Annotated[
        Literal["exact", "fuzzy", "broad"],
        Field(description="exact; fuzzy: also all words; broad: also any word or spelling."),
    ] = "fuzzy"
    cursor: Cursor | None = None


class FoundTrip(TripSummary):
    why: str = Field(description="Why it matched: exact, words, some words, client or spelling.")


class FoundClient(ClientHead):
    why: str = Field(description="Why they matched: exact, words or some words.")


class Found(Answer):
    trips: list[FoundTrip] = Field(description="Matching trips, best first.")
    clients: list[FoundClient] = Field(description="Matching clients, best first.")
    trip: WholeTrip | None = Field(default=None, description="The best match whole, if it is a trip.")
    client: WholeClient | None = Field(default=None, description="The best match whole, if it is a client.")
    more: list[Rest] = Field(default=[], description="Fields of the whole trip of which only the beginning is here.")
    part: Part | None = Field(default=None, description="What follows of a field, for a cursor of `more`.")


async def get_anything(db: Database, args: FindArguments) -> Found:
    if args.cursor is not None:
        return await _continued(db, args.cursor)
    words = words_of(args.query)
    if not words:
        raise InvalidInput("query holds no word to look for.", "Send an id, a name, an e-mail, or words of one.")
    found = Found(message="", trips=[], clients=[])
    await _exact(db, args.query.strip(), found)
    if args.search_strategy != "exact":
        await _by_words(db, words, len(words), "words", found)
    if args.search_strategy == "broad":
        await _by_words(db, words, 1, "some words", found)
        if not found.trips and not found.clients:
            _add_trips(found, await nearest_trips(db, args.query), "spelling")
    if not found.trips and not found.clients:
        await _nothing(db, args.query)
    found.message = _message(found, await _whole(db, found) if args.include_everything else "")
    return found


async def _exact(db: Database, wanted: str, found: Found) -> None:
    _add_trips(found, await exact_trips(db, wanted), "exact")
    if "@" in wanted:
        matches = list((await clients.with_emails(db, [wanted])).values())
        _add_clients(found, matches, "exact")
        for client in matches[:1]:
            _add_trips(found, await trips.of_client(db, client["email"], SHOWN), "client")


async def _by_words(db: Database, words: Sequence[str], needed: int, why: str, found: Found) -> None:
    _add_trips(found, await trips_with_words(db, words, needed, SHOWN, in_notes=True), why)
    _add_clients(found, await clients_with_words(db, words, needed, SHOWN), why)


def _add_trips(found: Found, rows: Sequence[Row], why: str) -> None:
    have = {trip.trip_id for trip in found.trips}
    new = [FoundTrip.model_validate({**row, "why": why}) for row in rows if row["trip_id"] not in have]
    found.trips = [*found.trips, *new][:SHOWN]


def _add_clients(found: Found, rows: Sequence[Row], why: str) -> None:
    have = {client.client_id for client in found.clients}
    new = [FoundClient.model_validate({**row, "why": why}) for row in rows if row["client_id"] not in have]
    found.clients = [*found.clients, *new][:SHOWN]


async def _whole(db: Database, found: Found) -> str:
    """Put the best match in whole, unless several are equally good; return what to say of that."""
    exact_client = next((client for client in found.clients if client.why == "exact"), None)
    if exact_client and not any(trip.why == "exact" for trip in found.trips):
        found.client = await whole_client(db, exact_client.client_id)
        return ""
    if found.trips:
        best = [trip for trip in found.trips if trip.why == found.trips[0].why]
        if len(best) == 1:
            return await _put_trip(db, found, best[0].trip_id)
        return " Several trips match alike: send the id of one to see it whole."
    if len(found.clients) == 1:
        found.client = await whole_client(db, found.clients[0].client_id)
    return ""


async def _put_trip(db: Database, found: Found, trip_id: int) -> str:
    """Put the trip in whole, as far as one answer carries it; return what to say of the rest."""
    trip = await whole_trip(db, trip_id)
    if trip:
        found.trip, found.more = as_answered(trip)
    return parts.words(found.more)


async def _continued(db: Database, cursor: str) -> Found:
    trip, part, rests = await part_of_trip(db, cursor)
    words = f"{trip.trip_name} (id {trip.trip_id}): what follows of {part.field}.{parts.words(rests)}"
    return Found(message=words, trips=[], clients=[], more=rests, part=part)


async def _nothing(db: Database, query: str) -> None:
    near = await nearest_trips(db, query)
    hint = f" Nearest by spelling: {'; '.join(describe(row) for row in near)}." if near else ""
    raise NotFound(
        f"No trip or client matches {query.strip()!r}.{hint}",
        "Send fewer or other words, or search_strategy broad to match any of them.",
    )


def _message(found: Found, more: str) -> str:
    parts: list[str] = []
    if found.trip:
        travelers = [f"{traveler.full_name} ({traveler.role})" for traveler in found.trip.clients]
        total = next((rest.total for rest in found.more if rest.field == "clients"), len(travelers))
        names = named(travelers, total) or "nobody yet"
        parts.append(
            f"{found.trip.trip_name} (id {found.trip.trip_id}), {found.trip.start_date} to {found.trip.end_date}, "
            f"{found.trip.status}; travelling: {names}."
        )
    if found.client:
        parts.append(f"{found.client.full_name} <{found.client.email}>, on {len(found.client.trips)} trips.")
    others = [
        f"{trip.trip_name} (id {trip.trip_id})"
        for trip in found.trips
        if not found.trip or trip.trip_id != found.trip.trip_id
    ]
    if others:
        parts.append(f"Trips: {', '.join(others)}.")
    people = [f"{client.full_name} <{client.email}>" for client in found.clients if not found.client]
    if people:
        parts.append(f"Clients: {', '.join(people)}.")
    return " ".join(parts) + more


TOOL = Tool(
    name="get_anything",
    title="Find a trip or client",
    description=(
        "Find trips and clients by id, slug, name, e-mail, destination or any words, best first. One clear match comes "
        "whole, with all that is known of it. Use this before changing a trip."
    ),
    group="trips",
    hints=READS,
    input=FindArguments,
    output=Found,
    run=get_anything,
)
