"""Stays that a programme tells by checking in at a house on one day and out of it on a later one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from documents import labels
from documents.houses import houses_in
from documents.patterns import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from documents.marks import Mark

IN = Words(
    r"(?<![^\W_])(?:check(?:ing|s|ed)?[-\s]?in|einchecken|eincheck\w*|zimmerbezug|bezug der zimmer|hotelbezug"
    r"|installation|instalación|registro|sistemazione|inchecken|entrada (?:en|no) el"
    r"|fazer check-in)(?![^\W_])|チェックイン",
)
OUT = Words(
    r"(?<![^\W_])(?:check(?:ing|s|ed)?[-\s]?out|auschecken|zimmer räumen|räumung der zimmer|libération des chambres"
    r"|dejar (?:la|las) habitaci\w+|rilascio (?:della|delle) camer\w|uitchecken)(?![^\W_])|チェックアウト",
)
EITHER = Words(f"{IN.pattern}|{OUT.pattern}")
# Characters between the words and the name of the house.
NEAR = 30
LONGEST = 30
AFTER = 40


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """A stay from one line of a programme to another."""

    name: str
    first: Mark
    last: Mark
    check_in: date
    check_out: date
    check_in_time: str | None
    check_out_time: str | None


def checked_in(marks: list[Mark]) -> Iterator[CheckedIn]:
    """Yield the stays of lines that belong to days. A second check-in before a check-out leaves both open."""
    opened: tuple[str, Mark, int] | None = None
    for mark in marks:
        if mark.day is None or not EITHER.search(mark.text) or labels.CLOSING.search(mark.text):
            continue
        out = OUT.search(mark.text)
        if out and opened and opened[1].day and opened[1].day < mark.day:
            name, first, place = opened
            houses = [house for house, _, _ in houses_in(mark.text[out.end() :][:AFTER])]
            if (mark.day - opened[1].day).days <= LONGEST and all(_is_same(name, house) for house in houses):
                yield CheckedIn(
                    name, first, mark, opened[1].day, mark.day, _time_at(first, place), _time_at(mark, out.end())
                )
            opened = None
        if arrival := _house_at(mark):
            opened = None if opened else (arrival[0], mark, arrival[1])


def _house_at(mark: Mark) -> tuple[str, int] | None:
    """The house that a line tells to check in at, and where its name ends."""
    if not (at := IN.search(mark.text)):
        return None
    for name, begin, end in houses_in(mark.text):
        if at.end() <= begin <= at.end() + NEAR:
            return name, end
    return None


def _is_same(a: str, b: str) -> bool:
    return a.casefold() in b.casefold() or b.casefold() in a.casefold()


def _time_at(mark: Mark, place: int) -> str | None:
    return next((time.clock for time in mark.times if place <= time.start <= place + AFTER // 2), None)
