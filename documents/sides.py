"""Assignment of a quote's times and days to one of two fields, by the labels that stand before them."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.times import times_in

if TYPE_CHECKING:
    from documents.patterns import Words

# The labels of what begins and of what ends.
STAY = (labels.CHECK_IN, labels.CHECK_OUT)
JOURNEY = (labels.DEPART, labels.ARRIVE)
CLOCK = 16


def is_other_side(moment: str | None, quote: str, sides: tuple[Words, Words], *, begins: bool) -> bool:
    """Return True if a day, a time or both stand in the quote only after the labels of the other field.

    Only where each value follows its label: headings of columns and labels after their values say nothing.
    """
    if not moment:
        return False
    if len(moment) >= CLOCK:
        day, clock = moment[:10], moment[11:16]
        return is_other_side(day, quote, sides, begins=begins) or is_other_side(clock, quote, sides, begins=begins)
    values = _times(quote) if ":" in moment else _days(quote)
    wanted = moment if ":" in moment else date.fromisoformat(moment).strftime("%d.%m.")
    spans = _spans(quote, sides)
    if any(not _of(side, spans, values) for side in (True, False)):
        return False
    if min(place for place, _ in values) < spans[0][1]:
        return False
    found = {side for side in (True, False) if wanted in _of(side, spans, values)}
    return found == {not begins}


def _of(side: bool, spans: list[tuple[bool, int, int]], values: list[tuple[int, str]]) -> set[str]:  # noqa: FBT001
    return {value for one, begin, end in spans if one is side for place, value in values if begin <= place < end}


def _spans(quote: str, sides: tuple[Words, Words]) -> list[tuple[bool, int, int]]:
    """The stretches of the quote that stand after a label of what begins (True) or ends."""
    first, last = sides
    hits = sorted(
        [(m.start(), True) for m in first.finditer(quote)] + [(m.start(), False) for m in last.finditer(quote)]
    )
    return [(side, begin, end) for (begin, side), (end, _) in pairwise([*hits, (len(quote), True)])]


def _times(quote: str) -> list[tuple[int, str]]:
    return [(time.start, time.clock) for time in times_in(quote)]


def _days(quote: str) -> list[tuple[int, str]]:
    return [(one.start, f"{one.day:02}.{one.month:02}.") for one in dates_in(quote) if one.day and one.month]


def only_ends(quote: str, clock: str | None) -> bool:
    """Return True if a time stands in the quote as the end of something only, as in "10:00-11:30"."""
    told = [time.ends for time in times_in(quote) if time.clock == clock]
    return bool(told) and all(told)


def never_ends(quote: str, clock: str | None) -> bool:
    """Return True if a time stands in the quote only as the beginning of something."""
    told = [time.ends for time in times_in(quote) if time.clock == clock]
    return bool(told) and not any(told)
