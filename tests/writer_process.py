"""A writer in a separate process that writes until its input ends and reports every answer it gets.

    python writer_process.py FILE NAME new|old|tools

`new` is an agent that uses the real server, `tools` uses the tools without a server, and `old` is code that only knows
the JSON column. The writer prints one line of JSON for each answer: the request and the error, which is null on
success. It exits when its input ends, but not before a minimum number of operations.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from database.embedded import open_database
from server.launch import own_command
from server.opening import phased
from tools.answers.errors import ToolFault
from tools.bulk import BulkArguments, bulk_trip_operations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    # Runs the operations on the trip, and returns the error or None.
    Write = Callable[[int, list[dict[str, Any]]], Awaitable[str | None]]
    Read = Callable[[int], Awaitable[str | None]]

ROLES = ["traveler", "payer", "guide"]

# The minimum number of operations.
AT_LEAST = 40


def tell(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def watch_input() -> threading.Event:
    """Return an event that is set when the input ends."""
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


async def work(name: str, write: Write, read: Read) -> None:
    """Assign, change roles, unassign, add notes and read, with its own clients on three shared trips."""
    chance = random.Random(name)  # noqa: S311 - a repeatable mixture
    roles: dict[tuple[int, str], str] = {}
    ended = watch_input()
    done = 0
    while done < AT_LEAST or not ended.is_set():
        done += 1
        trip, email = chance.randint(1, 3), f"{name}{chance.randint(1, 4)}@x.io"
        here = roles.get((trip, email))
        kind = chance.choice(["assign" if here is None else chance.choice(["unassign", "change"]), "note", "read"])
        asked: dict[str, Any] = {"kind": kind, "trip": trip, "email": email}
        if kind == "read":
            error = await read(trip)
        elif kind == "note":
            asked["note"] = f"{name}-{done}"
            error = await write(trip, [_op("add_note", note=asked["note"])])
        elif kind == "unassign":
            error = await write(trip, [_op("unassign_client", email=email)])
            if error is None:
                del roles[trip, email]
        else:
            asked["role"] = chance.choice([role for role in ROLES if role != here])
            operation = (
                _op("assign_client", email=email, full_name="N", role=asked["role"])
                if kind == "assign"
                else _op("change_client_role", email=email, to_role=asked["role"])
            )
            error = await write(trip, [operation])
            if error is None:
                roles[trip, email] = asked["role"]
        tell(**asked, error=error)


def _op(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


async def through_the_server(path: Path, name: str) -> None:
    program, *arguments = [*own_command(), "serve", "--db", str(path)]
    async with Client(StdioServerParameters(command=program, args=arguments)) as client:

        async def call(tool: str, **arguments: Any) -> tuple[str | None, dict[str, Any]]:
            answer = await client.call_tool(tool, arguments)
            texts = [block.text for block in answer.content if isinstance(block, TextContent)]
            return (" ".join(texts) if answer.is_error else None), answer.structured_content or {}

        async def write(trip: int, operations: list[dict[str, Any]]) -> str | None:
            error, answer = await call("bulk_trip_operations", trip_identifier=str(trip), operations=operations)
            return error or next((one["error"] for one in answer["results"] if not one["success"]), None)

        async def read(trip: int) -> str | None:
            error, answer = await call("get_anything", query=str(trip))
            return error or (None if answer["trip"]["trip_id"] == trip else "another trip")

        tell(kind="ready", error=None)
        await work(name, write, read)


async def through_the_tools(path: Path, name: str) -> None:
    async with await open_database(path) as db:
        served = phased(db)

        async def write(trip: int, operations: list[dict[str, Any]]) -> str | None:
            arguments = BulkArguments.model_validate({"trip_identifier": str(trip), "operations": operations})
            try:
                answer = await bulk_trip_operations(served, arguments)
            except ToolFault as fault:
                return str(fault)
            return next((one.error for one in answer.results if not one.success), None)

        async def read(trip: int) -> str | None:
            rows = await served.read("SELECT trip_id FROM trips_v2 WHERE trip_id = CAST(? AS INTEGER)", (trip,))
            return None if rows else "no trip"

        tell(kind="ready", error=None)
        await work(name, write, read)


def as_old_code(path: Path, name: str) -> None:
    """Repeatedly read its own trip's column and write it back with one entry added or removed, waiting for locks."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    trip = 4
    kept: list[str] = []
    ended = watch_input()
    tell(kind="ready", error=None)
    done = 0
    while done < AT_LEAST or not ended.is_set():
        done += 1
        email = f"{name}{done % 8 + 1}@x.io"
        kind = "unassign" if email in kept else "assign"
        error = None
        try:
            connection.execute("BEGIN IMMEDIATE")
            (text,) = connection.execute("SELECT clients FROM trips_v2 WHERE trip_id = ?", (trip,)).fetchone()
            entries = [entry for entry in json.loads(text) if entry.get("email") != email]
            if kind == "assign":
                entries.append({"email": email, "role": "traveler", "name": f"{name}-{done}"})
            connection.execute("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", (json.dumps(entries), trip))
            connection.execute("COMMIT")
        except sqlite3.Error as refused:
            error = str(refused)
        finally:
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("ROLLBACK")
        if error is None:
            kept = [*kept, email] if kind == "assign" else [one for one in kept if one != email]
        tell(kind=kind, trip=trip, email=email, role="traveler", error=error)


def main() -> None:
    path, name, manner = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    if manner == "old":
        as_old_code(path, name)
    else:
        asyncio.run((through_the_server if manner == "new" else through_the_tools)(path, name))


if __name__ == "__main__":
    main()
