"""Read, back up and atomically replace other programs' configuration files."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from database.platform import OWNER_ONLY, copy_rights, make_private_folder, sync_folder
from server.install.json_edit import CannotEdit

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_file(path: Path) -> bytes | None:
    """Read the file, or return None if it does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _failed("read", path, error) from error


def missing_folders(path: Path) -> list[str]:
    """Return the parent folders that do not exist yet, innermost first."""
    return [str(folder) for folder in _target(path).parents if not folder.exists()]


def replace_file(path: Path, expected: bytes | None, content: bytes) -> None:
    """Write the file atomically, keeping its permissions, if its content is still `expected`.

    A symbolic link is followed, not replaced.
    """
    target = _target(path)
    try:
        if expected is not None and not os.access(target, os.W_OK):
            raise CannotEdit("it is read-only")
        make_private_folder(target.parent)
        _write(target, expected, content)
    except OSError as error:
        raise _failed("write", target, error) from error


def back_up(path: Path, content: bytes) -> Path:
    """Write the content to a timestamped backup next to the file, with the same permissions."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z"
    backup = path.with_name(f"{path.name}.backup-{stamp}")
    try:
        with os.fdopen(os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
            file.write(content)
        copy_rights(path, backup)
    except OSError as error:
        raise _failed("write", backup, error) from error
    return backup


def remove_file(path: Path, expected: bytes | None, folders: Sequence[str]) -> None:
    """Remove the file if its content is still `expected`, then the given folders, up to the first non-empty one."""
    target = _target(path)
    _require_unchanged(target, expected)
    try:
        target.unlink()
    except OSError as error:
        raise _failed("remove", target, error) from error
    with suppress(OSError):
        for folder in folders:
            Path(folder).rmdir()


def _target(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _write(target: Path, expected: bytes | None, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if expected is not None:
            copy_rights(target, written)
        _require_unchanged(target, expected)
        written.replace(target)
    finally:
        written.unlink(missing_ok=True)
    sync_folder(target.parent)


def _require_unchanged(target: Path, expected: bytes | None) -> None:
    if read_file(target) != expected:
        raise CannotEdit("another program just changed it: try again")


def _failed(action: str, path: Path, error: OSError) -> CannotEdit:
    return CannotEdit(f"could not {action} {path}: {error.strerror or error}")
