"""The database file: create it, require it, and the URIs that open it read-only."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from database.errors import DatabaseReadOnly, DatabaseUnavailable
from database.platform import is_there, make_private_file, make_private_folder

if TYPE_CHECKING:
    from pathlib import Path


def read_only_uri(path: Path) -> str:
    """Return the URI that opens the file read-only.

    A file in WAL mode needs its -wal and -shm files. If they are missing and can't be created, such as on a
    read-only disk, the file is opened as immutable.
    """
    alone = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone and _uses_wal(path) else ''}"


def _uses_wal(path: Path) -> bool:
    """Return True if the file header sets WAL mode (offset 18 in https://www.sqlite.org/fileformat2.html)."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(19)[18:] == b"\2"
    return False


def looking_uri(path: Path) -> str:
    """Return a read-write URI if possible, because a read-only connection can't remove the WAL if it closes last."""
    return f"{path.absolute().as_uri()}?mode=rw" if os.access(path, os.W_OK) else read_only_uri(path)


def prepare_file(path: Path) -> None:
    """Create the file and its folders with owner-only access, or raise an error with the reason."""
    _refuse_folder(path)
    try:
        make_private_folder(path.parent)
        make_private_file(path)
    except PermissionError as error:
        raise DatabaseReadOnly(f"{path} cannot be written: {error.strerror}.") from error
    except OSError as error:
        raise DatabaseUnavailable(f"{path} cannot be opened: {error.strerror}.") from error


def require_file(path: Path) -> None:
    """Raise DatabaseUnavailable if the file does not exist, so that opening it for reading never creates it."""
    _refuse_folder(path)
    if not _is_there(path):
        raise DatabaseUnavailable(f"{path} does not exist.")


def _refuse_folder(path: Path) -> None:
    if _is_there(path) and path.is_dir():
        raise DatabaseUnavailable(f"{path} is a folder, not a database file.")


def _is_there(path: Path) -> bool:
    try:
        return is_there(path)
    except PermissionError as error:
        raise DatabaseUnavailable(f"{path} cannot be opened: {error.strerror}.") from error
