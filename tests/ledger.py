"""Calls that write in several tables at once, and the proof of what became of each.

A call is `whole` in a database if each of its pieces is there once, `absent` if none is there, else `half`.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import raw
from desk import BANFF, EMPTY, KYOTO, integrity, op
from engines import open_database
from faults import acknowledge
from oracle import assert_clean

from migrations.check import check

if TYPE_CHECKING:
    from pathlib import Path

    from faults import Pipe

TRIPS = [KYOTO, BANFF, EMPTY]

BOOKED = """
SELECT 'trip', trip_name FROM trips_v2 UNION ALL
SELECT 'client', full_name FROM clients_v2 UNION ALL
SELECT 'place', t.trip_name FROM trip_client_assignments a JOIN trips_v2 t USING (trip_id)
WHERE a.client_email = t.trip_name || '@x.io'
"""

PLANNED = """
SELECT 'client', full_name FROM clients_v2 UNION ALL
SELECT 'place', substr(client_email, 1, instr(client_email, '@') - 1) FROM trip_client_assignments UNION ALL
SELECT 'note', n.value ->> '$.note' FROM trips_v2 t, json_each(iif(json_valid(t.notes), t.notes, '[]')) n UNION ALL
SELECT 'activity', activity_details FROM ActivityLog WHERE activity_type = 'Call'
"""

RECEIPTS = "SELECT idempotency_key FROM receipts"


@dataclass
class Figures:
    """Figures of a campaign, for the summary at the end of a run."""

    kills: int = 0
    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    half: int = 0

    def __iadd__(self, other: Figures) -> Figures:  # noqa: PYI034 - the figures themselves
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self


@dataclass
class Ledger:
    """The calls of one agent, each with an idempotency key, and which of them were acknowledged."""

    name: str
    keyed: bool = True
    sent: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    acknowledged: set[str] = field(default_factory=set[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])

    def call(self) -> dict[str, Any]:
        """Return the next call, as a message."""
        key = f"{self.name}-{len(self.sent)}"
        self.sent[key] = (self._book if len(self.sent) % 2 else self._plan)(key)
        return self.sent[key]

    def take(self, answer: dict[str, Any] | None) -> str | None:
        """Note the answer to a call; return its key if it acknowledges the call."""
        if answer is None or answer.get("id") not in self.sent:
            return None
        key, result = str(answer["id"]), answer.get("result")
        if result and not result.get("isError") and result["structuredContent"].get("success", True):
            self.acknowledged.add(key)
            return key
        self.refused[key] = str(answer)
        return None

    def _book(self, key: str) -> dict[str, Any]:
        return self._message(
            key,
            "create_trip_with_client",
            trip_name=key,
            start_date="2027-03-01",
            end_date="2027-03-09",
            client_email=f"{key}@x.io",
            client_full_name=key,
        )

    def _plan(self, key: str) -> dict[str, Any]:
        return self._message(
            key,
            "bulk_trip_operations",
            trip_identifier=str(TRIPS[len(self.sent) % len(TRIPS)]),
            atomic=True,
            operations=[
                op("assign_client", email=f"{key}@x.io", full_name=key, role="guide"),
                op("add_note", note=key),
                op("add_activity", details=key, type="Call"),
            ],
        )

    def _message(self, key: str, tool: str, **arguments: Any) -> dict[str, Any]:
        more = {"idempotency_key": f"key-of-{key}"} if self.keyed else {}
        params = {"name": tool, "arguments": arguments | more}
        return {"jsonrpc": "2.0", "id": key, "method": "tools/call", "params": params}

    def look(self, path: Path) -> dict[str, str]:
        """Return what became of each call: whole, absent, half or twice."""
        with closing(raw.connect(path)) as connection:
            booked, planned = (Counter(connection.execute(sql).fetchall()) for sql in (BOOKED, PLANNED))
            receipts = {key for (key,) in connection.execute(RECEIPTS)}
        states: dict[str, str] = {}
        for key, message in self.sent.items():
            is_booking = message["params"]["name"] == "create_trip_with_client"
            found, kinds = (booked, ("trip", "client", "place")) if is_booking else (planned, _PLANNED_KINDS)
            counts = {found[kind, key] for kind in kinds}
            if self.keyed:
                counts.add(int(f"key-of-{key}" in receipts))
            states[key] = _STATES.get(next(iter(counts)), "twice") if len(counts) == 1 else "half"
        return states


_PLANNED_KINDS = ("client", "place", "note", "activity")

_STATES = {0: "absent", 1: "whole"}


async def judge(path: Path, *ledgers: Ledger, acknowledged: set[str] | None = None) -> Figures:
    """Count the lost and half calls in a database, which must be intact, with both stores equal.

    `acknowledged` are the calls acknowledged at that time; if it is not given, all that were.
    """
    assert integrity(path) == "ok"
    figures = Figures()
    for ledger in ledgers:
        told = ledger.acknowledged if acknowledged is None else ledger.acknowledged & acknowledged
        states = ledger.look(path)
        figures.acknowledged += len(told)
        figures.lost += sum(states[key] == "absent" for key in told)
        figures.half += sum(state in {"half", "twice"} for state in states.values())
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
    async with await open_database(path) as db:
        assert (await check(db)).clean
    return figures


def converse(pipe: Pipe, ledger: Ledger, count: int, *, at_once: int = 6, log: Path | None = None) -> None:
    """Send new calls, several at once, until all are answered or the server dies; stamp answers into the log."""
    sent = answered = 0
    while answered < count:
        fresh = min(at_once - (sent - answered), count - sent)
        pipe.send(*(ledger.call() for _ in range(fresh)))
        sent += fresh
        line = pipe.line()
        if line is None:
            return
        key = ledger.take(json.loads(line))
        if key and log:
            acknowledge(log, key)
        answered += 1


def send_again(pipe: Pipe, ledger: Ledger) -> None:
    """Send every call once more, with its key, as an agent does that lost the answers."""
    for message in list(ledger.sent.values()):
        ledger.take(pipe.ask(message))
