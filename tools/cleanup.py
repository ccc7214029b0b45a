"""Tools that delete duplicate clients and trips left behind by tests and mistakes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, Field, model_validator

from database import cleanup
from database.clients import fold
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from database.later import Later
from tools.answers.bounds import ROOM, fitting, named
from tools.answers.committing import A, commit
from tools.answers.errors import Conflict, Question
from tools.answers.fact_models import TripIds
from tools.answers.fields import ClientId, Email, Name
from tools.answers.models import Plain, addressed, with_id
from tools.finding.patterns import Pattern, matches, needles
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database, Statement

# Maximum attempts at a cleanup if concurrent changes keep interfering.
TRIES = 100

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
    payments: int = Field(default=0, description="Number of payments.")


class TripsCleaned(Cleaned):
    deleted: int = Field(description="Trips deleted; 0 on a dry run.")
    cancelled: int = Field(description="Trips cancelled; 0 on a dry run.")
    payments_kept: int = Field(default=0, description="Payments of deleted trips, kept for a restore.")
    trips: list[DuplicateTrip] = Field(description="The first trips deleted or cancelled, or to be.")


async def cleanup_clients(db: Database, args: CleanupClientsArguments) -> ClientsCleaned:
    by_email, by_name = args.email_patterns or [], args.name_patterns or []
    emails, ids = {fold(email) for email in args.preserve_emails or ()}, set(args.preserve_client_ids or ())
    for _ in range(TRIES):
        matching = [
            row
            for row in await cleanup.clients_holding(db, needles(by_email), needles(by_name))
            if matches(row["email"], by_email) or matches(row["full_name"], by_name)
        ]
        going = [row for row in matching if fold(row["email"]) not in emails and row["client_id"] not in ids]
        chosen = going[:BATCH_SIZE]
        writes, moment, later = bool(chosen) and not args.dry_run, now(), Later()
        answer = ClientsCleaned(
            message="",
            dry_run=args.dry_run,
            matched=len(going),
            preserved=len(matching) - len(going),
            deleted=len(chosen) if writes else 0,
            assignments_removed=later.assignments_set_aside("clients_v2", moment) if writes else 0,
            clients=_listed([DuplicateClient(**row) for row in chosen]),
            remaining=len(going) - len(chosen),
        )
        answer.message = _message(answer, "Deleted", answer.deleted, "clients")
        if not writes:
            return answer
        with suppress(GuardFailed):
            return await _commit(db, await cleanup.delete_clients(db, chosen, moment), answer, later, "clients")
    raise _kept_changing()


async def cleanup_trips(db: Database, args: CleanupTripsArguments) -> TripsCleaned:
    names, ids = {name.lower() for name in args.preserve_trip_names or ()}, set(args.preserve_trip_ids or ())
    for _ in range(TRIES):
        matching = [
            row
            for row in await cleanup.trips_holding(db, needles(args.name_patterns))
            if matches(row["trip_name"], args.name_patterns)
            and not (args.archive_only and row["status"] == "cancelled")
        ]
        going = [row for row in matching if row["trip_name"].strip().lower() not in names and row["trip_id"] not in ids]
        chosen = going[:BATCH_SIZE]
        writes, moment, later = bool(chosen) and not args.dry_run, now(), Later()
        deletes = writes and not args.archive_only
        answer = TripsCleaned(
            message="",
            dry_run=args.dry_run,
            matched=len(going),
            preserved=len(matching) - len(going),
            deleted=len(chosen) if deletes else 0,
            cancelled=len(chosen) if writes and not deletes else 0,
            assignments_removed=later.assignments_set_aside("trips_v2", moment) if deletes else 0,
            payments_kept=sum(row["payments"] for row in chosen) if deletes else 0,
            trips=_listed([DuplicateTrip(**row) for row in chosen]),
            remaining=len(going) - len(chosen),
        )
        answer.message = _message(answer, "Deleted" if deletes else "Cancelled", len(chosen), "trips")
        if answer.payments_kept:
            answer.message += f" {answer.payments_kept} payments of theirs are kept."
        if not writes:
            return answer
        statements = await cleanup.delete_trips(db, chosen, moment) if deletes else cleanup.cancel_trips(chosen, moment)
        with suppress(GuardFailed):
            return await _commit(db, statements, answer, later, "trips")
    raise _kept_changing()


async def _commit(db: Database, statements: Sequence[Statement], answer: A, later: Later, things: str) -> A:
    try:
        return await commit(db, statements, answer, later)
    except GuardFailed:
        raise
    except ConstraintViolated:
        raise Conflict(
            f"Other rows of the database depend on one of these {things}; nothing was deleted.",
            "Tell the user that the rows that depend on them must be deleted first.",
        ) from None


def _kept_changing() -> Conflict:
    return Conflict("The matches kept changing while this call tried to write.", "Send the call again.")


async def confirm_clients(db: Database, args: CleanupClientsArguments) -> Question | None:
    """Return the question to ask before deleting clients; None for a dry run or if nothing matches."""
    would = await cleanup_clients(db, args.model_copy(update={"dry_run": True}))
    names = named([addressed(client.full_name, client.email) for client in would.clients], would.matched)
    return None if args.dry_run or not would.matched else _consent(f"Delete {would.matched} clients: {names}?")


async def confirm_trips(db: Database, args: CleanupTripsArguments) -> Question | None:
    """Return the question to ask before deleting trips; None for a dry run or if nothing matches."""
    would = await cleanup_trips(db, args.model_copy(update={"dry_run": True}))
    names = named([with_id(trip.trip_name, trip.trip_id) for trip in would.trips], would.matched)
    verb = "Cancel" if args.archive_only else "Delete"
    return None if args.dry_run or not would.matched else _consent(f"{verb} {would.matched} trips: {names}?")


def _consent(text: str) -> Question:
    return Question(text, None, {"yes": "Yes, all of them"})


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
    words += [f"{answer.remaining} more match: send the call again"] if answer.remaining else []
    return "; ".join(words) + "."


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
