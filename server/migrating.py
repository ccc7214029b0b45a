"""The migrate command."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from database.embedded import open_database, open_to_look
from database.progress import Progress, untold
from migrations.dumps import loaded
from migrations.runner import FIX, MigrationReport, migrate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


def migrate_file(path: Path, dump: Path | None, *, dry_run: bool, progress: Progress = untold) -> MigrationReport:
    """Migrate the file, or make it of a dump, which stays its backup; in a dry run a copy that is thrown away."""
    with _throwaway() if dry_run else nullcontext(path) as target:
        if dump:
            with loaded(dump, target) as scratch:
                return asyncio.run(migrate_whole(scratch, back_up=False, progress=progress))
        if dry_run:
            asyncio.run(_copy(path, target))
        return asyncio.run(migrate_whole(target, back_up=not dry_run, progress=progress))


async def migrate_whole(path: Path, *, back_up: bool, progress: Progress = untold) -> MigrationReport:
    async with await open_database(path) as db:
        return await migrate(db, back_up=back_up, progress=progress)


@contextmanager
def _throwaway() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="voygen-") as folder:
        yield Path(folder) / "copy.db"


async def _copy(path: Path, target: Path) -> None:
    async with await open_to_look(path) as db:
        await db.back_up_to(target)


def describe(report: MigrationReport, *, dry_run: bool) -> str:
    """The report for a person to read."""
    if report.did_nothing:
        return "Nothing to do: the database is up to date."
    return "\n".join(_lines(report, dry_run=dry_run))


def _lines(report: MigrationReport, *, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield "Dry run: this was done to a copy, and nothing to the database."
    if report.made:
        yield "Made:         a new database, for there was none of that name"
    if report.backup:
        yield f"Backup:       {report.backup}"
    for name in report.applied:
        yield f"Applied:      {name}"
    for change in report.changes:
        yield f"Adopted:      {change}"
    if FIX in report.applied:
        yield from _entry_lines(report)
    yield f"Slugs:        {report.slugs} trips were given one"


def _entry_lines(report: MigrationReport) -> Iterator[str]:
    """What became of every client entry."""
    yield f"Linked:       {report.linked} client entries stand in both stores"
    yield f"Merged:       {report.merged} entries repeated one of those"
    yield f"Unlinked:     {report.unlinked} entries kept in the JSON that belong to no client"
    yield f"Quarantined:  {report.quarantined} raw texts that were no list, kept in trip_clients_quarantine"
    aside = ", ".join(f"{count} of {table}" for table, count in report.set_aside.items()) or "none"
    yield f"Set aside:    {aside} (rows that point at nothing, kept in orphaned_rows)"
