"""Complete trips and clients, with long fields cut to fit one answer."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from database import activity, assignments, clients, guests, payments, trips
from database.shadow import compare_stores
from tools.answers import parts
from tools.answers.bounds import ROOM, shortened
from tools.answers.errors import NotFound
from tools.answers.guests import unreadable_notes
from tools.answers.models import Activity, ClientHead, ClientTrip, Contact, Number, TripSummary, Written
from tools.answers.money import due_answered, payment_answered
from tools.trip import shapes
from tools.trip.ledger import due

if TYPE_CHECKING:
    from database.engine import Database, Row
    from tools.answers.parts import Part, Rest

# Number of latest activities shown for a trip.
ACTIVITIES = 10

# Number of latest trips shown for a client.
TRIPS = 10

# Maximum length of a text in the lists of travelers and activities.
ITEM_TEXT = 500

# JSON columns of a trip, and their names in an answer.
COLUMNS = {
    "financials": "financials",
    "schedule": "schedule",
    "accommodations": "accommodations",
    "transportation": "transportation",
    "documents": "documents",
    "notes": "notes",
    "workflow_state": "workflow",
}

# Fields of a trip that may be longer than an answer.
LONG = (*COLUMNS.values(), "clients", "guests", "payments", "payment_plan", "recent_activity")


class Traveler(ClientHead):
    assignment_id: int = Field(description="Assignment id.")
    role: str = Field(description="The client's role.")
    assigned_at: Written = Field(description="Since when.")


class Guest(BaseModel):
    name: str = Field(description="Name.")
    email: Written = Field(description="E-mail, if any.")
    role: str = Field(description="Role.")
    shares_with: Written = Field(description="Client whose e-mail they share; null if not linked to a client.")


class WholeTrip(TripSummary):
    group_name: Written = Field(description="Group name.")
    primary_client_email: Contact = Field(description="Primary client.")
    clients: list[Traveler] = Field(description="Clients with roles.")
    guests: list[Guest] = Field(description="People without a client of their own.")
    unreadable: str | None = Field(description="Set if a client list could not be read.")
    paid_amount: Number = Field(description="Same as paid.")
    payments: list[dict[str, Any]] = Field(description="Payments; id, amount, currency, kind, date and so on.")
    payment_plan: list[dict[str, Any]] = Field(description="What is due: date, amount, what is open of it, label.")
    financials: Any = Field(description="Financials.")
    schedule: Any = Field(
        description="Days with activities; an item_id is its id, else day.item, as 2.3 for the third of day 2."
    )
    accommodations: Any = Field(description="Stays; an item_id is its id, else its number from 1.")
    transportation: Any = Field(description="Transport; item_id as for stays.")
    documents: Any = Field(description="Documents.")
    notes: Any = Field(description="Notes; a note_id is its id, else its number from 1 or its key.")
    workflow: Any = Field(description="Phase, step and history.")
    facts: dict[str, Any] | None = Field(description="Computed facts, if any.")
    recent_activity: list[Activity] = Field(description="Last activities, latest first.")
    created_at: Written = Field(description="When it was created.")
    updated_at: Written = Field(description="When it last changed.")


class WholeClient(ClientHead):
    contact_info: Any = Field(description="Phone, address and so on.")
    preferences: Any = Field(description="Preferences.")
    trips: list[ClientTrip] = Field(description="Their trips, latest first.")


async def whole_trip(db: Database, trip_id: int) -> WholeTrip | None:
    (row, facts, entries, held), (travelers, on_trip, unreadable, _) = await gather(
        gather(
            trips.whole(db, trip_id),
            trips.facts(db, trip_id),
            activity.of_trip(db, trip_id, ACTIVITIES),
            payments.of_trips(db, [trip_id]),
        ),
        gather(
            assignments.on_trip(db, trip_id),
            guests.on_trips(db, [trip_id]),
            unreadable_notes(db, [trip_id]),
            compare_stores(db, trip_id),
        ),
    )
    if row is None or not held:
        return None
    money = held[trip_id]
    return WholeTrip(
        **{**row} | {name: shapes.load_for_answer(row[column]) for column, name in COLUMNS.items()},
        clients=[Traveler(**traveler) for traveler in travelers],
        guests=[Guest(**guest) for guest in on_trip],
        unreadable=unreadable.get(trip_id),
        payments=[payment_answered(one, money.currency) for one in money.payments],
        payment_plan=[due_answered(*one) for one in due(money.plan, money.shown or 0)],
        facts=facts,
        recent_activity=[Activity(**entry) for entry in entries],
    )


def shareable(trip: WholeTrip) -> WholeTrip:
    """Return the trip without what is only for the team: most notes, the workflow, the activity log, other figures."""
    own = {"notes": shapes.shared_notes(trip.notes), "workflow": None, "recent_activity": []}
    return trip.model_copy(update=own | {"financials": None, "facts": None})


def as_answered(trip: WholeTrip) -> tuple[WholeTrip, list[Rest]]:
    """Cut the trip to fit one answer; return it, and a Rest for each field that was cut."""
    trip = _with_short_items(trip)
    dumped = trip.model_dump(mode="json", include=set(LONG))
    shown, rests = parts.divided("trip", trip.trip_id, dumped, ROOM)
    cut = {rest.field: shown[rest.field] for rest in rests if rest.field in COLUMNS.values()}
    typed = {rest.field: getattr(trip, rest.field)[: rest.shown] for rest in rests if rest.field not in cut}
    return trip.model_copy(update=cut | typed), rests


def _with_short_items(trip: WholeTrip) -> WholeTrip:
    """Shorten the texts of travelers and activities so that more of them fit."""
    return trip.model_copy(
        update={
            "clients": [one.model_copy(update=_short(one, "full_name", "email", "role")) for one in trip.clients],
            "guests": [one.model_copy(update=_short(one, "name", "email", "role")) for one in trip.guests],
            "recent_activity": [one.model_copy(update=_short(one, "type", "details")) for one in trip.recent_activity],
        }
    )


def _short(item: Traveler | Guest | Activity, *names: str) -> dict[str, str | None]:
    texts: dict[str, str | None] = {name: getattr(item, name) for name in names}
    return {name: text and shortened(text, ITEM_TEXT) for name, text in texts.items()}


async def part_of_trip(db: Database, cursor: str) -> tuple[WholeTrip, Part, list[Rest]]:
    """Return the trip, the next part of the cursor's field, and a Rest if more of the field is left."""
    place = parts.place_of(cursor, "trip", LONG)
    trip = await whole_trip(db, place.number)
    if trip is None:
        raise NotFound(f"Trip {place.number} has been deleted.", "Send another query.")
    value = _with_short_items(trip).model_dump(mode="json", include={place.field})[place.field]
    return trip, *parts.following(place, value, ROOM)


async def whole_client(db: Database, client: Row) -> WholeClient | None:
    """Return the client with this `client_id` and `email`, or None if they were deleted or got another e-mail."""
    found, of_client = await gather(
        clients.with_ids(db, [client["client_id"]]), trips.of_client(db, client["email"], TRIPS)
    )
    row = found.get(client["client_id"])
    if row is None or row["email"] != client["email"]:
        return None
    return WholeClient(
        **{**row} | {name: shapes.load_for_answer(row[name]) for name in ("contact_info", "preferences")},
        trips=[ClientTrip(**trip) for trip in of_client],
    )
