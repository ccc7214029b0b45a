"""Serving a hosted database: over stdio on workerd, and the addresses and tokens that are refused without it."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from desk import ANA, BEN, op, voygen
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from team import LIST_TOOLS, serving
from workerd import READ, WRITE, Workerd, needs_node

from database.d1_address import parse_address, token_from
from database.errors import DatabaseUnavailable, TokenRejected
from migrations.check import check
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A file that only its owner can read, with the token that writes."""
    file = tmp_path / "token"
    file.write_text(WRITE + "\n")
    file.chmod(0o600)
    return file


@needs_node
async def test_the_server_migrates_a_hosted_database_and_works_on_it(workerd: Workerd, token_file: Path) -> None:
    hosted = workerd.take()
    program, *arguments = [*own_command(), "serve", "--db", hosted.address]
    env = {**os.environ, "VOYGEN_D1_TOKEN_FILE": str(token_file)}
    async with Client(StdioServerParameters(command=program, args=arguments, env=env)) as client:
        trip = {"trip_name": "Lima in Kyoto", "start_date": "2026-10-03", "end_date": "2026-10-12"}
        await _call(client, "create_trip_with_client", client_email=ANA, client_full_name="Ana Lima", **trip)
        operations = [op("assign_client", email=BEN, full_name="Ben Ode"), op("add_note", note="By train.")]
        await _call(client, "bulk_trip_operations", trip_identifier="lima-in-kyoto", operations=operations)
        found = await _call(client, "get_anything", query="kyoto")
        assert ANA in found
        assert BEN in found
    async with hosted.opened(READ) as db:
        report = await check(db)
        assert (report.consistent, report.trips, report.assignments) == (True, 1, 2)
    refused = voygen("serve", "--db", hosted.address, env={**os.environ, "VOYGEN_D1_TOKEN": "none-of-ours"})
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.strip().endswith("does not accept the token: check VOYGEN_D1_TOKEN.")
    assert "none-of-ours" not in refused.stderr


@needs_node
async def test_a_team_is_served_over_http_from_a_hosted_database(workerd: Workerd, token_file: Path) -> None:
    hosted = workerd.take()
    env = {**os.environ, "VOYGEN_D1_TOKEN_FILE": str(token_file)}
    trip = {"trip_name": "Lima in Kyoto", "start_date": "2026-10-03", "end_date": "2026-10-12"}
    assert voygen("migrate", "--db", hosted.address, env=env).returncode == 0
    write, read = (_make_token(hosted.address, scope, env) for scope in ("write", "read"))
    with serving(hosted.address, env=env) as team:
        assert [team.request("GET", path).status for path in ("/healthz", "/readyz")] == [200, 200]
        async with team.client("auto", write) as client:
            await _call(client, "create_trip_with_client", client_email=ANA, client_full_name="Ana Lima", **trip)
            guest = op("assign_client", email=BEN, full_name="Ben Ode")
            await _call(client, "bulk_trip_operations", trip_identifier="lima-in-kyoto", operations=[guest])
        async with team.client("legacy", read) as client:
            found = await _call(client, "get_anything", query="kyoto")
            assert ANA in found
            assert BEN in found
            assert "bulk_trip_operations" not in {tool.name for tool in (await client.list_tools()).tools}
        assert team.post(LIST_TOOLS).status == 401
        assert team.post(LIST_TOOLS, WRITE).status == 401  # the Worker's token is not one of ours
        assert voygen("token", "revoke", "write", "--db", hosted.address, env=env).returncode == 0
        assert team.post(LIST_TOOLS, write).status == 401
        metrics = team.request("GET", "/metrics").body.decode()
        assert 'tool="bulk_trip_operations"' in metrics
        assert team.stop(signal.SIGTERM) == 0
        assert WRITE not in metrics + "".join(team.said)
    assert hosted.sql("SELECT name FROM access_tokens WHERE last_used_at IS NOT NULL ORDER BY 1") == [
        ("read",),
        ("write",),
    ]
    assert hosted.sql("SELECT sum(calls) FROM call_counts") == [(3,)]
    async with hosted.opened(READ) as db:
        report = await check(db)
        assert (report.consistent, report.trips, report.assignments) == (True, 1, 2)


def _make_token(address: str, scope: str, env: dict[str, str]) -> str:
    done = voygen("token", "create", scope, "--scope", scope, "--db", address, env=env)
    assert done.returncode == 0, done
    return done.stdout.strip()


@needs_node
async def test_an_installed_client_starts_the_server_on_a_hosted_database(
    workerd: Workerd, tmp_path: Path, token_file: Path
) -> None:
    """The entry has the address and the path of the token's file, which is all that the server needs."""
    hosted, file = workerd.take(), tmp_path / "mcp.json"
    env = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    arguments = ("install", "cursor", "--db", hosted.address, "--file", file)
    done = voygen(*arguments, env=env | {"VOYGEN_D1_TOKEN": WRITE})
    assert done.returncode == 0
    assert "the server needs the database's token" in done.stderr
    assert WRITE not in done.stdout + done.stderr + file.read_text()
    done = voygen(*arguments, env=env | {"VOYGEN_D1_TOKEN_FILE": str(token_file)})
    assert (done.returncode, done.stderr) == (0, "")
    entry = json.loads(file.read_text())["mcpServers"]["voygen"]
    assert entry["args"][-3:] == ["serve", "--db", hosted.address]
    assert entry["env"] == {"VOYGEN_D1_TOKEN_FILE": str(token_file)}
    async with Client(StdioServerParameters(**entry)) as client:
        await _call(client, "create_client_v2", email=ANA, full_name="Ana Lima")
    assert hosted.sql("SELECT email FROM clients_v2") == [(ANA,)]
    assert voygen("uninstall", "cursor", "--file", file, env=env).returncode == 0
    assert not file.exists()


@needs_node
def test_the_demo_runs_on_an_empty_hosted_database(workerd: Workerd) -> None:
    hosted = workerd.take()
    env = {**os.environ, "VOYGEN_D1_TOKEN": WRITE}
    done = voygen("demo", "--db", hosted.address, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "7 of 7 operations done" in done.stdout
    assert "Consistent: both stores hold the same assignments." in done.stdout
    assert f"{hosted.address} keeps the sample" in done.stdout
    again = voygen("demo", "--db", hosted.address, env=env)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "is not empty" in again.stderr
    assert "omit --db" in voygen("demo", "--db", "trips.db").stderr


HEALTH = {
    b'{"voygen":"d1","protocol":0}': "speaks protocol 0 and this program protocol 1: deploy the Worker",
    b'{"voygen":"d1","protocol":2}': "speaks protocol 2 and this program protocol 1: deploy the Worker",
    b"<html>Welcome</html>": "is not a voygen Worker: check the address",
}


def test_a_server_that_cannot_use_its_worker_says_why_in_one_line() -> None:
    env = {**os.environ, "VOYGEN_D1_TOKEN": "secret-of-the-test"}
    with other_worker() as (port, health):
        for body, words in HEALTH.items():
            health[:] = [body]
            refused = voygen("serve", "--db", f"d1+http://127.0.0.1:{port}", env=env)
            assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
            assert refused.stderr.startswith(f"voygen: d1+http://127.0.0.1:{port} {words}")
    refused = voygen("serve", "--patience", "0.2", "--db", f"d1+http://127.0.0.1:{port}", env=env)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "cannot be reached: check the address and the network." in refused.stderr
    assert "secret" not in refused.stderr


@contextmanager
def other_worker() -> Generator[tuple[int, list[bytes]]]:
    """Serve what the list has as the answer to each request, on a free port."""
    health = [b""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(health[0])))
            self.end_headers()
            self.wfile.write(health[0])

        def log_request(self, code: object = "-", size: object = "-") -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        running = Thread(target=served.serve_forever)
        running.start()
        try:
            yield served.server_port, health
        finally:
            served.shutdown()
            running.join()


async def _call(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return str(result.structured_content)


ADDRESSES = {
    "d1+https://voygen.example.workers.dev/": "d1+https://voygen.example.workers.dev",
    "d1+http://127.0.0.1:8787/7": "d1+http://127.0.0.1:8787/7",
    "d1+http://localhost:8787": "d1+http://localhost:8787",
    "d1+http://[::1]:8787": "d1+http://[::1]:8787",
}

REFUSED = {
    "d1+http://voygen.example.net": "would send the token unencrypted",
    "d1+http://127.0.0.1.example.net": "would send the token unencrypted",
    "d1+https://user:secret@example.net": "may not have a password",
    "d1+https://example.net?token=secret": "may not have a password or a query",
    "d1+ftp://example.net": "is not valid",
    "d1+https://": "is not valid",
    "d1+https://example.net:port": "is not valid",
    "d1+": "is not valid",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_named_as_it_was_typed(address: str) -> None:
    parsed = parse_address(address)
    assert parsed.label == str(parsed) == ADDRESSES[address]
    assert parsed.local == ("http:" in address)


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_would_leak_a_secret_is_refused(address: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=REFUSED[address]) as refused:
        parse_address(address)
    assert "secret" not in str(refused.value)


def test_the_token_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-the-file\n")
    assert token_from({"VOYGEN_D1_TOKEN": "one", "VOYGEN_D1_TOKEN_FILE": str(file)}) == "one"
    assert token_from({"VOYGEN_D1_TOKEN_FILE": str(file)}) == "from-the-file"
    for wrong, words in {
        "": "needs a token",
        "two words": "has a character",
        "ünïcode": "has a character",
        "line\nbreak": "has a character",
    }.items():
        with pytest.raises(TokenRejected, match=words) as rejected:
            token_from({"VOYGEN_D1_TOKEN": wrong})
        assert not wrong or wrong not in str(rejected.value)
    with pytest.raises(TokenRejected, match="cannot be read"):
        token_from({"VOYGEN_D1_TOKEN_FILE": str(tmp_path / "missing")})


def test_a_command_names_an_address_or_a_token_that_it_cannot_use() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("VOYGEN_D1_")}
    for address, words in (
        ("d1+http://example.net", "would send the token unencrypted"),
        ("d1+https://example.net", "needs a token: set VOYGEN_D1_TOKEN"),
    ):
        done = voygen("check", "--db", address, env=env)
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
