"""Every command in the README and in docs/ works, in the order in which it appears."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import raw
from desk import new_desk, voygen

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)

LONGEST_README = 150

# Commands that install voygen. Tests don't run them: .ci/run installs from a wheel, and runs the test command itself.
INSTALLING = {
    "python3 -m venv .venv && .venv/bin/pip install --quiet . && .venv/bin/voygen demo",
    (
        "python3 -m venv .venv && .venv/bin/pip install --quiet --no-compile --require-hashes -r requirements-test.txt"
        " && .venv/bin/pip install --quiet --no-deps --no-build-isolation -e . && .venv/bin/python -m pytest"
    ),
    "pipx install .",
}

# The lines of all shell blocks, the voygen commands among them, and those within sentences.
LINES = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line.strip()
]
SHOWN = [shlex.split(line)[1:] for line in LINES if line.startswith("voygen ")]
NAMED = sorted({text for text in re.findall(r"`(voygen [a-z][^`]*)`", TEXT) if "|" not in text})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a fresh machine; the current folder is its home, with the dump of an old database."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(raw.LEGACY / "seed-legacy.sql", tmp_path / "export.sql")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOYGEN_", "XDG_"))}
    return {**kept, "HOME": str(tmp_path), "NO_COLOR": "1"}


@pytest.mark.real_start
def test_the_commands_in_shell_blocks_succeed_in_order(home: dict[str, str]) -> None:
    for words in SHOWN:
        if words[0] in {"serve", "desk"}:
            assert_serves(words, home)
            continue
        if words[0] == "migrate" and "--from" not in words and not Path("trips.db").exists():
            assert voygen("migrate", "--db", "trips.db", "--from", "export.sql", env=home).returncode == 0
        if "--from" in words:
            Path("trips.db").unlink(missing_ok=True)
        if words[0] == "repair" and "--apply" in words:
            with closing(raw.connect(Path("trips.db"))) as connection:
                connection.execute("UPDATE trips_v2 SET trip_slug = NULL WHERE trip_id = 1")
        run = voygen(*words, env=home)
        assert run.returncode == 0, f"{words}: {run.stdout}{run.stderr}"
        assert "Traceback" not in run.stderr


def assert_serves(words: list[str], env: Mapping[str, str]) -> None:
    """Check that the server starts on a free port, prints its address, and exits on SIGTERM."""
    asked = [word.replace(":8765", ":0") for word in words]
    with subprocess.Popen(
        [*own_command(), *asked], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(env)
    ) as server:
        assert server.stdout
        for line in server.stdout:
            if "http://127.0.0.1:" in line:
                break
        else:
            pytest.fail("the server did not say where it listens")
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0


@pytest.mark.parametrize("command", NAMED)
def test_a_command_named_in_a_sentence_exists_with_its_options(command: str, home: dict[str, str]) -> None:
    words = [word for word in shlex.split(command)[1:] if not word.startswith("-")]
    options = [word.partition("=")[0] for word in shlex.split(command) if word.startswith("--")]
    path = [word for word in words[:2] if word.isalpha()]
    described = voygen(*path, "--help", env=home)
    if described.returncode:
        described = voygen(path[0], "--help", env=home)
    assert described.returncode == 0, described.stderr
    assert [option for option in options if option not in described.stdout] == []


def test_the_documentation_names_every_command() -> None:
    commands = set(re.findall(r"^  ([a-z]+)  +\S", voygen("--help").stdout, re.MULTILINE))
    assert commands
    assert {command for command in commands if f"voygen {command}" not in TEXT} == set()


def test_the_readme_has_at_most_150_lines() -> None:
    assert len(PAGES[0].read_text(encoding="utf-8").splitlines()) <= LONGEST_README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_targets_of_links_to_files_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_scripts_named_in_the_documentation_exist() -> None:
    scripts = set(re.findall(r"`(?:python )?((?:\.ci|tests|packaging|benchmarks)/[\w./]+)`", TEXT))
    assert scripts
    assert [script for script in scripts if not (ROOT / script).exists()] == []


def test_shell_block_lines_that_do_not_run_voygen_install_it() -> None:
    assert {line for line in LINES if not line.startswith("voygen ")} == INSTALLING


def test_continuous_integration_reads_the_test_command_from_the_readme() -> None:
    lines = PAGES[0].read_text(encoding="utf-8").splitlines()
    start = lines.index("<!-- tests -->")
    assert lines[start + 1] == "```sh"
    assert lines[start + 2] in INSTALLING
    assert lines[start + 2].endswith("-m pytest")
    assert lines[start + 3] == "```"


def test_documented_options_of_other_programs_exist() -> None:
    assert "`pytest --long`" in TEXT
    help_of_pytest = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--long" in help_of_pytest.stdout
    (pinning,) = re.findall(r"`uv (pip compile [^`]*)`", TEXT)
    # uv parses the other options before it acts on --help, and an unknown option is an error.
    uv = subprocess.run(
        [Path(sys.executable).parent / "uv", *shlex.split(pinning), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert uv.returncode == 0, uv.stderr


async def test_the_conversation_in_the_readme_has_the_tools_actual_answers(tmp_path: Path) -> None:
    calls = re.findall(r"> \*\*Agent calls\*\* `(\w+)` `(.*)`<br>\n> \*\*voygen:\*\* (.*)<br>", TEXT)
    assert [tool for tool, _, _ in calls] == ["get_anything", "bulk_trip_operations"]
    async with new_desk(tmp_path) as desk:
        for tool, arguments, answer in calls:
            assert (await desk.call(tool, **json.loads(arguments)))["message"] == answer


def test_configuration_examples_are_valid(home: dict[str, str]) -> None:
    for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL):
        (entry,) = json.loads(text)["mcpServers"].values()
        assert entry["command"] == "voygen"
        assert voygen(entry["args"][0], "--help", env=home).returncode == 0
    for text in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL):
        assert tomllib.loads(text)
        Path("config.toml").write_text(text, encoding="utf-8")
        checked = voygen("--config", "config.toml", "config", env=home)
        assert checked.returncode == 0, checked.stderr
