"""A server killed in the middle of its work loses nothing acknowledged and leaves nothing half."""

from __future__ import annotations

import http.client
import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
from desk import BEN, seeded
from faults import KILLED, Faults, Pipe, Program, changes
from ledger import Figures, Ledger, converse, judge, send_again
from phasing import look
from team import JSON_HEADERS

if TYPE_CHECKING:
    from pathlib import Path

STDIO_KILLS, HTTP_KILLS, TOOL_KILLS = campaigns.rounds(2, 60), campaigns.rounds(1, 30), campaigns.rounds(1, 25)

# Calls of one server's life, and its changes to files in an undisturbed run, at least.
CALLS, CHANGES = 12, 500


def new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def judge_and_send_again(program: Program, path: Path, ledger: Ledger) -> Figures:
    """Judge the database after a kill; then send all calls again, after which each must be there once."""
    figures = await judge(path, ledger)
    with program.serve(path) as pipe:
        assert pipe.greet()
        send_again(pipe, ledger)
    assert set(ledger.look(path).values()) <= {"whole"}
    assert ledger.acknowledged == set(ledger.sent), ledger.refused
    figures += await judge(path, ledger)
    return figures


async def test_a_stdio_server_killed_at_any_change_keeps_what_it_acknowledged(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    for number in range(STDIO_KILLS):
        folder = new_folder(tmp_path / f"{number}")
        path, ledger = seeded(folder / "voygen.db"), Ledger(f"stdio{number}")
        chance = random.Random(number)  # noqa: S311 - a repeatable moment
        with program.serve(path, faults=Faults(folder, kill_at=chance.randint(1, CHANGES))) as pipe:
            if pipe.greet():
                converse(pipe, ledger, CALLS)
            assert pipe.close() == KILLED
        figures.kills += 1
        figures += await judge_and_send_again(program, path, ledger)
    assert (figures.lost, figures.half) == (0, 0)


def call_over_http(pipe: Pipe, ledger: Ledger) -> None:
    """Send calls one after another on one connection until the server dies."""
    connection = http.client.HTTPConnection("127.0.0.1", pipe.port)
    try:
        for _ in range(CALLS):
            connection.request("POST", "/mcp", json.dumps(ledger.call()), JSON_HEADERS)
            ledger.take(json.loads(connection.getresponse().read()))
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


async def test_an_http_server_killed_at_any_change_keeps_what_it_acknowledged_to_each_client(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    for number in range(HTTP_KILLS):
        folder = new_folder(tmp_path / f"{number}")
        path = seeded(folder / "voygen.db")
        ledgers = [Ledger(f"http{number}of{client}") for client in range(4)]
        chance = random.Random(number)  # noqa: S311 - a repeatable moment
        with program.serve_http(path, faults=Faults(folder, kill_at=chance.randint(1, 2 * CHANGES))) as pipe:
            if pipe.port is not None:
                with ThreadPoolExecutor() as pool:
                    list(pool.map(call_over_http, [pipe] * len(ledgers), ledgers))
            assert pipe.wait() == KILLED
        figures.kills += 1
        figures += await judge(path, *ledgers)
        for ledger in ledgers[:: campaigns.rounds(4, 1)]:
            figures += await judge_and_send_again(program, path, ledger)
    assert (figures.lost, figures.half) == (0, 0)


MERGE: dict[str, Any] = {"keep": BEN, "remove": "ana@example.net", "dry_run": False}

ERASE: dict[str, Any] = {"client": "ana@example.net", "confirm_name": "Ana Lima", "dry_run": False}


def tool_call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments | {"idempotency_key": "once"}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def changes_of_call(program: Program, tmp_path: Path, message: dict[str, Any]) -> tuple[int, int]:
    """Return the numbers of changes to the file before an undisturbed call and after it."""
    folder, log = new_folder(tmp_path / "undisturbed"), tmp_path / "log"
    with program.serve(seeded(folder / "voygen.db"), faults=Faults(folder, log)) as pipe:
        pipe.greet()
        first = changes(log)
        assert pipe.ask(message)
        last = changes(log)
    return first, last


@pytest.mark.parametrize(("tool", "arguments"), [("merge_clients", MERGE), ("erase_client", ERASE)])
async def test_a_tool_killed_in_its_work_did_all_or_nothing_and_can_be_called_again(
    program: Program, tmp_path: Path, figures: Figures, tool: str, arguments: dict[str, Any]
) -> None:
    message = tool_call(tool, arguments)
    first, last = changes_of_call(program, tmp_path, message)
    for number in range(TOOL_KILLS):
        folder = new_folder(tmp_path / f"{number}")
        path = seeded(folder / "voygen.db")
        chance = random.Random(number)  # noqa: S311 - a repeatable moment
        with program.serve(path, faults=Faults(folder, kill_at=chance.randint(first + 1, last))) as pipe:
            pipe.greet()
            ledger = Ledger("tool", sent={"1": message})
            acknowledged = bool(ledger.take(pipe.ask(message)))
            pipe.close()
        figures.kills += 1
        ana = look(path, "SELECT 1 FROM clients_v2 WHERE email = 'ana@example.net'")
        figures.lost += acknowledged and bool(ana)
        figures += await judge(path)
        with program.serve(path) as pipe:
            pipe.greet()
            answer = pipe.ask(message)
        assert answer
        assert not answer["result"].get("isError"), answer
        assert look(path, "SELECT email FROM clients_v2 ORDER BY 1") == [(BEN,), ("cem@example.net",)]
        figures += await judge(path)
    assert (figures.lost, figures.half) == (0, 0)
