"""The demo: migrate and serve a legacy database, and change a trip in it through an MCP client."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from database.assignments import side_by_side
from database.d1_address import TOKEN, TOKEN_FILE
from migrations.check import check
from migrations.dumps import load_dump, loaded
from migrations.files import FOLDER
from server.checking import describe
from server.exporting import export_file, restore_to_host
from server.launch import own_command
from server.migrating import describe as describe_migration
from server.migrating import migrate_whole
from server.opening import closing, open_any
from server.report import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.d1_address import Address, Location
    from migrations.runner import MigrationReport

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


async def run_demo(say: Callable[[str], None], address: Address | None = None) -> int:
    """Run the demo in a temporary folder, or on an empty hosted database, which keeps the sample.

    Returns the exit status: 0 if both stores agree at the end, else 1.
    """
    with tempfile.TemporaryDirectory(prefix="voygen-demo-") as folder:
        path = Path(folder) / "demo.db"
        where = address or path
        say("1. Migrate a legacy database\n")
        report = await (_migrate_hosted(path, address) if address else _migrate(path))
        say(_indented(describe_migration(report, dry_run=False)))
        say(f"\n2. Clients of “{TRIP}” before the call\n")
        say(_indented(await _both_stores(where)))
        say("\n3. Make several changes in one call from an MCP client over stdio\n")
        say(_indented(await _call(where)))
        say("\n4. Clients after the call\n")
        say(_indented(await _both_stores(where)))
        say("\n5. Check both stores\n")
        db = await open_any(where)
        async with closing(db):
            report = await check(db)
        say(_indented(describe(report)))
        if address:
            say(f"\n{address} keeps the sample: use a new database for your own data.")
        return 0 if report.consistent else 1


async def _migrate(path: Path) -> MigrationReport:
    with loaded(SAMPLE, path) as scratch:
        return await migrate_whole(scratch, back_up=False)


async def _migrate_hosted(path: Path, address: Address) -> MigrationReport:
    """Copy the sample to the hosted database, and migrate it there. Raises DatabaseUnavailable unless it is empty."""
    export = path.with_suffix(".jsonl")
    load_dump(SAMPLE, path)
    export_file(path, export)
    await restore_to_host(export, address)
    return await migrate_whole(address, back_up=False, pause=0)


async def _call(where: Location) -> str:
    command, *args = own_command()
    token = {name: os.environ[name] for name in (TOKEN, TOKEN_FILE) if name in os.environ}
    server = StdioServerParameters(command=command, args=[*args, "serve", "--db", str(where)], env=token)
    async with Client(server) as client:
        result = await client.call_tool("bulk_trip_operations", {"trip_identifier": TRIP, "operations": OPERATIONS})
    answer: dict[str, Any] = result.structured_content or {"message": str(result.content), "results": []}
    lines = [
        f"{'ok    ' if one['success'] else 'failed'} {one['operation']:<17} {one['message']}"
        for one in answer["results"]
    ]
    return "\n".join([*lines, answer["message"]])


async def _both_stores(where: Location) -> str:
    db = await open_any(where)
    async with closing(db):
        rows = await side_by_side(db, TRIP)
    return "\n".join(table(("JUNCTION TABLE", "JSON COLUMN"), [(row["junction"], row["entry"]) for row in rows]))


def _indented(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.splitlines())
