"""Restorations to the hosted engine among faults and kills: at the end, every digest equals the file's."""

from __future__ import annotations

import asyncio
import math
import os
import random
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import campaigns
import pytest
from test_d1_transfer import contents, exported, odd_file
from workerd import WRITE, Hosted, Workerd, running, skip_module_without_node, statements

from database.d1_exporting import contents_of
from database.d1_restoring import restore_hosted
from database.errors import DatabaseError
from server.launch import own_command

if TYPE_CHECKING:
    from pathlib import Path

    from database.exporting import Contents

skip_module_without_node()

# Seconds that the engine waits for an answer: less than a later request takes, and enough for a page on a busy machine.
ANSWER = 2.0

QUICK = ["lost", "dropped", "half", "broken", "twice", "busy"]


@pytest.mark.parametrize("seed", range(campaigns.rounds(2, 40)))
async def test_a_restoration_among_faults_ends_with_equal_digests(workerd: Workerd, tmp_path: Path, seed: int) -> None:
    """Answers are dropped, cut, late or sent twice, and requests lost; see worker/test/faulty.js."""
    chance, hosted = random.Random(seed), workerd.take()  # noqa: S311 - a seed, not a secret
    path = odd_file(tmp_path / "odd.db")
    if seed % 2:  # so that the database can't tell whether it has a batch
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE batch_ids")
    faults = [*chance.choices([*QUICK, *[""] * len(QUICK)], k=80), "later", "later"]
    chance.shuffle(faults)
    hosted.fail(*faults)  # of the first requests; the others have none
    async with hosted.opened(may_be_unfinished=True, answer=ANSWER) as db:
        restored = await restore_hosted(exported(path), db)
    hosted.fail()
    assert hosted.post([], path="/faulted").json() > 20
    assert await _contents(hosted) == restored == contents(path)


@pytest.mark.parametrize("fault", QUICK)
async def test_a_restoration_whose_requests_fail_at_first_ends_with_equal_digests(
    workerd: Workerd, tmp_path: Path, fault: str
) -> None:
    hosted, path = workerd.take(), tmp_path / "small.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); CREATE INDEX i ON t (a)")
    # A step needs four requests, of which not always the same one may be lost.
    hosted.fail(*[fault, *[""] * (4 if fault == "lost" else 1)] * 100)
    async with hosted.opened(may_be_unfinished=True) as db:
        assert await restore_hosted(exported(path), db) == contents(path)
    hosted.fail()
    assert await _contents(hosted) == contents(path)
    assert hosted.sql("SELECT name FROM sqlite_master WHERE name NOT GLOB '_cf_*' ORDER BY 1") == [("i",), ("t",)]


async def test_a_restoration_ends_with_equal_digests_although_the_engine_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    export, kills = exported(odd_file(tmp_path / "odd.db")), 0
    for wanted in _places():
        with running(1, tmp_path / "d1") as served:
            hosted = served.database(0)
            async with hosted.opened(may_be_unfinished=True, answer=5, patience=0.1) as db:
                restoring = asyncio.ensure_future(restore_hosted(export, db))
                while not restoring.done() and await asyncio.to_thread(steps_done, hosted) < wanted:
                    pass
                if not restoring.done():
                    kills += 1
                    await asyncio.to_thread(served.kill)
                    with pytest.raises(DatabaseError):
                        await restoring
                    continue
                assert await restoring == contents(tmp_path / "odd.db")
                break
    with running(1, tmp_path / "d1") as served:
        assert await _contents(served.database(0)) == contents(tmp_path / "odd.db")
    assert kills > 1


def test_a_restoration_ends_with_equal_digests_although_its_process_is_killed_again_and_again(
    workerd: Workerd, tmp_path: Path
) -> None:
    hosted, kills = workerd.take(), 0
    export = exported(odd_file(tmp_path / "odd.db"))
    command = [*own_command(), "restore", str(export), "--db", hosted.address]
    env = {**os.environ, "VOYGEN_D1_TOKEN": WRITE}
    for wanted in _places():
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            while process.poll() is None and steps_done(hosted) < wanted:
                pass
            if process.poll() is None:
                kills += 1
                process.kill()
                process.communicate()
                continue
            said, problem = process.communicate()
            assert (process.returncode, problem) == (0, "")
            assert "digests verified" in said
            break
    assert asyncio.run(_contents(hosted)) == contents(tmp_path / "odd.db")
    assert kills > 1


async def _contents(hosted: Hosted) -> Contents:
    async with hosted.opened() as db:
        return await contents_of(db)


def _places() -> list[float]:
    """The numbers of steps after which to kill: two, or in the long form many, and at last none."""
    return [3, *range(12, campaigns.rounds(13, 60)), math.inf]


def steps_done(hosted: Hosted) -> int:
    """Return the number of steps of an unfinished restoration, or 0."""
    answer = hosted.post({"mode": "read", "statements": statements("SELECT step FROM unfinished_restore")})
    return int(answer.json()["results"][0]["rows"][0][0]) if answer.is_success else 0
