"""How this very voygen is started as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path


def own_command() -> list[str]:
    """The command that starts this voygen with this Python: beside the packages in a checkout, above them installed."""
    packages = Path(__file__).resolve().parent.parent
    launcher = packages / "voygen.py"
    return [sys.executable, str(launcher if launcher.exists() else packages.parent / "voygen.py")]
