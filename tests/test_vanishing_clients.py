"""Clients that vanish, flood, cancel or never read leave no half write and don't stop the work of others."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
from desk import seeded
from faults import KILLED, PATIENCE, Faults, Pipe, Program
from ledger import Figures, Ledger, converse, judge, send_again

if TYPE_CHECKING:
    from pathlib import Path

VANISHED, DROPPED, CANCELLED = campaigns.rounds(1, 40), campaigns.rounds(8, 300), campaigns.rounds(12, 600)

PIPELINED = campaigns.rounds(150, 10_000)

# Bytes: more than the longest message that a server accepts.
TOO_LONG = campaigns.rounds(33 << 20, 100 << 20)

PROCESSES, LIVES, CALLS = campaigns.rounds(3, 8), campaigns.rounds(1, 5), campaigns.rounds(6, 12)

# Connections over HTTP that never read, and the calls on each.
SILENT, UNREAD = campaigns.rounds(4, 66), campaigns.rounds(20, 100)


def ping(number: int | str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "ping"}


def cancel(key: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": key}}


async def test_a_stdio_client_that_vanishes_in_mid_call_leaves_nothing_half(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    path, ledgers = seeded(tmp_path / "voygen.db"), [Ledger(f"vanished{number}") for number in range(VANISHED)]
    for number, ledger in enumerate(ledgers):
        chance = random.Random(number)  # noqa: S311 - a repeatable moment
        with program.serve(path) as pipe:
            pipe.greet()
            pipe.send(*(ledger.call() for _ in range(8)))
            for _ in range(chance.randint(0, 4)):
                ledger.take(json.loads(str(pipe.line())))
            pipe.hang_up()
            assert pipe.wait() == 0
    figures += await judge(path, *ledgers)
    with program.serve(path) as pipe:
        pipe.greet()
        for ledger in ledgers:
            send_again(pipe, ledger)
            assert set(ledger.look(path).values()) == {"whole"}
    figures += await judge(path, *ledgers)
    assert (figures.lost, figures.half) == (0, 0)


async def test_cancelled_stdio_calls_are_done_or_not_done(program: Program, tmp_path: Path, figures: Figures) -> None:
    path, chance = seeded(tmp_path / "voygen.db"), random.Random(0)  # noqa: S311 - repeatable
    ledgers = [Ledger("keyed"), Ledger("unkeyed", keyed=False)]
    with program.serve(path) as pipe:
        pipe.greet()
        for number in range(CANCELLED):
            message = chance.choice(ledgers).call()
            between = [ping(f"{number}-{one}") for one in range(chance.randint(0, 3))]
            pipe.send(message, *between, cancel(message["id"]))
            take_until(pipe, ping(number), ledgers)
        take_until(pipe, ping("end"), ledgers)
    figures += await judge(path, *ledgers)
    with program.serve(path) as pipe:
        pipe.greet()
        send_again(pipe, ledgers[0])
    assert set(ledgers[0].look(path).values()) == {"whole"}
    figures += await judge(path, *ledgers)
    assert (figures.lost, figures.half) == (0, 0)


def take_until(pipe: Pipe, last: dict[str, Any], ledgers: list[Ledger]) -> None:
    """Send a message, and take the answers up to its own."""
    pipe.send(last)
    for line in pipe.lines():
        answer = json.loads(line)
        for ledger in ledgers:
            ledger.take(answer)
        if answer["id"] == last["id"]:
            return


async def test_http_connections_dropped_at_any_moment_leave_nothing_half(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    path = seeded(tmp_path / "voygen.db")
    ledgers = [Ledger("keyed"), Ledger("unkeyed", keyed=False)]
    with program.serve_http(path) as pipe:
        chance = random.Random(0)  # noqa: S311 - repeatable
        for number in range(DROPPED):
            drop(pipe, request(ledgers[number % 2].call()), chance)
        figures += await judge(path, *ledgers)
        for message in ledgers[0].sent.values():
            ledgers[0].take(answer_of(pipe, request(message)))
    assert ledgers[0].acknowledged == set(ledgers[0].sent), ledgers[0].refused
    assert set(ledgers[0].look(path).values()) == {"whole"}
    figures += await judge(path, *ledgers)
    assert (figures.lost, figures.half) == (0, 0)


def request(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def connect(pipe: Pipe) -> socket.socket:
    return socket.create_connection(("127.0.0.1", pipe.port or 0), timeout=PATIENCE)


def drop(pipe: Pipe, sent: bytes, chance: random.Random) -> None:
    """Send the request, whole or in part, and close the connection after a random time unless an answer comes first."""
    with closing(connect(pipe)) as wire:
        wire.sendall(sent[: chance.choice([len(sent)] * 4 + [chance.randint(1, len(sent))])])
        wire.settimeout(chance.uniform(0.0001, 0.03))
        with suppress(TimeoutError):
            wire.recv(1)


def answer_of(pipe: Pipe, sent: bytes) -> dict[str, Any]:
    with closing(connect(pipe)) as wire:
        wire.sendall(sent.replace(b"Host:", b"Connection: close\r\nHost:"))
        received = b""
        while chunk := wire.recv(65_536):
            received += chunk
    return json.loads(received.partition(b"\r\n\r\n")[2])


async def test_many_pipelined_calls_are_all_answered(program: Program, tmp_path: Path, figures: Figures) -> None:
    path, ledger = seeded(tmp_path / "voygen.db"), Ledger("flood")
    with program.serve(path) as pipe:
        pipe.greet()
        messages = [ledger.call() if number % 50 == 0 else ping(number) for number in range(PIPELINED)]
        writer = threading.Thread(target=pipe.send, args=messages)
        writer.start()
        answered = [json.loads(str(pipe.line())) for _ in messages]
        writer.join()
    assert {answer["id"] for answer in answered} == {message["id"] for message in messages}
    assert all(ledger.take(answer) for answer in answered if answer["id"] in ledger.sent), ledger.refused
    figures += await judge(path, ledger)
    assert (figures.lost, figures.half) == (0, 0)


def test_a_message_that_is_too_long_is_refused_and_the_server_goes_on(program: Program, tmp_path: Path) -> None:
    with program.serve(seeded(tmp_path / "voygen.db")) as pipe:
        pipe.greet()
        pipe.send(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * TOO_LONG + b'"}')
        refusal = json.loads(str(pipe.line()))
        assert "error" in refusal
        assert pipe.ask(ping(2)) == {"jsonrpc": "2.0", "id": 2, "result": {}}


async def test_clients_that_never_read_do_not_stop_the_work_of_others(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    path, ledger = seeded(tmp_path / "voygen.db"), Ledger("patient")
    get = {"name": "get_anything", "arguments": {"query": "1"}}
    reads = [{"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": get} for number in range(UNREAD)]
    with program.serve(path) as silent, program.serve_http(path) as shared, program.serve(path) as pipe:
        silent.greet()
        silent.send(*reads)
        wires = [connect(shared) for _ in range(SILENT)]
        for wire in wires:
            wire.sendall(b"".join(map(request, reads)))
        pipe.greet()
        converse(pipe, ledger, CALLS)
        assert ledger.take(answer_of(shared, request(ledger.call())))
        for wire in wires:
            wire.close()
        silent.hang_up()
        assert silent.wait() == 0
    assert ledger.refused == {}
    figures += await judge(path, ledger)
    assert (figures.lost, figures.half) == (0, 0)


@pytest.mark.skipif(not campaigns.rounds(0, 1), reason="takes as long as the server waits for its client (--long)")
def test_a_server_whose_client_does_not_read_ends_on_a_signal(program: Program, tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    get = {"name": "get_anything", "arguments": {"query": "1"}}
    with program.serve(path) as pipe:
        pipe.greet()
        pipe.send(*({"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": get} for n in range(60)))
        os.kill(pipe.pid, signal.SIGTERM)
        assert pipe.ends_within(PATIENCE)
        pipe.hang_up()


async def test_servers_killed_while_others_share_the_file_lose_nothing_and_disturb_nobody(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    """The first server is never killed; the others are, each in every life."""
    folder = tmp_path / "shared"
    folder.mkdir()
    path = seeded(folder / "voygen.db")

    def live(number: int) -> tuple[list[Ledger], int]:
        ledgers: list[Ledger] = []
        killed = 0
        for life in range(LIVES):
            chance = random.Random(f"{number} {life}")  # noqa: S311 - a repeatable moment
            faults = Faults(folder, kill_at=chance.randint(1, 50 * CALLS)) if number else None
            ledgers.append(Ledger(f"agent{number}life{life}"))
            with program.serve(path, faults=faults) as pipe:
                if pipe.greet():
                    converse(pipe, ledgers[-1], CALLS, at_once=2)
                killed += pipe.close() == KILLED
        return ledgers, killed

    with ThreadPoolExecutor(PROCESSES) as pool:
        lives = list(pool.map(live, range(PROCESSES)))
    everyone = [ledger for ledgers, _ in lives for ledger in ledgers]
    figures.kills += sum(killed for _, killed in lives)
    assert figures.kills == (PROCESSES - 1) * LIVES
    assert [ledger.refused for ledger in everyone if ledger.refused] == []
    assert all(len(ledger.acknowledged) == CALLS for ledger in lives[0][0])
    figures += await judge(path, *everyone)
    with program.serve(path) as pipe:
        pipe.greet()
        for ledger in everyone:
            send_again(pipe, ledger)
            assert set(ledger.look(path).values()) <= {"whole"}
    figures += await judge(path, *everyone)
    assert (figures.lost, figures.half) == (0, 0)
