"""The tool get_anything, which finds trips and clients by any words."""

from __future__ import annotations

from asyncio import gather
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from database import documents
from database.joining import JoiningDatabase
from database.quoting import as_word, in_quotes
from tools.answers import parts
from tools.answers.errors import InvalidInput, NotFound
from tools.answers.guests import link, travelers
from tools.answers.models import ClientHead, TripSummary, addressed, with_id
from tools.answers.parts import Cursor, Part, Rest
from tools.answers.whole import WholeClient, WholeTrip, as_answered, part_of_trip, whole_client, whole_trip
from tools.finding.found import Matches, described, find
from tools.finding.matching import Why
from tools.finding.namesakes import latest_trips
from tools.finding.reading import read_query
from tools.tool import READS, Answer, Arguments, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database

# Maximum number of matches in the line of a text that several match.
SEVERAL_SHOWN = 5

# The result of a line in the message.
RESULTS_IN_WORDS = {"found": "found", "several": "with several matches", "none": "not found"}


class FindArguments(Arguments):
    query: Annotated[str | None, Field(max_length=300, description="Id, slug, name, e-mail, or any words.")] = None
    queries: Annotated[
        list[Annotated[str, Field(max_length=300)]] | None,
        Field(max_length=50, description="Or several: a line for each."),
    ] = None
    include_everything: Annotated[bool, Field(description="Best match in full.")] = True
    search_strategy: Annotated[
        Literal["exact", "fuzzy", "broad"],
        Field(description="exact; fuzzy: also all words; broad: also any word or spelling."),
    ] = "fuzzy"
    cursor: Cursor | None = None

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if self.cursor is None and (self.query is None) == (not self.queries):
            raise ValueError("needs either query or queries: send one of them")
        return self


class FoundTrip(TripSummary):
    why: str = Field(description="Reason: exact, client, words in name or elsewhere, role, some words, spelling.")


class FoundClient(ClientHead):
    why: str = Field(description="Why: exact, exact name, words in name, e-mail or notes, some words, spelling.")
    latest_trips: list[str] = Field(default=[], description="If not the only one.")


class Line(BaseModel):
    query: str = Field(description="Text.")
    result: Literal["found", "several", "none"] = Field(description="Result.")
    matches: list[str] = Field(description="Matches or nearest.")


class Found(Answer):
    trips: list[FoundTrip] = Field(description="Matching trips, best first.")
    clients: list[FoundClient] = Field(description="Matching clients, best first.")
    trip: WholeTrip | None = Field(default=None, description="The best match, if it is a trip.")
    client: WholeClient | None = Field(default=None, description="The best match, if it is a client.")
    lines: list[Line] = Field(default=[], description="For queries.")
    more: list[Rest] = Field(default=[], description="Fields of the trip that are cut.")
    part: Part | None = Field(default=None, description="The next part of a field, for a cursor.")


async def get_anything(db: Database, args: FindArguments) -> Found:
    if args.cursor is not None:
        return await _continued(db, args.cursor)
    if args.queries:
        return await _each(db, args.queries)
    query = (args.query or "").strip()
    if not read_query(query).words:
        raise InvalidInput("query has no words to search for.", "Send an id, a name, an e-mail, or any words.")
    matches = await find(db, query, args.search_strategy)
    if not matches:
        raise _not_found(query, matches, broad=args.search_strategy == "broad")
    found = Found(
        message="",
        trips=[FoundTrip.model_validate({**match.row, "why": match.reason}) for match in matches.trips],
        clients=[FoundClient.model_validate({**match.row, "why": match.reason}) for match in matches.clients],
    )
    several = [match.row for match in matches.clients] if len(matches.clients) > 1 else []
    latest, cut = await gather(latest_trips(db, several), _add_best(db, matches, found, whole=args.include_everything))
    for client, row in zip(found.clients, several, strict=False):
        client.latest_trips = latest.get(row["email"], [])
    found.message = _message(found, cut) + matches.note
    return found


async def _add_best(db: Database, matches: Matches, found: Found, *, whole: bool) -> str:
    """Add the best match in full if wanted, unless several are equally good; return a note for the message."""
    if not whole:
        return ""
    best = matches.best
    if "trip_id" in best[0].row:
        if len(best) == 1:
            return await _add_trip(db, found, best[0].row["trip_id"])
        one = best[0].row["trip_id"]
        return f" Several trips match equally: send one of their ids, such as 'id {one}', to see it in full."
    if len(best) == 1:
        found.client = await whole_client(db, best[0].row)
    return ""


async def _each(db: Database, queries: Sequence[str]) -> Found:
    """Answer each text with one line. Their searches share their reads."""
    together = JoiningDatabase(db)
    lines = await gather(*(_line(together, query.strip()) for query in queries))
    counts = Counter(line.result for line in lines)
    told = ", ".join(f"{counts[result]} {words}" for result, words in RESULTS_IN_WORDS.items() if counts[result])
    return Found(message=f"{len(lines)} searched: {told}.", trips=[], clients=[], lines=list(lines))


async def _line(db: Database, query: str) -> Line:
    if not read_query(query).words:
        return Line(query=query, result="none", matches=[])
    matches = await find(db, query, "fuzzy", with_trips=False)
    if not matches:
        return Line(query=query, result="none", matches=matches.nearest)
    best, note = matches.best, " (by spelling)" if matches.best[0].why is Why.SPELLING else ""
    if len(best) == 1:
        return Line(query=query, result="found", matches=[described(best[0]) + note])
    latest = await latest_trips(db, [match.row for match in best if "email" in match.row])
    shown = [described(match, latest.get(str(match.row.get("email")), [])) + note for match in best[:SEVERAL_SHOWN]]
    return Line(query=query, result="several", matches=shown)


async def _add_trip(db: Database, found: Found, trip_id: int) -> str:
    """Add the trip, cut to fit one answer; return a note about what was cut, and about its imported documents."""
    trip, imported = await gather(whole_trip(db, trip_id), documents.count(db, trip_id))
    if trip:
        found.trip, found.more = as_answered(trip)
    pointer = f" get_trip_documents lists its {imported} imported documents." if imported else ""
    return pointer + parts.words(found.more)


async def _continued(db: Database, cursor: str) -> Found:
    trip, part, rests = await part_of_trip(db, cursor)
    words = f"{with_id(trip.trip_name, trip.trip_id)}: next part of {part.field}.{parts.words(rests)}"
    return Found(message=words, trips=[], clients=[], more=rests, part=part)


def _not_found(query: str, matches: Matches, *, broad: bool) -> NotFound:
    hint = f" Nearest by spelling: {'; '.join(matches.nearest)}." if matches.nearest else ""
    return NotFound(
        f"No trip or client matches {in_quotes(query)}.{hint}",
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
    people = [
        addressed(client.full_name, client.email)
        + (f" (on {' and '.join(client.latest_trips)})" if client.latest_trips else "")
        for client in found.clients
        if not found.client
    ]
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
