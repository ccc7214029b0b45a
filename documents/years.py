"""Days from dates as told: which is the day and which the month, and in which year.

The year is the document's, else follows from the day the mail was sent, else from the trip; a weekday must agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from documents.dates import Told
    from documents.model import Context

BARE_YEAR = re.compile(r"(?<![\d./-])(20[2-4]\d)(?![\d./-]|\s?(?:€|EUR|USD|km|m\b))")
# The year of a week's number.
OF_WEEK = re.compile(r"\b(?:KW|week|woche|semaine|semana|settimana)\s?\d{1,2}\s?/\s?(20[2-4]\d)(?!\d)", re.IGNORECASE)
# Years that a bare year must not be taken from.
NOT_A_YEAR = re.compile(
    r"(?:©|\(c\)|copyright|since|seit|depuis|desde|dal|founded|gegründet"
    r"|est\.)\s*(?:\d{4}\s?[-–]\s?)?$",
    re.IGNORECASE,
)
MONTH_FIRST = {"en-US", "en-PH"}
DAY_FIRST_ENGLISH = {"en-GB", "en-AU", "en-NZ", "en-IE", "en-ZA", "en-IN"}
DAY_FIRST = {"de", "fr", "es", "it", "pt", "nl"}
# A date without a year belongs to the nearest date that has one, within so many days.
NEAR = 200
# Days between the first and the last one of a document that weekdays with a day of the month are looked for in.
LONGEST = 62

WEEKDAY_DISAGREES = "The weekday doesn't agree with the date."
NO_YEAR = "The year is told nowhere."
UNCLEAR_ORDER = "Which number is the day and which the month is told nowhere."


@dataclass(slots=True)
class Almanac:
    """Statements of a document about its dates."""

    context: Context
    language: str | None = None
    # Days that the document tells in full and that belong to the trip.
    anchors: list[date] = field(default_factory=list[date])
    # Years that stand alone in the title and headings.
    years: list[int] = field(default_factory=list[int])
    # The day the document was written: the mail's, or one after words such as "booked on".
    written: date | None = None
    month_first: bool | None = None
    # Days told in a second way, for orders that are not clear.
    certain: set[date] = field(default_factory=set[date])

    def learn_order(self, told: list[Told], tag: str | None) -> None:
        """Settle the order of numeric dates by one whose day is above 12, else by the language."""
        settled = {first for one in told if (first := _month_first(one)) is not None}
        if len(settled) == 1:
            self.month_first = settled.pop()
        elif not settled and (tag in MONTH_FIRST or tag in DAY_FIRST_ENGLISH or (self.language or "") in DAY_FIRST):
            self.month_first = tag in MONTH_FIRST

    def day_of(self, told: Told, previous: date | None = None) -> date | str:
        """Return the day, or the sentence why it is not settled."""
        if not told.month:
            return self._loose(told, previous)
        told_days = self._orders(told)
        if told.year:
            return self._full(told, told_days)
        found = {
            day for month, day_number in told_days if (day := self._without_year(told, month, day_number, previous))
        }
        if len(found) == 1:
            return found.pop()
        return UNCLEAR_ORDER if found else self._why_no_year(told)

    def _orders(self, told: Told) -> list[tuple[int, int]]:
        plain = [(told.month, told.day)]
        if not told.unclear:
            return plain
        turned = [(told.day, told.month)]
        if self.month_first is not None:
            return turned if self.month_first else plain
        return plain + turned

    def _full(self, told: Told, orders: list[tuple[int, int]]) -> date | str:
        days = [made for month, day in orders if (made := _made(told.year or 0, month, day))]
        agreeing = [day for day in days if told.weekday is None or day.weekday() == told.weekday]
        if not agreeing:
            return WEEKDAY_DISAGREES
        if len(agreeing) > 1:
            agreeing = [day for day in agreeing if day in self.certain]
        return agreeing[0] if len(agreeing) == 1 else UNCLEAR_ORDER

    def _without_year(self, told: Told, month: int, day: int, previous: date | None) -> date | None:
        def agrees(made: date | None) -> bool:
            return made is not None and (told.weekday is None or made.weekday() == told.weekday)

        near = [*([previous] if previous else []), *self.anchors]
        for anchor in near:
            made = [one for year in (anchor.year - 1, anchor.year, anchor.year + 1) if (one := _made(year, month, day))]
            best = min(made, key=lambda one: abs((one - anchor).days), default=None)
            if best and abs((best - anchor).days) <= NEAR:
                return best if agrees(best) else None
        stated = [made for year in self.years if agrees(made := _made(year, month, day))]
        if self.years:
            return stated[0] if len(stated) == 1 else None
        if self.written:
            return self._next_after(self.written, told, month, day)
        if inside := self._in_trip(month, day, told.weekday):
            return inside
        if self.context.received_at and not self.context.trip_start:
            return self._next_after(self.context.received_at.date(), told, month, day)
        return None

    def _next_after(self, written: date, told: Told, month: int, day: int) -> date | None:
        made = _made(written.year, month, day)
        if made is None or made < written:
            made = _made(written.year + 1, month, day)
        return made if made and told.weekday in {None, made.weekday()} else None

    def _in_trip(self, month: int, day: int, weekday: int | None) -> date | None:
        start, end = self.context.trip_start, self.context.trip_end or self.context.trip_start
        if not start or not end:
            return None
        made = [one for year in {start.year, end.year} if (one := _made(year, month, day))]
        inside = [
            one
            for one in made
            if start - timedelta(2) <= one <= end + timedelta(2) and weekday in {None, one.weekday()}
        ]
        return inside[0] if len(inside) == 1 else None

    def _why_no_year(self, told: Told) -> str:
        known = bool(self.anchors or self.years or self.written or self.context.trip_start)
        return WEEKDAY_DISAGREES if known and told.weekday is not None else NO_YEAR

    def _loose(self, told: Told, previous: date | None) -> date | str:
        """A weekday, perhaps with a day of the month, is the next such day after the one before it."""
        if inside := self._among_anchors(told):
            return inside
        if previous is None:
            return NO_YEAR
        first, last = min(self.anchors, default=previous), max(self.anchors, default=previous)
        if not told.day and first < last <= previous:
            # A programme begins again with its first day. Where it doesn't, nobody knows which week is meant.
            return first if first.weekday() == told.weekday else NO_YEAR
        for ahead in range(1, 32 if told.day else 7):
            day = previous + timedelta(ahead)
            if told.day in {0, day.day} and day.weekday() == told.weekday:
                return day
        return WEEKDAY_DISAGREES

    def _among_anchors(self, told: Told) -> date | None:
        """Return the only such day between the first and the last one that the document tells in full."""
        first, last = min(self.anchors, default=None), max(self.anchors, default=None)
        if not first or not last or (last - first).days > LONGEST:
            return None
        days = [first + timedelta(ahead) for ahead in range((last - first).days + 1)]
        found = [day for day in days if told.day in {0, day.day} and day.weekday() == told.weekday]
        return found[0] if len(found) == 1 else None


def _month_first(told: Told) -> bool | None:
    """Return True if a numeric date begins with the month, or None where that can't be seen."""
    if not told.numeric or told.unclear or told.day == told.month:
        return None
    return told.american


def years_in(text: str) -> list[int]:
    """The bare years of a title or heading."""
    bare = [int(m[1]) for m in BARE_YEAR.finditer(text) if not NOT_A_YEAR.search(text[: m.start()])]
    return bare + [int(m[1]) for m in OF_WEEK.finditer(text)]


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
