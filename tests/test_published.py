"""The catalogue, the snapshots of the tools' schemas and the tables in the documentation are current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from published import SNAPSHOTS, generated, snapshots

from server.desk.listing import shipped_tools
from server.desk.steward import MigrationSteward

if TYPE_CHECKING:
    from pathlib import Path

OUTDATED = "run python tests/published.py"


async def test_each_tool_is_listed_as_in_its_snapshot(tmp_path: Path) -> None:
    taken = {path.stem: path.read_text(encoding="utf-8") for path in SNAPSHOTS.glob("*.json")}
    assert await snapshots(tmp_path) == taken, OUTDATED


def test_the_catalogue_and_the_tables_in_the_documentation_are_current() -> None:
    for path, text in generated().items():
        assert path.read_text(encoding="utf-8") == text, OUTDATED


def test_each_tool_of_the_catalogue_is_found_by_its_module() -> None:
    steward: Any = MigrationSteward(None)  # type: ignore[arg-type] # the database is not used
    for listed in shipped_tools(steward):
        tool = listed.tool()
        assert (tool.name, tool.group, tool.private) == (listed.name, listed.group, listed.private)
