"""Store a document as part of a draft: once, with its parts, and without what must not be kept."""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from database import documents
from database.documents import RAW_BYTES, ROW_BYTES, Stored
from documents.model import Document, Kind
from tools.documents.obtaining import clean_name
from tools.documents.planned import dumped
from tools.trip.shapes import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from documents.model import Plan
    from tools.documents.reading import Reading
    from tools.trip.draft import TripDraft

# The most characters of a document's text that a row holds besides its bytes.
TITLE_LENGTH = 500

_TYPES = {
    Kind.TEXT: "text/plain",
    Kind.PAGE: "text/html",
    Kind.MAIL: "message/rfc822",
    Kind.CALENDAR: "text/calendar",
    Kind.PDF: "application/pdf",
}


@dataclass(frozen=True)
class Keeping:
    """The parts of a document to keep, and whether it replaces an earlier one from the same address."""

    tag: str | None = None
    raw: bool = True
    text: bool = True
    in_place: bool = False


@dataclass(frozen=True)
class Filed:
    """A stored document. `doc_id` is a placeholder for its id if it is new, and `saved` the bytes that are kept."""

    doc_id: int
    sha256: str
    unchanged: bool
    saved: int
    parts: list[int]


def file_document(draft: TripDraft, reading: Reading, plan: Plan, keeping: Keeping) -> Filed:
    """Store the document in the draft's batch, unless the trip has one of the same bytes."""
    sha256, papers = reading.obtained.sha256, draft.papers
    if known := papers.with_hash(sha256):
        parts = [row["doc_id"] for row in papers.known if row["parent_doc_id"] == known["doc_id"]]
        return Filed(known["doc_id"], sha256, unchanged=True, saved=0, parts=parts)
    rows = list(_rows(reading, plan, keeping))
    earlier = _earlier(draft, reading) if keeping.in_place else None
    doc_id = _write(draft, rows[0], earlier, None)
    parts = [_write(draft, row, None, doc_id) for row in rows[1:] if papers.with_hash(row.sha256) is None]
    verb = "Replaced" if earlier else "Imported"
    draft.log("DocumentImported", f"{verb} a document of {rows[0].size_bytes} bytes, with {len(parts)} parts")
    saved = sum(len(text.encode()) for row in rows for text in (row.raw, row.text) if text)
    return Filed(doc_id, sha256, unchanged=False, saved=saved, parts=parts)


def part_hash(parent: str, number: int, part: Document) -> str:
    """Return what identifies a part, whose own bytes are not known: a hash of its text, else of its place."""
    text = _text(part)
    told = f"{part.kind}\0{part.filename or ''}\0{text}" if text else f"{parent}/{number}"
    return hashlib.sha256(told.encode()).hexdigest()


def _earlier(draft: TripDraft, reading: Reading) -> Mapping[str, Any] | None:
    """Return the last document from the same address."""
    url = reading.obtained.url
    same = [row for row in draft.papers.read or [] if url is not None and row["url"] == url]
    return same[-1] if same else None


def _write(draft: TripDraft, row: Stored, earlier: Mapping[str, Any] | None, parent: int | None) -> int:
    papers = draft.papers
    if earlier:
        doc_id: int = earlier["doc_id"]
        papers.writes += documents.replace(draft.trip_id, doc_id, row)
        papers.read = papers.read or []
    else:
        doc_id = draft.later.doc_id(draft.trip_id, row.sha256)
        papers.writes.append(documents.insert(draft.trip_id, row, draft.now))
    papers.added.append({"doc_id": doc_id, "parent_doc_id": parent, "sha256": row.sha256, "url": row.url})
    return doc_id


def _rows(reading: Reading, plan: Plan, keeping: Keeping) -> Iterator[Stored]:
    obtained, document = reading.obtained, reading.document
    whole = Stored(
        sha256=obtained.sha256,
        parent_sha256=None,
        source=obtained.source,
        url=obtained.url,
        final_url=obtained.final_url,
        filename=obtained.name or clean_name(document.filename),
        content_type=obtained.content_type or _TYPES.get(document.kind, str(document.kind)),
        size_bytes=len(obtained.content),
        title=_title(document),
        language=document.language,
        tag=keeping.tag,
        received_at=reading.sent_at.isoformat() if reading.sent_at else None,
        fetched_at=obtained.fetched_at,
        text=_text(document) if keeping.text else None,
        raw=None,
        plan=_plan(plan),
    )
    room = ROW_BYTES - sum(len(value.encode()) for value in whole if isinstance(value, str))
    raw = _raw(obtained.content, min(room, RAW_BYTES)) if keeping.raw and not reading.has_cards else None
    yield whole._replace(raw=raw)
    yield from _parts(document, whole, keeping)


def _parts(document: Document, parent: Stored, keeping: Keeping) -> Iterator[Stored]:
    for number, part in enumerate(document.parts, 1):
        text = _text(part)
        row = replace_part(parent, part, part_hash(parent.sha256, number, part), text if keeping.text else None)
        yield row
        yield from _parts(part, row, keeping)


def replace_part(parent: Stored, part: Document, sha256: str, text: str | None) -> Stored:
    """Return the row of a part. Its bytes are those of its document, so that they are not kept twice."""
    return parent._replace(
        sha256=sha256,
        parent_sha256=parent.sha256,
        source="part",
        url=None,
        final_url=None,
        filename=clean_name(part.filename),
        content_type=_TYPES.get(part.kind, str(part.kind)),
        size_bytes=len(_text(part).encode()),
        title=_title(part),
        language=part.language,
        received_at=part.sent_at.isoformat() if part.sent_at else parent.received_at,
        text=text,
        raw=None,
        plan=None,
    )


def _title(document: Document) -> str | None:
    title = replace_surrogates(document.title or document.subject)
    return title[:TITLE_LENGTH] if title else None


def _text(document: Document) -> str:
    return replace_surrogates(document.text).replace("\0", "")


def _plan(plan: Plan) -> str | None:
    """Return the plan as JSON, without its unread lines if it is too long for a row."""
    text = dumped(plan)
    if len(text.encode()) > ROW_BYTES // 4:
        text = dumped(replace(plan, unread=[], unresolved=[]))
    return text if len(text.encode()) <= ROW_BYTES // 4 else None


def _raw(content: bytes, room: int) -> str | None:
    stored = base64.b64encode(zlib.compress(content, 6)).decode()
    return stored if len(stored) <= room else None
