"""An agent's view of the server: the real client, tools and file, plus a connection for inspecting the rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager, closing, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest
import raw
from engines import address, is_hosted, placed
from hosted_connection import reading
from mcp.client import Client
from mcp_types import TextContent
from oracle import assert_clean
from strict import strict_engine
from workerd import READ, WRITE

from database.embedded import open_database
from database.engine import Statement
from database.phase import read_phase
from server.desk.offer import offered
from server.desk.steward import MigrationSteward
from server.desk.tools import make_server
from server.launch import own_command
from server.opening import phased
from tools.groups import GROUPS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from mcp.client.session import ElicitationFnT

    from database.engine import Database
    from tools.documents.sources import Sources
    from tools.proposals.house import House

Era = Literal["auto", "legacy"]

ERAS: tuple[Era, ...] = ("auto", "legacy")

each_era = pytest.mark.parametrize("era", ERAS)

# For tests in which only the SQL matters; --long runs them in both eras.
an_era = pytest.mark.parametrize("era", [ERAS[0], *(pytest.param(era, marks=pytest.mark.long) for era in ERAS[1:])])

CODES = ("not_found", "ambiguous", "invalid_input", "conflict", "busy", "read_only", "unavailable")

# Words that must never appear in an error: SQL, the driver, Python, pydantic.
INNARDS = (
    "sqlite",
    "traceback",
    "select ",
    "insert ",
    "constraint failed",
    "pydantic",
    "no such table",
    "error executing",
)

ANA, BEN, CEM = "ana@example.net", "ben@example.net", "cem@example.net"

KYOTO, BANFF, EMPTY = 1, 2, 3

SEED = f"""
INSERT INTO clients_v2 (email, full_name) VALUES ('{ANA}', 'Ana Lima'), ('{BEN}', 'Ben Ode'), ('{CEM}', 'Cem Kaya');
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date, destinations, total_cost) VALUES
  ('Lima in Kyoto', 'lima-in-kyoto', '[{{"email":"{ANA}","role":"traveler"}}]', '2026-10-03', '2026-10-12', 'Kyoto, Nara', 6400),
  ('Ode in Banff', 'ode-in-banff', '[{{"email":"{BEN}","role":"traveler"}}]', '2026-05-08', '2026-05-15', 'Banff', 1900),
  ('Nobody yet', 'nobody-yet', '[]', '2026-07-01', '2026-07-09', 'Lisbon', 0);
"""  # noqa: E501


def op(kind: str, /, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


@dataclass
class Desk:
    """An MCP client connected to the tools, and a plain connection to the same database."""

    client: Client
    connection: sqlite3.Connection
    db: Database

    async def raw_call(self, tool: str, /, **arguments: Any) -> tuple[bool, str, dict[str, Any] | None]:
        """Call the tool and return is_error, the text and the structured part; afterwards both stores must agree."""
        result = await self.client.call_tool(tool, arguments)
        if (await read_phase(self.db)).phase != "normalized":
            assert_clean(reading(self.connection))
        texts = [block.text for block in result.content if isinstance(block, TextContent)]
        assert len(texts) == 1
        return bool(result.is_error), texts[0], result.structured_content

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        is_error, text, structured = await self.raw_call(tool, **arguments)
        assert not is_error, text
        assert structured is not None
        assert text == text_of(structured)
        return structured

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        """Call the tool and return its error, which must be readable and have no structured part."""
        is_error, text, structured = await self.raw_call(tool, **arguments)
        assert is_error, structured
        assert structured is None
        assert_readable(text)
        return text

    async def bulk(self, trip: object, *operations: object, **more: Any) -> dict[str, Any]:
        return await self.call("bulk_trip_operations", trip_identifier=trip, operations=operations, **more)

    async def do(self, trip: object, *operations: object, **more: Any) -> list[dict[str, Any]]:
        """Run operations that must all succeed, and return their results."""
        answer = await self.bulk(trip, *operations, **more)
        assert answer["success"], answer
        assert answer["operations_completed"] == len(operations)
        return answer["results"]

    async def fails(self, trip: object, operation: object) -> str:
        """Run one operation, which must be refused and change nothing, and return its error."""
        before = self.everything()
        answer = await self.bulk(trip, operation)
        assert not answer["success"]
        assert (answer["operations_completed"], answer["operations_failed"]) == (0, 1)
        assert self.everything() == before
        error = str(answer["results"][0]["error"])
        assert_readable(error)
        return error

    async def whole(self, query: object) -> dict[str, Any]:
        """The trip with all details, from get_anything."""
        answer = await self.call("get_anything", query=str(query))
        assert answer["trip"] is not None, answer
        return answer["trip"]

    async def roles(self, trip: object) -> set[tuple[str, str]]:
        """The clients and roles on the trip, from get_anything."""
        return {(client["email"], client["role"]) for client in (await self.whole(trip))["clients"]}

    def everything(self) -> list[str]:
        """The whole database except its id counters and the ids of batches, which change although nothing else does."""
        internal = ('"sqlite_sequence"', '"batch_ids"')
        return [line for line in raw.dump(self.connection) if not line.startswith(internal)]

    def column(self, column: str, trip_id: int) -> Any:
        row = self.connection.execute(f"SELECT {column} FROM trips_v2 WHERE trip_id = ?", (trip_id,)).fetchone()
        return row[0]

    def json(self, column: str, trip_id: int) -> Any:
        return json.loads(self.column(column, trip_id))

    def sql(self, statement: str, *parameters: object) -> list[Any]:
        """Run a statement as another program would."""
        return self.connection.execute(statement, parameters).fetchall()

    def drop_triggers(self, name: str = "trg_%") -> None:
        names = self.sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE ?", name)
        assert names
        for (trigger,) in names:
            self.sql(f"DROP TRIGGER {trigger}")


def text_of(answer: Mapping[str, Any]) -> str:
    """The text that an answer must have for hosts that pass on only text: the message, then the rest as JSON."""
    rest = {name: value for name, value in answer.items() if name != "message"}
    return f"{answer['message']}\n{json.dumps(rest, ensure_ascii=False, separators=(',', ':'))}"


def assert_readable(error: str) -> None:
    """Check that an error has two lines: the code and the problem, then what to send instead; and no internals."""
    lines = error.split("\n")
    assert len(lines) == 2, error
    assert lines[0].startswith(tuple(f"{code}: " for code in CODES)), error
    assert all(line.strip() and line.rstrip().endswith((".", "?")) for line in lines), error
    assert not any(word in error.lower() for word in INNARDS), error


@asynccontextmanager
async def open_desk(
    path: Path,
    era: Era = "auto",
    *,
    patience: float = 30.0,
    person: ElicitationFnT | None = None,
    refuses_writes: bool = False,
    sources: Sources | None = None,
    house: House | None = None,
) -> AsyncGenerator[Desk]:
    """Serve the file to an in-memory client; if `person` is given, it answers the server's questions.

    With `--engine d1`, the file becomes a hosted database (see engines.py). Otherwise, in the newer era, the engine is
    as strict as the hosted one. If the database `refuses_writes`, the server learns it only from the first one.
    Documents are read from `sources`, and proposals made for `house`.
    """
    hosted = placed(path) if is_hosted() else None
    with strict_engine() if era == "auto" else nullcontext():
        if hosted:
            opening = await hosted.open(READ if refuses_writes else WRITE, patience=patience)
        else:
            opening = await open_database(path, patience=patience)
    async with opening as db:
        if refuses_writes and not hosted:
            await db.batch([Statement("PRAGMA query_only = ON")])
        served = phased(db)
        tools = offered(MigrationSteward(db), GROUPS, read_only=False, sources=sources, house=house)
        server = make_server(served, tools)
        with closing(hosted.connection() if hosted else raw.connect(path)) as connection:
            async with Client(server, raise_exceptions=True, mode=era, elicitation_callback=person) as client:
                yield Desk(client, connection, db)


@asynccontextmanager
async def new_desk(
    folder: Path,
    era: Era = "auto",
    person: ElicitationFnT | None = None,
    *,
    sources: Sources | None = None,
    house: House | None = None,
) -> AsyncGenerator[Desk]:
    """A desk on a new file with three clients and three trips."""
    async with open_desk(seeded(folder / "voygen.db"), era, person=person, sources=sources, house=house) as desk:
        yield desk


def seeded(path: Path) -> Path:
    """Create a database with three clients and three trips."""
    path.write_bytes(_seeded_template())
    return path


@cache
def _seeded_template() -> bytes:
    with TemporaryDirectory() as folder:
        path = raw.new_file(Path(folder) / "seeded.db")
        with closing(raw.connect_file(path)) as connection:
            connection.executescript(SEED)
        return path.read_bytes()


def voygen(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program until it exits, with an empty stdin. With `--engine d1`, the file after --db is hosted."""
    words = list(arguments)
    at = words.index("--db") + 1 if "--db" in words else 0
    where = words[at] if words else None
    if is_hosted() and isinstance(where, Path):
        words[at] = address(where)
        env = {**(env or os.environ), "VOYGEN_D1_TOKEN": WRITE}
    return subprocess.run(
        [*own_command(), *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=None if env is None else dict(env),
    )


def heeding_interrupts(command: Sequence[str]) -> list[str]:
    """The command, started so that SIGINT interrupts it even if this process ignores SIGINT, as background jobs do."""
    code = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", code, *command]


def integrity(path: Path) -> str:
    with closing(raw.connect(path)) as connection:
        return str(cast("tuple[str]", connection.execute("PRAGMA integrity_check").fetchone())[0])
