"""The context of a template: a trip as its clients see it. A commission, which is no field here, reaches no proposal.

Every text is on one line or has plain line breaks, without hidden characters. "" stands for what is not known.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Agency(Part):
    """The sender, from the agency file.

    `logo` is a data: URL, `on_color` is for text on the color, and `ink` is the color where it is text.
    """

    name: str = ""
    advisor: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    website: str = ""
    paper: str = "A4"
    color: str = "#23465c"
    on_color: str = "#ffffff"
    ink: str = "#23465c"
    logo: str = ""


class Entry(Part):
    """An item of a day, or a ride on it. `kind` is "activity" or "transport"; times are HH:MM or words.

    `confirmation` and `uid` are for the calendar.
    """

    kind: str
    title: str
    place: str = ""
    time: str = ""
    end_time: str = ""
    end_date: str = ""
    confirmation: str = ""
    uid: str = ""


class Stay(Part):
    name: str
    city: str = ""
    check_in: str = ""
    check_out: str = ""
    nights: int | None = None
    confirmation: str = ""
    uid: str = ""


class Day(Part):
    """A day of the itinerary, with the stays that begin on it. `number` counts from the first day of the trip."""

    number: int | None
    date: str
    title: str
    description: str
    entries: list[Entry]
    stays: list[Stay]


class Trip(Part):
    """A trip. `people` travel; `travelers` names the first of them. Amounts are decimal texts in `currency`.

    `uid` tells the trip from those of other agencies in a calendar.
    """

    id: int
    uid: str
    name: str
    destinations: str
    start: str
    end: str
    nights: int | None
    prepared_for: str
    travelers: list[str]
    people: int
    currency: str
    total: str
    paid: str
    days: list[Day]
    stays: list[Stay]
    notes: list[str]


class Price(Part):
    label: str
    unit: str
    amount: str


class Due(Part):
    label: str
    date: str
    amount: str


class Proposal(Part):
    """The context of a template."""

    agency: Agency
    trip: Trip
    prices: list[Price]
    included: list[str]
    excluded: list[str]
    payments: list[Due]
    terms: list[str]
    made_on: str
    valid_until: str
    version: int
