"""The repair command."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from database.progress import Progress, untold
from migrations.repair import apply_repair, plan_repair
from migrations.undo import undo_repair
from server.checking import describe, open_migrated

if TYPE_CHECKING:
    from pathlib import Path

    from migrations.repair import Prefer, RepairPlan, RepairReport

# Findings that a plan lists; the rest are counted.
SHOWN = 50


async def repair_file(
    path: Path, prefer: Prefer, trip_id: int | None, *, really: bool, progress: Progress = untold
) -> tuple[dict[str, Any], str]:
    """The plan, or what was done: for JSON, and in words."""
    async with open_migrated(path, to_look=not really) as db:
        if not really:
            plan = await plan_repair(db, prefer, trip_id, progress=progress)
            return plan.as_json(), _plan_in_words(plan)
        report = await apply_repair(db, prefer, trip_id, progress=progress)
        return report.as_json(), _report_in_words(report, path)


async def undo_file(path: Path, run_id: int) -> tuple[dict[str, Any], str]:
    async with open_migrated(path, foreign_keys=False) as db:
        counts = await undo_repair(db, run_id)
    left = f", {counts['changed_since']} left: others changed them since" if counts["changed_since"] else ""
    return dict(counts), f"Run {run_id}: {counts['undone']} changes put back{left}."


def _plan_in_words(plan: RepairPlan) -> str:
    if not plan.findings and not plan.by_hand:
        return "Nothing to mend."
    lines = [f"Plan ({plan.prefer}); nothing is done without --apply:"]
    lines += [f"  {_subject(one)}: {one['kind']} → {one['repair']}" for one in plan.findings[:SHOWN]]
    if len(plan.findings) > SHOWN:
        lines.append(f"  and {len(plan.findings) - SHOWN} more (--json prints all)")
    lines += [f"  by hand: {_subject(finding)}: {finding.get('problem', finding['kind'])}" for finding in plan.by_hand]
    kinds = Counter(finding["kind"] for finding in plan.findings)
    lines.append(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    return "\n".join(lines)


def _report_in_words(report: RepairReport, path: Path) -> str:
    if report.run_id is None:
        return "Nothing to mend."
    changed = ", ".join(f"{count} of kind {kind}" for kind, count in report.changed.items()) or "nothing"
    return (
        f"Run {report.run_id} changed: {changed}.\n"
        f"Put it back with: voygen repair --db {path} --undo {report.run_id}\n{describe(report.after)}"
    )


def _subject(finding: dict[str, Any]) -> str:
    if "trip_id" not in finding:
        return str(finding.get("name") or finding.get("table"))
    pair = f", {finding['email']} as {finding['role']}" if finding.get("role") else ""
    return f"trip {finding['trip_id']}{pair}"
