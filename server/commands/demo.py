"""The command that shows all of it."""

from __future__ import annotations

import sys

import click

from server.options import run


@click.command()
def demo() -> None:
    """Migrate a small legacy database and change a trip on it through a real MCP client, before your eyes."""
    from server.demo import run_demo  # noqa: PLC0415

    sys.exit(run(run_demo(click.echo)))
