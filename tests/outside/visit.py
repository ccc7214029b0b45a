"""Visits a server with the Python SDK's older client, and prints as JSON what it was told.

Arguments: a note to leave on a trip, and the address of the server or the command that starts it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client


async def visit(note: str, program: str, *arguments: str) -> None:
    if program.startswith("http"):
        transport = streamable_http_client(program)
    else:
        transport = stdio_client(StdioServerParameters(command=program, args=list(arguments)))
    async with AsyncExitStack() as stack:
        reading, writing, *_ = await stack.enter_async_context(transport)
        session = await stack.enter_async_context(ClientSession(reading, writing))
        welcome = await session.initialize()
        tools = (await session.list_tools()).tools
        found = await session.call_tool("get_anything", {"query": "kyoto"})
        changes = [{"type": "add_note", "data": {"note": note}}]
        trip = found.structuredContent["trip"]
        changed = await session.call_tool(
            "bulk_trip_operations", {"trip_identifier": trip["trip_id"], "operations": changes}
        )
        refused = await session.call_tool("get_anything", {"query": "%"})
    told = {
        "server": welcome.serverInfo.name,
        "tools": [tool.name for tool in tools],
        "found": trip["trip_name"],
        "changed": changed.structuredContent["success"],
        "refused": refused.isError and refused.content[0].text,
        "protocol": welcome.protocolVersion,
    }
    sys.stdout.write(json.dumps(told))


asyncio.run(visit(*sys.argv[1:]))
