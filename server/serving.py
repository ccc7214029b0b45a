"""Open the database and serve it until stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database.measures import WatchedDatabase
from server.desk.recording import Recorder
from server.desk.steward import MigrationSteward
from server.http.settings import require_authentication
from server.launch import quick_imports
from server.opening import opened, phased

if TYPE_CHECKING:
    from collections.abc import Container

    from database.d1_address import Location
    from database.embedded import Synchronous
    from database.engine import Database
    from server.http.settings import HttpSettings
    from tools.documents.sources import Sources
    from tools.proposals.house import House

# Number of concurrent readers over HTTP, where several clients share the server.
HTTP_READERS = 4


async def serve(  # noqa: PLR0913 - options of one command
    where: Location,
    groups: Container[str],
    *,
    may_migrate: bool = True,
    read_only: bool = False,
    sources: Sources | None = None,
    house: House | None = None,
    http: HttpSettings | None = None,
    patience: float = 30.0,
    synchronous: Synchronous = "full",
) -> int:
    """Serve over stdio or HTTP and return the exit status. Raises DatabaseError or CannotServe.

    With `read_only`, only read-only tools are offered, and the engine refuses every write. `sources` says where
    documents may be imported from, and `house` for which agency proposals are made.
    """
    readers = HTTP_READERS if http else 1
    opening = opened(
        where,
        readers=readers,
        patience=patience,
        may_migrate=may_migrate,
        read_only=read_only,
        synchronous=synchronous,
    )
    async with opening as db:
        # Importing the MCP SDK takes most of a second, so open the database first to report its errors quickly.
        if http:
            await require_authentication(db, http)
            with quick_imports():
                from server.http.app import serve_http  # noqa: PLC0415

            await serve_http(db, groups, http, read_only=read_only, sources=sources, house=house)
        else:
            await _serve_stdio(db, groups, read_only=read_only, sources=sources, house=house)
    return 0


async def _serve_stdio(
    db: Database, groups: Container[str], *, read_only: bool, sources: Sources | None, house: House | None
) -> None:
    with quick_imports():
        from server.desk.offer import offered  # noqa: PLC0415
        from server.desk.stdio import serve_stdio  # noqa: PLC0415
        from server.desk.tools import make_server  # noqa: PLC0415

    recorder = Recorder(db)
    async with recorder.running(read_only=read_only):
        desk = phased(WatchedDatabase(db, recorder.refused_batch))
        tools = offered(MigrationSteward(db), groups, read_only=read_only, sources=sources, house=house)
        await serve_stdio(make_server(desk, tools, observe=recorder.call))
