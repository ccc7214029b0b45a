"""The tool get_anything, which finds trips and clients by any words."""

from __future__ import annotations

from asyncio import gather
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from database import clients, trips
from database.quoting import as_word, in_quotes
from database.search import clients_named
from tools.answers import parts
from tools.answers.errors import InvalidInput, NotFound
from tools.answers.guests import link, travelers
from tools.answers.models import ClientHead, TripSummary, addressed, with_id
from tools.answers.parts import Cursor, Part, Rest
from tools.answers.whole import WholeClient, WholeTrip, as_answered, part_of_trip, whole_client, whole_trip
from tools.finding.identifiers import describe, exact_trips, search_words
from tools.finding.matching import CLIENTS, TRIPS, Kind, Match, Why, spelled_like, with_all_words, with_some_words
from tools.tool import READS, Answer, Arguments, Tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from database.engine import Database, Row

# Maximum number of trips, and of clients, in an answer.
RESULTS = 10

# Minimum number of words in a query for which an exact match of a trip ends the search.
FULL_NAME = 3

# Maximum number of trips, and of clients, suggested by spelling.
NEAREST = 3


class FindArguments(Arguments):
    query: Annotated[str, Field(max_length=300, description="Id, slug, name, e-mail, or any words.")]
    include_everything: Annotated[bool, Field(description="Best match in full.")] = True
    search_strategy: Annotated[
        Literal["exact", "fuzzy", "broad"],
        Field(description="exact; fuzzy: also all words; broad: also any word or spelling."),
    ] = "fuzzy"
    cursor: Cursor | None = None


class FoundTrip(TripSummary):
    why: str = Field(description="Reason: exact, client, words in name or elsewhere, role, some words, spelling.")


class FoundClient(ClientHead):
    why: str = Field(description="Why: exact, exact name, words in name, e-mail or notes, some words, spelling.")


class Found(Answer):
    trips: list[FoundTrip] = Field(description="Matching trips, best first.")
    clients: list[FoundClient] = Field(description="Matching clients, best first.")
    trip: WholeTrip | None = Field(default=None, description="The best match, if it is a trip.")
    client: WholeClient | None = Field(default=None, description="The best match, if it is a client.")
    more: list[Rest] = Field(default=[], description="Fields of the trip that are cut.")
    part: Part | None = Field(default=None, description="The next part of a field, for a cursor.")


@dataclass
class _Matches:
    """The matching trips and clients, best first, without duplicates."""

    trips: list[Match] = field(default_factory=list[Match])
    clients: list[Match] = field(default_factory=list[Match])

    def __bool__(self) -> bool:
        return bool(self.trips or self.clients)

    def add(self, matching_trips: Sequence[Match], matching_clients: Sequence[Match]) -> None:
        """Append the matches that are not in the lists yet, up to RESULTS per list."""
        trip_ids = {match.row["trip_id"] for match in self.trips}
        client_ids = {match.row["client_id"] for match in self.clients}
        self.trips += [match for match in matching_trips if match.row["trip_id"] not in trip_ids]
        self.clients += [match for match in matching_clients if match.row["client_id"] not in client_ids]
        del self.trips[RESULTS:], self.clients[RESULTS:]


async def get_anything(db: Database, args: FindArguments) -> Found:
    if args.cursor is not None:
        return await _continued(db, args.cursor)
    words = search_words(args.query)
    if not words:
        raise InvalidInput("query has no words to search for.", "Send an id, a name, an e-mail, or any words.")
    if args.search_strategy == "exact":
        matches = await _exact(db, args.query.strip())
    elif args.search_strategy == "fuzzy":
        matches, with_all = await gather(_exact(db, args.query.strip()), _with_words(db, words, with_all_words))
        is_full_name = len(words) >= FULL_NAME and any(match.why is Why.EXACT for match in matches.trips)
        if not is_full_name:
            matches.add(*with_all)
    else:
        matches, with_all, with_some = await gather(
            _exact(db, args.query.strip()),
            _with_words(db, words, with_all_words),
            _with_words(db, words, with_some_words),
        )
        matches.add(*with_all)
        matches.add(*with_some)
        if not matches:
            matches.add(*await spelled_like(db, words, NEAREST, TRIPS, CLIENTS))
    if not matches:
        raise await _not_found(db, args.query, words, broad=args.search_strategy == "broad")
    found = Found(
        message="",
        trips=[FoundTrip.model_validate({**match.row, "why": match.reason}) for match in matches.trips],
        clients=[FoundClient.model_validate({**match.row, "why": match.reason}) for match in matches.clients],
    )
    found.message = _message(found, await _add_best(db, matches, found) if args.include_everything else "")
    return found


async def _with_words(
    db: Database, words: Sequence[str], find: Callable[[Database, Kind, Sequence[str]], Awaitable[list[Match]]]
) -> tuple[list[Match], list[Match]]:
    """Find trips and clients by words."""
    return await gather(find(db, TRIPS, words), find(db, CLIENTS, words))


async def _exact(db: Database, wanted: str) -> _Matches:
    """Find trips and clients by id, slug, exact name or e-mail, and the trips of a client found by e-mail."""
    exact, (known, theirs), same_name = await gather(
        exact_trips(db, wanted, RESULTS), _with_email(db, wanted), clients_named(db, wanted, RESULTS)
    )
    matches = _Matches()
    matches.add(
        [*(Match(row, Why.EXACT) for row in exact), *(Match(row, Why.CLIENT) for row in theirs)],
        [*(Match(row, Why.EXACT) for row in known), *(Match(row, Why.EXACT_NAME) for row in same_name)],
    )
    return matches


async def _with_email(db: Database, wanted: str) -> tuple[list[Row], list[Row]]:
    """Find the clients with this e-mail, and the trips of the first one."""
    known = list((await clients.with_emails(db, [wanted])).values()) if "@" in wanted else []
    return known, await trips.of_client(db, known[0]["email"], RESULTS) if known else []


async def _add_best(db: Database, matches: _Matches, found: Found) -> str:
    """Add the best match in full, unless several are equally good; return a note for the message."""
    exact = [match for match in matches.clients if match.why in {Why.EXACT, Why.EXACT_NAME}]
    if len(exact) == 1 and not any(match.why is Why.EXACT for match in matches.trips):
        found.client = await whole_client(db, exact[0].row)
        return ""
    if matches.trips:
        best = [match for match in matches.trips if match.why.rank == matches.trips[0].why.rank]
        if len(best) == 1:
            return await _add_trip(db, found, best[0].row["trip_id"])
        return " Several trips match equally: send one as in 'id 2' to see it in full."
    if len(matches.clients) == 1:
        found.client = await whole_client(db, matches.clients[0].row)
    return ""


async def _add_trip(db: Database, found: Found, trip_id: int) -> str:
    """Add the trip, cut to fit one answer; return a note about what was cut."""
    trip = await whole_trip(db, trip_id)
    if trip:
        found.trip, found.more = as_answered(trip)
    return parts.words(found.more)


async def _continued(db: Database, cursor: str) -> Found:
    trip, part, rests = await part_of_trip(db, cursor)
    words = f"{with_id(trip.trip_name, trip.trip_id)}: next part of {part.field}.{parts.words(rests)}"
    return Found(message=words, trips=[], clients=[], more=rests, part=part)


async def _not_found(db: Database, query: str, words: Sequence[str], *, broad: bool) -> NotFound:
    near_trips, near_clients = await spelled_like(db, words, NEAREST, TRIPS, CLIENTS)
    near = [describe(match.row) for match in near_trips]
    people = [(match.row["full_name"], match.row["email"]) for match in near_clients]
    near += [f"client {addressed(*person)}" for person in people]
    hint = f" Nearest by spelling: {'; '.join(near)}." if near else ""
    return NotFound(
        f"No trip or client matches {in_quotes(query.strip())}.{hint}",
        "Ask the user for the spelling, and don't create anything based on a guess."
        + ("" if broad else " Fewer words or search_strategy broad may find more."),
    )


def _message(found: Found, more: str) -> str:
    parts: list[str] = []
    if found.trip:
        people = [(f"{in_quotes(one.full_name)} ({as_word(one.role)})", one.role) for one in found.trip.clients]
        people += [
            (f"{in_quotes(one.name)} ({as_word(one.role)}, {link(one.shares_with)})", one.role)
            for one in found.trip.guests
        ]
        cut = sum(rest.total - rest.shown for rest in found.more if rest.field in {"clients", "guests"})
        unreadable = f" {found.trip.unreadable}" if found.trip.unreadable else ""
        parts.append(
            f"{with_id(found.trip.trip_name, found.trip.trip_id)}, {as_word(found.trip.start_date)} to "
            f"{as_word(found.trip.end_date)}, {as_word(found.trip.status)}; {travelers(people, cut)}.{unreadable}"
        )
    if found.client:
        parts.append(f"{addressed(found.client.full_name, found.client.email)}, on {len(found.client.trips)} trips.")
    others = [
        with_id(trip.trip_name, trip.trip_id)
        for trip in found.trips
        if not found.trip or trip.trip_id != found.trip.trip_id
    ]
    if others:
        parts.append(f"Trips: {', '.join(others)}.")
    people = [addressed(client.full_name, client.email) for client in found.clients if not found.client]
    if people:
        parts.append(f"Clients: {', '.join(people)}.")
    return " ".join(parts) + more


TOOL = Tool(
    name="get_anything",
    title="Find a trip or client",
    description=(
        "Find trips and clients by id, slug, name, e-mail, destination or any words, best first. A single best "
        "match comes with all its data. Use this before changing a trip."
    ),
    group="trips",
    hints=READS,
    input=FindArguments,
    output=Found,
    run=get_anything,
)
