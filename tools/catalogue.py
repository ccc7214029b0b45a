"""Every tool there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import (
    activity_log,
    bulk,
    cleanup,
    clients,
    facts,
    find,
    health,
    listing,
    maintenance,
    removal,
    restoring,
    trips,
    workflow,
)

if TYPE_CHECKING:
    from tools.maintenance import Steward
    from tools.tool import AnyTool

# The tools of the trade, which need nothing but the database.
TRADE: tuple[AnyTool, ...] = (
    find.TOOL,
    *trips.TOOLS,
    bulk.TOOL,
    *listing.TOOLS,
    removal.TOOL,
    restoring.TOOL,
    *clients.TOOLS,
    *workflow.TOOLS,
    *facts.TOOLS,
)


def all_tools(steward: Steward) -> list[AnyTool]:
    return [*TRADE, *maintenance.tools(steward), *cleanup.TOOLS, *activity_log.TOOLS, *health.TOOLS]
