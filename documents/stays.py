"""Stays: where, from when to when. Nights follow from two days only."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from documents import labels
from documents.arrivals import labelled_days, labelled_times
from documents.houses import house_in
from documents.lodging import STRONG, address_near, name_in, nearest_name
from documents.merge import share_a_word
from documents.model import How, Stay, Unresolved
from documents.nightly import NIGHT, Told, night_of_line, nights_of, stays_of_nights, told_by
from documents.patterns import Words
from documents.tables import Role, Row, rows_of
from documents.turned import turned_tables
from documents.words import WEEKDAYS, any_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.marks import Mark, Reading

PERIOD = re.compile(
    r"^\W{0,3}(?:dates?|stay|your stay|period|zeitraum|aufenthalt|reisezeitraum|séjour|votre séjour|estancia"
    r"|fechas|soggiorno|periodo|宿泊日|ご?宿泊|期間)\b|宿泊日|宿泊期間",
    re.IGNORECASE,
)
TILL = Words(
    rf"(?<![^\W_])(?:till|until|bis|jusqu'(?:à|au)|hasta(?: el)?"
    rf"|fino a)\s(?P<w>{any_of([w for w in WEEKDAYS if (len(w) > 3 and w.isascii()) or len(w) > 4])})(?![^\W_])",
)
ROOMS = Words(r"(?<![\d.,])(\d{1,2})\s?(?:rooms|zimmer|chambres|habitaciones|camere|室)(?![^\W_])")
# A name that begins with the kind of house, right before its dates.
BEFORE_DATES = re.compile(
    rf"(?:^|\s)(?P<name>(?=[A-ZÀ-Ý])(?:{labels.LODGING_WORD})(?-i:(?:\s(?:[a-zß-ÿ]{{1,3}}\s){{0,2}}[A-ZÀ-Ý0-9][^\s,.;:]*){{1,4}}))"
    r"\s(?-i:from|vom|von|du|del|dal|for)\s(?:the\s)?$",
    re.IGNORECASE,
)
DIGIT = re.compile(r"\d")
NEAR = 9
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
        if any(_is_again(stay, known) for known in alike[-RECENT:]) and not self.in_table:
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
            span = _span_of_row(row)
            name = name_in(hotel) if hotel else None
            if span and not name:
                name = next(
                    (found for cell in row.mark.line.cells if STRONG.search(cell) and (found := name_in(cell))), None
                )
            if span and not name and row.has(Role.CHECK_IN, Role.CHECK_OUT) and not row.has(Role.HOTEL):
                place = self.places[id(row.mark)]
                named = nearest_name(self.reading, place, place)
                name = named[0] if named else None
            if span and name:
                self._add_row(row, name, span)
            elif hotel and row.mark.day:
                bare = row.heads in housed or not NIGHT.match(row.head(Role.HOTEL))
                if told := told_by(hotel, bare=bare):
                    self.used.add(self.places[id(row.mark)])
                    nightly.append((row.mark, told))
        self._add_nightly(nightly)
        self.in_table = False

    def _add_row(self, row: Row, name: tuple[str, str | None], span: tuple[date, date]) -> None:
        code = row.cell(Role.CONFIRMATION)
        room = row.cell(Role.ROOM)
        stay = self._stay(row.mark.text, name, span, code=code or None)
        stay.room = room or None
        self.add(stay, self.places[id(row.mark)])

    def _add_nightly(self, entries: list[tuple[Mark, Told]]) -> None:
        """One stay for a house that consecutive nights name."""
        for group, after in stays_of_nights(nights_of(entries), self.reading):
            first = group[0]
            stay = self._stay(self._from_to(first.mark, after), first.name, (first.day, after))
            if self.in_table or not any(_overlaps(stay, known) for known in self.found):
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
            name = self._name_in_line(place, mark)
            if name is None:
                continue
            span = mark.range()
            told = labels.NIGHTS.search(mark.text)
            if span and (span[1] - span[0]).days <= LONGEST:
                if told and int(told["n"]) != (span[1] - span[0]).days:
                    self.unresolved.append(Unresolved("stay", NIGHTS_DISAGREE, (mark.text,)))
                    self.used.add(place)
                    continue
                self.add(self._with_address(self._stay(mark.text, name, span), place), place)
            elif mark.day and told and not mark.range():
                self.add(self._stay(mark.text, name, (mark.day, mark.day + timedelta(int(told["n"])))), place)
            elif mark.day and (till := TILL.search(mark.text)):
                self.add(self._stay(mark.text, name, (mark.day, _next(mark.day, till["w"]))))

    def _with_address(self, stay: Stay, place: int) -> Stay:
        """The stay of a line with the address that a line below it tells."""
        if address := address_near(self.reading.marks, stay.quote, place, place):
            stay.location = address[0]
            stay.quote = quoted(self.reading.marks[place : address[1] + 1])
        return stay

    def in_programmes(self) -> None:
        """Lines of days such as "Overnight: Casa das Ondas"."""
        lines = [(place, mark) for place, mark in self.open_marks() if mark.day and not mark.line.cells]
        housed = any(NIGHT.match(mark.text) and labels.LODGING.search(mark.text) for _, mark in lines)
        entries: list[tuple[Mark, Told]] = []
        for place, mark in lines:
            if told := night_of_line(mark.text, bare=housed):
                entries.append((mark, told))
                if not mark.times and not mark.leads:
                    self.used.add(place)
        self._add_nightly(entries)

    def _name_in_line(self, place: int, mark: Mark) -> tuple[str, str | None] | None:
        text = mark.text
        lodged = labels.LODGED.match(text)
        span = mark.range()
        told = labels.NIGHTS.search(text) if DIGIT.search(text) else None
        if not (lodged or span or told or (mark.day and TILL.search(text))):
            return None
        staying = labels.STAYING.search(text)
        if staying and (name := name_in(text[staying.end() :])):
            return name
        if span and (named := BEFORE_DATES.search(text[: mark.told[0].start])):
            return name_in(named["name"])
        if span and (house := house_in(text, strong=True)):
            return name_in(house)
        candidates = [text, *mark.line.cells]
        if mark.told and not re.search(
            r"[^\W\d_]{3}", re.sub(r"(?i)\b(?:from|vom|du|del|dal|el|le)\b", "", text[: mark.told[0].start])
        ):
            candidates.insert(0, text[mark.told[-1].end :].lstrip(" :：,-–"))
        for candidate in candidates:
            name = name_in(candidate)
            if name and (
                lodged
                or STRONG.search(name[0])
                or ((told or self._under_hotels(place)) and labels.LODGING.search(candidate))
                or (span and told and self._under_hotels(place))
            ):
                return name
        return None

    def _under_hotels(self, place: int) -> bool:
        """Return True if the section's heading, or the line before, speaks of places to stay."""
        for mark in self.reading.marks[max(0, place - 6) : place][::-1]:
            if (
                re.search(
                    r"(?i)(?:hotels?|accommodation|lodging|unterk[uü]nft|übernachtung|h[eé]bergement|h[oô]tels|nuitées|alojamiento"
                    r"|hospedaje|alloggi|pernottament|overnachting|verblijf|hospedage|alojamento|stays|宿泊)",
                    mark.text,
                )
                and len(mark.text.split()) <= 5
            ):
                return True
            if mark.line.level:
                return False
        return False

    # Labels: Check-in, Check-out.

    def in_labels(self) -> None:
        start: tuple[int, date, str | None] | None = None
        for place, mark in list(self.open_marks()):
            for arrives, told, clock in labelled_days(mark):
                if arrives and told:
                    start = (place, told, clock)
                elif told and start and place - start[0] <= NEAR and told > start[1]:
                    self._add_labelled(start, (place, told, clock))
                    start = None
            span = mark.range() if mark.told else None
            if span and (PERIOD.match(mark.text) or PERIOD.match(mark.label)) and place not in self.used:
                self._add_labelled((place, span[0], None), (place, span[1], None))
            if (
                start
                and place > start[0]
                and place - start[0] <= NEAR
                and (nights := labels.NIGHTS.search(mark.text))
                and not self._out_follows(place)
            ):
                self._add_labelled(start, (place, start[1] + timedelta(int(nights["n"])), None))
                start = None

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
        if told and int(told["n"]) != (last[1] - first[1]).days and any(told[0] in mark.text for mark in marks):
            self.unresolved.append(Unresolved("stay", NIGHTS_DISAGREE, (quote, told[0])))
            return
        stay = self._stay(quote, named[0], (first[1], last[1]), code=self._code_near(begin, end))
        stay.check_in_time, stay.check_out_time = first[2], last[2]
        self._times_apart(stay, begin, end)
        room = self._room_near(begin, end)
        if room is not None:
            stay.room = self._room(room)
        address = address_near(self.reading.marks, named[1], begin, end)
        stay.location = address[0] if address else stay.location
        told_at = [begin, end, begin if room is None else room, begin if address is None else address[1]]
        stay.quote = self._with_name(named[1], min(told_at), max(told_at))
        self.add(stay, *range(begin, end + 1))

    def _since(self, begin: int) -> int:
        """The place where the lines of the stay before end."""
        return next((place + 1 for place in range(begin - 1, max(-1, begin - 15), -1) if place in self.used), 0)

    def _room_near(self, begin: int, end: int) -> int | None:
        """The place of the line that tells the room, near to the dates."""
        first = max(0, begin - 4)
        marks = self.reading.marks[first : end + 6]
        return next(
            (first + i for i, mark in enumerate(marks) if not mark.amounts and labels.ROOM.match(mark.text)), None
        )

    def _room(self, place: int) -> str | None:
        match = labels.ROOM.match(self.reading.marks[place].text)
        return match["room"] if match else None

    def _from_to(self, first: Mark, after: date) -> str:
        """The words from a stay's first day to the line of the day after its last night, or the first line alone."""
        begin = self.places[id(first)]
        marks = self.reading.marks
        last = next((i for i in range(begin + 1, min(len(marks), begin + LONGEST)) if marks[i].day == after), begin)
        return quoted(marks[begin : last + 1])

    def _times_apart(self, stay: Stay, begin: int, end: int) -> None:
        for mark in self.reading.marks[max(0, begin - 2) : end + 6]:
            for arrives, clock in labelled_times(mark):
                if arrives:
                    stay.check_in_time = stay.check_in_time or clock
                else:
                    stay.check_out_time = stay.check_out_time or clock

    def _with_name(self, text: str, begin: int, end: int) -> str:
        """The words that state the stay: the lines from its name to its dates, or just both of them."""
        marks = self.reading.marks
        places = [i for i in range(max(0, begin - 14), min(len(marks), end + 9)) if marks[i].text == text]
        if places:
            begin, end = (
                min(begin, begin, places[-1]),
                max(end, end, places[0]),
            )
        return quoted(marks[begin : end + 1])

    def _code_near(self, begin: int, end: int) -> str | None:
        if self.only_code:
            return self.only_code
        for mark in [*self.reading.marks[begin : end + 5], *self.reading.marks[max(0, begin - 8) : begin][::-1]]:
            if code := labels.code_in(mark.text):
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


def _is_again(stay: Stay, known: Stay) -> bool:
    """Return True if a stay is told a second time. Other rooms and other confirmations are other stays."""
    same = (stay.check_in, stay.check_out) == (known.check_in, known.check_out) and share_a_word(stay.name, known.name)
    booked = not (stay.confirmation and known.confirmation and stay.confirmation != known.confirmation)
    return same and booked and not (stay.room and known.room and stay.room != known.room)


def _overlaps(stay: Stay, known: Stay) -> bool:
    """Return True if a stay in the same house is known for some of its nights."""
    apart = (stay.check_in or "") >= (known.check_out or "") or (known.check_in or "") >= (stay.check_out or "")
    return not apart and share_a_word(stay.name, known.name)


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


def _span_of_row(row: Row) -> tuple[date, date] | None:
    span = row.mark.range()
    if span:
        return span
    days = row.mark.trip_days
    if row.has(Role.CHECK_IN, Role.CHECK_OUT) or row.has(Role.HOTEL, Role.ARRIVE, Role.DEPART):
        return (days[0], days[1]) if len(days) == 2 and days[0] < days[1] else None
    nights = labels.NIGHTS.search(row.mark.text) or re.fullmatch(r"(?P<n>\d{1,2})", row.cell(Role.NIGHTS))
    if row.has(Role.CHECK_IN) and len(days) == 1 and nights:
        return days[0], days[0] + timedelta(int(nights["n"]))
    return None
