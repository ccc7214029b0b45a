"""Functions that behave differently on Linux, macOS and Windows."""

from __future__ import annotations

import errno
import os
import select
import shutil
import sqlite3
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

OWNER_ONLY = 0o600

# Free space in bytes below which a disk counts as full. The smallest -shm file has 32 KiB.
LEAST_ROOM = 64 * 1024

# Errors of file systems without hard links, and of those that can't sync a folder.
NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.EPERM, errno.EBADF}

IS_WINDOWS = sys.platform == "win32"


def default_database_path() -> Path:
    """Return the default database path, in the platform's application data folder."""
    return Path(platformdirs.user_data_dir("voygen", appauthor=False)) / "voygen.db"


def program_settings_folder(home: Path, environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the folder in which programs keep their user settings, each in its own subfolder."""
    if platform == "win32":
        return Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    chosen = Path(environment.get("XDG_CONFIG_HOME", ""))
    return chosen if chosen.is_absolute() else home / ".config"


def packaged_settings_folders(
    package: str, home: Path, environment: Mapping[str, str], platform: str = sys.platform
) -> list[Path]:
    """Return the folders to which Windows redirects the settings of a packaged app (MSIX)."""
    if platform != "win32":
        return []
    local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return sorted(local.glob(f"Packages/{package}_*/LocalCache/Roaming"))


def make_private_folder(folder: Path) -> None:
    """Create the folder and its missing parents with owner-only access. Existing folders stay unchanged.

    On Windows the folder inherits its parent's permissions, which are private inside a user profile.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
        sync_folder(place.parent)


def make_private_file(path: Path) -> None:
    """Create an empty file with owner-only access. Raises FileExistsError if the name is taken."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))


def is_there(path: Path) -> bool:
    """Return True if the path exists. Raises PermissionError if access is denied; `Path.exists` hides it since 3.14."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def why_unwritable(path: Path) -> str:
    """Return the reason why an existing file can't be written, or "". The file is not opened.

    Closing a file would drop the locks that this process holds on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    if os.access(path, os.W_OK):
        return ""
    return os.strerror(errno.EROFS if is_on_read_only_disk(path) else errno.EACCES)


def is_on_read_only_disk(path: Path) -> bool:
    if IS_WINDOWS:
        return False
    with suppress(OSError):
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    return False


def has_no_room(path: Path) -> bool:
    """Return True if the disk of this file is full, or so nearly that SQLite can't create a side file."""
    with suppress(OSError):
        return shutil.disk_usage(path.parent).free < LEAST_ROOM
    return False


def give_name(source: Path, target: Path) -> None:
    """Give the file a name in the same file system. Raises FileExistsError, and changes nothing, if it is taken.

    Where there are no hard links, the name is reserved with an empty file first.
    """
    if IS_WINDOWS:
        source.rename(target)  # refuses to replace a file there
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        make_private_file(target)
        source.replace(target)


def lock_folder(folder: Path) -> int | None:
    """Lock the folder against other processes. Returns what `unlock` takes. Raises BlockingIOError if it is locked.

    Needs no lock on Windows, where a file that is in use can't be removed.
    """
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 - not on Windows

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def open_at_once(path: Path) -> int:
    """Open a file for reading without waiting for the other end of a pipe."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))


def keep_wal_at_close(connection: sqlite3.Connection) -> None:
    """Prevent SQLite from merging and deleting the WAL when it closes the connection.

    Python can say this to SQLite since 3.12; before, an unfinished statement that nobody frees keeps SQLite's side of
    the connection open until the process ends.
    """
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)  # noqa: FBT003 - takes no keyword
    else:
        import ctypes  # noqa: PLC0415 - rarely needed

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection.execute("SELECT 1")))


def copy_rights(source: Path, target: Path) -> None:
    """Copy a file's permissions and, if allowed, its owner to another file."""
    if not IS_WINDOWS:
        facts = source.stat()
        with suppress(PermissionError):
            os.chown(target, facts.st_uid, facts.st_gid)
    shutil.copymode(source, target)


def sync_file(descriptor: int) -> None:
    """Write the file to disk. On macOS, `fsync` leaves it in the drive's cache."""
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - not on Windows

        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Sync the folder so that a new name in it survives a power failure. Not needed on Windows.

    Some file systems can't sync a folder, and some folders can't be read; then the system decides when to.
    """
    if IS_WINDOWS:
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            sync_file(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:
            raise


def can_use_event_loop_pipes() -> bool:
    """Return True if stdin and stdout are pipes or sockets that the event loop can poll.

    Terminals, regular files and Windows need worker threads instead.
    """
    if IS_WINDOWS:
        return False
    return all(_is_pipe(descriptor) for descriptor in (0, 1))


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def has_no_writer(descriptor: int) -> bool:
    """Return True if nobody can write to this pipe or socket any more, even if it still has unread data.

    Returns False where that can't be known: on Windows, and for other files.
    """
    if IS_WINDOWS or not _is_pipe(descriptor):
        return False
    closed = select.POLLHUP | getattr(select, "POLLRDHUP", 0)
    poll = select.poll()
    poll.register(descriptor, closed)
    return any(events & closed for _, events in poll.poll(0))
