"""Tables whose columns are the two ends of a stay or journey, with day, time and place in the rows below."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from documents import labels
from documents.routes import is_named, place_of
from documents.times import times_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from documents.marks import Mark, Reading
    from documents.patterns import Words

MOST_ROWS = 8
PICK_UP = re.compile(
    r"\W*(?:pick[-\s]?up|collection|abholung|anmietung|übernahme|prise en charge|retrait|recogida|ritiro|貸出)\W*",
    re.IGNORECASE,
)
DROP_OFF = re.compile(
    r"\W*(?:drop[-\s]?off|return|rückgabe|abgabe|restitution|retour|devolución|entrega|riconsegna|返却)\W*",
    re.IGNORECASE,
)
WHERE = re.compile(
    r"\W*(?:where|location|place|office|station|branch|address|ort|wo|adresse|lieu|agence|oficina|lugar|dirección"
    r"|luogo|sede|ufficio|indirizzo|場所|店舗)\w*\W*",
    re.IGNORECASE,
)


@dataclass(slots=True)
class End:
    """One column: the day, time and place that its cells tell."""

    day: date | None = None
    clock: str | None = None
    place: str | None = None


@dataclass(slots=True)
class Turned:
    """A table with two such columns and the places of its marks."""

    # "car" where the columns are headed "Pick-up" and "Drop-off", "stay" for "Check-in" and "Check-out".
    kind: str
    begin: int
    size: int
    first: End = field(default_factory=End)
    last: End = field(default_factory=End)


def turned_tables(reading: Reading) -> Iterator[Turned]:
    """The tables headed by two ends that tell a day for both."""
    for place, mark in enumerate(reading.marks):
        columns = _columns(mark)
        if columns is None or mark.aside or mark.old:
            continue
        kind, first, last = columns
        table = Turned(kind, place, 1)
        for row in reading.marks[place + 1 : place + 1 + MOST_ROWS]:
            if len(row.line.cells) != len(mark.line.cells) or _columns(row):
                break
            table.size += 1
            _fill(table, row, first, last)
        if table.first.day and table.last.day and table.first.day <= table.last.day:
            yield table


def _columns(mark: Mark) -> tuple[str, int, int] | None:
    """The kind of a heading row, and its columns of the first and the last end."""
    cells = mark.line.cells
    if not 2 <= len(cells) <= 3 or mark.told or mark.times:
        return None
    first, last = len(cells) - 2, len(cells) - 1
    if PICK_UP.fullmatch(cells[first]) and DROP_OFF.fullmatch(cells[last]):
        return "car", first, last
    if _is_label(labels.CHECK_IN, cells[first]) and _is_label(labels.CHECK_OUT, cells[last]):
        return "stay", first, last
    return None


def _is_label(pattern: re.Pattern[str] | Words, cell: str) -> bool:
    return bool(pattern.match(cell.strip())) and len(cell.split()) <= 2


def _fill(table: Turned, row: Mark, first: int, last: int) -> None:
    label = row.line.cells[0] if first else ""
    if labels.OPENING.search(label):
        return
    for column, end in ((first, table.first), (last, table.last)):
        cell = row.line.cells[column]
        begin = _begin(row, column)
        days = [
            day
            for told, day in zip(row.told, row.days, strict=True)
            if day and begin <= told.start and told.end <= begin + len(cell)
        ]
        if len(days) == 1:
            end.day = end.day or days[0]
        times = times_in(cell)
        if len(times) == 1:
            end.clock = end.clock or times[0].clock
        elif not days and not times and (not label or WHERE.fullmatch(label)):
            place = place_of(cell)
            end.place = end.place or (place if place and is_named(place) else None)


def _begin(row: Mark, column: int) -> int:
    """Return the place where a cell's text begins in that of its row."""
    begin = 0
    for cell in row.line.cells[:column]:
        at = row.text.find(cell, begin) if cell else -1
        begin = at + len(cell) if at >= 0 else begin
    return max(row.text.find(row.line.cells[column], begin), 0)
