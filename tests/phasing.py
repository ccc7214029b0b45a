"""Helpers that move a real database through its phases and inspect it over a separate connection."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest
import raw

from database.phase import PHASES, Phase, read_phase
from migrations.check import check
from migrations.phases.moves import PhaseRefused, advance, go_back, phase_status
from migrations.shape import differences

if TYPE_CHECKING:
    from pathlib import Path

    from database.engine import Database

# Accepts every unlinked entry and every quarantined text.
EVERYTHING = ("unlinked/*", "quarantine/*")


async def assert_in_order(db: Database, phase: Phase) -> None:
    """Check that the database is in this phase with exactly that phase's schema, and that the stores agree."""
    assert (await read_phase(db)).phase == phase
    assert await differences(db, phase) == []
    report = await check(db)
    assert report.consistent, report
    assert {finding["kind"] for finding in report.faults} <= {"slug_missing", "slug_double", "primary_client"}, report


async def lead_to(db: Database, phase: Phase) -> None:
    """Move to the phase one step at a time, accepting unlinked entries and quarantined texts."""
    while (here := (await read_phase(db)).phase) != phase:
        if PHASES.index(here) < PHASES.index(phase):
            await advance(db, quiet_days=0, accept=EVERYTHING)
        else:
            await go_back(db)


async def obstacles(db: Database, quiet_days: int = 0) -> list[str]:
    """The names of the obstacles. If there are any, an advance must be refused, name them all and change nothing."""
    names = [one["name"] for one in (await phase_status(db, quiet_days)).obstacles]
    before = await read_phase(db)
    if names:
        with pytest.raises(PhaseRefused) as refusal:
            await advance(db, quiet_days=quiet_days)
        assert [one["name"] for one in refusal.value.obstacles] == names
        assert all(name in str(refusal.value) for name in names)
    assert await read_phase(db) == before
    return names


def look(path: Path, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Run one statement as another program would, on a new connection each time."""
    with closing(raw.connect(path)) as connection:
        return connection.execute(sql, params).fetchall()


def refusal(path: Path, sql: str, *params: Any) -> str:
    """SQLite's reason for refusing the statement."""
    with pytest.raises(sqlite3.Error) as error:
        look(path, sql, *params)
    return str(error.value)


def schema_of(path: Path) -> dict[str, str]:
    return dict(cast("list[tuple[str, str]]", look(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")))
