"""Eight agents, each with its own server process, share one database: no call is refused and no write is lost."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, integrity, op, seeded
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent
from oracle import assert_clean
from phasing import look

from database.embedded import open_database
from migrations.check import check
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")

# Calls per agent in one day.
CALLS = campaigns.rounds(8, 200)

AGENTS = 8

# Trips that every agent works on, in addition to its own.
SHARED = [KYOTO, BANFF, EMPTY]

ROLES = ["traveler", "payer", "guide"]

PHASES = ["interview", "conceptualization", "planning", "proposal", "revision", "finalization", "preparation"]


@dataclass
class Agent:
    """An agent that remembers everything that the server reported as stored."""

    name: str
    client: Client
    clients: dict[str, str] = field(default_factory=dict[str, str])
    trips: dict[int, float] = field(default_factory=dict[int, float])
    phases: dict[int, str] = field(default_factory=dict[int, str])
    roles: dict[tuple[int, str], set[str]] = field(default_factory=dict[tuple[int, str], set[str]])
    notes: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    activities: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    seconds: list[float] = field(default_factory=list[float])
    refusals: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.chance = random.Random(self.name)  # noqa: S311 - a repeatable choice

    async def day(self, start: asyncio.Event, ready: Callable[[], Awaitable[object]]) -> None:
        await self.client.list_tools()
        await ready()
        await start.wait()
        work = [
            self.book,
            self.meet,
            self.plan,
            *[self.assign, self.note, self.log] * 3,
            *[self.change, self.unassign, self.call_back] * 2,
            self.price,
            self.move_on,
            self.begin,
            self.count,
            *[self.look, self.leaf] * 2,
        ]
        while len(self.seconds) < CALLS:
            await self.chance.choice(work)()

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call the tool and return its answer, or an empty dict if the call was refused."""
        began = time.monotonic()
        result = await self.client.call_tool(tool, arguments)
        self.seconds.append(time.monotonic() - began)
        if result.is_error or not result.structured_content:
            self.refusals += [block.text for block in result.content if isinstance(block, TextContent)]
            return {}
        self.refusals += [one["error"] for one in result.structured_content.get("results", []) if not one["success"]]
        return result.structured_content

    async def done(self, trip: int, *operations: dict[str, Any]) -> bool:
        answer = await self.call("bulk_trip_operations", trip_identifier=str(trip), operations=operations)
        return bool(answer and answer["success"])

    @property
    def new(self) -> str:
        """A word that no other agent uses."""
        return f"{self.name}-{len(self.seconds)}"

    @property
    def some_trip(self) -> int:
        return self.chance.choice([*SHARED, *self.trips])

    # The operations of a day.

    async def book(self) -> None:
        name, email = self.new, f"{self.new}@x.io"
        answer = await self.call(
            "create_trip_with_client",
            trip_name=f"{self.chance.choice(['Lisbon', 'Oslo'])} again",
            start_date="2027-03-01",
            end_date="2027-03-09",
            client_email=email,
            client_full_name=name,
            trip_notes=name,
        )
        if answer:
            self.clients[email] = name
            self.trips[answer["trip_id"]] = 0
            self.roles[answer["trip_id"], email] = {"primary_traveler"}

    async def meet(self) -> None:
        name, email = self.new, f"{self.new}@x.io"
        if await self.call("create_client_v2", email=email, full_name=name):
            self.clients[email] = name

    async def plan(self) -> None:
        days = {"start_date": "2027-01-01", "end_date": "2027-01-05"}
        answer = await self.call("create_trip_v2", trip_name="Weekend", total_cost=100, **days)
        if answer:
            self.trips[answer["trip_id"]] = 100

    async def assign(self) -> None:
        trip, role = self.some_trip, self.chance.choice(ROLES)
        email = self.chance.choice([ANA, BEN, CEM, f"{self.new}@x.io", *self.clients])
        if email in (ANA, BEN, CEM):
            role = self.name
        name = email.split("@")[0]
        if await self.done(trip, op("assign_client", email=email, role=role, full_name=name)):
            self.roles.setdefault((trip, email), set()).add(role)
            if email not in (ANA, BEN, CEM):
                self.clients.setdefault(email, name)

    async def unassign(self) -> None:
        own = [(trip, email) for (trip, email), roles in self.roles.items() if roles and email in self.clients]
        if own:
            trip, email = self.chance.choice(own)
            if await self.done(trip, op("unassign_client", email=email)):
                self.roles[trip, email] = set()

    async def change(self) -> None:
        own = [
            (trip, email) for (trip, email), roles in self.roles.items() if len(roles) == 1 and email in self.clients
        ]
        if own:
            trip, email = self.chance.choice(own)
            role = self.chance.choice(ROLES)
            if await self.done(trip, op("change_client_role", email=email, to_role=role)):
                self.roles[trip, email] = {role}

    async def note(self) -> None:
        trip, note = self.some_trip, self.new
        if await self.done(trip, op("add_note", note=note), op("update_status", status="confirmed")):
            self.notes.add((trip, note))

    async def log(self) -> None:
        trip, details = self.some_trip, self.new
        if await self.done(trip, op("add_activity", details=details, type="Call")):
            self.activities.add((trip, details))

    async def price(self) -> None:
        for trip in list(self.trips)[-1:]:
            cost = float(len(self.seconds) + 1)
            if await self.done(trip, op("update_cost", cost=cost)):
                self.trips[trip] = cost

    async def call_back(self) -> None:
        for email in list(self.clients)[-1:]:
            await self.call("update_client", email=email, phone="+47 5550100", preferences={self.new: True})

    async def begin(self) -> None:
        for trip in [trip for trip in self.trips if trip not in self.phases][:1]:
            if await self.call("initialize_workflow", trip_identifier=str(trip)):
                self.phases[trip] = "interview"

    async def move_on(self) -> None:
        trip, phase = self.some_trip, self.chance.choice(PHASES)
        if await self.call("advance_workflow_phase", trip_identifier=str(trip), new_phase=phase, notes=self.new):
            self.phases[trip] = phase

    async def count(self) -> None:
        await self.call("mark_facts_dirty", trip_ids=[self.some_trip])
        await self.call("refresh_trip_facts", limit=5)
        await self.call("query_trip_facts", trip_ids=[self.some_trip])

    async def look(self) -> None:
        trip = self.some_trip
        found = await self.call("get_anything", query=str(trip))
        assert not found or found["trip"]["trip_id"] == trip

    async def leaf(self) -> None:
        await self.call("list_trips", limit=10)
        await self.call("continue_trip")
        await self.call("get_recent_activities", limit=5)


async def test_eight_agents_work_at_once_without_refused_calls_or_lost_writes(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    start, everybody = asyncio.Event(), asyncio.Barrier(AGENTS + 1)
    agents: list[Agent] = []

    async def work(name: str) -> None:
        program, *arguments = [*own_command(), "serve", "--db", str(path)]
        async with Client(StdioServerParameters(command=program, args=arguments)) as client:
            agents.append(Agent(name, client))
            await agents[-1].day(start, everybody.wait)

    async with asyncio.TaskGroup() as group:
        for number in range(AGENTS):
            group.create_task(work(f"agent{number}"))
        await everybody.wait()
        began = time.monotonic()
        start.set()
    tell(agents, time.monotonic() - began)
    assert [refusal for agent in agents for refusal in agent.refusals] == []
    assert integrity(path) == "ok"
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
    async with await open_database(path) as db:
        assert (await check(db)).clean
    for agent in agents:
        assert_kept(path, agent)


def tell(agents: list[Agent], duration: float) -> None:
    seconds = [each for agent in agents for each in agent.seconds]
    halves = statistics.quantiles(seconds, n=20)
    print(  # noqa: T201 - a performance report
        f"{len(seconds)} calls by {len(agents)} agents in {duration:.1f} s: {len(seconds) / duration:.0f} a second, "
        f"p50 {halves[9] * 1000:.0f} ms, p95 {halves[18] * 1000:.0f} ms, longest {max(seconds) * 1000:.0f} ms"
    )


def assert_kept(path: Path, agent: Agent) -> None:
    """Check that the database has the latest version of everything that was reported to the agent as stored."""
    names = dict(look(path, "SELECT email, full_name FROM clients_v2"))
    assert {email: names.get(email) for email in agent.clients} == agent.clients
    costs = dict(look(path, "SELECT trip_id, total_cost FROM trips_v2"))
    assert {trip: costs.get(trip) for trip in agent.trips} == agent.trips
    rows = look(path, "SELECT trip_id, client_email, client_role FROM trip_client_assignments")
    stored = set(rows)
    told = {(trip, email, role) for (trip, email), roles in agent.roles.items() for role in roles}
    assert told <= stored
    own = {row for row in stored if row[1] in agent.clients}
    assert own == {row for row in told if row[1] in agent.clients}
    texts = dict(look(path, "SELECT trip_id, notes FROM trips_v2"))
    notes = {(trip, item["note"]) for trip in {trip for trip, _ in agent.notes} for item in json.loads(texts[trip])}
    assert agent.notes <= notes
    logged = look(path, "SELECT trip_id, activity_details FROM ActivityLog WHERE activity_type = 'Call'")
    assert agent.activities <= set(logged)
    assert len(logged) == len(set(logged))
    states = dict(look(path, "SELECT trip_id, workflow_state FROM trips_v2"))
    own_phases = {trip: phase for trip, phase in agent.phases.items() if trip in agent.trips}
    assert {trip: json.loads(states[trip])["current_phase"] for trip in own_phases} == own_phases
