"""Benchmark round trips, start-up and memory over stdio and HTTP, against a bare SDK server in the same run.

    python benchmarks/round_trips.py [CALLS]

One client alternates between three kinds of calls: an echo tool on the bare server, get_anything for one trip by id,
and the assignment of a client to a trip without clients. It makes CALLS (default 1,000) of each kind after a warm-up of
100. Start-up is the time from process start to the response to initialize, best of three. Memory is the resident set
size when idle and after 10,000 more calls. To compare machines, use the ratios, not the milliseconds.
"""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

MANY, WARM, STARTS = 10_000, 100, 3

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


def bare(transport: str) -> None:
    """Run the baseline: an SDK server with one tool."""
    from mcp.server import MCPServer  # noqa: PLC0415 - only in the baseline process

    server = MCPServer[Any]("bare", subscriptions=False)

    @server.tool()
    async def same(text: str) -> str:
        return text

    _ = same
    if transport == "stdio":
        server.run("stdio")
    else:
        import uvicorn  # noqa: PLC0415

        app = server.streamable_http_app(stateless_http=True, json_response=True)
        uvicorn.run(app, port=0, log_level="info", access_log=False, timeout_keep_alive=3600)


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
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES ('ana@example.net', 'Ana Lima')")
        connection.executemany(
            "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, start_date, end_date) "
            "VALUES (?1, 'Trip ' || ?1, 'trip-' || ?1, '2026-01-01', '2026-01-02')",
            ((number + 1,) for number in range(trips)),
        )
    connection.close()


def call(tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def same(_: int) -> dict[str, Any]:
    return call("same", text="1")


def read(_: int) -> dict[str, Any]:
    return call("get_anything", query="1")


def assign(number: int) -> dict[str, Any]:
    operation = {"type": "assign_client", "data": {"email": "ana@example.net"}}
    return call("bulk_trip_operations", trip_identifier=str(number + 1), operations=[operation])


def round_trip(wire: Wire, message: dict[str, Any]) -> float:
    """Make one call and return its duration in seconds."""
    before = time.perf_counter()
    answer = wire.ask(message)
    taken = time.perf_counter() - before
    if answer.get("result", {}).get("isError", True):
        raise SystemExit(f"a call failed: {answer}")
    return taken


def resident(pid: int) -> float:
    """Return the resident memory in megabytes."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True)  # noqa: S607
    return int(done.stdout) / 1024


def compare(transport: str, calls: int, folder: Path) -> None:
    path = folder / f"{transport}.db"
    fill(path, WARM + calls)
    ours = [*own_command(), "serve", "--db", str(path), *(["--http", "127.0.0.1:0"] if transport == "http" else [])]
    baseline = [sys.executable, __file__, "bare", transport]
    start = {name: _best_start(command, transport) for name, command in (("bare", baseline), ("voygen", ours))}
    taken: dict[str, list[float]] = {}
    memory: dict[str, tuple[float, float]] = {}
    with started(baseline, transport) as (bare_wire, _), started(ours, transport) as (wire, _):
        idle = resident(bare_wire.pid), resident(wire.pid)
        for number in range(WARM + calls):
            for name, (target, message) in by_turns(bare_wire, wire).items():
                taken.setdefault(name, []).append(round_trip(target, message(number)))
        for number in range(MANY):
            round_trip(wire, read(number))
            round_trip(bare_wire, same(number))
        memory = {"bare": (idle[0], resident(bare_wire.pid)), "voygen": (idle[1], resident(wire.pid))}
    _report(transport, {name: seconds[WARM:] for name, seconds in taken.items()}, start, memory)


def by_turns(bare_wire: Wire, wire: Wire) -> dict[str, tuple[Wire, Callable[[int], dict[str, Any]]]]:
    return {
        "bare: same": (bare_wire, same),
        "voygen: get_anything": (wire, read),
        "voygen: assign_client": (wire, assign),
    }


def _best_start(command: list[str], transport: str) -> float:
    seconds: list[float] = []
    for _ in range(STARTS):
        with started(command, transport) as (_, took):
            seconds.append(took)
    return min(seconds)


def _report(
    transport: str, taken: dict[str, list[float]], start: dict[str, float], memory: dict[str, tuple[float, float]]
) -> None:
    print(f"\n{transport}\n{'':26}{'p50 ms':>9}{'p99 ms':>9}{'calls/s':>9}{'to bare':>9}")
    baseline = statistics.median(taken["bare: same"])
    for name, seconds in taken.items():
        middle, late = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
        rate, ratio = len(seconds) / sum(seconds), middle / baseline
        print(f"{name:26}{middle * 1e3:>9.2f}{late * 1e3:>9.2f}{rate:>9.0f}{ratio:>9.2f}")
    print(f"start to initialize: bare {start['bare']:.2f} s, voygen {start['voygen']:.2f} s", end="")
    print(f", ratio {start['voygen'] / start['bare']:.2f}")
    for name, (idle, after) in memory.items():
        print(f"memory of {name}: {idle:.0f} MB idle, {after:.0f} MB after {MANY} more calls")
    print(f"ratio idle {memory['voygen'][0] / memory['bare'][0]:.2f}", end="")
    print(f", after the calls {memory['voygen'][1] / memory['bare'][1]:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        bare(sys.argv[2])
    else:
        with tempfile.TemporaryDirectory() as scratch:
            for each in ("stdio", "http"):
                compare(each, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, Path(scratch))
