"""Phases change while other processes write: no write that was reported as stored is lost."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
from desk import Desk, op, open_desk, seeded, voygen
from engines import open_database, processes
from oracle import assert_clean
from phasing import assert_in_order, lead_to, look

from database.engine import Statement
from database.errors import DatabaseBusy, ProgramTooOld
from database.phase import PHASES, PhasedDatabase
from migrations.check import check
from server.opening import phased
from tools.bulk import BulkArguments, bulk_trip_operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from database.engine import Database
    from database.phase import Phase

WRITER = Path(__file__).parent / "writer_process.py"

# Seconds: longer than a writer takes for its minimum work, so that a hang fails the test.
PATIENCE = 60

UP_AND_DOWN: list[Phase] = [
    "normalized",
    "dual_write",
    "prefer_junction",
    "normalized",
    "prefer_junction",
    "dual_write",
]

# Makes each move at least once; the long form repeats them.
WAYS = UP_AND_DOWN if campaigns.rounds(0, 1) else UP_AND_DOWN[2:]

REFUSALS = (
    "trips_v2.clients is read-only in the phase prefer_junction, write trip_client_assignments instead",
    "no such column: clients",
)

Answer = dict[str, Any]


class Writer:
    """A writer's process. `last_words` closes its input, waits for it to exit, and returns all its answers."""

    def __init__(self, path: Path, name: str, manner: str) -> None:
        command = [sys.executable, str(WRITER), str(path), name, manner]
        self._log = path.with_name(f"{name}.log")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.PIPE)
        self.name = name

    def answers(self) -> list[Answer]:
        lines = self._log.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    async def has_answered(self, count: int) -> None:
        """Wait until the writer has reported this many more answers."""
        wanted = len(self.answers()) + count
        async with asyncio.timeout(PATIENCE):
            while len(self.answers()) < wanted:
                assert self.process.poll() is None, self.process.communicate()
                await asyncio.to_thread(self._look_again)

    def _look_again(self) -> None:
        """Wait until the process ends, but only for a moment."""
        try:
            self.process.wait(0.01)
        except subprocess.TimeoutExpired:
            return

    def last_words(self) -> list[Answer]:
        _, err = self.process.communicate(timeout=PATIENCE)
        assert (self.process.returncode, err) == (0, b"")
        return self.answers()


def assert_told_the_truth(path: Path, answers: list[Answer]) -> None:
    """Check that everything last reported to the writer as stored is there, and everything removed is gone."""
    roles: dict[tuple[int, str], str] = {}
    notes: dict[int, set[str]] = {1: set(), 2: set(), 3: set()}
    for answer in answers:
        if answer["error"]:
            continue
        if answer["kind"] in {"assign", "change"}:
            roles[answer["trip"], answer["email"]] = answer["role"]
        elif answer["kind"] == "unassign":
            roles.pop((answer["trip"], answer["email"]), None)
        elif answer["kind"] == "note":
            notes[answer["trip"]].add(answer["note"])
    own = {answer["email"] for answer in answers if "email" in answer}
    rows = look(path, "SELECT trip_id, client_email, client_role FROM trip_client_assignments")
    assert sorted(row for row in rows if row[1] in own) == sorted((*key, role) for key, role in roles.items())
    for trip, expected in notes.items():
        text = look(path, "SELECT notes FROM trips_v2 WHERE trip_id = ?", trip)[0][0]
        assert all(f'"{note}"' in text for note in expected)


def seeded_with_a_trip_of_old_code(folder: Path) -> Path:
    path = seeded(folder / "voygen.db")
    look(path, "INSERT INTO trips_v2 (trip_name, start_date, end_date) VALUES ('Old', '2026-01-01', '2026-01-02')")
    for number in range(1, 9):
        look(path, "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'N')", f"old{number}@x.io")
    return path


async def move_under(db: Database, writers: list[Writer], ways: list[Phase]) -> None:
    """Move the database through these phases; in each, wait for some more answers from every writer."""
    for phase in ways:
        await lead_to(db, phase)
        for writer in writers:
            await writer.has_answered(campaigns.rounds(2, 12))


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[list[Writer]]:
    """Two agents with servers of their own, one that uses the tools without a server, and old code."""
    path = seeded_with_a_trip_of_old_code(tmp_path)
    with ExitStack() as stack:
        started = [
            Writer(path, name, manner)
            for name, manner in (("one", "new"), ("two", "new"), ("three", "tools"), ("old", "old"))
        ]
        for writer in started:
            stack.enter_context(writer.process)
            stack.callback(writer.process.kill)
        yield started


@processes
async def test_writers_of_every_kind_keep_working_while_the_phases_change(
    tmp_path: Path, writers: list[Writer]
) -> None:
    path = tmp_path / "voygen.db"
    async with await open_database(path) as db:
        for writer in writers:
            await writer.has_answered(2)
        await move_under(db, writers, WAYS)
        answers = {writer.name: writer.last_words() for writer in writers}
        await assert_in_order(db, "dual_write")
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
    for told in answers.values():
        assert_told_the_truth(path, told)
    errors = {answer["error"] for name in ("one", "two", "three") for answer in answers[name]} - {None}
    assert all(error.startswith(("conflict: ", "busy: ")) for error in errors), errors
    assert {answer["error"] for answer in answers["old"]} == {None, *REFUSALS}
    kinds = {answer["kind"] for answer in answers["one"] + answers["two"]}
    assert kinds >= {"assign", "unassign", "change", "note", "read"}


@processes
async def test_the_keys_that_old_code_wrote_are_in_the_restored_column(tmp_path: Path) -> None:
    path = seeded_with_a_trip_of_old_code(tmp_path)
    writer = Writer(path, "old", "old")
    with writer.process:
        async with await open_database(path) as db:
            await writer.has_answered(5)
            await move_under(db, [writer], ["prefer_junction", "normalized", "dual_write"])
            told = [answer for answer in writer.last_words() if answer["kind"] != "ready"]
    kept: dict[str, str] = {}
    for number, answer in enumerate(told, 1):
        if not answer["error"] and answer["kind"] == "assign":
            kept[answer["email"]] = f"old-{number}"
        elif not answer["error"]:
            del kept[answer["email"]]
    ((text,),) = look(path, "SELECT clients FROM trips_v2 WHERE trip_id = 4")
    assert {entry["email"]: entry["name"] for entry in json.loads(text)} == kept


async def test_a_check_during_phase_changes_reports_no_false_findings(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db, await open_database(path) as own:

        async def up_and_down() -> None:
            for _ in range(3):
                await lead_to(db, "normalized")
                await lead_to(db, "dual_write")

        moving = asyncio.create_task(up_and_down())
        while not moving.done():
            try:
                report = await check(own)
            except DatabaseBusy:
                continue
            assert report.clean, report
        await moving


@pytest.mark.parametrize("stale", PHASES)
@pytest.mark.parametrize("now", PHASES)
@pytest.mark.sampled(4)
async def test_a_process_with_an_outdated_phase_writes_by_the_rules_of_the_new_phase(
    tmp_path: Path, stale: Phase, now: Phase
) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db, await open_database(path) as own:
        desk = phased(own)
        await lead_to(db, stale)
        await say(desk, "assign_client", email="cem@example.net", role="guide")
        await lead_to(db, now)
        await say(desk, "assign_client", email="ben@example.net", role="guide")
        await say(desk, "unassign_client", email="cem@example.net")
        await say(desk, "change_client_role", email="ana@example.net", to_role="lead")
        await assert_in_order(db, now)
        await lead_to(db, "dual_write")
    with closing(raw.connect(path)) as connection:
        assert_clean(connection)
    rows = look(path, "SELECT client_email, client_role FROM trip_client_assignments WHERE trip_id = 1 ORDER BY 1")
    assert rows == [("ana@example.net", "lead"), ("ben@example.net", "guide")]


async def test_a_batch_prepared_for_an_outdated_phase_is_retried_as_a_whole(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db, await open_database(path) as own:
        desk = phased(own)
        await desk.batch([])
        await lead_to(db, "normalized")
        statements = [
            Statement("INSERT INTO shadow_mismatches VALUES (7, 1, '', '') RETURNING trip_id"),
            Statement("UPDATE trips_v2 SET clients = '[]' RETURNING trip_id", mirrors=True),
            Statement("INSERT INTO shadow_mismatches VALUES (8, 1, '', '') RETURNING trip_id"),
        ]
        results = await desk.batch(statements)
        assert [results.of(one) for one in statements] == [[{"trip_id": 7}], [], [{"trip_id": 8}]]
        assert await desk.shadow_read("SELECT clients FROM trips_v2") == []


async def test_a_read_of_the_json_returns_nothing_once_the_column_is_gone(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as db, await open_database(path) as own:
        desk = phased(own)
        assert len(await desk.shadow_read("SELECT clients FROM trips_v2")) == 3
        await lead_to(db, "normalized")
        assert await desk.shadow_read("SELECT clients FROM trips_v2") == []


async def say(desk: PhasedDatabase, kind: str, **data: str) -> None:
    arguments = {"trip_identifier": "1", "operations": [op(kind, **data)]}
    answer = await bulk_trip_operations(desk, BulkArguments.model_validate(arguments))
    assert answer.success, answer


def migrate_by_a_newer_program(path: Path) -> None:
    look(path, "INSERT INTO migration_checksums (name, sha256) VALUES ('999_newer.sql', 'x')")
    look(path, "UPDATE migration_phase SET epoch = epoch + 1")


def test_a_program_older_than_the_database_does_not_start(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    migrate_by_a_newer_program(path)
    for command in ("serve", "migrate", "check", "repair", "phase"):
        done = voygen(command, "--db", path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "999_newer.sql" in done.stderr
        assert "update" in done.stderr
        assert "Traceback" not in done.stderr


async def test_a_running_server_becomes_read_only_after_a_migration_by_a_newer_program(tmp_path: Path) -> None:
    async with open_desk(seeded(tmp_path / "voygen.db")) as desk:
        await desk.do(1, op("add_note", note="before"))
        migrate_by_a_newer_program(tmp_path / "voygen.db")
        await refused(desk)
        assert (await desk.whole("1"))["trip_id"] == 1
        await refused(desk)
        assert [one["note"] for one in desk.json("notes", 1)] == ["before"]


async def refused(desk: Desk) -> None:
    error = await desk.refused("bulk_trip_operations", trip_identifier="1", operations=[op("add_note", note="after")])
    assert error.startswith("read_only: ")
    assert "update" in error


async def test_the_first_write_of_a_program_that_became_too_old_is_refused(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with await open_database(path) as own:
        desk = phased(own)
        migrate_by_a_newer_program(path)
        with pytest.raises(ProgramTooOld, match="update"):
            await desk.batch([Statement("DELETE FROM trips_v2")])
    assert len(look(path, "SELECT 1 FROM trips_v2")) == 3
