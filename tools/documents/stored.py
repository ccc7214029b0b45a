"""Documents that are stored, read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import documents
from database.hidden import unpacked
from tools.answers.errors import InvalidInput, NotFound
from tools.documents.obtaining import Obtained
from tools.documents.planned import loaded
from tools.documents.plans import Paper
from tools.documents.reading import read_document
from tools.trip.itinerary.times import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from database.engine import Database, Row


async def stored_papers(db: Database, trip: Mapping[str, Any], doc_ids: Sequence[int]) -> list[Paper]:
    """Read these documents of the trip again. Raises NotFound or InvalidInput."""
    rows = await documents.with_ids(db, trip["trip_id"], doc_ids)
    if missing := set(doc_ids) - {row["doc_id"] for row in rows}:
        raise NotFound(
            f"The trip has no document {min(missing)}.", "Send a doc_id that get_trip_documents lists for this trip."
        )
    known = (await documents.of_trips(db, [trip["trip_id"]]))[trip["trip_id"]]
    inner = [row["doc_id"] for row in known if row["parent_doc_id"] in set(doc_ids)]
    parts = await documents.with_ids(db, trip["trip_id"], inner) if inner else []
    return [await _paper(trip, row, [part for part in parts if part["parent_doc_id"] == row["doc_id"]]) for row in rows]


async def unparsed(db: Database, trip_id: int) -> list[int]:
    """Return the ids of the trip's documents that are not in its itinerary yet. Raises NotFound if there are none."""
    rows = (await documents.of_trips(db, [trip_id]))[trip_id]
    found = [row["doc_id"] for row in rows if row["parsed_at"] is None and row["parent_doc_id"] is None]
    if not found:
        raise NotFound(
            "The trip has no imported document that is not in its itinerary yet.",
            "Send a url, or a doc_id from get_trip_documents, or import one with import_trip_document.",
        )
    return found


async def _paper(trip: Mapping[str, Any], row: Row, parts: Sequence[Row]) -> Paper:
    content, content_type = _content(row, parts)
    obtained = Obtained(content, "file", filename=row["filename"], content_type=content_type)
    reading = await read_document(obtained, [trip], stamp(row["received_at"]))
    # Without its bytes, a document's plan can't be found again as well as it was found at first.
    plan = loaded(row["plan"]) if row["plan"] and not row["raw"] and not row["html"] else None
    return Paper(reading, row["doc_id"], None, row["received_at"] or row["fetched_at"] or row["created_at"], plan)


def _content(row: Row, parts: Sequence[Row]) -> tuple[bytes, str | None]:
    """Return the bytes of the document, or the text that was kept of it, with their type."""
    if row["raw"]:
        return unpacked(row["raw"]), row["content_type"]
    if row["html"]:
        return str(row["html"]).encode("utf-8", "replace"), "text/html"
    text = "\n".join(one["text"] for one in (row, *parts) if one["text"])
    if text:
        return text.encode("utf-8", "replace"), "text/plain"
    raise InvalidInput(
        f"Neither the text nor the bytes of document {row['doc_id']} were kept.", "Import it again, and keep them."
    )
