"""Journeys: their number, from and to, departure and arrival, of one line or of a block of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.marks import About, Mark, Reading
from documents.model import How, Transport
from documents.routes import MODE, RAIL, bare, is_named, mode_of, number_of, place_of, route_of, without_moments
from documents.tables import Role, Row, rows_of
from documents.times import Time, times_in

if TYPE_CHECKING:
    from documents.dates import Told

BLOCK = 7


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


def journeys_of(reading: Reading) -> tuple[list[Transport], set[int]]:
    """The journeys of a document, and the places of the marks that they cover."""
    found: list[Transport] = []
    covered: set[int] = set()
    rows = {id(row.mark): row for row in rows_of(reading)}
    place = 0
    marks = reading.marks
    while place < len(marks):
        mark = marks[place]
        row = rows.get(id(mark))
        size = 1
        if not mark.aside and not mark.old:
            if row and (journey := _of_row(row, reading)):
                found.append(journey)
                covered.add(place)
            elif not (row and row.has(Role.CHECK_IN)) and (block := _block_at(marks, place, reading)):
                made = _made(block, reading)
                if made:
                    found.append(made)
                    size = len(block.marks)
                    covered |= set(range(place, place + size))
        place += size
    return _once(found), covered


def _once(journeys: list[Transport]) -> list[Transport]:
    """The journeys without those told again in every value, as for two travelers on one booking."""
    once: dict[tuple[str | None, ...], Transport] = {}
    for one in journeys:
        number = one.number.replace(" ", "") if one.number else None
        ends = () if number else (one.origin, one.destination)
        once.setdefault((one.mode, number, one.depart, one.arrive, one.confirmation, *ends), one)
    return list(once.values())


def _block_at(marks: list[Mark], place: int, reading: Reading) -> Block | None:
    mark = marks[place]
    number, mode = number_of(mark.text, flies=reading.holds(MODE["flight"]))
    car = not number and _is_pickup(mark) and reading.holds(MODE["car"])
    named = mode_of(mark.text)
    route = route_of(mark.text) if named and not number else None
    if not number and not car and not route:
        return None
    block = Block([mark], number, "car" if car else (mode or named))
    for following in marks[place + 1 : place + BLOCK]:
        if (
            following.aside
            or following.old
            or following.line.level
            or (following.leads and _times_only(block))
            or ends_block(following, block, reading)
        ):
            break
        block.marks.append(following)
    return block


def _times_only(block: Block) -> bool:
    """Whether the block already has both its times, so that a line with a new day begins something else."""
    return sum(len(mark.times) for mark in block.marks) >= 2


def ends_block(mark: Mark, block: Block, reading: Reading) -> bool:
    if mark.amounts or (labels.NEW.match(mark.text) and len(mark.text.split()) <= 3):
        return True
    if block.mode == "car":
        return sum(len(one.times) for one in block.marks) >= 2
    if number_of(mark.text, flies=reading.holds(MODE["flight"]))[0] or (
        block.number is None and _is_pickup(mark) and _times_only(block)
    ):
        return True
    labelled = labels.DEPART.search(mark.text) or labels.ARRIVE.search(mark.text) or labels.CHECK_IN.match(mark.text)
    dated = bool(mark.told) and not mark.times and len(mark.text.split()) <= 8
    routed = route_of(mark.text) is not None and len(block.marks) < 3
    alone = bool(mark.label) and (labels.DEPART.match(mark.label) or labels.ARRIVE.match(mark.label))
    heading = len(mark.text.split()) <= 3 and not mark.text.endswith(".")
    if _times_only(block) and not mark.times:
        return True
    return not (labelled or dated or routed or alone or (heading and not _times_only(block)))


def _is_pickup(mark: Mark) -> bool:
    return bool(
        re.match(
            r"\W{0,3}(?:pick[-\s]?up|abholung|prise en charge|retrait|recogida|ritiro|貸出|出発店舗)",
            mark.text,
            re.IGNORECASE,
        )
    )


def _made(block: Block, reading: Reading) -> Transport | None:
    _fill(block)
    day = _day(block)
    depart, arrive = block.depart, block.arrive
    departs_on = depart.told or day
    if departs_on is None or (depart.time is None and block.number is None):
        return None
    mode = block.mode or next((m for mark in block.marks if (m := mode_of(mark.text))), None)
    if block.number is None and not (depart.place and arrive.place and depart.time and arrive.time):
        return None
    if depart.time is None and arrive.time is None and not (depart.place and arrive.place):
        return None
    quote = "\n".join(mark.text for mark in _told_of(block))
    return Transport(
        quote,
        How.RULE,
        confirmation=labels.code_in(quote) or reading.only_code,
        mode=mode or "other",
        number=block.number,
        origin=depart.place,
        destination=arrive.place,
        depart=_moment(departs_on, depart.time),
        arrive=_arrival(block, departs_on),
    )


def _told_of(block: Block) -> list[Mark]:
    """The marks from the first to the last one that tells something."""
    last = max(
        (
            i
            for i, mark in enumerate(block.marks)
            if mark.times or mark.told or i == 0 or mark.text in {block.depart.place, block.arrive.place}
        ),
        default=0,
    )
    del block.marks[last + 1 :]
    return block.marks


def _moment(day: date, time: Time | None) -> str:
    return f"{day.isoformat()}T{time.clock}" if time else day.isoformat()


def _arrival(block: Block, departs_on: date) -> str | None:
    depart, arrive = block.depart, block.arrive
    if arrive.time is None:
        return None
    if arrive.told:
        return _moment(arrive.told, arrive.time)
    if arrive.time.later:
        return _moment(departs_on + timedelta(arrive.time.later), arrive.time)
    if depart.time and arrive.time.clock < depart.time.clock:
        overnight = (
            depart.time.clock >= "17:00" and arrive.time.clock <= "12:00" and block.mode in {"train", "bus", "ferry"}
        )
        return _moment(departs_on + timedelta(1), arrive.time) if overnight else None
    return _moment(departs_on, arrive.time)


def _day(block: Block) -> date | None:
    own = [
        day
        for mark in block.marks
        for day, about in zip(mark.days, mark.about, strict=True)
        if day and about is About.TRIP
    ]
    if any(
        about is About.TRIP and day is None
        for mark in block.marks
        for day, about in zip(mark.days, mark.about, strict=True)
    ):
        return None
    return own[0] if own else block.marks[0].day


def _fill(block: Block) -> None:
    expected: Point | None = None
    for mark in block.marks:
        segments = _segments(mark)
        if segments:
            for point_is_depart, text, start, end in segments:
                point = block.depart if point_is_depart else block.arrive
                _take(point, mark, text, start, end)
                expected = point
            if not block.arrive.place or not block.depart.place:
                _route_from(block, mark)
            before = next((time for time in mark.times if time.end <= segments[0][2]), None)
            block.depart.time = block.depart.time or before
            continue
        if expected and block.number is None and block.mode == "car":
            _take(expected, mark, mark.text, 0, len(mark.text))
            continue
        if (mark.label and expected is not None) and not mark.times and not mark.told:
            expected.place = expected.place or place_of(mark.text)
        _route_from(block, mark)
        _loose_times(block, mark)


def _route_from(block: Block, mark: Mark) -> None:
    if block.depart.place and block.arrive.place:
        return
    route = route_of(mark.text)
    if route:
        block.depart.place = block.depart.place or route[0]
        block.arrive.place = block.arrive.place or route[1]


def _loose_times(block: Block, mark: Mark) -> None:
    """Times without labels: the first is the departure, the second the arrival."""
    for time in mark.times:
        if block.depart.time is None:
            block.depart.time = time
        elif block.arrive.time is None and time is not block.depart.time:
            block.arrive.time = time


def _segments(mark: Mark) -> list[tuple[bool, str, int, int]]:
    """The parts of a line that tell the departure (True) and the arrival (False), with their span."""
    text = mark.text
    hits = sorted(
        [(m.start(), m.end(), True) for m in labels.DEPART.finditer(text)]
        + [(m.start(), m.end(), False) for m in labels.ARRIVE.finditer(text)]
    )
    hits = [hit for i, hit in enumerate(hits) if i == 0 or hit[0] >= hits[i - 1][1]]
    hits = [hit for hit in hits if _is_label(text, hit)]
    segments: list[tuple[bool, str, int, int]] = []
    for i, (begin, end, departs) in enumerate(hits):
        after = text[end : hits[i + 1][0] if i + 1 < len(hits) else len(text)]
        postfix = _postfix(text, begin, end, mark)
        start = (segments[-1][3] if segments else 0) if postfix else begin
        stop = _stop(mark, end, len(text)) if postfix else end + len(after)
        segments.append((departs, text[start:stop], start, stop))
    return segments


def _is_label(text: str, hit: tuple[int, int, bool]) -> bool:
    """Words such as "an" and "ab" are labels before a time or a place's name only."""
    word = text[hit[0] : hit[1]].lower()
    rest = text[hit[1] :].lstrip(" :：-–")
    if word in {"an", "ab", "sale", "parte"}:
        return bool(re.match(r"\d|[A-ZÀ-Ý]", rest))
    return True


def _postfix(text: str, begin: int, end: int, mark: Mark) -> bool:
    """Whether the place stands before the label, as in "Hamburg Hbf ab 08:01" or "東京駅発"."""
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


def _take(point: Point, mark: Mark, text: str, start: int, end: int) -> None:
    times = [time for time in mark.times if start <= time.start < end]
    days = [day for one, day in zip(mark.told, mark.days, strict=True) if start <= one.start < end and day]
    point.time = point.time or (times[0] if times else None)
    point.told = point.told or (days[0] if days else None)
    if point.place is None:
        point.place = _place_in(text)


def _place_in(text: str) -> str | None:
    plain = without_moments(text)
    plain = labels.ARRIVE.sub("  ", labels.DEPART.sub("  ", plain))
    plain = re.sub(rf"(?<![A-Za-z])(?:{RAIL})\s?\d{{1,5}}|(?<![A-Za-z0-9])[A-Z]{{2}}\s?\d{{1,4}}(?!\d)", "  ", plain)
    plain = re.sub(r"(?i)\bseats?\b.*$", "  ", plain)
    for part in re.split(r"\s{2,}|[;|]|→|➔", plain):
        place = place_of(bare(part))
        if place and is_named(place):
            return place
    return None


def _of_row(row: Row, reading: Reading) -> Transport | None:
    """A journey that a table tells in columns."""
    if not (row.has(Role.ORIGIN, Role.DESTINATION) or (row.has(Role.DEPART, Role.ARRIVE) and row.has(Role.NUMBER))):
        return None
    mark = row.mark
    depart_cell, arrive_cell = row.cell(Role.DEPART, Role.TIME), row.cell(Role.ARRIVE)
    origin = row.cell(Role.ORIGIN) or _place_in(depart_cell)
    destination = row.cell(Role.DESTINATION) or _place_in(arrive_cell)
    number = row.cell(Role.NUMBER)
    if not number:
        number = number_of(mark.text, flies=reading.holds(MODE["flight"]))[0] or ""
    departs, arrives = (
        times_in(depart_cell or row.cell(Role.ORIGIN)),
        times_in(arrive_cell or row.cell(Role.DESTINATION)),
    )
    day = mark.day or next(iter(mark.trip_days), None)
    if not day or not (number or departs):
        return None
    last = mark.trip_days[-1] if mark.trip_days and _tells_day(arrive_cell or row.cell(Role.DESTINATION)) else None
    block = Block(
        [mark],
        number or None,
        None,
        depart=Point(origin, departs[0] if departs else None),
        arrive=Point(destination, arrives[0] if arrives else None, last),
    )
    mode = (
        mode_of(number)
        or number_of(mark.text, flies=reading.holds(MODE["flight"]))[1]
        or next((name for name in MODE if reading.holds(MODE[name])), None)
    )
    block.mode = mode
    bare = re.search(r"(?:[A-Z]{1,4}\s?)?\d{1,5}", number)
    return Transport(
        mark.text,
        How.RULE,
        confirmation=row.cell(Role.CONFIRMATION) or None,
        mode=mode or "other",
        number=bare[0] if bare else None,
        origin=place_of(without_moments(origin or "")),
        destination=place_of(without_moments(destination or "")),
        depart=_moment(day, block.depart.time),
        arrive=_arrival(block, day),
    )


def _tells_day(cell: str) -> list[Told]:
    return dates_in(cell)
