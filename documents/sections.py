"""The day that each line of a document belongs to, by the headings, rows and lines that begin with a day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.marks import About, Mark, Reading
from documents.patterns import Words

if TYPE_CHECKING:
    from datetime import date

    from documents.dates import Told

LETTERS = re.compile(r"[^\W\d_]")
ENDS = re.compile(
    r"^\W{0,3}(?:total|price|cost|prices|payment|includ|not includ|exclud|what's included|terms|conditions"
    r"|notes?\b|important|your hotels?|hotels\b|accommodations?\b$|flights?$|contact|"
    r"gesamt|reisepreis|preis|leistungen|inklusiv|enthalten|nicht enthalten|hinweis|wichtig|zahlung|agb"
    r"|unterkünfte|prix|tarif|comprend|non compris|inclus|conditions|vos h|hébergements|"
    r"precio|incluye|no incluye|condiciones|importe|pago|alojamientos|prezzo|quota|include|comprende|esclus"
    r"|condizioni|i vostri|alloggi|料金|代金|注意|備考|宿泊$)",
    re.IGNORECASE,
)
ON = re.compile(r"^\W{0,3}(?:(?:and |then )?on|am|le|el|il|den|der|the|date|datum|fecha|data)?[\s:]*$", re.IGNORECASE)
# The number of a day beside its date, as in "J1" or "T 2".
NUMBERED = re.compile(r"^\W*[JTDGM]\.?\s?\d{1,2}(?!\w)")
# The label of the day on which a tour begins.
START = Words(
    r"\W{0,3}(?:(?:tour |trip |reise|reise )?(?:start(?:s|ing|datum| date)?|begins?|beginning|beginn"
    r"|departure(?: date)?|dates?"
    r"|travel date|abreise(?:datum)?|abfahrt|ab\b|reisedatum|reisebeginn|(?:date de )?départ|début"
    r"|(?:fecha de )?(?:salida|inicio)"
    r"|(?:data di )?(?:partenza|inizio)|(?:data de )?(?:partida|saída)|vertrek(?:datum)?|begin))\s?(?:[:：]|on|am|le"
    r"|el|il|op|em)"
    r"|出発日?|開始日",
)
HEAD = 6
PAIR = 2
FEWEST_LETTERS = 4
PREPOSITION = Words(r"\b(?:on|am|le|el|il|den|vom|for|of|für|del|du|pour|para|per|voor|zum|van|do|da)\s$")


@dataclass(slots=True)
class _Current:
    day: date
    level: int
    cells: bool
    programme: bool
    # Whether the line with the day tells a time as well, as an appointment does.
    timed: bool = False


def set_days(reading: Reading) -> None:
    current: _Current | None = None
    numbered = _numbered_days(reading)
    for place, mark in enumerate(reading.marks):
        if mark.aside or mark.stamp:
            current = None
            continue
        lead = _lead(mark)
        begins = mark.told and _begins_times(place, reading.marks)
        if lead is None and begins and _tells_start(mark):
            lead = 0
        if lead is not None:
            mark.leads, mark.day = True, mark.days[lead]
            mark.rest = mark.told[lead].end
            mark.programme = bool(begins) or _is_programme(mark, mark.told[lead].start)
            current = (
                _Current(mark.day, mark.line.level, bool(mark.line.cells), mark.programme, timed=bool(mark.times))
                if mark.day
                else None
            )
        elif mark.text in numbered:
            mark.leads, mark.day, mark.rest = True, numbered[mark.text], _day_ends(mark.text)
            mark.programme = True
            current = _Current(numbered[mark.text], mark.line.level, cells=False, programme=True)
        elif current and mark.line.level and not current.level and _is_title_of_day(place, reading.marks):
            # A card begins with its day, and its title follows.
            mark.day, current.level = current.day, mark.line.level
        elif current and not _ends(mark, current) and not _is_next_section(place, reading.marks):
            mark.day = current.day if not any(day != current.day for day in mark.trip_days) else None
            mark.programme = current.programme and not current.timed
        elif not (current and mark.line.cells and not mark.line.level):
            current = None


def _ends(mark: Mark, current: _Current) -> bool:
    """Return True if a line ends what the day's heading began."""
    level = mark.line.level
    if level and (not current.level or level <= current.level):
        return True
    if bool(mark.line.cells) != current.cells and current.cells:
        return True
    if mark.times and not ENDS.match(mark.text):
        return False
    heading = labels.LODGED.fullmatch(mark.text + ":")
    return bool(ENDS.match(mark.text) or labels.SIGNED.match(mark.text) or labels.DAY.match(mark.text) or heading)


def _begins_times(place: int, marks: list[Mark]) -> bool:
    """Return True for a line with one day and no time, right above lines that begin with a time."""
    mark, below = marks[place], marks[place + 1 : place + 3]
    if len(mark.told) != 1 or mark.times or mark.amounts or mark.line.cells or len(below) < PAIR:
        return False
    return all(one.times and one.times[0].start <= 3 and not one.told and not one.line.cells for one in below)


def _tells_start(mark: Mark) -> bool:
    """Return True for a line that ends with the day of a tour, after a title or the label of its start."""
    told = mark.told[0]
    before = mark.text[: told.start].strip()
    if mark.text[told.end :].strip(" .:)）") or mark.about[0] is not About.TRIP:
        return False
    return bool(START.match(mark.text)) or not (_labelled(before) or before.endswith((":", "：")))


def _is_title_of_day(place: int, marks: list[Mark]) -> bool:
    """Return True for a heading right below a line with nothing but the number of a day and its date."""
    before = marks[place - 1] if place else None
    if before is None or not before.leads or not before.programme or before.line.cells or before.times:
        return False
    return not before.text[before.rest :].strip(" .:-–—") and not marks[place].told


def _is_next_section(place: int, marks: list[Mark]) -> bool:
    """Return True for a heading in capitals that begins another part of a plain text, rather than a part of the day."""
    mark = marks[place]
    if mark.line.level or mark.line.cells or mark.line.item or mark.told or mark.times or mark.amounts:
        return False
    if not mark.text.isupper() or len(LETTERS.findall(mark.text)) < FEWEST_LETTERS or len(mark.text.split()) > HEAD:
        return False
    if (place and marks[place - 1].leads) or labels.DAYPART.match(mark.text):
        return False
    below = marks[place + 1] if place + 1 < len(marks) else None
    return not (below and below.times and below.times[0].start <= HEAD)


def _lead(mark: Mark) -> int | None:
    """The place of the date that a line begins with, or that a table's row has in a cell of its own."""
    if not mark.told or mark.about[0] is not About.TRIP or mark.told[0].opens:
        return None
    if mark.line.cells:
        return _lead_of_row(mark)
    told = mark.told[0]
    before = labels.DAY.sub("", mark.text[: told.start])
    if ON.match(before):
        return None if _labelled(mark.label) else 0
    after = mark.text[told.end :].strip(" .:)）")
    head = not mark.times and not after and len(before.split()) <= 6 and len(mark.told) == 1
    return (
        0
        if head
        and not labels.CHECK_IN.search(before)
        and not labels.CHECK_OUT.search(before)
        and (before.rstrip()[-1:] in "-–—:,(（·|" or PREPOSITION.search(before))
        else None
    )


def _labelled(label: str) -> bool:
    patterns = (labels.CHECK_IN, labels.CHECK_OUT, labels.DEPART, labels.ARRIVE)
    return bool(label) and any(pattern.match(label) for pattern in patterns)


def _is_programme(mark: Mark, start: int) -> bool:
    before = mark.text[:start]
    return bool(
        mark.line.cells or mark.line.level or labels.DAY.match(mark.text) or ON.match(labels.DAY.sub("", before))
    )


def _lead_of_row(mark: Mark) -> int | None:
    first, *others = mark.line.cells
    worded = LETTERS.search(first) and not dates_in(first) and not labels.DAY.match(first)
    if len(others) == 1 and worded and not labels.LEG.fullmatch(first):
        return None
    dated = [cell for cell in mark.line.cells if cell and (told := dates_in(cell)) and _fills(cell, told)]
    if len(dated) != 1 or len(mark.told) > 1:
        return None
    return 0


def _fills(cell: str, told: list[Told]) -> bool:
    """Return True if a cell holds nothing but a date."""
    rest = NUMBERED.sub("", labels.DAY.sub("", cell[: told[0].start] + cell[told[-1].end :]))
    return len(told) == 1 and not LETTERS.search(rest) and not re.search(r"\d", rest)


def _numbered_days(reading: Reading) -> dict[str, date]:
    """Days of headings such as "Day 2: Sintra" that have no date, by another heading or a range."""
    heads = [(mark, _day_number(mark.text)) for mark in reading.marks if labels.DAY.match(mark.text) and not mark.aside]
    starts = {day - timedelta(number - 1) for mark, number in heads if mark.told and (day := mark.days[0])}
    bare = [(mark, number) for mark, number in heads if not mark.told]
    if not bare:
        return {}
    if not starts:
        ranges = {span for mark in reading.marks if not mark.aside and (span := mark.range())}
        starts = {first for first, last in ranges if (last - first).days + 1 == max(number for _, number in heads)}
    if not starts:
        starts = {
            mark.trip_days[0]
            for mark in reading.marks
            if len(mark.told) == 1 and mark.trip_days and not mark.aside and START.match(mark.text)
        }
    if len(starts) != 1:
        return {}
    start = starts.pop()
    return {mark.text: start + timedelta(number - 1) for mark, number in bare}


def _day_ends(text: str) -> int:
    match = labels.DAY.match(text)
    return match.end() if match else 0


def _day_number(text: str) -> int:
    match = labels.DAY.match(text)
    return int(match["a"] or match["b"]) if match else 0
