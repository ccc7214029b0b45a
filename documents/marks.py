"""Sentences of a document with their dates, times and amounts, and the day that each belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import WEEKDAY, Told, dates_in
from documents.model import Line
from documents.money import Amount, amounts_in
from documents.times import Time, times_in
from documents.words import language_of
from documents.years import UNCLEAR_ORDER, WEEKDAY_DISAGREES, Almanac, years_in

if TYPE_CHECKING:
    from datetime import date

    from documents.model import Context, Document


class About(StrEnum):
    """Subject of a date."""

    TRIP = "trip"
    ISSUED = "issued"
    DUE = "due"
    DEADLINE = "deadline"
    BORN = "born"


@dataclass(slots=True)
class Mark:
    """A sentence of a line, or a whole line of a table."""

    index: int
    line: Line
    text: str
    told: list[Told]
    about: list[About]
    times: list[Time]
    amounts: list[Amount]
    # The days of `told`, None where they are not settled.
    days: list[date | None] = field(default_factory=list["date | None"])
    # The label in the line above, such as "Check-in".
    label: str = ""
    # The day that the line belongs to, its own or that of a heading above.
    day: date | None = None
    # Whether the line begins with the day it belongs to.
    leads: bool = False
    # Whether the day is that of a programme's heading or line, rather than of a date at the end of another line.
    programme: bool = False
    aside: bool = False
    # Part of a section that a later schedule replaces.
    old: bool = False
    # Where the text after the leading date begins.
    rest: int = 0

    @property
    def trip_days(self) -> list[date]:
        return [day for day, about in zip(self.days, self.about, strict=True) if day and about is About.TRIP]

    def range(self) -> tuple[date, date] | None:
        """The first range of days in the line, if both are settled."""
        for i in range(len(self.told) - 1):
            first, last = self.days[i], self.days[i + 1]
            if (
                self.told[i].opens
                and self.told[i + 1].closes
                and first
                and last
                and first < last
                and self.about[i] is About.TRIP
            ):
                return first, last
        return None


@dataclass(slots=True)
class Reading:
    """A document's marks and what was learned of it as a whole."""

    document: Document
    context: Context
    marks: list[Mark]
    almanac: Almanac
    language: str | None
    text: str
    # Reasons of dates that are not settled, by the index of the line.
    doubts: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    # The codes of bookings that the document tells.
    codes: set[str] = field(default_factory=set[str])
    # What was asked about the whole text, because each answer costs a look at all of it.
    answers: dict[str, bool] = field(default_factory=dict[str, bool])

    def holds(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern stands anywhere in the text."""
        if pattern.pattern not in self.answers:
            self.answers[pattern.pattern] = bool(pattern.search(self.text))
        return self.answers[pattern.pattern]

    @property
    def only_code(self) -> str | None:
        """The code of the booking, if there is one only."""
        return next(iter(self.codes)) if len(self.codes) == 1 else None


SENTENCE = re.compile(
    r"(?:(?<=[^\W\d_]{4}[.!?])|(?<=[)!?]\.)|(?<=[!?])|(?<=\d[ap]m[.;])|(?<=\d{4}[.;])|(?<=:\d\d[.;])"
    r"|(?<=[€$£][.;])|(?<=[A-Z]{3}[.;])|(?<=。))\s*(?=[A-ZÀ-Ý¿¡\u3040-\u9fff])"
)
LETTERS = re.compile(r"[^\W\d_]")
ON = re.compile(r"^\W{0,3}(?:(?:and |then )?on|am|le|el|il|den|der|the|date|datum|fecha|data)?[\s:]*$", re.IGNORECASE)
PREPOSITION = re.compile(r"\b(?:on|am|le|el|il|den|vom|for|of|für|del|du)\s$", re.IGNORECASE)
SENTENCE_LENGTH = 40
LONGEST = 600
# A line without any of these has neither date, time nor amount.
TELLING = re.compile(rf"\d|noon|^\W{{0,3}}(?:{WEEKDAY})\b", re.IGNORECASE)
INNER_COLON = re.compile(r"[:：]\s?\S")
LABEL_WORDS = 5
ENDS = re.compile(
    r"^\W{0,3}(?:total|price|cost|prices|payment|includ|not includ|exclud|what's included|terms|conditions"
    r"|notes?\b|important|your hotels?|hotels\b|accommodations?\b$|flights?$|contact|"
    r"gesamt|reisepreis|preis|leistungen|inklusiv|enthalten|nicht enthalten|hinweis|wichtig|zahlung|agb"
    r"|unterkünfte|prix|tarif|comprend|non compris|inclus|conditions|vos h|hébergements|"
    r"precio|incluye|no incluye|condiciones|importe|pago|alojamientos|prezzo|quota|include|comprende|esclus"
    r"|condizioni|i vostri|alloggi|料金|代金|注意|備考|宿泊$)",
    re.IGNORECASE,
)


def read_marks(document: Document, context: Context, certain: set[date] | None = None) -> Reading:
    """Mark the sentences of a document, settle its days and tell which day each sentence belongs to."""
    text = document.text
    language = _language(document, text)
    marks = [mark for index, line in enumerate(document.lines) for mark in _marks_of(index, line)]
    _set_labels(marks)
    for mark in marks:
        mark.about = [_about(mark, i) for i in range(len(mark.told))]
    _set_asides(marks)
    almanac = _almanac(document, context, marks, language, certain or set())
    reading = Reading(document, context, marks, almanac, language, text)
    reading.codes = {code for mark in marks if (code := labels.code_in(mark.text))}
    _settle(reading)
    _set_days(reading)
    return reading


def _language(document: Document, text: str) -> str | None:
    declared = (document.language or "").split("-")[0].lower() or None
    guessed = language_of(text)
    return guessed or declared


def _marks_of(index: int, line: Line) -> list[Mark]:
    if line.cells:
        return [_mark(index, line, line.text)]
    return [_mark(index, line, sentence) for sentence in _sentences(line.text)]


def _sentences(text: str) -> list[str]:
    if len(text) < SENTENCE_LENGTH:
        return [text]
    return [piece for part in SENTENCE.split(text) if part for piece in _pieces(part)] or [text]


def _pieces(text: str) -> list[str]:
    """A text without sentences in pieces, so that no rule looks far."""
    return [text] if len(text) <= LONGEST else re.findall(rf".{{1,{LONGEST}}}(?:\s|$)|.{{1,{LONGEST}}}", text)


def _mark(index: int, line: Line, text: str) -> Mark:
    if not TELLING.search(text):
        return Mark(index, line, text, [], [], [], [])
    told = dates_in(text)
    taken = [(one.start, one.end) for one in told]
    times = [time for time in times_in(text) if not any(start < time.end and time.start < end for start, end in taken)]
    amounts = _cell_amounts(line, text) if line.cells else amounts_in(text)
    return Mark(index, line, text, told, [], times, amounts)


def _cell_amounts(line: Line, text: str) -> list[Amount]:
    """Amounts of each cell by itself, placed where the cell stands in the line."""
    found: list[Amount] = []
    place = 0
    for cell in line.cells:
        at = text.find(cell, place) if cell else -1
        if at < 0:
            continue
        place = at + len(cell)
        found += [
            Amount(at + one.start, at + one.end, one.value, one.currency, one.symbol, ranged=one.ranged)
            for one in amounts_in(cell, spaced=True)
        ]
    return found


def _set_labels(marks: list[Mark]) -> None:
    """Note the label of a line where it stands alone in the line above."""
    for before, mark in zip(marks, marks[1:], strict=False):
        text = before.text.strip(" :：")
        alone = (
            not (before.told or before.times or before.amounts or before.line.cells)
            and len(text.split()) <= LABEL_WORDS
            and len(text) <= 40
        )
        if alone and before.index != mark.index and not text.endswith((".", "!")) and not INNER_COLON.search(text):
            mark.label = text


def _about(mark: Mark, place: int) -> About:
    told = mark.told[place]
    if told.closes and place:
        return mark.about[place - 1] if len(mark.about) > place - 1 else _about(mark, place - 1)
    begin = max((one.end for one in mark.told[:place] if one.end <= told.start), default=0)
    clause = re.split(r"[.;!?·|](?:\s|$)", mark.text[begin : told.start])[-1][-70:]
    if not LETTERS.search(clause):
        clause = mark.label if begin == 0 else ""
    for about, pattern in _SUBJECTS:
        if pattern.search(clause):
            return about
    return About.TRIP


_SUBJECTS = [
    (About.BORN, labels.BORN),
    (About.DEADLINE, labels.DEADLINE),
    (About.DUE, labels.DUE),
    (About.ISSUED, labels.ISSUED),
]


def _set_asides(marks: list[Mark]) -> None:
    """Mark menus, footers, sections of offers and, where a new schedule follows, the old one."""
    offers: int | None = None
    old = False
    replaced = any(labels.NEW.match(m.text) and len(m.text.split()) <= LABEL_WORDS for m in marks)
    for mark in marks:
        short = len(mark.text.split()) <= LABEL_WORDS + 2
        if mark.line.level and (offers is None or mark.line.level <= offers):
            offers = None
        if short and not mark.amounts and labels.OFFERS.search(mark.text) and not mark.told:
            offers = mark.line.level or 7
        if short and labels.NEW.match(mark.text):
            old = False
        elif replaced and short and labels.OLD.search(mark.text):
            old = True
        mark.aside = mark.line.aside or offers is not None
        mark.old = old


def _almanac(
    document: Document, context: Context, marks: list[Mark], language: str | None, certain: set[date]
) -> Almanac:
    almanac = Almanac(context, language, certain=set(certain))
    told = [one for mark in marks for one in mark.told]
    almanac.learn_order(told, document.language)
    heads = [
        document.title or "",
        document.subject or "",
        *(m.text for m in marks[:3]),
        *(m.text for m in marks if m.line.level in {1, 2}),
    ]
    almanac.years = sorted({year for head in heads for year in years_in(head)})
    for mark in marks:
        for one, about in zip(mark.told, mark.about, strict=True):
            if not one.year or mark.aside:
                continue
            if not one.unclear:
                day = almanac.day_of(one)
                if not isinstance(day, str):
                    almanac.certain.add(day)
            day = almanac.day_of(one)
            if isinstance(day, str):
                continue
            if about is About.TRIP:
                almanac.anchors.append(day)
            elif about is About.ISSUED and almanac.written is None:
                almanac.written = day
    if document.sent_at:
        almanac.written = document.sent_at.date()
    return almanac


def _settle(reading: Reading) -> None:
    previous: date | None = None
    for mark in reading.marks:
        for one, about in zip(mark.told, mark.about, strict=True):
            day = reading.almanac.day_of(one, previous)
            if isinstance(day, str):
                mark.days.append(None)
                if (
                    about is About.TRIP
                    and not mark.aside
                    and (one.month or day == WEEKDAY_DISAGREES)
                    and (one.year or one.weekday is not None or day == UNCLEAR_ORDER or one.month)
                ):
                    reading.doubts.append((day, mark.text))
                continue
            mark.days.append(day)
            if about is About.TRIP:
                previous = day


@dataclass(slots=True)
class _Current:
    day: date
    level: int
    cells: bool
    programme: bool


def _set_days(reading: Reading) -> None:
    current: _Current | None = None
    numbered = _numbered_days(reading)
    for mark in reading.marks:
        if mark.aside:
            current = None
            continue
        lead = _lead(mark)
        if lead is not None:
            mark.leads, mark.day = True, mark.days[lead]
            mark.rest = mark.told[lead].end
            mark.programme = _is_programme(mark, mark.told[lead].start)
            current = _Current(mark.day, mark.line.level, bool(mark.line.cells), mark.programme) if mark.day else None
        elif mark.text in numbered:
            mark.leads, mark.day, mark.rest = True, numbered[mark.text], labels.DAY.match(mark.text).end()  # pyright: ignore[reportOptionalMemberAccess]
            mark.programme = True
            current = _Current(numbered[mark.text], mark.line.level, cells=False, programme=True)
        elif current and not _ends(mark, current):
            mark.day = current.day if not any(d is not None and d != current.day for d in mark.trip_days) else None
            mark.programme = current.programme
        elif not (current and mark.line.cells and not mark.line.level):
            current = None


def _ends(mark: Mark, current: _Current) -> bool:
    """Whether a line ends what the day's heading began."""
    level = mark.line.level
    if level and (not current.level or level <= current.level):
        return True
    if bool(mark.line.cells) != current.cells and current.cells:
        return True
    if mark.times and not ENDS.match(mark.text):
        return False
    heading = labels.LODGED.match(mark.text + ":") and len(mark.text.split()) <= 2
    return bool(ENDS.match(mark.text) or labels.DAY.match(mark.text) or heading)


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
        and (before.rstrip()[-1:] in "-–:,(（" or PREPOSITION.search(before))
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
    if len(others) == 1 and LETTERS.search(first) and not dates_in(first) and not labels.DAY.match(first):
        return None
    dated = [cell for cell in mark.line.cells if cell and (told := dates_in(cell)) and _fills(cell, told)]
    if len(dated) != 1 or len(mark.told) > 1:
        return None
    return 0


def _fills(cell: str, told: list[Told]) -> bool:
    """Whether a cell holds nothing but a date."""
    rest = cell[: told[0].start] + cell[told[-1].end :]
    return (
        len(told) == 1
        and not LETTERS.search(labels.DAY.sub("", rest))
        and not re.search(r"\d", labels.DAY.sub("", rest))
    )


def _numbered_days(reading: Reading) -> dict[str, date]:
    """Days of headings such as "Day 2: Sintra" that have no date, where another such heading has one or a range counts them."""
    from datetime import timedelta  # noqa: PLC0415

    heads = [(mark, _day_number(mark.text)) for mark in reading.marks if labels.DAY.match(mark.text) and not mark.aside]
    starts = {day - timedelta(number - 1) for mark, number in heads if mark.told and (day := mark.days[0])}
    bare = [(mark, number) for mark, number in heads if not mark.told]
    if not bare:
        return {}
    if not starts:
        ranges = {span for mark in reading.marks if not mark.aside and (span := mark.range())}
        starts = {first for first, last in ranges if (last - first).days + 1 == max(number for _, number in heads)}
    if len(starts) != 1:
        return {}
    start = starts.pop()
    return {mark.text: start + timedelta(number - 1) for mark, number in bare}


def _day_number(text: str) -> int:
    match = labels.DAY.match(text)
    return int(match["a"] or match["b"]) if match else 0
