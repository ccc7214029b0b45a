"""A calendar's entries as journeys, stays and activities."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from documents import labels
from documents.lodging import STRONG, name_in
from documents.model import Activity, Document, Event, How, Plan, Stay, Transport, Unresolved
from documents.routes import mode_of, number_of, route_of

if TYPE_CHECKING:
    from collections.abc import Iterator

STAY = re.compile(
    r"^(?:stay(?:ing)?(?: at| in)?|check[-\s]?in(?: at)?|hotel|accommodation|overnight(?: at)?"
    r"|aufenthalt(?: im| in)?|übernachtung(?: im| in)?|unterkunft|séjour(?: à| au)?|hébergement|nuit à"
    r"|estancia(?: en)?|alojamiento|soggiorno(?: presso| a)?|pernottamento|宿泊)\s*[:：-]?\s*",
    re.IGNORECASE,
)
BETWEEN = re.compile(r"^(?P<a>[^\d].{1,40}?)\s(?:to|nach|à|a|->|→|–|-|>)\s(?P<b>[^\d].{1,40})$")
UTC_ONLY = "The calendar gives this time in UTC only."
DAY_LENGTH = 10


def items_of(document: Document) -> Plan:
    """The plan of a calendar. What is cancelled is marked so."""
    plan = Plan()
    for event in document.events:
        journey = _journey(event, document)
        if journey:
            plan.transport.append(journey)
        elif stay := _stay(event, document):
            plan.stays.append(stay)
        else:
            _activity(event, document, plan)
    return plan


def _quote(event: Event, document: Document) -> str:
    """The line of the calendar's text that tells an entry, if there is one."""
    day = event.start[:DAY_LENGTH]
    lines = [line.text for line in document.lines if event.summary and event.summary.split("\n")[0] in line.text]
    return next((line for line in lines if day in line), next(iter(lines), event.summary))


def _moment(text: str | None) -> str | None:
    """An event's moment to the minute."""
    if not text or len(text) <= DAY_LENGTH:
        return text
    return text[:16] + ("Z" if text.endswith("Z") else "")


def _journey(event: Event, document: Document) -> Transport | None:
    summary = event.summary
    number, mode = number_of(summary, flies=True)
    mode = mode or mode_of(summary)
    if mode in {None, "transfer", "car"} and not number:
        return None
    ends = _ends(summary, number)
    if not ends and not number:
        return None
    return Transport(
        _quote(event, document),
        How.STRUCTURED,
        confirmation=labels.code_in(event.description) or labels.code_in(summary),
        cancelled=event.cancelled,
        mode=mode or "other",
        number=number,
        origin=ends[0] if ends else None,
        destination=ends[1] if ends else None,
        depart=_moment(event.start),
        arrive=_moment(event.end) if event.end and len(event.end) == len(event.start) else None,
        duration=_duration(event),
    )


def _ends(summary: str, number: str | None) -> tuple[str, str] | None:
    if route := route_of(summary):
        return route
    text = summary.split(number, 1)[1] if number and number in summary else summary
    text = re.sub(r"^\W+|号", "", text)
    if match := BETWEEN.match(text.strip()):
        return match["a"].strip(" :,"), match["b"].strip(" :,")
    return None


def _duration(event: Event) -> int | None:
    """Seconds between two moments whose zones are known."""
    moments = [_zoned(event.start, event.start_zone), _zoned(event.end, event.end_zone or event.start_zone)]
    first, last = moments
    return int((last - first).total_seconds()) if first and last and last >= first else None


def _zoned(text: str | None, zone: str | None) -> datetime | None:
    if not text or len(text) <= DAY_LENGTH:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo:
        return moment
    return moment.replace(tzinfo=ZoneInfo(zone)) if zone else None


def _stay(event: Event, document: Document) -> Stay | None:
    introduced = STAY.match(event.summary)
    if not event.end or event.end[:DAY_LENGTH] <= event.start[:DAY_LENGTH]:
        return None
    if not introduced and not STRONG.search(event.summary):
        return None
    text = event.summary[introduced.end() :] if introduced else event.summary
    if introduced and re.match(r"(?i)hotel", introduced[0]) and not introduced[0].rstrip().endswith(":"):
        text = event.summary
    name = name_in(text)
    if not name:
        return None
    first, last = date.fromisoformat(event.start[:DAY_LENGTH]), date.fromisoformat(event.end[:DAY_LENGTH])
    return Stay(
        _quote(event, document),
        How.STRUCTURED,
        confirmation=labels.code_in(event.description),
        cancelled=event.cancelled,
        name=name[0],
        check_in=first.isoformat(),
        check_out=last.isoformat(),
        nights=(last - first).days,
        check_in_time=_clock(event.start),
        check_out_time=_clock(event.end),
        location=event.location.split("\n")[0] or name[1],
    )


def _clock(moment: str | None) -> str | None:
    return moment[11:16] if moment and len(moment) > DAY_LENGTH and not moment.endswith("Z") else None


def _activity(event: Event, document: Document, plan: Plan) -> None:
    title = event.summary.split("\n")[0]
    if not title:
        return
    quote = _quote(event, document)
    if event.start.endswith("Z"):
        plan.unresolved.append(Unresolved("activity", UTC_ONLY, (quote,)))
        return
    for day in _days(event):
        same = event.end is not None and event.end[:DAY_LENGTH] == event.start[:DAY_LENGTH]
        plan.activities.append(
            Activity(
                quote,
                How.STRUCTURED,
                confirmation=labels.code_in(event.description),
                cancelled=event.cancelled,
                date=day,
                time=_clock(event.start),
                end_time=_clock(event.end) if same and event.end != event.start else None,
                title=title,
                location=event.location.split("\n")[0] or None,
            )
        )


def _days(event: Event) -> Iterator[str]:
    """The days of an entry: each of some whole days, else the first."""
    first = date.fromisoformat(event.start[:DAY_LENGTH])
    yield first.isoformat()
    if len(event.start) > DAY_LENGTH or not event.end:
        return
    last = date.fromisoformat(event.end[:DAY_LENGTH])
    for ahead in range(1, min((last - first).days, 14)):
        yield (first + timedelta(ahead)).isoformat()
