"""Select the tools to offer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tools.catalogue import all_tools
from tools.documents.sources import Sources, reading_from

if TYPE_CHECKING:
    from collections.abc import Container

    from tools.maintenance import Steward
    from tools.tool import AnyTool


def offered(
    steward: Steward, groups: Container[str], *, read_only: bool, sources: Sources | None = None
) -> list[AnyTool]:
    """Return the tools in these groups, which read documents from `sources`. With `read_only`, only those that read."""
    allowed = sources or Sources()
    return [
        _reading_from(allowed, tool)
        for tool in all_tools(steward)
        if tool.group in groups and (tool.hints.read_only or not read_only)
    ]


def _reading_from(allowed: Sources, tool: AnyTool) -> AnyTool:
    async def run(*given: Any) -> Any:  # noqa: ANN401 - the tool's types
        with reading_from(allowed):
            return await tool.run(*given)

    return replace(tool, run=run)
