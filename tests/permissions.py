"""Run the program subject to file permissions even when the tests run as root."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

# Starts a program without the capabilities that let root bypass permissions; Linux only.
SETPRIV = shutil.which("setpriv")


def are_bypassed() -> bool:
    """True if this process can read a file without any permissions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "locked"
        path.touch(mode=0)
        return os.access(path, os.R_OK)


def enforced() -> list[str]:
    """Return the command prefix that enforces permissions, or skip the test where that is impossible."""
    if sys.platform == "win32":
        pytest.skip("the rights of POSIX")
    if not are_bypassed():
        return []
    if SETPRIV is None:
        pytest.skip("root may do anything, and there is no setpriv")
    return [SETPRIV, "--bounding-set", "-dac_override,-dac_read_search"]
