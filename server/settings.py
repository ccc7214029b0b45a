"""The table of settings, from which options, `voygen config` and the documentation are generated.

Precedence: flag, environment, settings file, default.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import platformdirs

from database.d1_address import TOKEN, TOKEN_FILE, is_hosted
from database.platform import default_database_path
from tools.groups import DEFAULT_GROUPS, GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Kind: TypeAlias = Literal["database", "file", "text", "list", "switch", "seconds", "number", "choice"]

MASK = "****"

PREFIX = "VOYGEN_"

# Variables that only the tests use.
_TEST_VARIABLES = frozenset({"VOYGEN_NODE"})


class InvalidSettings(Exception):
    """The settings file is invalid; the message says what to change."""


@dataclass(frozen=True)
class Setting:
    """One setting. If `default` is a function, `default_words` describes its result.

    The value of a list is a tuple of strings, limited to `choices` if there are any. `option` and `environment`
    override the names derived from `name`.
    """

    name: str
    kind: Kind
    description: str
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

    def problem_with(self, value: Sequence[str]) -> str:
        """Return the problem with a list, or "". A setting with choices needs one or more of them, and nothing else."""
        if self.choices and not value:
            return f"choose at least one of {', '.join(self.choices)}"
        unknown = [one for one in value if self.choices and one not in self.choices]
        return f"unknown: {', '.join(unknown)}; choose from {', '.join(self.choices)}" if unknown else ""

    def default_value(self) -> Any:  # noqa: ANN401 - depends on the setting's kind
        return self.default() if callable(self.default) else self.default

    def shown(self, value: Any) -> str:  # noqa: ANN401 - depends on the setting's kind
        """Format the value for display, with secrets masked."""
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
            "database",
            "The database file, or d1+https://HOST (a database on Cloudflare D1).",
            default=default_database_path,
            default_words="voygen.db in the platform's application data folder",
        ),
        Setting(
            "toolsets",
            "list",
            "Tool groups to offer, separated by commas, or all.",
            default=tuple(DEFAULT_GROUPS),
            choices=("all", *sorted(GROUPS)),
        ),
        Setting("read_only", "switch", "Offer only read-only tools, and open the database read-only.", default=False),
        Setting("migrate", "switch", "Apply pending migrations at start.", default=True),
        Setting(
            "import_dir", "file", "A folder whose files import_trip_document may read; without it, no file is read."
        ),
        Setting("templates_dir", "file", "A folder with your own templates for proposals."),
        Setting("agency_file", "file", "A TOML file with your name, colors and contact for proposals."),
        Setting(
            "proposals_dir", "file", "A folder to write proposals to; without it, they are only read as resources."
        ),
        Setting(
            "allow_hosts",
            "list",
            "Host names that pages may be fetched from although their addresses are not public; separated by commas.",
            default=(),
        ),
        Setting("fetch", "switch", "Let tools fetch web pages that they are given.", default=True),
        Setting("http", "text", "Serve over HTTP at HOST:PORT (or :PORT for loopback) instead of stdin and stdout."),
        Setting(
            "allowed_hosts",
            "list",
            "A host name that HTTP clients may use for the server; repeatable.",
            default=(),
            option="--allowed-host",
        ),
        Setting(
            "allowed_origins",
            "list",
            "An origin whose browser pages may call the server; repeatable.",
            default=(),
            option="--allowed-origin",
        ),
        Setting("issuer", "text", "URL of the authorization server whose access tokens are accepted."),
        Setting("resource", "text", "URL that these tokens must be issued for, if not this server's own."),
        Setting("request_timeout", "seconds", "Time limit for a call over HTTP, in seconds.", default=60.0),
        Setting("client_timeout", "seconds", "Time limit for a client to send a request, in seconds.", default=15.0),
        Setting("most_calls", "number", "Concurrent calls over HTTP.", default=64),
        Setting(
            "log_level",
            "choice",
            "Log level on stderr; call arguments are logged at debug only.",
            default="warning",
            choices=("debug", "info", "warning", "error"),
        ),
        Setting("log_format", "choice", "Log lines as text or JSON.", default="text", choices=("text", "json")),
        Setting(
            "synchronous",
            "choice",
            "full: an answered change survives a power failure. normal: faster, but the latest changes may not.",
            default="full",
            choices=("full", "normal"),
        ),
        Setting("patience", "seconds", "Time limit for waiting on other programs' writes, in seconds.", default=30.0),
        Setting(
            "otel_endpoint",
            "text",
            "Base URL of an OTLP receiver for OpenTelemetry traces.",
            environment="OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
        Setting(
            "otel_headers",
            "text",
            "Headers for the OTLP receiver: name=value, separated by commas.",
            secret=True,
            environment="OTEL_EXPORTER_OTLP_HEADERS",
        ),
    )
}


def default_settings_file() -> Path:
    return platformdirs.user_config_path("voygen", appauthor=False) / "config.toml"


def read_settings_file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    """Return the settings in the file by name, with paths resolved against its folder. Raises InvalidSettings."""
    try:
        found = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError as error:
        if must_exist:
            raise InvalidSettings(f"{path} does not exist: create it, or pass another path with --config.") from error
        return {}
    except OSError as error:
        raise InvalidSettings(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"{path} is not UTF-8: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{path} is not TOML: {error}.") from error
    return {name: _checked(path, name, value) for name, value in found.items()}


def unknown_variables(names: Iterable[str]) -> dict[str, str]:
    """Return a warning for each unknown VOYGEN_ variable, by name, with a similar variable if there is one."""
    variables = {setting.variable for setting in SETTINGS.values()} | {TOKEN, TOKEN_FILE, "VOYGEN_CONFIG"}
    known = {variable.removeprefix(PREFIX) for variable in variables}
    unknown: dict[str, str] = {}
    for name in sorted(name for name in names if name.startswith(PREFIX) and name not in _TEST_VARIABLES):
        rest = name.removeprefix(PREFIX)
        if rest not in known:
            near = difflib.get_close_matches(rest, known, 1)
            unknown[name] = (
                f"{name} is not a setting: did you mean {PREFIX}{near[0]}?" if near else f"{name} is not a setting."
            )
    return unknown


def markdown_table() -> str:
    """Return the settings table for the documentation."""
    lines = ["| flag | environment | settings file | default | description |", "| --- | --- | --- | --- | --- |"]
    for setting in SETTINGS.values():
        default = setting.default_words or f"`{setting.shown(setting.default)}`".replace("`none`", "none")
        flag = f"{setting.flag}`, `--no-{setting.flag[2:]}" if setting.kind == "switch" else setting.flag
        cells = [f"`{flag}`", f"`{setting.variable}`", f"`{setting.name}`", default, setting.description]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _checked(path: Path, name: str, value: object) -> Any:  # noqa: ANN401 - depends on the setting's kind
    setting = SETTINGS.get(name)
    if setting is None:
        near = difflib.get_close_matches(name, SETTINGS, 1)
        meant = f" Did you mean {near[0]}?" if near else f" The settings are {', '.join(SETTINGS)}."
        raise InvalidSettings(f"{path}: there is no setting {name}.{meant}")
    right, example = _FORMS[setting.kind]
    if not right(value) or (setting.kind == "choice" and value not in setting.choices):
        choices = setting.choices if setting.kind == "choice" else ()
        wanted = " or ".join(f'{name} = "{choice}"' for choice in choices) or f"{name} = {example}"
        raise InvalidSettings(f"{path}: {name} is invalid: write {wanted}.")
    if setting.kind == "list":
        parts = tuple(cast("list[str]", value))
        if problem := setting.problem_with(parts):
            raise InvalidSettings(f"{path}: {name}: {problem}.")
        return parts
    if setting.kind == "database" and is_hosted(str(value)):
        return value
    return path.parent / Path(str(value)).expanduser() if setting.kind in {"database", "file"} else value


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


# For each kind, the function that checks a TOML value, and an example.
_FORMS: Mapping[Kind, tuple[Callable[[object], bool], str]] = {
    "database": (_is_text, '"/path/to/a/file"'),
    "file": (_is_text, '"/path/to/a/file"'),
    "text": (_is_text, '"some text"'),
    "list": (_is_list_of_texts, '["one", "another"]'),
    "switch": (_is_switch, "true or false"),
    "seconds": (_is_positive, "30"),
    "number": (_is_number, "8"),
    "choice": (_is_text, ""),
}
