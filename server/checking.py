"""The `check` command."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from database import backfill
from database.embedded import open_database, open_to_look
from database.errors import DatabaseUnavailable
from database.files import require_file
from database.progress import Progress, part, untold
from database.quoting import as_word
from migrations.check import CheckReport, Finding, check
from migrations.proof import Proof, record_proof
from migrations.runner import pending
from server.opening import closing, open_any
from server.report import section, short_time

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from database.d1_address import Location
    from database.engine import Database


async def check_file(
    where: Location, *, record: bool = False, progress: Progress = untold
) -> tuple[CheckReport, Proof | None]:
    """Check the database and, with `record`, store a proof record. Raises DatabaseError if it cannot be read."""
    parts = 2 if record else 1
    async with open_migrated(where, to_look=not record, backfilled=record) as db:
        report = await check(db, part(progress, 0, parts))
        return report, await record_proof(db, report, part(progress, 1, parts)) if record else None


@asynccontextmanager
async def open_migrated(
    where: Location, *, foreign_keys: bool = True, to_look: bool = False, backfilled: bool = False
) -> AsyncGenerator[Database]:
    """Open an existing database with the current schema. Raises DatabaseUnavailable if it is missing or not migrated.

    With `to_look`, the database is opened for reading only, and no write permission is needed. With `backfilled`, the
    migration must also be complete. `foreign_keys` are always on in a hosted database.
    """
    if isinstance(where, Path):
        require_file(where)
        opening = open_to_look(where) if to_look else open_database(where, foreign_keys=foreign_keys, as_it_is=True)
        db: Database = await opening
    else:
        db = await open_any(where, read_only=to_look)
    async with closing(db):
        if await pending(db):
            raise DatabaseUnavailable(f"{where} is not migrated yet: run `voygen migrate --db {where}` first.")
        if backfilled:
            await backfill.require_complete(db)
        yield db


def describe(report: CheckReport, proof: Proof | None = None) -> str:
    """Format the report as text."""
    lines = [
        _verdict(report),
        "",
        *_totals(report),
        *_proof_lines(proof),
        *_finding_sections(report),
    ]
    if not report.clean and not report.incomplete:
        lines += ["", "Run `voygen repair` to see how to fix this."]
    return "\n".join(lines)


def _verdict(report: CheckReport) -> str:
    if report.incomplete:
        return "NOT consistent: the migration is not complete. Run `voygen migrate` to complete it, then check again."
    if report.consistent:
        return "Consistent: both stores hold the same assignments."
    return "NOT consistent: the stores hold different assignments."


def _totals(report: CheckReport) -> list[str]:
    totals = {
        "Trips": report.trips,
        "Assignments": report.assignments,
        "Drift": len(report.drift),
        "Shared e-mails": len(report.shared),
        "Unlinked entries": len(report.unlinked),
        "Quarantined texts": len(report.quarantined),
        "Orphaned rows": len(report.orphans),
        "Other faults": len(report.faults),
    }
    width = max(len(str(number)) for number in totals.values())
    return [f"{name:<17}  {number:>{width}}" for name, number in totals.items()]


def _proof_lines(proof: Proof | None) -> list[str]:
    if proof is None:
        return []
    moment = short_time(proof.recorded_at)
    return [
        "",
        f"Proof recorded {moment} UTC in phase {as_word(proof.phase)}, epoch {proof.epoch}",
        f"Digest {as_word(proof.digest)}",
    ]


def _finding_sections(report: CheckReport) -> list[str]:
    return [
        *section(
            "Drift",
            ("TRIP", "KIND", "E-MAIL", "ROLE", "JSON"),
            [_drift_row(one) for one in report.drift],
        ),
        *section(
            "Shared e-mails: one e-mail and role for several people, all kept in the JSON",
            ("TRIP", "E-MAIL", "ROLE", "ENTRIES"),
            [(one["trip_id"], one["email"], one["role"], ", ".join(one["json"])) for one in report.shared],
        ),
        *section(
            "Unlinked entries, kept in the JSON because no client has their e-mail",
            ("TRIP", "POSITION", "E-MAIL", "ENTRY"),
            _rows(report.unlinked, "trip_id", "position", "email", "entry"),
        ),
        *section(
            "Quarantined texts, moved out of the JSON",
            ("ID", "TRIP", "SINCE (UTC)", "REASON", "TEXT"),
            [_quarantine_row(one) for one in report.quarantined],
        ),
        *section(
            "Orphaned rows",
            ("TRIP", "E-MAIL", "ROLE", "REASON", "SET ASIDE"),
            [_orphan_row(one) for one in report.orphans],
        ),
        *section("Other faults", ("KIND", "WHERE", "PROBLEM"), [_fault_row(fault) for fault in report.faults]),
    ]


def _rows(findings: list[Finding], *keys: str) -> list[tuple[object, ...]]:
    return [tuple(finding.get(key) for key in keys) for finding in findings]


def _drift_row(one: Finding) -> tuple[object, ...]:
    entries: list[str] | str | None = one.get("json")
    texts = ", ".join(entries) if isinstance(entries, list) else entries
    return one["trip_id"], one["kind"], one.get("email"), one.get("role"), texts


def _quarantine_row(one: Finding) -> tuple[object, ...]:
    return one["quarantine_id"], one["trip_id"], short_time(one["quarantined_at"]), one["reason"], one["raw_text"]


def _orphan_row(one: Finding) -> tuple[object, ...]:
    (values,) = _rows([one], "trip_id", "client_email", "client_role", "reason")
    return *values, "yes" if one["set_aside"] else "no"


def _fault_row(fault: Finding) -> tuple[str, str, str]:
    kind: str = fault["kind"]
    trip = f"trip {fault.get('trip_id')}"
    match kind:
        case "schema" | "detached":
            where, problem = f"{fault['type']} {fault['name']}".strip(), fault["problem"]
        case "foreign_key":
            where, problem = _dangling(fault)
        case "backfill":
            where, problem = "migration", f"only {fault['percent']} % complete"
        case "primary_client":
            where, problem = trip, f"no client has the e-mail {as_word(fault['email'])}"
        case "other_spelling":
            where, problem = trip, f"{as_word(fault['spelling'])} is a spelling of client {as_word(fault['email'])}"
        case "paid_amount":
            where, problem = trip, f"paid_amount is {fault['paid_amount']}, and the payments are {fault['payments']}"
        case "slug_double":
            where, problem = trip, f"slug {as_word(fault['slug'])} is used by trips {fault['trip_ids']}"
        case _:
            where, problem = trip, FAULTS[kind]
    return kind, where, problem


def _dangling(fault: Finding) -> tuple[str, str]:
    if fault["parent"] is None:
        return f"table {fault['table']}", "its foreign keys cannot be checked"
    row = "" if fault["rowid"] is None else f", row {fault['rowid']}"
    return f"table {fault['table']}{row}", f"refers to a missing row of {fault['parent']}"


FAULTS = {
    "slug_missing": "has no slug",
    "not_indexed": "unlinked entries are missing from the index",
}
