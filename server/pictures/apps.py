"""Offer the pages to hosts that draw them in a conversation, as the protocol's extension MCP Apps.

Hosts without the extension ignore the pages: every answer stands alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mcp.server.apps import APP_MIME_TYPE, Apps
from mcp.server.mcpserver.resources import FunctionResource

if TYPE_CHECKING:
    from collections.abc import Mapping


def apps_with(addresses: Mapping[str, str]) -> Apps:
    """Return the extension with the pages at these addresses, by page name. A page is assembled when it is read."""
    apps = Apps()
    for name, address in addresses.items():
        apps.add_resource(
            FunctionResource(
                uri=address,
                name=f"{name}-page",
                title=f"Page that draws a {name}",
                mime_type=APP_MIME_TYPE,
                meta={"ui": {"prefersBorder": True}},
                fn=partial(_html, name),
            )
        )
    return apps


def _html(name: str) -> str:
    from server.pictures.pages import page  # noqa: PLC0415 - only hosts that draw read the pages

    return page(name).html
