"""Commands that only read work on a read-only database file, and leave no other files beside it."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import permissions
import pytest
import raw
from desk import seeded
from mcp import Client, StdioServerParameters

from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOKING = [
    ("check",),
    ("stats",),
    ("phase",),
    ("phase", "advance"),
    ("phase", "back"),
    ("repair",),
    ("migrate", "--dry-run"),
    ("token", "list"),
    ("export",),
]

WRITING = [("migrate",), ("check", "--record"), ("repair", "--apply"), ("phase", "back", "--apply"), ("serve",)]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A read-only database in a folder without write permission."""
    folder = tmp_path / "locked"
    folder.mkdir()
    path = seeded(folder / "voygen.db")
    path.chmod(0o400)
    folder.chmod(0o500)
    yield path
    folder.chmod(0o700)


def ran(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*permissions.enforced(), *own_command(), *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
@pytest.mark.sampled(2)
def test_commands_that_only_read_need_no_write_permission(locked: Path, command: tuple[str, ...]) -> None:
    done = ran(*command, "--db", locked)
    assert (done.returncode, done.stderr) == (0, "")
    assert raw.names_in(locked.parent) == ["voygen.db"]


@pytest.mark.parametrize("command", ["check", "export", "serve", "migrate", "backup"])
@pytest.mark.sampled(2)
def test_an_unreadable_file_is_reported_in_one_line(locked: Path, command: str) -> None:
    locked.chmod(0)
    done = ran(command, "--db", locked)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"voygen: {locked} ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
@pytest.mark.sampled(2)
def test_commands_that_write_are_refused_in_one_line(locked: Path, command: tuple[str, ...]) -> None:
    before = locked.read_bytes()
    done = ran(*command, "--db", locked)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"voygen: {locked} cannot be written: Permission denied.\n"
    assert locked.read_bytes() == before


def test_a_read_only_file_can_be_backed_up(locked: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert ran("backup", "--db", locked, "--to", copy).returncode == 0
    assert raw.everything(copy) == raw.everything(locked)


async def test_a_read_only_file_can_be_served_read_only(locked: Path) -> None:
    command, *arguments = [*permissions.enforced(), *own_command(), "serve", "--read-only", "--db", str(locked)]
    async with Client(StdioServerParameters(command=command, args=arguments)) as client:
        answer = await client.call_tool("get_anything", {"query": "Kyoto"})
    assert not answer.is_error
    assert raw.names_in(locked.parent) == ["voygen.db"]


def test_changes_by_another_program_are_seen(locked: Path) -> None:
    locked.parent.chmod(0o700)
    locked.chmod(0o600)
    with closing(raw.connect(locked)) as connection:
        connection.execute("DELETE FROM trips_v2")
        locked.chmod(0o400)
        locked.parent.chmod(0o500)
        assert "\nTrips              0\n" in ran("check", "--db", locked).stdout
