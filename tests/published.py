"""Generate the catalogue that the server lists, a snapshot of each tool's schema, and the tables in the documentation.

    python tests/published.py

writes them; the tests check that they are current.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = Path(__file__).parent / "snapshots"
README = ROOT / "README.md"
OPERATION = ROOT / "docs" / "operation.md"
SETTINGS = ROOT / "docs" / "settings.md"

if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from desk import new_desk  # noqa: E402 - the path is set above

from server.desk.listing import CATALOGUE, as_file  # noqa: E402
from server.desk.steward import MigrationSteward  # noqa: E402
from server.settings import markdown_table  # noqa: E402
from tools.catalogue import all_tools  # noqa: E402
from tools.groups import DEFAULT_GROUPS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.tool import AnyTool


async def snapshots(folder: Path) -> dict[str, str]:
    """Each tool as the server lists it, by name; `folder` is for a temporary database."""
    async with new_desk(folder) as desk:
        tools = (await desk.client.list_tools()).tools
    listed = {tool.name: tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools}
    return {name: json.dumps(one, ensure_ascii=False, indent=1, sort_keys=True) + "\n" for name, one in listed.items()}


def _table(tools: Iterable[AnyTool]) -> str:
    rows = [f"| {tool.group} | `{tool.name}` | {tool.description} |" for tool in tools]
    return "\n".join(["| group | tool | what it does |", "| --- | --- | --- |", *rows])


def tables() -> dict[Path, tuple[str, str]]:
    """Map each file with a generated part to the name in the part's markers and the text of the part."""
    steward: Any = MigrationSteward(None)  # type: ignore[arg-type] # the database is not used
    tools = all_tools(steward)
    return {
        README: ("tools", _table(tool for tool in tools if tool.group in DEFAULT_GROUPS)),
        OPERATION: ("tools", _table(tool for tool in tools if tool.group not in DEFAULT_GROUPS)),
        SETTINGS: ("settings", markdown_table()),
    }


def catalogue() -> str:
    """The text of the catalogue that the server lists."""
    steward: Any = MigrationSteward(None)  # type: ignore[arg-type] # the database is not used
    return as_file(all_tools(steward))


def generated() -> dict[Path, str]:
    """The text of each of these files, or with its generated part up to date."""
    return {CATALOGUE: catalogue()} | {
        path: _with_table(path.read_text(encoding="utf-8"), *part) for path, part in tables().items()
    }


def _with_table(text: str, name: str, table: str) -> str:
    between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert between.search(text), f"no place for {name}"
    return between.sub(lambda marks: marks[1] + table + "\n" + marks[2], text)


def main() -> None:
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
    SNAPSHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(snapshots(Path(folder)))
    for path in SNAPSHOTS.glob("*.json"):
        if path.stem not in taken:
            path.unlink()
    for name, text in taken.items():
        (SNAPSHOTS / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
