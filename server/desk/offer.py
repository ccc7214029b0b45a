"""Select the tools to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.desk.listing import shipped_tools
from tools.documents.sources import Sources, reading_from

if TYPE_CHECKING:
    from collections.abc import Container

    from server.desk.listing import ListedTool, Run
    from tools.maintenance import Steward


def offered(
    steward: Steward, groups: Container[str], *, read_only: bool, sources: Sources | None = None
) -> list[ListedTool]:
    """Return the tools in these groups, which read documents from `sources`. With `read_only`, only those that read."""
    allowed = sources or Sources()

    def reading(run: Run) -> Run:
        async def read(*given: Any) -> Any:  # noqa: ANN401 - the tool's types
            with reading_from(allowed):
                return await run(*given)

        return read

    return [
        tool.run_by(reading)
        for tool in shipped_tools(steward)
        if tool.group in groups and (tool.hints["read_only"] or not read_only)
    ]
