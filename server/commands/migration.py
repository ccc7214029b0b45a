"""The commands that migrate a database from the JSON column to the junction table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from server.bars import progress_bar
from server.options import DONE, FAILED, INCONSISTENT, database, exit_on_database_error, run, show
from server.options import as_json as as_json_option

if TYPE_CHECKING:
    from database.d1_address import Location

# The range of an SQLite integer.
_INTEGER = click.IntRange(-(2**63), 2**63 - 1)


class _Id(click.ParamType[int]):
    """An SQLite integer whose range is not shown in the help."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's signature
        return _INTEGER.convert(value, param, ctx)


_ID = _Id()

_quiet_days = click.option(
    "--quiet-days",
    type=click.IntRange(0, 3650),
    default=7,
    show_default=True,
    help="Days without writes by old code that are required before advancing; 0 skips the check.",
)


@click.command()
@database
@click.option(
    "--from",
    "dump",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Create the database from this SQL dump. The database must not exist yet.",
)
@click.option("--dry-run", is_flag=True, help="Migrate a temporary copy and print the report.")
@as_json_option
def migrate(where: Location, dump: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Back up a database, migrate its schema and report the outcome of every client entry."""
    from server.migrating import describe, migrate_file  # noqa: PLC0415

    with progress_bar("Migrating") as progress, exit_on_database_error():
        report = migrate_file(where, dump, dry_run=dry_run, progress=progress)
    show(report.as_json() if as_json else describe(report, dry_run=dry_run))


@click.command()
@database
@click.option("--record", is_flag=True, help="Store and print a proof record with a digest of both stores.")
@as_json_option
def check(where: Location, *, record: bool, as_json: bool) -> None:
    """Check that the junction table and the JSON column agree.

    Exit status: 0 they agree, 1 they differ, 2 error.
    """
    from server.checking import check_file, describe  # noqa: PLC0415

    with progress_bar("Checking") as progress:
        report, proof = run(check_file(where, record=record, progress=progress))
    if as_json:
        show(report.as_json() | ({"proof": proof.as_json()} if proof else {}))
    else:
        show(describe(report, proof))
    sys.exit(DONE if report.consistent else INCONSISTENT)


@click.command()
@database
@click.option(
    "--prefer",
    type=click.Choice(["union", "junction", "json"]),
    default="union",
    show_default=True,
    help="Store to trust for an assignment that only one store has.",
)
@click.option("--trip", "trip_id", type=_ID, help="Repair only this trip.")
@click.option("--apply", "really", is_flag=True, help="Run the repairs. Without this, only the plan is printed.")
@click.option("--undo", "run_id", type=_ID, metavar="RUN", help="Undo this repair run.")
@as_json_option
def repair(  # noqa: PLR0913 - the options
    where: Location,
    prefer: Literal["union", "junction", "json"],
    trip_id: int | None,
    run_id: int | None,
    *,
    really: bool,
    as_json: bool,
) -> None:
    """Repair what a check finds. Prints the plan; --apply runs it, --undo reverts a run."""
    from server.repairing import repair_file, undo_file  # noqa: PLC0415

    if run_id is not None:
        result, text = run(undo_file(where, run_id))
    else:
        with progress_bar("Repairing" if really else "Checking") as progress:
            result, text = run(repair_file(where, prefer, trip_id, really=really, progress=progress))
    show(result if as_json else text)


@click.group(invoke_without_command=True)
@database
@_quiet_days
@as_json_option
@click.pass_context
def phase(context: click.Context, where: Location, quiet_days: int, *, as_json: bool) -> None:
    """Show the migration phase and what blocks the next one.

    Phases: dual_write, prefer_junction, normalized.
    """
    if context.invoked_subcommand is None:
        from server.phasing import status_of_file  # noqa: PLC0415

        result, text = run(status_of_file(where, quiet_days))
        show(result if as_json else text)


@phase.command()
@database
@_quiet_days
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Accept an unlinked entry or a quarantined text, by name or pattern, such as unlinked/*. Repeatable.",
)
@click.option("--apply", "really", is_flag=True, help="Advance. Without this, only the obstacles are printed.")
@as_json_option
@click.pass_context
def advance(context: click.Context, accept: tuple[str, ...], *, really: bool, **_: object) -> None:
    """Advance to the next phase, if nothing blocks it."""
    from server.phasing import CannotAdvance, advance_file  # noqa: PLC0415

    where, quiet_days = _named(context, "where"), _named(context, "quiet_days")
    try:
        result, text = run(advance_file(where, quiet_days, accept, really=really))
    except CannotAdvance as refused:
        click.echo(f"voygen: {refused}", err=True)
        sys.exit(FAILED)
    show(result if _named(context, "as_json") else text)


@phase.command()
@database
@click.option("--apply", "really", is_flag=True, help="Go back. Without this, nothing is changed.")
@as_json_option
@click.pass_context
def back(context: click.Context, *, really: bool, **_: object) -> None:
    """Go back to the previous phase and restore archived data."""
    from server.phasing import back_file  # noqa: PLC0415

    result, text = run(back_file(_named(context, "where"), really=really))
    show(result if _named(context, "as_json") else text)


@click.group(invoke_without_command=True)
@database
@as_json_option
@click.pass_context
def schema(context: click.Context, where: Location, *, as_json: bool) -> None:
    """Show, detach or attach the triggers and views, for another program's migration."""
    if context.invoked_subcommand is None:
        from server.schema import status_of_file  # noqa: PLC0415

        result, text = run(status_of_file(where))
        show(result if as_json else text)


@schema.command("detach")
@database
@as_json_option
@click.pass_context
def schema_detach(context: click.Context, **_: object) -> None:
    """Drop the triggers and views. Servers refuse to write until they are attached."""
    from server.schema import detach_file  # noqa: PLC0415

    result, text = run(detach_file(_named(context, "where")))
    show(result if _named(context, "as_json") else text)


@schema.command("attach")
@database
@as_json_option
@click.pass_context
def schema_attach(context: click.Context, **_: object) -> None:
    """Recreate the triggers and views, put back what was lost, repair and check.

    Exit status: 0 the stores agree, 1 they differ, 2 error.
    """
    from server.schema import attach_file  # noqa: PLC0415

    with progress_bar("Attaching") as progress:
        result, text, consistent = run(attach_file(_named(context, "where"), progress=progress))
    show(result if _named(context, "as_json") else text)
    sys.exit(DONE if consistent else INCONSISTENT)


@click.command()
@database
@as_json_option
def validate(where: Location, *, as_json: bool) -> None:
    """Test a live database. Every test is rolled back.

    Exit status: 0 all tests passed, 1 a test failed, 2 error.
    """
    from server.validating import describe, validate_file  # noqa: PLC0415

    outcomes = run(validate_file(where))
    show([outcome.as_json() for outcome in outcomes] if as_json else describe(outcomes))
    sys.exit(DONE if all(outcome.passed for outcome in outcomes) else INCONSISTENT)


def _named(context: click.Context, name: str) -> Any:  # noqa: ANN401 - an option's value
    """Return the value of an option, from the parent command if it was given only there."""
    said = click.core.ParameterSource.COMMANDLINE
    before = context.parent
    if before and context.get_parameter_source(name) is not said and before.get_parameter_source(name) is said:
        return before.params[name]
    return context.params[name]
