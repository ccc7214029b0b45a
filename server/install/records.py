"""Records of what an install changed in each file, so that an uninstall can restore it byte for byte."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from database.platform import default_database_path
from server.install.config_files import read_file, remove_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """One install: the digest of the resulting text, the edit, and the object, file and folders created for it."""

    digest: str
    at: int
    removed: str
    inserted: str
    made_object: bool
    made_file: bool
    made_folders: Sequence[str]
    """Innermost first."""

    @classmethod
    def of(cls, before: str, after: str, *, made_object: bool, made_file: bool, made_folders: Sequence[str]) -> Record:
        at = _common_prefix(before, after)
        tail = _common_prefix(before[at:][::-1], after[at:][::-1])
        removed, inserted = before[at : len(before) - tail], after[at : len(after) - tail]
        return cls(_digest(after), at, removed, inserted, made_object, made_file, made_folders)

    def undo(self, text: str) -> str | None:
        """Return the text as it was before the install, or None if it has been edited since."""
        if _digest(text) != self.digest:
            return None
        return text[: self.at] + self.removed + text[self.at + len(self.inserted) :]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _common_prefix(one: str, other: str) -> int:
    """Return the length of the common prefix. Uses binary search, because these files may be large."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


class Records:
    """The install records, in a file next to the default database. An invalid file counts as empty."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_database_path().with_name("installs.json")

    def get(self, config: Path) -> Record | None:
        try:
            return Record(**self._read()[str(config)])
        except (KeyError, TypeError):
            return None

    def put(self, config: Path, record: Record | None) -> None:
        """Store the record of a file, or delete the record if `record` is None. Raises CannotEdit if that fails."""
        records = self._read()
        records.pop(str(config), None)
        if record:
            records[str(config)] = asdict(record)
        self._write(records)

    def _read(self) -> dict[str, Any]:
        try:
            records = json.loads(read_file(self.path) or b"{}")
        except ValueError:
            return {}
        return cast("dict[str, Any]", records) if isinstance(records, dict) else {}

    def _write(self, records: Mapping[str, Any]) -> None:
        before = read_file(self.path)
        if records:
            replace_file(self.path, before, json.dumps(records, ensure_ascii=False, indent=2).encode())
        elif before is not None:
            remove_file(self.path, before, [str(self.path.parent)])
