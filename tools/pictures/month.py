"""The tool show_month: who travels when, and who is on two trips at once."""

from __future__ import annotations

from asyncio import gather
from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, Field

from database import listing, months
from database.quoting import as_word, in_quotes
from tools.answers.bounds import ROOM, fitting, named
from tools.answers.guests import unreadable_notes
from tools.finding.people import ClientIdentifier, resolve_client
from tools.pictures.words import Span, counted, text, today
from tools.tool import READS, Answer, Arguments, Tool

if TYPE_CHECKING:
    from database.engine import Database, Row

# Number of trips and clashes in a picture; the rest are counted.
TRIPS_SHOWN, CLASHES_SHOWN = 60, 20

# Number of travelers named with each trip.
TRAVELERS_SHOWN = 5

# Room for the clashes, in bytes.
CLASHES_ROOM = 6_000

# The days from today in which a trip counts as leaving soon.
SOON = 7


def _month(value: str) -> str:
    try:
        return date.fromisoformat(f"{value}-01").isoformat()[:7]
    except ValueError as error:
        raise ValueError("is not a month in the form YYYY-MM") from error


Month = Annotated[
    str, Field(min_length=7, max_length=7, description="YYYY-MM; else this month."), AfterValidator(_month)
]


class ShowMonthArguments(Arguments):
    month: Month | None = None
    client: Annotated[ClientIdentifier | None, Field(description="Only this client's trips.")] = None


class Clash(Span):
    client_id: int = Field(description="Client id.")
    name: str = Field(description="Client's name.")
    trip_ids: list[int] = Field(description="Trip ids.")
    trips: list[str] = Field(description="Trip names.")


class MonthTrip(BaseModel):
    trip_id: int = Field(description="Trip id.")
    name: str = Field(description="Trip name.")
    place: str | None = Field(description="Destinations.")
    start: str = Field(description="First day.")
    end: str = Field(description="Last day.")
    status: str | None = Field(description="Trip status.")
    travelers: list[str] = Field(description="First travelers' names.")
    travelers_total: int = Field(description="Number of travelers.")
    unreadable: str | None = Field(description="Set if a client list could not be read.")


class MonthPicture(Answer):
    month: str = Field(description="Month.")
    today: str = Field(description="Today.")
    client: str | None = Field(description="The client, if only theirs.")
    total: int = Field(description="Number of trips, without cancelled ones.")
    people: int = Field(description="Number of travelers.")
    leaving: int = Field(description="Trips that leave within seven days.")
    clashes: list[Clash] = Field(description="Clients on two trips at once.")
    clashes_more: int = Field(description="Left out.")
    trips: list[MonthTrip] = Field(description="Trips by first day.")
    more: int = Field(description="Trips left out.")


async def show_month(db: Database, args: ShowMonthArguments) -> MonthPicture:
    now = today()
    month = args.month or now.isoformat()[:7]
    year, number = map(int, month.split("-"))
    client_id = await resolve_client(db, args.client, "client") if args.client is not None else None
    period = months.Period(f"{month}-01", f"{month}-{monthrange(year, number)[1]:02}", client_id)
    rows, every = await months.trips_in(db, period, TRIPS_SHOWN)
    ids, shown_ids = [trip_id for trip_id, _ in every], [row["trip_id"] for row in rows]
    people, clashes, travelers, unreadable = await gather(
        months.count_travelers(db, ids),
        months.clashes(db, ids, client_id, CLASHES_SHOWN),
        listing.travelers(db, shown_ids, TRAVELERS_SHOWN),
        unreadable_notes(db, shown_ids),
    )
    clashing = [_clash(row) for row in clashes]
    clashing = clashing[: fitting(clashing, CLASHES_ROOM)]
    trips = [_trip(row, travelers, unreadable.get(row["trip_id"])) for row in rows]
    trips = trips[: fitting(trips, ROOM - CLASHES_ROOM)]
    soon = {(now + timedelta(days)).isoformat() for days in range(SOON)}
    picture = MonthPicture(
        message="",
        month=month,
        today=now.isoformat(),
        client=args.client and text(args.client),
        total=len(every),
        people=people,
        leaving=sum(start in soon for _, start in every),
        clashes=clashing,
        clashes_more=(clashes[0]["total"] if clashes else 0) - len(clashing),
        trips=trips,
        more=len(every) - len(trips),
    )
    return picture.model_copy(update={"message": _words(picture)})


def _clash(row: Row) -> Clash:
    return Clash(
        first=text(row["first_day"]),
        last=text(row["last_day"]),
        client_id=row["client_id"],
        name=text(row["name"]),
        trip_ids=[row["first_id"], row["second_id"]],
        trips=[text(row["first_name"]), text(row["second_name"])],
    )


def _trip(row: Row, travelers: list[Row], unreadable: str | None) -> MonthTrip:
    on_trip = [one for one in travelers if one["trip_id"] == row["trip_id"]]
    return MonthTrip(
        trip_id=row["trip_id"],
        name=text(row["trip_name"]),
        place=text(row["destinations"]) or None,
        start=text(row["start"]),
        end=text(row["end"]),
        status=text(row["status"]) or None,
        travelers=[text(one["full_name"]) for one in on_trip],
        travelers_total=on_trip[0]["travelers"] if on_trip else 0,
        unreadable=unreadable,
    )


def _words(month: MonthPicture) -> str:
    whose = f" of client {in_quotes(month.client)}" if month.client else ""
    head = f"{month.month}: {counted(month.total, 'trip')}{whose}, {counted(month.people, 'traveler')}"
    head += f", {counted(month.leaving, 'trip')} leaving within {SOON} days" if month.leaving else ""
    trips = named([_trip_words(trip) for trip in month.trips], month.total)
    clashes = named([_clash_words(one) for one in month.clashes], len(month.clashes) + month.clashes_more)
    return (
        head
        + (f": {trips}" if trips else "")
        + (f". On two trips at once: {clashes}." if clashes else ".")
        + (f" Left out: {counted(month.more, 'trip')}, see list_trips." if month.more else "")
    )


def _trip_words(trip: MonthTrip) -> str:
    who = ", ".join(map(in_quotes, trip.travelers[:2])) or "nobody yet"
    others = trip.travelers_total - len(trip.travelers[:2])
    return (
        f"{in_quotes(trip.name)} (id {trip.trip_id}, {as_word(trip.start)} to {as_word(trip.end)}, {who}"
        f"{f' and {others} more' if others else ''}{', client list unreadable' if trip.unreadable else ''})"
    )


def _clash_words(one: Clash) -> str:
    trips = " and ".join(map(in_quotes, one.trips))
    return f"{in_quotes(one.name)} on {trips} ({as_word(one.first)} to {as_word(one.last)})"


TOOL = Tool(
    name="show_month",
    title="Draw a month",
    description="Draw a month: who travels when, and who is on two trips at once.",
    group="pictures",
    hints=READS,
    input=ShowMonthArguments,
    output=MonthPicture,
    run=show_month,
)
