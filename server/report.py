"""Terminal output: aligned tables, and the one function that escapes stored text."""

from __future__ import annotations

import json
import re
import shutil
import sys
import unicodedata
from typing import TYPE_CHECKING

from database.quoting import HIDDEN, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Maximum number of rows printed per table; the rest are only counted.
MAX_ROWS = 20

# Maximum width of a cell, in terminal columns; the last cell of a row may be wider.
CELL_WIDTH, LAST_CELL_WIDTH = 48, 100

# Hint below a table with more than MAX_ROWS rows.
SEE_ALL = "use --json to see all"

# Leading, trailing and repeated spaces, which could be mistaken for the gap between two columns.
_SPACE_THAT_MISLEADS = re.compile(r"\A | (?= |\Z)")

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(\.\d+)?)?(Z|\+00:00)?")

_NUMBER = re.compile(r"[≤>]? ?-?\d+(\.\d+)?%?")


def escaped(value: object, width: int | None = None) -> str:
    r"""Escape stored text for display on one line, truncated with an ellipsis to `width` columns.

    Control, format and other invisible characters become escapes such as `\n`, `\x1b` and `\u202e`: also the
    joiners and spaces that `visible` keeps, because they change widths. Backslashes in the text are not escaped.
    """
    text = "".join(map(_visible, _text(value)))
    text = _SPACE_THAT_MISLEADS.sub(lambda _: r"\x20", text)
    return text if width is None else _cut(text, width)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], see_all: str = SEE_ALL) -> list[str]:
    """Return the lines of a table, indented by two spaces: headings, at most MAX_ROWS rows, and a count of the others.

    Every cell is escaped. Columns of numbers are right-aligned, and empty columns are omitted.
    """
    every = list(rows)
    last = len(headings) - 1
    cells = [
        [escaped(value, LAST_CELL_WIDTH if column == last else CELL_WIDTH) for column, value in enumerate(row)]
        for row in every[:MAX_ROWS]
    ]
    columns = [column for column in zip(headings, *cells, strict=True) if any(column[1:])]
    lines = ["  " + "  ".join(line).rstrip() for line in zip(*map(_aligned, columns), strict=True)]
    if len(every) > MAX_ROWS:
        lines.append(f"  {len(every) - MAX_ROWS} more ({see_all})")
    return [_fitted(line) for line in lines]


def section(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], see_all: str = SEE_ALL) -> list[str]:
    """Return an empty line, a title with the number of rows, and the table. Without rows, return no lines."""
    return ["", f"{title}: {len(rows)}", *table(headings, rows, see_all)] if rows else []


def short_time(timestamp: object) -> str:
    """Format a stored UTC timestamp to the minute, such as 2026-11-28 05:10. Any other text is escaped."""
    text = _text(timestamp)
    found = _TIMESTAMP.fullmatch(text)
    return f"{found[1]} {found[2]}" if found else escaped(text, CELL_WIDTH)


def count(number: int, noun: str) -> str:
    """Format a number with its noun: 1 trip, 2 trips."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _text(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _visible(char: str) -> str:
    return char if char.isprintable() and not HIDDEN.match(char) else escape(char)


def _aligned(column: Sequence[str]) -> list[str]:
    width = max(map(_width, column))
    right = all(_NUMBER.fullmatch(cell) for cell in column[1:] if cell)
    return [_padded(cell, width, right=right) for cell in column]


def _padded(cell: str, width: int, *, right: bool) -> str:
    padding = " " * (width - _width(cell))
    return padding + cell if right else cell + padding


def _width(text: str) -> int:
    """Return the number of terminal columns that the text occupies."""
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(text: str, width: int) -> str:
    if len(text) <= width and _width(text) <= width:
        return text
    kept, used = "", 0
    for char in text[: width - 1]:
        used += _char_width(char)
        if used >= width:
            break
        kept += char
    return kept + "…"


def _fitted(line: str) -> str:
    """Truncate the line to the terminal's width, because a wrapped line could be mistaken for two."""
    return _cut(line, shutil.get_terminal_size().columns) if sys.stdout.isatty() else line
