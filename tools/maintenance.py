"""Tools for database maintainers; off by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import Field

from tools.tool import READS, Answer, AnyTool, Arguments, Hints, Tool

if TYPE_CHECKING:
    from database.engine import Database

# Number of findings of each kind that an answer lists; the rest are counted.
FINDINGS_SHOWN = 20


class Steward(Protocol):
    """Checks and repairs the database; the server provides an implementation that knows the migrations."""

    async def check(self) -> dict[str, Any]:
        """Return the report that `voygen check --json` prints."""
        ...

    async def repair(self, prefer: str, *, dry_run: bool) -> dict[str, Any]:
        """Run the repairs, or only plan them; return `run_id`, `changed` (counts by kind) and `consistent`."""
        ...

    async def phase(self) -> dict[str, Any]:
        """Return the status that `voygen phase --json` prints."""
        ...

    async def board(self, hours: int, *, check: bool) -> dict[str, Any]:
        """Return the fields of a MigrationPicture, except its message; `check` compares the stores first."""
        ...


class CheckArguments(Arguments):
    limit: Annotated[int, Field(ge=1, le=200, description="Most findings of a kind to list.")] = FINDINGS_SHOWN


class CheckAnswer(Answer):
    consistent: bool = Field(description="True if junction and JSON hold the same pairs.")
    trips: int = Field(description="Number of trips.")
    assignments: int = Field(description="Number of assignments.")
    counts: dict[str, int] = Field(description="Findings by kind: drift, unlinked, quarantined and so on.")
    findings: dict[str, list[dict[str, Any]]] = Field(description="First findings of each kind, and their repair.")


class RepairArguments(Arguments):
    dry_run: Annotated[bool, Field(description="Only report changes.")] = True
    prefer: Annotated[
        Literal["union", "junction", "json"], Field(description="Side to trust if a pair is on one only.")
    ] = "union"


class RepairAnswer(Answer):
    dry_run: bool = Field(description="True if nothing was written.")
    run_id: int | None = Field(description="The run, for `voygen repair --undo`; null if none.")
    changed: dict[str, int] = Field(description="Number of changes by kind.")
    consistent: bool | None = Field(description="True if the stores now agree; null on a dry run.")


class PhaseArguments(Arguments):
    pass


class PhaseAnswer(Answer):
    phase: str = Field(description="dual_write, prefer_junction or normalized.")
    epoch: int = Field(description="Grows with each phase or schema change.")
    changed_at: str = Field(description="Since when.")
    next_phase: str | None = Field(description="The next phase.")
    obstacles: list[dict[str, str]] = Field(description="First obstacles to the next phase.")
    obstacles_total: int = Field(description="Number of obstacles.")
    shadow_mismatches: int = Field(description="Reads that found the stores different.")


def tools(steward: Steward) -> list[AnyTool]:
    """Return the maintenance tools, which use the steward instead of their database argument."""

    async def check(_: Database, args: CheckArguments) -> CheckAnswer:
        report = await steward.check()
        lists: dict[str, list[dict[str, Any]]] = {
            kind: report[kind] for kind in ("drift", "shared", "unlinked", "quarantined", "orphans", "faults")
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
            message=f"{'Would change' if args.dry_run else 'Changed'}: {done}.", dry_run=args.dry_run, **result
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
            description="Check that the junction table and the JSON column hold the same pairs.",
            group="maintenance",
            hints=READS,
            input=CheckArguments,
            output=CheckAnswer,
            run=check,
        ),
        Tool(
            name="repair_consistency",
            title="Repair the stores",
            description="Repair what check_consistency finds. Dry run by default; changes can be undone.",
            group="maintenance",
            hints=Hints(destructive=True, idempotent=True),
            input=RepairArguments,
            output=RepairAnswer,
            run=repair,
        ),
        Tool(
            name="get_migration_phase",
            title="Show the migration phase",
            description="Get the migration phase and the obstacles to the next one.",
            group="maintenance",
            hints=READS,
            input=PhaseArguments,
            output=PhaseAnswer,
            run=phase,
        ),
    ]
