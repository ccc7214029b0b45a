"""Select the tools to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.desk.listing import shipped_tools

if TYPE_CHECKING:
    from collections.abc import Container

    from server.desk.listing import ListedTool
    from tools.maintenance import Steward


def offered(steward: Steward, groups: Container[str], *, read_only: bool) -> list[ListedTool]:
    """Return the tools in these groups. With `read_only`, return only read-only tools."""
    return [
        tool for tool in shipped_tools(steward) if tool.group in groups and (tool.hints["read_only"] or not read_only)
    ]
