"""The commands for whoever keeps the program running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from server.options import SettingOption, setting, settings_file, show
from server.options import as_json as as_json_option
from server.settings import MASK, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _every_setting(command: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(SETTINGS):
        command = setting(name)(command)
    return command


@click.command()
@_every_setting
@as_json_option
@click.pass_context
def config(context: click.Context, *, as_json: bool, **values: Any) -> None:  # noqa: ANN401 - of every kind
    """What is in force: the value of each setting, and where it comes from; secrets are masked.

    A flag goes before the environment, the environment before the settings file, the file before the default. The
    settings file is TOML, a line a setting: log_level = "info"
    """
    path, _ = settings_file(context)
    lines = [_in_force(context, option, values[str(option.name)], path) for option in _options(context)]
    if as_json:
        show({"file": str(path), "file_exists": path.exists(), "settings": lines})
        return
    width = max(len(line["name"]) for line in lines)
    wide = max(len(line["shown"]) for line in lines)
    show(f"Settings file: {path}" + ("" if path.exists() else " (there is none)"))
    for line in lines:
        show(f"{line['name']:<{width}}  {line['shown']:<{wide}}  {line['source']}")


def _options(context: click.Context) -> list[SettingOption]:
    return [option for option in context.command.params if isinstance(option, SettingOption)]


def _in_force(context: click.Context, option: SettingOption, value: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401 - as its kind
    known = option.setting
    sources = {
        ParameterSource.COMMANDLINE: f"flag {known.flag}",
        ParameterSource.ENVIRONMENT: f"environment {known.variable}",
        ParameterSource.DEFAULT_MAP: f"file {path}",
    }
    source = context.get_parameter_source(str(option.name))
    return {
        "name": known.name,
        "value": MASK if known.secret and value else str(value) if known.kind == "file" else value,
        "shown": known.shown(value),
        "source": sources.get(source, "default") if source else "default",
    }
