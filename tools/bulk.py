"""The tool bulk_trip_operations: many changes to one trip in one call."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, Field, SkipValidation, TypeAdapter

from database.errors import ConstraintViolated
from database.quoting import as_word, in_quotes
from database.rehearsal import Rehearsed, RehearsingDatabase
from tools.answers.arguments import Loose
from tools.answers.bounds import ROOM, fitting
from tools.answers.errors import Conflict, InvalidInput, ToolFault
from tools.answers.fields import TripIdentifier
from tools.answers.models import Plain
from tools.finding.identifiers import resolve_trip
from tools.finding.people import ClientReference, namesakes_notes
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip import shapes
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.itinerary.warnings import warnings
from tools.trip.operation import TripOperation
from tools.trip.operations import Operation
from tools.trip.particulars import RenameTripOperation, UpdateDetails, UpdateDetailsOperation
from tools.trip.travelers import AssignClientOperation
from tools.trip.writing import rewrite_trip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from database.engine import Database, Row

# Number of failed operations listed in the message.
FAILURES_SHOWN = 5

OPERATION = Loose(TypeAdapter(Operation))


def _normalized(sent: object) -> object:
    operation = OPERATION.normalized(sent)
    if operation is sent and not shapes.storable(sent):
        raise ValueError("can't be read: send it without NaN, infinities or lone surrogates, and with less nesting")
    return operation


class BulkArguments(WriteArguments):
    trip_identifier: TripIdentifier
    # Validated one by one, so that an invalid operation does not stop the others.
    operations: Annotated[
        list[Annotated[Operation, SkipValidation, BeforeValidator(_normalized)]],
        Field(
            min_length=1,
            max_length=2000,
            description="Operations in order, each with type and data. item_id: id, else place, as 2 or 2.3. "
            "Times local: HH:MM; depart YYYY-MM-DDTHH:MM.",
        ),
    ]
    atomic: Annotated[bool, Field(description="All or none.")] = False
    dry_run: Annotated[bool, Field(description="Only report what would be done.")] = False


class BulkAnswer(WriteAnswer):
    success: bool = Field(description="True if every operation succeeded.")
    trip_id: int = Field(description="Trip id.")
    trip_name: Plain = Field(description="Trip name.")
    operations_completed: int = Field(description="Operations done.")
    operations_failed: int = Field(description="Operations failed.")
    dry_run: bool = Field(default=False, description="True if nothing was written.")
    results: list[OperationResult] = Field(description="One per operation, in order.")
    warnings: list[str] = Field(
        default_factory=list[str],
        max_length=100,
        description="What is odd about the itinerary now.",
        exclude_if=lambda value: not value,
    )
    results_left_out: int = Field(default=0, description="Results omitted to keep the answer short.")


async def bulk_trip_operations(db: Database, args: BulkArguments) -> BulkAnswer:
    trip = await resolve_trip(db, args.trip_identifier)
    operations = [_validated(operation) for operation in args.operations]
    try:
        return await _apply(db, trip, operations, args)
    except ConstraintViolated:
        if args.atomic:
            raise Conflict(
                "The database rejected the operations.", "Send them without atomic to find out which one fails."
            ) from None
        return await _without_refused(db, trip, operations, args)


def _validated(operation: object) -> Operation | ToolFault:
    try:
        return OPERATION.validate(operation)
    except InvalidInput as fault:
        return fault


async def _apply(
    db: Database, trip: Row, operations: Sequence[Operation | ToolFault], args: BulkArguments
) -> BulkAnswer:
    """Apply the operations to the trip; a failed operation changes nothing."""
    results: list[OperationResult] = []

    def failed() -> bool:
        return args.atomic and not all(result.success for result in results)

    def change(draft: TripDraft) -> bool:
        results[:] = [_applied(draft, operation) for operation in operations]
        return not args.dry_run and not failed()

    async def answer(draft: TripDraft) -> BulkAnswer:
        if args.dry_run:
            for result in results:
                result.message = f"Would be done: {result.message}" if result.success else result.message
        else:
            await _add_namesakes_notes(db, operations, results)
        told = _answer(trip, operations, [_not_done(one) for one in results] if failed() else results, args)
        told.message += draft.unreadable
        if not failed():
            told.warnings = warnings(draft.itinerary, draft.start_date, draft.end_date)
        return told

    itinerary = any(isinstance(one, TripOperation) and one.reads_itinerary for one in operations)
    return await rewrite_trip(
        db, trip["trip_id"], list(_concerned(operations)), change, answer, with_itinerary=itinerary
    )


def _concerned(operations: Sequence[Operation | ToolFault]) -> Iterator[ClientReference]:
    """Yield the clients that the operations refer to."""
    for operation in operations:
        match operation:
            case UpdateDetailsOperation(data=UpdateDetails(primary_client_email=str(email))) if email:
                yield ClientReference(email=email)
            case ToolFault():
                pass
            case _ if isinstance(operation.data, ClientReference):
                yield operation.data
            case _:
                pass


def _applied(draft: TripDraft, operation: Operation | ToolFault) -> OperationResult:
    if isinstance(operation, ToolFault):
        return OperationResult(success=False, message="Not done.", error=str(operation))
    try:
        result = type(operation).apply(draft, operation.data)
    except ToolFault as fault:
        result = OperationResult(success=False, message="Not done.", error=str(fault))
    result.operation = operation.type
    return result


async def _without_refused(
    db: Database, trip: Row, operations: Sequence[Operation | ToolFault], args: BulkArguments
) -> BulkAnswer:
    """Apply the operations that the database accepts in one batch, so that an interrupted call is all or nothing."""
    kept = list(operations)
    for _ in operations:
        number = await _first_refused(db, trip, kept, args)
        kept[number] = Conflict("The database rejected this operation.", "Check its data, then send it alone.")
        with contextlib.suppress(ConstraintViolated):
            return await _apply(db, trip, kept, args)
    raise Conflict("The database rejected the operations.", "Read the trip again and send them one by one.")


async def _first_refused(
    db: Database, trip: Row, operations: Sequence[Operation | ToolFault], args: BulkArguments
) -> int:
    """Find, by bisection, the index of the first operation that the database rejects."""
    taken, refused = 0, len(operations)
    while refused - taken > 1:
        half = (taken + refused) // 2
        try:
            first = args.model_copy(update={"operations": args.operations[:half]})
            await _apply(RehearsingDatabase(db), trip, operations[:half], first)
            taken = half
        except Rehearsed:
            taken = half
        except ConstraintViolated:
            refused = half
    return refused - 1


async def _add_namesakes_notes(
    db: Database, operations: Sequence[Operation | ToolFault], results: Sequence[OperationResult]
) -> None:
    """Add a note to the result of each new client that has the same name as others."""
    new = [
        (result, result.email, operation.data.name or "")
        for operation, result in zip(operations, results, strict=True)
        if isinstance(operation, AssignClientOperation) and result.client_created and result.email
    ]
    notes = await namesakes_notes(db, [(email, name) for _, email, name in new]) if new else []
    for (result, *_), note in zip(new, notes, strict=True):
        result.message += note


def _not_done(result: OperationResult) -> OperationResult:
    if not result.success:
        return result
    return OperationResult(
        operation=result.operation,
        success=False,
        message="Not done, because another operation failed and atomic is true.",
    )


def _answer(
    trip: Row, operations: Sequence[Operation | ToolFault], results: list[OperationResult], args: BulkArguments
) -> BulkAnswer:
    for number, (result, sent) in enumerate(zip(results, args.operations, strict=True), 1):
        result.number, result.operation = number, result.operation or _type_sent(sent)
    done = sum(result.success for result in results)
    failed = len(results) - done
    would = "would be done" if args.dry_run else "done"
    name = _name_after(trip, operations, results, args)
    message = f"{in_quotes(name)}: {done} of {len(results)} operations {would}."
    faults = [one for one in results if not one.success]
    if faults:
        undone = [f"{one.number} ({as_word(one.operation)}): {_one_line(one)}" for one in faults[:FAILURES_SHOWN]]
        message += f" Not done: {' | '.join(undone)}{' | and others' if failed > FAILURES_SHOWN else ''}"
    shown = _results_shown(results)
    if len(shown) < len(results):
        message += f" {len(results) - len(shown)} results are omitted from this answer, successful ones first."
    return BulkAnswer(
        message=message,
        success=failed == 0,
        trip_id=trip["trip_id"],
        trip_name=name,
        operations_completed=done,
        operations_failed=failed,
        dry_run=args.dry_run,
        results=shown,
        results_left_out=len(results) - len(shown),
    )


def _one_line(result: OperationResult) -> str:
    return " ".join((result.error or result.message).split("\n"))


def _results_shown(results: list[OperationResult]) -> list[OperationResult]:
    """Return the results that fit one answer, in order, preferring failed operations."""
    first = sorted(results, key=lambda result: result.success)
    kept = {result.number for result in first[: fitting(first, ROOM)]}
    return [result for result in results if result.number in kept]


def _name_after(
    trip: Row, operations: Sequence[Operation | ToolFault], results: list[OperationResult], args: BulkArguments
) -> str:
    """Return the trip's name after the operations."""
    name = trip["trip_name"]
    for operation, result in zip(operations, results, strict=True):
        if isinstance(operation, RenameTripOperation) and result.success and not args.dry_run:
            name = operation.data.new_name
    return name


def _type_sent(operation: Any) -> str:  # noqa: ANN401 - whatever an agent sent
    return str(cast("dict[str, Any]", operation).get("type", ""))[:60] if isinstance(operation, dict) else ""


TOOL = Tool(
    name="bulk_trip_operations",
    title="Change a trip",
    description=(
        "Change one trip, all changes in one call: clients and roles, days, stays, transport, notes, status, cost, "
        "dates, name, documents, activities, workflow. Operations are independent unless atomic; the answer says which "
        "were done."
    ),
    group="trips",
    hints=Hints(destructive=True),
    input=BulkArguments,
    output=BulkAnswer,
    run=bulk_trip_operations,
)
