"""The `backup`, `export` and `restore` commands."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from database.clock import now
from database.embedded import open_database, open_to_look
from database.errors import DatabaseUnavailable
from database.exporting import export_lines, opened_as_of_now
from database.files import backup_name, create_file
from database.importing import restore_export
from database.inspection import damage
from database.progress import Progress, untold
from database.whole_file import whole_file
from server.launch import voygen_version
from server.opening import closing, open_any, open_hosted

if TYPE_CHECKING:
    from database.d1_address import Address, Location
    from database.exporting import Contents


NEW_PATH = "pass a new file path with --to."


async def back_up(where: Location, target: Path | None, progress: Progress = untold) -> dict[str, Any]:
    """Copy a file, or return a bookmark of a hosted database."""
    if isinstance(where, Path):
        return await back_up_file(where, target or backup_name(where), progress)
    if target:
        raise DatabaseUnavailable(
            f"{where} has no file to copy: omit --to for a bookmark, or use `voygen export --db {where} --to {target}`."
        )
    db = await open_any(where, read_only=True)
    async with closing(db):
        return {"backup": (await db.back_up(progress)).label, "bytes": None}


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


def export_to(where: Location, out: TextIO, progress: Progress = untold) -> int:
    """Export the database to `out` and return the number of lines."""
    about = {"program": f"voygen {voygen_version()}", "exported_at": now()}
    if isinstance(where, Path):
        return _export_file_to(where, out, about, progress)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as scratch:  # an export may have to start over
        lines = asyncio.run(_export_hosted_to(where, scratch, about, progress))
        scratch.seek(0)
        shutil.copyfileobj(scratch, out)
    return lines


async def _export_hosted_to(address: Address, out: TextIO, about: dict[str, Any], progress: Progress) -> int:
    async with await open_hosted(address, read_only=True) as db:
        from database.d1_exporting import export_hosted  # noqa: PLC0415 - only for a hosted database

        return await export_hosted(db, out, about, progress)


def _export_file_to(path: Path, out: TextIO, about: dict[str, Any], progress: Progress) -> int:
    lines = 0
    with opened_as_of_now(path) as connection:
        for line in export_lines(connection, about, progress):
            out.write(line + "\n")
            lines += 1
    return lines


def export_file(where: Location, target: Path, progress: Progress = untold) -> dict[str, Any]:
    """Export to a new private file. `target` appears only once the export is complete."""
    with whole_file(target, NEW_PATH) as partial:
        create_file(partial)
        with partial.open("w", encoding="utf-8", newline="\n") as out:
            lines = export_to(where, out, progress)
    return {"export": str(target), "lines": lines, "bytes": _size(target)}


def restore_file(export: Path, where: Location, progress: Progress = untold) -> dict[str, Any]:
    """Restore an export and return the tables with their row counts and digests."""
    if isinstance(where, Path):
        contents = restore_export(export, where, progress)
    else:
        contents = asyncio.run(restore_to_host(export, where, progress))
    return {"database": str(where), "tables": contents.as_json()}


async def restore_to_host(export: Path, address: Address, progress: Progress = untold) -> Contents:
    """Restore an export into an empty hosted database."""
    from database.d1_restoring import restore_hosted  # noqa: PLC0415 - imports an HTTP client

    async with await open_hosted(address, may_be_unfinished=True) as db:
        return await restore_hosted(export, db, progress)


def _size(path: Path) -> int:
    return path.stat().st_size
