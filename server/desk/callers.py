"""Who a call is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context


def client_name(context: Context[Any, Any]) -> str | None:
    """The client's name and version as it introduced itself; None where it did not."""
    introduced = context.session.client_params
    return f"{introduced.client_info.name} {introduced.client_info.version}" if introduced else None
