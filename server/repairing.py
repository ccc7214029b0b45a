"""The `repair` command."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from database.progress import Progress, untold
from database.quoting import file_name
from migrations.repair import apply_repair, plan_repair
from migrations.undo import undo_repair
from server.checking import describe, open_migrated
from server.report import count, section, table

if TYPE_CHECKING:
    from database.d1_address import Location
    from migrations.repair import Prefer, RepairPlan, RepairReport


async def repair_file(
    where: Location, prefer: Prefer, trip_id: int | None, *, really: bool, progress: Progress = untold
) -> tuple[dict[str, Any], str]:
    """Apply the repairs if `really`, else plan them. Returns the result as JSON and as text."""
    async with open_migrated(where, to_look=not really, backfilled=really) as db:
        if not really:
            plan = await plan_repair(db, prefer, trip_id, progress=progress)
            return plan.as_json(), _plan_in_words(plan)
        report = await apply_repair(db, prefer, trip_id, progress=progress)
        return report.as_json(), _report_in_words(report, where)


async def undo_file(where: Location, run_id: int) -> tuple[dict[str, Any], str]:
    async with open_migrated(where, foreign_keys=False, backfilled=True) as db:
        counts = await undo_repair(db, run_id, with_orphans=isinstance(where, Path))
    skipped = counts["changed_since"]
    left = f", {skipped} skipped because the data changed since" if skipped else ""
    return dict(counts), f"Run {run_id}: {count(counts['undone'], 'change')} undone{left}."


def _plan_in_words(plan: RepairPlan) -> str:
    if not plan.findings and not plan.by_hand:
        return "Nothing to repair."
    kinds = Counter(finding["kind"] for finding in plan.findings)
    return "\n".join(
        [
            f"Repair plan (--prefer {plan.prefer})",
            *section(
                "Repairs",
                ("WHERE", "E-MAIL", "ROLE", "KIND", "REPAIR"),
                [(*_subject(one), one["kind"], one["repair"]) for one in plan.findings],
            ),
            *(["", "Repairs by kind", *table(("KIND", "COUNT"), sorted(kinds.items()))] if len(kinds) > 1 else []),
            *section(
                "Not repaired automatically",
                ("WHERE", "PROBLEM"),
                [(_subject(one)[0], _problem(one)) for one in plan.by_hand],
            ),
            "",
            "No changes made. Use --apply to run the repairs." if plan.findings else "Nothing to repair automatically.",
        ]
    )


def _problem(finding: dict[str, Any]) -> str:
    if finding["kind"] == "backfill":
        return f"{finding['percent']} % complete: run `voygen migrate`"
    return str(finding.get("problem", finding["kind"]))


def _report_in_words(report: RepairReport, where: Location) -> str:
    if report.run_id is None:
        return "Nothing to repair."
    return "\n".join(
        [
            f"Repair run {report.run_id}: {count(sum(report.changed.values()), 'change')}",
            *(table(("KIND", "CHANGES"), list(report.changed.items())) if report.changed else []),
            f"Undo with: voygen repair --db {file_name(where)} --undo {report.run_id}",
            "",
            describe(report.after),
        ]
    )


def _subject(finding: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """Return the location of a finding, and its e-mail and role, if any."""
    if finding["kind"] == "backfill":
        return "migration", None, None
    if "trip_id" not in finding:
        return str(finding.get("name") or finding.get("table")), None, None
    email, role = (finding.get(key) or finding.get(f"client_{key}") for key in ("email", "role"))
    return f"trip {finding['trip_id']}", email, role
