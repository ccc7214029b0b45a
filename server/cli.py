"""The command line. What a command needs is imported when it runs, so that help comes at once."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from database.errors import DatabaseError
from database.platform import default_database_path
from tools.groups import DEFAULT_GROUPS, GROUPS

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
_quiet_days = click.option(
    "--quiet-days",
    type=click.IntRange(0, 3650),
    default=7,
    show_default=True,
    help="For how many days old code must not have written the JSON before it is refused.",
)


def _show_version(context: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - as click calls it
    if asked:
        from server.launch import voygen_version  # noqa: PLC0415

        click.echo(f"voygen, version {voygen_version()}")
        context.exit()


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
def voygen() -> None:
    """The trip desk of a travel agency as an MCP server.

    Start with: voygen demo
    """


@voygen.command()
@_database
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
    from server.serving import serve as run  # noqa: PLC0415
    from server.stdio import fill_missing_descriptors  # noqa: PLC0415

    fill_missing_descriptors()
    _log_to_stderr()
    sys.exit(_run(run(path, _groups(toolsets), may_migrate=migrate, read_only=read_only)))


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
@click.option("--record", is_flag=True, help="Store the digest of both stores as a proof record, and print it.")
@_as_json
def check(path: Path, *, record: bool, as_json: bool) -> None:
    """Prove that the junction table and the JSON column agree. Exits 0 if they do, 1 if not, 2 if it can't tell."""
    from server.checking import check_file, describe  # noqa: PLC0415

    report, proof = _run(check_file(path, record=record))
    if as_json:
        _print(report.as_json() | ({"proof": proof.as_json()} if proof else {}))
    else:
        _print(describe(report, proof))
    sys.exit(DONE if report.consistent else INCONSISTENT)


@voygen.command()
@_database
@click.option(
    "--prefer",
    type=click.Choice(["union", "junction", "json"]),
    default="union",
    show_default=True,
    help="Which side is right where a pair stands on one only.",
)
@click.option("--trip", "trip_id", type=int, help="Mend this trip alone.")
@click.option("--apply", "really", is_flag=True, help="Do it; without this the plan is printed.")
@click.option("--undo", "run_id", type=int, metavar="RUN", help="Put back what a run changed.")
@_as_json
def repair(  # noqa: PLR0913 - the options
    path: Path,
    prefer: Literal["union", "junction", "json"],
    trip_id: int | None,
    run_id: int | None,
    *,
    really: bool,
    as_json: bool,
) -> None:
    """Mend what a check finds. Everything changed is recorded with its old value, and can be put back."""
    from server.repairing import repair_file, undo_file  # noqa: PLC0415

    if run_id is not None:
        result, text = _run(undo_file(path, run_id))
    else:
        result, text = _run(repair_file(path, prefer, trip_id, really=really))
    _print(result if as_json else text)


@voygen.group(invoke_without_command=True)
@_database
@_quiet_days
@_as_json
@click.pass_context
def phase(context: click.Context, path: Path, quiet_days: int, *, as_json: bool) -> None:
    """Where the migration stands, and what stands in the way of its next phase.

    The phases: dual_write, prefer_junction, normalized.
    """
    if context.invoked_subcommand is None:
        from server.phasing import status_of_file  # noqa: PLC0415

        result, text = _run(status_of_file(path, quiet_days))
        _print(result if as_json else text)


@phase.command()
@_database
@_quiet_days
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Let an unlinked entry or a quarantined text pass, by the name that is listed, or a pattern: unlinked/*",
)
@click.option("--apply", "really", is_flag=True, help="Do it; without this what stands in the way is printed.")
@click.pass_context
def advance(context: click.Context, accept: tuple[str, ...], *, really: bool, **_: object) -> None:
    """Move on to the next phase, once nothing stands in the way."""
    from server.phasing import advance_file  # noqa: PLC0415

    path, quiet_days = _named(context, "path"), _named(context, "quiet_days")
    _print(_run(advance_file(path, quiet_days, accept, really=really)))


@phase.command()
@_database
@click.option("--apply", "really", is_flag=True, help="Do it; without this what would be done is printed.")
@click.pass_context
def back(context: click.Context, *, really: bool, **_: object) -> None:
    """Move back to the phase before, with all that was archived."""
    from server.phasing import back_file  # noqa: PLC0415

    _print(_run(back_file(_named(context, "path"), really=really)))


@voygen.command()
@_database
@_as_json
def validate(path: Path, *, as_json: bool) -> None:
    """Test a live database: each check is done and rolled back. Exits 0 if all passed, 1 if not, 2 if it can't tell."""
    from server.validating import describe, validate_file  # noqa: PLC0415

    outcomes = _run(validate_file(path))
    _print([outcome.as_json() for outcome in outcomes] if as_json else describe(outcomes))
    sys.exit(DONE if all(outcome.passed for outcome in outcomes) else INCONSISTENT)


@voygen.command()
def demo() -> None:
    """Migrate a small legacy database and change a trip on it through a real MCP client, before your eyes."""
    from server.demo import run_demo  # noqa: PLC0415

    sys.exit(_run(run_demo(click.echo)))


def main() -> None:
    """Run a command; what goes wrong is said in one line, and the exit status is 2."""
    voygen(prog_name="voygen")


def _named(context: click.Context, name: str) -> Any:  # noqa: ANN401 - an option's value
    """An option of a subcommand, or of the command before it where it was named there and not here."""
    said = click.core.ParameterSource.COMMANDLINE
    before = context.parent
    if before and context.get_parameter_source(name) is not said and before.get_parameter_source(name) is said:
        return before.params[name]
    return context.params[name]


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


def _run(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - what the work returns
    try:
        return asyncio.run(work)
    except DatabaseError as error:
        click.echo(f"voygen: {error}", err=True)
        sys.exit(FAILED)


def _print(result: Any) -> None:  # noqa: ANN401 - text, or what JSON can hold
    click.echo(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, indent=2))


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
