"""One part of a benchmark in a process of its own, so that its peak memory can be told.

    python benchmarks/part.py load|migrate|select|stream|check DATABASE [DUMP]

Prints its seconds and its peak memory in MiB as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measuring import peak

from database.embedded import open_database
from migrations.check import check
from server.migrating import migrate_file


def load(path: Path, dump: Path) -> None:
    """Load the dump as its reader's first script would."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))


def select(path: Path) -> None:
    """Read the rows that a check compares."""
    with closing(sqlite3.connect(path)) as connection:
        for sql in ("SELECT trip_id, clients FROM trips_v2", "SELECT * FROM trip_client_assignments"):
            for _ in connection.execute(sql):
                pass


async def streamed(path: Path) -> None:
    """Read the same rows as `select` does, through the engine, as dictionaries."""
    async with await open_database(path) as db:
        async for _ in db.stream("SELECT trip_id, clients FROM trips_v2", key=("trip_id",)):
            pass
        async for _ in db.stream("SELECT * FROM trip_client_assignments", key=("assignment_id",)):
            pass


async def checked(path: Path) -> None:
    async with await open_database(path) as db:
        if not (await check(db)).consistent:
            raise SystemExit("the stores differ")


def main(what: str, path: Path, dump: Path) -> None:
    began = time.perf_counter()
    match what:
        case "load":
            load(path, dump)
        case "migrate":
            migrate_file(path, dump, dry_run=False)
        case "select":
            select(path)
        case "stream":
            asyncio.run(streamed(path))
        case _:
            asyncio.run(checked(path))
    print(json.dumps([time.perf_counter() - began, peak()]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[-1]))
