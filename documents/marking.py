"""The reading of a document's lines into marks, with days settled for the document as a whole."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from documents import labels
from documents.chats import STAMP, is_chat, senders
from documents.dates import WEEKDAY, dates_in
from documents.fees import set_terms
from documents.marks import About, Mark, Reading
from documents.money import Amount, amounts_in
from documents.occasions import set_records
from documents.patterns import Words
from documents.replaced import NEW, OLD, former_headings, is_head, set_replaced, set_replaced_days
from documents.sections import set_days
from documents.statuses import set_cancelled
from documents.times import times_in
from documents.words import language_of
from documents.years import UNCLEAR_ORDER, WEEKDAY_DISAGREES, Almanac, years_in

if TYPE_CHECKING:
    from datetime import date

    from documents.dates import Told
    from documents.model import Context, Document, Line

BREAK = re.compile(r"[.!?;。]\s*(?=[A-ZÀ-Ý¿¡\u3040-\u9fff])")
# What stands at the end of a sentence, but not of an abbreviation or of a German ordinal.
SENTENCE = re.compile(
    r"(?:[^\W\d_]{4}[.!?]|(?:Uhr|uur)[.!]|\dh\d{0,2}[.;!]|\)\.|[!?。]|\d[ap]m[.;]|\d{4}[.;]|:\d\d[.;]|[€$£][.;]|[A-Z]{3}[.;])$"
)
JAPANESE_DEADLINE = re.compile(r"(?:以降|まで|より)の?.{0,8}(?:キャンセル|取消|変更|お支払い)|までに")
# What is booked for a range of days, rather than on a day.
TAKEN = re.compile(r"(?:booked|reserved|gebucht|reserviert|réservée?|reservad[oa]|prenotat[oa]|geboekt)", re.IGNORECASE)
LETTERS = re.compile(r"[^\W\d_]")
# What was done on a day, right before it or behind it.
DONE = Words(
    r"(?<![^\W_])(?:paid|received|confirmed|charged|credited|bezahlt|erhalten|eingegangen|überwiesen|bestätigt"
    r"|verbucht"
    r"|payée?s?|reçue?s?|versée?s?|réglée?s?|établie?s?|rédigée?s?|confirmée?s?|encaissée?s?|pagad[oa]s?"
    r"|recibid[oa]s?|abonad[oa]s?"
    r"|confirmad[oa]s?|elaborad[oa]s?|versat[oaie]|pagat[oaie]|ricevut[oaie]|incassat[oaie]|redatt[oa]"
    r"|confermat[oaie]|betaald"
    r"|ontvangen|voldaan|bevestigd|opgesteld|pag[oa]s?|recebid[oa]s?|prepared|drawn up|compiled)"
    r"(?:\s(?:on|am|vom|le|du|el|il|op|em|a|in data|the|den))?\W*$"
)
DONE_AFTER = re.compile(
    r"\W{0,2}(?:[(（][月火水木金土日][)）])?\s?(?:に?入金|に?受領|支払済|お支払い?済|に?発行|現在|作成)"
)
# A part of a price, which is kept or lost from a day on.
SHARE = re.compile("\\d\\s?[%\uff05](?!\\s?(?:vol|alc))")
SENTENCE_LENGTH = 40
LONGEST = 600
# A longer row is read as text, because the rules for rows look at all of it.
LONGEST_ROW = 2_000
# A line without any of these has neither date, time nor amount.
TELLING = re.compile(rf"\d|noon|^\W{{0,3}}(?:{WEEKDAY})\b", re.IGNORECASE)
# What stands before the day of a letter: nothing, or a town.
DATELINE = re.compile(r"\W*|[A-ZÀ-Ý\u3040-\u9fff][^\d:]{1,30},\s*(?:(?:the|den|le|el|il|li|am|a|em)\s)?")
LONGEST_HEAD = 15
MOST_DAYS = 366
INNER_COLON = re.compile(r"[:：]\s?\S")
LABEL_WORDS = 5
LONGEST_LABEL = 60
LONG_PAST = 4


def read_marks(document: Document, context: Context, certain: set[date] | None = None) -> Reading:
    """Mark the sentences of a document, settle its days and tell which day each sentence belongs to."""
    text = document.text
    language = _language(document, text)
    stamped, sent = is_chat(document.lines), senders(document.lines)
    marks = [
        mark
        for index, line in enumerate(document.lines)
        for mark in ([_stamp(index, line, line.text)] if index in sent else _marks_of(index, line, stamped=stamped))
    ]
    _set_labels(marks)
    set_replaced(marks)
    for mark in marks:
        mark.about = [About.ISSUED if mark.stamp else _about(mark, i) for i in range(len(mark.told))]
        if len(mark.told) > 1 or len(mark.times) > 1:
            set_replaced_days(mark)
    set_records(marks)
    _set_long_past(marks)
    _set_datelines(marks, context)
    _set_asides(marks)
    set_cancelled(marks)
    set_terms(marks)
    almanac = _almanac(document, context, marks, language, certain or set())
    reading = Reading(document, context, marks, almanac, language, text)
    reading.lower = text.lower()
    reading.codes = {code for mark in marks if (code := labels.code_in(mark.text))}
    _settle(reading)
    set_days(reading)
    return reading


def _language(document: Document, text: str) -> str | None:
    declared = (document.language or "").split("-")[0].lower() or None
    guessed = language_of(text)
    return guessed or declared


def _marks_of(index: int, line: Line, *, stamped: bool) -> list[Mark]:
    if line.cells and len(line.text) <= LONGEST_ROW:
        return [_mark(index, line, line.text)]
    line = replace(line, cells=()) if line.cells else line
    text, marks = line.text, list[Mark]()
    if stamped and (stamp := STAMP.match(text)):
        text = text[stamp.end() :]
        marks = [_stamp(index, line, stamp[0].rstrip())]
    return marks + [_mark(index, line, part) for sentence in _sentences(text) for part in _dated_clauses(sentence)]


def _stamp(index: int, line: Line, sent: str) -> Mark:
    return Mark(index, line, sent, dates_in(sent), [], [], [], stamp=True)


def _dated_clauses(text: str) -> list[str]:
    """The clauses between semicolons, if each has a date of its own."""
    if ";" not in text:
        return [text]
    clauses = re.split(r"(?<=;)\s", text)
    return clauses if all(dates_in(clause) for clause in clauses) else [text]


def _sentences(text: str) -> list[str]:
    if len(text) < SENTENCE_LENGTH:
        return [text]
    cuts = [
        0,
        *(m.end() for m in BREAK.finditer(text) if SENTENCE.search(text[max(0, m.start() - 6) : m.start() + 1])),
        len(text),
    ]
    return [piece for begin, end in pairwise(cuts) if begin < end for piece in _pieces(text[begin:end].strip())]


def _pieces(text: str) -> list[str]:
    """A text without sentences in pieces, so that no rule looks far."""
    return [text] if len(text) <= LONGEST else re.findall(rf".{{1,{LONGEST}}}(?:\s|$)|.{{1,{LONGEST}}}", text)


def _mark(index: int, line: Line, text: str) -> Mark:
    if not TELLING.search(text):
        return Mark(index, line, text, [], [], [], [])
    told = dates_in(text) or _day_of_cell(line, text)
    taken = [(one.start, one.end) for one in told]
    times = [time for time in times_in(text) if not any(start < time.end and time.start < end for start, end in taken)]
    amounts = _cell_amounts(line, text) if line.cells else amounts_in(text)
    # Codes of airports are codes of currencies, too: "MAD 01:05".
    amounts = [one for one in amounts if not any(one.start < time.end and time.start < one.end for time in times)]
    return Mark(index, line, text, told, [], times, amounts)


def _day_of_cell(line: Line, text: str) -> list[Told]:
    """Return the weekday and day of the month that fill the first or second cell of a row, as in "Mon 14"."""
    for cell in line.cells[:2]:
        begin = text.find(cell) if cell else -1
        if begin >= 0 and (told := dates_in(cell)) and told[0].day and told[0].end >= len(cell.rstrip(" .")):
            return [replace(one, start=begin + one.start, end=begin + one.end) for one in told]
    return []


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
    for before, mark in pairwise(marks):
        text = before.text.strip(" :：")
        priced = bool(mark.amounts) and not any(map(str.isalpha, mark.text[mark.amounts[-1].end :] + _before(mark)))
        alone = (
            not (before.times or before.amounts or before.line.cells or (before.told and not priced))
            and len(text.split()) <= (LABEL_WORDS * 2 if priced else LABEL_WORDS)
            and len(text) <= (LONGEST_LABEL if priced else 40)
        )
        if alone and before.index != mark.index and not text.endswith((".", "!")) and not INNER_COLON.search(text):
            mark.label = text


def _before(mark: Mark) -> str:
    """The text before a line's first amount."""
    return mark.text[: mark.amounts[0].start] if mark.amounts else mark.text


def _about(mark: Mark, place: int) -> About:
    told = mark.told[place]
    if told.closes and place:
        return mark.about[place - 1] if len(mark.about) > place - 1 else _about(mark, place - 1)
    begin = max((one.end for one in mark.told[:place] if one.end <= told.start), default=0)
    clause = re.split(r"[.;!?·|](?:\s|$)", mark.text[begin : told.start])[-1][-70:]
    if not LETTERS.search(clause):
        clause = mark.label if begin == 0 else ""
    for about, pattern in _SUBJECTS:
        found = pattern.search(clause)
        if about is About.ISSUED and not told.opens and (DONE.search(clause) or DONE_AFTER.match(mark.text, told.end)):
            return about
        if not found or (told.opens and _is_booked(clause[found.start() :])):
            continue
        if about is not About.ISSUED or not _is_of_booking(clause[found.end() :]):
            return about
    if not mark.times and SHARE.search(mark.text):
        return About.DEADLINE
    return _about_after(mark.text[told.end :])


def _is_booked(clause: str) -> bool:
    """Return True if what stands before a range of days tells what is booked, or cancelled what was before a comma."""
    return bool(TAKEN.match(clause)) or "," in clause


def _set_long_past(marks: list[Mark]) -> None:
    """Note days years before all others as those of births, whatever the column's heading calls them."""
    years = [one.year for mark in marks for one in mark.told if one.year]
    latest = max(years, default=0)
    if not years or min(years) + LONG_PAST > latest:
        return
    for mark in marks:
        for i, one in enumerate(mark.told):
            if one.year and one.year + LONG_PAST <= latest:
                mark.about[i] = About.BORN


def _is_of_booking(clause: str) -> bool:
    """Return True if a label of a stay or journey stands nearer to a day than what says when it was booked."""
    _, comma, label = clause.rpartition(",")
    patterns = (labels.CHECK_IN, labels.CHECK_OUT, labels.DEPART, labels.ARRIVE)
    return bool(comma) and any(pattern.match(label.lstrip()) for pattern in patterns)


def _set_datelines(marks: list[Mark], context: Context) -> None:
    """Note the day of a letter, which stands alone or after a town's name above the greeting.

    It is not one of the trip, and what the letter tells has days of its own.
    """
    greeting = next((i for i, mark in enumerate(marks[:LONGEST_HEAD]) if labels.GREETING.match(mark.text)), 0)
    if not any(mark.told for mark in marks[greeting:]):
        return
    for mark in marks[:greeting]:
        if len(mark.told) != 1 or mark.amounts or mark.line.level or mark.line.cells:
            continue
        told = mark.told[0]
        if _is_of_trip(told, context):
            continue
        if DATELINE.fullmatch(mark.text[: told.start]) and len(mark.text[told.end :].strip()) <= 1 and not mark.label:
            mark.about = [About.ISSUED]


def _is_of_trip(told: Told, context: Context) -> bool:
    if not context.trip_start or not told.month:
        return False
    day = (told.month, told.day)
    length = ((context.trip_end or context.trip_start) - context.trip_start).days
    of_trip = (context.trip_start + timedelta(number) for number in range(min(length, MOST_DAYS) + 1))
    return any((one.month, one.day) == day and told.year in {None, one.year} for one in of_trip)


def _about_after(text: str) -> About:
    """The subject of a Japanese date, which stands after it."""
    clause = re.split(r"[。、]", text[:40])[0]
    return About.DEADLINE if JAPANESE_DEADLINE.search(clause) else About.TRIP


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
    replaced = any(
        (labels.NEW.match(m.text) and len(m.text.split()) <= LABEL_WORDS) or is_head(m, NEW, OLD) for m in marks
    )
    former = former_headings(marks)
    for place, mark in enumerate(marks):
        short = len(mark.text.split()) <= LABEL_WORDS + 2
        if mark.line.level and (offers is None or mark.line.level <= offers):
            offers = None
        if short and not mark.amounts and labels.OFFERS.search(mark.text) and not mark.told:
            offers = mark.line.level or 7
        if place in former:
            old = former[place]
        elif short and (labels.NEW.match(mark.text) or is_head(mark, NEW, OLD)):
            old = False
        elif replaced and short and (labels.OLD.search(mark.text) or is_head(mark, OLD, NEW)):
            old = True
        mark.aside = mark.line.aside or offers is not None
        mark.old = mark.old or old


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
