"""D1 on this machine: the Worker in workerd, with many databases in one process.

.ci/d1 installs what is needed and sets VOYGEN_NODE. Without it, the tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from database.d1 import D1Database, open_d1
from database.d1_address import parse_address

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "build" / "d1"

NODE = os.environ.get("VOYGEN_NODE")

REASON = "VOYGEN_NODE names no Node: .ci/d1 installs one and runs these"

needs_node = pytest.mark.skipif(NODE is None, reason=REASON)


def skip_module_without_node() -> None:
    """Skip the whole module with one line."""
    if NODE is None:
        pytest.skip(REASON, allow_module_level=True)


WRITE, READ = "write-token-for-tests", "read-token-for-tests"

# Databases of one process.
DATABASES = 60


@dataclass
class Workerd:
    """A running workerd. `take` returns the address of a database that nobody has used."""

    process: subprocess.Popen[str]
    port: int
    databases: int
    _taken: int = field(default=0)

    def take(self) -> Hosted:
        assert self._taken < self.databases
        self._taken += 1
        return self.database(self._taken - 1)

    def database(self, number: int) -> Hosted:
        return Hosted(f"http://127.0.0.1:{self.port}/{number}")

    def kill(self) -> None:
        """Kill the engine at once, and the program that started it."""
        listing = [shutil.which("ps") or "ps", "-o", "pid=", "--ppid", str(self.process.pid)]
        children = subprocess.run(listing, capture_output=True, text=True, check=True)
        for child in children.stdout.split():
            os.kill(int(child), signal.SIGKILL)
        self.process.kill()
        self.process.communicate()


@dataclass
class Hosted:
    """A database of its own behind the Worker."""

    url: str

    @property
    def address(self) -> str:
        return f"d1+{self.url}"

    async def open(self, token: str = WRITE, **options: Any) -> D1Database:
        return await open_d1(parse_address(self.address), token, **options)

    @asynccontextmanager
    async def opened(self, token: str = WRITE, **options: Any) -> AsyncGenerator[D1Database]:
        async with await self.open(token, **options) as db:
            yield db

    def post(self, body: object, token: str | None = WRITE, path: str = "/v1/batch") -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return _client().post(self.url + path, content=content, headers=headers)

    def fail(self, *faults: str) -> None:
        """Make the next batches fail in these ways; see worker/test/faulty.js."""
        assert self.post(list(faults), path="/faults").is_success

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        """Run a statement as another program would."""
        answer = self.post({"mode": "write", "statements": [{"sql": statement, "params": list(params)}]}).json()
        assert "results" in answer, answer
        return [tuple(row) for row in answer["results"][0]["rows"]]


@contextmanager
def running(databases: int = DATABASES, folder: Path | None = None) -> Generator[Workerd]:
    """Run workerd, with its databases in memory or in a folder."""
    assert NODE
    command = [NODE, ROOT / "worker" / "test" / "start.mjs", MODULES, str(databases), *([folder] if folder else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline()
        assert port, "workerd did not start"
        served = Workerd(process, int(port), databases)
        try:
            yield served
        finally:
            if process.poll() is None:
                process.communicate()  # closes its stdin, at which it ends


@cache
def _client() -> httpx2.Client:
    # Without kept connections: workerd may close one at the moment of a request.
    return httpx2.Client(trust_env=False, timeout=60, limits=httpx2.Limits(max_keepalive_connections=0))


def statements(*sqls: str) -> Sequence[dict[str, Any]]:
    return [{"sql": sql, "params": []} for sql in sqls]
