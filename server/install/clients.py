"""The clients that voygen can be installed into, and where each keeps its servers."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from database.platform import packaged_settings_folders, program_settings_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Surroundings:
    """What the place of a client's configuration depends on."""

    home: Path
    environment: Mapping[str, str]
    platform: str

    @classmethod
    def here(cls) -> Surroundings:
        return cls(Path.home(), os.environ, sys.platform)

    @property
    def settings(self) -> Path:
        return program_settings_folder(self.home, self.environment, self.platform)


@dataclass(frozen=True)
class Client:
    """One client: the object that holds its servers, what an entry needs beside the command, and what to do then.

    `with_comments` says whether it reads comments and trailing commas; for the others such a file is broken.
    """

    title: str
    config: Callable[[Surroundings], Path]
    key: str
    restart: str
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    with_comments: bool = False


def _claude_desktop(around: Surroundings) -> Path:
    """The packaged program's own folder where there is one, the file that is there first; else the usual one."""
    packaged = packaged_settings_folders("Claude", around.home, around.environment, around.platform)
    files = [folder / "Claude" / "claude_desktop_config.json" for folder in packaged]
    usual = around.settings / "Claude" / "claude_desktop_config.json"
    return next((file for file in files if file.exists()), files[0] if files else usual)


def _claude_code(around: Surroundings) -> Path:
    return Path(around.environment.get("CLAUDE_CONFIG_DIR") or around.home) / ".claude.json"


def _cursor(around: Surroundings) -> Path:
    return around.home / ".cursor" / "mcp.json"


def _vscode(around: Surroundings) -> Path:
    return around.settings / "Code" / "User" / "mcp.json"


# Claude Code has a command of its own for this, `claude mcp add`, but it writes the whole file anew: nothing could be
# shown before, and what was there could not be given back to the byte.
CLIENTS: Mapping[str, Client] = {
    "claude-desktop": Client(
        "Claude Desktop",
        _claude_desktop,
        "mcpServers",
        "Quit Claude Desktop and start it again.",
    ),
    "claude-code": Client(
        "Claude Code",
        _claude_code,
        "mcpServers",
        "Start Claude Code again. A session that runs may write its older state over the file: end it first.",
        {"type": "stdio"},
    ),
    "cursor": Client(
        "Cursor",
        _cursor,
        "mcpServers",
        "Start Cursor again.",
    ),
    "vscode": Client(
        "VS Code",
        _vscode,
        "servers",
        "Start VS Code again, or start voygen by its command MCP: List Servers.",
        {"type": "stdio"},
        with_comments=True,
    ),
}
