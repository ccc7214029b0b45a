"""D1 on this machine: the Worker in workerd, with many databases in one process.

.ci/d1 installs what is needed and sets VOYGEN_NODE. Without it, the tests are skipped.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import httpx2
import pytest
from hosted_connection import HostedConnection

from database.d1 import D1Database, open_d1
from database.d1_address import parse_address

if TYPE_CHECKING:
    import sqlite3
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

# Databases of one process, which takes 2 MB of memory for each.
DATABASES = 100

# The folder of D1's files, below that of all of workerd's files.
NAMESPACE = "miniflare-D1DatabaseObject"


@dataclass
class Workerd:
    """A running workerd. `take` returns the address of a database that nobody has used."""

    process: subprocess.Popen[str]
    port: int
    databases: int
    folder: Path
    _taken: int = field(default=0)

    @property
    def left(self) -> int:
        """The number of databases that nobody has used."""
        return self.databases - self._taken

    def take(self, content: bytes = b"") -> Hosted:
        """Return an empty database, or one with the content of a database file."""
        assert self.left
        self._taken += 1
        hosted = self.database(self._taken - 1)
        if content:
            hosted.file.parent.mkdir(exist_ok=True)
            hosted.file.write_bytes(content)
        return hosted

    def database(self, number: int) -> Hosted:
        file = self.folder / NAMESPACE / _file_name(f"db{number}")
        return Hosted(f"http://127.0.0.1:{self.port}/{number}", file)

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
    """A database of its own behind the Worker. D1 stores it in `file`."""

    url: str
    file: Path = Path()

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
        if isinstance(body, bytes):
            headers["connection"] = "close"  # the Worker does not read all of a large one and then closes it
        return _client().post(self.url + path, content=content, headers=headers)

    def fail(self, *faults: str) -> None:
        """Make the next batches fail in these ways; see worker/test/faulty.js."""
        assert self.post(list(faults), path="/faults").is_success

    def connection(self) -> sqlite3.Connection:
        """A connection with what tests need of sqlite3's."""
        return cast("sqlite3.Connection", HostedConnection(self))

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        """Run a statement as another program would."""
        return self.connection().execute(statement, params).fetchall()


@contextmanager
def running(databases: int = DATABASES, folder: Path | None = None) -> Generator[Workerd]:
    """Run workerd, with its databases in a folder, or in one that is deleted afterwards."""
    assert NODE
    with TemporaryDirectory() as temporary:
        folder = folder or Path(temporary)
        command = [NODE, ROOT / "worker" / "test" / "start.mjs", MODULES, str(databases), folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            port = process.stdout.readline()
            assert port, "workerd did not start"
            try:
                yield Workerd(process, int(port), databases, folder)
            finally:
                if process.poll() is None:
                    process.communicate()  # closes its stdin, at which it ends


def _file_name(name: str) -> str:
    """The name that workerd gives the file of a Durable Object, from its namespace's and its own name."""
    key = hashlib.sha256(NAMESPACE.encode()).digest()
    first = _mac(key, name.encode())
    return (first + _mac(key, first)).hex() + ".sqlite"


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:16]


@cache
def _client() -> httpx2.Client:
    # workerd closes a connection that was idle for 5 seconds, perhaps just when a request is sent on it.
    return httpx2.Client(trust_env=False, timeout=60, limits=httpx2.Limits(keepalive_expiry=1))


def statements(*sqls: str) -> Sequence[dict[str, Any]]:
    return [{"sql": sql, "params": []} for sql in sqls]
