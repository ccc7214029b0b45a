"""Checks of items that an agent sends: the quote must stand in the document, and each value in the quote.

A heading's day counts for the entries below it, and a year that the document settles for the dates without one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.linenames import TILL
from documents.marking import read_marks
from documents.memory import remembering
from documents.model import Activity, Context, Cost, Document, Item, Stay, Transport
from documents.money import CODES, SHARED, SYMBOLS, amounts_in, value_of
from documents.quotes import WORD, Told, are_ordered, code_of, plain_of, words_of
from documents.sides import JOURNEY, STAY, is_other_side, never_ends, only_ends
from documents.words import WEEKDAYS, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from documents.marks import Mark, Reading

NO_QUOTE = "The item has no quote. Send the words of the document that state it."
NOT_THERE = "The quote doesn't stand in the document. Copy it word for word."
LONG_QUOTE = 1_500
# Nights may be told instead of the second day.
MOST_NIGHTS = 120
WEEK = 7
CLOCK = 16


@dataclass(slots=True)
class Ground:
    """A document read for checking items against it."""

    reading: Reading
    # The document's text without differences of spaces and signs, and where each mark begins in it.
    plain: str
    starts: list[int] = field(default_factory=list[int])

    def why_not(self, item: Item) -> str | None:
        """Return why an item is refused, in one sentence that quotes nothing, or None if it stands in the document."""
        quote = plain_of(item.quote)
        if not quote.strip():
            return NO_QUOTE
        if len(quote) > LONG_QUOTE:
            return f"The quote is longer than {LONG_QUOTE} characters. Send the lines that state the item."
        places = list(self._places(quote))
        if not places:
            return NOT_THERE
        reasons = [_why_not(item, quote, marks, self.reading) for marks in places]
        return None if None in reasons else reasons[0]

    def _places(self, quote: str) -> Iterator[list[Mark]]:
        """The marks that the quote stands in, for each place of it."""
        begin = self.plain.find(quote)
        count = 0
        while begin >= 0 and count < 20:
            end = begin + len(quote)
            if _is_whole(self.plain, begin, end):
                yield [
                    mark
                    for i, (start, mark) in enumerate(zip(self.starts, self.reading.marks, strict=True))
                    if start < end and begin < (self.starts[i + 1] if i + 1 < len(self.starts) else len(self.plain) + 1)
                ]
            count += 1
            begin = self.plain.find(quote, begin + 1)


def ground_of(document: Document, context: Context | None = None) -> Ground:
    """Read a document, without its parts, for checking items against it."""
    with remembering():
        reading = read_marks(document, context or Context())
    pieces: list[str] = []
    starts: list[int] = []
    length = 0
    for mark in reading.marks:
        piece = plain_of(mark.text)
        starts.append(length)
        pieces.append(piece)
        length += len(piece) + 1
    return Ground(reading, " ".join(pieces), starts)


def why_not(item: Item, document: Document, context: Context | None = None) -> str | None:
    """Return why an item that an agent read in a document is refused, or None. Its parts are looked through too."""
    reasons = [ground_of(one, context).why_not(item) for one in _with_parts(document)]
    return None if None in reasons else next((reason for reason in reasons if reason != NOT_THERE), NOT_THERE)


def _with_parts(document: Document) -> Iterator[Document]:
    yield document
    for part in document.parts:
        yield from _with_parts(part)


def _is_whole(text: str, begin: int, end: int) -> bool:
    """Return True if a quote doesn't cut a number or a word."""
    before = begin > 0 and text[begin - 1].isalnum() and text[begin].isalnum() and text[begin].isascii()
    after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum() and text[end - 1].isascii()
    return not before and not after


def _why_not(item: Item, quote: str, marks: list[Mark], reading: Reading) -> str | None:
    told = Told.of(quote, marks)
    if item.confirmation and code_of(item.confirmation) not in {
        *map(code_of, WORD.findall(quote)),
        *map(code_of, quote.split()),
    } | _codes(reading):
        return "The confirmation is not in the quote."
    if isinstance(item, Activity):
        return _activity(item, told)
    if isinstance(item, Stay):
        return _stay(item, told)
    if isinstance(item, Transport):
        return _journey(item, told)
    if isinstance(item, Cost):
        return _cost(item, told, reading)
    return None


def _codes(reading: Reading) -> set[str]:
    """The codes of the document's bookings, which may stand far from what they are for."""
    return {code_of(code) for mark in reading.marks if (code := labels.code_in(mark.text))}


def _activity(item: Activity, told: Told) -> str | None:
    if not told.has_day(item.date):
        return "The date is neither in the quote nor the day that the quote stands under."
    if not told.has_time(item.time):
        return "The time is not in the quote."
    if not told.has_time(item.end_time):
        return "The end time is not in the quote."
    if only_ends(told.quote, item.time):
        return "The time is that of the end in the quote."
    if not item.time and never_ends(told.quote, item.end_time):
        return "The end time is not that of an end in the quote."
    if item.time and item.end_time and not are_ordered(told.times, item.time, item.end_time):
        return "The end time stands before the time in the quote."
    if not item.title or not told.has_words(item.title):
        return "The title has words that are not in the quote."
    if not told.has_words(item.location):
        return "The location has words that are not in the quote."
    return None


def _stay(item: Stay, told: Told) -> str | None:  # noqa: C901 - one reason a value
    if not item.name or not told.has_words(item.name):
        return "The name has words that are not in the quote."
    for name in ("location", "room"):
        if not told.has_words(getattr(item, name)):
            return f"The {name} has words that are not in the quote."
    if (
        item.check_in
        and not told.has_day(item.check_in)
        and not (told.has_day(item.check_out) and _nights_between(item, told))
    ):
        return "The check-in date is neither in the quote nor the day that the quote stands under."
    if item.check_out and not told.has_day(item.check_out) and not _follows(item, told):
        return "The check-out date is not in the quote."
    if item.check_in and item.check_out and item.check_in >= item.check_out:
        return "The check-out date is not after the check-in date."
    if item.nights is not None and not _counts(item):
        return "The nights are not those between the two dates."
    for name in ("check_in_time", "check_out_time"):
        if not told.has_time(getattr(item, name)):
            return f"The {name.replace('_', '-', 1).replace('_', ' ')} is not in the quote."
    for name, begins in (("check_in", True), ("check_out", False)):
        if any(
            is_other_side(moment, told.quote, STAY, begins=begins)
            for moment in (getattr(item, name), getattr(item, f"{name}_time"))
        ):
            return f"The {name.replace('_', '-')} has the day or time of the other end in the quote."
    if (
        item.check_in_time
        and item.check_out_time
        and item.check_in_time != item.check_out_time
        and not _in_day_order(item, told)
    ):
        return "The times of check-in and check-out are exchanged."
    return None


def _follows(item: Stay, told: Told) -> bool:
    """Return True if the check-out follows from the check-in: by the nights, or as the next such day of the week."""
    if _nights_between(item, told):
        return True
    until = TILL.search(told.quote)
    if not (until and item.check_in and item.check_out):
        return False
    first, last = date.fromisoformat(item.check_in), date.fromisoformat(item.check_out)
    return last.weekday() == WEEKDAYS[until["w"].lower()] and 0 < (last - first).days <= WEEK


def _nights_between(item: Stay, told: Told) -> bool:
    """Return True if the quote tells the number of nights between the two days."""
    if not item.check_in or not item.check_out:
        return False
    nights = (date.fromisoformat(item.check_out) - date.fromisoformat(item.check_in)).days
    return any(labels.nights_of(match) == nights for match in labels.NIGHTS.finditer(told.quote))


def _counts(item: Stay) -> bool:
    if not item.check_in or not item.check_out or not item.nights:
        return False
    return date.fromisoformat(item.check_in) + timedelta(min(item.nights, MOST_NIGHTS)) == date.fromisoformat(
        item.check_out
    )


def _in_day_order(item: Stay, told: Told) -> bool:
    """Return True if the times stand in the order of the labels of arrival and departure."""
    arrives, leaves = labels.CHECK_IN.search(told.quote), labels.CHECK_OUT.search(told.quote)
    in_order = are_ordered(told.times, item.check_in_time or "", item.check_out_time or "")
    turned = bool(arrives and leaves and leaves.start() < arrives.start())
    return in_order != turned


def _journey(item: Transport, told: Told) -> str | None:  # noqa: C901 - one reason a value
    if item.number and not _has_code(item.number, told.quote):
        return "The number is not in the quote."
    for name in ("carrier", "origin", "destination"):
        if not told.has_words(getattr(item, name)):
            return f"The {name} has words that are not in the quote."
    for name in ("depart", "arrive"):
        if reason := _moment(name, getattr(item, name), told, item):
            return reason
    for name, begins in (("depart", True), ("arrive", False)):
        moment = getattr(item, name)
        if moment and len(moment) >= CLOCK and is_other_side(moment[11:16], told.quote, JOURNEY, begins=begins):
            return f"`{name}` has the time of the other end in the quote."
    if item.origin and item.destination and not _places_ordered(item.origin, item.destination, told.quote):
        return "Origin and destination are exchanged."
    if item.duration is not None:
        return "The duration is not sent: it follows from the zones."
    if _exchanged(item, told):
        return "Departure and arrival are exchanged."
    return None


def _has_code(number: str, quote: str) -> bool:
    """Return True if a number is in the quote, whose letters and digits a sign or space may part."""
    code = code_of(number)
    spaced = r"[^A-Z0-9]?".join(code) if re.search("[A-Z]", code) else code
    return (
        bool(re.search(rf"(?<![A-Z0-9]){spaced}(?![A-Z0-9])", quote.upper()))
        or code in {code_of(word) for word in quote.split()}
        or _spread(number, quote)
    )


def _spread(number: str, quote: str) -> bool:
    """Return True if a number whose parts stand apart, as in "ICE 578" or のぞみ 225号, is in the quote."""
    words = words_of(number)
    there = words_of(quote.replace("号", " ").replace("便", " "))
    return any(there[i : i + len(words)] == words for i in range(len(there) - len(words) + 1))


def _moment(name: str, moment: str | None, told: Told, item: Transport) -> str | None:
    if moment is None:
        return None
    day = moment[:10]
    after = bool(re.search(r"\+\s?[12]\b|next day|am nächsten tag|le lendemain|翌日", told.quote, re.IGNORECASE))
    nightly = name == "arrive" and item.depart and _is_next(item.depart[:10], day) and (after or _overnight(item))
    if not told.has_day(day) and not nightly:
        return f"The day of `{name}` is neither in the quote nor the day that the quote stands under."
    if len(moment) >= CLOCK and not told.has_time(moment[11:16]):
        return f"The time of `{name}` is not in the quote."
    return None


def _is_next(first: str, day: str) -> bool:
    return 0 < (date.fromisoformat(day) - date.fromisoformat(first)).days <= 2


def _overnight(item: Transport) -> bool:
    """Return True if the arrival's time is before the departure's, so that it must be another day."""
    depart, arrive = item.depart or "", item.arrive or ""
    return (
        len(depart) >= CLOCK
        and len(arrive) >= CLOCK
        and arrive[11:16] < depart[11:16]
        and _is_next(depart[:10], arrive[:10])
    )


def _places_ordered(origin: str, destination: str, quote: str) -> bool:
    """Return True if the origin stands before the destination, or labels say that it is the origin."""
    plain = folded(quote)
    first, last = plain.find(folded(origin)), plain.rfind(folded(destination))
    if first < 0 or last < 0 or first < last:
        return True
    before = plain[max(0, first - 16) : first]
    return bool(re.search(r"\b(?:from|von|ab|depart\w*|de|da|desde|dal?)\W*$", before))


def _exchanged(item: Transport, told: Told) -> bool:
    depart, arrive = item.depart or "", item.arrive or ""
    if len(depart) < CLOCK or len(arrive) < CLOCK or depart[11:16] == arrive[11:16]:
        return False
    if are_ordered(told.times, depart[11:16], arrive[11:16]):
        return False
    arrives, departs = labels.ARRIVE.search(told.quote), labels.DEPART.search(told.quote)
    return not (arrives and departs and arrives.start() < departs.start())


def _cost(item: Cost, told: Told, reading: Reading) -> str | None:
    amounts = [(one.value, one.currency, one.symbol) for one in amounts_in(told.quote, spaced=True)]
    if item.amount is None:
        return "The amount is missing."
    same = [one for one in amounts if one[0] == item.amount]
    if not same and not _bare(item, told.quote):
        return "The amount is not in the quote."
    if not any(
        _fits(item.currency, currency, symbol, reading) for _, currency, symbol in same or [(item.amount, None, "")]
    ):
        return "The currency is not that of the quote."
    if item.due and not told.has_day(item.due):
        return "The due date is not in the quote."
    return None


def _bare(item: Cost, quote: str) -> bool:
    """Return True if an amount without a currency stands in the quote, as a number of its own."""
    numbers = re.findall(r"(?<![\d.,])\d[\d.,' ]*\d|(?<![\d.,])\d(?![\d.,]\d)", quote)
    return any(value_of(number) == item.amount for number in numbers)


def _fits(currency: str | None, told: str | None, symbol: str, reading: Reading) -> bool:
    if told:
        return currency == told
    candidates: Iterable[str] = SHARED.get(symbol, CODES)
    if currency is None:
        return True
    said = currency in reading.text or any(s in reading.text for s, code in SYMBOLS.items() if code == currency)
    return currency in candidates and (
        said or currency == reading.context.trip_currency or (currency == "JPY" and reading.language == "ja")
    )
