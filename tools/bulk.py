"""bulk_trip_operations: many changes of one trip in one call."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field, SkipValidation, TypeAdapter, ValidationError

from database import assignments, slugs, trips
from database.clock import now
from database.errors import ConstraintViolated, GuardFailed
from tools.draft import OperationResult, TripDraft
from tools.errors import Conflict, InvalidInput, ToolFault
from tools.fields import TripIdentifier
from tools.identifiers import resolve_trip
from tools.operations import Operation, RenameTripOperation
from tools.people import ClientReference, Directory
from tools.tool import Answer, Arguments, Hints, Tool
from tools.wording import words_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# How often a write is tried again from the start because somebody else changed what it had read. Each time that
# somebody is done: as many calls as this can change one trip at once, and none is turned away.
TRIES = 100

# Failed operations that the message names.
NAMED = 5

OPERATION: TypeAdapter[Operation] = TypeAdapter(Operation)


class BulkArguments(Arguments):
    trip_identifier: TripIdentifier
    # Each operation is validated by itself, so that one that is wrong does not stop the others.
    operations: Annotated[
        list[Annotated[Operation, SkipValidation]],
        Field(min_length=1, max_length=2000, description="What to do, in order; each has a type and its data."),
    ]
    atomic: Annotated[bool, Field(description="All operations or none.")] = False
    dry_run: Annotated[bool, Field(description="Say what would be done, and do nothing.")] = False


class BulkAnswer(Answer):
    success: bool = Field(description="True only if every operation was done.")
    trip_id: int = Field(description="The trip.")
    trip_name: str = Field(description="Its name.")
    operations_completed: int = Field(description="How many were done.")
    operations_failed: int = Field(description="How many were not.")
    dry_run: bool = Field(default=False, description="True where nothing was written.")
    results: list[OperationResult] = Field(description="One for each operation, in order.")


async def bulk_trip_operations(db: Database, args: BulkArguments) -> BulkAnswer:
    trip = await resolve_trip(db, args.trip_identifier)
    operations = [_validated(operation) for operation in args.operations]
    try:
        results = await _apply(db, trip, operations, args)
    except ConstraintViolated:
        if args.atomic:
            raise Conflict(
                "The database refused the operations together.", "Send them without atomic to see which one it is."
            ) from None
        results = await _one_by_one(db, trip, operations, args)
    return _answer(trip, operations, results, args)


def _validated(operation: object) -> Operation | ToolFault:
    try:
        return OPERATION.validate_python(operation)
    except ValidationError as error:
        return InvalidInput(*words_for(error, _schema()))


@cache
def _schema() -> dict[str, Any]:
    return OPERATION.json_schema()


async def _apply(
    db: Database, trip: Row, operations: Sequence[Operation | ToolFault], args: BulkArguments
) -> list[OperationResult]:
    """Read, compute, write in one batch; from the start again where somebody else was first."""
    for _ in range(TRIES):
        draft, results = await _draft(db, trip, operations)
        if args.atomic and not all(result.success for result in results):
            return [_not_done(result) for result in results]
        if args.dry_run or not draft.changed:
            return results
        if draft.wants_slug_of is not None:
            draft.new_slug = await slugs.free_slug(db, draft.wants_slug_of, draft.trip_id)
        try:
            returned = await db.batch(draft.batch())
        except GuardFailed:
            continue
        concerned = [*draft.directory.emails, *draft.directory.created]
        draft.settle(returned, await assignments.of_clients(db, draft.trip_id, concerned))
        return results
    raise Conflict(
        f"Trip {trip['trip_id']} was changed by others each time this call was about to write.", "Send the call again."
    )


async def _draft(
    db: Database, trip: Row, operations: Sequence[Operation | ToolFault]
) -> tuple[TripDraft, list[OperationResult]]:
    """Apply the operations to the trip as it stands now. One that fails leaves the draft as it was."""
    asked = [operation.data for operation in operations if not isinstance(operation, ToolFault)]
    directory = await Directory.load(db, [data for data in asked if isinstance(data, ClientReference)])
    read = await trips.editable(db, trip["trip_id"])
    if read is None:
        raise Conflict(f"Trip {trip['trip_id']} was deleted in the meantime.", "Send another trip_identifier.")
    travelers = await assignments.of_clients(db, trip["trip_id"], directory.emails)
    draft = TripDraft(read, travelers, directory, now())
    return draft, [_applied(draft, operation) for operation in operations]


def _applied(draft: TripDraft, operation: Operation | ToolFault) -> OperationResult:
    if isinstance(operation, ToolFault):
        return OperationResult(success=False, message="Not done.", error=str(operation))
    try:
        result = type(operation).apply(draft, operation.data)
    except ToolFault as fault:
        result = OperationResult(success=False, message="Not done.", error=str(fault))
    result.operation = operation.type
    return result


async def _one_by_one(
    db: Database, trip: Row, operations: Sequence[Operation | ToolFault], args: BulkArguments
) -> list[OperationResult]:
    results: list[OperationResult] = []
    for operation in operations:
        try:
            results += await _apply(db, trip, [operation], args)
        except ConstraintViolated:
            refused = Conflict("The database refused this operation.", "Check its data, then send it alone.")
            results.append(
                OperationResult(
                    operation=getattr(operation, "type", ""), success=False, message="Not done.", error=str(refused)
                )
            )
    return results


def _not_done(result: OperationResult) -> OperationResult:
    if not result.success:
        return result
    return OperationResult(
        operation=result.operation,
        success=False,
        message="Not done, because another operation failed and atomic was asked.",
    )


def _answer(
    trip: Row, operations: Sequence[Operation | ToolFault], results: list[OperationResult], args: BulkArguments
) -> BulkAnswer:
    for result, sent in zip(results, args.operations, strict=True):
        result.operation = result.operation or _type_sent(sent)
    done = sum(result.success for result in results)
    failed = len(results) - done
    would = "would be done" if args.dry_run else "done"
    name = _name_after(trip, operations, results, args)
    message = f"{name}: {done} of {len(results)} operations {would}."
    if failed:
        numbers = [f"{number} ({result.operation})" for number, result in enumerate(results, 1) if not result.success]
        message += (
            f" Not done: {', '.join(numbers[:NAMED])}{' and others' if failed > NAMED else ''}; see their errors."
        )
    return BulkAnswer(
        message=message,
        success=failed == 0,
        trip_id=trip["trip_id"],
        trip_name=name,
        operations_completed=done,
        operations_failed=failed,
        dry_run=args.dry_run,
        results=results,
    )


def _name_after(
    trip: Row, operations: Sequence[Operation | ToolFault], results: list[OperationResult], args: BulkArguments
) -> str:
    """The trip's name once the operations were done."""
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
        "Change one trip, as many changes as needed in one call: assign or unassign clients, change roles, notes, "
        "status, cost, dates, name, documents, activities, workflow. Each operation stands alone unless atomic; "
        "the answer says which were done."
    ),
    group="trips",
    hints=Hints(destructive=True),
    input=BulkArguments,
    output=BulkAnswer,
    run=bulk_trip_operations,
)
