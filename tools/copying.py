"""The tool copy_trip, which repeats a trip on other dates."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field

from database import activity, assignments, guests, slugs, trips
from database.clock import now
from database.errors import GuardFailed
from database.later import Later
from database.quoting import in_quotes
from tools.answers.committing import commit
from tools.answers.errors import Conflict, InvalidInput
from tools.answers.fields import Day, Name, TripIdentifier
from tools.answers.models import with_id
from tools.answers.state import guest_names
from tools.finding.identifiers import resolve_trip
from tools.tool import Hints, Tool, WriteArguments
from tools.trip import shapes
from tools.trip.draft import GUESTS_LISTED
from tools.trip.itinerary import times
from tools.trip.itinerary.entries import unconfirmed
from tools.trip.itinerary.shifting import shift
from tools.trip.itinerary.telling import moved_words
from tools.trip.itinerary.whole import Itinerary
from tools.trips import TripCreated

if TYPE_CHECKING:
    from collections.abc import Collection

    from database.engine import Database, Row
    from tools.answers.state import TripState
    from tools.trip.itinerary.shifting import Moved

# Maximum attempts if concurrent changes keep interfering.
TRIES = 100

Part = Literal["travelers", "schedule", "stays", "transport", "notes", "cost"]

PARTS: tuple[Part, ...] = ("travelers", "schedule", "stays", "transport", "notes", "cost")

# The columns of the parts of an itinerary.
COLUMNS: dict[str, Part] = {"schedule": "schedule", "accommodations": "stays", "transportation": "transport"}


class CopyTripArguments(WriteArguments):
    trip_identifier: TripIdentifier
    new_name: Annotated[Name, Field(description="Name of the new trip.")]
    start_date: Annotated[Day, Field(description="Its first day, YYYY-MM-DD; all dates move along.")]
    include: Annotated[
        list[Part], Field(default_factory=lambda: list(PARTS), min_length=1, max_length=6, description="Else all.")
    ]


async def copy_trip(db: Database, args: CopyTripArguments) -> TripCreated:
    source = await resolve_trip(db, args.trip_identifier)
    trip_id = source["trip_id"]
    for _ in range(TRIES):
        read, columns, on_trip, slug = await gather(
            trips.editable(db, trip_id),
            trips.itinerary(db, [trip_id]),
            guests.on_small_trips(db, [trip_id]),
            slugs.free_slug(db, args.new_name),
        )
        if read is None:
            raise Conflict(f"Trip {trip_id} has been deleted.", "Send another trip_identifier.")
        try:
            return await _commit(db, args, read, columns[trip_id], on_trip, slug)
        except GuardFailed:
            continue
    raise Conflict(f"Trip {trip_id} kept changing while this call tried to copy it.", "Send the call again.")


async def _commit(  # noqa: PLR0913 - what was read before the write
    db: Database, args: CopyTripArguments, read: Row, columns: Row, on_trip: list[Row], slug: str
) -> TripCreated:
    days, end = _period(read, args)
    moment = now()
    parts = set(args.include)
    itinerary, moved = _shifted(columns, read, args, days)
    values = _columns(args, read, parts, slug, end, moment)
    later = Later()
    with_people = "travelers" in parts
    names = guest_names(on_trip[:GUESTS_LISTED]) if with_people else []
    new_id = later.trip_id(slug)
    answer = TripCreated(
        message=f"{with_id(read['trip_name'], read['trip_id'])} copied to {in_quotes(args.new_name)}, id {new_id}, "
        f"{args.start_date} to {end}.{moved_words(moved, days) if days else ''}{_left_out(args)} Not copied: payments, "
        "documents, workflow and confirmation numbers.",
        trip_id=new_id,
        trip_slug=slug,
        trip_name=args.new_name,
        after=cast("TripState", later.trip_state(slug, names)),
    )
    statements = [
        trips.guard_unchanged(read),
        trips.guard_itinerary(read["trip_id"], columns),
        trips.guard_slug_free(slug),
        trips.insert(values),
        trips.insert_itinerary(slug, itinerary),
        *(assignments.copy(slug, read["trip_id"], moment) if with_people else []),
        activity.log(slug, [("TripCopied", f"Copied from {read['trip_name']} (id {read['trip_id']})")], moment),
    ]
    return await commit(db, statements, answer, later)


def _period(read: Row, args: CopyTripArguments) -> tuple[int, str]:
    """Return by how many days the copy is later, and its last day."""
    first, last, start = (times.day_of(one) for one in (read["start_date"], read["end_date"], args.start_date))
    if first is None or last is None or start is None:
        raise InvalidInput(
            f"Trip {read['trip_id']} has dates that can't be read.", "Set them with update_dates, then copy the trip."
        )
    days = (start - first).days
    end = times.added(last, days)
    if end is None:
        raise InvalidInput(f"start_date {args.start_date} is beyond the calendar.", "Send an earlier start_date.")
    return days, end.isoformat()


def _shifted(columns: Row, read: Row, args: CopyTripArguments, days: int) -> tuple[dict[str, Any], Moved]:
    """Return the columns of the copy's itinerary, and what was moved in them."""
    included = {column: columns[column] if part in args.include else "[]" for column, part in COLUMNS.items()}
    itinerary = Itinerary.of({**columns, **included}, read["start_date"])
    for slot in (*itinerary.schedule.items, *itinerary.stays.slots, *itinerary.transport.slots):
        slot.value = unconfirmed(slot.value)
    moved = shift(itinerary.schedule, itinerary.stays, itinerary.transport, days)
    return itinerary.written(), moved


def _left_out(args: CopyTripArguments) -> str:
    without = [part for part in PARTS if part not in args.include]
    return f" Left out: {', '.join(without)}." if without else ""


def _columns(  # noqa: PLR0913 - what the new row consists of
    args: CopyTripArguments, read: Row, parts: Collection[Part], slug: str, end: str, moment: str
) -> dict[str, Any]:
    currency = shapes.as_object(shapes.load_json(read["financials"]), "earlier").get("currency")
    cost = read["total_cost"] if "cost" in parts else 0
    return {
        "trip_name": args.new_name,
        "trip_slug": slug,
        "status": "planning",
        "start_date": args.start_date,
        "end_date": end,
        "destinations": read["destinations"],
        "group_name": read["group_name"],
        "total_cost": cost,
        "financials": shapes.dump_json(shapes.with_cost(None, cost, currency)),
        "notes": read["notes"] if "notes" in parts else "{}",
        "primary_client_email": read["primary_client_email"] if "travelers" in parts else None,
        "search_text": trips.search_text(args.new_name, read["destinations"]),
        "created_at": moment,
        "updated_at": moment,
    }


TOOL = Tool(
    name="copy_trip",
    title="Copy a trip",
    description="Repeat a trip as a new one on other dates, with its people, itinerary, notes and cost.",
    group="trips",
    hints=Hints(),
    input=CopyTripArguments,
    output=TripCreated,
    run=copy_trip,
)
