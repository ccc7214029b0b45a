"""Helpers shared by the commands: options, exit statuses, running async work and printing."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from database.d1_address import Address, is_hosted, parse_address
from database.errors import DatabaseError
from database.quoting import indented_json
from server.report import escaped
from server.settings import SETTINGS, InvalidSettings, default_settings_file, read_settings_file

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence

    from server.settings import Kind, Setting

F = TypeVar("F", bound="Callable[..., Any]")

# Exit statuses: success, a check found problems, error.
DONE, INCONSISTENT, FAILED = 0, 1, 2


class CannotDo(click.ClickException):
    """An error other than a usage error. The message gives the reason and a remedy."""

    exit_code = FAILED


class SettingOption(click.Option):
    """An option backed by a setting. Precedence: flag, environment, settings file, default."""

    def __init__(self, declarations: Sequence[str], *, setting: Setting, **attributes: Any) -> None:  # noqa: ANN401 - click's signature
        super().__init__(declarations, **attributes)
        self.setting = setting

    def consume_value(self, ctx: click.Context, opts: Any) -> tuple[Any, ParameterSource]:  # noqa: ANN401 - click's signature
        value, source = super().consume_value(ctx, opts)
        if source is ParameterSource.DEFAULT and not ctx.resilient_parsing:
            found = settings_file(ctx)[1]
            if self.setting.name in found:
                return found[self.setting.name], ParameterSource.DEFAULT_MAP
        return value, source


def setting(
    name: str,
    parameter: str | None = None,
    callback: Callable[[click.Context, click.Parameter, Any], Any] | None = None,
) -> Callable[[F], F]:
    """Return the option for a setting. Its value is passed as the parameter `parameter`, or else as `name`."""
    known = SETTINGS[name]
    flag = f"{known.flag}/--no-{known.flag[2:]}" if known.kind == "switch" else known.flag
    return click.option(
        flag,
        parameter or name,
        cls=SettingOption,
        setting=known,
        type=_option_type(known),
        multiple=known.kind == "list",
        callback=_parts if known.kind == "list" else callback,
        envvar=known.variable,
        default=known.default,
        help=known.description,
        show_envvar=True,
        show_default=known.default_words or (known.shown(known.default) if known.default else False),
    )


def settings_file(context: click.Context) -> tuple[Path, dict[str, Any]]:
    """Return the path of the settings file in use, and its values. Raises CannotDo if it is invalid."""
    named = context.find_root().params.get("config")
    path = Path(named) if named else default_settings_file()
    read = context.meta.setdefault(_CACHE_KEY, {})
    if path not in read:
        try:
            read[path] = read_settings_file(path, must_exist=bool(named))
        except InvalidSettings as error:
            raise CannotDo(str(error)) from error
    return path, read[path]


def invalid_variables() -> Iterator[tuple[str, str]]:
    """Yield each environment variable with an invalid value, and the problem."""
    for known in SETTINGS.values():
        if os.environ.get(known.variable):
            try:
                click.command()(setting(known.name)(_nothing)).make_context("voygen", [])
            except click.UsageError as error:
                yield known.variable, error.message


def _nothing(**_: object) -> None:
    """Do nothing: the body of a command that only parses its options."""


class DatabaseType(click.Path):
    """The path of a database file, or the address of a hosted database."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's signature
        if not is_hosted(str(value)):
            return super().convert(value, param, ctx)
        try:
            return value if isinstance(value, Address) else parse_address(value)
        except DatabaseError as error:
            self.fail(str(error), param, ctx)


class _Seconds(click.FloatRange):
    """A finite number of seconds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's signature
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value} is not a finite number of seconds.", param, ctx)
        return seconds


def _option_type(known: Setting) -> Any:  # noqa: ANN401 - a Python or click type
    """Return the click type of a setting. Files are not checked here: the code that reads them gives better errors."""
    types: dict[Kind, Any] = {
        "database": DatabaseType(path_type=Path, readable=False),
        "file": click.Path(path_type=Path, readable=False),
        "text": str,
        "list": str,
        "switch": bool,
        "seconds": _Seconds(min=0, min_open=True),
        "number": click.IntRange(min=1),
        "choice": click.Choice(known.choices),
    }
    return types[known.kind]


def _parts(_: click.Context, option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Split the values of a repeatable option at commas."""
    assert isinstance(option, SettingOption)  # noqa: S101 - only used by SettingOption
    parts = tuple(part.strip() for text in value for part in text.split(",") if part.strip())
    if problem := option.setting.problem_with(parts):
        raise click.BadParameter(problem)
    return parts


# The key of the cached settings files in click's context.
_CACHE_KEY = "voygen.settings"

database = setting("db", "where")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def run(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - the coroutine's result
    """Run a coroutine. A database error becomes one line on stderr and exit status 2."""
    with exit_on_database_error():
        return asyncio.run(work)


@contextmanager
def exit_on_database_error() -> Generator[None]:
    """Print a DatabaseError as one line and exit with status 2."""
    try:
        yield
    except DatabaseError as error:
        click.echo(f"voygen: {escaped(error)}", err=True)
        sys.exit(FAILED)


def show(result: Any) -> None:  # noqa: ANN401 - text or JSON
    """Print text, in which stored text is escaped, or JSON. Colours require a terminal; NO_COLOR turns them off."""
    text = result if isinstance(result, str) else indented_json(result)
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)
