"""What a person says about groups of tools, and the groups that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tools.groups import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable


def groups_named(toolsets: Iterable[str]) -> frozenset[str]:
    """The groups named, or all. Exits 2 over one that does not exist."""
    named = set(toolsets)
    if "all" in named:
        return GROUPS
    if unknown := named - GROUPS:
        raise click.BadParameter(
            f"there is no group {', '.join(sorted(unknown))}: the groups are {', '.join(sorted(GROUPS))}",
            param_hint="--toolsets",
        )
    return frozenset(named)
