"""Legacy databases move up and down through the phases while other processes write."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
from engines import open_database, processes
from legacy_facts import NAMES
from oracle import assert_clean
from phasing import assert_in_order, look
from test_phases_under_writers import REFUSALS, WAYS, Writer, assert_told_the_truth, move_under

from migrations.dumps import load_dump

if TYPE_CHECKING:
    from pathlib import Path

# The trips that the writers write to.
WRITTEN = (1, 2, 3, 4)


@processes
@pytest.mark.parametrize("name", NAMES if campaigns.rounds(0, 1) else NAMES[:1])
async def test_a_legacy_database_moves_up_and_down_under_writers_and_keeps_every_entry(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "voygen.db"
    load_dump(raw.LEGACY / f"{name}.sql", path)
    await raw.migrate_file(path)
    for number in range(1, 9):
        look(path, "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')", f"old{number}@x.io")
    before = entries(path)
    with ExitStack() as stack:
        writers = [Writer(path, *who) for who in (("one", "new"), ("old", "old"))]
        for writer in writers:
            stack.enter_context(writer.process)
            stack.callback(writer.process.kill)
        async with await open_database(path) as db:
            for writer in writers:
                await writer.has_answered(1)
            await move_under(db, writers, WAYS)
            answers = {writer.name: writer.last_words() for writer in writers}
            await assert_in_order(db, "dual_write")
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
    for told in answers.values():
        assert_told_the_truth(path, told)
    assert {answer["error"] for answer in answers["old"]} <= {None, *REFUSALS}
    after = entries(path)
    assert {trip: kept for trip, kept in after.items() if trip not in WRITTEN} == {
        trip: kept for trip, kept in before.items() if trip not in WRITTEN
    }
    for trip in WRITTEN:
        assert all(entry in after[trip] for entry in before[trip])


def entries(path: Path) -> dict[int, list[Any]]:
    return {trip: json.loads(text) for trip, text in look(path, "SELECT trip_id, clients FROM trips_v2")}
