"""Journeys whose two ends stand on lines of their own, with or without a number between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents import labels
from documents.model import How, Transport
from documents.points import Block, Point, arrival_of, modes_of, moment_of, number_in, segments_of, take
from documents.routes import is_named, place_of, without_moments

if TYPE_CHECKING:
    from datetime import date

    from documents.marks import Mark, Reading

# Lines that tell one end of a journey, and the words of each.
END = 4
SHORT = 8


def between_ends(
    marks: list[Mark], place: int, reading: Reading, covered: set[int]
) -> tuple[Transport, int, int] | None:
    """A journey whose number stands between its two ends, the time and place of each on lines of their own.

    Returns it with the place of its first mark and the number of marks from `place` on.
    """
    mark = marks[place]
    # A row of one cell below the rows of both ends stands under no day of its own.
    day = mark.day or (marks[place - 1].day if place and marks[place - 1].line.cells else None)
    number, mode = number_in(mark, reading) if not mark.times and day else (None, None)
    if not number or not day:
        return None
    first = place
    while (
        first > 0 and first > place - END and _continues(marks[first - 1], day, reading, covered=first - 1 in covered)
    ):
        first -= 1
    last = place + 1
    while last < len(marks) and last <= place + END and _continues(marks[last], day, reading, covered=last in covered):
        last += 1
    before, after = marks[first:place], marks[place + 1 : last]
    depart, used_before = _end_of(before)
    arrive, used = _end_of(after)
    if depart and arrive is None and used_before < len(before):
        arrive, more = _end_of(before[used_before:])
        used_before += more
    if not (depart and arrive and depart.time and arrive.time) or used_before != len(before):
        return None
    block = Block([*before, mark, *after[:used]], number, mode, depart=depart, arrive=arrive)
    quote = "\n".join(one.text for one in block.marks)
    made = Transport(
        quote,
        How.RULE,
        confirmation=reading.only_code,
        mode=mode or "other",
        number=number,
        origin=depart.place,
        destination=arrive.place,
        depart=moment_of(day, depart.time),
        arrive=arrival_of(block, day),
    )
    return made, first, 1 + used


def _continues(mark: Mark, day: date, reading: Reading, *, covered: bool) -> bool:
    """Return True if a line may tell an end of the journey whose number stands in another."""
    return not (
        covered
        or mark.aside
        or mark.old
        or mark.leads
        or mark.told
        or mark.amounts
        or mark.line.level
        or mark.day != day
        or len(mark.times) > 1
        or len(mark.text.split()) > SHORT
        or number_in(mark, reading)[0]
    )


def _end_of(marks: list[Mark]) -> tuple[Point | None, int]:
    """The time and place of lines that tell one of each, and how many lines that takes."""
    timed = [i for i, mark in enumerate(marks) if mark.times]
    if not timed or timed[0] > 2:
        return None, 0
    at = timed[0]
    until = timed[1] if len(timed) > 1 else len(marks)
    own = place_of(without_moments(marks[at].text))
    following = [(i, name) for i in range(at + 1, until) if (name := place_of(marks[i].text)) and is_named(name)]
    preceding = [(i, name) for i in range(at) if (name := place_of(marks[i].text)) and is_named(name)]
    if own and is_named(own):
        return Point(own, marks[at].times[0]), at + 1
    if preceding and not following:
        return Point(preceding[-1][1], marks[at].times[0]), at + 1
    if not following or preceding:
        return None, 0
    longest = max(following[:2], key=lambda one: len(one[1]))
    return Point(longest[1], marks[at].times[0]), following[:2][-1][0] + 1


def pair_at(marks: list[Mark], place: int, reading: Reading) -> Transport | None:
    """A journey without a number that a line of departure and a line of arrival tell, each with time and place."""
    if place + 1 >= len(marks):
        return None
    if (
        len(marks[place].times) != 1
        or len(marks[place + 1].times) != 1
        or not labels.ARRIVE.search(marks[place + 1].text)
    ):
        return None
    ends: list[tuple[Point, date]] = []
    for mark, departs in ((marks[place], True), (marks[place + 1], False)):
        if mark.aside or mark.old or mark.line.cells or not mark.day:
            return None
        segments = segments_of(mark)
        if len(segments) != 1 or segments[0][0] is not departs or number_in(mark, reading)[0]:
            return None
        point = Point()
        take(point, mark, mark.text, 0, len(mark.text))
        if not point.place or not point.time:
            return None
        ends.append((point, point.told or mark.day))
    (depart, leaves), (arrive, comes) = ends
    modes = modes_of(reading)
    start, end = moment_of(leaves, depart.time), moment_of(comes, arrive.time)
    if len(modes) != 1 or start >= end:
        return None
    return Transport(
        f"{marks[place].text}\n{marks[place + 1].text}",
        How.RULE,
        confirmation=reading.only_code,
        mode=modes[0],
        origin=depart.place,
        destination=arrive.place,
        depart=start,
        arrive=end,
    )
