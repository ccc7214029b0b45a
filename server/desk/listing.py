"""Tools as the server lists them: with schemas, and without the code that runs them.

The shipped listing comes from catalogue.json, because importing all tools and making their schemas takes as long as the
rest of the server's start. `python tests/published.py` writes that file, and a test checks that it is current.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from tools.maintenance import Steward
    from tools.tool import AnyTool

Run: TypeAlias = "Callable[..., Awaitable[Any]]"
"""The code that runs a call: it takes a database and the arguments, and returns the answer."""

CATALOGUE = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True)
class ListedTool:
    """A tool as clients see it. `tool` returns the tool itself, whose module it imports when first called.

    `page` is the name and the address of the page that draws the tool's answers, if one does.
    """

    name: str
    title: str
    description: str
    group: str
    hints: dict[str, bool]
    parameters: dict[str, Any]
    output_schema: dict[str, Any]
    private: bool
    tool: Callable[[], AnyTool]
    page: tuple[str, str] | None = None

    def run_by(self, wrapper: Callable[[Run], Run]) -> ListedTool:
        """Return the tool with its run wrapped."""

        def wrapped() -> AnyTool:
            tool = self.tool()
            return replace(tool, run=wrapper(tool.run))

        return replace(self, tool=_Once(wrapped))


class _Once:
    """A function that is called once. Each tool needs some at the start, and functools.cache takes long to make."""

    def __init__(self, make: Callable[[], AnyTool]) -> None:
        self._make = make
        self._made: AnyTool | None = None

    def __call__(self) -> AnyTool:
        if self._made is None:
            self._made = self._make()
        return self._made


def listed(tool: AnyTool) -> ListedTool:
    """List a tool that has been imported."""
    return ListedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        group=tool.group,
        hints=asdict(tool.hints),
        parameters=_input_schema(tool.input),
        output_schema=_output_schema(tool.output),
        private=tool.private,
        tool=lambda: tool,
        page=_page(tool.name),
    )


def shipped_tools(steward: Steward) -> list[ListedTool]:
    """List all tools from the shipped file."""
    return [
        ListedTool(**known, tool=_Once(partial(_imported, module, known["name"], steward)))
        for known, module in _shipped()
    ]


def as_file(tools: Iterable[AnyTool]) -> str:
    """Return the content of the shipped file, with a line for each tool."""
    lines: list[str] = []
    for tool in tools:
        known = {key: value for key, value in vars(listed(tool)).items() if key != "tool"}
        module = tool.run.__module__
        lines.append(json.dumps(known | {"module": module}, ensure_ascii=False, separators=(",", ":")))
    return "[\n" + ",\n".join(lines) + "\n]\n"


@cache
def _shipped() -> list[tuple[dict[str, Any], str]]:
    read: list[dict[str, Any]] = json.loads(CATALOGUE.read_bytes())
    return [({key: value for key, value in one.items() if key != "module"}, one["module"]) for one in read]


def _imported(module: str, name: str, steward: Steward) -> AnyTool:
    code = import_module(module)
    found: Iterable[AnyTool] = (
        code.tools(steward) if hasattr(code, "tools") else getattr(code, "TOOLS", None) or [code.TOOL]
    )
    return next(tool for tool in found if tool.name == name)


def _page(tool: str) -> tuple[str, str] | None:
    from server.pictures.pages import DRAWN, page  # noqa: PLC0415 - as below

    return (DRAWN[tool], page(DRAWN[tool]).uri) if tool in DRAWN else None


@cache
def _input_schema(model: type[Any]) -> dict[str, Any]:
    from server.desk.schemas import lean_input  # noqa: PLC0415 - the shipped listing doesn't need it

    return lean_input(model.model_json_schema())


@cache
def _output_schema(model: type[Any]) -> dict[str, Any]:
    from server.desk.schemas import lean_output  # noqa: PLC0415

    return lean_output(model.model_json_schema())
