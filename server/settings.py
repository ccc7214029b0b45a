"""The settings: one table, from which the options, `voygen config` and the README's table are made.

A value is what a flag says, else the environment, else the settings file, else the default.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import platformdirs

from database.platform import default_database_path
from tools.groups import DEFAULT_GROUPS, GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Kind: TypeAlias = Literal["file", "text", "list", "switch", "seconds", "number", "choice"]

MASK = "****"

PREFIX = "VOYGEN_"

# Variables that are no settings and known all the same: those of the tests.
_OF_THE_TESTS = frozenset({"VOYGEN_NODE"})


class SettingsWrong(Exception):
    """A settings file that cannot be taken: what is wrong in it, and what to write."""


@dataclass(frozen=True)
class Setting:
    """`default` may be a function of no arguments, called when it is needed, and is then told by `default_words`.

    The value of a list is a tuple of texts, each of the `choices` if there are some. `option` and `environment` are for
    names that do not follow from `name`.
    """

    name: str
    kind: Kind
    words: str
    default: Any = None
    default_words: str = ""
    choices: tuple[str, ...] = ()
    secret: bool = False
    option: str = ""
    environment: str = ""

    @property
    def flag(self) -> str:
        return self.option or "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return self.environment or f"VOYGEN_{self.name.upper()}"

    def wrong_in(self, value: Sequence[str]) -> str:
        """What is wrong with a list that holds what is no choice, or chooses nothing; "" if nothing is."""
        if self.choices and not value:
            return f"choose at least one of {', '.join(self.choices)}"
        unknown = [one for one in value if self.choices and one not in self.choices]
        return f"no such choice as {', '.join(unknown)}: there are {', '.join(self.choices)}" if unknown else ""

    def default_value(self) -> Any:  # noqa: ANN401 - as the setting's kind
        return self.default() if callable(self.default) else self.default

    def shown(self, value: Any) -> str:  # noqa: ANN401 - as the setting's kind
        """The value as a person reads it, a secret masked."""
        if value in (None, (), ""):
            return "none"
        if self.secret:
            return MASK
        if self.kind == "switch":
            return "true" if value else "false"
        return ", ".join(cast("tuple[str, ...]", value)) if self.kind == "list" else str(value)


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "db",
            "file",
            "The database file.",
            default=default_database_path,
            default_words="voygen.db in the platform's folder for application data",
        ),
        Setting(
            "toolsets",
            "list",
            "Groups of tools to offer, separated by commas, or all.",
            default=tuple(DEFAULT_GROUPS),
            choices=("all", *sorted(GROUPS)),
        ),
        Setting("read_only", "switch", "Offer only tools that read, on a database opened read-only.", default=False),
        Setting("migrate", "switch", "Bring the database to this version's schema at start.", default=True),
        Setting(
            "http", "text", "Serve over HTTP at HOST:PORT (or :PORT, this machine alone) instead of stdin and stdout."
        ),
        Setting(
            "allowed_hosts",
            "list",
            "A name that clients call the server by over HTTP; may be repeated.",
            default=(),
            option="--allowed-host",
        ),
        Setting(
            "allowed_origins",
            "list",
            "An origin of browser pages that may call it; may be repeated.",
            default=(),
            option="--allowed-origin",
        ),
        Setting("issuer", "text", "The URL of the authorization server whose access tokens are taken."),
        Setting("resource", "text", "The URL that such a token must be for, where it is not this server's own."),
        Setting("request_timeout", "seconds", "How long a call over HTTP may run, in seconds.", default=60.0),
        Setting("client_timeout", "seconds", "How long a client may take to send a request, in seconds.", default=15.0),
        Setting("most_calls", "number", "How many calls over HTTP run at the same time.", default=64),
        Setting(
            "log_level",
            "choice",
            "How much to log on stderr; arguments of calls only at debug.",
            default="warning",
            choices=("debug", "info", "warning", "error"),
        ),
        Setting("log_format", "choice", "Lines of text, or of JSON.", default="text", choices=("text", "json")),
        Setting("patience", "seconds", "How long to wait for other programs' writes, in seconds.", default=30.0),
        Setting(
            "otel_endpoint",
            "text",
            "Where to send OpenTelemetry traces: the base URL of an OTLP receiver.",
            environment="OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
        Setting(
            "otel_headers",
            "text",
            "Headers for it: name=value, separated by commas.",
            secret=True,
            environment="OTEL_EXPORTER_OTLP_HEADERS",
        ),
    )
}


def default_settings_file() -> Path:
    return platformdirs.user_config_path("voygen", appauthor=False) / "config.toml"


def read_settings_file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    """The settings that the file says, by name. Raises SettingsWrong; a relative path is from the file's folder on."""
    try:
        said = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError as error:
        if must_exist:
            raise SettingsWrong(f"{path} does not exist: make it, or name another with --config.") from error
        return {}
    except OSError as error:
        raise SettingsWrong(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsWrong(f"{path} is not UTF-8: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong(f"{path} is not TOML: {error}.") from error
    return {name: _checked(path, name, value) for name, value in said.items()}


def strange_variables(names: Iterable[str]) -> dict[str, str]:
    """Those named like a variable of ours that are none, each with that said, and the nearest that is one."""
    known = {setting.variable.removeprefix(PREFIX) for setting in SETTINGS.values()} | {"CONFIG"}
    strange: dict[str, str] = {}
    for name in sorted(name for name in names if name.startswith(PREFIX) and name not in _OF_THE_TESTS):
        rest = name.removeprefix(PREFIX)
        if rest not in known:
            near = difflib.get_close_matches(rest, known, 1)
            strange[name] = f"{name} is no setting: {PREFIX}{near[0]}?" if near else f"{name} is no setting."
    return strange


def markdown_table() -> str:
    """The table of the README."""
    lines = ["| flag | environment | in the file | default | what it is |", "| --- | --- | --- | --- | --- |"]
    for setting in SETTINGS.values():
        default = setting.default_words or f"`{setting.shown(setting.default)}`".replace("`none`", "none")
        flag = f"{setting.flag}`, `--no-{setting.flag[2:]}" if setting.kind == "switch" else setting.flag
        cells = [f"`{flag}`", f"`{setting.variable}`", f"`{setting.name}`", default, setting.words]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _checked(path: Path, name: str, value: object) -> Any:  # noqa: ANN401 - as the setting's kind
    setting = SETTINGS.get(name)
    if setting is None:
        near = difflib.get_close_matches(name, SETTINGS, 1)
        meant = f" Did you mean {near[0]}?" if near else f" The settings are {', '.join(SETTINGS)}."
        raise SettingsWrong(f"{path}: there is no setting {name}.{meant}")
    right, example = _FORMS[setting.kind]
    if not right(value) or (setting.kind == "choice" and value not in setting.choices):
        choices = setting.choices if setting.kind == "choice" else ()
        wanted = " or ".join(f'{name} = "{choice}"' for choice in choices) or f"{name} = {example}"
        raise SettingsWrong(f"{path}: {name} is not as it must be: write {wanted}.")
    if setting.kind == "list":
        parts = tuple(cast("list[str]", value))
        if wrong := setting.wrong_in(parts):
            raise SettingsWrong(f"{path}: {name}: {wrong}.")
        return parts
    return path.parent / Path(str(value)).expanduser() if setting.kind == "file" else value


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, cast("list[object]", value)))


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


# What TOML must hold for each kind, and an example of it.
_FORMS: Mapping[Kind, tuple[Callable[[object], bool], str]] = {
    "file": (_is_text, '"/path/to/a/file"'),
    "text": (_is_text, '"some text"'),
    "list": (_is_list_of_texts, '["one", "another"]'),
    "switch": (_is_switch, "true or false"),
    "seconds": (_is_positive, "30"),
    "number": (_is_number, "8"),
    "choice": (_is_text, ""),
}
