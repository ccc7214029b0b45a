"""Tools that create trips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from database import activity, assignments, clients, slugs, trips
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from database.later import Later
from database.linking import link_waiting
from database.quoting import as_word, in_quotes
from tools.answers.committing import commit
from tools.answers.errors import Conflict, NotFound
from tools.answers.fields import (
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
from tools.finding.people import ClientOrNew, Directory, namesakes_note, new_client
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip import shapes

if TYPE_CHECKING:
    from typing import Self

    from database.engine import Database, Statement

# Maximum attempts to create a trip if concurrent changes keep taking its slug or changing its client.
TRIES = 100


class _NewTrip(WriteArguments):
    trip_name: Annotated[Name, Field(description="Name of the trip.")]
    start_date: Annotated[Day, Field(description="First day, YYYY-MM-DD.")]
    end_date: Annotated[Day, Field(description="Last day, YYYY-MM-DD.")]
    destinations: Annotated[Line | None, Field(description="Destinations, comma-separated.")] = None
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


class CreateTripWithClientArguments(_NewTrip):
    client_email: Annotated[Email | None, Field(description="If any; else the name finds or creates the client.")] = (
        None
    )
    client_full_name: Annotated[PersonName, Field(description="Client's name.")]
    trip_notes: Annotated[Text | None, Field(description="Notes on the trip.")] = None
    client_phone: Phone | None = None
    client_preferences: Annotated[Details | None, Field(description="For a new client.")] = None
    client_role: Role = "primary_traveler"


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
        )
        logged = activity.log(slug, [("TripCreated", f"Created {args.trip_name}")], moment)
        try:
            return await commit(db, [*guards, trips.guard_slug_free(slug), trip, logged], answer, later)
        except GuardFailed:
            continue
    raise _kept_changing()


async def create_trip_with_client(db: Database, args: CreateTripWithClientArguments) -> TripWithClientCreated:
    refused = False
    for _ in range(TRIES):
        who = ClientOrNew(email=args.client_email, full_name=args.client_full_name)
        directory = await Directory.load(db, [who])
        email, is_new = directory.find_or_create(who)
        slug = await slugs.free_slug(db, args.trip_name)
        said = (
            await namesakes_note(db, email, args.client_full_name)
            if is_new
            else _ignored_note(args, next(row["full_name"] for row in directory.rows if row["email"] == email))
        )
        try:
            return await _commit_trip_with_client(db, args, slug, email, said, is_new=is_new)
        except GuardFailed:
            continue
        except ConstraintViolated:
            # Another call may have just created the client with an e-mail in different case; the retry will find it.
            if refused:
                raise
            refused = True
    raise _kept_changing()


async def _commit_trip_with_client(  # noqa: PLR0913 - what was read before the write
    db: Database, args: CreateTripWithClientArguments, slug: str, email: str, said: str, *, is_new: bool
) -> TripWithClientCreated:
    moment = now()
    client = (
        clients.insert(
            [new_client(email, args.client_full_name, phone=args.client_phone, preferences=args.client_preferences)],
            moment,
        )
        if is_new
        else clients.guard_exist([email])
    )
    assigned = assignments.assign(slug, email, args.client_role, moment)
    called = _called(args, email)
    logged = [
        ("TripCreated", f"Created {args.trip_name}"),
        ("ClientAssigned", f"Assigned {called} as {args.client_role}"),
    ]
    later = Later()
    trip_id = later.trip_id(slug)
    known = "new" if is_new else "known"
    answer = TripWithClientCreated(
        message=f"Trip {in_quotes(args.trip_name)} created with id {trip_id}; {known} client {_named(args, email)} "
        f"is its {as_word(args.client_role)}.{said}",
        trip_id=trip_id,
        trip_slug=slug,
        trip_name=args.trip_name,
        client_id=later.client_id(email),
        client_email=email,
        client_created=is_new,
        assignment_id=later.assignment_id(slug, email, args.client_role),
        role=args.client_role,
        json_written_by=later.json_writer(assignments.backup_of(assigned)),
    )
    statements = [
        trips.guard_slug_free(slug),
        client,
        trips.insert(_columns(args, slug, args.trip_notes, email, moment)),
        *assigned,
        activity.log(slug, logged, moment),
        *await link_waiting(db, [email]),
    ]
    return await commit(db, statements, answer, later)


def _called(args: CreateTripWithClientArguments, email: str) -> str:
    return email if clients.has_email(email) else args.client_full_name


def _named(args: CreateTripWithClientArguments, email: str) -> str:
    return as_word(email) if clients.has_email(email) else in_quotes(args.client_full_name)


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
        "total_cost": args.total_cost,
        "financials": shapes.dump_json(shapes.with_cost(None, args.total_cost, args.currency)),
        "notes": shapes.dump_json(shapes.with_note(None, notes, moment)) if notes else "{}",
        "primary_client_email": email,
        "search_text": f"{args.trip_name} {args.destinations or ''}".strip().lower(),
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
        description="Create a trip and add a client, new or known by e-mail, all or none.",
        group="trips",
        hints=Hints(),
        input=CreateTripWithClientArguments,
        output=TripWithClientCreated,
        run=create_trip_with_client,
    ),
]
