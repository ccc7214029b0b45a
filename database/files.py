"""The database file: create it, require it, and the URIs that open it read-only."""

from __future__ import annotations

import contextlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from database.errors import DatabaseReadOnly, DatabaseUnavailable, file_error
from database.platform import make_private_file, make_private_folder, sync_folder, why_unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_only_uri(path: Path) -> str:
    """Return the URI that opens the file read-only.

    A file in WAL mode needs its -wal and -shm files. If they are missing and can't be created, such as on a
    read-only disk, the file is opened as immutable.
    """
    (wal,) = side_files(path, ("-wal",))
    alone = not os.access(wal.parent, os.W_OK) and not wal.exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone and _uses_wal(path) else ''}"


def _uses_wal(path: Path) -> bool:
    """Return True if the file header sets WAL mode (offset 18 in https://www.sqlite.org/fileformat2.html)."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(19)[18:] == b"\2"
    return False


def looking_uri(path: Path) -> str:
    """Return a read-write URI if possible, because a read-only connection can't remove the WAL if it closes last."""
    return f"{path.absolute().as_uri()}?mode=rw" if os.access(path, os.W_OK) else read_only_uri(path)


def side_files(path: Path, sides: Iterable[str] = ("-wal", "-shm", "-journal")) -> list[Path]:
    """Return the paths of SQLite's files beside the database. SQLite follows a symbolic link first."""
    real = os.path.realpath(path)
    return [Path(f"{real}{side}") for side in sides]


def backup_name(path: Path) -> Path:
    """Return a timestamped backup path next to the database. Sorting backups by name sorts them by age."""
    return path.with_name(f"{path.name}.backup-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}")


def prepare_file(path: Path) -> None:
    """Require that the file is writable; create it, and its folders, with owner-only access if it does not exist."""
    if _is_regular_file(path):
        if reason := why_unwritable(path):
            raise DatabaseReadOnly(f"{path} cannot be written: {reason}.")
        return
    try:
        make_private_folder(path.parent)
        with contextlib.suppress(FileExistsError):  # another process was first
            make_private_file(path)
        sync_folder(path.parent)
    except OSError as error:
        raise file_error(path, error) from error


def create_file(path: Path) -> None:
    """Create an empty private file. Raises DatabaseUnavailable if it exists."""
    try:
        make_private_file(path)
    except FileExistsError as error:
        raise DatabaseUnavailable(f"{path} already exists.") from error
    except OSError as error:
        raise file_error(path, error) from error


def require_file(path: Path) -> None:
    """Raise DatabaseUnavailable if the file does not exist, so that opening it for reading never creates it."""
    if not _is_regular_file(path):
        raise DatabaseUnavailable(f"{path} does not exist.")


def _is_regular_file(path: Path) -> bool:
    """Return False if the path does not exist. Raises DatabaseUnavailable if it can't be a database."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:  # such as a loop of symbolic links, or a zero byte in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise DatabaseUnavailable(f"{path} cannot be opened: {reason}.") from error
    if stat.S_ISDIR(mode):
        raise DatabaseUnavailable(f"{path} is a folder, not a database file.")
    if not stat.S_ISREG(mode):
        raise DatabaseUnavailable(f"{path} is a pipe, a socket or a device, not a database file.")
    return True
