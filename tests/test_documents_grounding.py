"""Items that an agent sends are refused if their quote or a value isn't in the document."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import campaigns
import pytest
from booking_scores import context_of, expected, inputs
from booking_variants import hotel, journey, programme

from documents.grounding import NOT_THERE, Ground, ground_of, why_not
from documents.model import Activity, Context, Cost, Document, How, Item, Stay, Transport
from documents.planning import plan_of
from documents.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER_NAMES = ["Quarrington Towers", "Zeppelin Museum", "Villa Ostrakon", "Xanthe's Kitchen", "Ulan Bator"]


def true_items(document: Document, context: Context) -> list[Item]:
    plan = plan_of(document, context)
    items: list[Item] = [*plan.activities, *plan.stays, *plan.transport, *plan.costs]
    return [
        replace(item, how=How.AGENT, duration=None) if isinstance(item, Transport) else replace(item, how=How.AGENT)
        for item in items
        if item.how is How.RULE
    ]


def other_digits(text: str, rng: Random) -> str:
    places = [i for i, c in enumerate(text) if c.isdigit()]
    i = rng.choice(places)
    return text[:i] + rng.choice([d for d in "0123456789" if d != text[i]]) + text[i + 1 :]


def other_clock(clock: str, rng: Random) -> str:
    while (drawn := f"{rng.randrange(24):02}:{rng.randrange(60):02}") == clock:
        pass
    return drawn


def other_day(iso: str, days: list[date], rng: Random) -> str:
    """Another day: one that the document tells as well, or one near to it."""
    day = date.fromisoformat(iso[:10])
    return (
        rng.choice([one for one in [*days, day + timedelta(rng.randrange(1, 40))] if one != day]).isoformat() + iso[10:]
    )


def mutated(item: Item, days: list[date], rng: Random) -> Iterator[Item]:
    """The item with one value changed."""
    if isinstance(item, Activity):
        yield replace(item, date=other_day(item.date, days, rng))
        yield replace(item, title=f"{rng.choice(OTHER_NAMES)}")
        yield replace(item, time=other_clock(item.time or "", rng))
    elif isinstance(item, Stay):
        yield replace(item, name=rng.choice(OTHER_NAMES))
        if item.check_in and item.check_out:
            yield replace(item, check_in=other_day(item.check_in, [], rng), nights=None)
            yield replace(item, check_out=other_day(item.check_out, [], rng), nights=None)
            yield replace(item, nights=(item.nights or 0) + rng.randrange(1, 4))
        yield replace(item, check_in_time=other_clock(item.check_in_time or "", rng))
    elif isinstance(item, Transport):
        yield replace(item, depart=other_day(item.depart or "", [], rng))
        yield replace(item, depart=f"{(item.depart or '')[:10]}T{other_clock((item.depart or '')[11:16], rng)}")
        yield replace(item, origin=rng.choice(OTHER_NAMES))
        if item.number:
            yield replace(item, number=other_digits(item.number, rng))
        if item.origin and item.destination:
            yield replace(item, origin=item.destination, destination=item.origin)
    elif isinstance(item, Cost):
        yield replace(item, amount=Decimal(other_digits(str(item.amount), rng)))
        yield replace(item, currency="SEK" if item.currency != "SEK" else "CHF")


GROUND_TEXT = (
    "Mon 3 May 2027\n10:30 Walk\n12:00-13:30 Lunch at Pé\nUntil 17:00 Swimming\n"
    "Hotel Roma\nCheck-in: 3 May 2027 from 15:00\nCheck-out: 5 May 2027 until 11:00\n"
    "LH1784 Departure 09:15 Arrival 11:20\n"
    "Check-in Check-out 3 May 2027 5 May 2027\n"
)
FLIGHT = "LH1784 Departure 09:15 Arrival 11:20"
STAY = "Hotel Roma\nCheck-in: 3 May 2027 from 15:00\nCheck-out: 5 May 2027 until 11:00"
COLUMNS = "Check-in Check-out 3 May 2027 5 May 2027"


def activity(quote: str, title: str, **values: str) -> Activity:
    return replace(Activity(quote, How.AGENT, date="2027-05-03", title=title), **values)  # pyright: ignore[reportArgumentType]


def stay(**values: str) -> Stay:
    return replace(Stay(STAY, How.AGENT, name="Hotel Roma"), **values)  # pyright: ignore[reportArgumentType]


def flight(**values: str) -> Transport:
    return replace(Transport(FLIGHT, How.AGENT, mode="flight", number="LH1784"), **values)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("item", "stands"),
    [
        (activity("10:30 Walk", "Walk", time="10:30"), True),
        (activity("10:30 Walk", "Walk", end_time="10:30"), False),
        (activity("12:00-13:30 Lunch at Pé", "Lunch", time="12:00", end_time="13:30"), True),
        (activity("12:00-13:30 Lunch at Pé", "Lunch", time="13:30"), False),
        (activity("12:00-13:30 Lunch at Pé", "Lunch", end_time="12:00"), False),
        (activity("Until 17:00 Swimming", "Swimming", end_time="17:00"), True),
        (stay(check_in="2027-05-03", check_in_time="15:00"), True),
        (stay(check_in="2027-05-05"), False),
        (stay(check_out="2027-05-03"), False),
        (stay(check_in_time="11:00"), False),
        (stay(check_out_time="15:00"), False),
        (replace(stay(check_in="2027-05-03"), quote=f"{STAY}\n{FLIGHT}\n{COLUMNS}"), True),
        (flight(depart="2027-05-03T09:15"), True),
        (flight(depart="2027-05-03T11:20"), False),
        (flight(arrive="2027-05-03T09:15"), False),
    ],
)
def test_a_time_or_day_of_one_field_is_refused_in_the_other(item: Item, stands: bool) -> None:  # noqa: FBT001
    reason = why_not(item, read(GROUND_TEXT.encode()))
    assert (reason is None) == stands, reason


def grounds() -> Iterator[tuple[Ground, list[Item]]]:
    for path in inputs()[:: campaigns.rounds(3, 1)]:
        document = read(path.read_bytes(), filename=path.name)
        context = context_of(expected(path)["context"])
        if not document.parts and document.text:
            yield ground_of(document, context), true_items(document, context)
    for seed in range(campaigns.rounds(60, 900)):
        drawn = [programme, hotel, journey][seed % 3](Random(seed))
        document = read(drawn.body.encode(), filename="page.html" if drawn.html else "text.txt")
        yield ground_of(document), true_items(document, Context())


def changes_a_value(item: Item, changed: Item, ground: Ground) -> bool:
    """Return True if a mutation says what the document doesn't: a digit of "18" may give another true value."""
    if isinstance(item, Activity) and isinstance(changed, Activity) and changed.time != item.time:
        clock = changed.time or ""
        return clock not in item.quote and clock.lstrip("0") not in item.quote
    return item != changed and ground.plain != ""


def test_invented_values_are_refused_and_true_items_are_not() -> None:
    rng = Random(7)
    true = wrongly_refused = false = refused = 0
    slips: list[tuple[str | None, Item]] = []
    for ground, items in grounds():
        days = sorted({mark.day for mark in ground.reading.marks if mark.day})
        for item in items:
            reason = ground.why_not(item)
            true += 1
            wrongly_refused += reason is not None
            if reason is not None:
                slips.append((reason, item))
            for changed in mutated(item, days, rng):
                if not changes_a_value(item, changed, ground):
                    continue
                false += 1
                caught = ground.why_not(changed) is not None
                refused += caught
                if not caught:
                    slips.append((None, changed))
    assert false > 1_000
    assert (wrongly_refused <= true * 0.01, refused >= false * 0.99) == (True, True), (
        wrongly_refused,
        true,
        refused,
        false,
        slips[:12],
    )


def test_a_quote_must_stand_in_the_document_word_for_word() -> None:
    document = read(b"Saturday 12 June 2027: Porto\n10:00 Boat on the river\n15:00 Port cellar\n", filename="a.txt")
    item = Activity("10:00 Boat on the river", How.AGENT, date="2027-06-12", time="10:00", title="Boat on the river")
    assert why_not(item, document) is None
    assert why_not(replace(item, quote="10:00 Boat on the  river"), document) is None
    assert why_not(replace(item, quote="10:00 Boat on a river"), document) == NOT_THERE
    assert why_not(replace(item, quote="0:00 Boat on the river"), document) == NOT_THERE
    assert why_not(replace(item, quote=""), document)


def test_a_true_line_under_another_day_is_refused() -> None:
    document = read(
        b"Tag 1 - Sa, 12.06.2027\n10:00 Hafenrundfahrt\nTag 2 - So, 13.06.2027\n10:30 Museum\n",
        filename="a.txt",
    )
    item = Activity("10:30 Museum", How.AGENT, date="2027-06-13", time="10:30", title="Museum")
    assert why_not(item, document) is None
    assert why_not(replace(item, date="2027-06-12"), document)


def test_a_reason_quotes_nothing_from_the_document() -> None:
    document = read(b"12 June 2027 10:00 SECRET tour EUR 12.00\n", filename="a.txt")
    items: list[Item] = [
        Activity("10:00 SECRET tour", How.AGENT, date="2027-06-13", time="10:00", title="SECRET tour"),
        Cost("SECRET tour EUR 12.00", How.AGENT, amount=Decimal(13), currency="EUR"),
        Stay("SECRET tour", How.AGENT, name="OTHER"),
    ]
    for item in items:
        assert "SECRET" not in (why_not(item, document) or "SECRET")


def test_parts_of_a_mail_are_looked_through_too() -> None:
    part = read(b"Dinner 12 June 2027 20:00\n", filename="a.txt")
    mail = replace(part, lines=[], parts=[part])
    item = Activity("Dinner 12 June 2027 20:00", How.AGENT, date="2027-06-12", time="20:00", title="Dinner")
    assert why_not(item, mail) is None
