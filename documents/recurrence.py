"""The days on which a calendar's entry recurs (RFC 5545, 3.3.10).

dateutil follows such rules too, but for a rule that never matches it looks at every day until the year 9999.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
UNKNOWN = ("BYHOUR", "BYMINUTE", "BYSECOND", "BYEASTER", "RSCALE", "SKIP")

# The days of one rule, and the time after the first occurrence if nothing else ends it.
MOST_DAYS = 2_000
LONGEST = timedelta(days=366)


class UnsupportedRule(Exception):
    """A rule that repeats within a day, or that is broken."""


@dataclass(slots=True)
class Effort:
    """The days that may still be looked at for the rules of one calendar."""

    left: int = 150_000


def days_of(
    rule: Any,  # noqa: ANN401 - icalendar's mapping of lists
    start: date | datetime,
    window: tuple[date, date] | None,
    effort: Effort,
) -> tuple[list[date], bool]:
    """Return the days up to the window's end, and whether that is all of them.

    Without a window, a rule without an end is followed for a year. Raises UnsupportedRule, also if it takes too long.
    """
    plain = _rule(rule, start)
    ends = plain.until is not None or plain.count is not None
    last = window[1] if window else date.max if ends else min(plain.first, date.max - LONGEST) + LONGEST
    last = min(last, plain.until or last)
    needed = plain.first if plain.count or not window else max(window[0], date.min + LONGEST) - LONGEST
    days: list[date] = []
    for number, day in enumerate(plain.days(needed, last, effort), 1):
        if window is None or day >= max(window[0], date.min + LONGEST) - LONGEST:
            days.append(day)
        if number == plain.count:
            return days, True
        if len(days) >= MOST_DAYS:
            return days, False
    return days, window is not None or ends


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule whose parts are sets of numbers. An empty set restricts nothing."""

    first: date
    frequency: str
    interval: int
    count: int | None
    until: date | None
    week_start: int
    months: frozenset[int]
    month_days: frozenset[int]
    year_days: frozenset[int]
    weeks: frozenset[int]
    # The ordinal within the month or year, 0 for each, and the weekday.
    weekdays: frozenset[tuple[int, int]]
    positions: tuple[int, ...]

    def days(self, needed: date, last: date, effort: Effort) -> Iterator[date]:
        """Yield the days from the first on, period by period, without the periods before the first that is needed."""
        for begin, length in self._periods(last):
            if begin < needed and (needed - begin).days >= length:
                effort.left -= 1
                continue
            effort.left -= length
            if effort.left < 0:
                raise UnsupportedRule
            days = [day for offset in range(length) if self._matches(day := begin + timedelta(days=offset))]
            for day in self._at_positions(days):
                if self.first <= day <= last:
                    yield day

    def _periods(self, last: date) -> Iterator[tuple[date, int]]:
        """Yield the first day and the length of every period that counts."""
        if self.frequency in {"DAILY", "WEEKLY"}:
            length = 1 if self.frequency == "DAILY" else 7
            behind = (self.first.weekday() - self.week_start) % 7 if length > 1 else 0
            number = max(self.first.toordinal() - behind, 1)
            while number <= min(last.toordinal(), date.max.toordinal() - length):
                yield date.fromordinal(number), length
                number += length * self.interval
            return
        months = self.first.year * 12 + (self.first.month - 1 if self.frequency == "MONTHLY" else 0)
        step = self.interval * (1 if self.frequency == "MONTHLY" else 12)
        while months // 12 < min(last.year + 1, date.max.year):
            begin = date(months // 12, months % 12 + 1, 1)
            if self.frequency == "MONTHLY":
                yield begin, calendar.monthrange(begin.year, begin.month)[1]
            else:
                yield begin, 366 if calendar.isleap(begin.year) else 365
            months += step

    def _matches(self, day: date) -> bool:
        if self.months and day.month not in self.months:
            return False
        if not (self.month_days or self.year_days or self.weeks or self.weekdays):
            return True
        of_month = calendar.monthrange(day.year, day.month)[1]
        of_year = 366 if calendar.isleap(day.year) else 365
        number = day.toordinal() - date(day.year, 1, 1).toordinal() + 1
        return (
            (not self.month_days or bool(self.month_days & {day.day, day.day - of_month - 1}))
            and (not self.year_days or bool(self.year_days & {number, number - of_year - 1}))
            and (not self.weeks or day.isocalendar().week in self.weeks)
            and (not self.weekdays or self._is_weekday(day, of_month, number, of_year))
        )

    def _is_weekday(self, day: date, of_month: int, number: int, of_year: int) -> bool:
        weekday = day.weekday()
        if (0, weekday) in self.weekdays:
            return True
        if self.frequency == "MONTHLY" or self.months:
            ahead, behind = (day.day - 1) // 7 + 1, -((of_month - day.day) // 7) - 1
        else:
            ahead, behind = (number - 1) // 7 + 1, -((of_year - number) // 7) - 1
        return bool(self.weekdays & {(ahead, weekday), (behind, weekday)})

    def _at_positions(self, days: list[date]) -> list[date]:
        if not self.positions:
            return days
        chosen = {days[place - 1 if place > 0 else place] for place in self.positions if 0 < abs(place) <= len(days)}
        return sorted(chosen)


def _rule(rule: Any, start: date | datetime) -> _Rule:  # noqa: ANN401
    first = start.date() if isinstance(start, datetime) else start
    frequency = str(next(iter(rule.get("FREQ", [])), "")).upper()
    if frequency not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"} or any(name in rule for name in UNKNOWN):
        raise UnsupportedRule
    months, month_days = _numbers(rule, "BYMONTH"), _numbers(rule, "BYMONTHDAY")
    year_days, weeks, weekdays = _numbers(rule, "BYYEARDAY"), _numbers(rule, "BYWEEKNO"), _weekdays(rule)
    if not (month_days or year_days or weekdays):
        if frequency == "WEEKLY" or weeks:
            weekdays = frozenset({(0, first.weekday())})
        elif frequency in {"MONTHLY", "YEARLY"}:
            month_days = frozenset({first.day})
            months = months or (frozenset({first.month}) if frequency == "YEARLY" else months)
    return _Rule(
        first=first,
        frequency=frequency,
        interval=max(1, next(iter(sorted(_numbers(rule, "INTERVAL"))), 1)),
        count=next(iter(_numbers(rule, "COUNT")), None),
        until=_until(rule, start),
        week_start=WEEKDAYS.get(str(next(iter(rule.get("WKST", ["MO"])), "MO")), 0),
        months=months,
        month_days=month_days,
        year_days=year_days,
        weeks=weeks,
        weekdays=weekdays,
        positions=tuple(_numbers(rule, "BYSETPOS")),
    )


def _numbers(rule: Any, name: str) -> frozenset[int]:  # noqa: ANN401
    try:
        return frozenset(int(value) for value in rule.get(name, []))
    except (TypeError, ValueError) as error:
        raise UnsupportedRule from error


def _weekdays(rule: Any) -> frozenset[tuple[int, int]]:  # noqa: ANN401
    found: set[tuple[int, int]] = set()
    for value in rule.get("BYDAY", []):
        match = BY_DAY.fullmatch(str(value).upper())
        if not match:
            raise UnsupportedRule
        found.add((int(match[1] or 0), WEEKDAYS[match[2]]))
    return frozenset(found)


def _until(rule: Any, start: date | datetime) -> date | None:  # noqa: ANN401
    """Return the last day on which the entry may start."""
    until = next(iter(rule.get("UNTIL", [])), None)
    if not isinstance(until, date):
        return None
    if not isinstance(until, datetime) or not isinstance(start, datetime):
        return until.date() if isinstance(until, datetime) else until
    if until.tzinfo and start.tzinfo:
        until = until.astimezone(start.tzinfo)
    before = until.time() < start.time() and until.date() > date.min
    return until.date() - timedelta(days=1) if before else until.date()
