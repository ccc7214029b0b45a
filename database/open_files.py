"""Notice when the files of an open database are removed or replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database.errors import DatabaseReplaced
from database.files import side_files

if TYPE_CHECKING:
    from pathlib import Path


class OpenFiles:
    """The identities of a database file, its WAL and its index, at the time when they were opened.

    While a connection in WAL mode is open, SQLite keeps both side files and the journal mode as they are: another
    program can truncate the WAL but has no reason to remove it. Side files that SQLite did not open are not watched.
    """

    def __init__(self, path: Path, *, in_wal_mode: bool) -> None:
        self._path = path
        self._identity = _identity(path)
        sides = side_files(path, ("-wal", "-shm")) if in_wal_mode else []
        self._sides = {side: identity for side in sides if (identity := _identity(side))}

    def require_unchanged(self) -> None:
        """Raise DatabaseReplaced if another file is at one of the paths, because SQLite would mix it with ours."""
        if _identity(self._path) != self._identity:
            raise DatabaseReplaced(f"{self._path} was replaced or removed while it was open.")
        for side, identity in self._sides.items():
            if _identity(side) != identity:
                raise DatabaseReplaced(
                    f"{side} was removed or replaced while the database was open: the latest changes may be lost."
                )

    @property
    def have_successors(self) -> bool:
        """True if another program works with side files of its own, which must survive the closing of ours."""
        return any(_identity(side) not in {None, identity} for side, identity in self._sides.items())


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
