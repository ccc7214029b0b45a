"""After a power cut at any moment, everything acknowledged is on the disk, and nothing is there half.

One run of the program is recorded, and yields many cuts; see faults.c and disk.py.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import campaigns
import pytest
from desk import seeded
from disk import Disk, power_cuts
from faults import HERE, Faults, Program, acknowledge, read_log
from ledger import Figures, Ledger, converse, judge
from phasing import look

if TYPE_CHECKING:
    from pathlib import Path

CUTS = campaigns.rounds(8, 150)

# Calls of each of the two servers on one file.
CALLS = campaigns.rounds(8, 100)


async def test_after_a_power_cut_every_acknowledged_call_is_there_and_none_is_half(
    program: Program, tmp_path: Path, figures: Figures
) -> None:
    folder, log, ledgers = tmp_path / "served", tmp_path / "log", [Ledger("one"), Ledger("other")]
    folder.mkdir()
    path = seeded(folder / "voygen.db")
    disk = Disk.of(folder)

    def work(ledger: Ledger) -> None:
        with program.serve(path, faults=Faults(folder, log)) as pipe:
            assert pipe.greet()
            converse(pipe, ledger, CALLS, at_once=3, log=log)

    with ThreadPoolExecutor() as pool:
        list(pool.map(work, ledgers))
    assert [len(ledger.acknowledged) for ledger in ledgers] == [CALLS, CALLS], [one.refused for one in ledgers]
    for after, acknowledged in power_cuts(disk, list(read_log(log)), CUTS, tmp_path / "after", at_the_end=2):
        figures.cuts += 1
        figures += await judge(after / "voygen.db", *ledgers, acknowledged=acknowledged)
    assert (figures.lost, figures.half) == (0, 0)


@pytest.mark.parametrize(("synchronous", "loses"), [("FULL", False), ("NORMAL", True), ("OFF", True)])
def test_these_cuts_find_what_a_writer_loses_that_does_not_sync_each_commit(
    program: Program, tmp_path: Path, *, synchronous: str, loses: bool
) -> None:
    folder, log = tmp_path / "run", tmp_path / "log"
    folder.mkdir()
    look(folder / "said.db", "CREATE TABLE said (word TEXT)")
    disk = Disk.of(folder)
    script = [str(HERE / "plain_writer.py"), str(folder / "said.db"), synchronous]
    with program.talk(script, Faults(folder, log)) as pipe:
        for number in range(60):
            pipe.send(str(number).encode())
            acknowledge(log, str(pipe.line()))
    lost = 0
    for after, acknowledged in power_cuts(disk, list(read_log(log)), 20, tmp_path / "after"):
        try:
            said = {word for (word,) in look(after / "said.db", "SELECT word FROM said")}
        except sqlite3.DatabaseError:
            said = set[str]()
        lost += len(acknowledged - said)
    assert bool(lost) == loses
