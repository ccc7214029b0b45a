"""A disk that forgets: rebuilds, from a log of faults.c, what the files of a folder may hold after a power cut.

What was synced stays. Of the writes to a file since its last sync, any may be missing, and any may be torn at sectors
of 512 bytes. Of the changes to the names in a folder since its last sync, the latest may be missing.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from faults import ACKNOWLEDGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from faults import Record

SECTOR = 512


@dataclass
class File:
    """The synced content of a file, and the changes since."""

    content: bytearray = field(default_factory=bytearray)
    unsynced: list[Record] = field(default_factory=list["Record"])

    def sync(self) -> None:
        for change in self.unsynced:
            _apply(self.content, change, None)
        self.unsynced = []

    def after_a_cut(self, chance: random.Random, kept: float) -> bytes:
        """Return what the disk may hold; `kept` is the probability with which a change was written."""
        content = bytearray(self.content)
        for change in self.unsynced:
            if chance.random() < kept:
                _apply(content, change, chance if kept < 1 else None)
        return bytes(content)


@dataclass
class Disk:
    """The files of a folder by name, as synced, and the changes of names since, by folder."""

    folder: Path
    names: dict[str, File] = field(default_factory=dict[str, File])
    unsynced: dict[str, list[tuple[str | None, str, File | None]]] = field(
        default_factory=dict[str, list[tuple[str | None, str, "File | None"]]]
    )
    acknowledged: list[str] = field(default_factory=list[str])
    _now: dict[str, File] = field(default_factory=dict[str, File])
    _by_inode: dict[int, File] = field(default_factory=dict[int, "File"])

    @classmethod
    def of(cls, folder: Path) -> Disk:
        """Return the disk with the files that the folder holds before the run, all synced."""
        disk = cls(folder)
        for path in folder.rglob("*"):
            if path.is_file():
                file = File(bytearray(path.read_bytes()))
                disk.names[str(path)] = disk._now[str(path)] = disk._by_inode[path.stat().st_ino] = file
        return disk

    def take(self, record: Record) -> None:
        """Apply the next record of the log."""
        match record.kind:
            case "w" | "t":
                self._by_inode.setdefault(record.inode, File()).unsynced.append(record)
            case "s":
                self._by_inode.setdefault(record.inode, File()).sync()
            case "c":
                self._by_inode[record.inode] = File()
                self._name(None, record.path, self._by_inode[record.inode])
            case "l":
                self._name(None, record.path, self._by_inode[record.inode])
            case "r":
                self._name(record.path, record.other, self._now[record.path])
            case "u":
                self._name(record.path, record.path, None)
            case "f":
                _rename(self.names, self.unsynced.pop(record.path, []))
            case _:
                assert record.kind == ACKNOWLEDGED
                self.acknowledged.append(record.path)

    def _name(self, old: str | None, new: str, file: File | None) -> None:
        change = (old, new, file)
        self.unsynced.setdefault(str(Path(new).parent), []).append(change)
        _rename(self._now, [change])

    def cut(self, target: Path, chance: random.Random) -> None:
        """Write into `target` what may be left after a power cut at this point."""
        kept = chance.choice([0, 0.2, 0.8, 1])
        names = dict(self.names)
        for changes in self.unsynced.values():
            left = len(changes) if kept == 1 else chance.randint(0, len(changes))
            _rename(names, changes[:left])
        contents = {id(file): file.after_a_cut(chance, kept) for file in names.values()}
        for name, file in names.items():
            path = target / Path(name).relative_to(self.folder)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(contents[id(file)])


def power_cuts(
    disk: Disk, records: Sequence[Record], count: int, folder: Path, *, at_the_end: int = 0
) -> Iterator[tuple[Path, set[str]]]:
    """Yield the folder after each of several random cuts, some `at_the_end`, with the keys acknowledged before."""
    chance = random.Random(0)  # noqa: S311 - repeatable cuts
    points = [*sorted(chance.randint(0, len(records)) for _ in range(count)), *[len(records)] * at_the_end]
    taken = 0
    for point in points:
        while taken < point:
            disk.take(records[taken])
            taken += 1
        folder.mkdir()
        disk.cut(folder, chance)
        yield folder, set(disk.acknowledged)
        shutil.rmtree(folder)


def _apply(content: bytearray, change: Record, chance: random.Random | None) -> None:
    """Change the content; with `chance`, sector by sector, some of which may be left out."""
    if change.kind == "t":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    end = change.offset + len(change.data)
    whole = chance is None or chance.random() < 0.5
    content.extend(bytes(max(0, end - len(content))))
    start = change.offset
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        if whole or (chance and chance.random() < 0.5):
            content[start:stop] = change.data[start - change.offset : stop - change.offset]
        start = stop


def _rename(names: dict[str, File], changes: Iterable[tuple[str | None, str, File | None]]) -> None:
    for old, new, file in changes:
        if old is not None:
            names.pop(old, None)
        if file is not None:
            names[new] = file
