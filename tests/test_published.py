"""What the project shows of itself is what it does: schemas in snapshots, tables in the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from published import README, SNAPSHOTS, snapshots, with_tables

if TYPE_CHECKING:
    from pathlib import Path

ANEW = "python tests/published.py writes it anew"


async def test_each_tool_is_listed_as_its_snapshot_says(tmp_path: Path) -> None:
    taken = {path.stem: path.read_text(encoding="utf-8") for path in SNAPSHOTS.glob("*.json")}
    assert await snapshots(tmp_path) == taken, ANEW


def test_the_readmes_tables_are_those_that_the_code_gives() -> None:
    readme = README.read_text(encoding="utf-8")
    assert with_tables(readme) == readme, ANEW
