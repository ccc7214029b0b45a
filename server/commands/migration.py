"""The commands that lead a database from the old shape to the new one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import click

from server.bars import progress_bar
from server.options import DONE, FAILED, INCONSISTENT, database, failing_in_words, run, show
from server.options import as_json as as_json_option

# What SQLite holds as a whole number.
_ID = click.IntRange(-(2**63), 2**63 - 1)

_quiet_days = click.option(
    "--quiet-days",
    type=click.IntRange(0, 3650),
    default=7,
    show_default=True,
    help="For how many days old code must not have written the JSON before it is refused.",
)


@click.command()
@database
@click.option(
    "--from",
    "dump",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Load this SQL dump into the database first; the database must not exist yet.",
)
@click.option("--dry-run", is_flag=True, help="Migrate a copy, say what was done to it, and throw it away.")
@as_json_option
def migrate(path: Path, dump: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Bring a database to this version's schema, after a backup, and say what became of every client entry."""
    from server.migrating import describe, migrate_file  # noqa: PLC0415

    with progress_bar("Migrating") as progress, failing_in_words():
        report = migrate_file(path, dump, dry_run=dry_run, progress=progress)
    show(report.as_json() if as_json else describe(report, dry_run=dry_run))


@click.command()
@database
@click.option("--record", is_flag=True, help="Store the digest of both stores as a proof record, and print it.")
@as_json_option
def check(path: Path, *, record: bool, as_json: bool) -> None:
    """Prove that the junction table and the JSON column agree. Exits 0 if they do, 1 if not, 2 if it can't tell."""
    from server.checking import check_file, describe  # noqa: PLC0415

    with progress_bar("Checking") as progress:
        report, proof = run(check_file(path, record=record, progress=progress))
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
    help="Which side is right where a pair stands on one only.",
)
@click.option("--trip", "trip_id", type=_ID, help="Mend this trip alone.")
@click.option("--apply", "really", is_flag=True, help="Do it; without this the plan is printed.")
@click.option("--undo", "run_id", type=_ID, metavar="RUN", help="Put back what a run changed.")
@as_json_option
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
        result, text = run(undo_file(path, run_id))
    else:
        with progress_bar("Repairing" if really else "Checking") as progress:
            result, text = run(repair_file(path, prefer, trip_id, really=really, progress=progress))
    show(result if as_json else text)


@click.group(invoke_without_command=True)
@database
@_quiet_days
@as_json_option
@click.pass_context
def phase(context: click.Context, path: Path, quiet_days: int, *, as_json: bool) -> None:
    """Where the migration stands, and what stands in the way of its next phase.

    The phases: dual_write, prefer_junction, normalized.
    """
    if context.invoked_subcommand is None:
        from server.phasing import status_of_file  # noqa: PLC0415

        result, text = run(status_of_file(path, quiet_days))
        show(result if as_json else text)


@phase.command()
@database
@_quiet_days
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Let an unlinked entry or a quarantined text pass, by the name that is listed, or a pattern: unlinked/*",
)
@click.option("--apply", "really", is_flag=True, help="Do it; without this what stands in the way is printed.")
@as_json_option
@click.pass_context
def advance(context: click.Context, accept: tuple[str, ...], *, really: bool, **_: object) -> None:
    """Move on to the next phase, once nothing stands in the way."""
    from server.phasing import CannotAdvance, advance_file  # noqa: PLC0415

    path, quiet_days = _named(context, "path"), _named(context, "quiet_days")
    try:
        result, text = run(advance_file(path, quiet_days, accept, really=really))
    except CannotAdvance as refused:
        click.echo(f"voygen: {refused}", err=True)
        sys.exit(FAILED)
    show(result if _named(context, "as_json") else text)


@phase.command()
@database
@click.option("--apply", "really", is_flag=True, help="Do it; without this what would be done is printed.")
@as_json_option
@click.pass_context
def back(context: click.Context, *, really: bool, **_: object) -> None:
    """Move back to the phase before, with all that was archived."""
    from server.phasing import back_file  # noqa: PLC0415

    result, text = run(back_file(_named(context, "path"), really=really))
    show(result if _named(context, "as_json") else text)


@click.command()
@database
@as_json_option
def validate(path: Path, *, as_json: bool) -> None:
    """Test a live database: each check is done and rolled back. Exits 0 if all passed, 1 if not, 2 if it can't tell."""
    from server.validating import describe, validate_file  # noqa: PLC0415

    outcomes = run(validate_file(path))
    show([outcome.as_json() for outcome in outcomes] if as_json else describe(outcomes))
    sys.exit(DONE if all(outcome.passed for outcome in outcomes) else INCONSISTENT)


def _named(context: click.Context, name: str) -> Any:  # noqa: ANN401 - an option's value
    """An option of a subcommand, or of the command before it where it was named there and not here."""
    said = click.core.ParameterSource.COMMANDLINE
    before = context.parent
    if before and context.get_parameter_source(name) is not said and before.get_parameter_source(name) is said:
        return before.params[name]
    return context.params[name]
