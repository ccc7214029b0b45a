"""A command that is killed, or whose machine loses power, did all or nothing, and can be run again."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import campaigns
import pytest
from deeds import DEEDS
from disk import Disk, power_cuts
from faults import KILLED, Faults, Program, acknowledge, changes, read_log
from raw import names_in

if TYPE_CHECKING:
    from pathlib import Path

    from ledger import Figures

KILLS, CUTS = campaigns.rounds(1, 25), campaigns.rounds(4, 25)

# Cuts right after the command has exited with 0.
LAST_CUTS = 3


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.sampled(2)
async def test_an_interrupted_command_did_all_or_nothing_and_can_be_run_again(
    program: Program, tmp_path: Path, figures: Figures, name: str
) -> None:
    deed, start, whole, log = DEEDS[name], tmp_path / "start", tmp_path / "whole", tmp_path / "log"
    start.mkdir()
    deed.prepare(start)
    before = deed.before(start)
    shutil.copytree(start, whole)
    disk = Disk.of(whole)
    done = program.run(*deed.command(whole), faults=Faults(whole, log))
    assert done.status == 0, done
    assert deed.proof(whole, before) == "whole"
    for number in range(KILLS):
        folder = tmp_path / f"{number}"
        shutil.copytree(start, folder)
        chance = random.Random(f"{name} {number}")  # noqa: S311 - a repeatable moment
        killed = program.run(*deed.command(folder), faults=Faults(folder, kill_at=chance.randint(1, changes(log))))
        assert killed.status == KILLED
        figures.kills += 1
        state = deed.proof(folder, before)
        figures.half += state == "half"
        again = program.run(*deed.command(folder))
        assert again.status in (deed.again if state == "whole" else (0,)), again
        if name == "erase" and state == "whole":
            assert program.run("erase", "--db", folder / "voygen.db").status == 0
        assert deed.proof(folder, before) == "whole"
        if state != "whole":
            assert {one for one in names_in(folder) if "backup-" not in one} <= set(names_in(whole))
    acknowledge(log, "done")
    states: list[str] = []
    for after, acknowledged in power_cuts(disk, list(read_log(log)), CUTS, tmp_path / "cut", at_the_end=LAST_CUTS):
        states.append(deed.proof(after, before))
        figures.cuts += 1
        figures.acknowledged += bool(acknowledged)
        figures.lost += bool(acknowledged) and states[-1] != "whole"
        figures.half += states[-1] == "half"
    assert (figures.lost, figures.half) == (0, 0), states
