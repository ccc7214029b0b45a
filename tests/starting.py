"""Starts of the program by forking a process that has imported it, which saves the time that imports take.

Python's subprocess starts a program through one function, and `begin` replaces it. Only the plain command of this copy,
`python voygen.py ...`, is forked, and only if all that a process inherits is as usual. It is a child of this process
with its own process id, pipes, signals and exit status, like any other; only Python's own start is left out. The mark
`real_start` has a test start it in the usual way, as tests do everywhere but on Linux.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from server.launch import own_command

SERVER = Path(__file__).with_name("fork_server.py")

# Variables that Python, the C library or the dynamic linker read when a process starts.
AT_START = ("PYTHON", "LD_", "MALLOC_", "GLIBC_")

# The same, but clients may leave them out or change them: a process with others is forked by another server.
LOCALE = ("LANG", "LC_")

# Lines of /proc/self/status with what a process inherits.
INHERITED = ("Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Sig", "Cap", "Cpus_allowed:")

# Bytes that fit in one message to a server.
MOST = 100_000

# prctl(2)'s PR_SET_CHILD_SUBREAPER.
SUBREAPER = 36

_lock = threading.RLock()
_usual: list[str] = []
_servers: dict[frozenset[tuple[str, str]], ForkServer] = {}
_real: Any = getattr(subprocess, "_fork_exec", None)

# The program, and a script of the tests that needs the same imports.
scripts = {own_command()[1], str(Path(__file__).with_name("writer_process.py"))}

# False while a test starts real commands.
may_fork = True


def begin() -> None:
    """Fork the program from now on, where that is possible."""
    if sys.platform == "linux" and _real and not os.environ.get("REAL_START"):
        _usual[:] = _inherited()
        subprocess._fork_exec = _start  # noqa: SLF001 # pyright: ignore[reportAttributeAccessIssue]


def has_begun() -> bool:
    return bool(_usual)


def end() -> None:
    """Start real commands again, and stop the servers."""
    subprocess._fork_exec = _real  # noqa: SLF001 # pyright: ignore[reportAttributeAccessIssue]
    with _lock:
        while _servers:
            _servers.popitem()[1].stop()


class ForkServer:
    """A process that has imported the program."""

    def __init__(self, variables: dict[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        rest = {name: text for name, text in os.environ.items() if not name.startswith(AT_START + LOCALE)}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=rest | variables,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._asking = ours

    def fork(self, request: bytes, files: list[int]) -> int:
        """Return the id of a new child of this process, or 0."""
        prctl = ctypes.CDLL(None).prctl
        prctl(SUBREAPER, 1, 0, 0, 0)
        try:
            socket.send_fds(self._asking, [request], files)
            return int(self._asking.recv(20) or 0)
        except OSError:
            return 0
        finally:
            prctl(SUBREAPER, 0, 0, 0, 0)

    def stop(self) -> None:
        self._asking.close()
        self._process.wait()


def _start(*given: Any) -> int:
    """Do what subprocess asks for, by forking if possible."""
    asked = _request(*given) if may_fork else None
    return (asked and _fork(*asked)) or _real(*given)


def _request(  # the arguments of _posixsubprocess.fork_exec
    arguments: list[Any],
    executables: tuple[bytes, ...],
    close_files: bool,  # noqa: FBT001
    kept_files: tuple[int, ...],
    folder: Any,
    environment: list[bytes] | None,
    stdin: int,
    _to: int,
    _from: int,
    stdout: int,
    _errors_from: int,
    stderr: int,
    _failure: int,
    _failing: int,
    _restore_signals: bool,  # noqa: FBT001
    own_session: bool,  # noqa: FBT001
    group: int,
    *rest: Any,
) -> tuple[dict[str, str], dict[str, Any], list[int]] | None:
    """Return the variables, the request and the files for a server, or None if this must be a real start."""
    words = [os.fsdecode(word) for word in arguments]
    if words[:1] != [sys.executable] or words[1:2] == [] or words[1] not in scripts:
        return None
    is_plain = close_files and len(kept_files) == 1 and [*map(os.fsdecode, executables)] == words[:1]
    is_plain = is_plain and (group, *rest[:5]) == (-1, None, None, None, -1, None)
    place = os.path.abspath(os.fsdecode(folder or "."))  # noqa: PTH100 - a path that may be bytes
    if not is_plain or not Path(place).is_dir() or _inherited() != _usual:
        return None
    pairs = [os.fsdecode(pair).partition("=") for pair in environment] if environment is not None else None
    variables = dict(os.environ) if pairs is None else {name: text for name, _, text in pairs}
    if any(name.startswith(AT_START) and os.environ.get(name) != text for name, text in variables.items()):
        return None
    request = {"arguments": words[1:], "environment": variables, "folder": place, "own_session": bool(own_session)}
    files = [given if given >= 0 else number for number, given in enumerate((stdin, stdout, stderr))]
    return {name: text for name, text in variables.items() if name.startswith(AT_START + LOCALE)}, request, files


def _fork(variables: dict[str, str], request: dict[str, Any], files: list[int]) -> int:
    text = json.dumps(request).encode()
    if len(text) > MOST:
        return 0
    key = frozenset(variables.items())
    with _lock:
        if key not in _servers:
            _servers[key] = ForkServer(variables)
        return _servers[key].fork(text, files)


def _inherited() -> list[str]:
    """Return the rights, limits and signal masks that this thread passes on."""
    status = Path("/proc/thread-self/status").read_text(encoding="utf-8").splitlines()
    limits = Path("/proc/thread-self/limits").read_text(encoding="utf-8")
    return [
        line for line in status if line.startswith(INHERITED) and not line.startswith(("SigQ", "SigPnd", "SigCgt"))
    ] + [
        limits,
        str(os.getpriority(os.PRIO_PROCESS, 0)),
    ]
