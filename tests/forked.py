"""Turn a forked process into a run of the program, or of a script, that has nothing left to import."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import signal
import sys
import threading
import time
from importlib import import_module
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = ("database", "migrations", "tools", "server")

# What else is imported only when a command or a server runs.
MORE = (
    "anyio._backends._asyncio",
    "click.shell_completion",
    "concurrent.futures.thread",
    "email_validator",
    "mcp.client",
    "prometheus_client",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
)

STDERR = 2

# Python's exit status if the rest of the output can't be written.
UNWRITTEN = 120


def preload() -> None:
    """Import everything that the program may import, in a process that will fork."""
    sys.path[0] = str(ROOT)
    gc.disable()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    for name in MORE:
        import_module(name)
    _make_schemas()
    gc.collect()
    logging.root.handlers.clear()  # the SDK sets up logging when it makes a server
    logging.root.setLevel(logging.WARNING)
    gc.freeze()
    gc.enable()


def _make_schemas() -> None:
    """Have the schemas of all tools made, which each process keeps; no tool is called, so none needs a database."""
    nothing = cast("Any", None)
    import_module("server.desk.tools").make_server(nothing, import_module("tools.catalogue").all_tools(nothing))


def run(arguments: list[str], environment: Mapping[str, str] | None = None) -> NoReturn:
    """Run a script with descriptors 0, 1 and 2 as its streams, and exit as Python does."""
    status = 1
    try:
        if environment is not None:
            os.environ.clear()
            os.environ.update(environment)
            time.tzset()
        _open_streams()
        sys.argv = arguments
        sys.orig_argv = [sys.executable, *arguments]
        sys.path[0] = str(Path(arguments[0]).parent)
        status = _finish(_run(arguments[0]))
    finally:
        os._exit(status)


def _open_streams() -> None:
    """Replace the standard streams by new ones of the same kind, as Python makes them when it starts."""
    unbuffered = bool(sys.__stdout__ and sys.__stdout__.write_through)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = cast("TextIOWrapper", getattr(sys, f"__{name}__"))
        raw = FileIO(number, "w" if number else "r", closefd=False)
        raw.name = f"<{name}>"
        kept = raw if number and unbuffered else (BufferedWriter if number else BufferedReader)(raw)
        new = TextIOWrapper(
            cast("BufferedWriter", kept),
            encoding=old.encoding,
            errors=old.errors,
            newline="\n",
            line_buffering=not unbuffered and (number == STDERR or raw.isatty()),
            write_through=unbuffered,
        )
        vars(new)["mode"] = "w" if number else "r"
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def _run(script: str) -> int:
    """Run the script as the main module and return the exit status."""
    try:
        run_path(script, run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return (ended.code or 0) & 0xFF
        sys.stderr.write(f"{ended.code}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - this process must end here
        error = error.with_traceback(_without_own_frames(error.__traceback__))
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        return 1
    return 0


def _without_own_frames(found: TracebackType | None) -> TracebackType | None:
    while found and found.tb_frame.f_code.co_filename in {__file__, run_path.__code__.co_filename}:
        found = found.tb_next
    return found


def _finish(status: int) -> int:
    """Do what Python does before it exits: wait for threads, run exit handlers, free objects, and flush."""
    threading._shutdown()  # noqa: SLF001 # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
    atexit._run_exitfuncs()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    gc.collect()
    try:
        sys.stdout.flush()
    except OSError as error:
        status = UNWRITTEN
        sys.stderr.write(f"Exception ignored in: {sys.stdout}\n")
        sys.excepthook(type(error), error.with_traceback(None), None)
    sys.stderr.flush()
    return status
