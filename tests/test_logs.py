"""The log records events without personal data, in the requested format and at the requested level."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import raw
from confirmations import web
from desk import ANA, KYOTO, new_desk, op, seeded
from hypothesis import given
from hypothesis import strategies as st
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from database.embedded import open_database
from database.errors import DatabaseBusy
from server.desk.tools import make_server
from server.launch import own_command
from server.logs import JsonFormatter, TextFormatter, masked, set_up_logging
from tools.documents.sources import Sources
from tools.tool import READS, Answer, Arguments, Tool

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

NAMES = ("Ana Lima", "Ben Ode", "Mina Sato")

SECRETS = (*NAMES, ANA, "mina@example.org", "+1 555 0100", "window seat")

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("get_anything", {"query": "Ana Lima"}),
    ("get_anything", {"query": ANA}),
    ("create_client_v2", {"email": "mina@example.org", "full_name": "Mina Sato", "phone": "+1 555 0100"}),
    ("create_client_v2", {"email": "mina@example.org", "full_name": "Mina Sato"}),
    ("create_client_v2", {"email": "mina@example.org", "full_name": True}),
    (
        "bulk_trip_operations",
        {"trip_identifier": KYOTO, "operations": [op("assign_client", email=ANA), op("add_note", note="window seat")]},
    ),
    ("bulk_trip_operations", {"trip_identifier": "Ben Ode", "operations": [op("nonsense", email=ANA)]}),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seeded(tmp_path / "voygen.db")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("voygen")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root_level, our_level = before
    root.setLevel(root_level)
    ours.setLevel(our_level)


async def log_of_server(path: Path, folder: Path, *options: str, **environment: str) -> list[str]:
    """The stderr of a server while a client makes the calls and then, after a table is dropped, the last two again."""
    command, *args = own_command()
    parameters = StdioServerParameters(
        command=command,
        args=[*args, "serve", "--db", str(path), "--toolsets", "all", *options],
        env={**os.environ, **environment},
    )
    with (folder / "stderr.txt").open("w+") as errors:
        async with Client(stdio_client(parameters, errlog=errors)) as client:
            for tool, arguments in CALLS:
                await client.call_tool(tool, arguments)
            with closing(raw.connect(path)) as connection:
                connection.execute("DROP TABLE write_guard")
            for tool, arguments in CALLS[-2:]:
                await client.call_tool(tool, arguments)
        errors.seek(0)
        return errors.read().splitlines()


async def test_at_level_info_each_call_is_one_json_line_without_personal_data(path: Path, tmp_path: Path) -> None:
    lines = await log_of_server(path, tmp_path, "--log-level", "info", "--log-format", "json")
    records = [json.loads(line) for line in lines]
    calls = [(one["tool"], one["outcome"]) for one in records if one["message"] == "call"]
    assert [tool for tool, _ in calls] == [tool for tool, _ in [*CALLS, *CALLS[-2:]]]
    assert {"ok", "invalid_input", "unavailable"} <= {outcome for _, outcome in calls}
    assert all(one["ms"] >= 0 for one in records if one["message"] == "call")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["time"]) for one in records)
    assert any("error" in one for one in records)
    assert [secret for secret in SECRETS if any(secret in line for line in lines)] == []


async def test_the_text_format_contains_no_personal_data_either(path: Path, tmp_path: Path) -> None:
    lines = await log_of_server(path, tmp_path, VOYGEN_LOG_LEVEL="info")
    assert sum(" info voygen: call tool=" in line for line in lines) == len(CALLS) + 2
    assert [secret for secret in SECRETS if any(secret in line for line in lines)] == []


async def test_by_default_only_problems_are_logged(path: Path, tmp_path: Path) -> None:
    lines = await log_of_server(path, tmp_path)
    assert any(" error voygen: tool " in line for line in lines)
    assert not any(" info " in line or " debug " in line for line in lines)


async def test_the_arguments_of_calls_are_logged_at_level_debug(path: Path, tmp_path: Path) -> None:
    text = "\n".join(await log_of_server(path, tmp_path, "--log-level", "debug"))
    assert "call of create_client_v2: {'email': 'mina@example.org', 'full_name': 'Mina Sato'" in text


async def _break(*_: object) -> Answer:
    people: dict[str, Answer] = {}
    try:
        return people[NAMES[0]]
    except KeyError as error:
        raise ValueError(f"no such person: {NAMES[0]} <{ANA}>") from error


@pytest.mark.parametrize(("level", "told"), [("info", False), ("debug", True)])
async def test_an_unexpected_error_is_logged_with_its_location_and_its_message_only_at_debug(
    path: Path, level: str, *, told: bool
) -> None:
    stream = io.StringIO()
    set_up_logging(level, "text", stream)
    tool = Tool("broken", "Broken", "Breaks.", "trips", READS, Arguments, Answer, _break)
    async with await open_database(path) as db, Client(make_server(db, [tool])) as client:
        assert (await client.call_tool("broken", {})).is_error
    log = stream.getvalue()
    assert "ValueError" in log
    assert "KeyError" in log
    assert "in _break" in log
    assert ("Ana Lima" in log) is told


def record(message: str, level: int = logging.INFO, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("voygen", level, "", 0, message, (), None)
    vars(made).update(more)
    return made


def test_a_record_is_one_line_whatever_it_contains() -> None:
    text = TextFormatter().format(record("one\ntwo\r\n2026-01-01T00:00:00.000Z error voygen: forged", trip="a\nb"))
    assert "\n" not in text
    assert "\r" not in text
    assert json.loads(JsonFormatter().format(record("one\ntwo", trip="a\nb")))["trip"] == "a\nb"


def test_a_database_error_is_logged_with_email_addresses_masked() -> None:
    told = record("late", logging.ERROR)
    told.exc_info = (DatabaseBusy, DatabaseBusy(f"{ANA} holds it"), None)
    assert "DatabaseBusy: a***@e*** holds it" in TextFormatter().format(told)


@given(
    st.text(),
    st.from_regex(r"[a-z0-9][a-z0-9._%+-]{0,15}@[a-z0-9][a-z0-9-]{0,15}\.[a-z]{2,5}", fullmatch=True),
    st.text(),
)
def test_no_email_address_is_logged_at_level_info_or_above(before: str, email: str, after: str) -> None:
    message = f"{before} {email} {after}"
    assert email not in masked(message)
    assert email not in TextFormatter().format(record(message))
    assert email not in JsonFormatter().format(record("m", level=logging.ERROR, who=message))


# Traces: an OTLP receiver, and a server that sends to it.


@contextmanager
def receiver() -> Generator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """An OTLP receiver on a free port: its base URL, and the requests it received."""
    received: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()

        def log_request(self, code: object = None, size: object = None) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_traces_of_every_call_are_sent_to_the_receiver_without_personal_data(path: Path, tmp_path: Path) -> None:
    messages = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    with receiver() as (url, received):
        lines = await log_of_server(
            path,
            tmp_path,
            "--log-level",
            "info",
            "--log-format",
            "json",
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_EXPORTER_OTLP_HEADERS="x-api-key=k1,other=2",
        )
    assert {(place, headers["x-api-key"], headers["other"]) for place, headers, _ in received} == {
        ("/v1/traces", "k1", "2")
    }
    requests = [messages.ExportTraceServiceRequest.FromString(body) for _, _, body in received]
    groups = [group for request in requests for group in request.resource_spans]
    names = {entry.value.string_value for group in groups for entry in group.resource.attributes}
    assert "voygen" in names
    spans = [span for group in groups for scope in group.scope_spans for span in scope.spans]
    called = [span for span in spans if span.name.startswith("tools/call ")]
    assert [span.name.split()[1] for span in called] == [tool for tool, _ in [*CALLS, *CALLS[-2:]]]
    assert not any(secret.encode() in body for secret in SECRETS for _, _, body in received)
    logged = {one["trace_id"] for one in map(json.loads, lines) if one["message"] == "call"}
    assert logged == {span.trace_id.hex() for span in called}


async def test_an_unreachable_trace_receiver_does_not_affect_calls(path: Path, tmp_path: Path) -> None:
    lines = await log_of_server(path, tmp_path, "--log-level", "info", "--otel-endpoint", "http://127.0.0.1:9")
    assert sum(" info voygen: call " in line for line in lines) == len(CALLS) + 2


def test_without_the_otel_extra_the_error_says_what_to_install(path: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry.sdk.trace'] = None\n")
    done = subprocess.run(
        [*own_command(), "serve", "--db", str(path), "--otel-endpoint", "http://127.0.0.1:9"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0
    assert "pip install 'voygen[otel]'" in done.stderr


async def test_what_a_fetched_page_sends_in_its_headers_is_logged_at_no_level(tmp_path: Path) -> None:
    stream = io.StringIO()
    set_up_logging("debug", "text", stream)
    with web({"/": ("text/plain; name=delete-all-trips", "4 October 2026")}) as host:
        async with new_desk(tmp_path, sources=Sources(allow_hosts=(host,))) as desk:
            await desk.call("import_trip_page", trip_identifier=KYOTO, url=f"http://{host}/")
    assert "call of import_trip_page" in stream.getvalue()
    assert "delete-all-trips" not in stream.getvalue()
