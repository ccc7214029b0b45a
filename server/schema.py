"""The `schema` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from database.phase import read_phase
from database.progress import Progress, untold
from database.quoting import as_word, file_name
from migrations.detaching import AttachReport, DetachReport, attach, detach
from server.checking import describe, open_migrated
from server.report import count, escaped

if TYPE_CHECKING:
    from database.d1_address import Location


async def status_of_file(where: Location) -> tuple[dict[str, Any], str]:
    async with open_migrated(where, to_look=True) as db:
        since = (await read_phase(db)).detached_at
    words = f"Detached since {as_word(since)}. Run `voygen schema attach`." if since else "Attached."
    return {"detached_at": since}, words


async def detach_file(where: Location) -> tuple[dict[str, Any], str]:
    async with open_migrated(where) as db:
        report = await detach(db)
    return report.as_json(), _detached_in_words(report, where)


async def attach_file(where: Location, *, progress: Progress = untold) -> tuple[dict[str, Any], str, bool]:
    """Attach the schema. Returns the result as JSON and as text, and True if the stores agree."""
    async with open_migrated(where) as db:
        report = await attach(db, progress)
    if report is None:
        return {"detached_at": None}, "Nothing to do: the schema is attached.", True
    return report.as_json(), _attached_in_words(report, where), report.repair.after.consistent


def _detached_in_words(report: DetachReport, where: Location) -> str:
    lines = [
        f"Detached: {report.dropped} triggers and views dropped."
        if report.dropped
        else f"Nothing to do: the schema is detached since {as_word(report.since)}.",
        "Servers refuse to write. Run the other program's migration with foreign keys off, if possible.",
    ]
    if report.others:
        lines.append(f"These are not ours and can make a rename fail: {escaped(', '.join(report.others))}.")
    return "\n".join([*lines, f"Then: voygen schema attach --db {file_name(where)}"])


def _attached_in_words(report: AttachReport, where: Location) -> str:
    repair = report.repair
    lines = [f"Attached. {count(report.restored, 'lost assignment')} put back."]
    if report.set_aside:
        lines.append(f"{count(report.set_aside, 'assignment')} without a client moved to orphaned_rows.")
    if repair.run_id is not None:
        changes = count(sum(repair.changed.values()), "change")
        undo = f"voygen repair --db {file_name(where)} --undo {repair.run_id}"
        lines.append(f"Repair run {repair.run_id}: {changes}. Undo with: {undo}")
    return "\n".join([*lines, "", describe(repair.after)])
