"""The server tested with third-party MCP software.

The conformance suite, the Inspector, the TypeScript SDKs, the AI SDK with its own client, and the older Python SDK.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import KYOTO, op, seeded
from oracle import assert_clean
from team import serving
from test_providers import operations

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parent.parent
OURS = ROOT / "tests" / "outside"
BUILD = ROOT / "build" / "outside"
THEIRS = BUILD / "node_modules" / "@modelcontextprotocol"
CONFORMANCE = THEIRS / "conformance" / "dist" / "index.js"
INSPECTOR = THEIRS / "inspector" / "clients" / "launcher" / "build" / "index.js"

# If this is set, the tests that need Node run, and anything that is missing makes them fail.
NODE = os.environ.get("VOYGEN_NODE")

needs_node = pytest.mark.skipif(
    NODE is None, reason="VOYGEN_NODE names no Node: .ci/outside installs one with the outside clients and runs these"
)

# The Python with the older client, as above.
OLDER_CLIENT = os.environ.get("VOYGEN_OLDER_CLIENT")

needs_older_client = pytest.mark.skipif(
    OLDER_CLIENT is None, reason="VOYGEN_OLDER_CLIENT names no Python: .ci/outside installs one and runs these"
)

# Seconds: longer than a whole run takes, so that a hang fails the test.
PATIENCE = 120

TOOL_REFUSED = 5

REFUSAL = "invalid_input: query has no words to search for.\nSend an id, a name, an e-mail, or any words."

each_transport = pytest.mark.parametrize("transport", ["stdio", "http"])


@dataclass
class Served:
    """A database served over HTTP, and over stdio to a client that starts the command."""

    path: Path
    url: str

    def target(self, transport: str) -> list[str]:
        return [self.url] if transport == "http" else [*own_command(), "serve", "--db", str(self.path)]

    def notes(self) -> set[str]:
        """The notes on the trip to Kyoto, after checking that both stores agree."""
        with closing(raw.connect(self.path)) as connection:
            assert_clean(connection)
            (text,) = connection.execute("SELECT notes FROM trips_v2 WHERE trip_id = ?", (KYOTO,)).fetchone()
        return {item["note"] for item in json.loads(text or "[]")}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = seeded(tmp_path_factory.mktemp("outside") / "voygen.db")
    with serving(path) as team:
        yield Served(path, team.url)


def run(
    home: Path, *arguments: object, script: str = "", program: str | None = NODE
) -> subprocess.CompletedProcess[str]:
    """Run Node, or another program, to completion with its own home folder, in the folder with the packages."""
    assert program
    return subprocess.run(
        [program, *map(str, arguments)],
        cwd=BUILD,
        env=os.environ | {"HOME": str(home)},
        input=script,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def inspect(home: Path, target: Sequence[str], era: str, method: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the Inspector; return its exit status and the result that it prints."""
    choices = ["--protocol-era", era, "--quiet", "--format", "json"]
    done = run(home, INSPECTOR, "--cli", *target, *choices, "--method", method, *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["result"]


@needs_node
@pytest.mark.parametrize("revision", [[], ["--spec-version", "2026-07-28"]], ids=["all", "2026-07-28"])
def test_the_conformance_suite_fails_only_where_expected(
    tmp_path: Path, served: Served, revision: Sequence[str]
) -> None:
    expected = ["--expected-failures", OURS / "conformance.yml"]
    done = run(tmp_path, CONFORMANCE, "server", "--url", served.url, "--suite", "all", *revision, *expected)
    assert done.returncode == 0, done.stdout[done.stdout.find("=== SUMMARY") :] + done.stderr


def test_each_expected_failure_of_the_conformance_suite_has_a_reason() -> None:
    lines = (OURS / "conformance.yml").read_text(encoding="utf-8").partition("server:\n")[2].splitlines()
    entries = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert entries
    assert [line for line in entries if not re.fullmatch(r"  - [\w-]+:[\w-]+ # \S.+", line)] == []


@needs_node
@each_transport
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_lists_and_calls_the_tools(tmp_path: Path, served: Served, transport: str, era: str) -> None:
    target, note = served.target(transport), f"from the Inspector, {era}, {transport}"
    status, listed = inspect(tmp_path, target, era, "tools/list", "--strict")
    assert (status, listed["tools"][0]["name"]) == (0, "get_anything")
    arguments = json.dumps({"trip_identifier": "kyoto", "operations": [op("add_note", note=note)]})
    status, changed = inspect(
        tmp_path, target, era, "tools/call", "--tool-name", "bulk_trip_operations", "--tool-args-json", arguments
    )
    assert (status, changed["structuredContent"]["success"]) == (0, True)
    assert note in served.notes()


@needs_node
def test_the_inspector_shows_the_errors_of_a_tool(tmp_path: Path, served: Served) -> None:
    for era in ("legacy", "modern"):
        status, refused = inspect(
            tmp_path, [served.url], era, "tools/call", "--tool-name", "get_anything", "--tool-arg", "query=%"
        )
        assert (status, refused["isError"], refused["content"]) == (
            TOOL_REFUSED,
            True,
            [{"type": "text", "text": REFUSAL}],
        )


@needs_node
@each_transport
@pytest.mark.parametrize("client", ["sdk 1", "client 2, legacy", "client 2"])
def test_a_typescript_client_lists_and_calls_the_tools(
    tmp_path: Path, served: Served, transport: str, client: str
) -> None:
    note = f"from {client}, {transport}"
    script = (OURS / "visit.mjs").read_text(encoding="utf-8")
    done = run(tmp_path, "--input-type=module", "-", client, note, *served.target(transport), script=script)
    assert_visited(done)
    assert note in served.notes()


@needs_node
@each_transport
@pytest.mark.parametrize("probing", ["true", "false"], ids=["probing", "handshake"])
def test_the_ai_sdk_shows_a_model_the_operations_the_answers_and_the_errors(
    tmp_path: Path, served: Served, transport: str, probing: str
) -> None:
    note = f"from the AI SDK, {probing}, {transport}"
    script = (OURS / "visit-ai-sdk.mjs").read_text(encoding="utf-8")
    done = run(tmp_path, "--input-type=module", "-", probing, note, *served.target(transport), script=script)
    told = assert_visited(done)
    if probing == "false" or transport == "http":  # over stdio, a slow start ends the probe
        assert told["protocol"] == ("2026-07-28" if probing == "true" else "2025-11-25")
    assert json.loads(told["shown"].partition("\n")[2])["trip"]["trip_name"] == "Lima in Kyoto"
    shown = [option["properties"] for option in told["operations"]["items"]["anyOf"]]
    fields = {kind: option["data"].get("properties") for option in shown for kind in option["type"]["enum"]}
    assert fields.keys() == operations().keys()
    # One option may stand for several operations, and an import's data is described in words.
    assert all(set(names) <= set(fields[kind]) for kind, names in operations().items() if fields[kind] is not None)
    assert [kind for kind in fields if fields[kind] is None] == ["import_from_url", "import_and_parse_from_url"]
    assert note in served.notes()


@needs_older_client
@each_transport
def test_the_older_python_client_lists_and_calls_the_tools(tmp_path: Path, served: Served, transport: str) -> None:
    note = f"from the older Python client, {transport}"
    done = run(tmp_path, OURS / "visit.py", note, *served.target(transport), program=OLDER_CLIENT)
    assert assert_visited(done)["protocol"] == "2025-11-25"
    assert note in served.notes()


def assert_visited(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Check what a visitor was told, and return it."""
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"get_anything", "bulk_trip_operations"} <= set(told["tools"])
    assert (told["server"], told["found"], told["changed"], told["refused"]) == (
        "voygen",
        "Lima in Kyoto",
        True,
        REFUSAL,
    )
    return told
