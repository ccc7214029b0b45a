"""Journeys by the order in which lines tell numbers, days, times and places, whatever the layout.

Lines between two headings are taken together. If they tell two times and one number for each leg, and two places for
the times, they are read; what is told by halves or twice in different ways is left.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from documents import labels
from documents.cuts import cut, cut_labelled, is_same_row
from documents.model import How, Transport
from documents.nearby import ends_of
from documents.points import Block, Point, arrival_of, modes_of, moment_of, number_in
from documents.routes import CODE3, mode_of, route_of
from documents.signs import Sign, Token, signs_of
from documents.tables import Role
from documents.times import LATER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.marks import Mark, Reading
    from documents.tables import Row

LONGEST_LINE = 12
HEADING_WORDS = 4
LONGEST_STOP = 6
LONGEST_SENTENCE = 200
LONGEST_ZONE = 60
MOST_LEGS = 12
LONGEST_CROSSING = timedelta(3)
# Modes of which a journey may be read without the number of a service.
UNNUMBERED = ("flight", "train", "ferry", "bus")
ELSEWHERE = {Role.HOTEL, Role.ROOM, Role.NIGHTS, Role.PRICE, Role.CONFIRMATION, Role.CHECK_IN, Role.CHECK_OUT}
Leg = list[Token]


def legs_of(reading: Reading, headed: dict[int, Row], taken: set[int]) -> tuple[list[Transport], set[int]]:
    """The journeys of a document's groups of lines, and the places of the marks that they cover.

    `headed` are the rows below headings by the ids of their marks, each of which is read by itself, `taken` the places
    of marks that are read already.
    """
    found: list[Transport] = []
    covered: set[int] = set()
    for first, last in _zones(reading, headed, taken):
        if sum(len(mark.times) for mark in reading.marks[first:last]) < 2:
            continue
        tokens = [token for at in range(first, last) for token in _signs(reading.marks[at], at, reading, headed)]
        for made, marks in _journeys_of(tokens, reading, range(first, last)):
            found.append(made)
            covered |= marks
    return found, covered


def _journeys_of(tokens: list[Token], reading: Reading, lines: range) -> list[tuple[Transport, set[int]]]:
    """The journeys of a group of lines as a whole, else of its sections, else of lines that tell all of one."""
    if sum(1 for token in tokens if token.sign is Sign.TIME) < 2:
        return []
    if found := list(_journeys(tokens, reading, lines)):
        return found
    begins = [at for at in lines[1:] if _begins_section(reading.marks[at])]
    sections = _between([lines[0], *begins, lines[-1] + 1])
    if begins:
        several = [(_within(tokens, part), part) for part in sections]
        made = [_journeys_of(within, reading, part) for within, part in several]
        # Where a number or both times tell no journey, the sections are cut in the wrong places.
        torn = any(_is_torn(within) and not one for (within, _), one in zip(several, made, strict=True))
        return [] if torn else [journey for one in made for journey in one]
    around = [at for line in lines if reading.marks[line].times for at in (line, line + 1)]
    alone = _between(sorted({lines[0], *around, lines[-1] + 1}))
    return [one for part in alone if len(alone) > 1 for one in _journeys(_within(tokens, part), reading, part)]


def _is_torn(tokens: list[Token]) -> bool:
    """Return True if a section tells a number, or nothing but both times."""
    signs = [token.sign for token in tokens]
    return Sign.NUMBER in signs or (signs.count(Sign.TIME) == 2 and not {Sign.PLACE, Sign.LABEL} & set(signs))


def _between(bounds: list[int]) -> list[range]:
    return [range(first, last) for first, last in pairwise(bounds)]


def _within(tokens: list[Token], lines: range) -> list[Token]:
    return [token for token in tokens if token.line in lines]


def _begins_section(mark: Mark) -> bool:
    """Return True if a line heads what follows in plain text: in capitals, or by a kind of service alone."""
    if mark.leads:
        return True
    if mark.told or mark.times or mark.line.cells or len(mark.text.split()) > HEADING_WORDS:
        return False
    return (
        mark.text.isupper() and not CODE3.search(mark.text) and not any(letter.isdigit() for letter in mark.text)
    ) or bool((mode_of(mark.text) or mark.text.endswith(":")) and not any(letter.isdigit() for letter in mark.text))


def journey_of_signs(tokens: list[Token], reading: Reading) -> Transport | None:
    """The one journey that tokens tell, if they do."""
    numbers = _numbers(tokens)
    times = [token for token in tokens if token.sign is Sign.TIME]
    modes = modes_of(reading)
    mode = numbers[0].mode if numbers else modes[0] if len(modes) == 1 else None
    if len(times) != 2 or len(numbers) > 1 or not mode:
        return None
    made = _made(tokens, mode, reading, None)
    return made[0] if made else None


def _signs(mark: Mark, at: int, reading: Reading, headed: dict[int, Row]) -> list[Token]:
    """The tokens of a line, without the places in columns of a table that are not about journeys."""
    # A line of former times stands within the lines of a journey.
    tokens = [] if mark.old else signs_of(mark, at, reading)
    for token in tokens:
        # A day later may stand in a line of its own below the time.
        after = reading.marks[at + 1].text if at + 1 < len(reading.marks) else ""
        if token.time and token is tokens[-1] and LATER.fullmatch(after):
            token.time = replace(token.time, later=1)
    row = headed.get(id(mark))
    if row is None:
        return tokens
    place = 0
    for role, cell in zip(row.roles, mark.line.cells, strict=False):
        begin = max(mark.text.find(cell, place), place)
        place = begin + len(cell)
        if role in ELSEWHERE:
            tokens = [t for t in tokens if t.sign is not Sign.PLACE or not begin <= t.start < place]
    return tokens


def _zones(reading: Reading, headed: dict[int, Row], taken: set[int]) -> Iterator[tuple[int, int]]:
    """The groups of lines that may tell legs: between headings, sentences and amounts."""
    first: int | None = None
    marks = reading.marks
    for at, mark in enumerate(marks):
        alone = id(mark) in headed
        breaks = alone or at in taken or _breaks(mark, reading)
        begins = bool(mark.line.level or labels.LEG.fullmatch(mark.text))
        if first is not None and (breaks or begins or at - first >= LONGEST_ZONE):
            yield first, at
            first = None
        if alone and at not in taken and not _breaks(mark, reading):
            yield at, at + 1
        if first is None and not breaks:
            first = at
    if first is not None:
        yield first, len(marks)


def _breaks(mark: Mark, reading: Reading) -> bool:
    return bool(
        mark.aside
        or (mark.old and not mark.times)
        or mark.cancelled
        or mark.stamp
        or mark.amounts
        or labels.GREETING.match(mark.text)
        or labels.SIGNED.match(mark.text)
        or (not mark.line.cells and len(mark.text.split()) > LONGEST_LINE and not _tells_leg(mark, reading))
    )


def _tells_leg(mark: Mark, reading: Reading) -> bool:
    """Return True if a sentence tells the times of a journey, or its number and places."""
    if len(mark.text) > LONGEST_SENTENCE:
        return False
    return len(mark.times) == 2 or (route_of(mark.text) is not None and number_in(mark, reading)[0] is not None)


def _journeys(tokens: list[Token], reading: Reading, lines: range) -> Iterator[tuple[Transport, set[int]]]:
    times = [token for token in tokens if token.sign is Sign.TIME]
    numbers = _numbers(tokens)
    if len(times) < 2 or len(numbers) > MOST_LEGS:
        return
    if not numbers:
        mode = _unnumbered(tokens, reading, lines)
        legs = cut_labelled(tokens, reading.marks) if mode else []
        modes = [mode] * len(legs)
    else:
        legs = cut(tokens, numbers, times, reading.marks)
        modes = [token.mode for token in numbers]
    previous: Transport | None = None
    made: list[tuple[Transport, set[int]]] = []
    for leg, mode in zip(legs, modes, strict=False):
        journey = _made(leg, mode, reading, previous)
        if journey is None:
            # Lines of which one leg isn't understood may be understood wrongly as a whole.
            return
        made.append(journey)
        previous = journey[0]
    yield from made


def _numbers(tokens: list[Token]) -> list[Token]:
    numbers: list[Token] = []
    for token in tokens:
        if token.sign is Sign.NUMBER and (not numbers or numbers[-1].text != token.text):
            numbers.append(token)
    return numbers


def _unnumbered(tokens: list[Token], reading: Reading, lines: range) -> str | None:
    """The mode of a journey without a number that lines tell by a word and by a route or labels."""
    marks = [reading.marks[at] for at in lines]
    before = reading.marks[lines[0] - 1] if lines[0] else None
    if before and before.text.endswith((":", "：")) and not before.times:
        marks = [before, *marks]
    near = [mark.text for mark in marks] + [marks[0].label]
    modes: set[str] = {mode for text in near if (mode := mode_of(text)) and mode in UNNUMBERED}
    spoken = len(modes) == 1
    if not modes:
        modes = set(modes_of(reading))
    flags = [token.departs for token in tokens if token.sign is Sign.TIME]
    head = reading.marks[lines[0]]
    routed = any(t.routed and not (head.leads and t.line == lines[0] and not head.times) for t in tokens)
    stops = _stops(tokens, reading.marks) and _announces(tokens, marks, reading)
    labelled = flags == [True, False] * (len(flags) // 2)
    return next(iter(modes)) if len(modes) == 1 and (labelled or (spoken and (routed or stops))) else None


def _announces(tokens: list[Token], marks: list[Mark], reading: Reading) -> bool:
    """Return True if the line above two stops, but for that of the day, says what kind of service calls at them."""
    first = next(token.line for token in tokens if token.sign is Sign.TIME)
    above = [mark for mark in marks if mark.index < reading.marks[first].index and not mark.told]
    if not above or not mode_of(above[-1].text):
        return False
    return above[-1].text.endswith((":", "：")) or len(above[-1].text.split()) <= HEADING_WORDS


def _stops(tokens: list[Token], marks: list[Mark]) -> bool:
    """Return True if the two times stand in lines that follow each other, each with a place and nothing else."""
    at = [token.line for token in tokens if token.sign is Sign.TIME]
    if len(at) != 2 or at[1] != at[0] + 1:
        return False
    told = [[token.sign for token in tokens if token.line == line] for line in at]
    short = all(len(marks[line].text.split()) <= LONGEST_STOP for line in at)
    return short and all(sorted(one, key=lambda sign: sign.value) == [Sign.TIME, Sign.PLACE] for one in told)


def _made(
    leg: Leg, mode: str | None, reading: Reading, previous: Transport | None
) -> tuple[Transport, set[int]] | None:
    departs, arrives = (token for token in leg if token.sign is Sign.TIME)
    number = next((token for token in leg if token.sign is Sign.NUMBER), None)
    ends = ends_of(leg)
    if departs.departs is False or arrives.departs is True or ends is None:
        return None
    told = _told(leg) or _dated_below(leg, reading)
    days = _days(leg, told, reading, previous)
    if days is None or departs.time is None or arrives.time is None:
        return None
    origin, destination = ends
    used = [departs, arrives, origin, destination, *told, *(t for t in leg if t.sign is Sign.NUMBER)]
    lines = range(min(token.line for token in used), max(token.line for token in used) + 1)
    block = Block(
        [reading.marks[at] for at in lines],
        number.text if number else None,
        mode,
        depart=Point(origin.text, departs.time, days[0]),
        arrive=Point(destination.text, arrives.time, days[1]),
    )
    quote = "\n".join(dict.fromkeys(mark.text for mark in block.marks))
    arrive = arrival_of(block, days[0])
    depart = moment_of(days[0], departs.time)
    if arrive and days[1] and arrive < depart:
        return None
    made = Transport(
        quote,
        How.RULE,
        confirmation=labels.code_in(quote) or reading.only_code,
        mode=mode or "other",
        number=block.number,
        origin=origin.text,
        destination=destination.text,
        depart=depart,
        arrive=arrive,
    )
    return made, set(lines)


def _told(leg: Leg) -> list[Token]:
    """The last day before a leg's number and times, and those among them."""
    told = [token for token in leg if token.sign is Sign.DAY]
    core = min(token.line for token in leg if token.sign in {Sign.TIME, Sign.NUMBER})
    before = [token for token in told if token.line < core]
    last = max(token.line for token in leg if token.sign in {Sign.TIME, Sign.NUMBER})
    return [*before[-1:], *(token for token in told if core <= token.line <= last)]


def _dated_below(leg: Leg, reading: Reading) -> list[Token]:
    """The day that a line below the times tells after a label such as "Date"."""
    last = max(token.line for token in leg if token.sign in {Sign.TIME, Sign.NUMBER})
    below = [token for token in leg if token.sign is Sign.DAY and last < token.line <= last + 2]
    labelled = [token for token in below if labels.WHEN.fullmatch(reading.marks[token.line].text[: token.start])]
    return labelled or [token for token in below if is_same_row(last, token.line, reading.marks)]


def _days(leg: Leg, told: list[Token], reading: Reading, previous: Transport | None) -> tuple[date, date | None] | None:
    """The days of departure and, if told apart, of arrival."""
    first = next(token for token in leg if token.sign is Sign.TIME)
    if any(token.day is None for token in told):
        return None
    days = list(dict.fromkeys(token.day for token in told if token.day))
    if len(days) == 1:
        return days[0], None
    if days:
        fits = len(days) == 2 and timedelta(0) < days[1] - days[0] <= LONGEST_CROSSING
        return (days[0], days[1]) if fits else None
    mark = reading.marks[first.line]
    day = mark.day
    if day is None and mark.line.cells and first.line:
        day = reading.marks[first.line - 1].day
    if previous and previous.arrive and first.time:
        came = date.fromisoformat(previous.arrive[:10])
        if day is None or day < came:
            return (came, None) if previous.arrive[11:16] <= first.time.clock else None
    return (day, None) if day else None
