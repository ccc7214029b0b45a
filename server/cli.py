"""The command line. What a command needs is imported when it runs, so that help comes at once."""

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

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

_MIGRATION, _OPERATION = "server.commands.migration", "server.commands.operation"

# The commands under their headings, in the order of the help: name, the module that holds it under this name, and what
# it does in a few words.
SECTIONS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "To begin with": [
        ("demo", "server.commands.demo", "See a small database migrated and changed."),
        ("install", "server.commands.installing", "Put voygen into a client, such as Claude Desktop."),
        ("uninstall", "server.commands.installing", "Take it out again."),
        ("doctor", _OPERATION, "Look at all that voygen needs, and say what to do."),
    ],
    "To serve": [
        ("serve", "server.commands.serving", "Serve MCP over stdin and stdout, or over HTTP."),
        ("token", "server.commands.tokens", "Let clients in over HTTP, and out."),
        ("config", _OPERATION, "See which settings are in force, and why."),
        ("completion", _OPERATION, "Let the shell complete commands and options."),
    ],
    "To lead a database from the old shape to the new one": [
        ("migrate", _MIGRATION, "Bring it to this version's schema, after a backup."),
        ("check", _MIGRATION, "Prove that both stores agree."),
        ("repair", _MIGRATION, "Mend what a check finds, and take it back."),
        ("phase", _MIGRATION, "See what stands in the way of the next phase; move."),
        ("validate", _MIGRATION, "Test the live database, leaving nothing behind."),
        ("stats", _OPERATION, "See agreement, violations, success and latency."),
    ],
    "To keep it safe": [
        ("backup", _OPERATION, "Copy it while it is in use."),
        ("export", _OPERATION, "Write all of it as lines of JSON."),
        ("restore", _OPERATION, "Make a new database of an export, proven equal."),
    ],
}

COMMANDS: Mapping[str, str] = {name: module for section in SECTIONS.values() for name, module, _ in section}

_SETTINGS_FILE = click.Path(dir_okay=False, readable=False)

# What a shell takes for stopped by Ctrl+C, for having nobody left to tell, and for told to end.
INTERRUPTED, CUT_OFF, TERMINATED = 130, 141, 143


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(module), cmd_name)
        _take_config(command)
        return command

    def make_context(self, *given: Any, **more: Any) -> click.Context:  # noqa: ANN401 - click's own
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
    """Whoever reads the output, such as `head`, may have read enough: that is no error to tell."""
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
    """Let what is still to be flushed do no harm."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _terminated(*_: object) -> None:
    """Ended as by an exception, so that what was begun is put away."""
    sys.exit(TERMINATED)


def _take_config(command: click.Command) -> None:
    """Let the settings file be named behind the command as well, and behind those below it."""
    if all(parameter.name != "config" for parameter in command.params):
        command.params.append(
            click.Option(
                ["--config"],
                type=_SETTINGS_FILE,
                is_eager=True,
                expose_value=False,
                callback=_note_config,
                help="The settings file, where it is not the usual one.",
            )
        )
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _take_config(below)


def _note_config(context: click.Context, _: click.Parameter, named: str | None) -> None:
    if named is not None:
        context.find_root().params["config"] = named


def _show_version(context: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - as click calls it
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
    help="The settings file, where it is not the usual one; `voygen config` shows what is in force.",
)
def voygen(config: str | None) -> None:
    """The trip desk of a travel agency as an MCP server.

    \b
    See it work:             voygen demo
    Bring a database:        voygen migrate --db trips.db
    Prove that it is whole:  voygen check --db trips.db
    Give it to a client:     voygen install claude-desktop --db trips.db
    Something is wrong:      voygen doctor --db trips.db

    Exits 0 where it was done or all is well, 1 where a check found something, 2 where it could not be done.
    """  # noqa: D301 - \b keeps click from filling the lines


def main() -> None:
    """Run a command; what goes wrong is said in one line, and the exit status is 2, or 130 where it was interrupted."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        status = voygen.main(prog_name="voygen", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_:
        help_.show()
        sys.exit(help_.exit_code)
    except click.ClickException as error:
        click.echo(f"voygen: {_one_line(error)}", err=True)
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
