"""On a full disk, writes are refused, reads go on, nothing acknowledged is lost, and nothing is left half."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
from deeds import DEEDS
from desk import KYOTO, seeded
from ledger import Figures, Ledger, judge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faults import Program

# Bytes of the disk, and the most that a command needs of it in addition to the files that it starts from.
SIZE, NEEDED = 16 << 20, 3 << 20

AMOUNTS = campaigns.rounds(1, 20)

GET: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": "get",
    "method": "tools/call",
    "params": {"name": "get_anything", "arguments": {"query": str(KYOTO)}},
}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk in memory."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607


def fill(disk: Path, left: int) -> Path:
    """Fill the disk up to this many bytes."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(disk).free - left))
    return filler


async def test_a_server_on_a_full_disk_refuses_writes_reads_on_and_recovers(
    program: Program, disk: Path, figures: Figures
) -> None:
    folder = disk / "served"
    folder.mkdir()
    path, ledger = seeded(folder / "voygen.db"), Ledger("full")
    with program.serve(path) as pipe:
        pipe.greet()
        assert ledger.take(pipe.ask(ledger.call()))
        filler = fill(disk, 400_000)
        while len(ledger.refused) < 3:
            ledger.take(pipe.ask(ledger.call()))
            assert len(ledger.sent) < 100
        told = " ".join(ledger.refused.values())
        assert all("isError" in one and "'unavailable: " in one for one in ledger.refused.values()), told
        assert "disk" in told, told
        assert "full" in told, told
        states = ledger.look(path)
        assert {states[key] for key in ledger.refused} == {"absent"}
        for _ in range(3):
            answer = pipe.ask(GET)
            assert answer
            assert answer["result"]["structuredContent"]["trip"]["trip_id"] == KYOTO
        filler.unlink()
        for key in list(ledger.refused):
            assert ledger.take(pipe.ask(ledger.sent[key])), ledger.refused[key]
    figures += await judge(path, ledger)
    assert (figures.lost, figures.half) == (0, 0)
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", DEEDS)
def test_a_command_on_a_full_disk_leaves_nothing_half_and_works_once_there_is_room(
    program: Program, disk: Path, figures: Figures, name: str
) -> None:
    deed = DEEDS[name]
    chance = random.Random(name)  # noqa: S311 - repeatable amounts
    for number in range(AMOUNTS):
        folder = disk / f"{name} {number}"
        folder.mkdir()
        deed.prepare(folder)
        before, names = deed.before(folder), {one.name for one in folder.iterdir()}
        filler = fill(disk, chance.choice([4096, chance.randint(0, NEEDED // 10), chance.randint(0, NEEDED)]))
        done = program.run(*deed.command(folder))
        filler.unlink()
        state = deed.proof(folder, before)
        figures.half += state == "half"
        assert (done.status == 0) == (state == "whole") or name in {"erase", "migrate"}, (done, state)
        assert done.status in {0, 2} or name == "erase", done
        if done.status == 2:
            assert "full" in done.err, done
            assert "Traceback" not in done.err
            assert {one.name for one in folder.iterdir()} <= names | {
                "voygen.db-wal",
                "voygen.db-shm",
            } or name == "migrate"
        if state != "whole":
            again = program.run(*deed.command(folder))
            assert again.status == 0, again
            assert deed.proof(folder, before) == "whole"
        shutil.rmtree(folder)
    assert figures.half == 0
