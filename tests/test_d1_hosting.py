"""A hosted database that the hosting tool and voygen migrate in turns; `tests/hosting.py` has the same for files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hosting
import pytest
import raw
from desk import BEN
from legacy_facts import NAMES
from workerd import Hosted, Workerd, skip_module_without_node, statements

from database.d1_restoring import restore_hosted
from database.embedded import open_database
from migrations.check import check
from migrations.dumps import load_dump
from migrations.files import shipped
from migrations.proof import schema_fingerprint
from migrations.runner import migrate
from server.exporting import export_file
from server.opening import phased
from tools.clients import CreateClientArguments, create_client

if TYPE_CHECKING:
    from pathlib import Path

    from database.engine import Database

skip_module_without_node()


FILES = [migration.name for migration in shipped()]

# The number of files that the hosting tool can apply before it fails; it does nothing on a database migrated before.
APPLICABLE = {"fresh": len(FILES), "d1-export-2025": 1, "seed-legacy": len(FILES), "drifted-dual-write": len(FILES)}


def apply_files(hosted: Hosted) -> list[str]:
    """Apply the pending files as the hosting tool does, each in a transaction; stop at the first that fails."""
    hosted.sql(hosting.CREATE_LEDGER.strip())
    done = {name for (name,) in hosted.sql("SELECT name FROM d1_migrations")}
    applied: list[str] = []
    for migration in shipped():
        if migration.name not in done:
            note = f"INSERT INTO d1_migrations (name) VALUES ('{migration.name}')"
            answer = hosted.post({"mode": "write", "statements": statements(*migration.statements, note)})
            if not answer.is_success:
                assert "no such column: trip_slug" in answer.text
                break
            applied.append(migration.name)
    return applied


@pytest.mark.parametrize("order", ["host first", "voygen first"])
@pytest.mark.parametrize("name", ["fresh", *NAMES])
async def test_either_tool_goes_on_where_the_other_stopped(
    workerd: Workerd, tmp_path: Path, name: str, order: str
) -> None:
    hosted, path = workerd.take(), tmp_path / "legacy.db"
    async with hosted.opened(may_be_unfinished=True) as db:
        if name in NAMES:
            load_dump(raw.LEGACY / f"{name}.sql", path)
            export_file(path, tmp_path / "legacy.jsonl")
            await restore_hosted(tmp_path / "legacy.jsonl", db)
        if order == "host first":
            assert apply_files(hosted) == FILES[: APPLICABLE[name]]
            hosting.apply_files(path, APPLICABLE[name])
        report = await migrate(db, pause=0)
        assert report.recorded + report.applied == FILES
        assert apply_files(hosted) == []
        assert (await migrate(db)).did_nothing
        async with await open_database(path) as file:
            embedded_report = await migrate(file, pause=0)
            assert await schema_fingerprint(db) == await schema_fingerprint(file)
            for one in (db, file):
                await _write(one)
            assert await _counts(db) == await _counts(file)
        assert (report.linked, report.unlinked, report.slugs, report.set_aside) == (
            embedded_report.linked,
            embedded_report.unlinked,
            embedded_report.slugs,
            embedded_report.set_aside,
        )


async def _write(db: Database) -> None:
    await create_client(phased(db), CreateClientArguments(email=f"new.{BEN}", full_name="New"))


async def _counts(db: Database) -> tuple[int, int, int]:
    report = await check(db)
    assert report.consistent
    return report.trips, report.assignments, len(report.unlinked)
