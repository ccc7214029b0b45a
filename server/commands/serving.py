"""The command that serves."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import click

from server.http_settings import CannotServe, HttpSettings, parse_address, require_secure
from server.options import FAILED, database, run, setting
from tools.groups import GROUPS

if TYPE_CHECKING:
    from pathlib import Path


def _address(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, int] | None:
    try:
        return parse_address(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _secure(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    try:
        return require_secure(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@database
@setting("migrate")
@setting("toolsets")
@setting("read_only")
@setting("http", "address", _address)
@setting("allowed_hosts")
@setting("allowed_origins")
@setting("issuer", callback=_secure)
@setting("resource", callback=_secure)
@setting("request_timeout")
@setting("client_timeout")
@setting("most_calls")
def serve(
    path: Path,
    toolsets: tuple[str, ...],
    address: tuple[str, int] | None,
    *,
    migrate: bool,
    read_only: bool,
    **http: Any,  # noqa: ANN401 - the fields of HttpSettings
) -> None:
    """Serve MCP over stdin and stdout, as a client such as Claude Desktop starts it, or over HTTP for a team."""
    from server.serving import serve as serve_file  # noqa: PLC0415
    from server.stdio import fill_missing_descriptors  # noqa: PLC0415

    fill_missing_descriptors()
    _log_to_stderr()
    groups = _groups(toolsets)
    try:
        settings = HttpSettings(*address, **http) if address else None
        if settings:
            settings.require_allowed_hosts()
        sys.exit(run(serve_file(path, groups, may_migrate=migrate, read_only=read_only, http=settings)))
    except CannotServe as error:
        click.echo(f"voygen: {error}", err=True)
        sys.exit(FAILED)


def _groups(toolsets: tuple[str, ...]) -> frozenset[str]:
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


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
