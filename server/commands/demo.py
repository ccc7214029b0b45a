"""The demo command."""

from __future__ import annotations

import sys

import click

from server.options import run


@click.command()
def demo() -> None:
    """Migrate a small legacy database and change a trip in it through an MCP client."""
    from server.demo import run_demo  # noqa: PLC0415

    sys.exit(run(run_demo(click.echo)))
