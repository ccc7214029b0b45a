"""Names of places to stay in lines that tell the days or nights of a stay as well."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.houses import house_in, houses_in
from documents.lodging import STRONG, Name, name_in
from documents.marks import About
from documents.patterns import Words
from documents.words import WEEKDAYS, any_of

if TYPE_CHECKING:
    from datetime import date

    from documents.marks import Mark, Reading

TILL = Words(
    rf"(?<![^\W_])(?:till|until|bis|jusqu'(?:à|au)|hasta(?: el)?"
    rf"|fino a)\s(?P<w>{any_of([w for w in WEEKDAYS if (len(w) > 3 and w.isascii()) or len(w) > 4])})(?![^\W_])",
)
# A name that begins with the kind of house, right before its dates.
BEFORE_DATES = re.compile(
    rf"(?:^"
    rf"|\s)(?P<name>(?=[A-ZÀ-Ý])(?:{labels.LODGING_WORD})(?-i:(?:\s(?:[a-zß-ÿ]{{1,3}}\s){{0,2}}[A-ZÀ-Ý0-9][^\s,.;:]*){{1,4}}))"
    r"\s(?-i:from|vom|von|du|del|dal|for)\s(?:the\s)?$",
    re.IGNORECASE,
)
HOTELS = re.compile(
    r"hotels?|accommodation|lodging|unterk[uü]nft|übernachtung|h[eé]bergement|h[oô]tels|nuitées|alojamiento|hospedaje"
    r"|alloggi|pernottament|overnachting|verblijf|hospedage|alojamento|stays|宿泊",
    re.IGNORECASE,
)
# Words that end what a range of days is about.
THEN = Words(
    r"[;.]\s|(?<![^\W_])(?:then|afterwards|after that|followed by|dann|danach|anschließend|puis|ensuite|luego|después"
    r"|poi|dopo|depois|daarna)(?![^\W_])|(?<![^\W_])(?:nights?|nächte|nuits|noches|notti)\s(?:at|in|im"
    r"|à|en|al|nel)(?![^\W_])",
)
# Words before the first day of a number of nights.
STARTS = Words(
    r"(?<![^\W_])(?:from|starting|beginning|check(?:ing)?[-\s]?in|arriving|ab|vom|anreise|à partir du"
    r"|dès le|du|arrivée(?: le)?"
    r"|desde el|desde|a partir del|del|llegada|dal|a partire dal|arrivo|vanaf|a partir de)(?: the| am| on)?:?\s$"
)
UNTIL = Words(
    r"[\s,(]{0,3}(?:until|till|to|through|bis(?: zum)?|jusqu'au|au|hasta(?: el)?|al|fino a[l]?|tot|até|a)\s(?:the\s"
    r"|le\s|el\s|il\s)?"
)
# What takes place in a house without anybody's staying there. For text in lower case.
EVENT = Words(
    r"(?<![^\W_])(?:conference|congress|getting married|save the date|are held for|room block"
    r"|convention|symposium|summit|kongress|tagung|konferenz|fachmesse"
    r"|hochzeit|wedding"
    r"|congrès|colloque|congreso|convegno|congresso)(?![^\W_])"
)
# What is said of nights that nobody can book.
UNAVAILABLE = Words(
    r"(?<![^\W_])(?:fully booked|sold out|not available|no availability|no rooms|ausgebucht|nicht verfügbar"
    r"|leider belegt"
    r"|(?:est|sommes|affiche) complete?t?s?|pas disponibles?|(?:está|estamos) completos?|no (?:hay|tenemos) disponib\w+"
    r"|al completo|non (?:disponibil[ei]|abbiamo disponib\w+)|volgeboekt|niet beschikbaar|esgotad[oa]"
    r"|lotad[oa])(?![^\W_])|満室"
)
NIGHTS_OF = Words(
    r"(?<![^\W_])(?:nights? (?:of|on)|nächte? (?:vom|am|auf den)|nuits? (?:du|des|de)|noches? (?:del|de los|de)"
    r"|nott[ei] (?:del|dei|di)|noites? (?:de|do)|nachten? van)(?: the| le| el)?\s$"
)
# The words at the beginning of a list of nights.
NIGHTLY = Words(
    r"^\W{0,3}(?:(?:the|your|our|les|vos|nos|die|ihre|las|sus|le|as)\s)?(?:nights|nächte|nuits|noches"
    r"|notti|noites|nachten)"
    r"(?![^\W_])"
)
# The day of the month before another one, with its weekday.
JOINED = re.compile(
    r"(?:[^\W\d_]{2,}\s)?(\d{1,2})(?:st|nd|rd|th)?\.?,?\s(?:et|and|und|y|e|en|&)\s(?:the\s|le\s|el\s)?$"
)
# What stands between the nights of a list and the house.
AFTER_NIGHTS = re.compile(r"\s?\)?\s?[:：]\s?(?=[^\W\d_])")
# What stands between a house and its nights.
BETWEEN = re.compile(r"[\s(,:–-]{1,4}")
# Lines of such a list.
LIST = 12
WIDE = 60


def name_in_line(reading: Reading, place: int, mark: Mark) -> Name | None:
    """Return the name of a house in a line with a range of days, a number of nights or a label."""
    text = mark.text
    lodged = labels.LODGED.match(text)
    span = mark.range()
    told = labels.NIGHTS.search(text) if reading.speaks_of(labels.NIGHTS) else None
    if not (lodged or span or told or (mark.day and TILL.search(text))) or UNAVAILABLE.search(text):
        return None
    if not span and mark.day and (name := _before_nights(text)):
        return name
    if span and (named := BEFORE_DATES.search(text[: mark.told[0].start])):
        return name_in(named["name"])
    if span and not mark.line.cells and (name := _in_clause(mark)):
        return name
    staying = labels.STAYING.search(text)
    if staying and span and _is_apart(mark, staying.start(), staying.end()):
        staying = None
    if staying and (name := name_in(text[staying.end() :])):
        return name
    hotels = _under_hotels(reading, place)
    listed = AFTER_NIGHTS.match(text, told.end()) if told and hotels else None
    if listed and (name := name_in(text[listed.end() :])):
        return name
    return _first_house(mark, surely=bool(lodged or (span and told and hotels)), likely=bool(told or hotels))


def _first_house(mark: Mark, *, surely: bool, likely: bool) -> Name | None:
    """Return the first name in a line or its cells. A word in it must say that it is a house, unless that is sure.

    If it is likely, a word beside it is enough.
    """
    candidates = [mark.text, *mark.line.cells]
    if mark.told and not re.search(
        r"[^\W\d_]{3}", re.sub(r"(?i)\b(?:from|vom|du|del|dal|el|le)\b", "", mark.text[: mark.told[0].start])
    ):
        candidates.insert(0, mark.text[mark.told[-1].end :].lstrip(" :：,-–"))
    for candidate in candidates:
        name = name_in(candidate)
        if not name or labels.NIGHTS.match(name[0]):
            continue
        if surely or STRONG.search(name[0]) or (likely and labels.LODGING.search(candidate)):
            return name
    return None


def _before_nights(text: str) -> Name | None:
    """Return the name of a house right before the number of nights or the weekday until which it is booked."""
    until = labels.NIGHTS.search(text) or TILL.search(text)
    for house, _, end in houses_in(text) if until else ():
        if until and BETWEEN.fullmatch(text, end, until.start()):
            return name_in(house)
    return None


def listed_nights(reading: Reading, place: int) -> tuple[Name, tuple[date, date]] | None:
    """Return the house and days of a line that lists its nights, as in "nights of 12 and 13 May"."""
    mark = reading.marks[place]
    days = mark.trip_days
    if not days or len(days) != len(mark.told) or any(one.opens for one in mark.told):
        return None
    if [day - days[0] for day in days] != [timedelta(number) for number in range(len(days))]:
        return None
    first, before = days[0], mark.text[: mark.told[0].start]
    if joined := JOINED.search(before):
        first -= timedelta(1)
        before = before[: joined.start()]
        if int(joined[1]) != first.day:
            return None
    count = (days[-1] - first).days + 1
    told = labels.NIGHTS.search(mark.text)
    if told and labels.nights_of(told) != count:
        return None
    house = house_in(mark.text, strong=True)
    name = name_in(house) if house else None
    if not name or not (NIGHTS_OF.search(before) or (told and count > 1) or _under_nights(reading, place)):
        return None
    return name, (first, days[-1] + timedelta(1))


def _under_nights(reading: Reading, place: int) -> bool:
    """Return True if lines of one kind stand below words that say that their days are nights."""
    for mark in reading.marks[max(0, place - LIST) : place][::-1]:
        if not mark.told:
            return len(mark.text.split()) <= 8 and bool(NIGHTLY.search(mark.text))
    return False


def counted_nights(mark: Mark) -> tuple[date, date] | None:
    """Return the days of a line whose nights begin on its day or, as in "3 nights until Tuesday", end."""
    nights = labels.NIGHTS.search(mark.text)
    if not nights or not len(mark.told) == len(mark.trip_days) == 1:
        return None
    told, day, stay = mark.told[0], mark.trip_days[0], timedelta(labels.nights_of(nights))
    if UNTIL.fullmatch(mark.text, nights.end(), told.start):
        return day - stay, day
    beside = re.fullmatch(r"[\s,;:()–-]{1,4}", mark.text[told.end : nights.start()])
    return (day, day + stay) if beside or STARTS.search(mark.text[: told.start]) else None


def named_ranges(mark: Mark) -> list[tuple[Name, tuple[date, date]]]:
    """Return the houses of a sentence that tells several ranges of days and as many houses, each with its days."""
    spans = [
        (mark.told[i].start, mark.days[i], mark.days[i + 1])
        for i in range(len(mark.told) - 1)
        if mark.told[i].opens and mark.told[i + 1].closes and mark.about[i] is About.TRIP
    ]
    houses = list(houses_in(mark.text, strong=True))
    if len(spans) < 2 or len(spans) != len(houses) or len({name for name, _, _ in houses}) < len(houses):
        return []
    order = [begin < start for (start, _, _), (_, begin, _) in zip(spans, houses, strict=True)]
    starts = sorted([start for start, _, _ in spans] + [begin for _, begin, _ in houses])
    alternate = starts[::2] in ([start for start, _, _ in spans], [begin for _, begin, _ in houses])
    if len(set(order)) != 1 or not alternate:
        return []
    found: list[tuple[Name, tuple[date, date]]] = []
    for (_, first, last), (house, _, _) in zip(spans, houses, strict=True):
        name = name_in(house)
        if not (name and first and last and first < last):
            return []
        found.append((name, (first, last)))
    return found


def _in_clause(mark: Mark) -> Name | None:
    """Return the name of the only house that the clause around a range of days tells, or of the nearest one."""
    if not any(houses_in(mark.text, strong=True)):
        return None
    strong = dict.fromkeys(name for name, _, _ in houses_in(mark.text, strong=True))
    houses = [one for one in houses_in(mark.text) if not _is_apart(mark, one[1], one[2])]
    if len(strong) == 1 and len(houses) == 1:
        return name_in(houses[0][0])
    ranked = sorted((_distance(mark, begin, end), name) for name, begin, end in houses)
    if len(ranked) == 1 or (ranked and ranked[0][0] < ranked[1][0]):
        return name_in(ranked[0][1])
    return None


def _range_begins(mark: Mark) -> int:
    """The place of the first day of the range that holds, among the days of a line."""
    ranges = [i for i, told in enumerate(mark.told) if told.opens]
    return next((i for i in ranges if mark.about[i] is About.TRIP), ranges[0])


def _distance(mark: Mark, begin: int, end: int) -> int:
    first = _range_begins(mark)
    start, stop = mark.told[first].start, mark.told[first + 1].end
    return begin - stop if begin >= stop else start - end


def _is_apart(mark: Mark, begin: int, end: int) -> bool:
    """Return True if a place in the line belongs to another clause than the range of days."""
    first = _range_begins(mark)
    start, stop = mark.told[first].start, mark.told[first + 1].end
    between = mark.text[stop:begin] if begin >= stop else mark.text[end:start]
    return len(between) > WIDE or bool(THEN.search(between))


def _under_hotels(reading: Reading, place: int) -> bool:
    """Return True if the section's heading, or a line before, speaks of places to stay."""
    for mark in reading.marks[max(0, place - 6) : place][::-1]:
        if len(mark.text.split()) <= 5 and HOTELS.search(mark.text):
            return True
        if mark.line.level:
            return False
    return False
