"""The plan of a document: days, activities, stays, transport and costs, and what is left for the agent to read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from documents import agenda, labels, structured
from documents.activities import activities_of, days_of
from documents.advertising import CONFIRMED, excerpt_of
from documents.cancelling import cancel
from documents.cards import masked
from documents.costs import costs_of
from documents.dates import dates_in
from documents.marking import read_marks
from documents.marks import About, Mark, Reading
from documents.memory import remembering
from documents.merge import share_a_word, together, words_of
from documents.model import Activity, Context, Cost, Document, Item, Kind, Line, Plan, Stay, Transport, Unresolved
from documents.proposals import is_offer, is_proposal
from documents.quotes import code_of
from documents.stays import stays_of
from documents.transport import journeys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_UNREAD = 200


def plan_of(document: Document, context: Context) -> Plan:
    """Find the plan of a document. It and its parts are one plan, in which things told twice are once."""
    with remembering():
        return _plan_of(document, context)


def _plan_of(document: Document, context: Context) -> Plan:
    documents = sorted(_flattened(document), key=_order)
    certain = {day for one in documents for day in _certain_days(one, several=len(documents) > 1)}
    plans = [_plan_alone(one, context, certain) for one in documents]
    if len(plans) == 1:
        return _masked(together(*plans))
    dated: dict[str, list[Plan]] = {}
    for one, plan in zip(documents, plans, strict=True):
        dated.setdefault(one.sent_at.isoformat() if one.sent_at else "", []).append(plan)
    whole = together(*(plan for group in dated.values() for plan in group))
    whole.left_out = [note for one in documents for note in one.left_out]
    return _masked(whole)


def _flattened(document: Document) -> Iterator[Document]:
    yield document
    for part in document.parts:
        inherited = part if part.sent_at else replace(part, sent_at=document.sent_at)
        yield from _flattened(inherited)


def _order(document: Document) -> tuple[str, str, str]:
    """An order that doesn't depend on that of the parts."""
    return document.sent_at.isoformat() if document.sent_at else "", document.kind.value, document.text


def _certain_days(document: Document, *, several: bool) -> Iterator[date]:
    """Days that a document tells beyond doubt, which may settle the numeric dates of its other parts."""
    for line in document.lines if several else ():
        for told in dates_in(line.text):
            if told.year and not told.unclear:
                yield date(told.year, told.month, told.day)
    for event in document.events:
        yield date.fromisoformat(event.start[:10])
    for entry in _entries(structured.items_of(document.nodes)):
        for moment in (getattr(entry, name, None) for name in ("date", "check_in", "check_out", "depart", "arrive")):
            if moment:
                yield date.fromisoformat(moment[:10])


def _entries(plan: Plan) -> list[Activity | Stay | Transport]:
    return [*plan.activities, *plan.stays, *plan.transport]


def _plan_alone(document: Document, context: Context, certain: set[date]) -> Plan:
    if document.kind is Kind.CALENDAR:
        return _plan_of_calendar(document, context)
    told = structured.items_of(document.nodes)
    if document.kind is Kind.OTHER:
        return told
    reading = read_marks(document, context, certain)
    found = _found(reading, told)
    _quote(told, reading)
    plan = together(told, found)
    plan.left_out = list(document.left_out)
    return plan


def _plan_of_calendar(document: Document, context: Context) -> Plan:
    plan = agenda.items_of(document)
    texts = [line for event in document.events if not event.cancelled for line in event.description.splitlines()]
    reading = read_marks(replace(document, lines=[Line(text) for text in dict.fromkeys(texts)]), context)
    plan.costs, _, doubts = costs_of(reading, dated=bool(_entries(plan)), booked=True)
    plan.unresolved += doubts
    plan.left_out = list(document.left_out)
    return plan


def _found(reading: Reading, told: Plan) -> Plan:
    """Return the plan that the rules find in the visible text."""
    plan = Plan()
    if _is_search(reading, told):
        plan.unread = _unread(reading, set(), plan)
        return plan
    plan.transport, covered = journeys_of(reading)
    plan.stays, stayed, doubts = stays_of(reading, covered)
    plan.activities, active = activities_of(reading, covered, stayed)
    plan.days = days_of(reading, active, covered, stayed)
    if _entries(told):
        plan.activities = [one for one in plan.activities if not _is_told(one, told)]
        _name_as_told(plan.stays, told.stays)
    dated = bool(_entries(plan) or _entries(told))
    plan.costs, priced, without_currency = costs_of(reading, dated=dated, booked=dated or _is_booking(reading))
    plan.unresolved = [*doubts, *without_currency, *_doubts(reading)]
    cancel(plan, reading)
    plan.unread = _unread(reading, covered | stayed | active | priced, plan)
    return plan


def _is_told(activity: Activity, told: Plan) -> bool:
    """Return True if an activity of the text is a journey or stay that structured data tells."""
    moment = f"{activity.date}T{activity.time}"
    if any(moment in {one.depart, one.arrive} for one in told.transport):
        return True
    if any(
        activity.date == one.date and activity.time == one.time and share_a_word(activity.title, one.title)
        for one in told.activities
    ):
        return False
    return any(
        activity.time
        and activity.time in {one.check_in_time, one.check_out_time}
        and activity.date in {one.check_in, one.check_out}
        for one in told.stays
    )


def _name_as_told(stays: list[Stay], told: list[Stay]) -> None:
    """Name the only stay of the text from one day to another as structured data does, if they have one, too."""
    ours, theirs = Counter(map(_period, stays)), Counter(map(_period, told))
    known = {_period(one): one for one in told}
    for stay in stays:
        if ours[_period(stay)] == theirs[_period(stay)] == 1:
            named = known[_period(stay)]
            if not (stay.confirmation and named.confirmation) or stay.confirmation == named.confirmation:
                stay.name = named.name


def _period(stay: Stay) -> tuple[str | None, str | None]:
    return stay.check_in, stay.check_out


def _is_booking(reading: Reading) -> bool:
    if reading.document.kind in {Kind.MAIL, Kind.PASS}:
        return True
    return bool(labels.BOOKED.search(reading.text) or CONFIRMED.search(excerpt_of(reading)))


def _is_search(reading: Reading, told: Plan) -> bool:
    """Return True if a page offers rather than tells what is booked."""
    if _entries(told):
        return False
    return is_proposal(reading) if reading.codes else is_offer(reading)


def _quote(told: Plan, reading: Reading) -> None:
    """Give bookings of structured data the words of the text that state them, if it does."""
    lines = _Lines(reading.marks)
    for entry in _entries(told):
        name = getattr(entry, "name", None) or getattr(entry, "title", None) or getattr(entry, "number", None) or ""
        day = (
            getattr(entry, "check_in", None) or getattr(entry, "date", None) or getattr(entry, "depart", None) or ""
        )[:10]
        entry.quote = lines.telling(name, day)
    for one in told.cancellations:
        one.quote = next((mark.text for mark in reading.marks if (one.confirmation or "") in mark.text), "")
    for cost in told.costs:
        cost.quote = next((m.text for m in reading.marks for a in m.amounts if a.value == cost.amount), "")


class _Lines:
    """The lines of a document by their words and days, so that each booking need not look at all of them."""

    def __init__(self, marks: list[Mark]) -> None:
        self._marks = marks
        self._by_word: dict[str, list[int]] = {}
        self._by_day: dict[str, list[int]] = {}
        for place, mark in enumerate(marks):
            for word in words_of(mark.text):
                self._by_word.setdefault(word, []).append(place)
            for day in {day.isoformat() for day in mark.trip_days}:
                self._by_day.setdefault(day, []).append(place)

    def telling(self, name: str, day: str) -> str:
        """Return the line that tells both, else the day, else the name; empty if none does."""
        named, dated = self._named(name), self._by_day.get(day, [])
        both = sorted(set(named).intersection(dated))
        return next((self._marks[place].text for place in [*both, *dated, *named]), "")

    def _named(self, name: str) -> list[int]:
        if not name.isascii():
            return [place for place, mark in enumerate(self._marks) if share_a_word(name, mark.text)]
        return sorted({place for word in words_of(name) for place in self._by_word.get(word, [])})


def _doubts(reading: Reading) -> list[Unresolved]:
    return [Unresolved("date", why, (text,)) for why, text in dict.fromkeys(reading.doubts)]


def _unread(reading: Reading, covered: set[int], plan: Plan) -> list[str]:
    """Lines with a date, time, amount or number of a booking that no item covers."""
    quoted = {line for entry in [*_entries(plan), *plan.costs, *plan.cancellations] for line in entry.quote.split("\n")}
    days = {day.quote for day in plan.days}
    codes = {code_of(one.confirmation or "") for one in [*_entries(plan), *plan.cancellations]}
    left = [
        mark.text
        for place, mark in enumerate(reading.marks)
        if place not in covered
        and not mark.line.aside
        and (mark.told or mark.times or mark.amounts or _tells_code(mark, codes))
        and mark.text not in quoted
        and (mark.times or mark.amounts or mark.text not in days or _tells_code(mark, codes))
        and not _is_past(mark)
    ]
    return list(dict.fromkeys(left))[:MOST_UNREAD]


def _tells_code(mark: Mark, known: set[str]) -> bool:
    """Return True if a line tells the number of a booking that no item has."""
    code = labels.code_in(mark.text)
    return code is not None and code_of(code) not in known


def _is_past(mark: Mark) -> bool:
    """Return True if a line tells nothing but when something was issued or who was born when."""
    return (
        bool(mark.told)
        and not mark.times
        and not mark.amounts
        and all(about in {About.ISSUED, About.BORN, About.OLD} for about in mark.about)
    )


def _masked(plan: Plan) -> Plan:
    """Mask the numbers of payment cards in everything that quotes the document."""
    items: Iterable[Item] = [*_entries(plan), *plan.costs, *plan.cancellations]
    for item in items:
        item.quote = masked(item.quote)
        if isinstance(item, Activity):
            item.title = masked(item.title)
        if isinstance(item, Cost) and item.label:
            item.label = masked(item.label)
    plan.unread = [masked(line) for line in plan.unread]
    plan.unresolved = [replace(one, quotes=tuple(masked(quote) for quote in one.quotes)) for one in plan.unresolved]
    return plan
