"""The rows of a page's tables as lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from documents.dates import WEEKDAY, dates_in
from documents.model import Line
from documents.times import times_in

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_COLUMNS = 50
MOST_ROWS = 1_000
# A cell with more lines than these is laid out, not listed.
MOST_LINES = 12
# The lines of a cell that tells a day: its number or weekday, the date, the year or the place.
DATE_LINES = 3
LONGEST_DATE = 40
DAY = re.compile(
    rf"(?<![^\W\d_])(?:{WEEKDAY}|day|tag|jour|d[ií]a|giorno|dag|j|t|g|d)\.?\s?\d|\d\s?日目"
    rf"|(?<![^\W\d_])(?:{WEEKDAY})(?![^\W\d_])|[(\uff08][月火水木金土日][)\uff09]",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Cell:
    """A cell with its lines. A rich one holds a table, a list or a heading."""

    across: int
    down: int
    lines: list[Line] = field(default_factory=list[Line])
    rich: bool = False
    # Whether the cell begins in an earlier row.
    repeated: bool = False

    @classmethod
    def of(cls, attributes: Mapping[str, str | None]) -> Cell:
        return cls(
            _count(attributes.get("colspan"), MOST_COLUMNS), _count(attributes.get("rowspan"), MOST_ROWS, MOST_ROWS)
        )

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


@dataclass(slots=True)
class Table:
    row: list[Cell] = field(default_factory=list[Cell])
    # Cells that reach into the next rows, by column, and how many rows are left.
    reaching: dict[int, tuple[Cell, int]] = field(default_factory=dict[int, tuple[Cell, int]])

    def end_row(self, *, aside: bool) -> list[Line]:
        """Return the lines of the row.

        The cells of a data row stand in one line, also with a cell that began in an earlier row: `cells` repeats it,
        `text` doesn't. Where several cells have the same number of lines, each of these is a row. Other rows serve
        the layout, and their cells follow each other.
        """
        self.row = [_dated(cell) for cell in self.row]
        columns = self._columns()
        fresh = [cell for cell in self.row if cell.lines]
        self.row = []
        counts = {len(cell.lines) for cell in fresh} - {1}
        told = sum(1 for cell in columns if cell.lines)
        if told < 2 or len(counts) > 1 or any(cell.rich or len(cell.lines) > MOST_LINES for cell in fresh):  # noqa: PLR2004
            return [line for cell in fresh for line in cell.lines]
        return [_row(columns, index, aside=aside) for index in range(max(counts, default=1))] if fresh else []

    def _columns(self) -> list[Cell]:
        columns: list[Cell] = []
        cells = iter(self.row)
        while len(columns) < MOST_COLUMNS:
            place = len(columns)
            if place in self.reaching:
                columns.append(self._repeat(place))
                continue
            cell = next(cells, None)
            if cell is None:
                if not any(column > place for column in self.reaching):
                    break
                columns.append(Cell(1, 1))
                continue
            for column in range(place, min(place + cell.across, MOST_COLUMNS)):
                shown = cell if column == place else Cell(1, 1)
                columns.append(shown)
                if cell.down > 1:
                    self.reaching[column] = (shown, cell.down - 1)
        return columns

    def _repeat(self, column: int) -> Cell:
        cell, left = self.reaching.pop(column)
        if left > 1:
            self.reaching[column] = (cell, left - 1)
        text = cell.text
        return Cell(1, 1, [Line(text)] if text else [], repeated=True)


def _dated(cell: Cell) -> Cell:
    """Return the cell, in one line if only its lines together tell the day, as in "Day 2" above "12 May"."""
    if not 1 < len(cell.lines) <= DATE_LINES or cell.rich:
        return cell
    text = cell.text
    if len(text) > LONGEST_DATE or not DAY.search(text) or len(dates_in(text)) != 1 or times_in(text):
        return cell
    return replace(cell, lines=[Line(text)])


def _row(columns: list[Cell], index: int, *, aside: bool) -> Line:
    cells: list[str] = []
    shown: list[str] = []
    for cell in columns:
        several = len(cell.lines) > 1
        text = cell.lines[index if several else 0].text if cell.lines else ""
        cells.append(text)
        if text and not cell.repeated and (several or index == 0):
            shown.append(text)
    return Line(" ".join(shown), cells=tuple(cells), aside=aside)


def _count(value: str | None, most: int, zero: int = 1) -> int:
    """Return a span as browsers read it: `zero` for 0, 1 for what is no number."""
    digits = (value or "").strip()[:6]
    if not digits.isdecimal():
        return 1
    return min(int(digits) or zero, most)
