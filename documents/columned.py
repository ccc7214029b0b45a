"""Journeys of tables: one in each row below headings, or one in each column beside labels."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from documents.dates import dates_in
from documents.legs import journey_of_signs
from documents.model import How, Transport
from documents.patterns import Words
from documents.points import Block, Point, arrival_of, moment_of, number_in, place_in
from documents.routes import MODE, codes_of, mode_of, place_of, route_of, without_moments
from documents.signs import named_in, signs_of, values_of
from documents.tables import Role, Row
from documents.times import times_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.marks import Mark, Reading
    from documents.signs import Token

# The most lines of one row.
MOST_LINES = 4
LEAST_ROWS = 3
ENDS = {Role.DEPART, Role.ARRIVE, Role.ORIGIN, Role.DESTINATION}
MOST_COLUMNS = 4
CODE = re.compile(r"[A-Z]{3}")
NUMBERED = re.compile(r"(?:[A-Z]{1,4}\s?)?\d{1,6}")
FORMER = Words(
    r"(?<![^\W_])(?:old|previous|former|original\w*|before|was|cancelled|bisher\w*|alt(?:e[rs]?)?|vorher\w*"
    r"|ursprünglich\w*"
    r"|früher\w*|ancien(?:ne)?s?|précédente?s?|initiale?s?|avant|anterior(?:es)?|antigu[oa]s?|antes|vecchi[oa]"
    r"|precedent[ei]"
    r"|prima|iniziale|oude?|vorige?|eerdere|antig[oa]|prévue?|previst[oa]|geplant)(?![^\W_])|変更前|旧"
)
Found = tuple[list[Transport], set[int]]


def columned_journeys(reading: Reading, rows: dict[int, Row]) -> Found:
    """The journeys that rows tell below headings, and the places of their marks."""
    found: list[Transport] = []
    covered: set[int] = set()
    place = 0
    while place < len(reading.marks):
        mark = reading.marks[place]
        size = 1
        row = rows.get(id(mark))
        if row and not mark.aside and not mark.old:
            size = _size(reading.marks, place, row, rows)
            whole = _joined(row, reading.marks[place : place + size])
            journey = _of_row(whole, reading)
            if journey is None and size > 1:
                lines = range(place, place + size)
                journey = journey_of_signs(
                    [token for at in lines for token in signs_of(reading.marks[at], at, reading)], reading
                )
            if journey:
                _number_above(journey, place, place + size, reading)
                found.append(journey)
                covered |= set(range(place, place + size))
        place += size
    return found, covered


def _number_above(journey: Transport, first: int, after: int, reading: Reading) -> None:
    """Give the only journey of a table without numbers the number that the line above the table tells."""
    marks = reading.marks
    columns = len(marks[first].line.cells)
    below = marks[after] if after < len(marks) else None
    if journey.number or (below and len(below.line.cells) == columns and (below.times or below.told)):
        return
    place = first - 1
    while place > 0 and len(marks[place].line.cells) == columns and not (marks[place].times or marks[place].told):
        place -= 1
    above = marks[place]
    if place < 0 or above.line.cells or above.times or above.told or above.aside or above.old:
        return
    number, mode = number_in(above, reading)
    if number and mode in {None, journey.mode}:
        journey.number = number
        journey.quote = "\n".join([*(mark.text for mark in marks[place:first]), journey.quote])


def _size(marks: list[Mark], place: int, row: Row, rows: dict[int, Row]) -> int:
    """The number of lines of a row: those after the first repeat the cells that have one line only."""
    size = 1
    while size < MOST_LINES and place + size < len(marks):
        mark = marks[place + size]
        if id(mark) not in rows or len(mark.line.cells) != len(row.mark.line.cells):
            break
        if _is_stacked(row, marks[place : place + size], mark):
            size += 1
            continue
        number = row.cell(Role.NUMBER)
        pairs = zip(row.mark.line.cells, mark.line.cells, strict=True)
        again = [cell for cell, other in pairs if cell and cell == other and cell not in mark.text]
        below = row.mark.line.cells[0] and not mark.line.cells[0] and not again
        if not below and (not again or (number and number not in again)):
            break
        if below and not _is_below(row, mark):
            break
        size += 1
    return size


def _is_stacked(row: Row, above: list[Mark], mark: Mark) -> bool:
    """Return True if a table has nothing but two columns of ends, and a row tells what those above it don't."""
    again = (mark.times and any(one.times for one in above)) or (mark.told and any(one.told for one in above))
    return set(row.roles) <= ENDS and not again


def _is_below(row: Row, mark: Mark) -> bool:
    """Return True if a line fills cells of the columns of both ends only, and the row above lacks their times."""
    filled = {role for role, cell in zip(row.roles, mark.line.cells, strict=False) if cell}
    return filled <= ENDS and bool(mark.times) and not row.mark.times


def _joined(row: Row, marks: list[Mark]) -> Row:
    if len(marks) == 1:
        return row
    columns: list[tuple[str, ...]] = list(zip(*(mark.line.cells for mark in marks), strict=True))
    cells = tuple(" ".join(dict.fromkeys(filter(None, lines))) for lines in columns)
    first = marks[0]
    days = [day for mark in marks for day in mark.days]
    joined = replace(
        first,
        line=replace(first.line, cells=cells),
        text="\n".join(mark.text for mark in marks),
        days=days,
        about=[about for mark in marks for about in mark.about],
        day=first.day or next((mark.day for mark in marks if mark.day), None),
    )
    return Row(joined, row.roles)


def _of_row(row: Row, reading: Reading) -> Transport | None:
    both = row.has(Role.DEPART, Role.ARRIVE)
    if not (row.has(Role.ORIGIN, Role.DESTINATION) or (both and (row.has(Role.NUMBER) or _routed(row)))):
        return None
    mark = row.mark
    depart_cell, arrive_cell = row.cell(Role.DEPART, Role.TIME), row.cell(Role.ARRIVE)
    origin = row.cell(Role.ORIGIN) or named_in(depart_cell) or place_in(depart_cell)
    destination = row.cell(Role.DESTINATION) or named_in(arrive_cell) or place_in(arrive_cell)
    if not origin and not destination:
        routes = (route for cell in mark.line.cells if (route := route_of(cell) or codes_of(cell)))
        origin, destination = next(routes, (origin, destination))
    number = row.cell(Role.NUMBER)
    if not re.search(r"\d", number) or dates_in(number):
        number = number_in(mark, reading)[0] or ""
    departs, arrives = (
        times_in(depart_cell or row.cell(Role.ORIGIN)),
        times_in(arrive_cell or row.cell(Role.DESTINATION)),
    )
    day = mark.day or next(iter(mark.trip_days), None)
    if not (day and origin and destination) or not (departs or (number and mark.trip_days)):
        return None
    last = mark.trip_days[-1] if mark.trip_days and dates_in(arrive_cell or row.cell(Role.DESTINATION)) else None
    mode = mode_of(number) or number_in(mark, reading)[1] or mode_of(mark.text)
    mode = mode or next((name for name in MODE if reading.speaks_of(MODE[name])), None)
    block = Block(
        [mark],
        number or None,
        mode,
        depart=Point(origin, departs[0] if departs else None),
        arrive=Point(destination, arrives[0] if arrives else None, last),
    )
    ends = _plain(origin), _plain(destination)
    if not all(ends):
        return None
    bare = NUMBERED.search(number)
    return Transport(
        mark.text,
        How.RULE,
        confirmation=row.cell(Role.CONFIRMATION) or None,
        mode=mode or "other",
        number=bare[0] if bare else None,
        origin=ends[0],
        destination=ends[1],
        depart=moment_of(day, block.depart.time),
        arrive=arrival_of(block, day),
    )


def _plain(place: str) -> str | None:
    # Codes of airports may be short names of weekdays, too.
    return place if CODE.fullmatch(place) else place_of(without_moments(place))


def _routed(row: Row) -> bool:
    """Return True if a cell tells from where to where, and the times stand in theirs."""
    depart = row.cell(Role.DEPART)
    return bool(times_in(depart)) and any(route_of(cell) or codes_of(cell) for cell in row.mark.line.cells)


def turned_journeys(reading: Reading) -> Found:
    """The journeys that columns tell beside labels, without those of a column headed as the former one."""
    found: list[Transport] = []
    covered: set[int] = set()
    for first, last in _tables(reading.marks):
        marks = reading.marks[first:last]
        columns = range(1, len(marks[0].line.cells))
        heads = marks[0].line.cells
        former = [column for column in columns if FORMER.search(heads[column])]
        made: list[Transport] = []
        for column in columns:
            if column in former:
                continue
            tokens = [token for at, mark in enumerate(marks, first) for token in _of_cell(mark, at, column, reading)]
            journey = journey_of_signs(tokens, reading)
            if journey is None:
                break
            made.append(journey)
        else:
            found += made
            covered |= set(range(first, last))
    return found, covered


def _tables(marks: list[Mark]) -> Iterator[tuple[int, int]]:
    """The runs of rows with as many cells, the first of which is a label."""
    first = 0
    for at, mark in enumerate(marks):
        cells = len(mark.line.cells)
        following = marks[at + 1] if at + 1 < len(marks) else None
        if following and len(following.line.cells) == cells:
            continue
        if at + 1 - first >= LEAST_ROWS and 1 < cells <= MOST_COLUMNS and not mark.aside:
            yield first, at + 1
        first = at + 1


def _of_cell(mark: Mark, line: int, column: int, reading: Reading) -> list[Token]:
    """The tokens of a cell, with the label that its row begins with."""
    label, cell = mark.line.cells[0], mark.line.cells[column]
    if not cell or re.search(r"\d", label):
        return []
    return values_of(label, cell, mark, line, reading)
