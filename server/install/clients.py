"""The supported MCP clients and the locations of their configuration."""

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
class Platform:
    """The home folder, environment and operating system that determine where clients keep their configuration."""

    home: Path
    environment: Mapping[str, str]
    name: str

    @classmethod
    def current(cls) -> Platform:
        return cls(Path.home(), os.environ, sys.platform)

    @property
    def settings(self) -> Path:
        return program_settings_folder(self.home, self.environment, self.name)


@dataclass(frozen=True)
class Client:
    """An MCP client: the location of its configuration, the contents of an entry, and how to restart it.

    `with_comments` is True if the client accepts comments and trailing commas in the file.
    """

    title: str
    config: Callable[[Platform], Path]
    key: str
    restart: str
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    with_comments: bool = False


def _claude_desktop(host: Platform) -> Path:
    """Return a packaged app's file, preferably an existing one, or the usual file if no packaged app is installed."""
    packaged = packaged_settings_folders("Claude", host.home, host.environment, host.name)
    files = [folder / "Claude" / "claude_desktop_config.json" for folder in packaged]
    usual = host.settings / "Claude" / "claude_desktop_config.json"
    return next((file for file in files if file.exists()), files[0] if files else usual)


def _claude_code(host: Platform) -> Path:
    return Path(host.environment.get("CLAUDE_CONFIG_DIR") or host.home) / ".claude.json"


def _cursor(host: Platform) -> Path:
    return host.home / ".cursor" / "mcp.json"


def _vscode(host: Platform) -> Path:
    return host.settings / "Code" / "User" / "mcp.json"


# `claude mcp add` is not used: it has no preview, and it rewrites the whole file, which an uninstall could not undo.
CLIENTS: Mapping[str, Client] = {
    "claude-desktop": Client(
        "Claude Desktop",
        _claude_desktop,
        "mcpServers",
        "Restart Claude Desktop.",
    ),
    "claude-code": Client(
        "Claude Code",
        _claude_code,
        "mcpServers",
        "Restart Claude Code. End running sessions first: they may overwrite the file with older state.",
        {"type": "stdio"},
    ),
    "cursor": Client(
        "Cursor",
        _cursor,
        "mcpServers",
        "Restart Cursor.",
    ),
    "vscode": Client(
        "VS Code",
        _vscode,
        "servers",
        "Restart VS Code, or start voygen with its command MCP: List Servers.",
        {"type": "stdio"},
        with_comments=True,
    ),
}
