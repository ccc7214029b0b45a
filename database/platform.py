"""All that differs between Linux, macOS and Windows, each with a fallback."""

from __future__ import annotations

import os
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
    """Where the database lies unless the person says otherwise: the platform's folder for application data."""
    return Path(platformdirs.user_data_dir("voygen", appauthor=False)) / "voygen.db"


def program_settings_folder(home: Path, environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Where other programs keep a person's settings: each in a folder of its own in this one."""
    if platform == "win32":
        return Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    chosen = Path(environment.get("XDG_CONFIG_HOME", ""))
    return chosen if chosen.is_absolute() else home / ".config"


def packaged_settings_folders(
    package: str, home: Path, environment: Mapping[str, str], platform: str = sys.platform
) -> list[Path]:
    """Where Windows keeps the settings of a program that came as a package: it alone sees these as its usual folder."""
    if platform != "win32":
        return []
    local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return sorted(local.glob(f"Packages/{package}_*/LocalCache/Roaming"))


def make_private_folder(folder: Path) -> None:
    """Make the folder and those above it, readable by its owner only. Existing folders stay as they are.

    On Windows the folder inherits the rights of the one above it, which in a person's own profile are private.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Create the file empty and readable by its owner only. A file that exists stays as it is, if it can be opened."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    os.close(handle)


def is_there(path: Path) -> bool:
    """Raises PermissionError where nobody may look; `Path.exists` answers False to that since Python 3.14."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def keep_private(path: Path) -> None:
    """Take group's and others' rights from a file whose owner we are; leave another's as it is."""
    if IS_WINDOWS:
        return
    facts = path.stat()
    if facts.st_uid == os.geteuid() and stat.S_IMODE(facts.st_mode) != OWNER_ONLY and os.access(path, os.W_OK):
        path.chmod(OWNER_ONLY)


def copy_rights(source: Path, target: Path) -> None:
    """Give one file the rights of another and, where we may, its owner."""
    if not IS_WINDOWS:
        facts = source.stat()
        with suppress(PermissionError):
            os.chown(target, facts.st_uid, facts.st_gid)
    shutil.copymode(source, target)


def sync_folder(folder: Path) -> None:
    """Have a renamed file survive a power cut; Windows sees to it itself."""
    if IS_WINDOWS:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def can_use_event_loop_pipes() -> bool:
    """Whether stdin and stdout are pipes or sockets that the event loop can wait on itself.

    Not on Windows, and not where a terminal or a regular file stands at either end: there worker threads do it.
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
