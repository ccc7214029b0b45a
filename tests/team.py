"""A server over HTTP in a separate process, and helpers that send it plain requests."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import threading
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import httpx2
from desk import KYOTO, Era, op, voygen
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping
    from pathlib import Path

# Seconds: longer than any answer takes, so that a hang fails the test.
PATIENCE = 30

JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def result(self) -> dict[str, Any]:
        assert self.status == 200, self
        return self.json["result"]


@dataclass
class Team:
    """A running server. `said` collects its stderr, line by line."""

    process: subprocess.Popen[str]
    greeting: str
    port: int
    said: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def request(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> Reply:
        """Send a request; underscores in header names become hyphens."""
        connection = self.connect()
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return Reply(response.status, {name.lower(): text for name, text in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, message: object, token: str | None = None, /, **headers: str) -> Reply:
        """Send a message as clients of the older protocol era do; a message in bytes is sent unchanged."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        authorization = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.request("POST", "/mcp", body, **(JSON_HEADERS | authorization | headers))

    @asynccontextmanager
    async def client(self, era: Era, token: str | None = None) -> AsyncGenerator[Client]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=PATIENCE) as http_client,
            Client(streamable_http_client(self.url, http_client=http_client), mode=era) as client,
        ):
            yield client

    def stop(self, kind: int) -> int:
        """Send the signal to the server and return its exit status."""
        self.process.send_signal(kind)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(
    where: Path | str, *options: object, address: str = "127.0.0.1:0", env: Mapping[str, str] | None = None
) -> Generator[Team]:
    """Start a server on a free port, and stop it after the block if it still runs."""
    command = [*own_command(), "serve", "--db", str(where), "--http", address, *map(str, options)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        lines: SimpleQueue[str | None] = SimpleQueue()
        said: list[str] = []
        reader = threading.Thread(target=_collect, args=(process, said, lines))
        reader.start()
        try:
            greeting = lines.get(timeout=PATIENCE)
            while greeting is not None and "serving http" not in greeting:
                greeting = lines.get(timeout=PATIENCE)
            found = re.search(r":(\d+)/mcp", greeting or "")
            assert found, said
            yield Team(process, greeting or "", int(found[1]), said)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)
            reader.join()
            assert process.stdout
            assert process.stdout.read() == ""


def _collect(process: subprocess.Popen[str], said: list[str], lines: SimpleQueue[str | None]) -> None:
    assert process.stderr
    for line in process.stderr:
        said.append(line)
        lines.put(line)
    lines.put(None)


def call(tool: str, request_id: int | str = 1, /, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


def as_now(message: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The message and headers as the newer protocol era, which has no handshake, sends them."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    }
    headers = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": message["method"]}
    if "name" in message["params"]:
        headers["Mcp_Name"] = message["params"]["name"]
    return message | {"params": message["params"] | {"_meta": meta}}, headers


def add_note(note: str) -> dict[str, Any]:
    return call("bulk_trip_operations", note, trip_identifier=KYOTO, operations=[op("add_note", note=note)])


LIST_TOOLS: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


def make_token(path: Path, name: str, *options: object) -> str:
    done = voygen("token", "create", name, "--db", path, *options)
    assert done.returncode == 0, done
    return done.stdout.strip()
