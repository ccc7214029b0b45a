"""Tools for those who look after the database: off unless asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import Field

from tools.tool import READS, Answer, AnyTool, Arguments, Hints, Tool

if TYPE_CHECKING:
    from database.engine import Database

# Findings of a kind that an answer carries; the rest are counted.
FINDINGS_SHOWN = 20


class Steward(Protocol):
    """Checks and repairs the database; the server provides one that knows the migrations."""

    async def check(self) -> dict[str, Any]:
        """The check's report, as `voygen check --json` prints it."""
        ...

    async def repair(self, prefer: str, *, dry_run: bool) -> dict[str, Any]:
        """Changes made or planned, by kind: `run_id`, `changed` and `consistent`."""
        ...

    async def phase(self) -> dict[str, Any]:
        """The status, as `voygen phase --json` prints it."""
        ...


class CheckArguments(Arguments):
    limit: Annotated[int, Field(ge=1, le=200, description="Most findings of a kind to list.")] = FINDINGS_SHOWN


class CheckAnswer(Answer):
    consistent: bool = Field(description="Whether the junction and the JSON hold the same pairs.")
    trips: int = Field(description="How many trips there are.")
    assignments: int = Field(description="How many assignments there are.")
    counts: dict[str, int] = Field(description="How many findings there are of drift, unlinked, quarantined and so on.")
    findings: dict[str, list[dict[str, Any]]] = Field(
        description="The first findings of each, and what repair would do."
    )


class RepairArguments(Arguments):
    dry_run: Annotated[bool, Field(description="Only say what would be done.")] = True
    prefer: Annotated[
        Literal["union", "junction", "json"], Field(description="Which side is right where a pair stands on one only.")
    ] = "union"


class RepairAnswer(Answer):
    dry_run: bool = Field(description="True where nothing was written.")
    run_id: int | None = Field(
        description="The run, which `voygen repair --undo` puts back; null where there was none."
    )
    changed: dict[str, int] = Field(description="How much was changed, or would be, by kind.")
    consistent: bool | None = Field(description="Whether the stores agree afterwards; null on a dry run.")


class PhaseArguments(Arguments):
    pass


class PhaseAnswer(Answer):
    phase: str = Field(description="dual_write, prefer_junction or normalized.")
    epoch: int = Field(description="Grows with every change of phase or schema.")
    changed_at: str = Field(description="Since when.")
    next_phase: str | None = Field(description="The phase after this one.")
    obstacles: list[dict[str, str]] = Field(description="What stands in the way of it; the first ones.")
    obstacles_total: int = Field(description="How many obstacles there are.")
    shadow_mismatches: int = Field(description="Readings that found the two stores different.")


def tools(steward: Steward) -> list[AnyTool]:
    """The maintenance tools, which go through the steward rather than the database they are given."""

    async def check(_: Database, args: CheckArguments) -> CheckAnswer:
        report = await steward.check()
        lists: dict[str, list[dict[str, Any]]] = {
            kind: report[kind] for kind in ("drift", "unlinked", "quarantined", "orphans", "faults")
        }
        counts = {key: len(value) for key, value in lists.items()}
        words = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        return CheckAnswer(
            message=("The two stores agree: " if report["consistent"] else "The two stores DISAGREE: ") + words + ".",
            consistent=report["consistent"],
            trips=report["trips"],
            assignments=report["assignments"],
            counts=counts,
            findings={key: value[: args.limit] for key, value in lists.items() if value},
        )

    async def repair(_: Database, args: RepairArguments) -> RepairAnswer:
        result = await steward.repair(args.prefer, dry_run=args.dry_run)
        done = ", ".join(f"{count} {kind}" for kind, count in result["changed"].items()) or "nothing"
        return RepairAnswer(
            message=f"{'Would mend' if args.dry_run else 'Changed'}: {done}.", dry_run=args.dry_run, **result
        )

    async def phase(_: Database, __: PhaseArguments) -> PhaseAnswer:
        status = await steward.phase()
        obstacles = status["obstacles"]
        return PhaseAnswer(
            message=f"Phase {status['phase']}; {len(obstacles)} obstacles before {status['next_phase'] or 'nothing'}.",
            phase=status["phase"],
            epoch=status["epoch"],
            changed_at=status["changed_at"],
            next_phase=status["next_phase"],
            obstacles=obstacles[:FINDINGS_SHOWN],
            obstacles_total=len(obstacles),
            shadow_mismatches=status["shadow_mismatches"],
        )

    return [
        Tool(
            name="check_consistency",
            title="Check the two stores",
            description="Prove that the junction table and the JSON column hold the same pairs, or say where not.",
            group="maintenance",
            hints=READS,
            input=CheckArguments,
            output=CheckAnswer,
            run=check,
        ),
        Tool(
            name="repair_consistency",
            title="Mend the two stores",
            description="Mend what check_consistency finds. A dry run by default; what is changed can be put back.",
            group="maintenance",
            hints=Hints(destructive=True, idempotent=True),
            input=RepairArguments,
            output=RepairAnswer,
            run=repair,
        ),
        Tool(
            name="get_migration_phase",
            title="Show the migration's phase",
            description="Where the migration stands, and what stands in the way of its next phase.",
            group="maintenance",
            hints=READS,
            input=PhaseArguments,
            output=PhaseAnswer,
            run=phase,
        ),
    ]
