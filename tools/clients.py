"""Tools for clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field, TypeAdapter, model_validator

from database import clients, linking, profiles
from database.clock import now
from database.errors import GuardFailed
from database.later import Later
from database.quoting import as_word, in_quotes
from tools.answers import parts
from tools.answers.bounds import ROOM, named
from tools.answers.committing import commit
from tools.answers.errors import Conflict, InvalidInput
from tools.answers.fields import Details, Erasable, Line, NewEmail, PersonName, Phone, Text
from tools.answers.models import ClientHead, ClientTrip, Contact, Plain, Written, addressed, logged_as, with_id
from tools.answers.pages import Id, Limit, Page, cursor_of, more_words, page_of, place_of
from tools.answers.parts import Part, Rest
from tools.answers.state import LaterTrips
from tools.finding.people import ClientReference, Directory, NamedReference, namesakes_note, new_client, read_client
from tools.tool import READS, Arguments, Hints, Tool, WriteAnswer, WriteArguments
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from database.engine import Database, Row
    from tools.answers.state import ClientOnTrip

# Maximum attempts at a change if concurrent changes keep interfering.
TRIES = 100

# Arguments of update_client that change something: keys of contact_info, and columns to merge.
CONTACT = ("phone", "address", "notes")
MERGED = ("preferences", "loyalty_programs", "travel_docs")
CHANGES = ("new_email", "full_name", *CONTACT, *MERGED)

# Fields that may be longer than an answer.
LONG = ("contact_info", *MERGED)

# The position of a trip in the list: its first day and its id.
PLACES = TypeAdapter(tuple[str, Id])


class CreateClientArguments(WriteArguments):
    email: Annotated[NewEmail | None, Field(description="Client's e-mail, if any.")] = None
    full_name: Annotated[PersonName, Field(description="First and last name.")]
    phone: Phone | None = None
    address: Annotated[Line | None, Field(description="Postal address.")] = None
    preferences: Annotated[Details | None, Field(description="Preferences: seat, meals, hotels.")] = None
    loyalty_programs: Annotated[Details | None, Field(description="Membership numbers by program.")] = None
    travel_docs: Annotated[Details | None, Field(description="Passport and visas.")] = None
    notes: Annotated[Text | None, Field(description="Notes.")] = None


class ClientCreated(WriteAnswer):
    client_id: int = Field(description="Client id.")
    email: Contact = Field(description="E-mail, normalized; null if none.")
    full_name: Plain = Field(description="Name.")

    trips: LaterTrips = Field(default=[], description="Their trips, latest first, at most 20.")


class GetClientArguments(Arguments, NamedReference):
    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000, description="next_cursor, or a cursor from `more`.")] = None


class WholeClient(Page, ClientHead):
    contact_info: Any = Field(description="Phone, address, notes.")
    preferences: Any = Field(description="Preferences.")
    loyalty_programs: Any = Field(description="Membership numbers by program.")
    travel_docs: Any = Field(description="Passport and visas.")
    created_at: Written = Field(description="When it was created.")
    updated_at: Written = Field(description="When it last changed.")
    trips: list[ClientTrip] = Field(description="Their trips, latest start first.")
    trips_total: int = Field(description="Number of trips.")
    more: list[Rest] = Field(description="Fields that are cut.")
    part: Part | None = Field(default=None, description="The next part of a field, for a cursor.")


class UpdateClientArguments(WriteArguments, ClientReference):
    new_email: Annotated[NewEmail | None, Field(description="New e-mail, also on every trip.")] = None
    full_name: Annotated[PersonName | None, Field(description="First and last name.")] = None
    phone: Annotated[Erasable[Phone], Field(description="null removes it.")] = None
    address: Annotated[Erasable[Line], Field(description="null removes it.")] = None
    notes: Annotated[Erasable[Text], Field(description="null removes it.")] = None
    preferences: Annotated[Details | None, Field(description="Merged; null removes a key.")] = None
    loyalty_programs: Annotated[Details | None, Field(description="Also merged.")] = None
    travel_docs: Annotated[Details | None, Field(description="Also merged.")] = None

    @model_validator(mode="after")
    def _some_change(self) -> Self:
        if all(getattr(self, name) is None for name in CHANGES):
            raise ValueError(f"contains no change: send at least one of {', '.join(CHANGES)}")
        return self


class ClientUpdated(ClientCreated):
    client_id: int = Field(description="Client id.")
    changed: list[str] = Field(description="The changed columns; empty if none.")
    contact_info: Any = Field(description="Phone, address, notes.")
    preferences: Any = Field(description="Preferences.")
    loyalty_programs: Any = Field(description="Memberships.")
    travel_docs: Any = Field(description="Passport and visas.")


async def create_client(db: Database, args: CreateClientArguments) -> ClientCreated:
    email = args.email or clients.address_for_none()
    row = new_client(email, **args.model_dump(exclude={"idempotency_key", "email"}))
    if not email.isascii() and (known := await clients.with_emails(db, [email])):
        raise _already_there(email, known.values())
    later = Later()
    client_id = later.client_id(email)
    answer = ClientCreated(
        message=f"Client {in_quotes(args.full_name)} created with id {client_id}."
        + await namesakes_note(db, email, args.full_name),
        client_id=client_id,
        email=email,
        full_name=args.full_name,
        trips=cast("list[ClientOnTrip]", later.trips_of_client(email)),
    )
    statements = [
        clients.guard_email_free(email),
        clients.insert([row], now()),
        *await linking.link_waiting(db, [email]),
    ]
    try:
        return await commit(db, statements, answer, later)
    except GuardFailed:
        raise _already_there(email, (await clients.with_emails(db, [email])).values()) from None


def _already_there(email: str, known: Iterable[Row]) -> Conflict:
    known_as = next(
        (f"client_id {client['client_id']} ({in_quotes(client['full_name'])})" for client in known), "a client"
    )
    return Conflict(
        f"{as_word(email)} already belongs to {known_as}; nothing was written.",
        "Use that client, or send another email.",
    )


async def get_client(db: Database, args: GetClientArguments) -> WholeClient:
    client = await read_client(db, await _client_id(db, args))
    columns = {name: shapes.load_for_answer(client[name]) for name in LONG}
    if args.cursor and parts.is_cursor(args.cursor):
        return await _part_of_client(db, client, columns, args.cursor)
    asked = {"client": client["client_id"]}
    place = place_of(args.cursor, asked, PLACES)
    found = await profiles.trips_behind(db, client["email"], place, args.limit + 1)
    page, more = page_of([ClientTrip(**trip) for trip in found], args.limit, ROOM // 2)
    shown, rests = parts.divided("client", client["client_id"], columns, ROOM // 2)
    total = await profiles.count_trips(db, client["email"])
    trips = named([f"{with_id(trip.trip_name, trip.trip_id)} as {as_word(trip.roles)}" for trip in page])
    return WholeClient(
        message=f"{addressed(client['full_name'], client['email'])}, client {client['client_id']}, on {total} "
        f"trip{'' if total == 1 else 's'}{': ' if trips else ''}{trips}.{more_words(more=more)}{parts.words(rests)}",
        **{**client, **shown},
        trips=page,
        trips_total=total,
        next_cursor=cursor_of((page[-1].start_date, page[-1].trip_id), asked) if more else None,
        more=rests,
    )


async def _part_of_client(db: Database, client: Row, columns: Mapping[str, Any], cursor: str) -> WholeClient:
    place = parts.place_of(cursor, "client", columns)
    if place.number != client["client_id"]:
        raise InvalidInput("cursor belongs to another client.", "Send it with the client for which it was returned.")
    part, rests = parts.following(place, columns[place.field], ROOM)
    blank: dict[str, Any] = dict.fromkeys(columns)
    return WholeClient(
        message=f"{addressed(client['full_name'], client['email'])}: next part of {place.field}.{parts.words(rests)}",
        **{**client, **blank},
        trips=[],
        trips_total=await profiles.count_trips(db, client["email"]),
        next_cursor=None,
        more=rests,
        part=part,
    )


async def update_client(db: Database, args: UpdateClientArguments) -> ClientUpdated:
    client_id = await _client_id(db, args)
    for _ in range(TRIES):
        read = await read_client(db, client_id)
        values = _values(read, args)
        changed = [column for column in values if values[column] != read[column]]
        later = Later()
        if not changed:
            return await commit(db, [], _updated(read, values, changed, later), later)
        if "email" in changed:
            await _require_free(db, values["email"], client_id)
        before, after = (logged_as(row["full_name"], row["email"]) for row in (read, values))
        details = f"Changed {', '.join(changed)} of {before}" + (f", now {after}" if after != before else "")
        statements = [
            *profiles.update(read, values, details, now()),
            *await linking.link_waiting(db, [values["email"]]),
        ]
        try:
            return await commit(db, statements, _updated(read, values, changed, later), later)
        except GuardFailed:
            continue
    raise Conflict(f"Client {client_id} kept changing while this call tried to write.", "Send the call again.")


async def _client_id(db: Database, who: ClientReference) -> int:
    directory = await Directory.load(db, [who])
    directory.require(who)
    return next(row["client_id"] for row in directory.rows)


async def _require_free(db: Database, email: str, client_id: int) -> None:
    """Raise Conflict if another client has the e-mail."""
    holder = (await clients.with_emails(db, [email])).get(clients.fold(email))
    if holder and holder["client_id"] != client_id:
        raise Conflict(
            f"{as_word(email)} already belongs to client_id {holder['client_id']} "
            f"({in_quotes(holder['full_name'])}); nothing was written.",
            "Send another new_email, or change that client first.",
        )


def _values(read: Row, args: UpdateClientArguments) -> dict[str, Any]:
    """Return the new column values; an unchanged column keeps its exact text."""
    contact = {key: getattr(args, key) or None for key in CONTACT if getattr(args, key) is not None}
    values = {
        "email": args.new_email or read["email"],
        "full_name": args.full_name or read["full_name"],
        "contact_info": _merged_text(read["contact_info"], contact, "contact details"),
    }
    return values | {name: _merged_text(read[name], getattr(args, name) or {}, name) for name in MERGED}


def _merged_text(text: object, sent: Mapping[str, Any], name: str) -> object:
    before = shapes.as_object(shapes.load_json(text), "earlier")
    after = shapes.dump_json(merge_patch(before, sent))
    if after == shapes.dump_json(before):
        return text
    if isinstance(shapes.load_json(after), str):
        raise InvalidInput(f"{name} is nested too deeply.", "Send it with fewer levels of nesting.")
    return after


def merge_patch(known: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a JSON merge patch (https://www.rfc-editor.org/rfc/rfc7396): merge objects, null removes a key."""
    result = dict(known)
    for key, value in sent.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner: object = result.get(key)
            before = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
            result[key] = merge_patch(before, cast("dict[str, Any]", value))
        else:
            result[key] = value
    return result


def _updated(read: Row, values: Mapping[str, Any], changed: list[str], later: Later) -> ClientUpdated:
    words = f"changed {', '.join(changed)}" if changed else "nothing changed"
    answer = ClientUpdated(
        message=f"Client {read['client_id']}, {addressed(values['full_name'], values['email'])}: {words}.",
        client_id=read["client_id"],
        email=values["email"],
        full_name=values["full_name"],
        changed=changed,
        trips=cast("list[ClientOnTrip]", later.trips_of_client(values["email"])),
        **{name: shapes.load_for_answer(values[name]) for name in LONG},
    )
    if "email" in changed:
        answer.message += f" Trips that the new e-mail reached: {later.trips_of_client_count(values['email'])}."
    return answer


TOOLS = [
    Tool(
        name="create_client_v2",
        title="Create a client",
        description="Create a client, with or without an e-mail. Links trip entries that already have this e-mail.",
        group="clients",
        hints=Hints(),
        input=CreateClientArguments,
        output=ClientCreated,
        run=create_client,
    ),
    Tool(
        name="get_client",
        title="Show a client",
        description="Get a client by e-mail or id: contact, preferences, memberships, travel documents, trips, roles.",
        group="clients",
        hints=READS,
        input=GetClientArguments,
        output=WholeClient,
        run=get_client,
    ),
    Tool(
        name="update_client",
        title="Change a client",
        description="Change a client by e-mail or id. Merges objects into the stored ones; a new e-mail is updated on "
        "all their trips.",
        group="clients",
        hints=Hints(destructive=True, idempotent=True),
        input=UpdateClientArguments,
        output=ClientUpdated,
        run=update_client,
    ),
]
