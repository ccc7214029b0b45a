"""The `phase` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from database.phase import read_phase
from database.quoting import as_word
from migrations.phases.moves import PhaseRefused, advance, go_back, next_phase, phase_before, phase_status
from migrations.phases.obstacles import in_vain, would_pass
from server.checking import open_migrated
from server.report import count, escaped, section, short_time, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.d1_address import Location
    from database.phase import PhaseState
    from migrations.phases.moves import PhaseStatus


async def status_of_file(where: Location, quiet_days: int) -> tuple[dict[str, Any], str]:
    async with open_migrated(where, to_look=True) as db:
        status = await phase_status(db, quiet_days)
    return status.as_json(), _in_words(status)


class CannotAdvance(Exception):
    """The database can't advance to the next phase; the message lists the obstacles."""


async def advance_file(
    where: Location, quiet_days: int, accept: Sequence[str], *, really: bool
) -> tuple[dict[str, Any], str]:
    """Advance if `really`, else list the obstacles. Returns the result as JSON and as text. Raises CannotAdvance."""
    async with open_migrated(where, to_look=not really, backfilled=really) as db:
        if not really:
            return _rehearsed(await phase_status(db, quiet_days), accept)
        try:
            return _moved(await advance(db, quiet_days=quiet_days, accept=accept))
        except PhaseRefused as refused:
            target = next_phase((await read_phase(db)).phase)
            raise CannotAdvance("\n".join(_obstacle_lines(target, refused.obstacles, SEE_ALL))) from refused


# A refused `advance` prints no JSON, so the hint refers to another command that lists all obstacles.
SEE_ALL = "use `voygen phase --json` to see all"


async def back_file(where: Location, *, really: bool) -> tuple[dict[str, Any], str]:
    async with open_migrated(where, to_look=not really, backfilled=really) as db:
        if not really:
            state = await read_phase(db)
            before = phase_before(state.phase)
            there = f"Use --apply to go back to {before}." if before else "There is no earlier phase."
            words = f"The database is in phase {as_word(state.phase)}. {there}"
            return {"phase": state.phase, "epoch": state.epoch, "moved": False, "phase_before": before}, words
        return _moved(await go_back(db))


def _rehearsed(status: PhaseStatus, accept: Sequence[str]) -> tuple[dict[str, Any], str]:
    vain = in_vain((one["name"] for one in status.obstacles), accept)
    status.obstacles = [one for one in status.obstacles if not would_pass(one["name"], accept)]
    words = [
        _in_words(status),
        *(f"--accept {escaped(pattern)} matches nothing that can be accepted." for pattern in vain),
    ]
    if status.next_phase:
        words.append("No changes made. Use --apply to advance.")
    return status.as_json() | {"moved": False, "accepted_in_vain": vain}, "\n".join(words)


def _moved(state: PhaseState) -> tuple[dict[str, Any], str]:
    words = f"The database is now in phase {as_word(state.phase)} (epoch {state.epoch})."
    return {"phase": state.phase, "epoch": state.epoch, "moved": True}, words


def _in_words(status: PhaseStatus) -> str:
    lines = [
        f"Phase:            {as_word(status.phase)} (epoch {status.epoch})",
        f"Since:            {short_time(status.changed_at)} UTC",
        f"Read mismatches:  {status.shadow_mismatches}",
        *section(
            "Writes to the JSON column by old code",
            ("DAY", "TRIP", "WRITES", "LAST (UTC)"),
            [(one["day"], one["trip_id"], one["writes"], short_time(one["last_at"])) for one in status.direct_writes],
        ),
        "",
    ]
    if status.next_phase is None:
        lines.append("This is the last phase.")
    elif status.obstacles:
        lines += _obstacle_lines(status.next_phase, status.obstacles)
    else:
        lines.append(f"Ready to advance to {status.next_phase}.")
    return "\n".join(lines)


def _obstacle_lines(target: str | None, obstacles: Sequence[dict[str, str]], *see_all: str) -> list[str]:
    rows = [(one["name"], one["problem"]) for one in obstacles]
    return [f"Cannot advance to {target}: {count(len(rows), 'obstacle')}", *table(("NAME", "PROBLEM"), rows, *see_all)]
