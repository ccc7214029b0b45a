"""The tool show_migration: the phase, whether both stores agree, and how the calls went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.pictures.words import counted
from tools.tool import READS, Answer, AnyTool, Arguments, Tool

if TYPE_CHECKING:
    from database.engine import Database
    from tools.maintenance import Steward


class ShowMigrationArguments(Arguments):
    hours: Annotated[int, Field(ge=1, le=168, description="Hours of calls.")] = 24
    check: Annotated[bool, Field(description="Check now; else the last proof counts.")] = False


class Agreement(BaseModel):
    source: str = Field(description="check or proof.")
    at: str = Field(description="When.")
    age: str = Field(description="How long ago.")
    trips: int = Field(description="Number of trips.")
    assignments: int = Field(description="Number of assignments.")
    differences: int = Field(description="Number of differences.")
    differing_trips: int | None = Field(description="Trips that differ; null if only a check can tell.")


class Pair(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True)

    email: str = Field(description="E-mail, or name of a client without one.")
    role: str = Field(description="Role.")
    junction: bool = Field(description="True if in the junction table.")
    json_: bool = Field(validation_alias="json", serialization_alias="json", description="True if in the JSON.")


class DifferingTrip(BaseModel):
    trip_id: int = Field(description="Trip id.")
    name: str = Field(description="Trip name.")
    kinds: list[str] = Field(description="Kinds of differences.")
    pairs: list[Pair] = Field(description="Pairs, those that differ first.")
    pairs_more: int = Field(description="Left out.")


class ProofPoint(BaseModel):
    at: str = Field(description="When.")
    drift: int = Field(description="Differences.")


class Hour(BaseModel):
    hour: str = Field(description="Hour, UTC.")
    calls: int = Field(description="Calls.")
    failed: int = Field(description="Failed calls.")


class Operation(BaseModel):
    tool: str = Field(description="Tool.")
    calls: int = Field(description="Calls.")
    p50_ms: int | None = Field(description="Half of the calls took at most this; null above 30 s.")
    p95_ms: int | None = Field(description="95 of 100 calls.")
    success_rate: float = Field(description="Share that succeeded.")


class MigrationPicture(Answer):
    phase: str = Field(description="dual_write, prefer_junction or normalized.")
    next_phase: str | None = Field(description="The next phase.")
    obstacles: list[str] = Field(description="What stands before it.")
    agreement: Agreement | None = Field(description="Agreement of the stores; null if never checked.")
    differing: list[DifferingTrip] = Field(description="Differing trips side by side, after a check.")
    differing_more: int = Field(description="Left out.")
    proofs: list[ProofPoint] = Field(description="Last proofs, oldest first.")
    hours: int = Field(description="Hours counted.")
    calls: int = Field(description="Calls.")
    success_rate: float | None = Field(description="Share that succeeded; null without calls.")
    by_hour: list[Hour] = Field(description="Calls by hour.")
    violations: dict[str, int] = Field(description="Refused by constraints, by kind.")
    operations: list[Operation] = Field(description="Time and success by tool.")
    operations_more: int = Field(description="Left out.")


def tools(steward: Steward) -> list[AnyTool]:
    """Return the tool, which uses the steward instead of its database argument."""

    async def show_migration(_: Database, args: ShowMigrationArguments) -> MigrationPicture:
        picture = MigrationPicture(message="", **await steward.board(args.hours, check=args.check))
        return picture.model_copy(update={"message": _words(picture)})

    return [
        Tool(
            name="show_migration",
            title="Draw the migration",
            description="Draw the migration: phase, obstacles, differing trips, proofs, calls, latency.",
            group="maintenance",
            hints=READS,
            input=ShowMigrationArguments,
            output=MigrationPicture,
            run=show_migration,
        )
    ]


def _words(board: MigrationPicture) -> str:
    before = f"; before {board.next_phase}: {named(board.obstacles)}" if board.obstacles else ""
    ready = f"; ready for {board.next_phase}" if board.next_phase and not board.obstacles else ""
    calls = counted(board.calls, "call")
    rate = f", {100 * board.success_rate:.2f}% succeeded" if board.success_rate is not None else ""
    refused = named([f"{times} {as_word(kind)}" for kind, times in board.violations.items()])
    return " ".join(
        [
            f"{_agreement_words(board)} Phase {board.phase}{before}{ready}.",
            f"Last {counted(board.hours, 'hour')}: {calls}{rate}; refused by constraints: {refused or 'nothing'}.",
        ]
    )


def _agreement_words(board: MigrationPicture) -> str:
    agreed = board.agreement
    if agreed is None:
        return "Whether both stores agree is unknown: no proof is recorded; send check."
    source = "checked" if agreed.source == "check" else "last proof"
    whole = f"{counted(agreed.trips, 'trip')}, {counted(agreed.assignments, 'assignment')}, {source} {agreed.age}"
    if not agreed.differences:
        return f"Both stores agree: {whole}."
    differing = [f"{in_quotes(one.name)} (id {one.trip_id})" for one in board.differing]
    which = f" Trips that differ: {named(differing, len(differing) + board.differing_more)}." if differing else ""
    return f"The stores DIFFER: {counted(agreed.differences, 'difference')}, {whole}.{which}"
