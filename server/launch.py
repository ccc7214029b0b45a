"""The version of voygen, the command that starts it, and process start-up helpers."""

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
    """Return the command that starts this copy of voygen with the running Python.

    The launcher is next to the packages in a checkout, and one folder up when installed.
    """
    packages = Path(__file__).resolve().parent.parent
    launcher = packages / "voygen.py"
    return [sys.executable, str(launcher if launcher.exists() else packages.parent / "voygen.py")]


def voygen_version() -> str:
    """Return the installed version, or "0+checkout" if voygen is not installed."""
    try:
        return version("voygen")
    except PackageNotFoundError:
        return "0+checkout"


@contextmanager
def quick_imports() -> Generator[None]:
    """Disable garbage collection during imports, which makes them a tenth faster, and exempt the imported objects."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def fill_missing_descriptors() -> None:
    """Open the null device for a closed stdin, stdout or stderr, or else the next open file would get its number."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
