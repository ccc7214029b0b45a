"""The server as a subprocess: its pipes and its shutdown."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import raw
from desk import BEN, KYOTO, Era, each_era, heeding_interrupts, integrity, op, seeded
from faults import HELLO
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from oracle import assert_clean

from server.launch import own_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes and signals")

# Seconds: less than the server waits for a call that never finishes, so that a hang fails the test.
PATIENCE = 25


def note(number: int | str) -> dict[str, Any]:
    arguments = {"trip_identifier": KYOTO, "operations": [op("add_note", note=f"note {number}")]}
    params = {"name": "bulk_trip_operations", "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def ping(request_id: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": "ping"}


def modern(request_id: int, method: str) -> dict[str, Any]:
    """A request of the protocol without handshake."""
    prefix = "io.modelcontextprotocol"
    meta: dict[str, Any] = {f"{prefix}/protocolVersion": "2026-07-28", f"{prefix}/clientCapabilities": {}}
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": {"_meta": meta}}


def text_of(*messages: object) -> bytes:
    """The initialization and these messages as lines."""
    return lines_of(*HELLO, *messages)


def lines_of(*messages: object) -> bytes:
    """The messages as lines; messages in bytes are left unchanged."""
    lines = [
        message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        for message in messages
    ]
    return b"".join(line + b"\n" for line in lines)


def command(path: Path) -> list[str]:
    return [*own_command(), "serve", "--db", str(path)]


def start(path: Path) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command(path), stdin=pipe, stdout=pipe, stderr=pipe)


def greet(process: subprocess.Popen[bytes]) -> None:
    """Send the initialization and read its answer."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(text_of())
    process.stdin.flush()
    process.stdout.readline()


def answers(out: bytes) -> dict[Any, dict[str, Any]]:
    """Parse the output, in which every line must be a JSON-RPC answer, into answers by id."""
    found = [json.loads(line) for line in out.splitlines()]
    assert all(message["jsonrpc"] == "2.0" and ("result" in message) != ("error" in message) for message in found)
    return {message["id"]: message for message in found if message["id"] != "hello"}


def test_a_mark_alone_is_no_message_and_unknown_notifications_are_dropped(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    unknown = {"jsonrpc": "2.0", "method": "notifications/x", "params": {"a": "b" * 2_000}}
    with start(path) as process:
        sent = text_of(*5_000 * [unknown], ping(2))
        out, err = process.communicate(b"\xef\xbb\xbf\r\n" + sent, PATIENCE)
    assert (process.returncode, err) == (0, b"")
    assert answers(out) == {2: {"jsonrpc": "2.0", "id": 2, "result": {}}}


def converse(path: Path, *messages: object) -> dict[Any, dict[str, Any]]:
    """Send all messages, close the input at once, and return the answers by id."""
    with start(path) as process:
        out, err = process.communicate(text_of(*messages), timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    assert b'"id":"hello"' in out
    return answers(out)


def notes(path: Path) -> set[str]:
    """Return the notes in a database, which must be intact and cleanly closed."""
    assert not path.with_name(path.name + "-wal").exists()
    assert integrity(path) == "ok"
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        (text,) = connection.execute("SELECT notes FROM trips_v2 WHERE trip_id = ?", (KYOTO,)).fetchone()
    items: list[dict[str, str]] = json.loads(text) or []
    return {item["note"] for item in items}


@pytest.mark.real_start
@each_era
async def test_a_client_starts_the_server_and_changes_a_trip(tmp_path: Path, era: Era) -> None:
    path = seeded(tmp_path / "voygen.db")
    program, *arguments = command(path)
    async with Client(StdioServerParameters(command=program, args=arguments), mode=era) as client:
        assert {"get_anything", "bulk_trip_operations"} <= {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool(
            "bulk_trip_operations",
            {"trip_identifier": "kyoto", "operations": [op("assign_client", email=BEN), op("add_note", note="x")]},
        )
        assert answer.structured_content
        assert answer.structured_content["success"] is True
        error = await client.call_tool("get_anything", {"query": "%"})
        assert (error.is_error, error.structured_content) == (True, None)
    assert notes(path) == {"x"}


@pytest.mark.parametrize("patient", [True, False], ids=["after its answer", "before its answer"])
def test_a_client_that_probes_for_the_newer_protocol_may_still_begin_with_a_handshake(
    tmp_path: Path, *, patient: bool
) -> None:
    path = seeded(tmp_path / "voygen.db")
    abandoned = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    with start(path) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(lines_of(modern(1, "server/discover")))
        process.stdin.flush()
        read = process.stdout.readline() if patient else b""
        out, err = process.communicate(
            lines_of(modern(2, "server/discover"), abandoned) + text_of(note(3)), timeout=PATIENCE
        )
    assert (process.returncode, err) == (0, b"")
    assert b'"id":"hello","result"' in out
    answered = answers(read + out)
    assert "2026-07-28" in answered[1]["result"]["supportedVersions"]
    assert answered[3]["result"]["structuredContent"]["success"] is True
    assert notes(path) == {"note 3"}


def test_a_handshake_after_calls_of_the_newer_protocol_is_refused(tmp_path: Path) -> None:
    with start(seeded(tmp_path / "voygen.db")) as process:
        out, err = process.communicate(
            lines_of(modern(1, "server/discover"), modern(2, "tools/list"), HELLO[0] | {"id": 3}), timeout=PATIENCE
        )
    assert (process.returncode, err) == (0, b"")
    answered = answers(out)
    assert answered[2]["result"]["tools"]
    assert answered[3]["error"]["data"]["supported"] == ["2026-07-28"]


def test_calls_sent_before_the_end_of_input_are_all_finished(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    answered = converse(path, *[note(number) for number in range(60)])
    assert sorted(answered) == list(range(60))
    assert all(answer["result"]["structuredContent"]["success"] for answer in answered.values())
    assert notes(path) == {f"note {number}" for number in range(60)}


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.sampled(2)
def test_a_signal_lets_accepted_calls_finish_and_closes_the_database(tmp_path: Path, kind: signal.Signals) -> None:
    path = seeded(tmp_path / "voygen.db")
    with start(path) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(text_of(*[note(number) for number in range(60)]))
        process.stdin.flush()
        first = process.stdout.readline() + process.stdout.readline()
        process.send_signal(kind)
        rest, err = process.stdout.read(), process.stderr.read() if process.stderr else b""
        assert process.wait(PATIENCE) == 0
    answered = answers(first + rest)
    assert (bool(answered), err) == (True, b"")
    assert notes(path) == {f"note {number}" for number in answered}


def test_an_idle_server_exits_on_a_signal(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    for kind in (signal.SIGTERM, signal.SIGINT):
        with start(path) as process:
            assert process.stdin
            assert process.stdout
            greet(process)
            process.send_signal(kind)
            assert process.wait(PATIENCE) == 0
            assert process.stdout.read() == b""


def test_a_request_with_a_lone_surrogate_or_a_huge_number_is_refused_with_its_id(
    tmp_path: Path,
) -> None:
    path = seeded(tmp_path / "voygen.db")
    lines = [
        b'{"jsonrpc":"2.0","id":%d,"method":"ping","params":{"x":%s}}' % (number, part)
        for number, part in ((4, b'"\\ud83c"'), (5, b"9" * 5_000))
    ]
    answered = converse(path, *lines, ping(1))
    assert [answered[number]["error"]["code"] for number in (4, 5)] == [-32700, -32700]
    assert answered[1]["result"] == {}


def test_an_invalid_message_is_answered_and_the_server_continues(tmp_path: Path) -> None:
    garbled = [b"nonsense", b"{", b"[" * 200_000, b"\xff\xfe{}", b'{"x": "\\ud800"}', "Sönke".encode("latin-1")]
    no_messages = [b"5", b"null", b"[]", b"{}", json.dumps([ping(2)]).encode()]
    without_id = [ping(2) | {"id": number} for number in (None, True, 1.5)]
    with_id = [ping(7) | {"params": [1]}, ping(8) | {"jsonrpc": "1.0"}]
    bad = [*garbled, *no_messages, *without_id, *with_id]
    with start(seeded(tmp_path / "voygen.db")) as process:
        assert process.stdin
        assert process.stdout
        greet(process)
        told = [answer_between(process, line, number) for number, line in enumerate(bad)]
        process.stdin.write(b"\n  \n")
        process.stdin.close()
        assert (process.stdout.read(), process.wait(PATIENCE)) == (b"", 0)
    assert [one["error"]["code"] for one in told] == [-32700] * len(garbled) + [-32600] * (len(bad) - len(garbled))
    assert [one["id"] for one in told] == [None] * (len(bad) - 2) + [7, 8]
    assert "UTF-8" in told[len(garbled) - 1]["error"]["message"]
    assert "batches" in told[len(garbled) + len(no_messages) - 1]["error"]["message"]
    words = {one["error"]["message"] for one in told[len(garbled) + len(no_messages) : -2]}
    assert words == {"Invalid request: an id must be a string or an integer."}


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_are_accepted(tmp_path: Path) -> None:
    text = text_of(ping(1), ping(2) | {"params": None}, ping(0) | {"id": 3.0}).replace(b"\n", b"\r\n\r\n  \n")
    in_utf_16 = "".join(json.dumps(ping(number)) + "\r\n" for number in (8, 9)).encode("utf-16")
    with start(seeded(tmp_path / "voygen.db")) as process:
        out, err = process.communicate(b"\xef\xbb\xbf" + text + in_utf_16, timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    told = [json.loads(line) for line in out.splitlines()]
    assert {one["id"] for one in told if "result" in one} == {"hello", 1, 2, 3}
    assert {one["error"]["message"] for one in told if "error" in one} == {
        "Parse error: the message contains zero bytes, as UTF-16 text does. Send UTF-8."
    }


@pytest.mark.real_start
def test_a_message_that_is_too_long_or_too_deep_is_answered_and_the_server_continues(tmp_path: Path) -> None:
    deep = b'{"jsonrpc":"2.0","id":7,"method":"ping","params":' + b'{"a":' * 900 + b"1" + b"}" * 901
    with start(seeded(tmp_path / "voygen.db")) as process:
        assert process.stdin
        process.stdin.write(text_of())
        piece = b"x" * (1 << 20)
        for _ in range(100):
            process.stdin.write(piece)
        grown = peak_memory(process.pid)
        out, err = process.communicate(b"\n" + deep + b"\n" + json.dumps(ping(8)).encode(), timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    answered = answers(out)
    assert answered[None]["error"]["message"].startswith("Invalid request: a message may have at most")
    assert answered[7]["error"]["message"].startswith("Parse error: the message is nested too deeply")
    assert answered[8]["result"] == {}
    assert grown < 400 << 20


def peak_memory(pid: int) -> int:
    """The largest memory of the process so far in bytes, or 0 where it can't be read."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def test_requests_that_share_an_id_are_each_answered_or_refused(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with start(path) as process:
        out, err = process.communicate(text_of(*[note("same")] * 20), timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    told = [one for one in map(json.loads, out.splitlines()) if one["id"] == "same"]
    refused = [one["error"]["message"] for one in told if "error" in one]
    assert len(told) == 20
    assert len(refused) < 20
    assert all("another request with this id is in progress" in message for message in refused)
    assert notes(path) == {"note same"}


@pytest.mark.parametrize("ending", ["signal", "end of input"])
@pytest.mark.sampled(2)
def test_a_client_that_does_not_read_stops_being_read_and_does_not_delay_shutdown(tmp_path: Path, ending: str) -> None:
    request = b'{"jsonrpc":"2.0","id":%d,"method":"tools/list"}\n'
    rest = b"".join(request % number for number in range(50_000))
    with start(seeded(tmp_path / "voygen.db")) as process:
        assert process.stdin
        assert process.stdout
        greet(process)
        os.set_blocking(process.stdin.fileno(), False)
        while rest and select.select([], [process.stdin], [], 1)[1]:
            rest = rest[os.write(process.stdin.fileno(), rest) :]
        assert rest
        assert peak_memory(process.pid) < 400 << 20
        if ending == "signal":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_more_calls_than_may_run_at_once_are_all_answered(tmp_path: Path) -> None:
    answered = converse(seeded(tmp_path / "voygen.db"), *[ping(number) for number in range(2_000)])
    assert set(answered) == set(range(2_000))


def answer_between(process: subprocess.Popen[bytes], line: object, number: int) -> dict[str, Any]:
    """Send a bad line and then a ping, which must be answered too, and return the answer to the bad line."""
    assert process.stdin
    assert process.stdout
    ours = f"after {number}"
    for message in (line, ping(ours)):
        process.stdin.write((message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n")
    process.stdin.flush()
    pair = {one["id"]: one for one in (json.loads(process.stdout.readline()) for _ in range(2))}
    assert pair.pop(ours)["result"] == {}
    (other,) = pair.values()
    return other


def test_requests_with_any_kind_of_id_are_answered(tmp_path: Path) -> None:
    ids = [0, -1, 2**53, "", "é", "東京", 'a"b\\c', "a/b", "\n\t\x01", "1", 1]
    answered = converse(seeded(tmp_path / "voygen.db"), *[ping(one) for one in ids])
    assert set(answered) == set(ids)


def test_a_cancelled_call_does_not_delay_shutdown(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    cancels = [
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request_id}}
        for request_id in (1, "one", 99)
    ]
    converse(path, note(1), note("one"), *cancels, ping("last"))
    assert notes(path) <= {"note 1", "note one"}


@pytest.mark.parametrize("redirection", ["</dev/null", "<&-", "<&- >&-", "</dev/null >/dev/null"])
@pytest.mark.sampled(2)
def test_the_server_exits_at_once_if_it_has_no_input(tmp_path: Path, redirection: str) -> None:
    shell = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh"]
    done = subprocess.run(
        [*shell, *command(seeded(tmp_path / "voygen.db"))],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_regular_file_as_input_is_served_like_a_pipe(tmp_path: Path) -> None:
    path, source, target = seeded(tmp_path / "voygen.db"), tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(text_of(*[note(number) for number in range(10)], b"nonsense"))
    with source.open("rb") as given, target.open("wb") as taken:
        done = subprocess.run(
            command(path), stdin=given, stdout=taken, stderr=subprocess.PIPE, timeout=PATIENCE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert set(answers(target.read_bytes())) == {*range(10), None}
    assert notes(path) == {f"note {number}" for number in range(10)}


def test_in_a_terminal_a_signal_ends_the_server_and_closes_the_database(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    ours, theirs = os.openpty()
    with subprocess.Popen(command(path), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        os.write(ours, text_of(note(1)))
        assert b"hello" in process.stdout.readline()
        assert b"structuredContent" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    os.close(theirs)
    assert notes(path) == {"note 1"}


def test_in_a_terminal_the_server_says_that_it_is_waiting_for_a_client(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    starting = heeding_interrupts(command(seeded(tmp_path / "voygen.db")))
    with subprocess.Popen(starting, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=PATIENCE)
    os.close(ours)
    os.close(theirs)
    assert said.startswith(b"voygen: waiting for an MCP client on stdin; press Ctrl+C to stop")
    assert (process.returncode, rest) == (0, (b"", b""))


def test_a_client_that_disconnects_ends_the_server_without_a_traceback(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with start(path) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        greet(process)
        process.stdout.close()
        process.stdin.write(text_of(*[note(number) for number in range(20)]))
        process.stdin.flush()
        assert process.wait(PATIENCE) == 0
        assert b"Traceback" not in process.stderr.read()
    assert notes(path) <= {f"note {number}" for number in range(20)}


def test_log_output_does_not_reach_the_protocol(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection:
        connection.execute("DROP TABLE write_guard")
    with start(path) as process:
        out, err = process.communicate(text_of(note(1)), timeout=PATIENCE)
    assert process.returncode == 0
    assert answers(out)[1]["result"]["isError"] is True
    assert b"write_guard" in err


def test_a_killed_server_leaves_an_intact_database(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with start(path) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(text_of(*[note(number) for number in range(60)]))
        process.stdin.flush()
        seen = [process.stdout.readline() for _ in range(6)]
        process.kill()
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
        (text,) = connection.execute("SELECT notes FROM trips_v2 WHERE trip_id = ?", (KYOTO,)).fetchone()
    assert {f"note {number}" for number in answers(b"".join(seen))} <= {item["note"] for item in json.loads(text)}
    assert set(converse(path, ping(1))) == {1}
