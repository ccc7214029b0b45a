"""The content of a document: first as it was read, then as the plan that was found in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal


class Kind(StrEnum):
    TEXT = "text"
    PAGE = "page"
    MAIL = "mail"
    CALENDAR = "calendar"
    PDF = "pdf"
    PASS = "pass"  # noqa: S105 - a wallet's, not a secret
    # None that voygen reads, such as a picture: stored, and said.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of visible text, as a person sees it: spaces collapsed, entities decoded, hidden text left out."""

    text: str
    # 1 to 6 for a heading, 0 for the rest.
    level: int = 0
    # The cells of a table's row; empty outside tables.
    cells: tuple[str, ...] = ()
    # Whether a line is an item of a list.
    item: bool = False
    # A mail's quoted header or a reply's earlier text counts like any other; a page's menu and footer are marked.
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence of a calendar's entry. Times are local and as written."""

    uid: str
    summary: str
    # ISO 8601: a date for whole days, else a local date and time; with "Z" if it was given in UTC.
    start: str
    end: str | None
    # IANA names, if the file gives them.
    start_zone: str | None = None
    end_zone: str | None = None
    location: str = ""
    description: str = ""
    cancelled: bool = False
    sequence: int = 0


@dataclass(slots=True)
class Document:
    """A document as it was read. Attachments and forwarded mails are its parts."""

    kind: Kind
    lines: list[Line] = field(default_factory=list[Line])
    title: str | None = None
    # A BCP 47 tag that the document declares.
    language: str | None = None
    filename: str | None = None
    # The day a mail was sent, for years that it leaves out; a forwarded mail has its own.
    sent_at: datetime | None = None
    subject: str | None = None
    # schema.org objects of JSON-LD and microdata in one shape: {"@type": ..., name: value}, graphs flattened.
    nodes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    events: list[Event] = field(default_factory=list[Event])
    parts: list[Document] = field(default_factory=list["Document"])
    # What was left out and why, such as pages beyond a limit, in words that quote nothing from the document.
    left_out: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        """The visible text, a line each. Quotes are checked against it."""
        return "\n".join(line.text for line in self.lines)


class How(StrEnum):
    """The way an item was found."""

    STRUCTURED = "structured"
    RULE = "rule"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Context:
    """Knowledge from outside the document: the trip's dates and currency, and when the document was received."""

    trip_start: date | None = None
    trip_end: date | None = None
    trip_currency: str | None = None
    received_at: datetime | None = None


@dataclass(slots=True)
class Item:
    """The fields of all kinds of items. `quote` holds the words of the document that state the item, verbatim."""

    quote: str
    how: How
    confirmation: str | None = None
    cancelled: bool = False


@dataclass(slots=True)
class Day:
    # ISO 8601.
    date: str
    title: str | None = None
    quote: str = ""


@dataclass(slots=True)
class Activity(Item):
    date: str = ""
    # HH:MM, local.
    time: str | None = None
    end_time: str | None = None
    title: str = ""
    location: str | None = None


@dataclass(slots=True)
class Stay(Item):
    name: str = ""
    # ISO 8601 dates; nights only from both of them.
    check_in: str | None = None
    check_out: str | None = None
    nights: int | None = None
    # HH:MM, local.
    check_in_time: str | None = None
    check_out_time: str | None = None
    location: str | None = None
    room: str | None = None
    rooms: int | None = None


@dataclass(slots=True)
class Transport(Item):
    # One of: flight, train, bus, ferry, car, transfer, other.
    mode: str = "other"
    # The service's number, such as NZ5 or ICE 578.
    number: str | None = None
    carrier: str | None = None
    origin: str | None = None
    destination: str | None = None
    # Local, ISO 8601: a date, or a date and time YYYY-MM-DDTHH:MM; with "Z" only if the document gave UTC alone.
    depart: str | None = None
    arrive: str | None = None
    # Seconds between two known zones; never from local times alone.
    duration: int | None = None


@dataclass(slots=True)
class Cost(Item):
    amount: Decimal | None = None
    # ISO 4217.
    currency: str | None = None
    # One of: total, paid, deposit, balance, tax, item, optional, range.
    of: str = "item"
    label: str | None = None
    # ISO 8601, of a deposit or balance.
    due: str | None = None


@dataclass(slots=True)
class Cancellation(Item):
    """A booking that is told to be cancelled by its number alone, so that what was booked is not known."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Something that is there but not settled: `why` in one sentence of ours, `quotes` verbatim."""

    kind: str
    why: str
    quotes: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """The findings. A cost is told, not added up."""

    days: list[Day] = field(default_factory=list[Day])
    activities: list[Activity] = field(default_factory=list[Activity])
    stays: list[Stay] = field(default_factory=list[Stay])
    transport: list[Transport] = field(default_factory=list[Transport])
    costs: list[Cost] = field(default_factory=list[Cost])
    cancellations: list[Cancellation] = field(default_factory=list[Cancellation])
    unresolved: list[Unresolved] = field(default_factory=list[Unresolved])
    # Lines that hold a date, time or amount and that no item covers.
    unread: list[str] = field(default_factory=list[str])
    left_out: list[str] = field(default_factory=list[str])
