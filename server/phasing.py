"""The phase commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from database.phase import read_phase
from migrations.phases.moves import advance, go_back, phase_before, phase_status
from migrations.phases.obstacles import in_vain, would_pass
from server.checking import open_migrated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from database.phase import PhaseState
    from migrations.phases.moves import PhaseStatus


async def status_of_file(path: Path, quiet_days: int) -> tuple[dict[str, Any], str]:
    async with open_migrated(path, to_look=True) as db:
        status = await phase_status(db, quiet_days)
    return status.as_json(), _in_words(status)


async def advance_file(
    path: Path, quiet_days: int, accept: Sequence[str], *, really: bool
) -> tuple[dict[str, Any], str]:
    """What was done, or what stands in the way: for JSON, and in words. Raises PhaseRefused."""
    async with open_migrated(path, to_look=not really) as db:
        if not really:
            status = await phase_status(db, quiet_days)
            vain = in_vain((one["name"] for one in status.obstacles), accept)
            status.obstacles = [one for one in status.obstacles if not would_pass(one["name"], accept)]
            words = [_in_words(status), *(f"--accept {pattern} lets nothing pass." for pattern in vain)]
            if status.next_phase:
                words.append("Nothing was done: --apply moves on.")
            return status.as_json() | {"moved": False, "accepted_in_vain": vain}, "\n".join(words)
        return _moved(await advance(db, quiet_days=quiet_days, accept=accept))


async def back_file(path: Path, *, really: bool) -> tuple[dict[str, Any], str]:
    async with open_migrated(path, to_look=not really) as db:
        if not really:
            state = await read_phase(db)
            before = phase_before(state.phase)
            there = f"--apply moves it back to {before}" if before else "there is none before it"
            words = f"The database is in phase {state.phase}: {there}."
            return {"phase": state.phase, "epoch": state.epoch, "moved": False, "phase_before": before}, words
        return _moved(await go_back(db))


def _moved(state: PhaseState) -> tuple[dict[str, Any], str]:
    words = f"The database is in phase {state.phase} now (epoch {state.epoch})."
    return {"phase": state.phase, "epoch": state.epoch, "moved": True}, words


def _in_words(status: PhaseStatus) -> str:
    lines = [f"Phase {status.phase} since {status.changed_at} (epoch {status.epoch})"]
    lines.append(f"Readings that found the stores different: {status.shadow_mismatches}")
    if status.direct_writes:
        lines.append("Old code's writes of the JSON column, latest first:")
        lines += [
            f"  {one['day']}: trip {one['trip_id']}, {one['writes']} times, last {one['last_at']}"
            for one in status.direct_writes[:20]
        ]
    if status.next_phase is None:
        lines.append("There is no phase after this one.")
    elif status.obstacles:
        lines.append(f"In the way of {status.next_phase}:")
        lines += [f"  {one['name']}: {one['problem']}" for one in status.obstacles]
    else:
        lines.append(f"Nothing stands in the way of {status.next_phase}.")
    return "\n".join(lines)
