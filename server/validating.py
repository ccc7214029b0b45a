"""The `validate` command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrations.self_test import Outcome, validate
from server.checking import open_migrated
from server.report import escaped

if TYPE_CHECKING:
    from database.d1_address import Location


async def validate_file(where: Location) -> list[Outcome]:
    async with open_migrated(where, backfilled=True) as db:
        return await validate(db)


def describe(outcomes: list[Outcome]) -> str:
    lines = [
        f"{'passed' if outcome.passed else 'FAILED'}  {outcome.name}"
        + (f": {escaped(outcome.problem)}" if outcome.problem else "")
        for outcome in outcomes
    ]
    failed = sum(not outcome.passed for outcome in outcomes)
    return "\n".join([*lines, f"{len(outcomes) - failed} passed, {failed} failed. No test data was left behind."])
