"""The commands that add voygen to a client and remove it."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from database.d1_address import TOKEN_FILE
from database.quoting import file_name, visible
from server.install.clients import CLIENTS, Platform
from server.install.json_edit import CannotEdit
from server.install.records import Records
from server.options import FAILED, database, setting, show
from server.options import as_json as as_json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from database.d1_address import Location
    from server.install.clients import Client
    from server.install.plan import Change

_client = click.argument("client", type=click.Choice(list(CLIENTS)))

_file = click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Edit this configuration file instead of the client's default.",
)

_dry_run = click.option("--dry-run", is_flag=True, help="Show the diff without writing anything.")


@click.command()
@_client
@database
@setting("toolsets")
@_file
@_dry_run
@as_json_option
@click.pass_context
def install(  # noqa: PLR0913 - the options
    context: click.Context,
    client: str,
    where: Location,
    toolsets: tuple[str, ...],
    file: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add voygen to a client's configuration.

    Shows the diff and backs up the file. Nothing else in the file changes, and an invalid file is left unchanged.
    Running it again keeps the options you don't repeat.
    """
    from server.install.plan import plan_install  # noqa: PLC0415

    settings = context.find_root().params.get("config")
    said = {"--config": ["--config", str(Path(settings).absolute())]} if settings else {}
    db = {"--db": ["--db", str(where.absolute() if isinstance(where, Path) else where)]}
    if context.get_parameter_source("where") is not ParameterSource.DEFAULT:
        said |= db
    match context.get_parameter_source("toolsets"):
        case ParameterSource.COMMANDLINE | ParameterSource.ENVIRONMENT:
            said["--toolsets"] = ["--toolsets", ",".join(toolsets)]
        case ParameterSource.DEFAULT_MAP:  # the server itself reads them from the settings file
            said["--toolsets"] = []
        case _:
            pass
    token_file = os.environ.get(TOKEN_FILE)
    plan = partial(
        plan_install, given=said, defaults=db, token_file=Path(token_file).absolute() if token_file else None
    )
    _do(plan, client, file, dry_run=dry_run, as_json=as_json)


@click.command()
@_client
@_file
@_dry_run
@as_json_option
def uninstall(client: str, file: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Remove voygen from a client's configuration. The database is kept."""
    from server.install.plan import plan_uninstall  # noqa: PLC0415

    _do(plan_uninstall, client, file, dry_run=dry_run, as_json=as_json)


def _do(
    plan: Callable[[Client, Path, Records], Change], name: str, file: Path | None, *, dry_run: bool, as_json: bool
) -> None:
    """Plan the change, write it unless this is a dry run, and report. Exits 2 if the file can't be edited."""
    from server.install.plan import apply_change, require_unicode  # noqa: PLC0415

    client, records = CLIENTS[name], Records()
    path = (file or client.config(Platform.current())).absolute()
    try:
        require_unicode(str(path), "its path")
        change = plan(client, path, records)
        backup = None if dry_run else apply_change(change, records)
    except CannotEdit as error:
        click.echo(f"voygen: {file_name(path)} was left unchanged: {visible(error)}", err=True)
        sys.exit(FAILED)
    if as_json:
        show(_as_json(name, change, backup, dry_run=dry_run))
    else:
        show("\n".join(_lines(change, backup, dry_run=dry_run)))
        for warning in change.warnings:
            click.echo(f"Warning: {visible(warning)}", err=True)


def _as_json(name: str, change: Change, backup: Path | None, *, dry_run: bool) -> dict[str, Any]:
    return {
        "client": name,
        "path": str(change.path),
        "changed": change.needed and not dry_run,
        "dry_run": dry_run,
        "diff": change.diff,
        "kept": list(change.kept),
        "backup": str(backup) if backup else None,
        "warnings": list(change.warnings),
        "next": change.client.restart if change.needed else None,
    }


def _lines(change: Change, backup: Path | None, *, dry_run: bool) -> Iterator[str]:
    if change.kept:
        yield f"Kept:     {' '.join(map(visible, change.kept))}"
    if not change.needed:
        yield f"Nothing to do: {file_name(change.path)} is up to date."
        return
    yield from map(visible, change.diff.split("\n"))
    if dry_run:
        yield "Dry run: nothing was written."
        return
    if backup:
        yield f"Backup:   {file_name(backup)}"
    yield f"{'Written' if change.after is not None else 'Removed'}:  {file_name(change.path)}"
    yield f"Next:     {change.client.restart}"
