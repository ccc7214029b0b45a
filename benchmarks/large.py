"""Large databases: their migration from a dump, a check, and searches, against the least that each could cost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from legacy import queries, write_dump
from measuring import Figure, alternate, figure
from rows import KINDS

from database.embedded import open_database
from tools.answers.errors import NotFound
from tools.find import FindArguments, get_anything

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from database.embedded import EmbeddedDatabase

# The most trips whose migration is measured, in several rounds.
MOST_MIGRATED = 100_000

# Searches of a kind in one round, whose median counts.
SEARCHES = 9


def measure(folder: Path, trips: int, small: int, *, short: bool) -> dict[str, Figure]:
    """Measure migrations, and then a database of so many trips against one of a small number."""
    found = _migrated(folder, migrated(trips), 1 if short else 3)
    _prepare(folder, "small", small)
    if trips > migrated(trips):
        (folder / "large.db").unlink()
        _prepare(folder, "large", trips)
    found |= _checked(folder / "large.db", 2 if short else 5)
    return found | asyncio.run(_searched(folder, trips, small, 3 if short else 15))


def migrated(trips: int) -> int:
    """Return the number of trips whose migration is measured, in a run with so many trips."""
    return min(trips, MOST_MIGRATED)


def _prepare(folder: Path, name: str, trips: int) -> tuple[float, float]:
    """Migrate a legacy database from a dump, which stays. Returns its seconds and its peak memory in MiB."""
    dump = folder / f"{name}.sql"
    write_dump(dump, trips)
    return _part("migrate", folder / f"{name}.db", dump)


def _migrated(folder: Path, trips: int, rounds: int) -> dict[str, Figure]:
    _, tenth = _prepare(folder, "tenth", trips // 10)
    dump, target, loaded = (folder / name for name in ("large.sql", "large.db", "loaded.db"))
    write_dump(dump, trips)
    times: list[tuple[float, float]] = []
    peaks: list[float] = []
    for _ in range(rounds):
        target.unlink(missing_ok=True)
        loading, _ = _part("load", loaded, dump)
        loaded.unlink()
        migrating, peak = _part("migrate", target, dump)
        times.append((migrating, loading))
        peaks.append(peak)
    found = {"migrate": figure(times)}
    return found | ({"migrate_memory": figure(((peak, tenth) for peak in peaks), scale=1)} if tenth else {})


def _checked(path: Path, rounds: int) -> dict[str, Figure]:
    _part("select", path)  # let the system read the file
    taken = [[_part(what, path)[0] for what in ("check", "select", "stream")] for _ in range(rounds)]
    return {
        "check": figure((checking, selecting) for checking, selecting, _ in taken),
        "check_streamed": figure((checking, streaming) for checking, _, streaming in taken),
    }


def _part(what: str, path: Path, *dump: Path) -> tuple[float, float]:
    """Run one part in a process of its own. Returns its seconds and its peak memory in MiB."""
    command = [sys.executable, str(Path(__file__).with_name("part.py")), what, str(path), *map(str, dump)]
    took, peak = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return took, peak


async def _searched(folder: Path, trips: int, small: int, rounds: int) -> dict[str, Figure]:
    large_file, small_file = folder / "large.db", folder / "small.db"
    found: dict[str, Figure] = {}
    async with await open_database(large_file) as large, await open_database(small_file) as few:
        of_large, of_small = queries(large_file, trips), queries(small_file, small)
        for kind in KINDS:
            taken = await alternate(rounds + 1, _round(large, of_large[kind]), _round(few, of_small[kind]))
            found[f"search_{kind.replace(' ', '_')}"] = figure(taken[1:])
    return found


def _round(db: EmbeddedDatabase, draw: Callable[[], str]) -> Callable[[int], Awaitable[float]]:
    """Return a function that makes a round's searches and returns the median of their durations in seconds."""

    async def searches(_: int) -> float:
        return statistics.median([await _search(db, draw()) for _ in range(SEARCHES)])

    return searches


async def _search(db: EmbeddedDatabase, query: str) -> float:
    began = time.perf_counter()
    with contextlib.suppress(NotFound):
        await get_anything(db, FindArguments(query=query, include_everything=False))
    return time.perf_counter() - began
