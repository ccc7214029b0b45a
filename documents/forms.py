"""Appointments told as a form: the day beside one label, the time beside another, in rows or lines near each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.marks import About
from documents.occasions import is_nameless
from documents.patterns import Words

if TYPE_CHECKING:
    from datetime import date

    from documents.marks import Mark, Reading

LABEL = re.compile(r"\W{0,3}(?P<label>[^\W\d_][^:：\d]{0,30}?)\s?[:：]")
MEETING = Words(
    r"\W*(?:(?:hora|horário|heure|ora|orario) (?:de |di |da |del |du |d')?(?:la )?)?(?:pick[-\s]?up|meeting|meet"
    r"|collection|treffpunkt|treffen|abholung|abhol|rendez-vous|prise en charge|recogida"
    r"|encuentro|ritrovo|incontro|ophalen|encontro)(?:s?\s?(?:time|zeit|uhrzeit|at|um))?\W*|集合時?[間刻]?",
)
REACH = 3


def form_days(reading: Reading, taken: set[int]) -> dict[int, tuple[date, int]]:
    """The days of lines with a label and a time alone, and the place of the line with the day, by their places."""
    marks = reading.marks
    found: dict[int, tuple[date, int]] = {}
    for place, mark in enumerate(marks):
        if place in taken or not _tells_day(mark):
            continue
        near = [*range(place + 1, min(len(marks), place + REACH)), *range(place - 1, max(-1, place - REACH), -1)]
        other = next(
            (one for one in near if one not in taken and one not in found and _tells_time(marks[one], mark)), None
        )
        if other is not None:
            found[other] = (mark.trip_days[0], place)
    return found


def _label(mark: Mark) -> str:
    """The label of a row or line, without what it labels."""
    cells = mark.line.cells
    if cells:
        return cells[0] if 2 <= len(cells) <= 4 else ""
    match = LABEL.match(mark.text)
    return match["label"] if match else ""


def _tells_day(mark: Mark) -> bool:
    label = _label(mark)
    settled = len(set(mark.trip_days)) == 1 and all(about in {About.TRIP, About.OLD} for about in mark.about)
    return bool(label and settled and not mark.times and not mark.amounts and not mark.aside and is_nameless(label))


def _tells_time(mark: Mark, dated: Mark) -> bool:
    if (
        mark.told
        or mark.aside
        or mark.amounts
        or mark.day not in {None, dated.trip_days[0]}
        or not mark.times
        or mark.times[0].ends
    ):
        return False
    label = _label(mark)
    return bool(label and (is_nameless(label) or MEETING.fullmatch(label)))
