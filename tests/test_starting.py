"""A process that starting.py forks behaves like one that Python has started."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import starting
from mcp.client.stdio import get_default_environment

pytestmark = pytest.mark.skipif(not starting.has_begun(), reason="not on Linux, or REAL_START is set")

# Prints all that a process can see of how it was started, then ends in the way that its last argument says.
PROBE = """
import atexit, json, os, resource, signal, sys, threading, time

def seen():
    streams = [sys.stdin, sys.stdout, sys.stderr]
    return {
        "arguments": [sys.argv, sys.orig_argv],
        "names": [__name__, __file__, sys.modules["__main__"].__dict__ is globals(), sys.path[0]],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "parent": os.getppid(),
        "groups": [os.getpid() == os.getpgrp(), os.getpid() == os.getsid(0)],
        "streams": [[one.name, one.mode, one.encoding, one.errors, one.line_buffering, one.write_through]
                    for one in streams],
        "originals": [sys.__stdin__ is sys.stdin, sys.__stdout__ is sys.stdout, sys.__stderr__ is sys.stderr],
        "input": sys.stdin.read(),
        "files": sorted(os.listdir("/proc/self/fd")),
        "inheritable": [os.get_inheritable(number) for number in (0, 1, 2)],
        "signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "blocked": [str(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
        "mask": os.umask(0o22),
        "zone": time.strftime("%z", time.localtime(0)),
        "threads": threading.active_count(),
    }

print(json.dumps([os.getpid(), "mcp" in sys.modules, seen()]), flush=True)
def fail():
    raise ValueError("no such trip")
def wait():
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(9))
    print("waits", flush=True)
    while True:
        signal.pause()
def linger():
    atexit.register(print, "the last words")
    threading.Thread(target=lambda: (time.sleep(0.05), print("a thread's words"))).start()
def cut_off():
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    print("lost")
def interrupt():
    raise KeyboardInterrupt
{"fail": fail, "wait": wait, "linger": linger, "cut_off": cut_off, "interrupt": interrupt,
 "nothing": lambda: None, "three": lambda: sys.exit(3), "words": lambda: sys.exit("only words"),
 "abort": os.abort, "minus": lambda: sys.exit(-1)}[sys.argv[-1]]()
"""

ENDS = {
    "nothing": 0,
    "three": 3,
    "words": 1,
    "minus": 255,
    "fail": 1,
    "linger": 0,
    "cut_off": 120,
    "interrupt": -signal.SIGINT,
    "abort": -signal.SIGABRT,
}


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    script = tmp_path / "probe.py"
    script.write_text(PROBE, encoding="utf-8")
    monkeypatch.setattr(starting, "scripts", {str(script)})
    return [sys.executable, str(script)]


def run(command: list[str], *, forked: bool, **how: Any) -> tuple[int, dict[str, Any], str, list[str]]:
    """Run the probe and return its status, what it has seen, and the rest of its output."""
    starting.may_fork = forked
    how = {"input": "ahoy\r\n", "env": get_default_environment()} | how
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, text=True, **how)
    first, _, rest = done.stdout.partition("\n")
    _, was_forked, seen = json.loads(first)
    assert was_forked is forked
    # Which words introduce an error while the output is flushed depends on the version of Python.
    errors = [line for line in done.stderr.splitlines() if not line.startswith("Exception ignored ")]
    return done.returncode, seen, rest, errors


@pytest.mark.parametrize("end", list(ENDS))
@pytest.mark.sampled(2)
def test_a_forked_process_sees_what_a_started_one_sees_and_ends_like_it(probe: list[str], end: str) -> None:
    forked, started = (run([*probe, "é", "", end], forked=which) for which in (True, False))
    assert forked == started
    assert forked[0] == ENDS[end]
    assert forked[1]["parent"] == os.getpid()


@pytest.mark.parametrize(
    "how",
    [
        {"cwd": "/"},
        {"start_new_session": True},
        {"env": {"PATH": "/bin", "TZ": "Asia/Kathmandu", "A": "é=\n"}},
    ],
    ids=["folder", "session", "environment"],
)
def test_a_forked_process_starts_as_it_was_asked_to(probe: list[str], how: dict[str, Any]) -> None:
    forked, started = (run([*probe, "nothing"], forked=which, **how) for which in (True, False))
    assert forked == started


def test_a_forked_process_buffers_no_output_if_python_must_not(
    probe: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    forked, started = (run([*probe, "cut_off"], forked=which, env=dict(os.environ)) for which in (True, False))
    assert forked == started
    assert forked[0] == 1


def lower_limit() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


@pytest.mark.parametrize(
    "how",
    [
        {"umask": 0o77},
        {"preexec_fn": lower_limit},
        {"env": {"PYTHONOPTIMIZE": "1"}},
        {"executable": "/proc/self/exe"},
        {"process_group": 0},
        {"extra_groups": []} if os.geteuid() == 0 else {"umask": 0},
    ],
    ids=lambda how: next(iter(how)),
)
def test_an_unusual_start_is_a_real_one(probe: list[str], how: dict[str, Any]) -> None:
    starting.may_fork = True
    done = subprocess.run([*probe, "nothing"], capture_output=True, timeout=60, check=True, text=True, **how)
    assert json.loads(done.stdout)[1] is False


def test_a_process_with_a_changed_limit_or_mask_of_its_own_starts_real_ones(probe: list[str]) -> None:
    starting.may_fork = True
    before = os.umask(0o77)
    try:
        done = subprocess.run([*probe, "nothing"], capture_output=True, timeout=60, check=True, text=True)
    finally:
        os.umask(before)
    assert json.loads(done.stdout)[1] is False


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (signal.SIGTERM, -signal.SIGTERM),
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGUSR1, 9),
        (signal.SIGINT, -signal.SIGINT),
    ],
    ids=["SIGTERM", "SIGKILL", "SIGUSR1", "SIGINT"],
)
def test_signals_reach_a_forked_process_which_is_a_child_of_this_one(probe: list[str], sent: int, status: int) -> None:
    starting.may_fork = True
    pipe = subprocess.PIPE
    with subprocess.Popen([*probe, "wait"], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        pid, was_forked, _ = json.loads(process.stdout.readline())
        assert (pid, was_forked) == (process.pid, True)
        assert process.stdout.readline() == "waits\n"
        process.send_signal(sent)
        assert process.wait(60) == status
        assert not Path(f"/proc/{pid}").exists()


def test_two_forked_processes_draw_different_random_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "draw.py"
    script.write_text("import random, secrets, uuid\nprint(random.random(), secrets.token_hex(), uuid.uuid4())\n")
    monkeypatch.setattr(starting, "scripts", {str(script)})
    starting.may_fork = True
    drawn = [subprocess.check_output([sys.executable, str(script)]).split() for _ in range(2)]
    assert set(drawn[0]).isdisjoint(drawn[1])
