"""The implementation of the maintenance tools, based on the migrations package."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from migrations.check import check
from migrations.phases.moves import phase_status
from migrations.repair import apply_repair, plan_repair
from server.desk.progress import progress_of_call

if TYPE_CHECKING:
    from database.engine import Database
    from migrations.check import CheckReport
    from migrations.repair import Prefer


class MigrationSteward:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def report(self) -> CheckReport:
        return await check(self._db, progress_of_call())

    async def check(self) -> dict[str, Any]:
        return (await self.report()).as_json()

    async def repair(self, prefer: str, *, dry_run: bool) -> dict[str, Any]:
        way = cast("Prefer", prefer)
        if dry_run:
            plan = await plan_repair(self._db, way, progress=progress_of_call())
            kinds = Counter(str(finding["kind"]) for finding in plan.findings)
            return {"run_id": None, "changed": dict(kinds), "consistent": None}
        report = await apply_repair(self._db, way, progress=progress_of_call())
        return {"run_id": report.run_id, "changed": report.changed, "consistent": report.after.consistent}

    async def phase(self) -> dict[str, Any]:
        return (await phase_status(self._db)).as_json()

    async def board(self, hours: int, *, check: bool) -> dict[str, Any]:
        from server.desk.board import board  # noqa: PLC0415 - rarely needed, and the server starts sooner without it

        return await board(self._db, hours, await self.report() if check else None)
