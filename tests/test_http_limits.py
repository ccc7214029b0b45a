"""Limits of a server over HTTP: slow clients, long calls, many concurrent calls, and shutdown."""

from __future__ import annotations

import json
import re
import select
import signal
import socket
import statistics
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest
import raw
from desk import KYOTO, integrity, seeded
from oracle import assert_clean
from team import JSON_HEADERS, LIST_TOOLS, PATIENCE, Reply, Team, add_note, as_now, call, make_token, serving

from server.http.uvicorn import MOST_FROM_ONE_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

# Seconds: a server that takes longer than this to stop is waiting for its clients.
ENDLESS = 100

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seeded(tmp_path / "voygen.db")


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the write lock for the block, as another program would."""
    with closing(raw.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")


def notes(path: Path) -> list[str]:
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        (text,) = connection.execute("SELECT notes FROM trips_v2 WHERE trip_id = ?", (KYOTO,)).fetchone()
    return [item["note"] for item in json.loads(text or "[]")]


def closed_notes(path: Path) -> list[str]:
    """Return the notes in a database, which must be intact and cleanly closed."""
    assert not path.with_name(path.name + "-wal").exists()
    assert integrity(path) == "ok"
    return notes(path)


def in_flight(team: Team) -> int:
    found = re.search(rb"^voygen_http_calls_in_flight (\d+)", team.request("GET", "/metrics").body, re.MULTILINE)
    assert found
    return int(found[1])


def wait_for_calls(team: Team, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while in_flight(team) != count:
        assert time.monotonic() < deadline


def wire_to(team: Team) -> socket.socket:
    return socket.create_connection(("127.0.0.1", team.port))


def everything_from(wire: socket.socket) -> bytes:
    """The bytes that the server sends until it closes the connection."""
    wire.settimeout(PATIENCE)
    received = b""
    while chunk := wire.recv(65_536):
        received += chunk
    return received


def answer_to(wire: socket.socket, sent: bytes) -> bytes:
    """Send the bytes and return the answer, or nothing if the connection was closed before everything was sent."""
    try:
        wire.sendall(sent)
        return everything_from(wire)
    except ConnectionError:
        return b""


HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(b"", b""), (HEAD, b"HTTP/1.1 408"), (HEAD + b"\r\n", b"HTTP/1.1 408"), (HEAD + b"\r\n{", b"HTTP/1.1 408")],
    ids=["nothing", "half a head", "no body", "half a body"],
)
def test_a_client_that_stops_sending_is_disconnected(path: Path, sent: bytes, answer: bytes) -> None:
    with serving(path, "--client-timeout", 1) as team, closing(wire_to(team)) as wire:
        wire.sendall(sent)
        assert everything_from(wire).startswith(answer)
        assert team.post(LIST_TOOLS).status == 200


def test_a_trickling_client_is_disconnected_and_delays_nobody_else(path: Path) -> None:
    with serving(path, "--client-timeout", 1) as team:
        trickle(team, HEAD)
        trickle(team, b"X: " + b"y" * 1000, HEAD)
        trickle(team, b" " * 100, HEAD + b"\r\n")
        trickle(team, HEAD, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")


def trickle(team: Team, slowly: bytes, first: bytes = b"") -> None:
    """Send byte by byte, with another client's request after each, until the server closes the connection."""
    with closing(wire_to(team)) as wire:
        wire.sendall(first)
        started = time.monotonic()
        try:
            for byte in slowly:
                wire.sendall(bytes([byte]))
                assert team.request("GET", "/healthz").status == 200
                time.sleep(0.02)
        except ConnectionError:
            return
        assert time.monotonic() - started > 1
        pytest.fail("the server took it all")


def test_answers_on_one_connection_are_not_delayed_by_nagles_algorithm(path: Path) -> None:
    with serving(path) as team, closing(team.connect()) as connection:
        seconds: list[float] = []
        for _ in range(201):
            started = time.monotonic()
            connection.request("GET", "/healthz")
            assert connection.getresponse().read()
            seconds.append(time.monotonic() - started)
        # The delay would be 40 ms each time; an answer takes about 1 ms.
        assert statistics.median(seconds) < 0.03


def test_a_request_head_that_is_too_large_is_refused(path: Path) -> None:
    start, end = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", b"Connection: close\r\n\r\n"
    many = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1_000) for number in range(35))
    body = json.dumps(LIST_TOOLS).encode()
    post = HEAD.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked")
    chunks = post + b"\r\n%x\r\n%s\r\n0\r\n" % (len(body), body)
    with serving(path) as team:
        for sent, status in (
            (start + b"X: " + b"y" * 30_000 + b"\r\n" + end, 200),
            (start + b"X: " + b"y" * 33_000 + b"\r\n" + end, 431),
            (start + b"X: " + b"y" * 1_000_000 + b"\r\n" + end, 431),
            (start + many + end, 431),
            (start + b"X: y\r\n" * 110 + end, 431),
            (start + b"X: y\r\n" * 90 + end, 200),
            (start.replace(b"z ", b"z?" + b"q" * 7_000 + b" ") + end, 200),
            (start.replace(b"z ", b"z?" + b"q" * 9_000 + b" ") + end, 414),
            (b"GET " + b"/" * 100_000, 414),
            (start + b"\r\n" + start + b"X: " + b"y" * 100_000 + b"\r\n" + end, 431),
            (chunks + b"X: " + b"y" * 100_000 + b"\r\n\r\n", 431),
            (b"nonsense\r\n\r\n", 400),
        ):
            with closing(wire_to(team)) as wire:
                answer = answer_to(wire, sent)
            assert f"HTTP/1.1 {status} ".encode() in answer, (sent[:60], answer[:200])
        assert not any("Traceback" in line for line in team.said)


def test_clients_that_do_not_read_their_answers_are_disconnected_and_block_nobody(path: Path) -> None:
    body = json.dumps(LIST_TOOLS).encode()
    request = HEAD.replace(b"100", str(len(body)).encode()) + b"\r\n" + body
    with serving(path, "--client-timeout", 1, "--most-calls", 2) as team:
        sent = {pipelining_wire(team): 0 for _ in range(3)}
        while sent:
            writable = select.select([], sent, [], PATIENCE)[1]
            assert writable
            for wire in writable:
                try:
                    sent[wire] += wire.send((request * 20)[sent[wire] % len(request) :])
                except ConnectionError:
                    del sent[wire]
                    wire.close()
        assert team.post(LIST_TOOLS).status == 200


def pipelining_wire(team: Team) -> socket.socket:
    """A connection without waiting, whose receive buffer is small."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.connect(("127.0.0.1", team.port))
    wire.setblocking(False)  # noqa: FBT003 - positional only
    return wire


def test_one_caller_cannot_take_all_places(path: Path) -> None:
    greedy, other = make_token(path, "greedy"), make_token(path, "other")
    with serving(path, "--most-calls", 4) as team, ThreadPoolExecutor() as pool:
        with locked(path):
            waiting = [pool.submit(team.post, add_note(f"{number}"), greedy) for number in range(3)]
            wait_for_calls(team, 3)
            refused = team.post(LIST_TOOLS, greedy)
            assert refused.status == 503
            assert refused.json["error_description"] == "You have too many calls in progress."
            assert team.post(LIST_TOOLS, other).status == 200
        assert [reply.result().status for reply in waiting] == [200] * 3


@pytest.mark.skipif(sys.platform != "linux", reason="more than one loopback address")
def test_one_address_cannot_take_all_connections(path: Path) -> None:
    with serving(path) as team, ExitStack() as stack:
        for _ in range(MOST_FROM_ONE_ADDRESS):
            stack.enter_context(closing(wire_to(team)))
        assert team.request("GET", "/healthz").status == 503
        address = ("127.0.0.1", team.port)
        with closing(socket.create_connection(address, PATIENCE, source_address=("127.0.0.2", 0))) as wire:
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert everything_from(wire).startswith(b"HTTP/1.1 200")


def test_a_call_that_times_out_is_answered_and_writes_nothing_afterwards(path: Path) -> None:
    with serving(path, "--request-timeout", 1) as team:
        with locked(path):
            result = team.post(add_note("late")).result
            assert result["isError"] is True
            assert result["content"][0]["text"].startswith("unavailable: The call took longer than 1 seconds")
            assert b"late" not in team.post(call("get_anything", query="kyoto")).body
        assert team.post(add_note("in time")).result["structuredContent"]["success"] is True
        assert notes(path) == ["in time"]


def test_calls_beyond_the_concurrency_limit_are_refused_with_advice_to_retry(path: Path) -> None:
    with serving(path, "--most-calls", 2) as team, ThreadPoolExecutor() as pool:
        with locked(path):
            waiting = [pool.submit(team.post, add_note(name)) for name in ("one", "two")]
            wait_for_calls(team, 2)
            refused = team.post(add_note("three"))
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            assert team.request("GET", "/readyz").status == 200
        assert [reply.result().status for reply in waiting] == [200, 200]
        assert team.post(add_note("three")).status == 200
    assert sorted(notes(path)) == ["one", "three", "two"]


# Shutdown.


def post_until_it_ends(team: Team, writer: int) -> tuple[list[str], str | None]:
    """Send notes on one connection until it fails; return those answered and, if it was cut off, the last one sent."""
    answered: list[str] = []
    with closing(team.connect()) as connection:
        for number in range(10_000):
            note = f"{writer}/{number}"
            try:
                connection.request("POST", "/mcp", json.dumps(add_note(note)), JSON_HEADERS)
                response = connection.getresponse()
                reply = Reply(response.status, {}, response.read())
            except (HTTPException, OSError):
                return answered, note
            if reply.status == 503:
                return answered, None
            assert reply.result["structuredContent"]["success"] is True
            answered.append(note)
    raise AssertionError


@posix
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.sampled(2)
def test_accepted_writes_survive_a_signal_under_load(path: Path, kind: signal.Signals) -> None:
    with serving(path) as team, ThreadPoolExecutor() as pool:
        writers = [pool.submit(post_until_it_ends, team, writer) for writer in range(8)]
        deadline = time.monotonic() + PATIENCE
        while len(notes(path)) < 40:
            assert time.monotonic() < deadline
        assert team.stop(kind) == 0
        ended = [writer.result(PATIENCE) for writer in writers]
        assert not any("Traceback" in line for line in team.said)
    answered = {note for done, _ in ended for note in done}
    unanswered = {note for _, note in ended if note}
    stored = closed_notes(path)
    assert len(set(stored)) == len(stored)
    assert answered <= set(stored) <= answered | unanswered
    assert len(answered) >= 40


@posix
def test_calls_that_wait_when_a_signal_arrives_are_finished_and_answered(path: Path) -> None:
    names = [f"waiting {number}" for number in range(20)]
    with serving(path) as team, ThreadPoolExecutor(20) as pool:
        with locked(path):
            waiting: list[Future[Reply]] = [pool.submit(team.post, add_note(name)) for name in names]
            wait_for_calls(team, 20)
            team.process.send_signal(signal.SIGTERM)
            wait_until_closed(team)
        assert team.process.wait(PATIENCE) == 0
        assert all(reply.result().result["structuredContent"]["success"] for reply in waiting)
    assert sorted(closed_notes(path)) == sorted(names)


def wait_until_closed(team: Team) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            wire_to(team).close()
        except ConnectionError:
            return
    pytest.fail("it still listens")


@posix
def test_an_endless_call_delays_shutdown_by_only_a_few_seconds(path: Path) -> None:
    with serving(path) as team, ThreadPoolExecutor() as pool, locked(path):
        message, headers = as_now(add_note("never"))
        waiting = [pool.submit(team.post, add_note("never")), pool.submit(team.post, message, None, **headers)]
        wait_for_calls(team, 2)
        started = time.monotonic()
        assert team.stop(signal.SIGTERM) == 0
        assert time.monotonic() - started < ENDLESS
        assert [reply.result(PATIENCE).status for reply in waiting] == [503, 503]
        assert not any("Traceback" in line for line in team.said)
    assert closed_notes(path) == []


@posix
def test_another_program_that_holds_the_lock_delays_shutdown_by_only_a_few_seconds(path: Path) -> None:
    with serving(path) as team:
        assert team.post(call("get_anything", query="kyoto")).status == 200
        with locked(path):
            started = time.monotonic()
            assert team.stop(signal.SIGTERM) == 0
            assert time.monotonic() - started < ENDLESS


@posix
def test_idle_or_trickling_clients_do_not_delay_shutdown(path: Path) -> None:
    with serving(path) as team:
        wires = [wire_to(team) for _ in range(4)]
        for wire, sent in zip(wires, (b"", HEAD, HEAD + b"\r\n", HEAD + b"\r\n{"), strict=True):
            wire.sendall(sent)
        with closing(team.connect()) as idle:
            idle.request("GET", "/healthz")
            idle.getresponse().read()
            started = time.monotonic()
            assert team.stop(signal.SIGTERM) == 0
            assert time.monotonic() - started < ENDLESS
        assert everything_from(wires[3]).startswith(b"HTTP/1.1 503")
        for wire in wires:
            wire.close()
    assert closed_notes(path) == []
