"""Search for a person in the files beside the database, such as backups and exports."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

from database.whole_file import scratch_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Bytes read at a time.
READ_AT_ONCE = 1 << 20

# Files of the database itself, by what follows its name.
OWN = ("", "-wal", "-shm", "-journal")


def files_that_hold(path: Path, texts: Iterable[str]) -> list[str]:
    """Return the names of the other files in the database's folder that contain one of these texts, in any case.

    Compressed files are not opened. Files that can't be read are left out.
    """
    wanted = [
        form.lower().encode()
        for text in texts
        for form in {text, unicodedata.normalize("NFD", text), *(json.dumps(one)[1:-1] for one in (text, text.upper()))}
    ]
    own = {path.name + ending for ending in OWN}
    files = [file for file in path.parent.iterdir() if file.name not in own and file.is_file()]
    return sorted(
        str(file.relative_to(path.parent))
        for file in [*files, *scratch_files(path.parent)]
        if _holds(file, wanted, path)
    )


def _holds(file: Path, wanted: list[bytes], database: Path) -> bool:
    """Return True if the file contains one of these lowercase texts.

    The database is not opened under another name, because closing it would drop SQLite's locks.
    """
    overlap = max(map(len, wanted), default=0)
    try:
        if file.samefile(database):
            return False
        with file.open("rb") as opened:
            tail = b""
            while chunk := opened.read(READ_AT_ONCE):
                window = (tail + chunk).decode(errors="replace").lower().encode()
                if any(text in window for text in wanted):
                    return True
                tail = chunk[-overlap:] if overlap else b""
    except OSError:
        return False
    return False
