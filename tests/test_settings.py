"""Precedence of settings: flag, environment, settings file, default."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from desk import seeded, voygen
from hypothesis import given
from hypothesis import strategies as st

from server.settings import SETTINGS, InvalidSettings, read_settings_file

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES: dict[str, tuple[str, str, str]] = {
    # kind: value as a flag or in the environment, in TOML, as shown by `voygen config`
    "database": ("/somewhere/v.db", '"/somewhere/v.db"', "/somewhere/v.db"),
    "file": ("/somewhere/v.db", '"/somewhere/v.db"', "/somewhere/v.db"),
    "text": ("words", '"words"', "words"),
    "list": ("one, two", '["one", "two"]', "one, two"),
    "switch": ("true", "true", "true"),
    "seconds": ("7.5", "7.5", "7.5"),
    "number": ("9", "9", "9"),
}


def example(name: str) -> tuple[str, str, str]:
    known = SETTINGS[name]
    if known.kind == "choice":
        choice = next(one for one in known.choices if one != known.default)
        return choice, f'"{choice}"', choice
    if known.kind == "switch":
        word = "false" if known.default else "true"
        return word, word, word
    if known.choices:
        one, two = known.choices[-2:]
        return f"{one},{two}", f'["{one}", "{two}"]', f"{one}, {two}"
    given_as, toml, shown = EXAMPLES[known.kind]
    return given_as, toml, "****" if known.secret else shown


def in_force(folder: Path, *flags: str, text: str = "", **environment: str) -> dict[str, Any]:
    """The settings that `voygen config` reports with this settings file and no other variables set."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("VOYGEN_", "OTEL_"))}
    done = voygen("config", "--json", *flags, env=bare | {"VOYGEN_CONFIG": str(path)} | environment)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["file"] == str(path)
    return {line["name"]: line for line in answer["settings"]}


def refused(*arguments: object, **environment: str) -> str:
    done = voygen(*arguments, env=os.environ | environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_every_setting_has_its_default_unless_it_is_set(tmp_path: Path) -> None:
    lines = in_force(tmp_path)
    assert list(lines) == list(SETTINGS)
    assert {line["source"] for line in lines.values()} == {"default"}
    assert lines["toolsets"]["value"] == ["trips", "clients", "workflow", "facts", "documents", "pictures", "proposals"]


def test_every_setting_can_be_set_in_the_file_in_the_environment_and_by_a_flag(tmp_path: Path) -> None:
    text = "\n".join(f"{name} = {example(name)[1]}" for name in SETTINGS)
    environment = {known.variable: example(name)[0] for name, known in SETTINGS.items()}
    flags: list[str] = []
    for name, known in SETTINGS.items():
        said = example(name)[0]
        if known.kind == "switch":
            flags.append(known.flag if said == "true" else f"--no-{known.flag[2:]}")
        else:
            flags += [known.flag, said]
    ways: list[tuple[dict[str, Any], str]] = [
        (in_force(tmp_path, text=text), "file "),
        (in_force(tmp_path, **environment), "environment "),
        (in_force(tmp_path, *flags), "flag --"),
    ]
    for lines, source in ways:
        assert {name: line["shown"] for name, line in lines.items()} == {name: example(name)[2] for name in SETTINGS}
        assert all(line["source"].startswith(source) for line in lines.values())


def test_a_flag_overrides_the_environment_and_the_environment_overrides_the_file(tmp_path: Path) -> None:
    text = 'log_level = "error"\nread_only = true\npatience = 3'
    lines = in_force(tmp_path, "--log-level", "debug", "--no-read-only", text=text, VOYGEN_LOG_LEVEL="info")
    assert (lines["log_level"]["value"], lines["log_level"]["source"]) == ("debug", "flag --log-level")
    assert (lines["read_only"]["value"], lines["read_only"]["source"]) == (False, "flag --read-only")
    lines = in_force(tmp_path, text=text, VOYGEN_LOG_LEVEL="info")
    assert (lines["log_level"]["value"], lines["log_level"]["source"]) == ("info", "environment VOYGEN_LOG_LEVEL")
    assert lines["patience"]["source"] == f"file {tmp_path / 'config.toml'}"


def test_a_secret_is_never_printed(tmp_path: Path) -> None:
    headers = "Authorization=Bearer-a1b2c3"
    for said in (
        voygen("config", "--otel-headers", headers),
        voygen("config", "--json", env=os.environ | {"OTEL_EXPORTER_OTLP_HEADERS": headers}),
    ):
        assert said.returncode == 0
        assert "****" in said.stdout
        assert "a1b2c3" not in said.stdout + said.stderr
    assert "a1b2c3" not in json.dumps(in_force(tmp_path, text=f'otel_headers = "{headers}"'))


def test_a_list_can_be_comma_separated_or_given_by_repeating_the_flag(tmp_path: Path) -> None:
    lines = in_force(tmp_path, "--allowed-host", "a.example,b.example", "--allowed-host", "c.example")
    assert lines["allowed_hosts"]["value"] == ["a.example", "b.example", "c.example"]


def test_a_command_opens_the_database_of_the_settings_file_unless_a_flag_names_another(tmp_path: Path) -> None:
    seeded(tmp_path / "voygen.db")
    path = tmp_path / "config.toml"
    path.write_text('db = "voygen.db"')
    bare = {name: value for name, value in os.environ.items() if name != "VOYGEN_DB"}
    done = voygen("--config", path, "check", "--json", env=bare)
    assert (done.returncode, json.loads(done.stdout)["trips"]) == (0, 3)
    assert "no.db does not exist" in refused("--config", path, "check", "--db", tmp_path / "no.db")


@pytest.mark.parametrize("command", [["config"], ["phase", "advance"], ["token", "list"]], ids=" ".join)
def test_the_settings_file_may_be_named_before_or_after_the_command(tmp_path: Path, command: list[str]) -> None:
    seeded(tmp_path / "voygen.db")
    path = tmp_path / "config.toml"
    path.write_text('db = "voygen.db"')
    (tmp_path / "other.toml").write_text('db = "other.db"')
    env = {name: value for name, value in os.environ.items() if name != "VOYGEN_DB"}
    before = voygen("--config", path, *command, "--json", env=env)
    assert (before.returncode, before.stderr) == (0, "")
    after = voygen(*command, "--config", path, "--json", env=env | {"VOYGEN_CONFIG": str(tmp_path / "other.toml")})
    assert (after.returncode, after.stdout) == (0, before.stdout)


WRONG: dict[str, tuple[str, str]] = {
    "unknown": ('log_levle = "info"', "there is no setting log_levle. Did you mean log_level?"),
    "far": ("zzz = 1", "The settings are db, toolsets,"),
    "choice": ('log_format = "xml"', 'write log_format = "text" or log_format = "json"'),
    "switch": ('read_only = "yes"', "write read_only = true or false"),
    "number": ('patience = "long"', "write patience = 30"),
    "list": ('allowed_hosts = "one"', 'write allowed_hosts = ["one", "another"]'),
    "group": (
        'toolsets = ["trips", "hotels"]',
        "unknown: hotels; choose from all, clients, documents, facts, maintenance",
    ),
    "no list": ('toolsets = "trips"', 'write toolsets = ["one", "another"]'),
    "syntax": ("db = voygen.db", "is not TOML"),
    "section": ("[db]\npath = 1", "write db ="),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_invalid_settings_file_is_refused_and_the_error_says_what_to_write(tmp_path: Path, name: str) -> None:
    text, words = WRONG[name]
    path = tmp_path / "config.toml"
    path.write_text(text)
    said = refused("config", VOYGEN_CONFIG=str(path))
    assert str(path) in said
    assert words in said


def test_a_settings_file_must_exist_only_if_it_is_named(tmp_path: Path) -> None:
    assert "does not exist" in refused("--config", tmp_path / "none.toml", "config")
    assert read_settings_file(tmp_path / "none.toml", must_exist=False) == {}


@pytest.mark.parametrize("name", ["VOYGEN_READ_ONLY", "VOYGEN_PATIENCE", "VOYGEN_LOG_FORMAT"])
def test_an_invalid_value_in_the_environment_is_refused(name: str) -> None:
    assert "Invalid value" in refused("config", **{name: "perhaps"})


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1"])
@pytest.mark.parametrize("flag", ["--patience", "--request-timeout"])
def test_a_duration_must_be_positive_and_finite(flag: str, seconds: str) -> None:
    assert "Invalid value" in refused("config", flag, seconds)


@pytest.mark.parametrize("groups", ["", " , "])
def test_an_empty_list_of_groups_is_refused(tmp_path: Path, groups: str) -> None:
    (tmp_path / "config.toml").write_text("toolsets = []")
    said = "choose at least one of all, clients, documents, facts,"
    assert said in refused("config", "--toolsets", groups)
    assert said in refused("config", VOYGEN_CONFIG=str(tmp_path / "config.toml"))
    assert (
        voygen("config", env=os.environ | {"VOYGEN_TOOLSETS": ""}).returncode == 0
    )  # an empty variable counts as unset


@pytest.mark.parametrize("command", ["config", "serve"])
def test_an_unknown_group_is_refused_wherever_it_is_set(tmp_path: Path, command: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text('toolsets = ["hotels"]')
    said = (
        "unknown: hotels; choose from all, clients, documents, facts, maintenance, pictures, proposals, trips, workflow"
    )
    assert said in refused(command, VOYGEN_TOOLSETS="trips,hotels")
    assert said in refused(command, "--toolsets", "all,hotels")
    assert said in refused(command, VOYGEN_CONFIG=str(path))


def test_an_unknown_variable_gets_a_warning_with_the_nearest_setting(tmp_path: Path) -> None:
    strange = {"VOYGEN_TOOLSET": "trips", "VOYGEN_ZZZ": "1", "VOYGEN_NODE": "node"}
    said = ["VOYGEN_TOOLSET is not a setting: did you mean VOYGEN_TOOLSETS?", "VOYGEN_ZZZ is not a setting."]
    env = {name: value for name, value in os.environ.items() if not name.startswith("VOYGEN_")} | strange
    done = voygen("config", env=env)
    assert (done.returncode, done.stderr.splitlines()) == (0, [f"Warning: {one}" for one in said])
    assert json.loads(voygen("config", "--json", env=env).stdout)["warnings"] == said
    served = voygen("serve", "--db", tmp_path / "voygen.db", env=env)
    assert served.returncode == 0
    assert [line.partition("warning voygen: ")[2] for line in served.stderr.splitlines()] == said


def test_help_is_shown_even_if_the_settings_file_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("nonsense")
    done = voygen("config", "--help", env=os.environ | {"VOYGEN_CONFIG": str(path)})
    assert done.returncode == 0
    assert all(known.flag in done.stdout and known.variable in done.stdout for known in SETTINGS.values())


@given(st.binary(max_size=200))
def test_any_settings_file_is_read_or_refused_with_an_error_message(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with suppress(InvalidSettings):
        assert set(read_settings_file(path, must_exist=True)) <= set(SETTINGS)
