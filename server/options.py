"""What the commands share: options, exit statuses, running what is asynchronous, and printing."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from database.errors import DatabaseError
from database.platform import default_database_path

if TYPE_CHECKING:
    from collections.abc import Coroutine

# Exit statuses: what was asked was done; a check found a fault; it could not be done.
DONE, INCONSISTENT, FAILED = 0, 1, 2

database = click.option(
    "--db",
    "path",
    type=click.Path(path_type=Path),
    envvar="VOYGEN_DB",
    default=default_database_path,
    show_default="the platform's folder for application data",
    help="The database file (or VOYGEN_DB).",
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def run(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - what the work returns
    """Run it to its end; a database that refuses or fails is told in one line, and the exit status is 2."""
    try:
        return asyncio.run(work)
    except DatabaseError as error:
        click.echo(f"voygen: {error}", err=True)
        sys.exit(FAILED)


def show(result: Any) -> None:  # noqa: ANN401 - text, or what JSON can hold
    click.echo(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, indent=2))
