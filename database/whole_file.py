"""Creation of files that appear complete under their name, or not at all."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from database.errors import DatabaseError, DatabaseFull, DatabaseUnavailable, file_error
from database.platform import give_name, has_no_room, lock_folder, make_private_folder, sync_file, sync_folder, unlock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_PREFIX = ".voygen-unfinished-"

_FOLDER = re.compile(re.escape(_PREFIX) + r"\w{8}")

# The only files that a scratch folder ever holds.
_CONTENT = tuple(f"new{side}" for side in ("", "-wal", "-shm", "-journal"))


@contextmanager
def whole_file(target: Path, remedy: str) -> Generator[Path]:
    """Yield a path in a private folder beside `target`. The file written there becomes `target` at the end.

    `target` gets its name only once the content is on disk, and never replaces a file: if the name is or becomes taken,
    DatabaseUnavailable says so, with `remedy`. On failure or interruption, nothing is left behind. Errors about the
    scratch file name `target` instead.
    """
    _require_free(target, remedy)
    scratch = None
    try:
        with scratch_folder(target.parent) as folder:
            scratch = folder / _CONTENT[0]
            yield scratch
            _sync(scratch)
            _name(scratch, target, remedy)
    except OSError as error:
        raise file_error(target, error) from error
    except DatabaseError as error:
        if scratch:
            error.args = tuple(str(one).replace(str(scratch), str(target)) for one in error.args)
        raise


@contextmanager
def scratch_folder(parent: Path) -> Generator[Path]:
    """Create a private folder for a file `new`, and remove such folders of killed runs.

    This process holds a lock on the folder for as long as it uses it.
    """
    make_private_folder(parent)
    for left in _unfinished(parent):
        _remove_if_unused(left)
    folder, lock = _new_name(parent), None  # the name first, so that an interrupted creation leaves nothing either
    try:
        while not folder.is_dir():  # another run may have taken it for a leftover before it was locked
            unlock(lock)
            lock = _made_and_locked(folder)
        yield folder
    finally:
        _empty(folder)
        unlock(lock)


def scratch_files(folder: Path) -> list[Path]:
    """Return what is left of files that a killed run did not complete, or that another run is writing."""
    with suppress(OSError):
        return [file for one in folder.iterdir() if _FOLDER.fullmatch(one.name) for file in one.glob("*")]
    return []


def _require_free(target: Path, remedy: str) -> None:
    if os.path.lexists(target):
        raise DatabaseUnavailable(f"{target} already exists: {remedy}")
    for side in ("-wal", "-journal"):
        beside = target.with_name(target.name + side)
        with suppress(OSError):
            if beside.stat().st_size:
                raise DatabaseUnavailable(
                    f"{beside} is left from another database, and SQLite would apply it to {target}: move it away."
                )


def _unfinished(parent: Path) -> list[Path]:
    with suppress(OSError):
        return [one for one in parent.iterdir() if _FOLDER.fullmatch(one.name) and not one.is_symlink()]
    return []


def _remove_if_unused(folder: Path) -> None:
    with suppress(OSError):
        lock = lock_folder(folder)
        try:
            _empty(folder)
        finally:
            unlock(lock)


def _new_name(parent: Path) -> Path:
    while True:
        folder = parent / f"{_PREFIX}{secrets.token_hex(4)}"
        if not os.path.lexists(folder):
            return folder


def _made_and_locked(folder: Path) -> int | None:
    """Create a private folder and lock it; None if another run has locked or removed it."""
    folder.mkdir(mode=0o700)
    with suppress(BlockingIOError, FileNotFoundError):
        return lock_folder(folder)
    return None


def _empty(folder: Path) -> None:
    """Remove the folder with the files of a run. Other files, and a folder that holds them, stay."""
    with suppress(OSError):
        for name in _CONTENT:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _sync(scratch: Path) -> None:
    wal = scratch.with_name(f"{scratch.name}-wal")
    if wal.exists() and wal.stat().st_size:
        if has_no_room(scratch):
            raise DatabaseFull(f"The disk that holds {scratch} is full.")
        raise DatabaseUnavailable(f"{scratch} is incomplete: its write-ahead log could not be merged. Try again.")
    handle = os.open(scratch, os.O_RDWR)
    try:
        sync_file(handle)
    finally:
        os.close(handle)


def _name(scratch: Path, target: Path, remedy: str) -> None:
    try:
        give_name(scratch, target)
    except FileExistsError as error:
        raise DatabaseUnavailable(f"{target} already exists, made by another program just now: {remedy}") from error
    sync_folder(target.parent)
