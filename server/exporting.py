"""The `backup`, `export` and `restore` commands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from database.clock import now
from database.embedded import open_database, open_to_look
from database.errors import DatabaseUnavailable
from database.exporting import export_lines, opened_as_of_now
from database.files import create_file
from database.importing import restore_export
from database.inspection import damage
from database.progress import Progress, untold
from database.whole_file import whole_file
from server.launch import voygen_version

if TYPE_CHECKING:
    from pathlib import Path


NEW_PATH = "pass a new file path with --to."


def backup_name(path: Path) -> Path:
    """Return a timestamped backup path next to the database. Sorting backups by name sorts them by age."""
    return path.with_name(f"{path.name}.backup-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}")


async def back_up_file(path: Path, target: Path, progress: Progress = untold) -> dict[str, Any]:
    """Copy the database, even while it is in use. `target` appears only once the copy is complete and verified."""
    async with await open_to_look(path) as db:
        with whole_file(target, NEW_PATH) as partial:
            await db.back_up_to(partial, progress)
            async with await open_database(partial, as_it_is=True) as copy:
                problems = await damage(copy)
            if problems:
                raise DatabaseUnavailable(f"{path} is damaged: {problems[0]}. Restore an older backup.")
    return {"backup": str(target), "bytes": _size(target)}


def export_to(path: Path, out: TextIO, progress: Progress = untold) -> int:
    """Export the database to `out` and return the number of lines."""
    about = {"program": f"voygen {voygen_version()}", "exported_at": now()}
    lines = 0
    with opened_as_of_now(path) as connection:
        for line in export_lines(connection, about, progress):
            out.write(line + "\n")
            lines += 1
    return lines


def export_file(path: Path, target: Path, progress: Progress = untold) -> dict[str, Any]:
    """Export to a new private file. `target` appears only once the export is complete."""
    with whole_file(target, NEW_PATH) as partial:
        create_file(partial)
        with partial.open("w", encoding="utf-8", newline="\n") as out:
            lines = export_to(path, out, progress)
    return {"export": str(target), "lines": lines, "bytes": _size(target)}


def restore_file(export: Path, path: Path, progress: Progress = untold) -> dict[str, Any]:
    """Create a database from an export and return its tables with their row counts and digests."""
    return {"database": str(path), "tables": restore_export(export, path, progress).as_json()}


def _size(path: Path) -> int:
    return path.stat().st_size
