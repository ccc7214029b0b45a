"""Stays: where, from when to when. Nights follow from two days only."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.arrivals import labelled_days, labelled_times, paired_days
from documents.checkins import OUT, checked_in
from documents.linenames import EVENT, TILL, counted_nights, listed_nights, name_in_line, named_ranges
from documents.lodging import (
    STRONG,
    address_near,
    is_range_alone,
    name_in,
    nearest_name,
    stands_above_house,
    stands_below_house,
    stands_below_room,
    tells_room,
)
from documents.model import How, Stay, Unresolved
from documents.nightly import (
    NIGHT,
    Told,
    is_again,
    night_of_line,
    nights_of,
    overlaps,
    stays_of_nights,
    told_by,
)
from documents.patterns import Words
from documents.replaced import replace_days
from documents.tables import Role, Row, rows_of, span_of
from documents.turned import turned_tables
from documents.words import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.marks import Mark, Reading

PERIOD = re.compile(
    r"^\W{0,3}(?:dates?|stay|your stay|period|zeitraum|aufenthalt|(?:reise|miet|buchungs"
    r"|aufenthalts)zeitraum|rental period|séjour|votre séjour|estancia"
    r"|fechas|soggiorno|periodo|宿泊日|ご?宿泊|期間)\b|宿泊日|宿泊期間",
    re.IGNORECASE,
)
ROOMS = Words(r"(?<![\d.,])(\d{1,2})\s?(?:rooms|zimmer|chambres|habitaciones|camere|室)(?![^\W_])")
NEAR = 9
# Days of a programme that make a range of days a journey's.
PROGRAMME = 2
SHORT = 6
PAIR = 2
RECENT = 100
NIGHTS_DISAGREE = "The nights told don't agree with the dates."
LONGEST = 120


def stays_of(reading: Reading, covered: set[int]) -> tuple[list[Stay], set[int], list[Unresolved]]:
    """The stays of a document, the places of the marks that they cover, and what is not settled."""
    finder = _Finder(reading, covered)
    finder.in_tables()
    finder.in_turned_tables()
    finder.in_lines()
    finder.in_programmes()
    finder.in_labels()
    replace_days(finder.found, reading)
    return finder.found, finder.used, finder.unresolved


class _Finder:
    def __init__(self, reading: Reading, covered: set[int]) -> None:
        self.reading = reading
        self.covered = covered
        self.found: list[Stay] = []
        self.by_days: dict[tuple[str | None, str | None], list[Stay]] = {}
        self.used: set[int] = set()
        self.unresolved: list[Unresolved] = []
        self.in_table = False
        self.places = {id(mark): place for place, mark in enumerate(reading.marks)}
        self.only_code = reading.only_code

    def open_marks(self) -> Iterator[tuple[int, Mark]]:
        for place, mark in enumerate(self.reading.marks):
            if not (mark.aside or mark.old or place in self.covered or place in self.used):
                yield place, mark

    def add(self, stay: Stay, *places: int) -> None:
        """Keep a stay. Each row of a table is one; what lines tell again is not."""
        self.used |= set(places)
        alike = self.by_days.setdefault((stay.check_in, stay.check_out), [])
        if any(is_again(stay, known) for known in alike[-RECENT:]) and not self.in_table:
            return
        self.found.append(stay)
        alike.append(stay)

    # Tables.

    def in_tables(self) -> None:
        self.in_table = True
        nightly: list[tuple[Mark, Told]] = []
        rows = rows_of(self.reading)
        housed = {row.heads for row in rows if labels.LODGING.search(row.cell(Role.HOTEL))}
        for row in rows:
            if row.mark.aside or row.mark.old or self.places[id(row.mark)] in self.covered:
                continue
            hotel = row.cell(Role.HOTEL)
            span = span_of(row)
            name = name_in(hotel) if hotel else None
            if span and not name:
                name = next(
                    (found for cell in row.mark.line.cells if STRONG.search(cell) and (found := name_in(cell))), None
                )
            if span and not name and not row.has(Role.HOTEL):
                name = self._name_of_table(row, {one.mark.text for one in rows})
            if span and name:
                self._add_row(row, name, span)
            elif hotel and row.mark.day:
                bare = row.heads in housed or not NIGHT.match(row.head(Role.HOTEL))
                if told := told_by(hotel, bare=bare):
                    self.used.add(self.places[id(row.mark)])
                    nightly.append((row.mark, told))
        self._add_nightly(nightly)
        self.in_table = False

    def _name_of_table(self, row: Row, rows: set[str]) -> tuple[str, str | None] | None:
        """The house that the lines above a table name, for all of its rows."""
        place = self.places[id(row.mark)]
        named = nearest_name(self.reading, place, place)
        return named[0] if named and named[1] not in rows and labels.LODGING.search(named[0][0]) else None

    def _add_row(self, row: Row, name: tuple[str, str | None], span: tuple[date, date]) -> None:
        code = row.cell(Role.CONFIRMATION)
        room = row.cell(Role.ROOM)
        stay = self._stay(row.mark.text, name, span, code=code or None)
        stay.room = room or None
        self.add(stay, self.places[id(row.mark)])

    def _add_nightly(self, entries: list[tuple[Mark, Told]]) -> None:
        """One stay for a house that consecutive nights name."""
        told = {mark.day for mark, _ in entries if mark.day}
        for group, after in stays_of_nights(nights_of(entries), told, self.reading):
            first = group[0]
            stay = self._stay(self._from_to(first.mark, after), first.name, (first.day, after))
            if self.in_table or not any(overlaps(stay, known) for known in self.found):
                self.add(stay)

    def in_turned_tables(self) -> None:
        for table in turned_tables(self.reading):
            end = table.begin + table.size - 1
            if table.kind != "stay" or not self.used.isdisjoint(range(table.begin, end + 1)):
                continue
            if table.first.day and table.last.day and table.first.day < table.last.day:
                self._add_labelled(
                    (table.begin, table.first.day, table.first.clock), (end, table.last.day, table.last.clock)
                )

    # Lines such as "Casa das Ondas, Lisbon - 12 to 15 September (3 nights)".

    def in_lines(self) -> None:
        for place, mark in list(self.open_marks()):
            if len(mark.told) > PAIR and (several := named_ranges(mark)):
                for house, days in several:
                    self.add(self._stay(mark.text, house, days), place)
                continue
            if mark.told and (listed := listed_nights(self.reading, place)):
                self.add(self._stay(mark.text, *listed), place)
                continue
            name = name_in_line(self.reading, place, mark)
            if name is None:
                continue
            span = mark.range()
            told = labels.NIGHTS.search(mark.text)
            if span:
                self._add_span(place, mark, name, span)
            elif mark.day and told and not mark.range():
                self.add(self._stay(mark.text, name, (mark.day, mark.day + timedelta(labels.nights_of(told)))), place)
            elif counted := counted_nights(mark):
                self.add(self._stay(mark.text, name, counted), place)
            elif mark.day and (till := TILL.search(mark.text)):
                self.add(self._stay(mark.text, name, (mark.day, _next(mark.day, till["w"]))))

    def _add_span(self, place: int, mark: Mark, name: tuple[str, str | None], span: tuple[date, date]) -> None:
        """Add the stay of a line with a range of days, unless the line tells another number of nights."""
        told, nights = labels.NIGHTS.search(mark.text), (span[1] - span[0]).days
        event = self.reading.speaks_of(EVENT) and not told and not labels.STAYING.search(mark.text)
        if event or nights > LONGEST:
            return
        if told and labels.nights_of(told) != nights:
            self.unresolved.append(Unresolved("stay", NIGHTS_DISAGREE, (mark.text,)))
            self.used.add(place)
            return
        self.add(self._with_address(self._stay(mark.text, name, span), place), place)

    def _with_address(self, stay: Stay, place: int) -> Stay:
        """The stay of a line with the address that a line below it tells."""
        if address := address_near(self.reading.marks, stay.quote, place, place):
            stay.location = address[0]
            stay.quote = quoted(self.reading.marks[place : address[1] + 1])
        return stay

    def in_programmes(self) -> None:
        """Lines of days such as "Overnight: Casa das Ondas"."""
        lines = [
            (place, mark)
            for place, mark in self.open_marks()
            if mark.day and not mark.line.cells and not (mark.times and mark.amounts)
        ]
        housed = any(NIGHT.match(mark.text) and labels.LODGING.search(mark.text) for _, mark in lines)
        entries: list[tuple[Mark, Told]] = []
        for place, mark in lines:
            if told := night_of_line(mark.text, bare=housed):
                entries.append((mark, told))
                if (told.name or told.same) and not mark.times and not mark.leads:
                    self.used.add(place)
        self._add_nightly(entries)

        marks = [mark for mark in self.reading.marks if not (mark.aside or mark.old)]
        for one in checked_in(marks) if self.reading.speaks_of(OUT) else ():
            stay = self._stay(self._from_to(one.first, one.check_out), (one.name, None), (one.check_in, one.check_out))
            stay.check_in_time, stay.check_out_time = one.check_in_time, one.check_out_time
            if not any(overlaps(stay, known) for known in self.found):
                self.add(stay)

    # Labels: Check-in, Check-out.

    def in_labels(self) -> None:
        for place, _ in list(self.open_marks()):
            if pair := paired_days(self.reading.marks, place):
                first, last = pair
                end = min(place + 1, len(self.reading.marks) - 1)
                self._add_labelled((place, *first), (end, *last))
        start: tuple[int, date, str | None] | None = None
        for place, mark in list(self.open_marks()):
            for arrives, told, clock in labelled_days(mark):
                if arrives and told:
                    start = (place, told, clock)
                elif told and start and place - start[0] <= NEAR and told > start[1]:
                    self._add_labelled(start, (place, told, clock))
                    start = None
            span = mark.range() if mark.told else None
            if span and place not in self.used and self._is_of_stay(place, mark, span):
                self._add_labelled((place, span[0], None), (place, span[1], None))
            if (
                start
                and place - start[0] <= NEAR
                and (nights := labels.NIGHTS.search(mark.text))
                and (place > start[0] or nights.start() >= mark.told[-1].end)
                and not self._out_follows(place)
            ):
                self._add_labelled(start, (place, start[1] + timedelta(labels.nights_of(nights)), None))
                start = None

    def _is_of_stay(self, place: int, mark: Mark, span: tuple[date, date]) -> bool:
        """Return True if a range of days is labelled, but not that of a programme, or stands below a house's name."""
        if PERIOD.match(mark.text) or PERIOD.match(mark.label):
            days = {one.day for one in self.reading.marks if one.leads and one.programme and one.day}
            return sum(span[0] <= day <= span[1] for day in days) < PROGRAMME
        if not is_range_alone(mark):
            return False
        marks = self.reading.marks
        return (
            stands_below_house(marks, place)
            or stands_above_house(marks, place, span)
            or stands_below_room(marks, place)
            or tells_room(mark)
        )

    def _out_follows(self, place: int) -> bool:
        return any(
            not arrives and told
            for mark in self.reading.marks[place : place + NEAR]
            for arrives, told, _ in labelled_days(mark)
        )

    def _add_labelled(self, first: tuple[int, date, str | None], last: tuple[int, date, str | None]) -> None:
        begin, end = first[0], last[0]
        marks = self.reading.marks[begin : end + 1]
        quote = "\n".join(mark.text for mark in marks)
        named = nearest_name(self.reading, begin, end, self._since(begin))
        if not named:
            self.unresolved.append(Unresolved("stay", "The name of this place to stay is not clear.", (quote,)))
            return
        told = next(
            (n for mark in self.reading.marks[max(0, begin - 3) : end + 4] if (n := labels.NIGHTS.search(mark.text))),
            None,
        )
        inside = told and any(told[0] in mark.text for mark in [*marks, *self._below(end)])
        if told and inside and labels.nights_of(told) != (last[1] - first[1]).days:
            self.unresolved.append(Unresolved("stay", NIGHTS_DISAGREE, (quote, told[0])))
            return
        stay = self._stay(quote, named[0], (first[1], last[1]), code=self._code_near(begin, end))
        stay.check_in_time, stay.check_out_time = first[2], last[2]
        told_at = [begin, end, *self._times_apart(stay, begin, end)]
        room = self._room_near(begin, end)
        if room is not None:
            stay.room = self._room(room)
        address = address_near(self.reading.marks, named[1], begin, end)
        stay.location = address[0] if address else stay.location
        told_at += [begin if room is None else room, begin if address is None else address[1]]
        stay.quote = self._with_name(named[1], min(told_at), max(told_at))
        heads = range(max(0, begin - NEAR), min(len(self.reading.marks), end + NEAR))
        names = [i for i in heads if self.reading.marks[i].text == named[1] and not self.reading.marks[i].times]
        self.add(stay, *range(begin, end + 1), *names)

    def _below(self, end: int) -> list[Mark]:
        """The short lines right below the dates of a stay that belong to it."""
        below = self.reading.marks[end + 1 : end + 3]
        return [] if any(mark.told for mark in below) else [mark for mark in below if len(mark.text.split()) <= SHORT]

    def _since(self, begin: int) -> int:
        """The place where the lines of the stay before end."""
        return next((place + 1 for place in range(begin - 1, max(-1, begin - 15), -1) if place in self.used), 0)

    def _room_near(self, begin: int, end: int) -> int | None:
        """The place of the line that tells the room, near to the dates."""
        above = range(begin, max(self._since(begin), begin - 4) - 1, -1)
        marks = self.reading.marks
        below = range(end + 1, min(len(marks), end + 6))
        return next((i for i in [*above, *below] if not marks[i].amounts and labels.ROOM.match(marks[i].text)), None)

    def _room(self, place: int) -> str | None:
        match = labels.ROOM.match(self.reading.marks[place].text)
        return match["room"] if match else None

    def _from_to(self, first: Mark, after: date) -> str:
        """The words from the line of a stay's first day to that of the day after its last night, or the first line."""
        marks, begin = self.reading.marks, self.places[id(first)]
        above = range(begin, max(-1, begin - LONGEST), -1)
        begin = next((i for i in above if marks[i].leads and marks[i].day == first.day), begin)
        last = next((i for i in range(begin + 1, min(len(marks), begin + LONGEST)) if marks[i].day == after), begin)
        return quoted(marks[begin : last + 1])

    def _times_apart(self, stay: Stay, begin: int, end: int) -> list[int]:
        """Add the times that lines near to a stay's days tell, and return the places of these lines."""
        marks, told_at = self.reading.marks, list[int]()
        for place in range(max(0, begin - 2), min(len(marks), end + 6)):
            for arrives, clock in labelled_times(marks[place]) if place not in self.covered else ():
                name = "check_in_time" if arrives else "check_out_time"
                if getattr(stay, name) is None:
                    setattr(stay, name, clock)
                    told_at.append(place)
        return told_at

    def _with_name(self, text: str, begin: int, end: int) -> str:
        """The words that state the stay: the lines from its name to its dates, or just both of them."""
        marks = self.reading.marks
        places = [i for i in range(max(0, begin - 14), min(len(marks), end + 9)) if marks[i].text == text]
        if places:
            begin, end = min(begin, places[-1]), max(end, places[0])
        return quoted(marks[begin : end + 1])

    def _code_near(self, begin: int, end: int) -> str | None:
        if self.only_code:
            return self.only_code
        marks = self.reading.marks
        lines = range(max(0, begin - 8), min(len(marks), end + 5))
        for place in sorted(lines, key=lambda at: max(begin - at, at - end, 0)):
            if code := labels.code_in(marks[place].text):
                return code
        return None

    def _stay(
        self, quote: str, name: tuple[str, str | None], span: tuple[date, date], *, code: str | None = None
    ) -> Stay:
        rooms = ROOMS.search(quote)
        return Stay(
            quote,
            How.RULE,
            confirmation=code,
            name=name[0],
            location=name[1],
            check_in=span[0].isoformat(),
            check_out=span[1].isoformat(),
            nights=(span[1] - span[0]).days,
            rooms=int(rooms[1]) if rooms else None,
        )


def quoted(marks: list[Mark]) -> str:
    """The text of consecutive marks as it stands in the document."""
    quote = ""
    for before, mark in zip([None, *marks], marks, strict=False):
        if before is None:
            quote = mark.text
        elif before.index == mark.index:
            gap = mark.line.text[len(before.text) :][:1]
            quote += (" " if gap == " " or before.line.text.find(before.text + " ") >= 0 else "") + mark.text
        else:
            quote += "\n" + mark.text
    return quote


def _next(day: date, weekday: str) -> date:
    number = WEEKDAYS[weekday.lower()]
    return day + timedelta((number - day.weekday() - 1) % 7 + 1)
