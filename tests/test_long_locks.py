"""While another program holds the write lock, calls wait or say `busy`, and what they say is true."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import campaigns
import raw
from desk import KYOTO, seeded
from ledger import Figures, Ledger, judge

if TYPE_CHECKING:
    from pathlib import Path

    from faults import Pipe, Program

# Seconds that the server waits for a lock, that a lock is waited out, and that it is held too long.
PATIENCE, SHORT, LONG = (30, 5, 40) if campaigns.rounds(0, 1) else (1.5, 0.2, 2.5)

CALLS = 4

GET: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": "get",
    "method": "tools/call",
    "params": {"name": "get_anything", "arguments": {"query": str(KYOTO)}},
}


async def test_calls_during_a_lock_are_done_or_told_busy_and_reads_are_not_delayed(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    path, waited, given_up = seeded(tmp_path / "voygen.db"), Ledger("waited"), Ledger("given-up")
    with program.serve(path, "--patience", PATIENCE) as pipe:
        pipe.greet()
        call_during_a_lock(pipe, path, waited, SHORT)
        assert (len(waited.acknowledged), waited.refused) == (CALLS, {})
        call_during_a_lock(pipe, path, given_up, LONG)
        assert given_up.refused
        assert all("busy: " in refusal for refusal in given_up.refused.values()), given_up.refused
        states = given_up.look(path)
        assert {states[key] for key in given_up.refused} == {"absent"}
        for key in list(given_up.refused):
            assert given_up.take(pipe.ask(given_up.sent[key]))
    figures += await judge(path, waited, given_up)
    assert (figures.lost, figures.half, figures.acknowledged) == (0, 0, 2 * CALLS)


def call_during_a_lock(pipe: Pipe, path: Path, ledger: Ledger, seconds: float) -> None:
    """Send calls while another program holds the lock; a read must be answered during a long lock."""
    with closing(raw.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + seconds
        pipe.send(*(ledger.call() for _ in range(CALLS)), GET)
        answers: list[str] = []
        while (left := until - time.monotonic()) > 0:
            if pipe.has_line(left):
                answers.append(take(pipe, ledger))
        assert GET["id"] in answers or seconds == SHORT
        connection.execute("COMMIT")
    while len(answers) < CALLS + 1:
        answers.append(take(pipe, ledger))


def take(pipe: Pipe, ledger: Ledger) -> str:
    """Take one answer, and return its id."""
    answer = json.loads(str(pipe.line()))
    if answer["id"] == GET["id"]:
        assert answer["result"]["structuredContent"]["trip"]["trip_id"] == KYOTO
    else:
        ledger.take(answer)
    return str(answer["id"])
