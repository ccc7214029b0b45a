"""The floor of calls over stdio and HTTP: a server of the SDK with a no-op and a tool that commits one row.

    python benchmarks/bare.py stdio|http DATABASE

A commit is on disk when the tool answers, as with voygen.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

from mcp.server import MCPServer


def main(transport: str, path: str) -> None:
    server = MCPServer[Any]("bare", subscriptions=False)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS plain (id INTEGER PRIMARY KEY, text TEXT)")

    @server.tool()
    async def same(text: str) -> str:
        return text

    @server.tool()
    async def commit(text: str) -> str:
        connection.execute("INSERT INTO plain (text) VALUES (?)", (text,))
        return text

    _ = same, commit
    if transport == "stdio":
        server.run("stdio")
    else:
        import uvicorn  # noqa: PLC0415 - not part of a start over stdio

        app = server.streamable_http_app(stateless_http=True, json_response=True)
        uvicorn.run(app, port=0, log_level="info", access_log=False, timeout_keep_alive=3600)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
