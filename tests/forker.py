"""A process that has loaded faults.c and the program, and forks for each run: a hundred times faster than a start.

    LD_PRELOAD=faults.so python forker.py

Reads one JSON object per line (see Program in faults.py) and answers each with a line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

sys.path.insert(0, str(ROOT))

# Everything that the commands would import when they run.
MODULES = [
    "server.cli",
    "server.commands.migration",
    "server.commands.operation",
    "server.commands.serving",
    "server.checking",
    "server.erasing",
    "server.exporting",
    "server.migrating",
    "server.phasing",
    "server.serving",
    "server.desk.offer",
    "server.desk.stdio",
    "server.desk.tools",
    "server.http.app",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.lifespan.on",
]


def main() -> None:
    for name in MODULES:
        import_module(name)
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
    status: Any = 1
    try:
        redirect(asked["stdin"], asked["stdout"], asked["stderr"])
        library = ctypes.CDLL(None)
        if asked["clock"]:
            library.faults_clock(asked["clock"].encode())
        if asked["log"]:
            library.faults_watch(asked["folder"].encode(), asked["log"].encode())
            library.faults_kill(ctypes.c_long(asked["kill_at"]))
        sys.argv = asked["arguments"]
        runpy.run_path(sys.argv[0], run_name="__main__")
        status = 0
    except SystemExit as ended:
        status = ended.code
    except BaseException as error:  # noqa: BLE001 - this process must never return to the loop above
        traceback.print_exception(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else bool(status))


def redirect(*names: str) -> None:
    """Open the files or named pipes as descriptors 0, 1 and 2."""
    for number, name in enumerate(names):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    main()
