"""Days and times after labels such as "Check-in" and "Departure"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents import labels
from documents.marks import About, Mark
from documents.patterns import Words

if TYPE_CHECKING:
    from datetime import date

# Labels that say nothing but where a range begins and ends.
FROM = Words(r"\W*(?:in|date in|from|von|ab|du|de|del|desde|dal|van|a partir de)\W*")
TO = Words(r"\W*(?:out|date out|to|until|till|bis|au|al|hasta|fino al|tot|t/m|até)\W*")
PAIR = 2
LONGEST = 12


def _segments(mark: Mark) -> list[tuple[bool, int, int]]:
    """The parts of a line that stand after a label of arrival (True) or departure (False)."""
    hits = sorted(
        [(m.start(), m.end(), True) for m in labels.CHECK_IN.finditer(mark.text)]
        + [(m.start(), m.end(), False) for m in labels.CHECK_OUT.finditer(mark.text)]
    )
    if not hits and len(mark.line.cells) == PAIR:
        ends = [(FROM, True), (TO, False)]
        hits = [(0, 0, arrives) for pattern, arrives in ends if pattern.fullmatch(mark.line.cells[0])]
    if not hits and mark.label:
        if labels.CHECK_IN.match(mark.label):
            hits = [(0, 0, True)]
        elif labels.CHECK_OUT.match(mark.label):
            hits = [(0, 0, False)]
        elif FROM.fullmatch(mark.label):
            hits = [(0, 0, True)]
        elif TO.fullmatch(mark.label):
            hits = [(0, 0, False)]
    ends = [*(hit[0] for hit in hits[1:]), len(mark.text)][: len(hits)]
    return [(arrives, begin, end) for (_, begin, arrives), end in zip(hits, ends, strict=True)]


def _clock_of(clocks: list[str], *, arrives: bool) -> str | None:
    """Of a range of times, the first for the arrival and the last for the departure."""
    return (clocks[0] if arrives else clocks[-1]) if clocks else None


def labelled_days(mark: Mark) -> list[tuple[bool, date | None, str | None]]:
    found: list[tuple[bool, date | None, str | None]] = []
    if not mark.told:
        return found
    for arrives, begin, end in _segments(mark):
        days = [
            day
            for one, day, about in zip(mark.told, mark.days, mark.about, strict=True)
            if begin <= one.start < end and about is About.TRIP
        ]
        first = next((one for one in mark.told if begin <= one.start < end), None)
        if not days or first is None or len(mark.text[begin : first.start].split()) > 4:
            continue
        clock = _clock_of([time.clock for time in mark.times if begin <= time.start < end], arrives=arrives)
        found.append((arrives, days[0], clock))
    return found


def paired_days(marks: list[Mark], place: int) -> list[tuple[date, str | None]] | None:
    """The day and time of arrival and of departure that stand side by side, above or below their labels."""
    mark = marks[place]
    days = mark.trip_days
    if len(mark.told) != PAIR or len(days) != PAIR or mark.told[0].opens or days[0] >= days[1] or mark.line.cells:
        return None
    near = [at for at in (place - 1, place + 1) if 0 <= at < len(marks) and _labels_both(marks[at].text)]
    if not near or len(mark.text.split()) > LONGEST:
        return None
    beside = [one.times for one in marks[place : place + PAIR + 1] if len(one.times) == PAIR]
    clocks = [time.clock for time in beside[0]] if beside else [None, None]
    return list(zip(days, clocks, strict=True))


def _labels_both(text: str) -> bool:
    """Return True if a line is nothing but a label of arrival and one of departure."""
    first = labels.CHECK_IN.match(text)
    if not first or len(text.split()) > PAIR * PAIR:
        return False
    rest = text[first.end() :].lstrip(" :：|/·-–")
    last = labels.CHECK_OUT.match(rest)
    return bool(last and not rest[last.end() :].strip(" :："))


def labelled_times(mark: Mark) -> list[tuple[bool, str]]:
    """Times of arrival and departure that stand apart from their days, as in "Check-in from 15:00"."""
    if mark.told or not mark.times or labels.OPENING.search(mark.text) or len(mark.text.split()) > 12:
        return []
    found: list[tuple[bool, str]] = []
    for arrives, begin, end in _segments(mark):
        clock = _clock_of([time.clock for time in mark.times if begin <= time.start < end], arrives=arrives)
        if clock:
            found.append((arrives, clock))
    return found
