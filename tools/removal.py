"""The tool delete_trip, which deletes a trip and keeps a copy for restore_deleted."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from database import activity, documents, removal
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from database.later import Later
from database.quoting import in_quotes
from tools.answers.committing import commit
from tools.answers.errors import Conflict, InvalidInput, NotFound, Question
from tools.answers.fields import TripIdentifier
from tools.answers.models import Plain, with_id
from tools.finding.identifiers import describe, resolve_trip
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from database.engine import Database, Row

# Maximum attempts at a deletion if concurrent changes keep interfering.
TRIES = 100


class DeleteTripArguments(WriteArguments):
    trip_identifier: TripIdentifier
    confirm_trip_name: Annotated[
        str | None, Field(max_length=1000, description="Exact trip name, unless the person is asked.")
    ] = None


class TripDeleted(WriteAnswer):
    trip_id: int = Field(description="Id of the deleted trip.")
    trip_name: Plain = Field(description="Trip name.")
    assignments_removed: int = Field(description="Assignments deleted with it.")
    payments_kept: int = Field(default=0, description="Payments kept for a restore.")
    documents_kept: int = Field(default=0, description="Documents kept for a restore.")
    orphan_id: int = Field(description="Id of the copy in orphaned_rows, to restore it.")


async def delete_trip(db: Database, args: DeleteTripArguments) -> TripDeleted:
    trip_id = (await resolve_trip(db, args.trip_identifier))["trip_id"]
    for _ in range(TRIES):
        whole, payments, docs = await gather(
            removal.everything_of(db, trip_id), removal.count_payments(db, trip_id), documents.count(db, trip_id)
        )
        if whole is None:
            raise NotFound(f"Trip {trip_id} has been deleted.", "There is nothing left to do.")
        _require_name(whole["trip"], args.confirm_trip_name)
        try:
            return await _delete(db, whole, payments, docs)
        except GuardFailed:
            continue
        except ConstraintViolated:
            raise Conflict(
                f"Other rows of the database depend on trip {trip_id}; nothing was deleted.",
                "Tell the user that the rows that depend on the trip must be deleted first.",
            ) from None
    raise Conflict(f"Trip {trip_id} kept changing while this call tried to delete it.", "Send the call again.")


async def confirm(db: Database, args: DeleteTripArguments) -> Question | None:
    """Return the question to ask before deleting the trip; None if the name is wrong, which `delete_trip` rejects."""
    trip = await resolve_trip(db, args.trip_identifier)
    name = str(trip["trip_name"]).strip()
    if args.confirm_trip_name not in {None, name}:
        return None
    return Question(f"Delete the trip {describe(trip)}?", "confirm_trip_name", {name: f"Delete {in_quotes(name)}"})


async def _delete(db: Database, whole: removal.Whole, payments: int, docs: int) -> TripDeleted:
    """Copy the trip, log the deletion and delete the trip in one batch."""
    trip, moment = whole["trip"], now()
    trip_id, name, removed = trip["trip_id"], trip["trip_name"], len(whole["assignments"])
    later = Later()
    orphan_id = later.orphan_id("trips_v2", moment)
    kept = f" {payments} payments are kept." if payments else ""
    kept += f" {docs} imported documents are kept." if docs else ""
    answer = TripDeleted(
        message=f"Deleted {with_id(name, trip_id)} with {removed} assignments.{kept} Undo: "
        f"restore_deleted with orphan_id {orphan_id}.",
        trip_id=trip_id,
        trip_name=name,
        assignments_removed=removed,
        payments_kept=payments,
        documents_kept=docs,
        orphan_id=orphan_id,
    )
    statements = [
        *removal.guard_unchanged(whole),
        removal.set_aside(whole, moment),
        activity.log(trip_id, [("TripDeleted", f"Deleted {name}")], moment),
        *removal.delete(trip_id),
    ]
    return await commit(db, statements, answer, later)


def _require_name(trip: Row, confirmed: str | None) -> None:
    if confirmed != str(trip["trip_name"]).strip():
        wrong = "is missing" if confirmed is None else "does not match"
        name = in_quotes(trip["trip_name"], None)
        raise InvalidInput(
            f"confirm_trip_name {wrong}: the trip is id {trip['trip_id']} {name}; nothing was deleted.",
            "Send exactly that name as confirm_trip_name to delete this trip.",
        )


TOOL = Tool(
    name="delete_trip",
    title="Delete a trip",
    description="Delete one trip and its assignments. Repeat its exact name, or the person is asked. "
    "restore_deleted undoes it.",
    group="trips",
    hints=Hints(destructive=True),
    input=DeleteTripArguments,
    output=TripDeleted,
    run=delete_trip,
    confirm=confirm,
)
