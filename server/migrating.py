"""The `migrate` command."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from database.embedded import open_to_look
from database.errors import DatabaseUnavailable
from database.progress import Progress, untold
from database.quoting import file_name
from migrations.backfill import PAUSE
from migrations.dumps import loaded
from migrations.runner import MigrationReport, migrate
from server.exporting import export_file, restore_file
from server.opening import closing, open_any
from server.report import count, section, table

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from database.d1_address import Location


def migrate_file(where: Location, dump: Path | None, *, dry_run: bool, progress: Progress = untold) -> MigrationReport:
    """Migrate the database, or create a file from a dump. A dry run migrates a temporary copy."""
    if dump and not isinstance(where, Path):
        raise DatabaseUnavailable(
            f"--from makes a file: load {dump} into one, then use `voygen export` and `voygen restore --db {where}`."
        )
    with _throwaway() if dry_run else nullcontext(where) as target:
        if dump and isinstance(target, Path):
            with loaded(dump, target) as scratch:
                return asyncio.run(migrate_whole(scratch, back_up=False, pause=0, progress=progress))
        if isinstance(target, Path) and dry_run:
            _copy(where, target)
        pause = 0 if dry_run else PAUSE
        return asyncio.run(migrate_whole(target, back_up=not dry_run, pause=pause, progress=progress))


async def migrate_whole(
    where: Location, *, back_up: bool, pause: float = PAUSE, progress: Progress = untold
) -> MigrationReport:
    """Migrate the database. Without other writers, `pause` can be 0."""
    db = await open_any(where)
    async with closing(db):
        return await migrate(db, back_up=back_up, pause=pause, progress=progress)


@contextmanager
def _throwaway() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="voygen-") as folder:
        yield Path(folder) / "copy.db"


def _copy(where: Location, target: Path) -> None:
    if isinstance(where, Path):
        asyncio.run(_copy_file(where, target))
        return
    export = target.with_suffix(".jsonl")
    export_file(where, export)
    restore_file(export, target)


async def _copy_file(path: Path, target: Path) -> None:
    async with await open_to_look(path) as db:
        await db.back_up_to(target)


def describe(report: MigrationReport, *, dry_run: bool) -> str:
    """Format the report as text."""
    if report.did_nothing:
        return "Nothing to do: the database is up to date."
    return "\n".join(_lines(report, dry_run=dry_run))


def _lines(report: MigrationReport, *, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield "Dry run: only a copy was migrated. The database is unchanged."
    if report.made:
        yield "Created:        a new database"
    if report.backup:
        yield f"Backup:         {file_name(report.backup)}"
    yield f"Applied:        {count(len(report.applied), 'migration')}"
    if report.recorded:
        yield f"Recorded:       {count(len(report.recorded), 'migration')} applied by the hosting tool"
    yield f"Trip slugs:     {report.slugs} added"
    yield from section("Migrations", ("FILE",), [(name,) for name in report.applied])
    yield from section("Changes to existing tables", ("CHANGE",), [(change,) for change in report.changes])
    if report.backfilled:
        yield from _entry_lines(report)


def _entry_lines(report: MigrationReport) -> Iterator[str]:
    """Yield the counts of client entries by outcome."""
    yield ""
    yield "Client entries"
    yield from table(
        ("OUTCOME", "COUNT", "MEANING"),
        [
            ("linked", report.linked, "in both the junction table and the JSON"),
            ("merged", report.merged, "duplicates of a linked entry"),
            ("shared e-mail", report.shared_email, "different people with one e-mail and role; all kept in the JSON"),
            ("unlinked", report.unlinked, "kept in the JSON; no client has their e-mail"),
            ("quarantined", report.quarantined, "not a JSON array; moved to trip_clients_quarantine"),
        ],
    )
    if report.set_aside:
        yield ""
        yield "Orphaned rows, moved to orphaned_rows"
        yield from table(("TABLE", "ROWS"), report.set_aside.items())
