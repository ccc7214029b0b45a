"""Select the tools to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.desk.listing import shipped_tools
from tools.documents.sources import Sources, reading_from
from tools.proposals.house import House, working_for

if TYPE_CHECKING:
    from collections.abc import Container

    from server.desk.listing import ListedTool, Run
    from tools.maintenance import Steward


def offered(
    steward: Steward,
    groups: Container[str],
    *,
    read_only: bool,
    sources: Sources | None = None,
    house: House | None = None,
) -> list[ListedTool]:
    """Return the tools in these groups. With `read_only`, only those that read.

    They read documents from `sources`, and make proposals for `house`.
    """
    allowed, agency = sources or Sources(), house or House()

    def within(run: Run) -> Run:
        async def ran(*given: Any) -> Any:  # noqa: ANN401 - the tool's types
            with reading_from(allowed), working_for(agency):
                return await run(*given)

        return ran

    return [
        tool.run_by(within)
        for tool in shipped_tools(steward)
        if tool.group in groups and (tool.hints["read_only"] or not read_only)
    ]
