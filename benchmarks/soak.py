"""Watch memory, WAL and latency while eight clients work on one database for a long time.

    python benchmarks/soak.py [--minutes 20] [--pause 0.05]

Four clients talk to servers of their own over stdio, and four share one server over HTTP. Each plans trips, changes
them, reads and searches, and deletes them again, with `pause` seconds between calls. Prints one line per minute: the
resident set size of each server, the size of the WAL, and the 50th and 99th percentile of the time of a call. At the
end it compares the last quarter with the second one, by medians. Exits with 1 unless all is flat: memory grew by at
most a tenth, p50 by a fifth, p99 (which a busy machine doubles) to at most 2.4 times, the WAL is at most 32 MiB, and
no call was refused.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx2
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EACH = 4

# Growth of memory, p50 and p99 from the second quarter to the last that still counts as flat.
FLAT_MEMORY, FLAT_MIDDLE, FLAT_SLOWEST = 1.1, 1.2, 2.4

# Bytes that the WAL may have: SQLite starts it again after 1,000 pages, but not while a query reads it.
WAL_LIMIT = 32 << 20

TIMEOUT = 60


@dataclass
class Minute:
    """The figures of one minute. Sizes are in bytes, times in seconds."""

    memory: list[int]
    wal: int
    seconds: list[float]

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.seconds, n=100)[percent - 1] if len(self.seconds) > 1 else 0.0


@dataclass
class Soak:
    """The durations of the calls since the last minute, and all refusals."""

    pause: float
    until: float
    seconds: list[float] = field(default_factory=list[float])
    refusals: list[str] = field(default_factory=list[str])

    async def work(self, name: str, client: Client) -> None:
        """Plan, change, read and delete trips until the time is over."""
        chance = random.Random(name)  # noqa: S311 - a repeatable mixture
        round_ = 0
        while time.monotonic() < self.until:
            round_ += 1
            await self._trip(f"{name} {round_}", client, chance)

    async def _trip(self, name: str, client: Client, chance: random.Random) -> None:
        days = {"start_date": "2027-03-01", "end_date": "2027-03-09"}
        email = f"{name.replace(' ', '-')}@example.net"
        made = await self._call(
            client,
            "create_trip_with_client",
            trip_name=name,
            client_email=email,
            client_full_name=name,
            idempotency_key=f"soak {name}",
            **days,
        )
        trip = str(made.get("trip_id", 0))
        for number in range(chance.randint(3, 8)):
            note = {"type": "add_note", "data": {"note": f"{name}: {number}"}}
            guest = {"type": "assign_client", "data": {"email": f"guest{chance.randint(1, 50)}@example.net", "full_name": "G"}}  # fmt: skip  # noqa: E501
            await self._call(client, "bulk_trip_operations", trip_identifier=trip, operations=[note, guest])
            tool, arguments = chance.choice(
                [
                    ("get_anything", {"query": trip}),
                    ("get_anything", {"query": name}),
                    ("list_trips", {"limit": 10}),
                    ("get_client", {"email": email}),
                    ("get_recent_activities", {"limit": 5}),
                    ("refresh_trip_facts", {"limit": 5}),
                    ("query_trip_facts", {"trip_ids": [int(trip)]}),
                    ("advance_workflow_phase", {"trip_identifier": trip, "new_phase": "planning"}),
                ]
            )
            await self._call(client, tool, **arguments)
        await self._call(client, "delete_trip", trip_identifier=trip, confirm_trip_name=name)

    async def _call(self, client: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - any tool's
        began = time.monotonic()
        answer = await client.call_tool(tool, arguments)
        self.seconds.append(time.monotonic() - began)
        if answer.is_error:
            self.refusals.append(f"{tool}: {answer.content}")
        await asyncio.sleep(self.pause)
        return answer.structured_content or {}

    async def watch(self, servers: Sequence[int], wal: Path) -> list[Minute]:
        """Print and return the figures of each minute."""
        minutes: list[Minute] = []
        while time.monotonic() < self.until:
            await asyncio.sleep(min(60, max(1, self.until - time.monotonic())))
            taken, self.seconds = self.seconds, []
            minutes.append(Minute([resident(pid) for pid in servers], size(wal), taken))
            tell(len(minutes), minutes[-1])
        return minutes


def resident(pid: int) -> int:
    """Return the resident set size of a process in bytes."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return int(found[1]) * 1024 if found else 0


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def children() -> set[int]:
    """Return the processes that this process has started."""
    pid = os.getpid()
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()}


HEADINGS = ("minute", "calls", "p50 ms", "p99 ms", "WAL KiB", "RSS MiB of the servers over stdio, and over HTTP")


def tell(number: int, minute: Minute) -> None:
    sizes = " ".join(f"{size / 2**20:5.1f}" for size in minute.memory)
    times = "  ".join(f"{1000 * minute.percentile(percent):6.1f}" for percent in (50, 99))
    print(f"{number:6}  {len(minute.seconds):5}  {times}  {minute.wal / 1024:7.0f}  {sizes}", flush=True)


def verdicts(minutes: Sequence[Minute]) -> list[tuple[str, bool]]:
    """Compare the last quarter with the second one."""
    quarter = max(1, len(minutes) // 4)
    second, last = minutes[quarter : 2 * quarter], minutes[-quarter:]

    def growth(figure: Callable[[Minute], float]) -> float:
        before, after = (statistics.median(map(figure, part)) for part in (second or minutes[:1], last))
        return after / before if before else 1.0

    memory = growth(lambda minute: sum(minute.memory))
    middle, slowest = growth(lambda minute: minute.percentile(50)), growth(lambda minute: minute.percentile(99))
    wal = max(minute.wal for minute in last)
    return [
        (f"memory x {memory:.2f}", memory <= FLAT_MEMORY),
        (f"p50 x {middle:.2f}", middle <= FLAT_MIDDLE),
        (f"p99 x {slowest:.2f}", slowest <= FLAT_SLOWEST),
        (f"WAL {wal / 2**20:.1f} MiB", wal <= WAL_LIMIT),
    ]


async def soak(folder: Path, minutes: float, pause: float) -> int:
    path = folder / "voygen.db"
    subprocess.run([*own_command(), "migrate", "--db", str(path)], check=True, capture_output=True)  # noqa: ASYNC221
    with subprocess.Popen(  # noqa: ASYNC220 - started once
        [*own_command(), "serve", "--db", str(path), "--http", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as shared:
        try:
            url = _url(shared)
            async with AsyncExitStack() as stack:
                http = await stack.enter_async_context(httpx2.AsyncClient(timeout=TIMEOUT))
                clients = {
                    f"http {number}": await stack.enter_async_context(
                        Client(streamable_http_client(url, http_client=http))
                    )
                    for number in range(EACH)
                }
                program, *arguments = [*own_command(), "serve", "--db", str(path)]
                parameters = StdioServerParameters(command=program, args=arguments)
                for number in range(EACH):
                    clients[f"stdio {number}"] = await stack.enter_async_context(Client(parameters))
                servers = [*sorted(children() - {shared.pid}), shared.pid]
                return await _run(clients, servers, path.with_name(f"{path.name}-wal"), minutes, pause)
        finally:
            shared.terminate()


async def _run(clients: dict[str, Client], servers: Sequence[int], wal: Path, minutes: float, pause: float) -> int:
    print("  ".join(HEADINGS), flush=True)
    running = Soak(pause, time.monotonic() + 60 * minutes)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(running.watch(servers, wal))
        for name, client in clients.items():
            group.create_task(running.work(name, client))
    found = verdicts(watching.result())
    flat = all(good for _, good in found)
    print(f"{'flat' if flat else 'NOT flat'}: {', '.join(words for words, _ in found)}")
    print(f"{len(running.refusals)} refused calls", *running.refusals[:5], sep="\n  ")
    return 0 if flat and not running.refusals else 1


def _url(server: subprocess.Popen[str]) -> str:
    if server.stderr:
        for line in server.stderr:
            if found := re.search(r"http://[\w.:]+/mcp", line):
                return found[0]
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--pause", type=float, default=0.05)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voygen-") as name:
        sys.exit(asyncio.run(soak(Path(name), asked.minutes, asked.pause)))


if __name__ == "__main__":
    main()
