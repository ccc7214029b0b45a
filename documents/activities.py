"""Days and their activities: lines below a day's heading, rows of a programme, sentences with a day and a time."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import WEEKDAY, dates_in
from documents.forms import form_days
from documents.marks import About, Mark, Reading
from documents.model import Activity, Day, How
from documents.money import amounts_in
from documents.occasions import (
    OCCASION,
    heading_of,
    is_appointment,
    is_nameless,
    is_no_appointment,
    name_below,
    name_near,
    name_of_form,
)
from documents.patterns import Words
from documents.tables import Role, Row, rows_of
from documents.times import times_in
from documents.untimed import LABELLED, SHORT, is_untimed_entry, notes_of

if TYPE_CHECKING:
    from datetime import date

    from documents.times import Time

CLAUSE = re.compile(
    r"\s*(?:;|,(?=\s)|\.\s|\s[-–—|]\s)\s*|\s(?=(?:and then|then|and|und dann|und|dann|et|puis|y luego|y|luego"
    r"|e poi|e|poi)\s)",
    re.IGNORECASE,
)
LEADING = re.compile(
    r"^(?:[\s:：,;.|·•\-–—→()（）～~!¡*]|(?:at|um|ore|alle|à|a las|las|from|by|uhr|von|ab|de|dès|the|on|around"
    r"|about|ca|approx|then|and|und|et|y|e|poi|puis|dann|luego|from|start(?:s|ing)?)(?:\.|\b)(?=[\s:–-]|$))+",
    re.IGNORECASE,
)
# Signs and words that a title doesn't end with.
LAST = re.compile(r"[^\W\d_]+\.?$")
# Signs in a row, which stood around a day or time.
LEFT_SIGNS = re.compile(r"\s*[,;:](?:\s*[,;:–-])+\s*|\s[–-](?:\s[–-])+\s")
LAST_SIGNS = " \t\u00a0:：,;|·-–→(（～~"
LAST_WORDS = {
    "at", "um", "ore", "alle", "à", "las", "from", "by", "until", "till", "bis", "hasta", "jusqu'à",
    "ends", "and", "to", "de", "on", "von", "start", "starts", "for", "ab", "leaves", "around", "about",
    "ca", "ca.",
}  # fmt: skip
TITLE_LENGTH = 200
LONGEST_TAIL = 12
ASIDE_ROLES = {Role.HOTEL, Role.DATE, Role.TIME, Role.PRICE, Role.NIGHTS, Role.ROOM, Role.CONFIRMATION}
DAY_TITLE = 90
# A range of weekdays, before the hours of a desk.
WEEKDAYS = re.compile(
    rf"(?<![^\W\d_]){WEEKDAY}\.?\s?(?:-|–|bis|to|à|al?|t/m|〜|～)\s?{WEEKDAY}(?![^\W\d_])", re.IGNORECASE
)
WORDED = re.compile(r"[^\W\d_]{3}|[\u3040-\u9fff]{2}")
# How long something takes, which is no part of its name.
LASTS = Words(
    r"[(（]?\s?(?:ca\.?\s|about\s|approx\.?\s|environ\s)?(?<![^\W_])(?:duration|dauer|durée|duración|durata|duur"
    r"|duração|所要時間?)"
    r"\s?[:：]?\s?(?:ca\.?\s|about\s|approx\.?\s|environ\s)?\d[\d.,:]*\s?(?:h|hours?|hrs?|std|stunden|heures?|horas?"
    r"|ore"
    r"|uur|min\w*|時間|分)?\.?\s?\d{0,2}(?:\s?min\w*)?\s?[)）]?"
    r"|[(（](?:ca\.?\s|about\s|approx\.?\s|environ\s)?\d{1,3}(?:[.,:h½]\d*)?\s?(?:h|hours?|hrs?|std|stunden|heures?"
    r"|horas?|ore"
    r"|uur|min\w*|時間|分)\.?\s?\d{0,2}[)）]",
)
# A label of the end of something.
RETURNS = Words(
    r"\W{0,3}(?:rückkehr|ende|return|end|fin|retour|regreso|fine|ritorno|rientro|terugkomst|einde|regresso|fim)"
    r"(?: time| \w*zeit)?\s?:|(?:終了|帰着)(?:時間|時刻)?："
)
# Words before the time from which one may come in.
ADMISSION = Words(
    r"(?<![^\W_])(?:doors(?: open)?|admission|entry|einlass|türöffnung|ouverture(?: des portes)?|portes|accueil dès"
    r"|apertura(?: de)?(?: puertas| porte)?|puertas|ingresso dalle|porte|zaal open|deuren(?: open)?|portas"
    r"|last (?:entry|admission)|letzter einlass|dernière entrée|último acceso|ultimo ingresso)"
    r"(?:\s(?:from|at|um|ab|à|dès|a|las|alle|ore|om|às))*\W{0,3}$|開場\W?$"
)
DOORS = re.compile(
    r"[(（]\s?(?:doors|einlass|portes|puertas|porte|deuren|portas|apertura|ouverture|開場)[^()（）]{0,20}[)）]",
    re.IGNORECASE,
)


def activities_of(reading: Reading, covered: set[int], stayed: set[int]) -> tuple[list[Activity], set[int]]:
    """The activities of a document, and the places of the marks that they cover."""
    found: list[Activity] = []
    used: set[int] = set()
    rows = {id(row.mark): row for row in rows_of(reading)}
    forms = form_days(reading, covered | stayed)
    notes = notes_of(reading.marks)
    for place, mark in enumerate(reading.marks):
        if mark.aside or mark.old or place in covered or place in notes or (place in stayed and not mark.line.cells):
            continue
        day = forms[place][0] if place in forms else _day_of(mark)
        if day is None or (mark.terms and not mark.day):
            continue
        if place in forms:
            made = _of_form(mark, day)
        else:
            made = _of_row(rows[id(mark)], day) if id(mark) in rows else _of_text(mark, day, reading)
        # Most lines make nothing, which is quicker to tell.
        if not made or is_no_appointment(mark) or (place not in forms and _is_no_entry(mark)):
            continue
        made = [named for one in made if (named := _named(one, place, reading, covered | stayed))]
        made = [
            one for one in made if one.time or not found or (one.date, one.title) != (found[-1].date, found[-1].title)
        ]
        if made:
            found += made
            used.add(place)
            if place in forms:
                _complete(made, reading, place, forms[place][1])
                used.add(forms[place][1])
    return found, used


def _of_form(mark: Mark, day: date) -> list[Activity]:
    start = mark.times[0]
    end = next((time.clock for time in mark.times[1:] if time.ends), None)
    return [_activity(mark.text, day, start.clock, end, "")]


def _complete(made: list[Activity], reading: Reading, place: int, dated: int) -> None:
    """Let the quote of a form's activity hold the line with the day as well."""
    for one in made:
        text = reading.marks[dated].text
        if text not in one.quote.split("\n"):
            one.quote = f"{one.quote}\n{text}" if dated > place else f"{text}\n{one.quote}"


def days_of(reading: Reading, used: set[int], covered: set[int], stayed: set[int]) -> list[Day]:
    """The days that headings, rows or lines of a programme begin with."""
    places = used | covered | stayed
    active = {mark.day for place, mark in enumerate(reading.marks) if place in places and mark.day}
    leads = [
        mark for mark in reading.marks if mark.leads and mark.day and not (mark.aside or mark.old or mark.cancelled)
    ]
    programme = len({mark.day for mark in leads}) > 1 or any(labels.DAY.match(mark.text) for mark in leads)
    days: dict[str, Day] = {}
    for mark in leads:
        if not mark.day or not mark.programme or any(about is not About.TRIP for about in mark.about):
            continue
        title = _day_title(mark)
        told = bool(mark.text[mark.rest :].strip(" .:")) and (not mark.amounts or len(mark.text.split()) > SHORT)
        row = bool(mark.line.cells) and not (mark.amounts and _is_rate(mark))
        within = bool(active) and min(active) < mark.day < max(active)
        if mark.day not in active and not (programme and (told or mark.line.level or row or within)):
            continue
        iso = mark.day.isoformat()
        known = days.setdefault(iso, Day(iso, title, mark.text))
        known.title = known.title or title
    return list(days.values())


def _is_rate(mark: Mark) -> bool:
    """Return True if a row has nothing but a day and prices, as the nights of a hotel's bill."""
    return not any(
        WORDED.search(cell) and not dates_in(cell) and not amounts_in(cell, spaced=True) for cell in mark.line.cells
    )


def _day_of(mark: Mark) -> date | None:
    """The day of a line: that of its heading, or its own if it tells one day and a time."""
    if mark.day:
        return mark.day
    own = set(mark.trip_days)
    settled = all(day for day, about in zip(mark.days, mark.about, strict=True) if about is About.TRIP)
    if (
        len(own) == 1
        and settled
        and any(not time.ends for time in mark.times)
        and not any(one.opens for one in mark.told)
    ):
        return own.pop()
    return None


def _is_no_entry(mark: Mark) -> bool:
    text = mark.text
    if any(about is not About.TRIP for about in mark.about) or labels.CONDITIONAL.search(text):
        return True
    if (
        (not mark.leads and labels.GREETING.match(text))
        or labels.LOYALTY.search(text)
        or (mark.times and labels.CLOSING.search(text))
    ):
        return True
    ranged = any(time.ends for time in mark.times)
    if ranged and not mark.told and WEEKDAYS.search(text):
        return True
    loose = not mark.leads and mark.day is None
    if (ranged or (loose and labels.MEAL_HOURS.search(text))) and labels.OPENING.search(text):
        return True
    if mark.told and labels.DEADLINE.search(text):
        return True
    if RETURNS.match(text):
        return True
    beginning = (
        labels.CHECK_IN.match(text.lstrip())
        or labels.CHECK_OUT.match(text.lstrip())
        or labels.DEPART.match(text.lstrip())
        or labels.ARRIVE.match(text.lstrip())
    )
    return bool(beginning and (mark.told or re.match(r"[^\d:：]{2,24}[:：]", text)))


def _of_row(row: Row, day: date) -> list[Activity]:
    """The activities of a row in a table with headings."""
    mark = row.mark
    clock = row.cell(Role.TIME) or row.cell(Role.ARRIVE) or row.cell(Role.DEPART)
    if not clock and times_in(dated := row.cell(Role.DATE)):
        clock = dated
    text = row.cell(Role.PROGRAMME) or row.cell(Role.PORT) or _other_cell(row)
    if not text or labels.FREE.match(text):
        return []
    times = times_in(clock)
    if not times:
        inside = _entries(text, day, mark.text)
        if inside:
            return inside
        if daypart := labels.DAYPART.match(clock or ""):
            text = f"{text}" if daypart else text
        return [] if labels.CODE.match(text) else [_activity(mark.text, day, None, None, text)]
    end = next((time.clock for time in times[1:] if time.ends), None)
    leaves = times_in(row.cell(Role.DEPART)) if row.cell(Role.ARRIVE) and not row.cell(Role.TIME) else []
    if leaves and leaves[0].clock > times[0].clock:
        end = leaves[0].clock
    return [_activity(mark.text, day, times[0].clock, end, text)]


def _named(activity: Activity, place: int, reading: Reading, covered: set[int]) -> Activity | None:
    """An activity by the name in its line or, if that says only when it is, in its block; None if it tells none."""
    mark = reading.marks[place]
    priced = bool(mark.amounts) and len(activity.title.split()) <= SHORT
    if is_nameless(_without_amounts(activity.title) if priced else activity.title):
        below = mark.day and not mark.leads and not activity.title and not LABELLED.match(mark.text)
        found = name_below(place, reading, covered) if below else name_near(place, reading, covered)
        if found := found or name_of_form(place, reading):
            name, between = found
            return replace(activity, title=name[:TITLE_LENGTH], quote="\n".join(one.text for one in between))
        return activity if OCCASION.search(activity.title) else None
    if mark.day:
        return activity
    if above := heading_of(activity.title, place, reading, covered):
        return replace(activity, title=f"{activity.title}: {above.text}", quote=f"{above.text}\n{mark.text}")
    below = reading.marks[place + 1] if place + 1 < len(reading.marks) else None
    return activity if is_appointment(mark, activity.title, below) else None


def _without_amounts(title: str) -> str:
    for one in reversed(amounts_in(title)):
        title = title[: one.start] + title[one.end :]
    return title.strip(" .,·|–-")


def _other_cell(row: Row) -> str:
    cells = [cell for role, cell in zip(row.roles, row.mark.line.cells, strict=False) if role not in ASIDE_ROLES]
    worded = [cell for cell in cells if re.search(r"[^\W\d_]{3}", cell)]
    return max(worded, key=len, default="")


def _of_text(mark: Mark, day: date, reading: Reading) -> list[Activity]:
    text = mark.text[mark.rest :] if mark.leads else mark.text
    if mark.line.cells:
        text = _joined_cells(mark)
    made = _entries(text, day, mark.text)
    if made:
        return made
    return [_activity(mark.text, day, None, None, text)] if is_untimed_entry(mark, reading) else []


def _joined_cells(mark: Mark) -> str:
    """The cells of a row without headings, but for the one with the date."""
    cells = [
        cell
        for cell in mark.line.cells
        if cell
        and cell in mark.text
        and not ((told := dates_in(cell)) and len(cell) <= told[-1].end - told[0].start + 4)
    ]
    return " ".join(cells)


def _entries(text: str, day: date, quote: str) -> list[Activity]:
    """An activity for each time that begins one."""
    times = times_in(text)
    starts = [time for time in times if not time.ends]
    if len(starts) > 1:
        starts = [time for time in starts if not _is_admission(text, time)] or starts[:1]
    if not starts:
        return []
    if len(starts) == 1:
        end = next((time.clock for time in times if time.ends and time.start > starts[0].start), None)
        title = _title(text, times)
        day += timedelta(starts[0].later)
        return [_activity(quote, day, starts[0].clock, end, title)]
    return [made for part in _parts(text, starts) if (made := _entry(part, day, quote))]


def _is_admission(text: str, time: Time) -> bool:
    return bool(ADMISSION.search(text, 0, time.start)) or text.startswith("開場", time.end)


def _entry(text: str, day: date, quote: str) -> Activity | None:
    times = times_in(text)
    start = next((time for time in times if not time.ends), None)
    title = _title(text, times)
    if not start or not title:
        return None
    end = next((time.clock for time in times if time.ends and time.start > start.start), None)
    return _activity(quote, day + timedelta(start.later), start.clock, end, title)


def _parts(text: str, starts: list[Time]) -> list[str]:
    """The text in as many parts as it has beginning times, cut between clauses."""
    leading = not re.search(r"[^\W\d_]{3}", LEADING.sub("", text[: starts[0].start]))
    cuts: list[int] = []
    for before, after in itertools.pairwise(starts):
        between = list(CLAUSE.finditer(text, before.end, after.start))
        if leading:
            word = re.search(r"(?:\b(?:at|um|ore|alle|à|a las|from|ab)\s)?$", text[: after.start])
            cuts.append(
                between[-1].start()
                if between and not text[between[-1].end() : after.start].strip()
                else (word.start() if word else after.start)
            )
        else:
            cuts.append(between[0].start() if between else before.end)
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in itertools.pairwise(edges)]


def _title(text: str, times: list[Time]) -> str:
    for time in sorted(times, key=lambda one: -one.start):
        text = text[: time.start] + " " + text[time.end :]
    for one in reversed(dates_in(text)):
        if not one.opens and not one.closes and one.month:
            text = text[: one.start] + " " + text[one.end :]
    text = DOORS.sub(" ", text)
    text = LASTS.sub(" ", re.sub(r"(?:\(\s*\)|（\s*）)", " ", text))
    text = re.sub(r"\s+([,;.!])", r"\1", re.sub(r"\s{2,}", " ", text))
    text = LEFT_SIGNS.sub(lambda signs: ": " if ":" in signs[0] else ", " if "," in signs[0] else " – ", text)
    text = LEADING.sub("", text)
    while True:
        text = text.rstrip(LAST_SIGNS)
        last = LAST.search(text, max(0, len(text) - LONGEST_TAIL))
        if not last or last[0].lower() not in LAST_WORDS:
            return text.strip(" .,-–—:|")
        text = text[: last.start()]
        text = text.rstrip(LAST_SIGNS).removesuffix(" a") if last[0].lower() == "las" else text


def _activity(quote: str, day: date, time: str | None, end: str | None, title: str) -> Activity:
    return Activity(quote, How.RULE, date=day.isoformat(), time=time, end_time=end, title=title.strip()[:TITLE_LENGTH])


def _day_title(mark: Mark) -> str | None:
    if mark.times or mark.line.cells:
        return None
    title = mark.text[mark.rest :].strip(" :：-–—,.()（）")
    return title if 2 <= len(title) <= DAY_TITLE else None
