"""Draw the pages of the desk from the answers of tools."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from server.browser.pages import PATH, Shown, index_page
from server.pictures.pages import page
from tools.answers.arguments import validated
from tools.answers.bounds import bounded
from tools.listing import ListTripsArguments, list_trips
from tools.pictures import migration, month, trip
from tools.pictures.words import today

if TYPE_CHECKING:
    from collections.abc import Mapping

    from database.engine import Database
    from tools.maintenance import Steward
    from tools.tool import Answer, AnyTool

# Number of trips on the index, and how many days from now they start at the latest.
TRIPS_SHOWN, DAYS_AHEAD = 30, 60

LINKS = {
    "desk": PATH,
    "trip": f"{PATH}/trip/",
    "month": f"{PATH}/month?month=",
    "migration": f"{PATH}/migration",
    "check": f"{PATH}/migration?check=true",
}


async def draw_index(db: Database, steward: Steward) -> Shown:
    """Draw what travels soon, with links to the other pages."""
    now = today()
    soon = ListTripsArguments(
        exclude_status=["cancelled"],
        ends_after=now.isoformat(),
        starts_before=(now + timedelta(DAYS_AHEAD)).isoformat(),
        limit=TRIPS_SHOWN,
    )
    board = await _answered(migration.tools(steward)[0], db, {})
    trips = _as_sent(await list_trips(db, soon))
    answer = {
        "today": now.isoformat(),
        "trips": trips["trips"],
        "total": trips["total"],
        **{name: board[name] for name in ("phase", "next_phase", "obstacles", "agreement")},
    }
    return _shown(index_page().with_data(answer, LINKS), index_page().policy)


async def draw_trip(db: Database, _: Steward, given: Mapping[str, str]) -> Shown:
    return await _drawn("trip", trip.TOOL, db, given)


async def draw_month(db: Database, _: Steward, given: Mapping[str, str]) -> Shown:
    return await _drawn("month", month.TOOL, db, given)


async def draw_migration(db: Database, steward: Steward, given: Mapping[str, str]) -> Shown:
    return await _drawn("migration", migration.tools(steward)[0], db, given)


async def _drawn(name: str, tool: AnyTool, db: Database, given: Mapping[str, str]) -> Shown:
    picture = page(name)
    return _shown(picture.with_data(await _answered(tool, db, given), LINKS), picture.policy)


async def _answered(tool: AnyTool, db: Database, given: Mapping[str, str]) -> dict[str, Any]:
    args = validated(tool.input, cast("dict[str, Any]", dict(given)))
    return _as_sent(await tool.run(db, args))


def _as_sent(answer: Answer) -> dict[str, Any]:
    return bounded(answer.model_dump(mode="json"))


def _shown(html: str, policy: str) -> Shown:
    return Shown(html, policy)
