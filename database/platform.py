"""Functions that behave differently on Linux, macOS and Windows."""

from __future__ import annotations

import os
import select
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

OWNER_ONLY = 0o600

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


def make_private_file(path: Path) -> None:
    """Create an empty file with owner-only access. An existing file stays unchanged but must be writable."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    os.close(handle)


def is_there(path: Path) -> bool:
    """Return True if the path exists. Raises PermissionError if access is denied; `Path.exists` hides it since 3.14."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def keep_private(path: Path) -> None:
    """Remove group and other permissions from a writable file of the current user; leave other files unchanged."""
    if IS_WINDOWS:
        return
    facts = path.stat()
    if facts.st_uid == os.geteuid() and stat.S_IMODE(facts.st_mode) != OWNER_ONLY and os.access(path, os.W_OK):
        path.chmod(OWNER_ONLY)


def copy_rights(source: Path, target: Path) -> None:
    """Copy a file's permissions and, if allowed, its owner to another file."""
    if not IS_WINDOWS:
        facts = source.stat()
        with suppress(PermissionError):
            os.chown(target, facts.st_uid, facts.st_gid)
    shutil.copymode(source, target)


def sync_folder(folder: Path) -> None:
    """Sync the folder so that a rename in it survives a power failure. Not needed on Windows."""
    if IS_WINDOWS:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
