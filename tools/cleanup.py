"""Tools that delete duplicate clients and trips left behind by tests and mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, Field, model_validator

from database import cleanup
from database.clients import fold
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from tools.answers.bounds import ROOM, fitting, named
from tools.answers.errors import Conflict, Question
from tools.answers.fact_models import TripIds
from tools.answers.fields import ClientId, Email, Name
from tools.answers.models import Plain, addressed
from tools.finding.patterns import Pattern, matches, needles
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database, Row

# Maximum clients or trips deleted per call.
BATCH_SIZE = 500

Item = TypeVar("Item", bound=BaseModel)

Patterns = Annotated[list[Pattern], Field(max_length=50)]
ClientIds = Annotated[list[ClientId], Field(max_length=1000)]
Emails = Annotated[list[Email], Field(max_length=1000)]
Names = Annotated[list[Name], Field(max_length=1000)]
DryRun = Annotated[bool, Field(description="Only report changes.")]


class CleanupClientsArguments(WriteArguments):
    email_patterns: Annotated[Patterns | None, Field(description="E-mails to delete; * is a wildcard.")] = None
    name_patterns: Annotated[Patterns | None, Field(description="Full names to delete; * is a wildcard.")] = None
    preserve_emails: Annotated[Emails | None, Field(description="E-mails of clients to keep.")] = None
    preserve_client_ids: Annotated[ClientIds | None, Field(description="Ids of clients to keep.")] = None
    dry_run: DryRun = True

    @model_validator(mode="after")
    def _some_pattern(self) -> Self:
        if not self.email_patterns and not self.name_patterns:
            raise ValueError("has no pattern: send email_patterns, name_patterns or both")
        return self


class DuplicateClient(BaseModel):
    client_id: int = Field(description="Client id.")
    email: str = Field(description="E-mail, as stored.")
    full_name: Plain = Field(description="Name.")
    trips: int = Field(description="Number of trips.")


class Cleaned(WriteAnswer):
    dry_run: bool = Field(description="True if nothing was written.")
    matched: int = Field(description="Matches that are not preserved.")
    preserved: int = Field(description="Matches that are preserved.")
    assignments_removed: int = Field(description="Assignments deleted; 0 on a dry run.")
    changed_meanwhile: list[int] = Field(description="Ids skipped because of concurrent changes.")
    remaining: int = Field(description="Matches left for the next call.")


class ClientsCleaned(Cleaned):
    deleted: int = Field(description="Clients deleted; 0 on a dry run.")
    clients: list[DuplicateClient] = Field(description="The first clients deleted, or to delete.")


class CleanupTripsArguments(WriteArguments):
    name_patterns: Annotated[Patterns, Field(min_length=1, description="Trip names to delete; * is a wildcard.")]
    preserve_trip_names: Annotated[Names | None, Field(description="Names of trips to keep, ignoring case.")] = None
    preserve_trip_ids: Annotated[TripIds | None, Field(description="Ids of trips to keep.")] = None
    archive_only: Annotated[bool, Field(description="Cancel trips instead of deleting.")] = False
    dry_run: DryRun = True


class DuplicateTrip(BaseModel):
    trip_id: int = Field(description="Trip id.")
    trip_name: Plain = Field(description="Trip name.")
    status: str | None = Field(description="Trip status.")
    start_date: Plain = Field(description="First day.")
    end_date: str = Field(description="Last day.")
    travelers: int = Field(description="Number of travelers.")


class TripsCleaned(Cleaned):
    deleted: int = Field(description="Trips deleted; 0 on a dry run.")
    cancelled: int = Field(description="Trips cancelled; 0 on a dry run.")
    trips: list[DuplicateTrip] = Field(description="The first trips deleted or cancelled, or to be.")


async def cleanup_clients(db: Database, args: CleanupClientsArguments) -> ClientsCleaned:
    by_email, by_name = args.email_patterns or [], args.name_patterns or []
    matching = [
        row
        for row in await cleanup.clients_holding(db, needles(by_email), needles(by_name))
        if matches(row["email"], by_email) or matches(row["full_name"], by_name)
    ]
    emails, ids = {fold(email) for email in args.preserve_emails or ()}, set(args.preserve_client_ids or ())
    going = [row for row in matching if fold(row["email"]) not in emails and row["client_id"] not in ids]
    chosen = going[:BATCH_SIZE]
    gone: dict[int, int] = {}
    if chosen and not args.dry_run:
        try:
            gone = await cleanup.delete_clients(db, chosen, now())
        except GuardFailed:
            raise
        except ConstraintViolated:
            raise _depended_on("clients") from None
    shown = chosen if args.dry_run else [row for row in chosen if row["client_id"] in gone]
    answer = ClientsCleaned(
        message="",
        dry_run=args.dry_run,
        matched=len(going),
        preserved=len(matching) - len(going),
        deleted=len(gone),
        assignments_removed=sum(gone.values()),
        clients=_listed([DuplicateClient(**row) for row in shown]),
        changed_meanwhile=_left(args, chosen, "client_id", set(gone)),
        remaining=len(going) - len(chosen),
    )
    answer.message = _message(answer, "Deleted", answer.deleted, "clients")
    return answer


async def cleanup_trips(db: Database, args: CleanupTripsArguments) -> TripsCleaned:
    matching = [
        row
        for row in await cleanup.trips_holding(db, needles(args.name_patterns))
        if matches(row["trip_name"], args.name_patterns) and not (args.archive_only and row["status"] == "cancelled")
    ]
    names, ids = {name.lower() for name in args.preserve_trip_names or ()}, set(args.preserve_trip_ids or ())
    going = [row for row in matching if row["trip_name"].strip().lower() not in names and row["trip_id"] not in ids]
    chosen = going[:BATCH_SIZE]
    deleted, cancelled = ({}, set[int]()) if args.dry_run or not chosen else await _remove_trips(db, args, chosen)
    done = cancelled | deleted.keys()
    shown = chosen if args.dry_run else [row for row in chosen if row["trip_id"] in done]
    answer = TripsCleaned(
        message="",
        dry_run=args.dry_run,
        matched=len(going),
        preserved=len(matching) - len(going),
        deleted=len(deleted),
        cancelled=len(cancelled),
        assignments_removed=sum(deleted.values()),
        trips=_listed([DuplicateTrip(**row) for row in shown]),
        changed_meanwhile=_left(args, chosen, "trip_id", done),
        remaining=len(going) - len(chosen),
    )
    answer.message = _message(answer, "Cancelled" if args.archive_only else "Deleted", len(done), "trips")
    return answer


async def confirm_clients(db: Database, args: CleanupClientsArguments) -> Question | None:
    """Return the question to ask before deleting clients; None for a dry run or if nothing matches."""
    would = await cleanup_clients(db, args.model_copy(update={"dry_run": True}))
    names = named([addressed(client.full_name, client.email) for client in would.clients], would.matched)
    return None if args.dry_run or not would.matched else _consent(f"Delete {would.matched} clients: {names}?")


async def confirm_trips(db: Database, args: CleanupTripsArguments) -> Question | None:
    """Return the question to ask before deleting trips; None for a dry run or if nothing matches."""
    would = await cleanup_trips(db, args.model_copy(update={"dry_run": True}))
    names = named([f"{trip.trip_name} (id {trip.trip_id})" for trip in would.trips], would.matched)
    verb = "Cancel" if args.archive_only else "Delete"
    return None if args.dry_run or not would.matched else _consent(f"{verb} {would.matched} trips: {names}?")


def _consent(text: str) -> Question:
    return Question(text, None, {"yes": "Yes, all of them"})


async def _remove_trips(
    db: Database, args: CleanupTripsArguments, chosen: Sequence[Row]
) -> tuple[dict[int, int], set[int]]:
    """Delete or cancel the trips; return the assignment count of each deleted trip, and the cancelled ids."""
    if args.archive_only:
        return {}, await cleanup.cancel_trips(db, chosen, now())
    try:
        return await cleanup.delete_trips(db, chosen, now()), set()
    except GuardFailed:
        raise
    except ConstraintViolated:
        raise _depended_on("trips") from None


def _left(
    args: CleanupClientsArguments | CleanupTripsArguments, chosen: Sequence[Row], key: str, done: set[int]
) -> list[int]:
    return [] if args.dry_run else [row[key] for row in chosen if row[key] not in done]


def _listed(items: list[Item]) -> list[Item]:
    """Return the items that fit one answer."""
    return items[: fitting(items, ROOM)]


def _message(answer: Cleaned, verb: str, done: int, things: str) -> str:
    if not answer.matched:
        found = f"No {things} match" if not answer.preserved else f"No {things} match but those preserved"
        return f"{found}; nothing was written. A pattern must match the whole text; * is a wildcard."
    if answer.dry_run:
        shown = answer.matched - answer.remaining
        words = [f"Dry run: {answer.matched} {things} match; {shown} would be removed with dry_run false"]
    else:
        words = [f"{verb} {done} {things}, {answer.assignments_removed} assignments with them"]
        if verb == "Deleted" and done:
            words.append("restore_deleted restores each by name")
    words += [f"{answer.preserved} preserved"] if answer.preserved else []
    words += [f"{len(answer.changed_meanwhile)} changed meanwhile and skipped"] if answer.changed_meanwhile else []
    words += [f"{answer.remaining} more match: send the call again"] if answer.remaining else []
    return "; ".join(words) + "."


def _depended_on(things: str) -> Conflict:
    return Conflict(
        f"Other rows of the database depend on one of these {things}; nothing was deleted.",
        "Tell the user that the rows that depend on them must be deleted first.",
    )


TOOLS = [
    Tool(
        name="cleanup_duplicate_clients",
        title="Delete clients by e-mail or name pattern",
        description="Delete clients whose e-mail or name matches a pattern, with their assignments, all or none. "
        "Dry run by default; restore_deleted undoes it.",
        group="maintenance",
        hints=Hints(destructive=True),
        input=CleanupClientsArguments,
        output=ClientsCleaned,
        run=cleanup_clients,
        confirm=confirm_clients,
    ),
    Tool(
        name="cleanup_duplicate_trips",
        title="Delete trips by name pattern",
        description="Delete or cancel trips whose name matches a pattern, all or none. Dry run by default; "
        "restore_deleted undoes it.",
        group="maintenance",
        hints=Hints(destructive=True),
        input=CleanupTripsArguments,
        output=TripsCleaned,
        run=cleanup_trips,
        confirm=confirm_trips,
    ),
]
