"""Child processes for work on files, so that no file takes this process's time or memory, or ends it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# How the names of variables with our settings and tokens begin.
_OWN = ("VOYGEN_", "OTEL_")


def run(
    script: Path, content: bytes, *arguments: object, wall_seconds: float, environment: Mapping[str, str] | None = None
) -> bytes:
    """Run a script of ours with the content as its stdin, and return its stdout. It gets none of our settings.

    Raises OSError if it can't be started, or subprocess.TimeoutExpired.
    """
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-P", "-s", str(script), *map(str, arguments)],
        input=content,
        capture_output=True,
        timeout=wall_seconds,
        check=False,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(_OWN)},
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONUTF8": "1",
            **(environment or {}),
        },
    )
    return done.stdout


def limit(cpu_seconds: int, memory: int) -> None:
    """Limit this process where the platform can."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    limits = ((resource.RLIMIT_CPU, cpu_seconds), (resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0))
    for kind, most in limits:
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (most, most))
