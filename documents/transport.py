"""Journeys: their number, from and to, departure and arrival, of one line or of a block of lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents import labels
from documents.columned import columned_journeys, turned_journeys
from documents.ends import between_ends, pair_at
from documents.hires import CAR, hires_of
from documents.legs import legs_of
from documents.marks import About, Mark, Reading
from documents.model import How, Transport
from documents.points import Block, Point, arrival_of, modes_of, moment_of, number_in, segments_of, take
from documents.routes import CODE3, MODE, airport_in, mode_of, place_of, route_of, shows_airports, without_moments
from documents.signs import Sign, signs_of
from documents.tables import Role, rows_of

if TYPE_CHECKING:
    from datetime import date


BLOCK = 7
FORMER_TIMES = re.compile(rf"(?:{labels.OLD.pattern})[^:：.]{{0,40}}[:：]", re.IGNORECASE)
NEW_TIMES = re.compile(rf"(?:{labels.NEW.pattern})[^:：.]{{0,40}}[:：]", re.IGNORECASE)
ROUTED = re.compile(
    r"\W{0,3}(?:tratta|strecke|route|trajet|ruta|trayecto|itinéraire|verbindung|relation|区間)\s*[:：]", re.IGNORECASE
)
LETTERS = re.compile(r"[^\W\d_]{2}")
# Words of times.
CLOCKS = re.compile(r"(?<![^\W\d_])(?:[ap]\.?m\.?|uhr|hrs?|h|to|bis|until)(?![^\W_])", re.IGNORECASE)
PICK_UP = re.compile(
    r"\W{0,3}(?:pick[-\s]?up|collection|abholung|anmietung|übernahme|prise en charge|retrait|départ de la location"
    r"|recogida|ritiro|ophalen|levantamento|retirada|貸出|出発店舗|受取)",
    re.IGNORECASE,
)


def journeys_of(reading: Reading) -> tuple[list[Transport], set[int]]:
    """The journeys of a document, and the places of the marks that they cover."""
    found: list[Transport] = []
    covered: set[int] = set()
    _set_former(reading.marks)
    rows = {id(row.mark): row for row in rows_of(reading)}
    hired, told = hires_of(reading)
    covered |= told
    for journeys, told in (columned_journeys(reading, rows), turned_journeys(reading)):
        found += journeys
        covered |= told
    legs, told = legs_of(reading, rows, covered)
    found += legs
    covered |= told
    place = 0
    marks = reading.marks
    while place < len(marks):
        mark = marks[place]
        row = rows.get(id(mark))
        size = 1
        if not mark.aside and not mark.old and place not in covered:
            if between := between_ends(marks, place, reading, covered):
                made, first, size = between
                found.append(made)
                covered |= set(range(first, place + size))
            elif pair := pair_at(marks, place, reading):
                found.append(pair)
                covered |= {place, place + 1}
                size = 2
            elif not (row and row.has(Role.CHECK_IN)) and (block := _block_at(marks, place, reading, covered)):
                made = _made(block, reading, marks[place - 1] if place else None)
                if made:
                    found.append(made)
                    first = place - (block.marks[0] is not mark)
                    size = len(block.marks) - (place - first)
                    covered |= set(range(first, place + size))
        place += size
    return _once(hired + found), covered


def _set_former(marks: list[Mark]) -> None:
    """Mark lines that are labelled as the former times if others are labelled as the new ones."""
    if not any(mark.times and NEW_TIMES.match(mark.text) for mark in marks):
        return
    for mark in marks:
        if mark.times and FORMER_TIMES.match(mark.text):
            mark.old = True


def _once(journeys: list[Transport]) -> list[Transport]:
    """The journeys without those told again in every value, as for two travelers on one booking."""
    once: dict[tuple[str | None, ...], Transport] = {}
    for one in journeys:
        number = one.number.replace(" ", "") if one.number else None
        ends = () if number else (one.origin, one.destination)
        once.setdefault((one.mode, number, one.depart, one.arrive, one.confirmation, *ends), one)
    return list(once.values())


def _block_at(marks: list[Mark], place: int, reading: Reading, covered: set[int]) -> Block | None:
    mark = marks[place]
    number, mode = number_in(mark, reading)
    car = not number and _is_pickup(mark) and (reading.speaks_of(MODE["car"]) or reading.speaks_of(CAR))
    named = mode_of(mark.text)
    routed = ROUTED.match(mark.text)
    if routed and not named:
        named = next(iter(held), None) if len(held := modes_of(reading)) == 1 else None
    route = route_of(mark.text) if (named or routed) and not number else None
    if not number and not car and not route:
        return None
    block = Block([mark], number, "car" if car else (mode or named))
    for at, following in enumerate(marks[place + 1 : place + BLOCK], place + 1):
        if at in covered:
            break
        if following.leads and not following.line.level and _dates(block, marks, at):
            block.marks.append(following)
            continue
        if (
            following.aside
            or following.old
            or following.line.level
            or (following.leads and (_times_only(block) or _begins_another(following, block)))
            or ends_block(following, block, reading)
        ):
            break
        block.marks.append(following)
    return block


def _begins_another(mark: Mark, block: Block) -> bool:
    """Return True if a line is the heading of another day than the one that the block stands under."""
    return not mark.times and block.marks[0].day not in {None, mark.day}


def _dates(block: Block, marks: list[Mark], at: int) -> bool:
    """Return True if a day alone is that of the number above it: a line of departure or of times follows."""
    if block.number is None or any(mark.times or mark.told for mark in block.marks):
        return False
    if marks[at].times:
        return not LETTERS.search(CLOCKS.sub("", without_moments(marks[at].text)))
    if len(marks[at].told) != 1 or marks[at].text[marks[at].rest :].strip(" .,:"):
        return False
    if at + 1 >= len(marks):
        return False
    after = marks[at + 1]
    if not after.times or after.told or after.leads:
        return False
    return bool(labels.DEPART.match(after.text.lstrip())) or not LETTERS.search(CLOCKS.sub("", after.text))


def _times_only(block: Block) -> bool:
    """Return True if the block already has both its times, so that a line with a new day begins something else."""
    return sum(len(mark.times) for mark in block.marks) >= 2


def ends_block(mark: Mark, block: Block, reading: Reading) -> bool:
    if mark.amounts or (labels.NEW.match(mark.text) and len(mark.text.split()) <= 3):
        return True
    if block.mode == "car":
        return sum(len(one.times) for one in block.marks) >= 2
    if number_in(mark, reading)[0] or (block.number is None and _is_pickup(mark) and _times_only(block)):
        return True
    labelled = labels.DEPART.search(mark.text) or labels.ARRIVE.search(mark.text) or labels.CHECK_IN.match(mark.text)
    dated = bool(mark.told) and not mark.times and len(mark.text.split()) <= 8
    routed = route_of(mark.text) is not None and len(block.marks) < 3
    alone = bool(mark.label) and (labels.DEPART.match(mark.label) or labels.ARRIVE.match(mark.label))
    heading = len(mark.text.split()) <= 3 and not mark.text.endswith(".")
    if _times_only(block) and not mark.times:
        return True
    end = bool(mark.times) and airport_in(mark.text) is not None
    return not (labelled or dated or routed or alone or end or (heading and not _times_only(block)))


def _is_pickup(mark: Mark) -> bool:
    return bool(PICK_UP.match(mark.text))


def _made(block: Block, reading: Reading, before: Mark | None = None) -> Transport | None:
    _fill(block)
    above = block.number and not block.depart.place and not block.arrive.place and before
    if above and not above.times and not above.amounts and not above.aside and shows_airports(above.text):
        _route_from(block, above)
        block.marks.insert(0, above)
    day = _day(block)
    depart, arrive = block.depart, block.arrive
    departs_on = depart.told or day
    if departs_on is None or (depart.time is None and block.number is None):
        return None
    mode = block.mode or next((m for mark in block.marks if (m := mode_of(mark.text))), None)
    if block.number is None and not (depart.place and arrive.place and depart.time and arrive.time):
        return None
    untimed = depart.time is None and arrive.time is None
    if untimed and not (depart.place and arrive.place and _tells_day(block)):
        return None
    if not (depart.place and arrive.place) and _names_places(block, reading):
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
        depart=moment_of(departs_on, depart.time),
        arrive=arrival_of(block, departs_on),
    )


def _tells_day(block: Block) -> bool:
    """Return True if the lines of a journey without times tell its day themselves, and each of its ends alone."""
    ends = (block.depart.place or "", block.arrive.place or "")
    return any(mark.trip_days for mark in block.marks) and all(len(CODE3.findall(end)) <= 1 for end in ends)


def _names_places(block: Block, reading: Reading) -> bool:
    """Return True if lines name places, although it isn't clear which of them is which end."""
    return any(token.sign is Sign.PLACE for mark in block.marks for token in signs_of(mark, 0, reading))


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
        segments = segments_of(mark)
        if segments:
            for point_is_depart, text, start, end in segments:
                point = block.depart if point_is_depart else block.arrive
                take(point, mark, text, start, end)
                expected = point
            if not block.arrive.place or not block.depart.place:
                _route_from(block, mark)
            before = next((time for time in mark.times if time.end <= segments[0][2]), None)
            block.depart.time = block.depart.time or before
            continue
        if expected and block.number is None and block.mode == "car":
            take(expected, mark, mark.text, 0, len(mark.text))
            continue
        if (mark.label and expected is not None) and not mark.times and not mark.told:
            expected.place = expected.place or place_of(mark.text)
        _route_from(block, mark)
        _loose_times(block, mark)
        _loose_place(block, mark)


def _route_from(block: Block, mark: Mark) -> None:
    if block.depart.place and block.arrive.place:
        return
    route = route_of(mark.text)
    if route:
        block.depart.place = block.depart.place or route[0]
        block.arrive.place = block.arrive.place or route[1]


def _loose_place(block: Block, mark: Mark) -> None:
    """A place with its airport's code beside the time of one end."""
    place = airport_in(mark.text) if len(mark.times) == 1 and not mark.line.cells else None
    for point in (block.depart, block.arrive):
        if place and point.time is mark.times[0] and point.place is None:
            take(point, mark, place, 0, len(mark.text))


def _loose_times(block: Block, mark: Mark) -> None:
    """Times without labels: the first is the departure, the second the arrival."""
    for time in mark.times:
        if block.depart.time is None:
            block.depart.time = time
        elif block.arrive.time is None and time is not block.depart.time:
            block.arrive.time = time
