"""Tools that list trips and recent activities, and show where work on a trip stopped."""

from __future__ import annotations

import json
from asyncio import gather
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter, model_validator

from database import activity, listing
from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.answers.errors import NotFound
from tools.answers.fields import MAX_INTEGER, Currency, Day, Email, Status, TripIdentifier
from tools.answers.guests import NOT_LINKED, unreadable_notes
from tools.answers.models import Activity, Plain, TripMoney, TripSummary
from tools.answers.money import Sums, amount_words, sums_words
from tools.answers.pages import Cursor, Id, Limit, Page, cursor_of, more_words, page_of, place_of
from tools.finding.identifiers import describe, resolve_trip
from tools.finding.people import ClientIdentifier, ClientReference, Directory, resolve_client
from tools.tool import READS, Answer, Arguments, Tool
from tools.workflow import describe_position, load_standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database, Row

# Number of travelers listed with each trip; the rest are only counted.
TRAVELERS_SHOWN = 20

Statuses = Annotated[list[Status], Field(max_length=5)]

# Number of latest activities shown by continue_trip.
ACTIVITIES = 5

# The position of a trip in the list: its first day and its id.
TRIP_PLACES = TypeAdapter(tuple[str, Id])

# The position of an activity in the list: the start of the list's period, and the activity's id.
ACTIVITY_PLACES = TypeAdapter(tuple[Annotated[str, Field(min_length=19, max_length=19)], Id])


class ListTripsArguments(Arguments):
    status: Annotated[Statuses | None, Field(description="One or several.")] = None
    exclude_status: Annotated[Statuses | None, Field(description="Not these.")] = None
    starts_after: Annotated[Day | None, Field(description="First day on or after, YYYY-MM-DD.")] = None
    starts_before: Annotated[Day | None, Field(description="First day on or before, YYYY-MM-DD.")] = None
    ends_after: Annotated[
        Day | None, Field(description="Last day on or after; with starts_before: trips in a period.")
    ] = None
    ends_before: Annotated[Day | None, Field(description="Last day on or before.")] = None
    client: Annotated[ClientIdentifier | None, Field(description="Id, e-mail or exact name.")] = None
    client_email: Email | None = None
    currency: Annotated[Currency | None, Field(description="Trip's currency.")] = None
    unpaid_only: Annotated[bool, Field(description="With a balance.")] = False
    limit: Limit = 20
    cursor: Cursor | None = None


class ListedTrip(TripSummary):
    travelers: int = Field(description="Number of travelers.")
    traveler_names: list[Plain] = Field(description="First travelers' names.")
    unreadable: str | None = Field(description="Set if a client list could not be read.")


class TripsPage(Page):
    trips: list[ListedTrip] = Field(description="The trips, earliest start first.")
    total: int = Field(description="Number on all pages.")
    sums: Sums


class RecentActivitiesArguments(Arguments):
    days: Annotated[int, Field(ge=1, le=365, description="How many days back.")] = 7
    limit: Limit = 20
    trip_identifier: TripIdentifier | None = None
    cursor: Cursor | None = None


class LoggedActivity(Activity):
    trip_id: int | None = Field(description="Trip id.")
    trip_name: str | None = Field(description="Trip name; null if deleted.")
    client_id: int | None = Field(description="Client id.")


class ActivitiesPage(Page):
    activities: list[LoggedActivity] = Field(description="Activities, latest first.")
    total: int = Field(description="Number on all pages.")


class ContinueTripArguments(Arguments):
    search_query: Annotated[
        str | None, Field(min_length=1, max_length=300, description="Id, slug, name or words of the trip.")
    ] = None
    activity_id: Annotated[int | None, Field(ge=1, le=MAX_INTEGER, description="An activity on the trip.")] = None

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        if self.search_query is not None and self.activity_id is not None:
            raise ValueError("has both search_query and activity_id: send only one of them, or neither")
        return self


class TripToContinue(Answer, TripMoney):
    current_phase: str | None = Field(description="Workflow phase; null if none.")
    current_step: int | None = Field(description="Workflow step.")
    next_phase: str | None = Field(description="Next phase.")
    missing: list[str] = Field(description="What is missing to finish the phase.")
    recent_activity: list[Activity] = Field(description="Last activities, latest first.")


async def list_trips(db: Database, args: ListTripsArguments) -> TripsPage:
    asked = args.model_dump(exclude={"limit", "cursor"})
    place = place_of(args.cursor, asked, TRIP_PLACES)
    wanted = listing.TripFilter(
        status=_as_json(args.status),
        exclude_status=_as_json(args.exclude_status),
        starts_after=args.starts_after,
        starts_before=args.starts_before,
        ends_after=args.ends_after,
        ends_before=args.ends_before,
        client_id=await _client_id(db, args),
        currency=args.currency,
        unpaid_only=1 if args.unpaid_only else None,
    )
    rows, sums = await gather(
        listing.trips_behind(db, wanted, place, args.limit + 1), listing.sums_of_trips(db, wanted)
    )
    page, more = page_of(await _with_travelers(db, rows), args.limit)
    total = sum(one["trips"] for one in sums)
    names = named([_listed(trip) for trip in page])
    money = sums_words(sums)
    return TripsPage(
        message=f"{len(page)} of {total} trips{': ' if names else ''}{names}.{money}{more_words(more=more)}",
        trips=page,
        total=total,
        sums=[dict(one) for one in sums],
        next_cursor=cursor_of((page[-1].start_date, page[-1].trip_id), asked) if more else None,
    )


async def get_recent_activities(db: Database, args: RecentActivitiesArguments) -> ActivitiesPage:
    asked = args.model_dump(exclude={"limit", "cursor"})
    since, before = place_of(args.cursor, asked, ACTIVITY_PLACES) or (_days_ago(args.days), None)
    trip_id = None
    if args.trip_identifier is not None:
        trip_id = (await resolve_trip(db, args.trip_identifier))["trip_id"]
    wanted = listing.ActivityFilter(since, trip_id)
    found = await listing.activities_before(db, wanted, before, args.limit + 1)
    page, more = page_of([LoggedActivity(**row) for row in found], args.limit)
    total = await listing.count_activities(db, wanted)
    return ActivitiesPage(
        message=f"{len(page)} of {total} activities since {since}.{more_words(more=more)}",
        activities=page,
        total=total,
        next_cursor=cursor_of((since, page[-1].activity_id), asked) if more else None,
    )


async def continue_trip(db: Database, args: ContinueTripArguments) -> TripToContinue:
    trip = await _trip_to_continue(db, args)
    standing = await load_standing(db, trip["trip_id"])
    done = [Activity(**row) for row in await activity.of_trip(db, trip["trip_id"], ACTIVITIES)]
    last = f" Last: {as_word(done[0].type)} at {as_word(done[0].at)}." if done else ""
    return TripToContinue(
        message=f"{describe(standing.trip)}: {describe_position(standing)}{last}",
        **{key: standing.trip[key] for key in TripMoney.model_fields},
        current_phase=standing.phase,
        current_step=standing.step,
        next_phase=standing.next_phase,
        missing=standing.missing,
        recent_activity=done,
    )


async def _client_id(db: Database, args: ListTripsArguments) -> int | None:
    if args.client is not None:
        return await resolve_client(db, args.client, "client")
    if args.client_email is None:
        return None
    who = ClientReference(email=args.client_email)
    directory = await Directory.load(db, [who])
    email = directory.require(who)
    return next(row["client_id"] for row in directory.rows if row["email"] == email)


def _as_json(statuses: Sequence[str] | None) -> str | None:
    return json.dumps(statuses) if statuses else None


def _listed(trip: ListedTrip) -> str:
    others = trip.travelers - len(trip.traveler_names[:2])
    who = ", ".join(map(in_quotes, trip.traveler_names[:2])) + (f" and {others} more" if others else "") or "nobody yet"
    unreadable = ", client list unreadable" if trip.unreadable else ""
    period = f"{as_word(trip.start_date)} to {as_word(trip.end_date)}"
    money = f", balance {amount_words(trip.balance, trip.currency)}" if trip.balance else ""
    return f"{in_quotes(trip.trip_name)} (id {trip.trip_id}, {period}, {who}{money}{unreadable})"


async def _with_travelers(db: Database, page: list[Row]) -> list[ListedTrip]:
    names: dict[int, list[str]] = {}
    counts: dict[int, int] = {}
    trip_ids = [trip["trip_id"] for trip in page]
    for row in await listing.travelers(db, trip_ids, TRAVELERS_SHOWN):
        marks = ("", f" ({NOT_LINKED})", " (shares an e-mail)")
        name = f"{row['full_name']}{marks[int(row['guest'])]}"
        names.setdefault(row["trip_id"], []).append(name)
        counts[row["trip_id"]] = row["travelers"]
    unreadable = await unreadable_notes(db, trip_ids)
    return [
        ListedTrip(
            **trip,
            travelers=counts.get(trip["trip_id"], 0),
            traveler_names=names.get(trip["trip_id"], []),
            unreadable=unreadable.get(trip["trip_id"]),
        )
        for trip in page
    ]


async def _trip_to_continue(db: Database, args: ContinueTripArguments) -> Row:
    if args.search_query is not None:
        return await resolve_trip(db, args.search_query, "search_query")
    if args.activity_id is not None:
        trip = await listing.trip_of_activity(db, args.activity_id)
        if trip is None:
            raise NotFound(
                f"Activity {args.activity_id} does not belong to an existing trip.",
                "Send an activity_id from get_recent_activities, or a search_query.",
            )
        return trip
    trip = await listing.latest_active_trip(db)
    if trip is None:
        raise NotFound("There are no trips yet.", "Create one with create_trip_with_client.")
    return trip


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")


TOOLS = [
    Tool(
        name="list_trips",
        title="List trips",
        description="List trips by first day, with travelers, money and sums. For trips in May, set starts_before to "
        "May 31 and ends_after to May 1.",
        group="trips",
        hints=READS,
        input=ListTripsArguments,
        output=TripsPage,
        run=list_trips,
    ),
    Tool(
        name="get_recent_activities",
        title="Show recent activities",
        description="List recent activities on one trip or all, latest first.",
        group="trips",
        hints=READS,
        input=RecentActivitiesArguments,
        output=ActivitiesPage,
        run=get_recent_activities,
    ),
    Tool(
        name="continue_trip",
        title="Resume a trip",
        description="Show where work on a trip stopped: phase, step, last activities, what is missing to finish the "
        "phase. Without arguments: the last active trip.",
        group="trips",
        hints=READS,
        input=ContinueTripArguments,
        output=TripToContinue,
        run=continue_trip,
    ),
]
