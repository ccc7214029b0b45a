"""The command line. What a command needs is imported when it runs, so that help comes at once."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from database.errors import DatabaseError
from database.platform import default_database_path

if TYPE_CHECKING:
    from collections.abc import Coroutine

# Exit statuses: what was asked was done; a check found that the stores disagree; it could not be done.
DONE, INCONSISTENT, FAILED = 0, 1, 2

_database = click.option(
    "--db",
    "path",
    type=click.Path(path_type=Path),
    envvar="VOYGEN_DB",
    default=default_database_path,
    show_default="the platform's folder for application data",
    help="The database file (or VOYGEN_DB).",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="voygen")
def voygen() -> None:
    """The trip desk of a travel agency as an MCP server.

    Start with: voygen demo
    """


@voygen.command()
@_database
@click.option("--migrate/--no-migrate", default=True, help="Bring the database to this version's schema at start.")
def serve(path: Path, *, migrate: bool) -> None:
    """Serve MCP over stdin and stdout, as a client such as Claude Desktop starts it."""
    from server.serving import serve as run  # noqa: PLC0415

    _log_to_stderr()
    sys.exit(_run(run(path, may_migrate=migrate)))


@voygen.command()
@_database
@click.option(
    "--from",
    "dump",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Load this SQL dump into the database first; the database must not exist yet.",
)
@click.option("--dry-run", is_flag=True, help="Migrate a copy, say what was done to it, and throw it away.")
@_as_json
def migrate(path: Path, dump: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Bring a database to this version's schema, after a backup, and say what became of every client entry."""
    from server.migrating import describe, migrate_file  # noqa: PLC0415

    report = _run(migrate_file(path, dump, dry_run=dry_run))
    _print(report.as_json() if as_json else describe(report, dry_run=dry_run))


@voygen.command()
@_database
@_as_json
def check(path: Path, *, as_json: bool) -> None:
    """Prove that the junction table and the JSON column agree. Exits 0 if they do, 1 if not, 2 if it can't tell."""
    from server.checking import check_file, describe  # noqa: PLC0415

    report = _run(check_file(path))
    _print(report.as_json() if as_json else describe(report))
    sys.exit(DONE if report.consistent else INCONSISTENT)


@voygen.command()
def demo() -> None:
    """Migrate a small legacy database and change a trip on it through a real MCP client, before your eyes."""
    from server.demo import run_demo  # noqa: PLC0415

    sys.exit(_run(run_demo(click.echo)))


def main() -> None:
    """Run a command; what goes wrong is said in one line, and the exit status is 2."""
    voygen(prog_name="voygen")


def _run(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - what the work returns
    try:
        return asyncio.run(work)
    except DatabaseError as error:
        click.echo(f"voygen: {error}", err=True)
        sys.exit(FAILED)


def _print(result: dict[str, Any] | str) -> None:
    click.echo(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, indent=2))


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
