"""Calls over stdio and HTTP, start and memory, against a bare server of the SDK."""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from measuring import Figure, figure, resident

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}},
}

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


class Wire(Protocol):
    """A connection; `ask` sends a message and returns the response."""

    pid: int

    def ask(self, message: dict[str, Any]) -> dict[str, Any]: ...


class Pipes:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the server has no pipes")
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class Http:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.pid = process.pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self._connection.request("POST", "/mcp", json.dumps(message), HEADERS)
        return json.loads(self._connection.getresponse().read())


@dataclass(frozen=True)
class Sizes:
    """The number of rounds of calls and of starts, and of calls while memory is watched.

    warm  calls of each kind before the measured ones, because the first call of a tool imports it
    """

    warm: int
    rounds: int
    starts: int
    calls: int


def measure(folder: Path, sizes: Sizes) -> dict[str, Figure]:
    path = folder / "served.db"
    count = 2 * (sizes.warm + sizes.rounds) + sizes.calls
    fill(path, count)
    plain = folder / "plain.db"
    found = _starts(_voygen(path, "stdio"), _bare(plain, "stdio"), sizes.starts)
    trips = iter(range(1, count + 1))

    def assign() -> dict[str, Any]:
        operation = {"type": "assign_client", "data": {"email": "ana@example.net"}}
        return call("bulk_trip_operations", trip_identifier=str(next(trips)), operations=[operation])

    for transport in ("stdio", "http"):
        with (
            started(_voygen(path, transport), transport) as (ours, _),
            started(_bare(plain, transport), transport) as (bare, _),
        ):
            found |= _calls(transport, ours, bare, assign, sizes)
            if transport == "stdio":
                found |= _memory(ours, bare, assign, sizes.calls)
    return found


def _voygen(path: Path, transport: str) -> list[str]:
    address = ["--http", "127.0.0.1:0"] if transport == "http" else []
    return [*own_command(), "serve", "--db", str(path), "--synchronous", "full", *address]


def _bare(path: Path, transport: str) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("bare.py")), transport, str(path)]


def _starts(ours: list[str], bare: list[str], rounds: int) -> dict[str, Figure]:
    times: list[tuple[float, float]] = []
    memory: list[tuple[float, float]] = []
    for number in range(-1, rounds):  # the first one warms up
        order = (ours, bare) if number % 2 else (bare, ours)
        taken: dict[str, tuple[float, float]] = {}
        for command in order:
            with started(command, "stdio") as (wire, took):
                taken["ours" if command is ours else "bare"] = took, resident(wire.pid)
        if number >= 0:
            times.append((taken["ours"][0], taken["bare"][0]))
            memory.append((taken["ours"][1], taken["bare"][1]))
    return {"start": figure(times), "memory_idle": figure(memory, scale=1)}


def _calls(
    transport: str, ours: Wire, bare: Wire, assign: Callable[[], dict[str, Any]], sizes: Sizes
) -> dict[str, Figure]:
    """Measure calls by turns, after a warm-up."""
    assigned: list[tuple[float, float]] = []
    read: list[tuple[float, float]] = []
    for number in range(sizes.warm + sizes.rounds):
        floor_first = number % 2
        commit = round_trip(bare, COMMIT) if floor_first else 0
        writing = round_trip(ours, assign())
        commit = commit or round_trip(bare, COMMIT)
        same = round_trip(bare, SAME) if floor_first else 0
        reading = round_trip(ours, READ)
        same = same or round_trip(bare, SAME)
        if number >= sizes.warm:
            assigned.append((writing, commit))
            read.append((reading, same))
    return {f"{transport}_assign": figure(assigned), f"{transport}_read": figure(read)}


def _memory(ours: Wire, bare: Wire, assign: Callable[[], dict[str, Any]], calls: int) -> dict[str, Figure]:
    """Measure the growth of memory in so many calls, half of them assignments."""
    before = resident(ours.pid), resident(bare.pid)
    for number in range(calls):
        round_trip(ours, assign() if number % 2 else READ)
        round_trip(bare, COMMIT if number % 2 else SAME)
    growth = resident(ours.pid) - before[0], resident(bare.pid) - before[1]
    return {
        "memory_used": figure([before], scale=1),
        "memory_growth": figure([growth], lambda grown, _: grown, scale=1),
    }


@contextmanager
def started(command: list[str], transport: str) -> Generator[tuple[Wire, float]]:
    """Start a server; yield its connection and the time until its response to initialize, in seconds."""
    before = time.perf_counter()
    pipe = subprocess.PIPE
    with (
        tempfile.NamedTemporaryFile() as log,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log) as process,
    ):
        try:
            wire = Pipes(process) if transport == "stdio" else Http(process, _port(process, Path(log.name)))
            wire.ask(HELLO)
            yield wire, time.perf_counter() - before
        finally:
            process.terminate()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    while process.poll() is None:
        if found := re.search(rb"http://127\.0\.0\.1:(\d+)", log.read_bytes()):
            return int(found[1])
        time.sleep(0.005)
    raise SystemExit("the server did not start")


def fill(path: Path, trips: int) -> None:
    subprocess.run([*own_command(), "migrate", "--db", str(path)], check=True, capture_output=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('ana@example.net', 'Ana Lima')")
        connection.executemany(
            "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date) "
            "VALUES (?1, 'Trip ' || ?1, 'trip-' || ?1, '2026-01-01', '2026-01-02')",
            ((number + 1,) for number in range(trips)),
        )


def call(tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


SAME = call("same", text="1")
COMMIT = call("commit", text="1")
READ = call("get_anything", query="1")


def round_trip(wire: Wire, message: dict[str, Any]) -> float:
    """Make one call and return its duration in seconds."""
    before = time.perf_counter()
    answer = wire.ask(message)
    taken = time.perf_counter() - before
    if answer.get("result", {}).get("isError", True):
        raise SystemExit(f"a call failed: {answer}")
    return taken
