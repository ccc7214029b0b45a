"""Dates as a text tells them: written out, numeric, ISO, ranges. Years and orders are settled in `years`."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from documents.memory import remembered
from documents.patterns import Words
from documents.words import MONTHS, WEEKDAYS, any_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Told:
    """A date as a text tells it."""

    start: int
    end: int
    day: int
    # 0 where only a weekday and a day of the month are told.
    month: int
    year: int | None = None
    weekday: int | None = None
    # Day and month can be exchanged, such as in 06/11/2026.
    unclear: bool = False
    # Numeric with a stroke or hyphen, so that its order depends on the writer.
    numeric: bool = False
    # Numeric with the month first, seen from a second number above 12.
    american: bool = False
    # The first and the last day of a range.
    opens: bool = False
    closes: bool = False


MONTH = any_of(MONTHS)
# Two letters are words of their own in other languages, so they count with a capital letter only.
LONG_WEEKDAY = any_of([name for name in WEEKDAYS if len(name) > 2])
SHORT_WEEKDAY = "Mo|Di|Mi|Do|Fr|Sa|So|[Ww]o|[Vv]r|[Zz][ao]"
WEEKDAY = rf"(?:{LONG_WEEKDAY}|(?-i:{SHORT_WEEKDAY}))"
ORDINAL = r"(?:st|nd|rd|th|er|º|°|\.)?"
TO = r"(?:-|–|—|→|~|～|〜|to|till|until|through|thru|bis(?:\szum)?|al|au|a|à|hasta(?:\sel)?|jusqu'au|fino\sal|から)"
YEAR = r"(?:(?:,?\s{0,2}|-)(?:de\s|del\s)?(?P<y>(?:19|20)\d\d)(?!\d)|\s?['’](?P<yy>\d\d)(?!\d))?"

WRITTEN = rf"""(?<![\d.,:/])(?P<d>\d{{1,2}}){ORDINAL}
    (?:\s{{0,2}}(?:(?P<to>{TO})|and|und|et|y|e|&)\s{{0,2}}(?:the\s|el\s|le\s)?(?(to)(?:{WEEKDAY}\.?,?\s)?)(?P<d2>\d{{1,2}}){ORDINAL})?
    (?:\s{{0,3}}|[-–])(?:de\s|of\s|d')?(?P<m>{MONTH})(?![^\W\d_])\.?{YEAR}"""
AMERICAN = rf"""(?<![^\W\d_])(?=(?-i:[A-Z]))(?P<am>{MONTH})(?![^\W\d_])\.?
    \s{{1,2}}(?P<ad>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|[:.]\d|\s?(?:uhr|h\b|am\b|pm\b))
    (?:\s{{0,2}}(?P<ato>{TO})\s{{0,2}}(?P<ad2>\d{{1,2}})(?:st|nd|rd|th)?
    (?!\d|[:.]\d|\s?(?:am|pm)\b|\s{{0,2}}(?:{MONTH})\b))?
    (?:,?\s{{1,2}}(?P<ay>(?:19|20)\d\d)(?![\d:]))?"""
ISO = r"(?<![\d.,/-])(?P<iy>(?:19|20)\d\d)(?P<isep>[-/.])(?P<im>\d{1,2})(?P=isep)(?P<id>\d{1,2})(?!\d|[-/.]\d)"
JAPANESE = (
    r"(?:(?P<jy>(?:19|20)\d\d)\s?年\s?)?(?P<jm>\d{1,2})\s?月\s?(?P<jd>\d{1,2})\s?日(?:\s?(?P<jto>[-–～~〜]"
    r"|から)\s?(?P<jd2>\d{1,2})\s?日)?"
)
NUMERIC = r"""(?<![\d.,/-])(?:(?P<n0>\d{1,2})\.?\s?(?P<nto>[-–]|bis|al|au)\s?)?
    (?P<n1>\d{1,2})(?P<nsep>[./-])(?P<n2>\d{1,2})(?P=nsep)(?P<ny>(?:19|20)\d\d|[23]\d(?=\D|$))
    (?!\d|[-/.]\d|\s?(?:€|EUR\b))"""
COMPACT = (
    r"(?<![A-Za-z0-9])(?P<gd>[0-3]?\d)(?P<gm>(?-i:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC))"
    r"(?P<gy>(?:20)?[2-4]\d)?(?![A-Za-z0-9])"
)
DOTTED = r"(?<![\d.,/])(?:(?P<o0>\d{1,2})\.\s?(?P<oto>[-–]|bis|to)\s?)?(?P<od>\d{1,2})\.\s?(?P<om>\d{1,2})\.(?![\d])"
STROKE = r"(?<![\d.,/])(?P<s1>\d{1,2})/(?P<s2>\d{1,2})(?![\d/])"
# A quick look that passes over most lines without a date.
MAYBE = re.compile(r"\d[./-]\s?[-–]?\s?\d|\d\.?\s?(?:[bB]is|[tT]o|[aA]l|[aA]u)\s|[年月]")
WORD = re.compile(r"[^\W\d_]{3,}")
MONTHLY = frozenset(name[:3] for name in MONTHS)
FIRST_WORD = re.compile(r"\W{0,3}([^\W\d_]+)")
DATE = re.compile(
    f"{COMPACT}|{ISO}|{JAPANESE}|{NUMERIC}|{DOTTED}|{WRITTEN}|{STROKE}|{AMERICAN}", re.IGNORECASE | re.VERBOSE
)
# Where a date can begin: at digits before a sign, a month or a word of a range, or at a month with a capital letter.
MONTHS_BEGIN = any_of(sorted({name[:2] for name in MONTHS}))
BEGINNING = re.compile(
    r"(?<![\d.,:])\d{1,4}(?!\d|:\d)(?=(?:st|nd|rd|th|er|[º°])?\.?\s{0,3}(?:[-–—→~～〜./年月&]|から|[de]\b|(?i:"
    rf"{MONTHS_BEGIN}|al?\b|al\d|à|and|au|bis|d'|de|e\b|e\d|et|fi|ha|of|the|through|thru|till|to|un|y\b)))"
    rf"|[A-Z](?<![^\W\d_].)(?i:{any_of(sorted({name[1:3] for name in MONTHS}))})"
)

SHORT_YEAR = re.compile(r"\s([2-4]\d)(?![\d:.,]|\s?h)")
# A weekday and a day of the month at the start of a line; the month follows from the lines above.
LOOSE = re.compile(
    rf"\W{{0,3}}({WEEKDAY})\.?,?\s{{1,2}}(?:the\s|den\s)?(\d{{1,2}}){ORDINAL}(?=\s{{0,2}}[-–:,(]|\s*$)", re.IGNORECASE
)
BARE = re.compile(rf"\W{{0,3}}({WEEKDAY})\.?\s{{0,2}}(?=[-–:]|\s*$)", re.IGNORECASE)

BEFORE = re.compile(
    rf"(?<![^\W\d_])(?P<w>{WEEKDAY})\.?\)?,?\s{{0,2}}(?:the\s|den\s|dem\s|le\s|el\s|il\s)?[-–]?\s?$", re.IGNORECASE
)
AFTER = re.compile(rf"\s?[,(（]?\s?(?P<w>{WEEKDAY}|[月火水木金土日](?:曜日?)?)(?![^\W\d_])\s?[)）]?", re.IGNORECASE)
JOINT = re.compile(rf"\s*,?\s*(?:\([^()]{{0,12}}\))?\s*{TO}\s*(?:the|el|le|den|il)?\s*$", re.IGNORECASE)
ENGLISH_WORDS = {"may", "march", "mar", "set", "ago", "so"}
# The number of a day of the programme, which is no day of the month.
NUMBERED = Words(
    r"(?<![^\W_])(?:day|tag|jour|d[ií]a|giorno|week|woche|no|nr|stage|etappe|étape)\.?\s*$",
)
# What follows a name that is a weekday's then, not a month's, as in "J4 mar. 14/09".
DAY_AND_MONTH = re.compile(r"\.?,?\s{1,2}\d{1,2}[./-]\d{1,2}(?!\d)")
NUMBERING = re.compile(r"\s*\d\.\d\.")
LEAD = Words(r"\b(?:am|vom|bis|zum|den|ab|on|dem|und)\s$")


def dates_in(text: str) -> list[Told]:
    """The dates of a line, in their order."""
    return list(_dates_in(text))


@remembered
def _dates_in(text: str) -> tuple[Told, ...]:
    found: list[Told] = []
    if MAYBE.search(text) or any(word[:3] in MONTHLY for word in WORD.findall(text.lower())):
        for match in _matches(text):
            found += _weekday_added(_told(match, text), text)
    if not found:
        found = _loose(text)
    return tuple(_joined(found, text))


def _matches(text: str) -> Iterator[re.Match[str]]:
    """Yield matches that look like a date, tried only where one can begin."""
    end = 0
    for beginning in BEGINNING.finditer(text):
        if beginning.start() >= end and (match := DATE.match(text, beginning.start())):
            yield match
            end = match.end()


def _told(match: re.Match[str], text: str) -> list[Told]:
    group = match.groupdict()
    if group["gm"]:
        year = int(group["gy"]) % 100 + 2000 if group["gy"] else None
        return _checked(match, [(int(group["gd"]), MONTHS[str(group["gm"]).lower()])], year)
    if group["iy"]:
        return _checked(match, [(int(group["id"]), int(group["im"]))], int(group["iy"]))
    if group["jm"]:
        days = [int(d) for d in (group["jd"], group["jd2"]) if d]
        return _checked(match, [(d, int(group["jm"])) for d in days], _number(group["jy"]), ranged=True)
    if group["n1"]:
        return _numeric(match, group, text)
    if group["od"]:
        return _dotted(match, group, text)
    if group["m"]:
        return _written(match, group, text)
    if group["s1"]:
        return _stroke(match, int(group["s1"]), int(group["s2"]), text)
    return _american(match, group)


def _written(match: re.Match[str], group: dict[str, str | None], text: str) -> list[Told]:
    name = str(group["m"])
    if name.lower() in WEEKDAYS and DAY_AND_MONTH.match(text, match.end("m")):
        return []
    year = _number(group["y"]) or (2000 + int(group["yy"]) if group["yy"] else None)
    abbreviated = match.end() > match.end("m") and text[match.end("m")] == "."
    if (
        name in ENGLISH_WORDS
        and not year
        and not abbreviated
        and not BEFORE.search(text[max(0, match.start() - 24) : match.start()])
    ):
        return []
    month = MONTHS[name.lower()]
    first, last = group["d"], group["d2"]
    if last and NUMBERED.search(text[max(0, match.start() - 12) : match.start()]):
        return [replace(told, start=match.start("d2")) for told in _checked(match, [(int(last), month)], year)]
    days = [int(d) for d in (first, last) if d]
    if year is None and not last and (end := _short_year(match, int(first or 0), month, text)):
        return [replace(told, end=end.end()) for told in _checked(match, [(days[0], month)], 2000 + int(end[1]))]
    return _checked(match, [(d, month) for d in days], year, ranged=bool(group["to"]))


def _short_year(match: re.Match[str], day: int, month: int, text: str) -> re.Match[str] | None:
    """Two digits after a month that are its year, because the weekday before agrees."""
    short = SHORT_YEAR.match(text, match.end())
    weekday = BEFORE.search(text[max(0, match.start() - 24) : match.start()]) if short else None
    if not short or not weekday:
        return None
    year = 2000 + int(short[1])
    fits = day <= monthrange(year, month)[1] and date(year, month, day).weekday() == WEEKDAYS[weekday["w"].lower()]
    return short if fits else None


def _american(match: re.Match[str], group: dict[str, str | None]) -> list[Told]:
    month = MONTHS[str(group["am"]).lower()]
    days = [int(d) for d in (group["ad"], group["ad2"]) if d]
    return _checked(match, [(d, month) for d in days], _number(group["ay"]), ranged=bool(group["ato"]))


def _numeric(match: re.Match[str], group: dict[str, str | None], text: str) -> list[Told]:
    first, second, year = int(group["n1"] or 0), int(group["n2"] or 0), int(group["ny"] or 0)
    short = year < 100
    if short and group["nsep"] == "-":
        return []
    year += 2000 if short else 0
    if group["n0"] and NUMBERED.search(text[max(0, match.start() - 12) : match.start()]):
        told = _either(match, first, second, year, dotted=group["nsep"] == ".")
        return [replace(one, start=match.start("n1")) for one in told]
    if group["n0"]:
        return _checked(match, [(int(group["n0"]), second), (first, second)], year, ranged=True)
    return _either(match, first, second, year, dotted=group["nsep"] == ".")


def _either(match: re.Match[str], first: int, second: int, year: int | None, *, dotted: bool) -> list[Told]:
    if second > 12:
        return [replace(told, numeric=True, american=True) for told in _checked(match, [(second, first)], year)]
    told = _checked(match, [(first, second)], year)
    unclear = not dotted and first <= 12 and first != second
    return [replace(one, unclear=unclear, numeric=not dotted) for one in told]


def _dotted(match: re.Match[str], group: dict[str, str | None], text: str) -> list[Told]:
    numbering = NUMBERING.match(text) and not text[: match.start()].strip()
    before = text[max(0, match.start() - 24) : match.start()]
    padded = len(group["od"] or "") == 2 and len(group["om"] or "") == 2
    if numbering or not (group["o0"] or padded or BEFORE.search(before) or LEAD.search(before) or before[-1:] in "(-–"):
        return []
    month = int(group["om"] or 0)
    if group["o0"] and NUMBERED.search(before):
        return [
            replace(one, start=match.start("od")) for one in _checked(match, [(int(group["od"] or 0), month)], None)
        ]
    days = [int(d) for d in (group["o0"], group["od"]) if d]
    return _checked(match, [(d, month) for d in days], None, ranged=True)


def _stroke(match: re.Match[str], first: int, second: int, text: str) -> list[Told]:
    near = BEFORE.search(text[max(0, match.start() - 24) : match.start()]) or re.match(
        r"\s?[(（][月火水木金土日]", text[match.end() : match.end() + 4]
    )
    ranged = OPENS.search(text[: match.start()]) if (after := CLOSES.match(text, match.end())) else None
    ranged = ranged or (after is None and OPENED.search(text[: match.start()])) or _waved(match, text)
    return _either(match, first, second, None, dotted=False) if near or ranged else []


def _waved(match: re.Match[str], text: str) -> bool:
    """Return True if a sign between two such dates says that they are a range, as for 17 to 19 July."""
    pair = WAVED.match(text, match.start())
    if pair is None:
        before = [
            one for one in WAVED.finditer(text, max(0, match.start() - 12), match.end()) if one.end() == match.end()
        ]
        pair = before[0] if before else None
    return pair is not None and (
        pair["sign"] not in "-–" or any(12 < int(n) <= 31 for n in re.findall(r"\d+", pair[0]))
    )


WAVED = re.compile(r"(?<![\d.,/])\d{1,2}/\d{1,2}\s?(?P<sign>[-–～〜~])\s?\d{1,2}/\d{1,2}(?![\d/])")
# The words of a range of numeric dates without a year, as in "dal 29/12 al 2/1".
OPENS = Words(r"(?<![^\W_])(?:dal|du|del|desde el|vom|from|van|de)\s$")
CLOSES = re.compile(r"\s(?:al|au|hasta el|bis|to|tot|a)\s\d{1,2}/\d{1,2}(?![\d/])", re.IGNORECASE)
OPENED = Words(
    r"(?<![^\W_])(?:dal|du|del|desde el|vom|from|van|de)\s\d{1,2}/\d{1,2}\s(?:al|au|hasta el|bis|to|tot|a)\s$"
)


def _checked(
    match: re.Match[str], days: list[tuple[int, int]], year: int | None, *, ranged: bool = False
) -> list[Told]:
    if any(not 1 <= month <= 12 or not 1 <= day <= monthrange(year or 2024, month)[1] for day, month in days):
        return []
    told = [Told(match.start(), match.end(), day, month, year) for day, month in days]
    if len(told) == 2 and ranged:
        if told[0].day >= told[1].day:
            return []
        told = [replace(told[0], opens=True), replace(told[1], closes=True)]
    return told


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None


def _weekday_added(told: list[Told], text: str) -> list[Told]:
    if not told:
        return told
    start, end = told[0].start, told[-1].end
    if before := BEFORE.search(text[max(0, start - 24) : start]):
        weekday = WEEKDAYS[before["w"].lower()]
        start = max(0, start - 24) + before.start()
        told = [replace(told[0], weekday=weekday), *told[1:]]
    elif (after := AFTER.match(text, end)) and len(told) == 1 and (not after["w"].isascii() or len(after["w"]) > 2):
        told = [replace(told[0], weekday=WEEKDAYS[after["w"].lower()])]
        end = after.end()
    if (start, end) == (told[0].start, told[-1].end):
        return told
    return [replace(one, start=start, end=end) for one in told]


def _loose(text: str) -> list[Told]:
    first = FIRST_WORD.match(text)
    if not first or first[1].lower() not in WEEKDAYS:
        return []
    if match := LOOSE.match(text):
        day = int(match[2])
        return [Told(match.start(1), match.end(), day, 0, weekday=WEEKDAYS[match[1].lower()])] if 1 <= day <= 31 else []
    if match := BARE.match(text):
        return [Told(match.start(1), match.end(), 0, 0, weekday=WEEKDAYS[match[1].lower()])]
    return []


def _joined(told: list[Told], text: str) -> list[Told]:
    """Mark two dates with "to" between them as a range, and share the year that one of them has."""
    told = list(told)
    for i in range(len(told) - 1):
        first, last = told[i], told[i + 1]
        if first.end <= last.start and not first.closes and JOINT.fullmatch(text, first.end, last.start):
            told[i], told[i + 1] = replace(first, opens=True), replace(last, closes=True)
        first, last = told[i], told[i + 1]
        if first.opens and last.closes:
            told[i], told[i + 1] = _year_shared(first, last)
    return told


def _year_shared(first: Told, last: Told) -> tuple[Told, Told]:
    later = (last.month, last.day) >= (first.month, first.day)
    if first.year is None and last.year is not None:
        return replace(first, year=last.year if later else last.year - 1), last
    if last.year is None and first.year is not None:
        return first, replace(last, year=first.year if later else first.year + 1)
    return first, last
