"""get_anything: trips and clients by any words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from database import clients, trips
from database.search import clients_named
from tools.answers import parts
from tools.answers.bounds import named, shortened
from tools.answers.errors import InvalidInput, NotFound
from tools.answers.models import ClientHead, TripSummary
from tools.answers.parts import Cursor, Part, Rest
from tools.answers.whole import WholeClient, WholeTrip, as_answered, part_of_trip, whole_client, whole_trip
from tools.finding.identifiers import describe, exact_trips, sought_in
from tools.finding.matching import CLIENTS, TRIPS, Match, goodness, spelled_like, with_all_words, with_some_words
from tools.tool import READS, Answer, Arguments, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database

# Most trips and most clients in one answer.
MATCHES_SHOWN = 10

# Words of a whole name that are too many to be meant for anything else as well.
NAME = 3

# Trips, and clients, that are suggested by spelling.
NEAREST = 3


class FindArguments(Arguments):
    query: Annotated[str, Field(max_length=300, description="Id, slug, name, e-mail, or any words.")]
    include_everything: Annotated[bool, Field(description="Give the best match whole.")] = True
    search_strategy: Annotated[
        Literal["exact", "fuzzy", "broad"],
        Field(description="exact; fuzzy: also all words; broad: also any word or spelling."),
    ] = "fuzzy"
    cursor: Cursor | None = None


class FoundTrip(TripSummary):
    why: str = Field(description="Why: exact, client, words in its name or elsewhere, a role, some words, spelling.")


class FoundClient(ClientHead):
    why: str = Field(description="Why: exact, exact name, words in name, e-mail or notes, some words, spelling.")


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
    words = sought_in(args.query)
    if not words:
        raise InvalidInput("query holds no word to look for.", "Send an id, a name, an e-mail, or words of one.")
    found = Found(message="", trips=[], clients=[])
    await _exact(db, args.query.strip(), found)
    named = len(words) >= NAME and any(trip.why == "exact" for trip in found.trips)
    if args.search_strategy == "broad" or (args.search_strategy == "fuzzy" and not named):
        _add(found, await with_all_words(db, TRIPS, words), await with_all_words(db, CLIENTS, words))
    if args.search_strategy == "broad":
        _add(found, await with_some_words(db, TRIPS, words), await with_some_words(db, CLIENTS, words))
        if not found.trips and not found.clients:
            _add(found, *await spelled_like(db, words, NEAREST, TRIPS, CLIENTS))
    if not found.trips and not found.clients:
        await _nothing(db, args.query, words, broad=args.search_strategy == "broad")
    found.message = _message(found, await _whole(db, found) if args.include_everything else "")
    return found


async def _exact(db: Database, wanted: str, found: Found) -> None:
    exact = [Match(row, "exact") for row in await exact_trips(db, wanted, MATCHES_SHOWN)]
    known = list((await clients.with_emails(db, [wanted])).values()) if "@" in wanted else []
    theirs = [trip for client in known[:1] for trip in await trips.of_client(db, client["email"], MATCHES_SHOWN)]
    named = [Match(row, "exact name") for row in await clients_named(db, wanted, MATCHES_SHOWN)]
    _add(
        found,
        [*exact, *(Match(row, "client") for row in theirs)],
        [*(Match(row, "exact") for row in known), *named],
    )


def _add(found: Found, matching_trips: Sequence[Match], matching_clients: Sequence[Match]) -> None:
    """Put behind what was found those that are not there yet."""
    trip_ids = {trip.trip_id for trip in found.trips}
    client_ids = {client.client_id for client in found.clients}
    new_trips = [match for match in matching_trips if match.row["trip_id"] not in trip_ids]
    new_clients = [match for match in matching_clients if match.row["client_id"] not in client_ids]
    found.trips += [FoundTrip.model_validate({**match.row, "why": match.why}) for match in new_trips]
    found.clients += [FoundClient.model_validate({**match.row, "why": match.why}) for match in new_clients]
    del found.trips[MATCHES_SHOWN:], found.clients[MATCHES_SHOWN:]


async def _whole(db: Database, found: Found) -> str:
    """Put the best match in whole, unless several are equally good; return what to say of that."""
    exact = [client for client in found.clients if client.why.startswith("exact")]
    if len(exact) == 1 and not any(trip.why == "exact" for trip in found.trips):
        found.client = await whole_client(db, exact[0].client_id)
        return ""
    if found.trips:
        best = [trip for trip in found.trips if goodness(trip.why) == goodness(found.trips[0].why)]
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


async def _nothing(db: Database, query: str, words: Sequence[str], *, broad: bool) -> None:
    near_trips, near_clients = await spelled_like(db, words, NEAREST, TRIPS, CLIENTS)
    near = [describe(match.row) for match in near_trips]
    near += [f"client {shortened(match.row['full_name'], 100)} <{match.row['email']}>" for match in near_clients]
    hint = f" Nearest by spelling: {'; '.join(near)}." if near else ""
    raise NotFound(
        f"No trip or client matches {query.strip()!r}.{hint}",
        "Ask the person how it is written, and create nothing on a guess."
        + ("" if broad else " Fewer words, or search_strategy broad, find more."),
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
