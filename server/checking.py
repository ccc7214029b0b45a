"""The check command."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from database.embedded import EmbeddedDatabase, open_database, open_to_look, require_file
from database.errors import DatabaseUnavailable
from database.progress import Progress, part, untold
from migrations.check import CheckReport, check
from migrations.proof import Proof, record_proof
from migrations.runner import pending

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

# Findings of a kind that are printed; the rest are counted.
SHOWN = 20


async def check_file(
    path: Path, *, record: bool = False, progress: Progress = untold
) -> tuple[CheckReport, Proof | None]:
    """Check the file, and store a proof record if asked. Raises DatabaseError where it can't be looked at."""
    parts = 2 if record else 1
    async with open_migrated(path, to_look=not record) as db:
        report = await check(db, part(progress, 0, parts))
        return report, await record_proof(db, report, part(progress, 1, parts)) if record else None


@asynccontextmanager
async def open_migrated(
    path: Path, *, foreign_keys: bool = True, to_look: bool = False
) -> AsyncGenerator[EmbeddedDatabase]:
    """A database that exists and has this version's schema. Raises DatabaseUnavailable over any other.

    `to_look` is for what writes nothing, and needs no right to.
    """
    require_file(path)
    opening = open_to_look(path) if to_look else open_database(path, foreign_keys=foreign_keys, as_it_is=True)
    async with await opening as db:
        if await pending(db):
            raise DatabaseUnavailable(f"{path} is not migrated yet: run `voygen migrate --db {path}` first.")
        yield db


def describe(report: CheckReport, proof: Proof | None = None) -> str:
    """The report for a person to read."""
    verdict = "Consistent: both stores hold the same pairs." if report.consistent else "NOT consistent."
    lines = [verdict, f"{report.trips} trips, {report.assignments} assignments"]
    if proof:
        lines.append(f"Proof: digest {proof.digest}, phase {proof.phase}, epoch {proof.epoch}, {proof.recorded_at}")
    kinds: list[tuple[str, list[dict[str, Any]]]] = [
        ("Drift", report.drift),
        ("Unlinked, kept in the JSON", report.unlinked),
        ("Quarantined", report.quarantined),
        ("Orphans", report.orphans),
        ("Other faults", report.faults),
    ]
    for title, findings in kinds:
        lines.append(f"{title}: {len(findings)}")
        lines += [f"  {_words(finding)}" for finding in findings[:SHOWN]]
        if len(findings) > SHOWN:
            lines.append(f"  and {len(findings) - SHOWN} more (--json prints all)")
    return "\n".join(lines)


def _words(finding: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in finding.items() if value is not None and key != "canonical")
