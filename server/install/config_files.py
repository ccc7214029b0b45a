"""Read, back up and atomically replace other programs' configuration files."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from database.errors import DatabaseError
from database.files import create_file
from database.platform import copy_rights, make_private_folder, sync_file, sync_folder
from database.whole_file import scratch_folder, whole_file
from server.install.json_edit import CannotEdit

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence


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
    if expected is not None and not os.access(target, os.W_OK):
        raise CannotEdit("it is read-only")
    with _reporting("write", target):
        make_private_folder(target.parent)
        if expected is None:
            with whole_file(target, "another program just made it: try again") as scratch:
                create_file(scratch)
                scratch.write_bytes(content)
        else:
            _replace(target, expected, content)


def back_up(path: Path, content: bytes) -> Path:
    """Write the content to a timestamped backup next to the file, with the same permissions."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z"
    backup = path.with_name(f"{path.name}.backup-{stamp}")
    with _reporting("write", backup), whole_file(backup, "try again") as scratch:
        create_file(scratch)
        scratch.write_bytes(content)
        copy_rights(path, scratch)
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


def _replace(target: Path, expected: bytes, content: bytes) -> None:
    with scratch_folder(target.parent) as folder:
        written = folder / "new"
        create_file(written)
        with written.open("wb") as file:
            file.write(content)
            file.flush()
            sync_file(file.fileno())
        copy_rights(target, written)
        _require_unchanged(target, expected)
        written.replace(target)
        sync_folder(target.parent)


@contextmanager
def _reporting(action: str, path: Path) -> Generator[None]:
    try:
        yield
    except DatabaseError as error:
        raise CannotEdit(str(error)) from error
    except OSError as error:
        raise _failed(action, path, error) from error


def _require_unchanged(target: Path, expected: bytes | None) -> None:
    if read_file(target) != expected:
        raise CannotEdit("another program just changed it: try again")


def _failed(action: str, path: Path, error: OSError) -> CannotEdit:
    return CannotEdit(f"could not {action} {path}: {error.strerror or error}")
