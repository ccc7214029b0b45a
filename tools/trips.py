"""Tools that create trips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field, model_validator

from database import activity, assignments, clients, slugs, trips
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from database.later import Later
from database.linking import link_waiting
from database.quoting import as_word, in_quotes
from database.search import folded, words_in
from tools.answers.bounds import named
from tools.answers.committing import commit
from tools.answers.errors import Conflict, NotFound
from tools.answers.fields import (
    SIGNED,
    Currency,
    Day,
    Details,
    Email,
    Line,
    Money,
    Name,
    PersonName,
    Phone,
    Role,
    Status,
    Text,
    check_period,
)
from tools.answers.models import Contact, Plain
from tools.answers.state import LaterState
from tools.finding.people import ClientOrNew, Directory, NamedReference, namesakes_notes
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database, Statement
    from tools.answers.state import TripState

# Maximum attempts to create a trip if concurrent changes keep taking its slug or changing its client.
TRIES = 100

# Maximum number of people on a new trip who are logged one by one.
LOGGED = 20

# Maximum number of known clients among the travelers whose names a message repeats.
KNOWN_SHOWN = 40


class _NewTrip(WriteArguments):
    trip_name: Annotated[Name, Field(description="Name of the trip.")]
    start_date: Annotated[Day, Field(description="First day, YYYY-MM-DD.")]
    end_date: Annotated[Day, Field(description="Last day, YYYY-MM-DD.")]
    destinations: Annotated[Line | None, Field(description="Destinations, comma-separated.")] = None
    group_name: Annotated[Line | None, Field(description="Group name.")] = None
    total_cost: Annotated[Money, Field(description="Total cost.")] = 0
    currency: Currency = "USD"
    status: Annotated[Status, Field(description="Trip status.")] = "planning"

    @model_validator(mode="after")
    def _whole_period(self) -> Self:
        check_period(self.start_date, self.end_date)
        return self


class CreateTripArguments(_NewTrip):
    notes: Annotated[Text | None, Field(description="Notes on the trip.")] = None
    primary_client_email: Annotated[Email | None, Field(description="A known client; not added as traveler.")] = None


class TripCreated(WriteAnswer):
    trip_id: int = Field(description="Trip id.")
    trip_slug: str = Field(description="Trip slug.")
    trip_name: Plain = Field(description="Trip name.")
    after: LaterState = Field(description="The trip as created.")


class Companion(NamedReference):
    """Another person on a new trip."""

    role: Role = "traveler"


class CreateTripWithClientArguments(_NewTrip):
    client_email: Annotated[Email | None, Field(description="If any; else the name finds or creates the client.")] = (
        None
    )
    client_full_name: Annotated[PersonName, Field(description="Client's name.")]
    trip_notes: Annotated[Text | None, Field(description="Notes on the trip.")] = None
    client_phone: Phone | None = None
    client_preferences: Annotated[Details | None, Field(description="For a new client.")] = None
    client_role: Role = "primary_traveler"
    travelers: Annotated[
        list[Companion],
        Field(
            max_length=200,
            description="More people; a full_name that nobody has is a new client.",
            json_schema_extra={SIGNED: True},
        ),
    ] = Field(default_factory=list[Companion])

    @model_validator(mode="after")
    def _nobody_twice(self) -> Self:
        names = [self.client_full_name, *(one.name for one in self.travelers if one.name)]
        folded_names = [tuple(words_in(folded(name))) for name in names]
        if twice := [name for name, one in zip(names, folded_names, strict=True) if folded_names.count(one) > 1]:
            raise ValueError(
                f"has the name {in_quotes(twice[-1])} twice: send it once, and add a second person of this name with "
                "assign_client and new_client"
            )
        return self


class TripWithClientCreated(TripCreated):
    client_id: int = Field(description="Client id.")
    client_email: Contact = Field(description="Client's e-mail, as stored; null if none.")
    client_created: bool = Field(description="True if the client is new.")
    assignment_id: int = Field(description="Assignment id.")
    role: str = Field(description="The client's role on the trip.")
    json_written_by: str = Field(description="Who wrote the JSON side: trigger or backup.")


async def create_trip(db: Database, args: CreateTripArguments) -> TripCreated:
    for _ in range(TRIES):
        email = None
        guards: list[Statement] = []
        if args.primary_client_email:
            email = await _known_client(db, args.primary_client_email)
            guards.append(clients.guard_exist([email]))
        slug = await slugs.free_slug(db, args.trip_name)
        moment = now()
        trip = trips.insert(_columns(args, slug, args.notes, email, moment))
        later = Later()
        trip_id = later.trip_id(slug)
        answer = TripCreated(
            message=f"Trip {in_quotes(args.trip_name)} created with id {trip_id}.",
            trip_id=trip_id,
            trip_slug=slug,
            trip_name=args.trip_name,
            after=cast("TripState", later.trip_state(slug)),
        )
        logged = activity.log(slug, [("TripCreated", f"Created {args.trip_name}")], moment)
        try:
            return await commit(db, [*guards, trips.guard_slug_free(slug), trip, logged], answer, later)
        except GuardFailed:
            continue
    raise _kept_changing()


@dataclass(frozen=True)
class _Person:
    """Somebody on the new trip, with the e-mail under which they are or will be stored."""

    email: str
    name: str
    role: str
    is_new: bool


async def create_trip_with_client(db: Database, args: CreateTripWithClientArguments) -> TripWithClientCreated:
    refused = False
    who = ClientOrNew(
        email=args.client_email,
        full_name=args.client_full_name,
        phone=args.client_phone,
        preferences=args.client_preferences,
    )
    others = [ClientOrNew(email=one.email, client_id=one.client_id, full_name=one.full_name) for one in args.travelers]
    for _ in range(TRIES):
        directory = await Directory.load(db, [who, *others])
        people = [
            _found(directory, one, role)
            for one, role in zip([who, *others], [args.client_role, *(one.role for one in args.travelers)], strict=True)
        ]
        slug = await slugs.free_slug(db, args.trip_name)
        notes = await namesakes_notes(db, [(one.email, one.name) for one in people if one.is_new])
        said = "".join(notes) + ("" if people[0].is_new else _ignored_note(args, people[0].name))
        try:
            return await _commit_trip_with_client(db, args, slug, directory, people, said)
        except GuardFailed:
            continue
        except ConstraintViolated:
            # Another call may have just created the client with an e-mail in different case; the retry will find it.
            if refused:
                raise
            refused = True
    raise _kept_changing()


def _found(directory: Directory, who: ClientOrNew, role: str) -> _Person:
    email, is_new = directory.find_or_create(who)
    if not is_new and who.name:
        directory.require_name(email, who.name)
    return _Person(email, directory.full_name_of(email), role, is_new)


async def _commit_trip_with_client(  # noqa: PLR0913 - what was read before the write
    db: Database,
    args: CreateTripWithClientArguments,
    slug: str,
    directory: Directory,
    people: Sequence[_Person],
    said: str,
) -> TripWithClientCreated:
    moment = now()
    first = people[0]
    pairs = list(dict.fromkeys((one.email, one.role) for one in people))
    assigned = (
        assignments.assign(slug, *pairs[0], moment) if len(pairs) == 1 else assignments.assign_many(slug, pairs, moment)
    )
    logged = [("TripCreated", f"Created {args.trip_name}")]
    logged += [
        ("ClientAssigned", f"Assigned {directory.contact_of(email)} as {role}") for email, role in pairs[:LOGGED]
    ]
    if len(pairs) > LOGGED:
        logged.append(("ClientAssigned", f"Assigned {len(pairs) - LOGGED} more"))
    later = Later()
    trip_id = later.trip_id(slug)
    known = "new" if first.is_new else "known"
    answer = TripWithClientCreated(
        message=f"Trip {in_quotes(args.trip_name)} created with id {trip_id}; {known} client "
        f"{directory.name_of(first.email)} is its {as_word(args.client_role)}.{_others_note(people[1:])}{said}",
        trip_id=trip_id,
        trip_slug=slug,
        trip_name=args.trip_name,
        after=cast("TripState", later.trip_state(slug)),
        client_id=later.client_id(first.email),
        client_email=first.email,
        client_created=first.is_new,
        assignment_id=later.assignment_id(slug, first.email, args.client_role),
        role=args.client_role,
        json_written_by="bulk" if len(pairs) > 1 else later.json_writer(assignments.backup_of(assigned)),
    )
    statements = [
        trips.guard_slug_free(slug),
        clients.guard_exist({one.email for one in people} - directory.created.keys()),
        *([clients.insert(list(directory.created.values()), moment)] if directory.created else []),
        trips.insert(_columns(args, slug, args.trip_notes, first.email, moment)),
        *assigned,
        activity.log(slug, logged, moment),
        *await link_waiting(db, [one.email for one in people]),
    ]
    return await commit(db, statements, answer, later)


def _others_note(others: Sequence[_Person]) -> str:
    if not others:
        return ""
    new = [in_quotes(one.name) for one in others if one.is_new]
    known = [in_quotes(one.name) for one in others if not one.is_new]
    told = [f"known: {', '.join(known[:KNOWN_SHOWN])}" if known else "", f"new: {named(new)}" if new else ""]
    return f" {len(others)} more: {'; '.join(filter(None, told))}."


def _ignored_note(args: CreateTripWithClientArguments, known_as: str) -> str:
    """Return a note about ignored values that were sent for a known client, or ""."""
    sent = [name for name in ("client_phone", "client_preferences") if getattr(args, name)]
    if args.client_full_name.casefold() != known_as.casefold():
        sent.insert(0, "client_full_name")
    return (
        f" The client exists as {in_quotes(known_as)}; ignored: {', '.join(sent)}. Use update_client to change them."
        if sent
        else ""
    )


def _columns(args: _NewTrip, slug: str, notes: str | None, email: str | None, moment: str) -> dict[str, Any]:
    return {
        "trip_name": args.trip_name,
        "trip_slug": slug,
        "status": args.status,
        "start_date": args.start_date,
        "end_date": args.end_date,
        "destinations": args.destinations,
        "group_name": args.group_name,
        "total_cost": args.total_cost,
        "financials": shapes.dump_json(shapes.with_cost(None, args.total_cost, args.currency)),
        "notes": shapes.dump_json(shapes.with_note(None, shapes.new_note(notes, moment))) if notes else "{}",
        "primary_client_email": email,
        "search_text": trips.search_text(args.trip_name, args.destinations),
        "created_at": moment,
        "updated_at": moment,
    }


async def _known_client(db: Database, email: str) -> str:
    found = await clients.with_emails(db, [email])
    if not found:
        raise NotFound(
            f"No client has the email {as_word(email)}.",
            "Create the client first with create_client_v2, or send an existing client's primary_client_email.",
        )
    return next(iter(found.values()))["email"]


def _kept_changing() -> Conflict:
    return Conflict("The database kept changing while this call tried to write.", "Send the call again.")


TOOLS = [
    Tool(
        name="create_trip_v2",
        title="Create a trip",
        description="Create a trip without travelers; create_trip_with_client also adds a client.",
        group="trips",
        hints=Hints(),
        input=CreateTripArguments,
        output=TripCreated,
        run=create_trip,
    ),
    Tool(
        name="create_trip_with_client",
        title="Create a trip with its client",
        description="Create a trip with its client and any number of travelers, each new or known, all or none. The "
        "answer shows the trip.",
        group="trips",
        hints=Hints(),
        input=CreateTripWithClientArguments,
        output=TripWithClientCreated,
        run=create_trip_with_client,
    ),
]
