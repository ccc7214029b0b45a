"""The commands serve and desk."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from database.quoting import visible
from server.http.settings import CannotServe, HttpSettings, parse_address, require_secure
from server.options import FAILED, CannotDo, database, run, setting
from server.settings import unknown_variables
from tools.documents.sources import Sources
from tools.groups import GROUPS
from tools.proposals.house import House

if TYPE_CHECKING:
    from pathlib import Path

    from database.d1_address import Location

logger = logging.getLogger("voygen")


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


def _folder(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and not value.is_dir():
        raise click.BadParameter(f"{value} is not a folder: create it, or pass the path of another one.")
    return value.resolve() if value is not None else None


def _agency(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    if value is not None:
        from tools.proposals.agency import InvalidAgency, read_agency  # noqa: PLC0415 - imports pydantic

        try:
            read_agency(value)
        except InvalidAgency as error:
            raise click.BadParameter(str(error)) from error
    return value.resolve() if value is not None else None


@click.command()
@database
@setting("migrate")
@setting("toolsets")
@setting("read_only")
@setting("import_dir", callback=_folder)
@setting("templates_dir", callback=_folder)
@setting("agency_file", callback=_agency)
@setting("proposals_dir", callback=_folder)
@setting("allow_hosts")
@setting("fetch")
@setting("http", "address", _address)
@setting("allowed_hosts")
@setting("allowed_origins")
@setting("issuer", callback=_secure)
@setting("resource", callback=_secure)
@setting("request_timeout")
@setting("client_timeout")
@setting("most_calls")
@setting("synchronous")
@setting("patience")
@setting("log_level")
@setting("log_format")
@setting("otel_endpoint")
@setting("otel_headers")
def serve(  # noqa: PLR0913 - the settings
    where: Location,
    toolsets: tuple[str, ...],
    import_dir: Path | None,
    templates_dir: Path | None,
    agency_file: Path | None,
    proposals_dir: Path | None,
    allow_hosts: tuple[str, ...],
    address: tuple[str, int] | None,
    patience: float,
    synchronous: Literal["full", "normal"],
    log_level: str,
    log_format: Literal["text", "json"],
    otel_endpoint: str | None,
    otel_headers: str | None,
    *,
    migrate: bool,
    read_only: bool,
    fetch: bool,
    **http: Any,  # noqa: ANN401 - the fields of HttpSettings
) -> None:
    """Serve MCP over stdio for one client, or over HTTP for a team."""
    from server.launch import fill_missing_descriptors, voygen_version  # noqa: PLC0415
    from server.logs import set_up_logging  # noqa: PLC0415
    from server.serving import serve as serve_file  # noqa: PLC0415
    from server.tracing import send_traces  # noqa: PLC0415

    fill_missing_descriptors()
    set_up_logging(log_level, log_format)
    for warning in unknown_variables(os.environ).values():
        logger.warning(warning)
    groups = GROUPS if "all" in toolsets else frozenset(toolsets)
    try:
        settings = HttpSettings(*address, **http) if address else None
        if settings:
            settings.require_allowed_hosts()
        with send_traces(otel_endpoint, otel_headers, voygen_version()):
            serving = serve_file(
                where,
                groups,
                may_migrate=migrate,
                read_only=read_only,
                sources=Sources(import_dir, allow_hosts, may_fetch=fetch),
                house=House(templates_dir, agency_file, proposals_dir),
                http=settings,
                patience=patience,
                synchronous=synchronous,
            )
            sys.exit(run(serving))
    except CannotServe as error:
        click.echo(f"voygen: {visible(error)}", err=True)
        sys.exit(FAILED)


@click.command()
@database
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Listen on this port. Default: a free one.")
@setting("patience")
def desk(where: Location, port: int, patience: float) -> None:
    """Show trips and the migration in a browser on this machine, read only.

    Prints a link that works once, and runs until it is stopped. The database is opened for reading only.
    """
    from server.browser.serving import serve_desk  # noqa: PLC0415

    try:
        run(serve_desk(where, port, patience, click.echo))
    except CannotServe as error:
        raise CannotDo(str(error)) from error
