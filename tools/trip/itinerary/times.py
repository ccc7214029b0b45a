"""Read dates and times of day as people and programs write them. All times are local."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

# Minutes of a day.
DAY = 24 * 60

_ISO = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_OFFSET = re.compile(r"\s*(?:(Z)|([+-])([0-9]{2}):?([0-9]{2}))$", re.IGNORECASE)
_CLOCK = re.compile(
    r"([0-9]{1,2})(?:\s*[:.h]\s*([0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?)?\s*(?:([ap])\.?\s?m\b\.?|(h|hrs?|uhr|o'clock)\.?)?",
    re.IGNORECASE,
)
_WORDS = {"noon": 12 * 60, "midday": 12 * 60, "midnight": 0}
_TO = re.compile(r"\s*(?:-|–|—|\bto\b|\buntil\b|\bbis\b)\s*", re.IGNORECASE)  # noqa: RUF001 - the dash of a range

_HALF_DAY = 12


class ImpossibleTimeError(ValueError):
    """A text in the form of a time, but of none that a day has, such as 25:00."""


@dataclass(frozen=True)
class Moment:
    """A date, a time of day in minutes, or both. `offset` is in minutes east of UTC, if it is known."""

    day: date | None = None
    minute: int | None = None
    offset: int | None = None
    impossible: bool = False

    def minutes(self) -> int | None:
        """Return the minutes since the first day of the calendar, or None without a date."""
        return None if self.day is None else self.day.toordinal() * DAY + (self.minute or 0)


def is_date(text: str) -> bool:
    return _ISO.fullmatch(text) is not None and day_of(text) is not None


def day_of(value: object) -> date | None:
    """Return the date that a text starts with, as YYYY-MM-DD."""
    found = _ISO.match(value.strip()) if isinstance(value, str) else None
    return _date(found[0]) if found else None


def clock(text: str) -> int | None:
    """Return the minutes since midnight, or None if the text is not a time; a number alone is none.

    Raises ImpossibleTimeError.
    """
    words = text.strip()
    found = _CLOCK.fullmatch(words)
    if found is None:
        return _WORDS.get(words.lower())
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if not (found[2] or half or found[4]):
        return None
    late = hour * 60 + minute > DAY or minute >= 60  # noqa: PLR2004
    if late or (half and not hour) or (half == "a" and hour > _HALF_DAY):
        raise ImpossibleTimeError(text)
    if half:
        hour = hour % _HALF_DAY + (_HALF_DAY if half == "p" else 0)
    return hour * 60 + minute


def moment(value: object) -> Moment:
    """Read a date, a time, or a date with a time; what can't be read is left out."""
    if not isinstance(value, str):
        return Moment()
    text = value.strip()
    day = day_of(text)
    rest = text[10:].lstrip("T, ") if day else text
    offset = _OFFSET.search(rest) if day else None
    try:
        minute = clock(rest[: offset.start()] if offset else rest)
    except ImpossibleTimeError:
        return Moment(day, impossible=True)
    return Moment(day, minute, _minutes_east(offset) if offset else None)


def stamp(text: str | None) -> datetime | None:
    """Return the date and time of an ISO text; a day alone is its noon."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        day = day_of(text)
        return datetime.combine(day, time(12), UTC) if day else None
    return found


def instant(text: str | None) -> datetime:
    """Return the moment of an ISO text, in UTC if it names no zone, or the earliest of all."""
    found = stamp(text)
    if found is None:
        return datetime.min.replace(tzinfo=UTC)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def parts_of_range(text: str) -> tuple[str, str]:
    """Split a range of times such as "9:00 - 11:00"; anything else is returned with "" as its end."""
    pieces = _TO.split(text.strip())
    if len(pieces) == 2 and day_of(text) is None and all(_is_clock(piece) for piece in pieces):  # noqa: PLR2004
        return pieces[0], pieces[1]
    return text, ""


def with_date(value: str, day: date) -> str:
    """Replace the date that the text starts with."""
    found = _ISO.search(value)
    return value[: found.start()] + day.isoformat() + value[found.end() :] if found else day.isoformat()


def shifted(value: str, days: int) -> str | None:
    """Move all dates in the text, or return None if it has none that can be moved."""
    try:
        moved, count = _ISO.subn(lambda found: (date.fromisoformat(found[0]) + timedelta(days)).isoformat(), value)
    except (ValueError, OverflowError):
        return None
    return moved if count else None


def shown(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def added(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days)
    except OverflowError:
        return None


def _is_clock(text: str) -> bool:
    try:
        return clock(text) is not None
    except ImpossibleTimeError:
        return True


def _minutes_east(found: re.Match[str]) -> int:
    if found[1]:
        return 0
    return (int(found[3]) * 60 + int(found[4])) * (-1 if found[2] == "-" else 1)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
