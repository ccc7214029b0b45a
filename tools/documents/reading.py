"""A document as it was read, and the plan that is found in it for a trip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from documents.model import Context, Document
from tools.documents.faults import in_thread, told_apart
from tools.trip import shapes
from tools.trip.itinerary import times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from documents.model import Plan
    from tools.documents.obtaining import Obtained

Strategy = Literal["schedule_first", "full_text"]


@dataclass(frozen=True)
class Reading:
    """A document as it was read. `has_cards` is true if it has numbers of payment cards, masked or hidden."""

    obtained: Obtained
    document: Document
    has_cards: bool = False
    received_at: datetime | None = None

    @property
    def text(self) -> str:
        """The text of the document and of its parts, which quotes are checked against."""
        return "\n".join(one.text for one in family(self.document))

    @property
    def sent_at(self) -> datetime | None:
        return self.received_at or self.document.sent_at


async def read_document(
    obtained: Obtained, trips: Sequence[Mapping[str, Any]], received_at: datetime | None = None
) -> Reading:
    """Read a document for these trips. Raises ToolFault if it can't be read."""
    document, has_cards = await in_thread(lambda: _read(obtained, trips))
    return Reading(obtained, document, has_cards, received_at)


def _read(obtained: Obtained, trips: Sequence[Mapping[str, Any]]) -> tuple[Document, bool]:
    """Return the document without card numbers, and True if its text or anything in its bytes had any."""
    from documents.cards import holds_card  # noqa: PLC0415 - most calls read no document
    from documents.reading import read  # noqa: PLC0415 - the same
    from tools.documents.cards import without_cards  # noqa: PLC0415 - the same

    document = read(
        obtained.content,
        filename=obtained.filename,
        content_type=obtained.content_type,
        around=_around(trips),
    )
    document, has_cards = without_cards(document)
    return document, has_cards or holds_card(obtained.content)


def family(document: Document) -> list[Document]:
    """Return the document and its parts, and theirs."""
    return [document, *(one for part in document.parts for one in family(part))]


def plan_for(reading: Reading, trip: Mapping[str, Any], strategy: Strategy = "schedule_first") -> Plan:
    """Find what the document says for this trip, which has its dates, cost and financials."""
    from documents.planning import plan_of  # noqa: PLC0415 - most calls read no document

    with told_apart():
        document = _plain(reading.document) if strategy == "full_text" else reading.document
        return plan_of(document, context_of(trip, reading.received_at))


def context_of(trip: Mapping[str, Any], received_at: datetime | None) -> Context:
    """Return what is known besides a document. A currency counts only with a cost: else nobody may have chosen it."""
    known = shapes.as_object(shapes.load_json(trip["financials"]), "earlier").get("currency")
    currency = known if isinstance(known, str) and trip["total_cost"] else None
    return Context(times.day_of(trip["start_date"]), times.day_of(trip["end_date"]), currency, received_at)


def _plain(document: Document) -> Document:
    """Return the document without its structured data."""
    return replace(document, nodes=[], parts=[_plain(part) for part in document.parts])


def _around(trips: Sequence[Mapping[str, Any]]) -> tuple[date, date] | None:
    days = [day for trip in trips for name in ("start_date", "end_date") if (day := times.day_of(trip[name]))]
    return (min(days), max(days)) if days else None
