"""The check command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from database.embedded import open_database, require_file
from database.errors import DatabaseUnavailable
from migrations.check import CheckReport, check
from migrations.runner import pending

if TYPE_CHECKING:
    from pathlib import Path

# Findings of a kind that are printed; the rest are counted.
SHOWN = 20


async def check_file(path: Path) -> CheckReport:
    """Check the file. Raises DatabaseError where it can't be looked at."""
    require_file(path)
    async with await open_database(path) as db:
        if await pending(db):
            raise DatabaseUnavailable(f"{path} is not migrated yet: run `voygen migrate --db {path}` first.")
        return await check(db)


def describe(report: CheckReport) -> str:
    """The report for a person to read."""
    verdict = "Consistent: both stores hold the same pairs." if report.consistent else "NOT consistent."
    lines = [verdict, f"{report.trips} trips, {report.assignments} assignments"]
    kinds: list[tuple[str, list[dict[str, Any]]]] = [
        ("Drift", report.drift),
        ("Unlinked, kept in the JSON", report.unlinked),
        ("Quarantined", report.quarantined),
        ("Orphans", report.orphans),
    ]
    for title, findings in kinds:
        lines.append(f"{title}: {len(findings)}")
        lines += [f"  {_words(finding)}" for finding in findings[:SHOWN]]
        if len(findings) > SHOWN:
            lines.append(f"  and {len(findings) - SHOWN} more (--json prints all)")
    return "\n".join(lines)


def _words(finding: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in finding.items() if value is not None)
