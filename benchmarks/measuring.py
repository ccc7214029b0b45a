"""Rounds and medians, and the machine that they are measured on."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable

    from database.embedded import EmbeddedDatabase

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """Medians over the rounds: voygen's figure, its floor's, and the value that has a target."""

    voygen: float
    floor: float
    value: float
    rounds: int


def ratio(ours: float, floor: float) -> float:
    return ours / floor


def figure(
    rounds: Iterable[tuple[float, float]], value: Callable[[float, float], float] = ratio, *, scale: float = 1e3
) -> Figure:
    """Summarize pairs of voygen's and the floor's figures; `value` is computed from each round's scaled pair."""
    pairs = [(ours * scale, floor * scale) for ours, floor in rounds]
    return Figure(
        voygen=statistics.median(ours for ours, _ in pairs),
        floor=statistics.median(floor for _, floor in pairs),
        value=statistics.median(value(*pair) for pair in pairs),
        rounds=len(pairs),
    )


async def alternate(
    count: int, ours: Callable[[int], Awaitable[T]], floor: Callable[[int], Awaitable[T]]
) -> list[tuple[T, T]]:
    """Run both in each round, and in every other round the floor first. Returns voygen's and the floor's results."""
    rounds: list[tuple[T, T]] = []
    for number in range(count):
        if number % 2:
            first = await floor(number)
            rounds.append((await ours(number), first))
        else:
            first = await ours(number)
            rounds.append((first, await floor(number)))
    return rounds


async def seconds(work: Coroutine[object, object, object]) -> float:
    """Return the duration of the work."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def without_sync(db: EmbeddedDatabase) -> None:
    """Let commits of this database return before they are on disk, which `open_database` doesn't offer."""
    await db._writer.execute_fetchall("PRAGMA synchronous = OFF")  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


@contextmanager
def one_core() -> Generator[None]:
    """Pin this thread, and the threads that it starts, to one core. Does nothing except on Linux."""
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def resident(pid: int) -> float:
    """Return the memory of a process in MiB (its resident set size)."""
    if status := _status("VmRSS", str(pid)):
        return status
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True)  # noqa: S607
    return int(done.stdout) / 1024


def peak() -> float:
    """Return the greatest memory that this process has had, in MiB; 0 on Windows."""
    if sys.platform == "win32":
        return 0
    # Linux counts the parent's memory in getrusage.
    if status := _status("VmHWM"):
        return status
    import resource  # noqa: PLC0415 - not on Windows

    # macOS counts bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def _status(name: str, pid: str = "self") -> float:
    """Return a size from Linux's table of the process, in MiB; 0 on other systems."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(rf"{name}:\s+(\d+)", status.read_text(encoding="ascii")) if status.exists() else None
    return int(found[1]) / 1024 if found else 0


def machine() -> dict[str, str | int]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "mcp": version("mcp"),
    }


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists() and (found := re.search(r"model name\s*:\s*(.+)", facts.read_text(encoding="utf-8"))):
        return found[1].strip()
    return platform.processor() or platform.machine()
