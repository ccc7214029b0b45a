"""A process that has loaded faults.c and the program, and forks for each run: a hundred times faster than a start.

    LD_PRELOAD=faults.so python forker.py

Reads one JSON object per line (see Program in faults.py) and answers each with a line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Any

import forked


def main() -> None:
    forked.preload()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, state = os.waitpid(asked["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(state)}
        else:
            answer = {"pid": os.fork()}
            if not answer["pid"]:
                be_the_program(asked)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def be_the_program(asked: dict[str, Any]) -> None:
    """Turn this process into a run of the program, or of a script, with the faults asked for."""
    try:
        redirect(asked["stdin"], asked["stdout"], asked["stderr"])
        library = ctypes.CDLL(None)
        if asked["clock"]:
            library.faults_clock(asked["clock"].encode())
        if asked["log"]:
            library.faults_watch(asked["folder"].encode(), asked["log"].encode())
            library.faults_kill(ctypes.c_long(asked["kill_at"]))
    except BaseException:  # noqa: BLE001 - this process must never return to the loop above
        os._exit(1)
    forked.run(asked["arguments"])


def redirect(*names: str) -> None:
    """Open the files or named pipes as descriptors 0, 1 and 2."""
    for number, name in enumerate(names):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY)
        os.dup2(file, number)
        os.close(file)


if __name__ == "__main__":
    main()
