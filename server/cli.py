"""The command line. What a command needs is imported when it runs, so that help comes at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each command by its name, in the order of the help, and the module that holds it under the same name.
COMMANDS: Mapping[str, str] = {
    "demo": "server.commands.demo",
    "serve": "server.commands.serving",
    "install": "server.commands.installing",
    "uninstall": "server.commands.installing",
    "migrate": "server.commands.migration",
    "check": "server.commands.migration",
    "repair": "server.commands.migration",
    "phase": "server.commands.migration",
    "validate": "server.commands.migration",
    "token": "server.commands.tokens",
    "doctor": "server.commands.operation",
    "stats": "server.commands.operation",
    "backup": "server.commands.operation",
    "export": "server.commands.operation",
    "restore": "server.commands.operation",
    "config": "server.commands.operation",
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        return getattr(import_module(module), cmd_name) if module else None


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
    type=click.Path(dir_okay=False),
    envvar="VOYGEN_CONFIG",
    show_envvar=True,
    help="The settings file, where it is not the usual one; `voygen config` shows what is in force.",
)
def voygen(config: str | None) -> None:
    """The trip desk of a travel agency as an MCP server.

    Start with: voygen demo
    """


def main() -> None:
    """Run a command; what goes wrong is said in one line, and the exit status is 2."""
    voygen(prog_name="voygen")
