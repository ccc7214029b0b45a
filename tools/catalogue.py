"""Every tool there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import bulk, clients, find, trips

if TYPE_CHECKING:
    from tools.tool import AnyTool

ALL: tuple[AnyTool, ...] = (find.TOOL, *trips.TOOLS, bulk.TOOL, *clients.TOOLS)
