"""Sentences of a document with their dates, times and amounts, and the day that each belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from datetime import date

    from documents.dates import Told
    from documents.model import Context, Document, Line
    from documents.money import Amount
    from documents.patterns import Words
    from documents.times import Time
    from documents.years import Almanac


class About(StrEnum):
    """Subject of a date."""

    TRIP = "trip"
    ISSUED = "issued"
    DUE = "due"
    DEADLINE = "deadline"
    BORN = "born"
    # A day that another one replaces.
    OLD = "old"


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
    # The place of a cell whose value another cell of the row replaces.
    old_cell: int | None = None
    # Part of a section, or a row, that is told to be cancelled.
    cancelled: bool = False
    # Part of a section of conditions or advice, whose amounts are paid only if something happens.
    terms: bool = False
    # The day, time and sender before a message of a chat.
    stamp: bool = False
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
    # The text in lower case.
    lower: str = ""
    # What was asked about the whole text, because each answer costs a look at all of it.
    answers: dict[str, bool] = field(default_factory=dict[str, bool])

    def holds(self, pattern: re.Pattern[str] | Words) -> bool:
        """Return True if a pattern stands anywhere in the text."""
        if pattern.pattern not in self.answers:
            self.answers[pattern.pattern] = bool(pattern.search(self.text))
        return self.answers[pattern.pattern]

    def speaks_of(self, pattern: re.Pattern[str] | Words) -> bool:
        """Return True if a pattern for lower case stands anywhere in the text."""
        if pattern.pattern not in self.answers:
            self.answers[pattern.pattern] = bool(pattern.search(self.lower))
        return self.answers[pattern.pattern]

    @property
    def only_code(self) -> str | None:
        """The code of the booking, if there is one only."""
        return next(iter(self.codes)) if len(self.codes) == 1 else None
