"""Hired cars: where and when they are picked up and brought back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.model import How, Transport
from documents.points import modes_of, moment_of
from documents.routes import MODE, is_named
from documents.signs import Sign, plain_place, signs_of
from documents.turned import turned_tables

if TYPE_CHECKING:
    from datetime import date

    from documents.marks import Mark, Reading
    from documents.times import Time

# What is said of hired cars only. For text in lower case.
CAR = re.compile(
    r"(?:or similar|or equivalent|oder ähnlich|oder gleichwertig|ou similaires?|ou équivalent|o similar|o equivalente"
    r"|o simil[ei]|of vergelijkbaar|of gelijkwaardig|ou similar|または同等)(?![^\W_])"
    r"|unlimited (?:mileage|kilomet\w+|km)|(?:km|kilometer) (?:frei|unbegrenzt|inklusive)|kilométrage illimité"
    r"|kilometraje ilimitado|(?:km|chilometraggio) illimitat[io]|onbeperkte kilometers|full to full"
    r"|lleno/lleno|voll/voll"
    r"|pieno/pieno|plein/plein|免責補償|車種"
)
PICK_UP = re.compile(
    r"\W{0,3}(?:pick(?:ing)?[-\s]?up|collection|collect|rental start|abhol(?:ung|ort|station|datum|zeit|en)|anmiet\w+"
    r"|übernahme|mietbeginn|prise en charge|retrait|début de (?:la )?location|recogida|inicio (?:del )?alquiler|ritiro"
    r"|inizio (?:del )?noleggio|ophalen|ophaal\w*|levantamento|retirada|貸出|受取|出発店舗)",
    re.IGNORECASE,
)
DROP_OFF = re.compile(
    r"\W{0,3}(?:drop(?:ping)?[-\s]?off|return|rental end|rückgabe\w*|abgabe\w*|mietende|restitution|retour"
    r"|fin de (?:la )?location|devolución|entrega|fin (?:del )?alquiler|riconsegna|restituzione|fine (?:del )?noleggio"
    r"|inlever\w*|terugbreng\w*|devolução|返却|返車)",
    re.IGNORECASE,
)
# What stands for these in documents about nothing but a car.
BEGIN = re.compile(
    r"\W{0,3}(?:from|departure|start|von|ab|beginn|abfahrt|du|début|départ|desde|inicio|salida|da|inizio|partenza|van|start"
    r"|início|出発|開始)\s*[:：]",
    re.IGNORECASE,
)
END = re.compile(
    r"\W{0,3}(?:to|until|end|arrival|bis|ende|au|fin|arrivée|hasta|llegada|a|fine|fino|rientro|tot|einde|fim|終了)\s*[:：]",
    re.IGNORECASE,
)
MOST_LINES = 14
MOST_BELOW = 3
LONGEST_LABEL = 30
Found = tuple[list[Transport], set[int]]


def hires_of(reading: Reading) -> Found:
    """The cars that a document tells, and the places of the marks that do."""
    found, covered = _in_columns(reading)
    begins = [
        place
        for place, mark in enumerate(reading.marks)
        if (PICK_UP.match(mark.text) or BEGIN.match(mark.text)) and not (mark.aside or mark.old or mark.cancelled)
    ]
    if not begins:
        return found, covered
    car = reading.speaks_of(MODE["car"]) or reading.speaks_of(CAR)
    if not car and not reading.speaks_of(MODE["transfer"]):
        return found, covered
    if modes_of(reading):
        begins = [place for place in begins if PICK_UP.match(reading.marks[place].text)]
    for place in begins:
        if place in covered:
            continue
        if made := _hire_at(place, reading, car=car):
            found.append(made[0])
            covered |= made[1]
    return found, covered


def _in_columns(reading: Reading) -> Found:
    """Cars that tables tell with a column for picking up and one for returning."""
    found: list[Transport] = []
    covered: set[int] = set()
    for table in turned_tables(reading):
        if table.kind != "car" or not table.first.day or not table.last.day:
            continue
        lines = range(table.begin, table.begin + table.size)
        covered |= set(lines)
        depart, arrive = (
            f"{end.day.isoformat()}T{end.clock}" if end.clock else end.day.isoformat()
            for end in (table.first, table.last)
            if end.day
        )
        found.append(_made(reading, lines, (table.first.place, depart), (table.last.place, arrive)))
    return found, covered


class _End:
    """One end of a hire, as lines tell it."""

    def __init__(self) -> None:
        self.days: list[date] = []
        self.times: list[Time] = []
        self.places: list[str] = []

    @property
    def moment(self) -> str | None:
        """The day and the time, if the lines say one of each."""
        days, clocks = set(self.days), {time.clock for time in self.times}
        return moment_of(self.days[0], self.times[0]) if len(days) == 1 and len(clocks) == 1 else None


def _hire_at(place: int, reading: Reading, *, car: bool) -> tuple[Transport, set[int]] | None:
    first, last = _End(), _End()
    current, below, until = first, 0, place
    for at in range(place, min(place + MOST_LINES, len(reading.marks))):
        mark = reading.marks[at]
        labelled = True
        if PICK_UP.match(mark.text) or BEGIN.match(mark.text):
            current, below = first, 0
        elif DROP_OFF.match(mark.text) or END.match(mark.text):
            current, below = last, 0
        else:
            labelled, below = False, below + 1
        if mark.aside or mark.old or mark.amounts or (mark.line.level and at > place and not labelled):
            break
        if not labelled and (below > MOST_BELOW or (current is last and last.moment and last.places)):
            break
        if _take(current, mark, at, reading, labelled=labelled):
            until = at
    if not first.moment or not first.places:
        return None
    lines = range(place, until + 1)
    goal = last.places[0] if last.places else None
    if not last.days and not last.times and goal and not car and reading.speaks_of(MODE["transfer"]):
        return _made(reading, lines, (first.places[0], first.moment), (goal, None), "transfer"), set(lines)
    if not car or not last.moment or last.moment <= first.moment:
        return None
    return _made(reading, lines, (first.places[0], first.moment), (goal, last.moment)), set(lines)


def _take(end: _End, mark: Mark, at: int, reading: Reading, *, labelled: bool) -> bool:
    tokens = signs_of(mark, at, reading)
    days = [token.day for token in tokens if token.sign is Sign.DAY and token.day]
    times = [token.time for token in tokens if token.sign is Sign.TIME and token.time]
    places = [] if end.places else _places(mark, labelled=labelled)
    end.days += days
    end.times += times
    end.places += places
    return bool(days or times or places)


def _places(mark: Mark, *, labelled: bool) -> list[str]:
    """The office that a line names, after its label if it has one."""
    text = mark.text
    if labelled and mark.line.cells:
        text = mark.line.cells[-1]
    elif labelled:
        match = next((m for label in (PICK_UP, DROP_OFF, BEGIN, END) if (m := label.match(text))), None)
        rest = text[match.end() :] if match else text
        colon = re.match(r"[^:：\d]{0,30}[:：]", rest)
        text = rest[colon.end() :] if colon else rest
    elif re.match(r"[^:：\d]{1,30}[:：]\s", text):
        return []
    place = plain_place(text)
    return [place] if place and is_named(place) else []


def _made(
    reading: Reading,
    lines: range,
    first: tuple[str | None, str],
    last: tuple[str | None, str | None],
    mode: str = "car",
) -> Transport:
    return Transport(
        "\n".join(reading.marks[at].text for at in lines),
        How.RULE,
        confirmation=reading.only_code,
        mode=mode,
        origin=first[0],
        destination=last[0],
        depart=first[1],
        arrive=last[1],
    )
