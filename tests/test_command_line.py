"""The command line at a terminal: help, completion, colours, progress bars, JSON and exit statuses."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import raw
from desk import heeding_interrupts, seeded, voygen

from database.embedded import open_database
from migrations.runner import migrate
from server import bars
from server.bars import progress_bar
from server.cli import COMMANDS, SECTIONS
from server.cli import voygen as group
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

posix = pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seeded(tmp_path / "voygen.db")


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())


def test_the_help_lists_each_command_on_one_line_without_importing_any_command() -> None:
    done = voygen("--help")
    lines = [line for line in done.stdout.splitlines() if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert [heading for heading in SECTIONS if f"{heading}:" not in done.stdout] == []
    code = "import sys, server.cli; print(any(name.startswith('server.commands.') for name in sys.modules))"
    packages = own_command()[1].removesuffix("voygen.py")
    seen = subprocess.run([sys.executable, "-c", code], cwd=packages, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "False"


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_every_command_and_every_option_has_help(name: str, command: click.Command) -> None:
    assert command.help, name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, (name, parameter.opts)


# Commands that print no report: a demonstration, a protocol, a page, a script, and a group of commands.
WITHOUT_JSON = {"demo", "serve", "desk", "completion", "token"}


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_every_command_that_reports_something_has_a_json_option(name: str, command: click.Command) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) is (name not in WITHOUT_JSON)


def test_json_output_is_valid_json(path: Path) -> None:
    def told(*arguments: object) -> Any:
        return json.loads(voygen(*arguments, "--json", "--db", path).stdout)

    assert told("phase", "advance")["moved"] is False
    assert told("phase", "advance", "--quiet-days", 0, "--apply") == {
        "phase": "prefer_junction",
        "epoch": told("phase")["epoch"],
        "moved": True,
    }
    assert told("phase", "back")["phase_before"] == "dual_write"
    assert told("phase", "back", "--apply")["phase"] == "dual_write"
    made = told("token", "create", "ines", "--scope", "read")
    assert (made["name"], made["scope"], len(made["token"]) > 40) == ("ines", "read", True)
    assert told("token", "list")[0]["name"] == "ines"
    assert told("token", "revoke", "ines") == {"name": "ines", "revoked": True}
    assert told("check")["consistent"] is True


def test_the_json_option_may_be_given_before_the_subcommand(path: Path) -> None:
    done = voygen("phase", "--json", "--db", path, "back")
    assert json.loads(done.stdout)["phase"] == "dual_write"


def test_a_misspelt_command_gets_a_suggestion() -> None:
    done = voygen("chek")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'check'?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("check --recrod", "No such option '--recrod'. Did you mean '--record'? See `voygen check --help`."),
        ("completion", "Choose from: bash, zsh, fish. See `voygen completion --help`."),
        ("token create", "Missing argument 'NAME'. See `voygen token create --help`."),
        ("--config none.toml check", "none.toml does not exist: create it, or pass another path with --config."),
    ],
)
def test_a_usage_error_is_reported_in_one_line(arguments: str, words: str) -> None:
    done = voygen(*arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("voygen: ")
    assert done.stderr.endswith(f"{words}\n")
    assert len(done.stderr.splitlines()) == 1


@posix
@pytest.mark.parametrize("command", [["export"], ["check"], ["doctor", "--json"]], ids=lambda command: command[0])
def test_a_command_whose_reader_has_closed_the_pipe_exits_silently(path: Path, command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        done = subprocess.run(
            [*own_command(), *command, "--db", str(path)], stdout=out, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("options", [[], ["--read-only"]], ids=["", "read-only"])
def test_serving_a_file_that_is_not_a_database_fails_at_once_with_one_line(tmp_path: Path, options: list[str]) -> None:
    path = tmp_path / "diary.db"
    path.write_text("Dear diary, this is no database at all.\n" * 50)
    done = voygen("serve", "--db", path, *options)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"voygen: {path} is not an SQLite database.\n")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells when it waits")
def test_an_interrupted_command_exits_with_the_status_that_shells_expect(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with subprocess.Popen(
            heeding_interrupts([*own_command(), "repair", "--db", str(path), "--apply"]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while process.poll() is None and not has_open(process.pid, path):
                pass
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "voygen: interrupted"


def has_open(pid: int, path: Path) -> bool:
    """True if the process has the file open, ignoring descriptors that close during the check."""
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if one.readlink() == path:
                return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
@pytest.mark.parametrize("command", [("check",), ("stats", "--json"), ("export",), ("config",)], ids=" ".join)
def test_output_to_a_full_disk_is_reported_in_one_line(path: Path, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*own_command(), *command, *(("--db", str(path)) if command != ("config",) else ())],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "voygen: the output cannot be written: No space left on device.\n")


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shells_completion_script_is_printed_and_its_requests_are_answered(shell: str) -> None:
    done = voygen("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_VOYGEN_COMPLETE={shell}_complete" in done.stdout
    asked = {"_VOYGEN_COMPLETE": f"{shell}_complete", "COMP_WORDS": "voygen re", "COMP_CWORD": "1"}
    answer = voygen(env=os.environ | asked | ({"COMP_CWORD": "re"} if shell == "fish" else {}))
    assert all(name in answer.stdout for name in ("repair", "restore"))
    assert "doctor" not in answer.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_completes_commands_options_and_choices(tmp_path: Path) -> None:
    program = tmp_path / "voygen"
    program.write_text(f'#!/bin/sh\nexec {" ".join(own_command())} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    script = """
eval "$(voygen completion bash)"
for words in "voygen ph" "voygen phase ba" "voygen check --re" "voygen repair --prefer ju"; do
    COMP_WORDS=($words); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    _voygen_completion voygen
    echo "${COMPREPLY[@]}"
done
"""
    done = subprocess.run(
        [str(shutil.which("bash")), "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.stdout.splitlines() == ["phase", "back", "--record", "junction"]


# Colours and progress bars


def at_a_terminal(*arguments: object, **environment: str) -> tuple[int, str]:
    """Run the program at a terminal; return the exit status and the combined stdout and stderr."""
    import pty  # noqa: PLC0415 - missing on Windows

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*own_command(), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={name: text for name, text in os.environ.items() if name != "NO_COLOR"} | environment,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # on Linux, this is how the output of a terminal ends
                break
            if not chunk:
                break
            shown += chunk
    os.close(ours)
    return process.returncode, shown.decode()


@posix
def test_colours_appear_only_at_a_terminal_and_without_no_color(path: Path) -> None:
    assert "\x1b[32m" in at_a_terminal("doctor", "--db", path)[1]
    assert "\x1b" not in at_a_terminal("doctor", "--db", path, NO_COLOR="1")[1]
    assert "\x1b" not in voygen("doctor", "--db", path).stdout


@posix
def test_work_that_finishes_at_once_shows_no_progress_bar(path: Path) -> None:
    status, shown = at_a_terminal("check", "--db", path, "--json")
    assert status == 0
    assert json.loads(shown)["consistent"] is True


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_long_work_shows_a_progress_bar_only_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "PATIENCE", 0)
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar("Copying") as progress:
            for done in range(11):
                progress(done, 10)
        assert ("Copying" in stream.getvalue()) is shown
        assert ("100%" in stream.getvalue()) is shown


def test_a_later_migration_does_not_report_entries_that_it_did_not_change(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        undone = "021_activity_actor_and_call_counts.sql"
        connection.execute("DELETE FROM d1_migrations WHERE name = ?", (undone,))
        for table in ("call_counts", "violation_counts"):
            connection.execute(f"DROP TABLE {table}")
    said = voygen("migrate", "--db", path).stdout
    assert f"Migrations: 1\n  FILE\n  {undone}\n" in said
    assert "linked" not in said


async def test_a_migration_reports_its_progress(legacy_database: Callable[[str], Path]) -> None:
    told: list[tuple[int, int]] = []
    async with await open_database(legacy_database("seed-legacy")) as db:
        await migrate(db, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert len(told) > 4
