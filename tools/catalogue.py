"""Every tool there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import bulk, clients, find, maintenance, trips

if TYPE_CHECKING:
    from tools.maintenance import Steward
    from tools.tool import AnyTool

# The tools of the trade, which need nothing but the database.
TRADE: tuple[AnyTool, ...] = (find.TOOL, *trips.TOOLS, bulk.TOOL, *clients.TOOLS)

# Groups of tools; those that are on by default.
GROUPS = frozenset({"trips", "clients", "maintenance"})
DEFAULT_GROUPS = ("trips", "clients")


def all_tools(steward: Steward) -> list[AnyTool]:
    return [*TRADE, *maintenance.tools(steward)]
