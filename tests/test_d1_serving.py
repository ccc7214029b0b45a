"""Serving a hosted database: over stdio on workerd, and the addresses and tokens that are refused without it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from desk import ANA, BEN, op, voygen
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from workerd import READ, WRITE, Workerd, needs_node

from database.d1_address import parse_address, token_from
from database.errors import DatabaseUnavailable, TokenRejected
from migrations.check import check
from server.launch import own_command

if TYPE_CHECKING:
    from pathlib import Path


@needs_node
async def test_the_server_migrates_a_hosted_database_and_works_on_it(workerd: Workerd, tmp_path: Path) -> None:
    hosted = workerd.take()
    token = tmp_path / "token"
    token.write_text(WRITE + "\n")
    program, *arguments = [*own_command(), "serve", "--db", hosted.address]
    env = {**os.environ, "VOYGEN_D1_TOKEN_FILE": str(token)}
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
