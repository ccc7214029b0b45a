"""Running the program as somebody whom the rights of files bind, which root is not."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

# A program that starts another without what lets root pass over rights; Linux alone has it.
SETPRIV = shutil.which("setpriv")


def are_ignored() -> bool:
    """Whether this process may read what nobody may."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "locked"
        path.touch(mode=0)
        return os.access(path, os.R_OK)


def bound() -> list[str]:
    """What stands before a command so that rights bind it. Skips the test where nothing can do that."""
    if sys.platform == "win32":
        pytest.skip("the rights of POSIX")
    if not are_ignored():
        return []
    if SETPRIV is None:
        pytest.skip("root may do anything, and there is no setpriv")
    return [SETPRIV, "--bounding-set", "-dac_override,-dac_read_search"]
