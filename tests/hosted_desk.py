"""The real client and tools on a hosted database, with the number and size of the requests that each call needs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desk import SEED
from mcp.client import Client
from requests_made import Requests

from database.engine import Statement
from migrations.files import split_statements, trusted
from migrations.runner import migrate
from server.desk.steward import MigrationSteward
from server.desk.tools import make_server
from server.opening import phased
from tools.catalogue import all_tools

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workerd import Hosted

    from database.d1 import D1Database


@dataclass
class HostedDesk:
    """An MCP client connected to the tools. `requests` has those of the last call."""

    client: Client
    db: D1Database
    requests: Requests

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        self.requests.clear()
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, (tool, result.content)
        assert result.structured_content is not None
        return dict(result.structured_content)


@asynccontextmanager
async def hosted_desk(hosted: Hosted, **options: Any) -> AsyncGenerator[HostedDesk]:
    """Open the tools on a new database with three clients and three trips."""
    async with hosted.opened(**options) as db:
        await fill(db)
        with Requests() as requests:
            async with Client(make_server(phased(db), all_tools(MigrationSteward(db)))) as client:
                desk = HostedDesk(client, db, requests)
                await desk.call("get_migration_phase")
                await desk.call("get_anything", query="1")  # also reads the phase, which the next calls know
                yield desk


async def fill(db: D1Database) -> None:
    """Migrate the database, and add three clients and three trips."""
    await migrate(db, pause=0)
    await db.batch([Statement(trusted(sql)) for sql in split_statements(SEED.splitlines(keepends=True))])
