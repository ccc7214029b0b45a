"""Identify the client that makes a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context


def client_name(context: Context[Any, Any]) -> str | None:
    """Return the name and version that the client sent at initialization, if any."""
    introduced = context.session.client_params
    return f"{introduced.client_info.name} {introduced.client_info.version}" if introduced else None
