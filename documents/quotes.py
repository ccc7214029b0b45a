"""The values that a quote holds: its days, times and words, with the day that the quote stands under."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from documents.dates import dates_in
from documents.money import CURRENCY
from documents.times import times_in
from documents.words import folded

if TYPE_CHECKING:
    from datetime import date

    from documents.marks import Mark

WORD = re.compile(r"[^\W_]+")
SPACES = re.compile(r"\s+")
SIGNS = str.maketrans(
    {
        "‐": "-",
        "‑": "-",
        "–": "-",
        "—": "-",
        "−": "-",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "～": "~",
        "：": ":",
        "（": "(",
        "）": ")",
    }
)


def plain_of(text: str) -> str:
    """The text with one kind of space, hyphen and quotation mark."""
    return SPACES.sub(" ", unicodedata.normalize("NFKC", text).translate(SIGNS)).strip()


def _is_dotted(clock: str, quote: str) -> bool:
    """Return True if a time stands in the quote as 15.30, which may be a price or measure elsewhere."""
    hour, minute = clock.split(":")[:2]
    dotted = rf"(?<![\d.,:€$£¥])(?<![€$£¥]\s)0?{int(hour)}\.{minute}(?!\d|[.,]|\s?(?:{CURRENCY}|%|k?m\b))"
    return bool(re.search(dotted, quote))


@dataclass(slots=True)
class Told:
    """The values of a quote."""

    quote: str
    days: list[date]
    # The day of the heading above, where the quote has none of its own.
    above: set[date]
    times: list[str]

    @classmethod
    def of(cls, quote: str, marks: list[Mark]) -> Told:
        days: list[date] = []
        for mark in marks:
            text = plain_of(mark.text)
            for one, day in zip(mark.told, mark.days, strict=True):
                words = plain_of(mark.text[one.start : one.end])
                if day and (words in quote or text in quote):
                    days.append(day)
        own = {day for mark in marks for day in mark.trip_days} & set(days)
        above = (
            {mark.day for mark in marks if mark.day}
            if not own
            else {mark.day for mark in marks if mark.day and mark.day in own}
        )
        times = times_of(quote)
        return cls(quote, days, above, times)

    def has_day(self, iso: str | None) -> bool:
        return any(day.isoformat() == iso for day in [*self.days, *self.above])

    def has_time(self, clock: str | None) -> bool:
        return clock is None or clock in self.times or _is_dotted(clock, self.quote)

    def has_words(self, text: str | None) -> bool:
        """Return True if the words of a name stand in the quote, in their order."""
        if not text:
            return True
        wanted, there = words_of(text), words_of(self.quote)
        if not wanted:
            return plain_of(text).casefold() in self.quote.casefold()
        place = 0
        for word in wanted:
            try:
                place = there.index(word, place) + 1
            except ValueError:
                return not text.isascii() and plain_of(text).casefold().replace(
                    " ", ""
                ) in self.quote.casefold().replace(" ", "")
        return True


def times_of(quote: str) -> list[str]:
    """The times of a quote, without the digits of its dates."""
    taken = [(one.start, one.end) for one in dates_in(quote)]
    return [time.clock for time in times_in(quote) if not any(a < time.end and time.start < b for a, b in taken)]


def words_of(text: str) -> list[str]:
    return WORD.findall(folded(plain_of(text)))


def are_ordered(told: list[str], first: str, last: str) -> bool:
    return first in told and last in told[told.index(first) + (1 if first == last else 0) :]


def code_of(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())
