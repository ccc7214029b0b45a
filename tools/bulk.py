"""The tool bulk_trip_operations: many changes to one trip in one call."""

from __future__ import annotations

import contextlib
from asyncio import gather
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, Field, SkipValidation, TypeAdapter, model_validator

from database.errors import ConstraintViolated
from database.quoting import as_word, in_quotes
from database.rehearsal import Rehearsed, RehearsingDatabase
from tools.answers.arguments import Loose
from tools.answers.bounds import ROOM, fitting
from tools.answers.errors import Conflict, InvalidInput, ToolFault
from tools.answers.fields import TripIdentifier
from tools.answers.models import Plain
from tools.answers.state import LaterState
from tools.documents.fence import Fence
from tools.finding.identifiers import resolve_trip
from tools.finding.people import ClientReference, namesakes_notes
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip import shapes
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.imports import ImportAndParseOperation, obtain
from tools.trip.itinerary.warnings import warnings
from tools.trip.operation import TripOperation
from tools.trip.operations import Operation
from tools.trip.particulars import UpdateDetails, UpdateDetailsOperation
from tools.trip.travelers import AssignClientOperation
from tools.trip.writing import rewrite_trips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from database.engine import Database, Row
    from tools.answers.state import TripState

# Number of failed operations listed in the message.
FAILURES_SHOWN = 5

OPERATION = Loose(TypeAdapter(Operation))


def _normalized(sent: object) -> object:
    operation = OPERATION.normalized(sent)
    if operation is sent and not shapes.storable(sent):
        raise ValueError("can't be read: send it without NaN, infinities or lone surrogates, and with less nesting")
    return operation


class BulkArguments(WriteArguments):
    trip_identifier: TripIdentifier | None = None
    trip_identifiers: Annotated[
        list[TripIdentifier] | None, Field(max_length=50, description="Or several: the same operations on each.")
    ] = None
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
    atomic: Annotated[bool, Field(description="All or none, over all trips.")] = False
    dry_run: Annotated[bool, Field(description="Only report what would be done.")] = False

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.trip_identifier is None) == (not self.trip_identifiers):
            raise ValueError("needs either trip_identifier or trip_identifiers: send one of them")
        return self


class BulkAnswer(WriteAnswer):
    success: bool = Field(description="True if every operation succeeded.")
    trip_id: int | None = Field(description="Trip id; null if several.")
    trip_name: Plain | None = Field(description="Trip name; null if several.")
    operations_completed: int = Field(description="Operations done.")
    operations_failed: int = Field(description="Operations failed.")
    dry_run: bool = Field(default=False, description="True if nothing was written.")
    results: list[OperationResult] = Field(description="One per trip and operation, in order.")
    warnings: list[str] = Field(
        default_factory=list[str],
        max_length=100,
        description="What is odd about the itinerary now.",
        exclude_if=lambda value: not value,
    )
    results_left_out: int = Field(default=0, description="Results omitted to keep the answer short.")
    after: list[LaterState] = Field(default=[], description="Each trip after the call, if anything was written.")


@dataclass(frozen=True)
class _Call:
    """A call with its trips and its operations, of which some may be invalid."""

    trips: list[Row]
    operations: list[Operation | ToolFault]
    args: BulkArguments


async def bulk_trip_operations(db: Database, args: BulkArguments) -> BulkAnswer:
    call = _Call(await _trips(db, args), [_validated(operation) for operation in args.operations], args)
    await obtain(call.operations, call.trips)
    try:
        return await _apply(db, call)
    except ConstraintViolated:
        if args.atomic:
            raise Conflict(
                "The database rejected the operations.", "Send them without atomic to find out which one fails."
            ) from None
        return await _without_refused(db, call)


async def _trips(db: Database, args: BulkArguments) -> list[Row]:
    if args.trip_identifier is not None:
        return [await resolve_trip(db, args.trip_identifier)]
    found = await gather(*(resolve_trip(db, one, "trip_identifiers") for one in args.trip_identifiers or []))
    return list({trip["trip_id"]: trip for trip in found}.values())


def _validated(operation: object) -> Operation | ToolFault:
    try:
        return OPERATION.validate(operation)
    except InvalidInput as fault:
        return fault


async def _apply(db: Database, call: _Call) -> BulkAnswer:
    """Apply the operations to each trip; a failed operation changes nothing."""
    results: list[list[OperationResult]] = []

    def failed() -> bool:
        return call.args.atomic and not all(result.success for of_trip in results for result in of_trip)

    def change(drafts: Sequence[TripDraft]) -> bool:
        results[:] = [[_applied(draft, operation) for operation in call.operations] for draft in drafts]
        return not call.args.dry_run and not failed()

    async def answer(drafts: Sequence[TripDraft]) -> BulkAnswer:
        if call.args.dry_run:
            for result in chain(*results):
                result.message = f"Would be done: {result.message}" if result.success else result.message
        else:
            for of_trip in results:
                await _add_namesakes_notes(db, call.operations, of_trip)
        if failed():
            results[:] = [[_not_done(one) for one in of_trip] for of_trip in results]
        told = _answer(call, drafts, results)
        if not failed():
            told.warnings = _fenced(call, _warnings(drafts))
        if not call.args.dry_run and not failed() and any(draft.changed for draft in drafts):
            told.after = [cast("TripState", draft.state) for draft in drafts]
        return told

    return await rewrite_trips(
        db,
        [trip["trip_id"] for trip in call.trips],
        list(_concerned(call.operations)),
        change,
        answer,
        with_itinerary=any(isinstance(one, TripOperation) and one.reads_itinerary for one in call.operations),
        with_money=any(isinstance(one, TripOperation) and one.with_money for one in call.operations),
        with_documents=any(isinstance(one, TripOperation) and one.with_documents for one in call.operations),
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


async def _without_refused(db: Database, call: _Call) -> BulkAnswer:
    """Apply the operations that the database accepts in one batch, so that an interrupted call is all or nothing."""
    kept = replace(call, operations=list(call.operations))
    for _ in call.operations:
        number = await _first_refused(db, kept)
        kept.operations[number] = Conflict(
            "The database rejected this operation.", "Check its data, then send it alone."
        )
        with contextlib.suppress(ConstraintViolated):
            return await _apply(db, kept)
    raise Conflict("The database rejected the operations.", "Read the trip again and send them one by one.")


async def _first_refused(db: Database, call: _Call) -> int:
    """Find, by bisection, the index of the first operation that the database rejects."""
    taken, refused = 0, len(call.operations)
    while refused - taken > 1:
        half = (taken + refused) // 2
        try:
            sent = call.args.model_copy(update={"operations": call.args.operations[:half]})
            await _apply(RehearsingDatabase(db), _Call(call.trips, call.operations[:half], sent))
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


def _answer(call: _Call, drafts: Sequence[TripDraft], of_trips: Sequence[list[OperationResult]]) -> BulkAnswer:
    alone = len(drafts) == 1
    for draft, results in zip(drafts, of_trips, strict=True):
        for number, (result, sent) in enumerate(zip(results, call.args.operations, strict=True), 1):
            result.number, result.operation = number, result.operation or _type_sent(sent)
            result.trip_id = None if alone else draft.trip_id
    results = list(chain(*of_trips))
    done = sum(result.success for result in results)
    would = "would be done" if call.args.dry_run else "done"
    name = _name_after(drafts[0], call.args)
    message = f"{in_quotes(name) if alone else f'{len(drafts)} trips'}: {done} of {len(results)} operations {would}."
    faults = [one for one in results if not one.success]
    if faults:
        undone = [f"{_place(one)} ({as_word(one.operation)}): {_one_line(one)}" for one in faults[:FAILURES_SHOWN]]
        more = " | and others" if len(faults) > FAILURES_SHOWN else ""
        message += f" Not done: {' | '.join(undone)}{more}"
    shown = _results_shown(results)
    if len(shown) < len(results):
        message += f" {len(results) - len(shown)} results are omitted from this answer, successful ones first."
    return BulkAnswer(
        message=message + "".join(f" {draft.unreadable}" for draft in drafts if draft.unreadable),
        success=not faults,
        trip_id=drafts[0].trip_id if alone else None,
        trip_name=name if alone else None,
        operations_completed=done,
        operations_failed=len(faults),
        dry_run=call.args.dry_run,
        results=shown,
        results_left_out=len(results) - len(shown),
    )


def _fenced(call: _Call, found: list[str]) -> list[str]:
    """Return the warnings between marks if they may quote a page that the call has imported."""
    imports = any(isinstance(one, ImportAndParseOperation) for one in call.operations)
    return [Fence().around("\n".join(found))] if found and imports else found


def _warnings(drafts: Sequence[TripDraft]) -> list[str]:
    """Return what is odd about the itineraries, with the trip if there are several."""
    found = [(draft, warnings(draft.itinerary, draft.start_date, draft.end_date)) for draft in drafts]
    if len(drafts) == 1:
        return found[0][1]
    return [f"Trip {draft.trip_id}: {warning}" for draft, of_trip in found for warning in of_trip]


def _place(result: OperationResult) -> str:
    return f"{result.number}" if result.trip_id is None else f"{result.number} on trip {result.trip_id}"


def _one_line(result: OperationResult) -> str:
    return " ".join((result.error or result.message).split("\n"))


def _results_shown(results: list[OperationResult]) -> list[OperationResult]:
    """Return the results that fit one answer, in order, preferring failed operations."""
    first = sorted(range(len(results)), key=lambda place: results[place].success)
    kept = set(first[: fitting([results[place] for place in first], ROOM)])
    return [result for place, result in enumerate(results) if place in kept]


def _name_after(draft: TripDraft, args: BulkArguments) -> str:
    """Return the trip's name after the operations."""
    return draft.read["trip_name"] if args.dry_run else draft.trip_name


def _type_sent(operation: Any) -> str:  # noqa: ANN401 - whatever an agent sent
    return str(cast("dict[str, Any]", operation).get("type", ""))[:60] if isinstance(operation, dict) else ""


TOOL = Tool(
    name="bulk_trip_operations",
    title="Change a trip",
    description=(
        "Change a trip, or several alike, all changes in one call: clients and roles, notes, status, itinerary, cost, "
        "payments, dates, name, documents, activities, workflow. Operations are independent unless atomic. The answer "
        "shows the trip after them."
    ),
    group="trips",
    hints=Hints(destructive=True),
    input=BulkArguments,
    output=BulkAnswer,
    run=bulk_trip_operations,
)
