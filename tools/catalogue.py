"""The list of all tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import (
    activity_log,
    bulk,
    cleanup,
    clients,
    copying,
    erasing,
    facts,
    find,
    health,
    listing,
    maintenance,
    merging,
    payments,
    removal,
    restoring,
    trips,
    workflow,
)
from tools.documents import agreeing, importing, parsing, showing
from tools.pictures import migration, month, trip
from tools.proposals import making, previewing

if TYPE_CHECKING:
    from tools.maintenance import Steward
    from tools.tool import AnyTool

# Tools that need only the database.
DATABASE_TOOLS: tuple[AnyTool, ...] = (
    find.TOOL,
    *trips.TOOLS,
    bulk.TOOL,
    copying.TOOL,
    *listing.TOOLS,
    payments.TOOL,
    removal.TOOL,
    restoring.TOOL,
    *clients.TOOLS,
    merging.TOOL,
    erasing.TOOL,
    *workflow.TOOLS,
    *facts.TOOLS,
    *importing.TOOLS,
    parsing.TOOL,
    showing.TOOL,
    agreeing.TOOL,
    *previewing.TOOLS,
    making.TOOL,
    trip.TOOL,
    month.TOOL,
)


def all_tools(steward: Steward) -> list[AnyTool]:
    return [
        *DATABASE_TOOLS,
        *maintenance.tools(steward),
        *migration.tools(steward),
        *cleanup.TOOLS,
        *activity_log.TOOLS,
        *health.TOOLS,
    ]
