"""Select the tools to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.catalogue import all_tools

if TYPE_CHECKING:
    from collections.abc import Container

    from tools.maintenance import Steward
    from tools.tool import AnyTool


def offered(steward: Steward, groups: Container[str], *, read_only: bool) -> list[AnyTool]:
    """Return the tools in these groups. With `read_only`, return only read-only tools."""
    return [tool for tool in all_tools(steward) if tool.group in groups and (tool.hints.read_only or not read_only)]
