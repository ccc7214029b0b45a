"""get_anything: trips and clients by any words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from database import activity, assignments, clients, trips
from database.search import clients_with_words, trips_with_words
from database.shadow import compare_stores
from tools import shapes
from tools.errors import InvalidInput, NotFound
from tools.identifiers import describe, exact_trips, nearest_trips, words_of
from tools.tool import READS, Answer, Arguments, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# Most trips and most clients in one answer.
SHOWN = 10

# Latest activities in a whole trip.
ACTIVITIES = 10


# Columns of an old database may hold what their type does not promise: a date as a number, a cost as words.
Written = Annotated[str | None, BeforeValidator(lambda value: value if value is None else str(value))]
Number = Annotated[float | None, BeforeValidator(lambda value: value if isinstance(value, int | float) else None)]


class FindArguments(Arguments):
    query: Annotated[
        str, Field(max_length=300, description="An id, slug, name or e-mail, or words of name, destination or client.")
    ]
    include_everything: Annotated[bool, Field(description="Give the best match whole, not only its summary.")] = True
    search_strategy: Annotated[
        Literal["exact", "fuzzy", "broad"],
        Field(description="exact: id, slug, name or e-mail; fuzzy: also all words; broad: also any word or spelling."),
    ] = "fuzzy"


class TripSummary(BaseModel):
    trip_id: int = Field(description="Id of the trip.")
    trip_name: str = Field(description="Its name.")
    trip_slug: Written = Field(description="Its slug.")
    status: Written = Field(description="How far it is.")
    start_date: str = Field(description="First day.")
    end_date: str = Field(description="Last day.")
    destinations: Written = Field(description="Where it goes.")
    total_cost: Number = Field(description="Total cost.")
    why: str = Field(description="Why it matched: exact, words, some words, client or spelling.")


class ClientSummary(BaseModel):
    client_id: int = Field(description="Id of the client.")
    email: str = Field(description="E-mail, as stored.")
    full_name: str = Field(description="Name.")
    why: str = Field(description="Why they matched: exact, words or some words.")


class Traveler(BaseModel):
    assignment_id: int = Field(description="Id of the assignment.")
    client_id: int = Field(description="Id of the client.")
    email: str = Field(description="E-mail, as stored.")
    full_name: str = Field(description="Name.")
    role: str = Field(description="What the client is on this trip.")
    assigned_at: Written = Field(description="Since when.")


class Activity(BaseModel):
    activity_id: int = Field(description="Id of the entry.")
    type: Written = Field(description="Kind of activity.")
    details: Written = Field(description="What happened.")
    at: Written = Field(description="When.")


class WholeTrip(BaseModel):
    trip_id: int = Field(description="Id of the trip.")
    trip_name: str = Field(description="Its name.")
    trip_slug: Written = Field(description="Its slug.")
    status: Written = Field(description="How far it is.")
    start_date: str = Field(description="First day.")
    end_date: str = Field(description="Last day.")
    destinations: Written = Field(description="Where it goes.")
    group_name: Written = Field(description="The group it is for.")
    primary_client_email: Written = Field(description="Whom it is for.")
    clients: list[Traveler] = Field(description="Who travels, and in what role.")
    total_cost: Number = Field(description="Total cost.")
    paid_amount: Number = Field(description="Paid so far.")
    financials: Any = Field(description="Money, as entered.")
    schedule: Any = Field(description="The days.")
    accommodations: Any = Field(description="Where they stay.")
    transportation: Any = Field(description="How they travel.")
    documents: Any = Field(description="Documents of the trip.")
    notes: Any = Field(description="Notes.")
    workflow: Any = Field(description="Workflow phase, step and history.")
    facts: dict[str, Any] | None = Field(description="Computed facts, where there are any.")
    recent_activity: list[Activity] = Field(description="What was done last, latest first.")
    created_at: Written = Field(description="When the trip was made.")
    updated_at: Written = Field(description="When it was changed last.")


class ClientTrip(BaseModel):
    trip_id: int = Field(description="Id of the trip.")
    trip_name: str = Field(description="Its name.")
    start_date: str = Field(description="First day.")
    end_date: str = Field(description="Last day.")
    status: Written = Field(description="How far it is.")
    roles: str = Field(description="The client's roles on it.")


class WholeClient(BaseModel):
    client_id: int = Field(description="Id of the client.")
    email: str = Field(description="E-mail, as stored.")
    full_name: str = Field(description="Name.")
    contact_info: Any = Field(description="Telephone, address and the like.")
    preferences: Any = Field(description="Preferences.")
    trips: list[ClientTrip] = Field(description="The trips they are on, latest first.")


class Found(Answer):
    trips: list[TripSummary] = Field(description="Matching trips, best first.")
    clients: list[ClientSummary] = Field(description="Matching clients, best first.")
    trip: WholeTrip | None = Field(default=None, description="The best match whole, if it is a trip.")
    client: WholeClient | None = Field(default=None, description="The best match whole, if it is a client.")


async def get_anything(db: Database, args: FindArguments) -> Found:
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
    new = [TripSummary.model_validate({**row, "why": why}) for row in rows if row["trip_id"] not in have]
    found.trips = [*found.trips, *new][:SHOWN]


def _add_clients(found: Found, rows: Sequence[Row], why: str) -> None:
    have = {client.client_id for client in found.clients}
    new = [ClientSummary.model_validate({**row, "why": why}) for row in rows if row["client_id"] not in have]
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
            found.trip = await whole_trip(db, best[0].trip_id)
            return ""
        return " Several trips match alike: send the id of one to see it whole."
    if len(found.clients) == 1:
        found.client = await whole_client(db, found.clients[0].client_id)
    return ""


async def whole_trip(db: Database, trip_id: int) -> WholeTrip | None:
    row = await trips.whole(db, trip_id)
    if row is None:
        return None
    await compare_stores(db, trip_id)
    columns = dict(row)
    for column in ("financials", "schedule", "accommodations", "transportation", "documents", "notes"):
        columns[column] = shapes.parsed(columns[column])
    return WholeTrip(
        **columns,
        workflow=shapes.parsed(columns["workflow_state"]),
        clients=[Traveler(**dict(traveler)) for traveler in await assignments.on_trip(db, trip_id)],
        facts=await trips.facts(db, trip_id),
        recent_activity=[Activity(**dict(entry)) for entry in await activity.of_trip(db, trip_id, ACTIVITIES)],
    )


async def whole_client(db: Database, client_id: int) -> WholeClient | None:
    row = (await clients.with_ids(db, [client_id])).get(client_id)
    if row is None:
        return None
    return WholeClient(
        client_id=row["client_id"],
        email=row["email"],
        full_name=row["full_name"],
        contact_info=shapes.parsed(row["contact_info"]),
        preferences=shapes.parsed(row["preferences"]),
        trips=[ClientTrip(**dict(trip)) for trip in await trips.of_client(db, row["email"], SHOWN)],
    )


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
        names = ", ".join(f"{traveler.full_name} ({traveler.role})" for traveler in found.trip.clients) or "nobody yet"
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
        "Find trips and clients by id, slug, name, e-mail, destination or any words, best match first. One clear match "
        "comes whole: who travels, schedule, money, notes, workflow, recent activity. Use this before changing a trip."
    ),
    group="trips",
    hints=READS,
    input=FindArguments,
    output=Found,
    run=get_anything,
)
