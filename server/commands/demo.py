"""The demo command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.options import DatabaseType, run

if TYPE_CHECKING:
    from database.d1_address import Location


@click.command()
@click.option(
    "--db",
    "where",
    type=DatabaseType(path_type=Path),
    metavar="ADDRESS",
    help="Run on this empty hosted database (d1+https://HOST), which keeps the sample.",
)
def demo(where: Location | None) -> None:
    """Migrate a small legacy database and change a trip in it through an MCP client."""
    from server.demo import run_demo  # noqa: PLC0415

    if isinstance(where, Path):
        raise click.UsageError("the demo makes its own file: omit --db, or pass an empty hosted database.")
    sys.exit(run(run_demo(click.echo, where)))
