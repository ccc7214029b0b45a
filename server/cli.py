"""The command line. Each command imports what it needs when it runs, so help is fast."""

from __future__ import annotations

import difflib
import os
import re
import signal
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from database.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

_MIGRATION, _OPERATION = "server.commands.migration", "server.commands.operation"

# Commands by help section, in display order: name, module and short description.
SECTIONS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "Getting started": [
        ("demo", "server.commands.demo", "Migrate and change a small sample database."),
        ("install", "server.commands.installing", "Add voygen to a client, such as Claude Desktop."),
        ("uninstall", "server.commands.installing", "Remove voygen from a client."),
        ("doctor", _OPERATION, "Find setup problems and say how to fix them."),
    ],
    "Serving": [
        ("serve", "server.commands.serving", "Serve MCP over stdio or HTTP."),
        ("desk", "server.commands.serving", "Show trips and the migration in a browser, read only."),
        ("token", "server.commands.tokens", "Manage access tokens for HTTP."),
        ("config", _OPERATION, "Show the settings and where each comes from."),
        ("completion", _OPERATION, "Print a shell completion script."),
    ],
    "Migration": [
        ("migrate", _MIGRATION, "Back up the database and migrate its schema."),
        ("check", _MIGRATION, "Check that both stores agree."),
        ("repair", _MIGRATION, "Repair what a check finds, or undo a repair."),
        ("phase", _MIGRATION, "Show or change the migration phase."),
        ("schema", _MIGRATION, "Detach the triggers and views for another program's migration."),
        ("validate", _MIGRATION, "Run a self-test that leaves no data behind."),
        ("stats", _OPERATION, "Show agreement, violations, success rates and latency."),
    ],
    "Data": [
        ("backup", _OPERATION, "Copy the database while it is in use."),
        ("export", _OPERATION, "Export the database as JSON Lines."),
        ("restore", _OPERATION, "Create a database from an export and verify it."),
        ("erase", _OPERATION, "Erase everything stored about a client."),
    ],
}

COMMANDS: Mapping[str, str] = {name: module for section in SECTIONS.values() for name, module, _ in section}

_SETTINGS_FILE = click.Path(dir_okay=False, readable=False)

# Exit statuses after SIGINT, SIGPIPE and SIGTERM, by shell convention.
INTERRUPTED, CUT_OFF, TERMINATED = 130, 141, 143


class _LazyGroup(click.Group):
    """A group that imports each command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(module), cmd_name)
        _take_config(command)
        return command

    def make_context(self, *given: Any, **more: Any) -> click.Context:  # noqa: ANN401 - click's signature
        with _reader_may_leave():
            return super().make_context(*given, **more)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        with _reader_may_leave():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(error.message + meant, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        width = max(map(len, COMMANDS))
        for heading, section in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{width}}", words) for name, _, words in section])


@contextmanager
def _reader_may_leave() -> Generator[None]:
    """Exit quietly if the reader of the output, such as `head`, closes the pipe."""
    try:
        try:
            yield
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except BrokenPipeError as error:
        _write_nowhere()
        raise click.exceptions.Exit(CUT_OFF) from error
    except OSError as error:
        if error.filename is not None:
            raise
        _write_nowhere()
        from server.options import CannotDo  # noqa: PLC0415

        raise CannotDo(f"the output cannot be written: {error.strerror}.") from error


def _write_nowhere() -> None:
    """Discard the rest of the output, so that the flush at exit cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _terminated(*_: object) -> None:
    """Exit by raising an exception, so that cleanup runs."""
    sys.exit(TERMINATED)


def _take_config(command: click.Command) -> None:
    """Also accept --config after the command and its subcommands."""
    if all(parameter.name != "config" for parameter in command.params):
        command.params.append(
            click.Option(
                ["--config"],
                type=_SETTINGS_FILE,
                is_eager=True,
                expose_value=False,
                callback=_note_config,
                help="Use this settings file.",
            )
        )
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _take_config(below)


def _note_config(context: click.Context, _: click.Parameter, named: str | None) -> None:
    if named is not None:
        context.find_root().params["config"] = named


def _show_version(context: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's signature
    if asked:
        from server.launch import voygen_version  # noqa: PLC0415

        click.echo(f"voygen, version {voygen_version()}")
        context.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.option(
    "--config",
    type=_SETTINGS_FILE,
    envvar="VOYGEN_CONFIG",
    show_envvar=True,
    help="Use this settings file. `voygen config` shows the default path.",
)
def voygen(config: str | None) -> None:
    """MCP server for a travel agency's trip desk.

    \b
    Try it:              voygen demo
    Migrate a database:  voygen migrate --db trips.db
    Check it:            voygen check --db trips.db
    Add it to a client:  voygen install claude-desktop --db trips.db
    Find problems:       voygen doctor --db trips.db

    Exit status: 0 success, 1 a check found problems, 2 error.
    """  # noqa: D301 - \b keeps click from rewrapping the lines


def main() -> None:
    """Run a command. An error prints one line and exits with status 2; an interrupt exits with status 130."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        status = voygen.main(prog_name="voygen", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_:
        help_.show()
        sys.exit(help_.exit_code)
    except click.ClickException as error:
        click.echo(f"voygen: {visible(_one_line(error))}", err=True)
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("voygen: interrupted", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(status if isinstance(status, int) else 0)


def _one_line(error: click.ClickException) -> str:
    words = re.sub(r"\s*\n\s*", " ", error.format_message())
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return words
    return f"{words}{'' if words.endswith(('.', '?')) else '.'} See `{error.ctx.command_path} --help`."
