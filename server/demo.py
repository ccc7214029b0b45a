"""The demo: migrate and serve a legacy database, and change a trip in it through an MCP client."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from database.assignments import side_by_side
from database.embedded import open_database
from migrations.check import check
from migrations.dumps import loaded
from migrations.files import FOLDER
from server.checking import describe
from server.launch import own_command
from server.migrating import describe as describe_migration
from server.migrating import migrate_whole
from server.report import table

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = FOLDER / "samples" / "legacy.sql"

TRIP = "Lind family in Kyoto"

OPERATIONS: list[dict[str, Any]] = [
    {"type": "assign_client", "data": {"email": "aiko.mori@example.net", "role": "traveler"}},
    {
        "type": "assign_client",
        "data": {"email": "noor.haddad@example.net", "full_name": "Noor Haddad", "role": "guide"},
    },
    {"type": "assign_client", "data": {"email": "maya.lind@example.net", "role": "payer"}},
    {"type": "unassign_client", "data": {"email": "tom.lind@example.net"}},
    {"type": "add_note", "data": {"note": "Tom stays home: work."}},
    {"type": "update_cost", "data": {"cost": 5850, "currency": "EUR"}},
    {"type": "advance_workflow", "data": {"phase": "proposal"}},
]


async def run_demo(say: Callable[[str], None]) -> int:
    """Run the demo in a temporary folder. Returns the exit status: 0 if both stores agree at the end, else 1."""
    with tempfile.TemporaryDirectory(prefix="voygen-demo-") as folder:
        path = Path(folder) / "demo.db"
        say("1. Migrate a legacy database\n")
        with loaded(SAMPLE, path) as scratch:
            report = await migrate_whole(scratch, back_up=False)
        say(_indented(describe_migration(report, dry_run=False)))
        say(f"\n2. Clients of “{TRIP}” before the call\n")
        say(_indented(await _both_stores(path)))
        say("\n3. Make several changes in one call from an MCP client over stdio\n")
        say(_indented(await _call(path)))
        say("\n4. Clients after the call\n")
        say(_indented(await _both_stores(path)))
        say("\n5. Check both stores\n")
        async with await open_database(path) as db:
            report = await check(db)
        say(_indented(describe(report)))
        return 0 if report.consistent else 1


async def _call(path: Path) -> str:
    command, *args = own_command()
    server = StdioServerParameters(command=command, args=[*args, "serve", "--db", str(path)])
    async with Client(server) as client:
        result = await client.call_tool("bulk_trip_operations", {"trip_identifier": TRIP, "operations": OPERATIONS})
    answer: dict[str, Any] = result.structured_content or {"message": str(result.content), "results": []}
    lines = [
        f"{'ok    ' if one['success'] else 'failed'} {one['operation']:<17} {one['message']}"
        for one in answer["results"]
    ]
    return "\n".join([*lines, answer["message"]])


async def _both_stores(path: Path) -> str:
    async with await open_database(path) as db:
        rows = await side_by_side(db, TRIP)
    return "\n".join(table(("JUNCTION TABLE", "JSON COLUMN"), [(row["junction"], row["entry"]) for row in rows]))


def _indented(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.splitlines())
