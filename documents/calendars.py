"""A calendar file becomes its entries' occurrences, with times local and as written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from documents.bounds import CALENDAR_DATES, CALENDAR_ENTRIES, CALENDAR_OCCURRENCES, DAYS_AROUND
from documents.errors import DocumentError
from documents.model import Document, Event, Kind, Line
from documents.plaintext import bounded, declared_charset, decode, tidy
from documents.recurrence import Effort, UnsupportedRule, days_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    Window = tuple[date, date]
    Moment = date | datetime

EACH_LINE = re.IGNORECASE | re.MULTILINE
FOLD = re.compile(r"\r?\n[ \t]")
ENTRY = re.compile(r"^BEGIN:VEVENT[ \t]*$(.*?)(?:^END:VEVENT[ \t]*$|(?=^BEGIN:VEVENT)|\Z)", EACH_LINE | re.DOTALL)
ZONE_BEGIN = re.compile(r"^BEGIN:VTIMEZONE[ \t]*$", EACH_LINE)
ZONE_END = re.compile(r"^END:VTIMEZONE", EACH_LINE)
ZONE_ID = re.compile(r"^TZID[^:\n]*:(.*)$", EACH_LINE)
ZONE_GIVEN = re.compile(r";TZID=(\"[^\"\n]*\"|[^;:\n\"]*)", re.IGNORECASE)
ZONE_PLACE = re.compile(r"^X-LIC-LOCATION[^:\n]*:(.*)$", EACH_LINE)
CALENDAR_FIELD = "^{}[^:\\n]*:(.*)$"
BEGIN_OR_END = re.compile(r"(BEGIN|END):\w+[ \t]*", re.IGNORECASE)
STARTS = re.compile(r"^DTSTART[^:\n]*:(\d{4})(\d\d)(\d\d)", EACH_LINE)
REPEATS = re.compile(r"^(?:RRULE|RDATE|RECURRENCE-ID)\b", EACH_LINE)

TOO_MANY = f"Occurrences beyond {CALENDAR_OCCURRENCES:,}."
TOO_MANY_ENTRIES = f"Entries beyond {CALENDAR_ENTRIES:,}."
OUTSIDE = f"Entries more than {DAYS_AROUND} days before or after the trip."
UNREADABLE = "Entries of the calendar that can't be read."
TOO_MANY_DATES = f"Single dates of repeated entries beyond {CALENDAR_DATES:,}."
NO_RULE = "Repetitions by a rule that can't be followed; their first occurrence is here."
ENDLESS = "Repetitions more than a year after the first."
LONGEST_TEXT = 4_000


def read_calendar(content: bytes, content_type: str | None = None, around: tuple[date, date] | None = None) -> Document:
    """Read a calendar file. With `around`, a trip's dates, only what occurs within some weeks of it."""
    text = decode(content, declared_charset(content_type)).replace("\r\n", "\n").replace("\r", "\n")
    text = FOLD.sub("", text)
    if not re.search(r"^BEGIN:VCALENDAR", text, EACH_LINE):
        raise DocumentError(
            "invalid_input", "This is no calendar file.", "Send an .ics file, or the calendar's entries as text."
        )
    window = _window(around) if around else None
    document = Document(Kind.CALENDAR, title=_field(text, "X-WR-CALNAME") or _field(text, "NAME"))
    reader = _Reader(document, window, _zone_names(text), _field(text, "METHOD") == "CANCEL")
    reader.read(text)
    document.events.sort(key=lambda event: (event.start, event.uid, event.summary))
    document.lines = bounded(_lines(document.events), document.left_out)
    return document


@dataclass(slots=True)
class _Entry:
    """A VEVENT with the moments of it that could be read."""

    event: Any
    start: Moment
    end: Moment | None
    uid: str


@dataclass(slots=True)
class _Reader:
    document: Document
    window: Window | None
    zones: dict[str, str]
    cancelled: bool
    effort: Effort = field(default_factory=Effort)
    # The single dates of EXDATE and RDATE so far.
    dates: int = 0

    def read(self, text: str) -> None:
        entries = [entry for block in self._blocks(text) if (entry := self._entry(block))]
        moved = [entry for entry in entries if _moment(entry.event, "RECURRENCE-ID")]
        exceptions = {(entry.uid, _key(_moment(entry.event, "RECURRENCE-ID"))) for entry in moved}
        latest = _latest(entries)
        for entry in entries:
            is_moved = _moment(entry.event, "RECURRENCE-ID") is not None
            if latest[_identity(entry)] is not entry:
                continue
            starts = [entry.start] if is_moved else self._starts(entry)
            for start in starts:
                if not is_moved and (entry.uid, _key(start)) in exceptions:
                    continue
                if len(self.document.events) >= CALENDAR_OCCURRENCES:
                    self._note(TOO_MANY)
                    return
                self._add(entry, start)

    def _blocks(self, text: str) -> Iterator[str]:
        for count, match in enumerate(ENTRY.finditer(text)):
            if count >= CALENDAR_ENTRIES:
                self._note(TOO_MANY_ENTRIES)
                return
            block = match[1]
            starts = STARTS.search(block)
            if self.window and starts and not REPEATS.search(block) and self._is_far(starts):
                self._note(OUTSIDE)
                continue
            yield block

    def _is_far(self, starts: re.Match[str]) -> bool:
        """Return True for a plain entry that starts long before or after the trip, without reading it whole."""
        assert self.window  # noqa: S101 - asked by the caller
        day = f"{starts[1]}-{starts[2]}-{starts[3]}"
        return day < (self.window[0] - timedelta(days=31)).isoformat() or day > self.window[1].isoformat()

    def _entry(self, block: str) -> _Entry | None:
        import icalendar  # noqa: PLC0415 - slow to import

        # icalendar gets plain names only: it quotes others in warnings.
        plain = ZONE_GIVEN.sub(self._with_plain_zone, self._without_inner(block))
        try:
            event: Any = icalendar.Event.from_ical(f"BEGIN:VEVENT\n{plain.strip()}\nEND:VEVENT\n")
            start = _moment(event, "DTSTART")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
            start = event = None
        if start is None:
            self._note(UNREADABLE)
            return None
        return _Entry(event, start, self._end(event, start), _text(event, "UID"))

    def _without_inner(self, block: str) -> str:
        """Return an entry without its alarms and other parts of its own, and without very many dates."""
        kept: list[str] = []
        depth = 0
        for line in block.split("\n"):
            mark = BEGIN_OR_END.fullmatch(line)
            if mark:
                depth = max(0, depth + (1 if mark[1].upper() == "BEGIN" else -1))
            elif not depth and not self._has_too_many_dates(line):
                kept.append(line)
        return "\n".join(kept)

    def _has_too_many_dates(self, line: str) -> bool:
        if not line[:6].upper().startswith(("EXDATE", "RDATE")):
            return False
        self.dates += 1 + line.count(",")
        if self.dates > CALENDAR_DATES:
            self._note(TOO_MANY_DATES)
            return True
        return False

    def _with_plain_zone(self, match: re.Match[str]) -> str:
        """Return a TZID parameter with the IANA name of its zone, or nothing."""
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415 - slow to import

        given = match[1].strip('"').strip()
        parts = given.split("/")
        names = (self.zones.get(given), given, WINDOWS_TO_OLSON.get(given), "/".join(parts[-2:]), "/".join(parts[-3:]))
        name = next((name for name in names if name and _is_zone(name)), None)
        return f";TZID={name}" if name else ""

    def _end(self, event: Any, start: Moment) -> Moment | None:  # noqa: ANN401 - icalendar's types are partial
        end = _moment(event, "DTEND")
        if end is not None:
            return end if isinstance(end, datetime) == isinstance(start, datetime) else None
        length = _value(event, "DURATION")
        if not isinstance(length, timedelta) or length < timedelta(0):
            return None
        return _later(start, length)

    def _starts(self, entry: _Entry) -> list[Moment]:
        """Return when the entry occurs, without its exceptions."""
        starts = [entry.start]
        for rule in _all(entry.event, "RRULE"):
            try:
                days, whole = days_of(rule, entry.start, self.window, self.effort)
            except UnsupportedRule:
                self._note(NO_RULE)
                continue
            if not whole:
                self._note(ENDLESS)
            starts += [_on(entry.start, day) for day in days]
        starts += [_like(entry.start, more) for more in _moments(entry.event, "RDATE")]
        gone = {_key(moment) for moment in _moments(entry.event, "EXDATE")}
        gone |= {_key(_like(entry.start, moment)) for moment in _moments(entry.event, "EXDATE")}
        return [
            start
            for start in sorted({_key(start): start for start in starts}.values(), key=_key)
            if _key(start) not in gone
        ]

    def _add(self, entry: _Entry, start: Moment) -> None:
        end = entry.end
        if end is not None and start != entry.start:
            end = _on(end, _day(end) + (_day(start) - _day(entry.start)))
        if self.window and not (self.window[0] <= _day(end or start) and _day(start) <= self.window[1]):
            self._note(OUTSIDE)
            return
        event = entry.event
        status = _text(event, "STATUS").upper()
        self.document.events.append(
            Event(
                uid=entry.uid,
                summary=_text(event, "SUMMARY"),
                start=_written(start, self._zone(event, "DTSTART")),
                end=None if end is None else _written(end, self._end_zone(event)),
                start_zone=self._zone(event, "DTSTART"),
                end_zone=self._end_zone(event),
                location=_text(event, "LOCATION"),
                description=_text(event, "DESCRIPTION"),
                cancelled=self.cancelled or status in {"CANCELLED", "CANCELED"},
                sequence=_number(event, "SEQUENCE"),
            )
        )

    def _end_zone(self, event: Any) -> str | None:  # noqa: ANN401
        return self._zone(event, "DTEND") if _moment(event, "DTEND") is not None else self._zone(event, "DTSTART")

    def _zone(self, event: Any, name: str) -> str | None:  # noqa: ANN401
        """Return the IANA name of a moment's zone."""
        return str(getattr(_first(event, name), "params", {}).get("TZID", "")) or None

    def _note(self, note: str) -> None:
        if note not in self.document.left_out:
            self.document.left_out.append(note)


def _window(around: tuple[date, date]) -> Window:
    margin = timedelta(days=DAYS_AROUND)
    first, last = sorted(around)
    return max(first, date.min + margin) - margin, min(last, date.max - margin) + margin


def _zone_names(text: str) -> dict[str, str]:
    """Return the IANA names that the file's own zone definitions give for their ids."""
    names: dict[str, str] = {}
    place = 0
    while (begin := ZONE_BEGIN.search(text, place)) and (end := ZONE_END.search(text, begin.end())):
        place = end.end()
        zone, name = (pattern.search(text, begin.end(), end.start()) for pattern in (ZONE_ID, ZONE_PLACE))
        if zone and name and _is_zone(name[1].strip()):
            names[zone[1].strip()] = name[1].strip()
    return names


def _is_zone(name: str) -> bool:
    if "/" not in name and name not in {"UTC", "GMT"}:
        return False
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def _field(text: str, name: str) -> str | None:
    head = text.split("BEGIN:VEVENT", 1)[0]
    match = re.search(CALENDAR_FIELD.format(name), head, EACH_LINE)
    return (_unescaped(match[1]) or None) if match else None


def _unescaped(text: str) -> str:
    return tidy(re.sub(r"\\([,;\\])", r"\1", text.replace("\\n", " ").replace("\\N", " ")))


def _latest(entries: list[_Entry]) -> dict[tuple[str, str], _Entry]:
    """Return each entry's newest telling. Entries without a UID are not the same."""
    latest: dict[tuple[str, str], _Entry] = {}
    for entry in entries:
        known = latest.get(_identity(entry))
        if known is None or _number(entry.event, "SEQUENCE") >= _number(known.event, "SEQUENCE"):
            latest[_identity(entry)] = entry
    return latest


def _identity(entry: _Entry) -> tuple[str, str]:
    moved = _moment(entry.event, "RECURRENCE-ID")
    return entry.uid or f"{id(entry)}", _key(moved) if moved is not None else ""


def _first(event: Any, name: str) -> Any:  # noqa: ANN401
    return next(iter(_all(event, name)), None)


def _all(event: Any, name: str) -> list[Any]:  # noqa: ANN401
    value: Any = event.get(name)
    values = cast("list[Any]", value) if isinstance(value, list) else [] if value is None else [value]
    return [each for each in values if type(each).__name__ != "vBroken"]


def _value(event: Any, name: str) -> Any:  # noqa: ANN401
    return getattr(_first(event, name), "dt", None)


def _moment(event: Any, name: str) -> Moment | None:  # noqa: ANN401
    value = _value(event, name)
    return value if isinstance(value, date) else None


def _moments(event: Any, name: str) -> list[Moment]:  # noqa: ANN401
    found: list[Moment] = []
    for group in _all(event, name):
        for each in getattr(group, "dts", []):
            told: Any = each.dt
            moment: Any = cast("tuple[Any, ...]", told)[0] if isinstance(told, tuple) else told
            if isinstance(moment, date):
                found.append(moment)
    return found[:CALENDAR_OCCURRENCES]


def _text(event: Any, name: str) -> str:  # noqa: ANN401
    value = _first(event, name)
    if value is None:
        return ""
    lines = (tidy(line) for line in str(value)[:LONGEST_TEXT].splitlines())
    return "\n".join(line for line in lines if line)


def _number(event: Any, name: str) -> int:  # noqa: ANN401
    try:
        return int(_first(event, name) or 0)
    except (ValueError, TypeError, OverflowError):
        return 0


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _on(moment: Moment, day: date) -> Moment:
    """Return the moment at the same local time of another day."""
    return datetime.combine(day, moment.timetz()) if isinstance(moment, datetime) else day


def _like(start: Moment, moment: Moment) -> Moment:
    """Return a moment in the zone and form of the entry's start."""
    if not isinstance(start, datetime):
        return _day(moment)
    if not isinstance(moment, datetime):
        return _on(start, moment)
    if moment.tzinfo and start.tzinfo:
        return moment.astimezone(start.tzinfo)
    return moment.replace(tzinfo=start.tzinfo)


def _later(start: Moment, length: timedelta) -> Moment | None:
    try:
        if isinstance(start, datetime) and start.tzinfo:
            return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
        return start + length
    except (OverflowError, ValueError):
        return None


def _key(moment: Moment | None) -> str:
    """Return what two tellings of a moment share: the same instant, or the same local time where no zone is given."""
    if isinstance(moment, datetime) and moment.tzinfo:
        try:
            return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        except (OverflowError, ValueError):
            return moment.isoformat()
    return moment.isoformat() if moment else ""


def _written(moment: Moment, zone: str | None) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    text = moment.replace(tzinfo=None, microsecond=0).isoformat(timespec="minutes" if not moment.second else "seconds")
    in_utc = moment.tzinfo is not None and zone is None and moment.utcoffset() == timedelta(0)
    return text + ("Z" if in_utc else "")


def _lines(events: list[Event]) -> Iterator[Line]:
    """Yield the entries as text, in words that quote the file's."""
    for event in events:
        when = event.start.replace("T", " ")
        until = f" - {event.end.replace('T', ' ')}" if event.end else ""
        yield Line(f"{when}{until} {event.summary}".strip(), item=True)
        if event.location:
            yield Line(tidy(event.location))
        for line in event.description.splitlines():
            yield Line(line)
