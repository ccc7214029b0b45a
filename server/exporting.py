"""The `backup`, `export` and `restore` commands."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from database.clock import now
from database.embedded import open_database, open_to_look
from database.errors import DatabaseUnavailable
from database.exporting import export_lines, opened_as_of_now
from database.files import prepare_file
from database.importing import restore_export
from database.inspection import damage
from database.progress import Progress, untold
from server.launch import voygen_version

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def backup_name(path: Path) -> Path:
    """Return a timestamped backup path next to the database. Sorting backups by name sorts them by age."""
    return path.with_name(f"{path.name}.backup-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}")


async def back_up_file(path: Path, target: Path, progress: Progress = untold) -> dict[str, Any]:
    """Copy the database, even while it is in use. `target` appears only once the copy is complete and verified."""
    with _complete_file(target) as partial:
        async with await open_to_look(path) as db:
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
    with _complete_file(target) as partial:
        prepare_file(partial)
        with partial.open("w", encoding="utf-8", newline="\n") as out:
            lines = export_to(path, out, progress)
            out.flush()
            os.fsync(out.fileno())
    return {"export": str(target), "lines": lines, "bytes": _size(target)}


def restore_file(export: Path, path: Path, progress: Progress = untold) -> dict[str, Any]:
    """Create a database from an export and return its tables with their row counts and digests."""
    return {"database": str(path), "tables": restore_export(export, path, progress).as_json()}


@contextmanager
def _complete_file(target: Path) -> Generator[Path]:
    """Yield a temporary path that is renamed to `target` on success. Raises DatabaseUnavailable if `target` exists."""
    if target.exists():
        raise DatabaseUnavailable(f"{target} already exists: pass a new file path with --to.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        yield partial
        partial.rename(target)
    except OSError as error:
        raise DatabaseUnavailable(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _size(path: Path) -> int:
    return path.stat().st_size
