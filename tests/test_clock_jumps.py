"""A wall clock that jumps by years, back and forth, breaks no id, receipt, order or token, and nothing hangs."""

from __future__ import annotations

import http.client
import json
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Any

import campaigns
import raw
from desk import seeded
from faults import PATIENCE, Faults, Pipe, Program
from ledger import Figures, Ledger, judge
from team import JSON_HEADERS, call

if TYPE_CHECKING:
    from pathlib import Path

YEAR = 365 * 24 * 3600

# The shifts of the clock, in years: one after the other, while the server runs. Unix time stays positive and 32-bit.
JUMPS = [5, -30, 11, -0.001, 0, *([1, -1] * campaigns.rounds(0, 20))]


def set_clock(clock: Path, years: float) -> None:
    """Shift the clock of every process that has the file mapped."""
    with clock.open("r+b" if clock.exists() else "w+b") as file:
        file.write(struct.pack("q", int(years * YEAR)))


async def test_over_http_ids_receipts_and_tokens_survive_a_clock_that_jumps(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    path, clock, ledger = seeded(tmp_path / "voygen.db"), tmp_path / "clock", Ledger("clock")
    set_clock(clock, 0)
    faults = Faults(tmp_path, clock=clock)
    tokens = [
        program.run("token", "create", name, "--db", path, *options).out.strip()
        for name, options in {"ever": (), "month": ("--days", 30)}.items()
    ]
    with program.serve_http(path, faults=faults) as pipe:
        for years in [0, *JUMPS]:
            set_clock(clock, years)
            for _ in range(2):
                answer = post(pipe, ledger.call(), tokens[0])
                assert answer[0] == 200
                assert ledger.take(answer[1]), answer
            for message in list(ledger.sent.values())[:: campaigns.rounds(4, 1)]:
                status, answer = post(pipe, message, tokens[0])
                assert (status, answer["result"]["structuredContent"]["replayed"]) == (200, True), answer
            assert post(pipe, call("list_trips"), tokens[1])[0] == (401 if years > 0 else 200)
            assert in_order(pipe, ledger, tokens[0])
    with closing(raw.connect(path)) as connection:
        names = connection.execute("SELECT trip_name FROM trips_v2 WHERE trip_id > 3 ORDER BY trip_id").fetchall()
    assert names == [(key,) for key, sent in ledger.sent.items() if sent["params"]["name"] == "create_trip_with_client"]
    figures += await judge(path, ledger)
    assert (figures.lost, figures.half) == (0, 0)


def post(pipe: Pipe, message: dict[str, Any], token: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", pipe.port, timeout=PATIENCE)
    headers = JSON_HEADERS | {"Authorization": f"Bearer {token}"}
    with closing(connection):
        connection.request("POST", "/mcp", json.dumps(message), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def in_order(pipe: Pipe, ledger: Ledger, token: str) -> bool:
    """Return True if the newest activity of the trip that was changed last is the one that was logged last."""
    plans = [one for one in ledger.sent.values() if one["params"]["name"] == "bulk_trip_operations"]
    trip = plans[-1]["params"]["arguments"]["trip_identifier"]
    _, answer = post(pipe, call("get_anything", query=trip), token)
    activities = answer["result"]["structuredContent"]["trip"]["recent_activity"]
    calls = [one["details"] for one in activities if one["type"] == "Call"]
    return bool(calls[0] == plans[-1]["id"])
