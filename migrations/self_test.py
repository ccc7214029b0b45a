"""The self-test, which exercises a live database and rolls everything back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString

from database.engine import Statement
from database.errors import DatabaseError, GuardFailed
from database.phase import guard_epoch, read_phase
from migrations.files import FOLDER, split_statements, trusted
from migrations.proof import digest
from migrations.shape import differences

if TYPE_CHECKING:
    from database.engine import Database

_PART = re.compile(r"^-- part: (.+) \((.+)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """The result of one part of the self-test."""

    name: str
    passed: bool
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        return self.__dict__.copy()


async def validate(db: Database) -> list[Outcome]:
    """Run every part that applies to the phase. Leaves no rows behind and changes no existing ones."""
    state = await read_phase(db)
    state.require_attached()
    before = await digest(db)
    wrong = [f"{one['type']} {one['name']} {one['problem']}" for one in await differences(db, state.phase)]
    outcomes = [Outcome("structure", not wrong, "; ".join(wrong))]
    *parts, (_, _, over) = _parts()
    for name, phases, statements in parts:
        if state.phase in phases:
            problem = await _run(db, [guard_epoch(state.epoch), *statements, *over])
            outcomes.append(Outcome(name, not problem, problem))
    # If the digest changed, either another program wrote or test rows remain; LEFT_BEHIND tells which.
    left = await digest(db) != before and bool(await db.read(LEFT_BEHIND))
    outcomes.append(Outcome("nothing left behind", not left, "self-test rows remain" if left else ""))
    return outcomes


async def _run(db: Database, statements: list[Statement]) -> str:
    """Run one part and return its problem, or "". The part's last statement rolls everything back."""
    try:
        await db.batch(statements)
    except GuardFailed as failed:
        return {"self_test_over": "", "epoch": "the phase changed: rerun the test"}.get(failed.guard, "a check failed")
    except DatabaseError as error:
        return str(error)
    return "nothing was rolled back"


LEFT_BEHIND: LiteralString = """
SELECT 1 FROM trips_v2 WHERE trip_slug LIKE 'voygen-self-test-%'
UNION ALL SELECT 1 FROM clients_v2 WHERE email LIKE 'self-test-%@voygen.invalid'
UNION ALL SELECT 1 FROM trip_client_assignments WHERE client_email LIKE 'self-test-%@voygen.invalid'
LIMIT 1
"""


@cache
def _parts() -> list[tuple[str, set[str], list[Statement]]]:
    text = (FOLDER / "self_test.sql").read_text(encoding="utf-8")
    _, *pieces = _PART.split(text)
    return [
        (
            name,
            set(phases.split(", ")),
            [Statement(trusted(one)) for one in split_statements(body.splitlines(keepends=True))],
        )
        for name, phases, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    ]
