"""A browser with a host that draws the pictures of a server, driven by tests/browser/drive.mjs."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parent.parent
DRIVER = ROOT / "tests" / "browser" / "drive.mjs"
MODULES = ROOT / "build" / "pictures"

# If this is set, the tests that need a browser run, and anything that is missing makes them fail.
CHROMIUM = os.environ.get("VOYGEN_CHROMIUM")


def skip_without_browser() -> None:
    """Skip the module that calls this, unless there is a browser."""
    if CHROMIUM is None:
        reason = "VOYGEN_CHROMIUM names no browser: .ci/pictures installs one and runs these"
        pytest.skip(reason, allow_module_level=True)


@dataclass
class Browser:
    process: subprocess.Popen[str]
    server: str

    def do(self, command: str, /, **options: Any) -> dict[str, Any]:
        """Run a command of the driver, and return its answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"command": command, **options}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser has ended"
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer

    def show(self, tool: str, /, *, arguments: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Draw a tool's answer in the host; return the page's address and size, and the answer."""
        return self.do("show", mcp=self.server, tool=tool, arguments=arguments, **options)

    def asked(self, kind: str) -> list[dict[str, Any]]:
        """Return what the picture asked of the host: calls, messages, context or display modes."""
        return [one for one in self.do("asked")["asked"] if one["kind"] == kind]


@contextmanager
def browsing(server: str) -> Generator[Browser]:
    """Start a browser whose host is a client of the server at this address."""
    assert CHROMIUM
    command = [os.environ["VOYGEN_NODE"], str(DRIVER), str(MODULES), CHROMIUM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Browser(process, server)
        finally:
            assert process.stdin
            process.stdin.close()
