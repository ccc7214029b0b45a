"""Which voygen this is, and how it is started as a process of its own."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


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
