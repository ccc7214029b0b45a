"""Which voygen this is, and how it is started as a process of its own."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


def own_command() -> list[str]:
    """The command that starts this voygen with this Python: beside the packages in a checkout, above them installed."""
    packages = Path(__file__).resolve().parent.parent
    launcher = packages / "voygen.py"
    return [sys.executable, str(launcher if launcher.exists() else packages.parent / "voygen.py")]


def voygen_version() -> str:
    """The version that is installed; a checkout that is not installed has none."""
    try:
        return version("voygen")
    except PackageNotFoundError:
        return "0+checkout"


@contextmanager
def quick_imports() -> Generator[None]:
    """Import without collecting garbage, a tenth of the time; what was imported is not looked through later either."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def fill_missing_descriptors() -> None:
    """Open the null device where stdin, stdout or stderr is closed: the next file opened would take its number."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
