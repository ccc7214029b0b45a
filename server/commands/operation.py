"""The commands for operators."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import get_completion_class

from database.platform import default_database_path
from database.quoting import file_name, visible
from server.bars import progress_bar
from server.options import (
    DONE,
    FAILED,
    INCONSISTENT,
    CannotDo,
    DatabaseType,
    SettingOption,
    database,
    exit_on_database_error,
    run,
    setting,
    settings_file,
    show,
)
from server.options import as_json as as_json_option
from server.report import escaped
from server.settings import (
    MASK,
    SETTINGS,
    InvalidSettings,
    default_settings_file,
    read_settings_file,
    unknown_variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from database.d1_address import Location


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a completion script for a shell.

    \b
    bash:  voygen completion bash >> ~/.bashrc
    zsh:   voygen completion zsh >> ~/.zshrc
    fish:  voygen completion fish > ~/.config/fish/completions/voygen.fish
    """  # noqa: D301 - \b keeps click from rewrapping the lines
    scripts = get_completion_class(shell)
    assert scripts  # noqa: S101 - click supports all three shells
    show(scripts(context.find_root().command, {}, "voygen", "_VOYGEN_COMPLETE").source().strip())


def _every_setting(command: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(SETTINGS):
        command = setting(name)(command)
    return command


@click.command()
@click.option(
    "--db",
    "where",
    type=DatabaseType(path_type=Path, readable=False),
    envvar="VOYGEN_DB",
    show_envvar=True,
    help="The database file, or d1+https://HOST. Default: the one in the settings.",
)
@as_json_option
@click.pass_context
def doctor(context: click.Context, where: Location | None, *, as_json: bool) -> None:
    """Find setup problems and say how to fix them.

    Checks the environment, SQLite, the settings, the database file and its permissions, the schema and the clients'
    configurations; for a database on Cloudflare D1, the token and the Worker. Writes nothing.

    Exit status: 0 no problems, 1 something to do, 2 the database cannot be read.
    """
    from server.doctoring import describe, examine  # noqa: PLC0415

    named = context.find_root().params["config"]
    settings = Path(named) if named else default_settings_file()
    if where is None:
        with suppress(InvalidSettings):
            db = read_settings_file(settings, must_exist=False).get("db")
            where = DatabaseType(path_type=Path).convert(db, None, context) if db else None
    found = run(examine(where or default_database_path(), settings, settings_must_exist=bool(named)))
    show([finding.as_json() for finding in found] if as_json else describe(found))
    states = {finding.state for finding in found}
    sys.exit(FAILED if "unknown" in states else INCONSISTENT if "to do" in states else DONE)


@click.command()
@database
@click.option("--hours", type=click.IntRange(1, 24 * 90), default=24, show_default=True, help="Hours to look back.")
@click.option(
    "--check/--no-check",
    "look",
    default=True,
    help="Compare the stores now, or use the newest proof record.",
)
@as_json_option
def stats(where: Location, hours: int, *, look: bool, as_json: bool) -> None:
    """Show agreement of the stores, constraint violations, and the success rate and latency of each operation."""
    from server.stats import describe, stats_of_file  # noqa: PLC0415

    with progress_bar("Comparing") as progress:
        measured = run(stats_of_file(where, hours, look=look, progress=progress))
    show(measured.as_json() if as_json else describe(measured))


def _to(words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--to", "target", type=click.Path(path_type=Path), help=words)


@click.command()
@_every_setting
@as_json_option
@click.pass_context
def config(context: click.Context, *, as_json: bool, **values: Any) -> None:  # noqa: ANN401 - depends on the setting's kind
    """Show the value of each setting and where it comes from. Secrets are masked.

    Precedence: flag, environment, settings file, default. The settings file is TOML, for example: log_level = "info"
    """
    path, _ = settings_file(context)
    lines = [_in_force(context, option, values[str(option.name)], path) for option in _options(context)]
    warnings = list(unknown_variables(os.environ).values())
    if as_json:
        show({"file": str(path), "file_exists": path.exists(), "settings": lines, "warnings": warnings})
        return
    width = max(len(line["name"]) for line in lines)
    wide = max(len(escaped(line["shown"])) for line in lines)
    show(f"Settings file: {file_name(path)}" + ("" if path.exists() else " (does not exist)"))
    for line in lines:
        show(f"{line['name']:<{width}}  {escaped(line['shown']):<{wide}}  {escaped(line['source'])}")
    for warning in warnings:
        click.echo(f"Warning: {visible(warning)}", err=True)


@click.command()
@database
@_to("The backup file. Default: a new file beside the database.")
@as_json_option
def backup(where: Location, target: Path | None, *, as_json: bool) -> None:
    """Copy the database to a new file. Servers and old code can keep running.

    For a database on Cloudflare D1, it prints a bookmark of Time Travel instead.
    """
    from server.exporting import back_up  # noqa: PLC0415

    with progress_bar("Copying") as progress:
        done = run(back_up(where, target, progress))
    if as_json:
        show(done)
    elif isinstance(where, Path):
        show(f"Backup:  {file_name(done['backup'])} ({done['bytes']} bytes)")
    else:
        show(f"Backup:  {done['backup']}")
        show("The host keeps it for 7 to 30 days. `voygen export` writes a copy that you keep.")


@click.command()
@database
@_to("The export file. Default: stdout.")
@as_json_option
def export(where: Location, target: Path | None, *, as_json: bool) -> None:
    """Export the database as JSON Lines, for `voygen restore`."""
    from server.exporting import export_file, export_to  # noqa: PLC0415

    with progress_bar("Exporting") as progress, exit_on_database_error():
        if target is None:
            with open(1, "w", encoding="utf-8", newline="\n", closefd=False) as out:
                export_to(where, out, progress)
            return
        done = export_file(where, target, progress)
    show(done if as_json else f"Export:  {file_name(done['export'])} ({done['lines']} lines, {done['bytes']} bytes)")


@click.command()
@click.argument("export", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@database
@as_json_option
def restore(export: Path, where: Location, *, as_json: bool) -> None:
    """Create a database from an export and verify the digest of every table.

    EXPORT is a file, or - for stdin. A database on Cloudflare D1 must be empty; if the command is interrupted, run it
    again to continue.
    """
    from server.exporting import restore_file  # noqa: PLC0415

    with progress_bar("Restoring") as progress, exit_on_database_error():
        done = restore_file(export, where, progress)
    if as_json:
        show(done)
        return
    rows = sum(table["rows"] for table in done["tables"].values())
    show(f"Restored:  {file_name(where)} ({rows} rows in {len(done['tables'])} tables, digests verified)")


@click.command()
@click.argument("client", required=False)
@database
@click.option("--confirm-name", metavar="NAME", help="The client's exact name. Without it, nothing is written.")
@as_json_option
def erase(client: str | None, where: Location, confirm_name: str | None, *, as_json: bool) -> None:
    """Erase everything stored about a client, for good.

    CLIENT is an id, an e-mail or an exact name. The client's places on trips stay, without a name. The report lists
    text that people wrote and that still names the client, and the files beside the database, such as backups and
    exports, that still contain the client's data. Without CLIENT, the command only rewrites the file, so that no
    deleted data remains in it.

    Exit status: 0 no data about the client is left, 1 something is left to do, 2 error.
    """
    from server.erasing import describe, erase_from_file, rewrite_file  # noqa: PLC0415
    from tools.answers.errors import ToolFault  # noqa: PLC0415
    from tools.erasing import IN_TIME_TRAVEL  # noqa: PLC0415

    hosted = not isinstance(where, Path)
    if client is None:
        clean = run(rewrite_file(where))
        in_use = IN_TIME_TRAVEL if hosted else "Another program is using the file: stop it first."
        words = "Deleted content is gone from the file." if clean else in_use
        show({"file_clean": clean} if as_json else words)
        sys.exit(DONE if clean else INCONSISTENT)
    try:
        done = run(erase_from_file(where, client, confirm_name))
    except ToolFault as fault:
        raise CannotDo(f"{fault.problem}\n{fault.remedy}") from fault
    show(done.model_dump() if as_json else describe(done, hosted=hosted))
    left = not done.dry_run and (done.remaining or done.copies or not done.file_clean)
    sys.exit(INCONSISTENT if left else DONE)


def _options(context: click.Context) -> list[SettingOption]:
    return [option for option in context.command.params if isinstance(option, SettingOption)]


def _in_force(context: click.Context, option: SettingOption, value: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401 - depends on the setting's kind
    known = option.setting
    sources = {
        ParameterSource.COMMANDLINE: f"flag {known.flag}",
        ParameterSource.ENVIRONMENT: f"environment {known.variable}",
        ParameterSource.DEFAULT_MAP: f"file {path}",
    }
    source = context.get_parameter_source(str(option.name))
    return {
        "name": known.name,
        "value": MASK if known.secret and value else str(value) if known.kind in {"database", "file"} else value,
        "shown": known.shown(value),
        "source": sources.get(source, "default") if source else "default",
    }
