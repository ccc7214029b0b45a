"""The ends of a journey as lines tell them: a place, a time, a day."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.patterns import Words
from documents.routes import (
    AIRPORT,
    FLIES_TOO,
    MODE,
    RAIL,
    RIDES,
    airport_in,
    bare,
    flight_number_at_start,
    is_named,
    number_of,
    place_of,
    shows_airports,
    without_moments,
)

if TYPE_CHECKING:
    from documents.marks import Mark, Reading
    from documents.times import Time

# The name of an answer of the reading.
FLIGHTS = "lines look like flights"
NEAR = 6
ENDS = 2
FAR = 10
# The code of an airport with nothing but a time beside it.
AIRPORT_ALONE = re.compile(rf"^\W*{AIRPORT}\W*$")


SAME_DAY = Words(r"same day|(?:gleichen|selben) tag|même jour|mismo día|stesso giorno|zelfde dag|mesmo dia|同日|当日着")


@dataclass(slots=True)
class Point:
    """Departure or arrival as told: a place, a time, a day."""

    place: str | None = None
    time: Time | None = None
    told: date | None = None


@dataclass(slots=True)
class Block:
    marks: list[Mark]
    number: str | None
    mode: str | None
    start: int = 0
    depart: Point = field(default_factory=Point)
    arrive: Point = field(default_factory=Point)


def moment_of(day: date, time: Time | None) -> str:
    return f"{day.isoformat()}T{time.clock}" if time else day.isoformat()


def arrival_of(block: Block, departs_on: date) -> str | None:
    depart, arrive = block.depart, block.arrive
    if arrive.time is None:
        return None
    if arrive.told:
        return moment_of(arrive.told, arrive.time)
    if arrive.time.later:
        return moment_of(departs_on + timedelta(arrive.time.later), arrive.time)
    if depart.time and arrive.time.clock < depart.time.clock:
        if any(SAME_DAY.search(mark.text) for mark in block.marks):
            return moment_of(departs_on, arrive.time)  # over the date line
        overnight = (
            depart.time.clock >= "17:00" and arrive.time.clock <= "12:00" and block.mode in {"train", "bus", "ferry"}
        )
        return moment_of(departs_on + timedelta(1), arrive.time) if overnight else None
    return moment_of(departs_on, arrive.time)


def segments_of(mark: Mark) -> list[tuple[bool, str, int, int]]:
    """The parts of a line that tell the departure (True) and the arrival (False), with their span."""
    text = mark.text
    hits = sorted(
        [(m.start(), m.end(), True) for m in labels.DEPART.finditer(text)]
        + [(m.start(), m.end(), False) for m in labels.ARRIVE.finditer(text)]
    )
    hits = [hit for i, hit in enumerate(hits) if i == 0 or hit[0] >= hits[i - 1][1]]
    hits = [hit for hit in hits if is_end_label(text, hit)]
    segments: list[tuple[bool, str, int, int]] = []
    for i, (begin, end, departs) in enumerate(hits):
        after = text[end : hits[i + 1][0] if i + 1 < len(hits) else len(text)]
        postfix = _postfix(text, begin, end, mark)
        start = (segments[-1][3] if segments else 0) if postfix else begin
        stop = _stop(mark, end, len(text)) if postfix else end + len(after)
        segments.append((departs, text[start:stop], start, stop))
    return segments


def is_end_label(text: str, hit: tuple[int, int, bool]) -> bool:
    """Words such as "an" and "ab" are labels before a time or a place's name only."""
    word = text[hit[0] : hit[1]].lower()
    rest = text[hit[1] :].lstrip(" :：-–")
    if word in {"an", "ab", "sale", "parte"}:
        return bool(re.match(r"\d|[A-ZÀ-Ý]", rest))
    return True


def _postfix(text: str, begin: int, end: int, mark: Mark) -> bool:
    """Return True if the place stands before the label, as in "Hamburg Hbf ab 08:01" or "東京駅発"."""
    if text[end - 1 : end] in {"発", "着"}:
        return True
    follows_time = any(0 <= time.start - end <= 3 for time in mark.times)
    before = text[:begin].rstrip()
    return (
        follows_time
        and bool(before)
        and before[-1] not in ",;:|"
        and text[begin:end].lower() in {"ab", "an", "dep", "dep.", "arr", "arr.", "départ", "arrivée"}
    )


def _stop(mark: Mark, end: int, length: int) -> int:
    """The end of a segment whose place stands before the label: that of the time after it."""
    return next((time.end for time in mark.times if 0 <= time.start - end <= 3), min(end, length))


def take(point: Point, mark: Mark, text: str, start: int, end: int) -> None:
    times = [time for time in mark.times if start <= time.start < end]
    days = [day for one, day in zip(mark.told, mark.days, strict=True) if start <= one.start < end and day]
    point.time = point.time or (times[0] if times else None)
    point.told = point.told or (days[0] if days else None)
    if point.place is None:
        point.place = place_in(text)


def place_in(text: str) -> str | None:
    plain = without_moments(text)
    plain = labels.ARRIVE.sub("  ", labels.DEPART.sub("  ", plain))
    plain = re.sub(rf"(?<![A-Za-z])(?:{RAIL})\s?\d{{1,5}}|(?<![A-Za-z0-9])[A-Z]{{2}}\s?\d{{1,4}}(?!\d)", "  ", plain)
    plain = re.sub(r"(?i)\bseats?\b.*$", "  ", plain)
    for part in re.split(r"\s{2,}|[;|]|→|➔", plain):
        place = place_of(bare(part))
        if place and is_named(place):
            return place
    return None


def modes_of(reading: Reading) -> list[str]:
    """The kinds of services that a document speaks of."""
    return [name for name in ("flight", "train", "ferry", "bus") if reading.speaks_of(MODE[name])]


def _shows_flights(reading: Reading) -> bool:
    """Return True if lines look like flights although no word says so: a number with airports or both times."""
    if FLIGHTS not in reading.answers:
        marks = reading.marks
        reading.answers[FLIGHTS] = any(
            not mark.aside and flight_number_at_start(mark.text) and _flies_here(reading, place)
            for place, mark in enumerate(marks)
        )
    return reading.answers[FLIGHTS]


def _flies_here(reading: Reading, place: int) -> bool:
    near = reading.marks[max(0, place - 1) : place + NEAR]
    if any(shows_airports(mark.text) for mark in near[:4]):
        return True
    if sum(1 for mark in near[1:5] if mark.times and airport_in(mark.text)) >= ENDS:
        return True
    around = reading.marks[max(0, place - FAR) : place + FAR]
    if (
        any(mark.times for mark in around)
        and sum(1 for m in around if not m.times and AIRPORT_ALONE.match(m.text)) >= ENDS
    ):
        return True
    before = reading.marks[max(0, place - NEAR) : place + NEAR]
    if sum(1 for mark in before if mark.times and AIRPORT_ALONE.search(without_moments(mark.text))) >= ENDS:
        return True
    if reading.speaks_of(RIDES) or reading.speaks_of(MODE["bus"]) or reading.speaks_of(MODE["ferry"]):
        return False
    stops = [mark for mark in near[1:5] if len(mark.times) == 1 and not mark.text[: mark.times[0].start].strip()]
    if len(stops) == ENDS and reading.codes:
        return True
    ends = [departs for mark in reading.marks[place : place + NEAR] if mark.times for departs, *_ in segments_of(mark)]
    return ends[:2] == [True, False]


def number_in(mark: Mark, reading: Reading) -> tuple[str | None, str | None]:
    flies = reading.speaks_of(MODE["flight"]) or _shows_flights(reading)
    number, mode = number_of(mark.text, flies=flies)
    if mode == "train" and number and flies and FLIES_TOO.match(number) and not reading.speaks_of(RIDES):
        return number_of(mark.text, flies=flies, rides=False)
    return number, mode
