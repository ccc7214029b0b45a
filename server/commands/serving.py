"""The command that serves."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from server.options import database, run
from tools.groups import DEFAULT_GROUPS, GROUPS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@database
@click.option("--migrate/--no-migrate", default=True, help="Bring the database to this version's schema at start.")
@click.option(
    "--toolsets",
    envvar="VOYGEN_TOOLSETS",
    default=",".join(DEFAULT_GROUPS),
    show_default=True,
    help="Groups of tools to offer, separated by commas, or all (or VOYGEN_TOOLSETS).",
)
@click.option("--read-only", is_flag=True, help="Offer only tools that read, on a database opened read-only.")
def serve(path: Path, toolsets: str, *, migrate: bool, read_only: bool) -> None:
    """Serve MCP over stdin and stdout, as a client such as Claude Desktop starts it."""
    from server.serving import serve as serve_file  # noqa: PLC0415
    from server.stdio import fill_missing_descriptors  # noqa: PLC0415

    fill_missing_descriptors()
    _log_to_stderr()
    sys.exit(run(serve_file(path, _groups(toolsets), may_migrate=migrate, read_only=read_only)))


def _groups(toolsets: str) -> frozenset[str]:
    """The groups named, or all. Exits 2 over one that does not exist."""
    named = {name.strip() for name in toolsets.split(",") if name.strip()}
    if "all" in named:
        return GROUPS
    if unknown := named - GROUPS:
        raise click.BadParameter(
            f"there is no group {', '.join(sorted(unknown))}: the groups are {', '.join(sorted(GROUPS))}",
            param_hint="--toolsets",
        )
    return frozenset(named)


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
