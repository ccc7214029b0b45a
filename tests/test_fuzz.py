"""Any tool call gets an answer that fits its schema or a readable error, and the database stays consistent.

Each example is a few calls on a database that always starts out the same, so that a failing example can be
replayed.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

import campaigns
import pytest
import raw
from desk import INNARDS, Desk, Era, an_era, assert_readable, op, open_desk, seeded
from hosted_connection import reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mcp_types import TextContent
from oracle import assert_clean
from phasing import lead_to
from pydantic_core import to_json
from schema_strategies import spoiled, valid
from test_catalogue import READERS, names

from database.phase import PHASES, Phase
from migrations.check import check

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from hypothesis.strategies import SearchStrategy
    from mcp_types import CallToolResult

# A tool and its arguments.
Call: TypeAlias = tuple[str, dict[str, Any]]

# The number of calls of each kind, valid and spoiled, for each tool.
CALLS = campaigns.rounds(4, 1000)

# With this many calls of a kind, some succeed with every tool, even if its arguments rarely fit together.
ENOUGH = 500

# The most calls in an example. Hypothesis draws half as many on average.
AT_ONCE = 8

# The most bytes of an answer's structured part, and of its text, which repeats it.
LARGEST = 32_000

# Examples are large and calls are slow, which is expected here.
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

# A failing example may hold long texts.
long_examples = pytest.mark.filterwarnings("ignore:Generating overly large repr")

# Enough trips and clients for several pages and duplicates, trips with odd legacy columns, and a recorded error.
MORE = """
INSERT INTO clients_v2 (email, full_name, preferences, contact_info)
WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
SELECT 'test-' || i || '@example.org', 'Test Client ' || i, '{"seat":"aisle"}', 'call after six' FROM n;
INSERT INTO trips_v2 (trip_name, trip_slug, clients, start_date, end_date, destinations, total_cost, status,
                      primary_client_email)
WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
SELECT 'Test Trip ' || (i / 2), 'test-trip-' || i, json_array(
           json_object('email', 'test-' || i || '@example.org', 'role', 'traveler', 'seat', '4A'),
           json_object('email', 'guest-' || i || '@example.org', 'role', 'guest'), 'nobody'),
       date('2026-01-01', (i * 9) || ' days'), date('2026-01-08', (i * 9) || ' days'), 'Oslo, Bergen', i * 100,
       CASE i % 3 WHEN 0 THEN 'planning' WHEN 1 THEN 'confirmed' ELSE 'completed' END,
       CASE i % 4 WHEN 0 THEN 'test-' || i || '@example.org' END
FROM n;
UPDATE trips_v2 SET notes = 'An old note', workflow_state = '{"current_phase":"planning","phase_history":"once"}',
                    financials = '[]', documents = '{"a":1}' WHERE trip_id = 2;
UPDATE trips_v2 SET notes = '{"by":"hand"}', workflow_state = '[]', schedule = '{"days":', financials = '7',
                    destinations = NULL WHERE trip_id = 3;
UPDATE trips_v2 SET clients = '{"not":"a list"}' WHERE trip_id = 4;
INSERT INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT 1, email, 'payer' FROM clients_v2;
INSERT INTO ActivityLog (trip_id, activity_type, activity_details)
SELECT trip_id, 'Imported', 'From a list' FROM trips_v2 WHERE trip_id < 30;
INSERT INTO db_errors (error_message, attempted_operation) VALUES ('disk full', 'create_trip_v2');
"""

# Plausible values for the tools' arguments, in addition to those in the database.
FIRST_DAYS = ["2026-01-01", "2026-05-08", "2026-10-03"]
LAST_DAYS = ["2026-10-03", "2026-12-31", "2027-02-28"]
ROLES = ["traveler", "payer", "guest", "primary_traveler", "guide"]
NEW_EMAILS = ["new@example.net", "New@Example.NET ", "guest-3@example.org", "zoë@example.net", "a+b@x.io"]
WORDS = ["Kyoto", "lima banff", "test trip", "Oslo", "nobody", "xqzw"]


def known_values(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    """Plausible values by field name."""

    def column(sql: str) -> list[Any]:
        return [row[0] for row in connection.execute(sql)]

    emails = column("SELECT email FROM clients_v2 WHERE client_id < 6")
    trip_ids = column("SELECT trip_id FROM trips_v2 WHERE trip_id < 5")
    trip_names = column("SELECT trip_name FROM trips_v2 WHERE trip_id < 5")
    client_ids = column("SELECT client_id FROM clients_v2 WHERE client_id < 12")
    slugs = column("SELECT trip_slug FROM trips_v2 WHERE trip_id < 5")
    trips = [*map(str, trip_ids), *slugs, *trip_names, *WORDS, *emails[:2]]
    people = [*emails, *NEW_EMAILS]
    return {
        **dict.fromkeys(["trip_identifier", "query", "search_query"], trips),
        **dict.fromkeys(["email", "client_email", "new_email", "primary_client_email"], people),
        **dict.fromkeys(["role", "from_role", "to_role", "client_role"], ROLES),
        **dict.fromkeys(["start_date", "starts_after"], FIRST_DAYS),
        **dict.fromkeys(["end_date", "starts_before"], LAST_DAYS),
        "confirm_trip_name": trip_names,
        "trip_name": [*trip_names, "Test Trip 8"],
        "trip_id": [*trip_ids, 999],
        "trip_ids": [*trip_ids, 999],
        "client_id": [*client_ids, 999],
        "activity_id": column("SELECT activity_id FROM ActivityLog LIMIT 9"),
        "full_name": ["Ana Lima", "Zoë Ångström"],
        "idempotency_key": ["one", "two"],
        "email_patterns": ["test-*@example.org", "*@example.net", "ana@example.net"],
        "name_patterns": ["Test*", "Ana Lima", "*kyoto"],
        "preserve_emails": emails,
        "preserve_client_ids": client_ids,
        "preserve_trip_ids": trip_ids,
        "preserve_trip_names": trip_names,
        "error_pattern": ["disk", "FULL"],
        "orphan_id": column("SELECT orphan_id FROM orphaned_rows"),
        "table": column("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"),
    }


@dataclass
class Fuzz:
    """A desk whose database is reset before each example."""

    desk: Desk
    phase: Phase
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    file: sqlite3.Connection
    start: sqlite3.Connection
    known: dict[str, list[Any]]
    cursors: dict[str, list[Any]]
    counted: Counter[str] = field(default_factory=Counter[str])
    # The whole database after the last change, and its data_version, which reveals the next one.
    state: list[str] = field(default_factory=list[str])
    version: int = 0

    async def explore(self, names: list[str], calls: int) -> None:
        """Make this many calls of each kind, drawn from the schemas of these tools."""
        loop = asyncio.get_running_loop()
        drawn = st.one_of([self._calls_of(name) for name in names])

        @settings(max_examples=calls * 2 // AT_ONCE + 1, deadline=None, suppress_health_check=HEALTH)
        @given(st.lists(drawn, min_size=1, max_size=AT_ONCE))
        def play(calls: list[Call]) -> None:
            asyncio.run_coroutine_threadsafe(self._play(calls), loop).result()

        await asyncio.to_thread(play)

    def _calls_of(self, name: str) -> SearchStrategy[Call]:
        schema = self.inputs[name].schema
        known = self.known | {"cursor": self.cursors.get(name, [])}
        allowed = valid(schema, known)
        return st.tuples(st.just(name), allowed | spoiled(allowed))

    async def _play(self, calls: list[Call]) -> None:
        self.start.backup(self.file)
        self.state, self.version = self.desk.everything(), self._version()
        start = self.state
        for name, arguments in calls:
            await self._call(name, arguments)
        if self.state != start:
            await self.assert_whole()

    async def _call(self, name: str, arguments: dict[str, Any]) -> None:
        result = await self._sent(name, arguments)
        (block,) = result.content
        assert isinstance(block, TextContent)
        answer = result.structured_content
        size = max(len(to_json(answer)), len(block.text.encode()))
        assert size <= LARGEST, f"{name} answers {size} bytes"
        kind = "allowed" if self.inputs[name].is_valid(arguments) else "spoiled"
        if result.is_error:
            assert answer is None
            assert_refusal(block.text, arguments)
            self.counted[f"{kind} {block.text.split(':')[0]}"] += 1
        else:
            assert answer is not None
            self.assert_promised(name, arguments, answer, block.text)
            self.counted[f"{kind} answered"] += 1
        may_change = answer is not None and name not in READERS and not answer.get("dry_run")
        assert not self._changed() or may_change, (name, arguments, block.text)

    async def _sent(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Make the call; values that the client can't send directly are sent as JSON text, as some clients do."""
        sent = {key: value if is_json(value) else json.dumps(value) for key, value in arguments.items()}
        return await self.desk.client.call_tool(name, sent)

    def assert_promised(self, name: str, arguments: dict[str, Any], answer: dict[str, Any], text: str) -> None:
        self.outputs[name].validate(answer)
        assert text.startswith(f"{answer['message']}\n")
        results: list[dict[str, Any]] = answer.get("results", [])
        for result in results:
            if not result["success"] and not result["message"].startswith("Not done, because another"):
                assert_refusal(result["error"], arguments)

    def _changed(self) -> bool:
        """True if the last call changed the database."""
        version = self._version()
        if version == self.version:
            return False
        before, self.state, self.version = self.state, self.desk.everything(), version
        return before != self.state

    def _version(self) -> int:
        return self.file.execute("PRAGMA data_version").fetchone()[0]

    async def assert_whole(self) -> None:
        if self.phase != "normalized":
            assert_clean(self.file)
        report = await check(self.desk.db)
        assert report.clean, report


def assert_refusal(error: str, arguments: dict[str, Any]) -> None:
    """Check that an agent can act on the refusal: it is not an unexpected error or a lock, and it is readable."""
    assert error.startswith(("not_found: ", "ambiguous: ", "invalid_input: ", "conflict: ")), error
    sent = repr(arguments).lower()
    # The error may quote the arguments, and Hypothesis may have taken such words from our code.
    if not any(word in sent for word in INNARDS):
        assert_readable(error)


def is_json(value: Any) -> bool:
    """True if the client can send the value: it has no lone surrogates and is not too deeply nested."""
    try:
        to_json(value)
    except ValueError:
        return False
    return True


@asynccontextmanager
async def fuzzed(folder: Path, *, era: Era = "auto", phase: Phase = "dual_write") -> AsyncGenerator[Fuzz]:
    path = folder / "voygen.db"
    path.write_bytes(start_in(phase))
    async with open_desk(path, era) as desk:
        tools = (await desk.client.list_tools()).tools
        inputs = {tool.name: Draft202012Validator(tool.input_schema) for tool in tools}
        outputs = {tool.name: Draft202012Validator(tool.output_schema or {}) for tool in tools}
        with (
            closing(sqlite3.connect(path, isolation_level=None)) as file,
            closing(sqlite3.connect(":memory:")) as start,
        ):
            file.backup(start)
            fuzz = Fuzz(desk, phase, inputs, outputs, file, start, known_values(file), await cursors(desk))
            await fuzz.assert_whole()
            yield fuzz
        print(f"\n{phase} {era}: {dict(fuzz.counted)}")  # noqa: T201 - a summary of the outcomes


@cache
def start_in(phase: Phase) -> bytes:
    """The database file that each example in this phase starts with."""
    with (
        TemporaryDirectory() as folder,
        ThreadPoolExecutor() as pool,
    ):  # the caller's thread may already have a running event loop
        path = seeded(Path(folder) / "voygen.db")
        pool.submit(lambda: asyncio.run(prepare(path, phase))).result()
        with closing(raw.connect(path)) as connection:
            return reading(connection).serialize()


async def prepare(path: Path, phase: Phase) -> None:
    with closing(raw.connect_file(path)) as connection:
        connection.executescript(MORE)
    async with open_desk(path) as desk:
        await desk.call("refresh_trip_facts", limit=20)
        await desk.call("delete_trip", trip_identifier="20", confirm_trip_name="Test Trip 8")
        await desk.call("cleanup_duplicate_clients", email_patterns=["test-19@example.org"], dry_run=False)
        await desk.bulk(1, op("add_note", note="An old note"), idempotency_key="one")
        await lead_to(desk.db, phase)


async def cursors(desk: Desk) -> dict[str, list[Any]]:
    """The cursor of the second page of each list, by tool."""
    lists: dict[str, dict[str, Any]] = {
        "list_trips": {},
        "get_recent_activities": {},
        "query_trip_facts": {},
        "get_client": {"client_id": 5},
    }
    found: dict[str, list[Any]] = {}
    for name, arguments in lists.items():
        page = await desk.client.call_tool(name, {"limit": 1, **arguments})
        found[name] = [(page.structured_content or {})["next_cursor"]]
    assert all(found.values())
    return found


@long_examples
@pytest.mark.parametrize("name", names)
@pytest.mark.sampled(4)
async def test_a_tools_answer_fits_its_schema_or_is_a_readable_error(tmp_path: Path, name: str) -> None:
    async with fuzzed(tmp_path) as fuzz:
        await fuzz.explore([name], CALLS * 2)
        assert fuzz.counted["allowed answered"] or CALLS < ENOUGH


@long_examples
@an_era
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.sampled(3)
async def test_all_tools_together_keep_the_database_consistent_in_every_phase(
    tmp_path: Path, era: Era, phase: Phase
) -> None:
    async with fuzzed(tmp_path, era=era, phase=phase) as fuzz:
        await fuzz.explore(list(fuzz.inputs), CALLS * 2)
