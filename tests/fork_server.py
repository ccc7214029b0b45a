"""A process that has imported the program and forks for each run, which becomes a child of the process that asks.

    python fork_server.py DESCRIPTOR

The descriptor is a socket to the parent; starting.py has the other end.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import forked

# Bytes: longer than any request.
MOST = 1 << 18


def main() -> None:
    asking = socket.socket(fileno=int(sys.argv[1]))
    forked.preload()
    with suppress(KeyboardInterrupt):
        while True:
            asked, files, _, _ = socket.recv_fds(asking, MOST, 3)
            if not asked:
                return
            pid = start(json.loads(asked), files, asking)
            for file in files:
                os.close(file)
            asking.send(b"%d" % pid)


def start(asked: dict[str, Any], files: list[int], asking: socket.socket) -> int:
    """Fork twice, so that the run is adopted by the process that asks, and return its process id, or 0.

    A parent that is a subreaper, as prctl(2) calls it, adopts the children of its children when those exit.
    """
    told, telling = os.pipe()
    going, go = os.pipe()
    between = os.fork()
    if not between:
        if os.fork():
            os._exit(0)
        asking.close()
        os.close(told)
        os.close(go)
        become(asked, files, telling, going)
    os.close(telling)
    os.close(going)
    os.waitpid(between, 0)
    pid = int(os.read(told, 20) or 0)
    os.close(told)
    if pid and parent_of(pid) != os.getppid():
        os.kill(pid, signal.SIGKILL)
        pid = 0
    elif pid:
        os.write(go, b".")
    os.close(go)
    return pid


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def become(asked: dict[str, Any], files: list[int], telling: int, going: int) -> NoReturn:
    """Turn this process into the run, once the parent is right."""
    try:
        if asked["own_session"]:
            os.setsid()
        os.chdir(asked["folder"])
        for number, file in enumerate(files):
            os.dup2(file, number)
        for file in files:
            os.close(file)
        os.write(telling, b"%d" % os.getpid())
        os.close(telling)
        if not os.read(going, 1):
            os._exit(1)
        os.close(going)
    except OSError:
        os._exit(1)
    forked.run(asked["arguments"], coerced() | asked["environment"])


def coerced() -> dict[str, str]:
    """Return the variable that Python has set because the locale was C (PEP 538), and sets for each process."""
    return {name: text for name, text in os.environ.items() if name == "LC_CTYPE"}


if __name__ == "__main__":
    main()
