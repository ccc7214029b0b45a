"""Queries and statements for imported documents, and for what in them the items of an itinerary came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from database.engine import Database, Row

# How much of a document a row can hold, in bytes: the hosted engine takes rows of at most 2 MB.
ROW_BYTES = 1_900_000

# The most of the bytes of a document that is kept, as stored.
RAW_BYTES = 1_500_000


class Stored(NamedTuple):
    """A document as stored, except for its trip. `parent_sha256` is that of the document that it is a part of."""

    sha256: str
    parent_sha256: str | None
    source: str
    url: str | None
    final_url: str | None
    filename: str | None
    content_type: str | None
    size_bytes: int
    title: str | None
    language: str | None
    tag: str | None
    received_at: str | None
    fetched_at: str | None
    text: str | None
    raw: str | None
    plan: str | None


class Source(NamedTuple):
    """The words of a document that state an item of the itinerary, and how it was found there."""

    item_id: str
    sha256: str | None
    doc_id: int | None
    quote: str
    how: str


async def of_trips(db: Database, trip_ids: Sequence[int]) -> dict[int, list[Row]]:
    """Return what is known of the documents of each trip, oldest first, without their contents."""
    found: dict[int, list[Row]] = {trip_id: [] for trip_id in trip_ids}
    for row in await db.read(OF_TRIPS, (json.dumps(list(trip_ids)),)) if trip_ids else []:
        found[row["trip_id"]].append(row)
    return found


async def sources_of_trips(db: Database, trip_ids: Sequence[int]) -> dict[int, list[Row]]:
    """Return which document each item came from, when that was received, and `dated`, if it is told."""
    found: dict[int, list[Row]] = {trip_id: [] for trip_id in trip_ids}
    for row in await db.read(SOURCES, (json.dumps(list(trip_ids)),)) if trip_ids else []:
        found[row["trip_id"]].append(row)
    return found


async def page(db: Database, trip_id: int, limit: int) -> list[Row]:
    """Return the trip's documents, latest first, without their contents."""
    return await db.read(PAGE, (trip_id, limit))


async def with_ids(db: Database, trip_id: int, doc_ids: Sequence[int]) -> list[Row]:
    """Return these documents of the trip with their contents, oldest first."""
    return await db.read(WITH_IDS, (trip_id, json.dumps(list(doc_ids))))


async def count(db: Database, trip_id: int) -> int:
    return (await db.read(COUNT, (trip_id,)))[0]["n"]


def guard_unchanged(trip_id: int, read: Iterable[Row]) -> Statement:
    """Fail the batch if the trip's documents changed since they were read."""
    return Statement(GUARD, (trip_id, json.dumps([[row["doc_id"], row["sha256"], row["parsed_at"]] for row in read])))


def insert(trip_id: int, document: Stored, now: str) -> Statement:
    """Store a new document. The document that it is a part of must be stored before it."""
    return Statement(INSERT, (trip_id, now, *document))


def replace(trip_id: int, doc_id: int, document: Stored) -> list[Statement]:
    """Store a document in place of an earlier one, which keeps its id, and forget the parts of that one."""
    return [
        Statement(FORGET_PARTS, (trip_id, doc_id)),
        Statement(REPLACE, (trip_id, doc_id, *document)),
    ]


def mark_parsed(trip_id: int, doc_ids: Sequence[int], hashes: Sequence[str], now: str) -> Statement:
    """Note that these documents were put into the itinerary; a document is named by its id or its SHA-256."""
    return Statement(MARK_PARSED, (trip_id, json.dumps(list(doc_ids)), json.dumps(list(hashes)), now))


def add_sources(trip_id: int, sources: Sequence[Source]) -> Statement:
    """Note what the items came from. A source that is already noted is not noted again."""
    return Statement(ADD_SOURCES, (trip_id, json.dumps(sources, ensure_ascii=False)))


def forget_raw(doc_ids: Sequence[int], trip_ids: Sequence[int]) -> Statement:
    """Forget the bytes of these documents, of those that they belong to, and of all documents of these trips."""
    return Statement(FORGET_RAW, (json.dumps(list(doc_ids)), json.dumps(list(trip_ids))))


async def with_raw(db: Database, doc_ids: Sequence[int], trip_ids: Sequence[int]) -> int:
    """Count the documents whose bytes `forget_raw` would forget."""
    return (await db.read(COUNT_RAW, (json.dumps(list(doc_ids)), json.dumps(list(trip_ids)))))[0]["n"]


_KNOWN: LiteralString = """
       d.trip_id, d.doc_id, d.parent_doc_id, d.source, d.url, d.final_url, d.filename, d.content_type, d.size_bytes,
       d.title, d.language, d.tag, d.received_at, d.fetched_at, d.created_at, d.sha256, d.parsed_at"""

OF_TRIPS: LiteralString = (
    "SELECT"
    + _KNOWN
    + """
FROM json_each(?) w CROSS JOIN trip_external_docs d ON d.trip_id = w.value
ORDER BY d.doc_id
"""
)

SOURCES: LiteralString = """
SELECT s.source_id, s.trip_id, s.item_id, s.doc_id, d.received_at AS dated,
       coalesce(d.received_at, d.fetched_at, d.created_at) AS at
FROM json_each(?) w CROSS JOIN trip_item_sources s ON s.trip_id = w.value
LEFT JOIN trip_external_docs d ON d.doc_id = s.doc_id
ORDER BY s.source_id
"""

PAGE: LiteralString = (
    "SELECT"
    + _KNOWN
    + ", count(*) OVER () AS total\nFROM trip_external_docs d WHERE d.trip_id = CAST(?1 AS INTEGER)\n"
    + "ORDER BY d.doc_id DESC LIMIT CAST(?2 AS INTEGER)"
)

WITH_IDS: LiteralString = (
    "SELECT"
    + _KNOWN
    + """, d.html, d.text, d.raw, d.plan
FROM trip_external_docs d
WHERE d.trip_id = CAST(?1 AS INTEGER) AND d.doc_id IN (SELECT w.value FROM json_each(?2) w)
ORDER BY d.doc_id
"""
)

COUNT: LiteralString = "SELECT count(*) AS n FROM trip_external_docs WHERE trip_id = CAST(? AS INTEGER)"

GUARD: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE (
    SELECT json_group_array(json_array(d.doc_id, d.sha256, d.parsed_at))
    FROM (SELECT * FROM trip_external_docs q WHERE q.trip_id = CAST(?1 AS INTEGER) ORDER BY q.doc_id) d
) IS NOT json(?2)
"""

INSERT: LiteralString = """
INSERT INTO trip_external_docs (
    trip_id, created_at, sha256, parent_doc_id, source, url, final_url, filename, content_type, size_bytes, title,
    language, tag, received_at, fetched_at, text, raw, plan)
SELECT CAST(?1 AS INTEGER), ?2, ?3,
       (SELECT p.doc_id FROM trip_external_docs p WHERE p.trip_id = CAST(?1 AS INTEGER) AND p.sha256 = ?4),
       ?5, ?6, ?7, ?8, ?9, CAST(?10 AS INTEGER), ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18
"""

REPLACE: LiteralString = """
UPDATE trip_external_docs
SET sha256 = ?3,
    parent_doc_id = (SELECT p.doc_id FROM trip_external_docs p WHERE p.trip_id = CAST(?1 AS INTEGER) AND p.sha256 = ?4),
    source = ?5, url = ?6, final_url = ?7, filename = ?8, content_type = ?9, size_bytes = CAST(?10 AS INTEGER),
    title = ?11, language = ?12, tag = ?13, received_at = ?14, fetched_at = ?15, html = NULL, text = ?16, raw = ?17,
    plan = ?18, parsed_at = NULL
WHERE trip_id = CAST(?1 AS INTEGER) AND doc_id = CAST(?2 AS INTEGER)
"""

FORGET_PARTS: LiteralString = """
DELETE FROM trip_external_docs WHERE trip_id = CAST(?1 AS INTEGER) AND parent_doc_id = CAST(?2 AS INTEGER)
"""

MARK_PARSED: LiteralString = """
UPDATE trip_external_docs SET parsed_at = ?4
WHERE trip_id = CAST(?1 AS INTEGER)
  AND (doc_id IN (SELECT w.value FROM json_each(?2) w) OR parent_doc_id IN (SELECT w.value FROM json_each(?2) w)
       OR sha256 IN (SELECT w.value FROM json_each(?3) w)
       OR parent_doc_id IN (
           SELECT p.doc_id FROM trip_external_docs p
           WHERE p.trip_id = CAST(?1 AS INTEGER) AND p.sha256 IN (SELECT w.value FROM json_each(?3) w)))
"""

ADD_SOURCES: LiteralString = """
INSERT INTO trip_item_sources (trip_id, item_id, doc_id, quote, how)
SELECT CAST(?1 AS INTEGER), n.item_id, n.doc_id, n.quote, n.how
FROM (
    SELECT w.key AS place, w.value ->> 0 AS item_id, w.value ->> 3 AS quote, w.value ->> 4 AS how,
           coalesce(w.value ->> 2, (
               SELECT d.doc_id FROM trip_external_docs d
               WHERE d.trip_id = CAST(?1 AS INTEGER) AND d.sha256 = w.value ->> 1)) AS doc_id
    FROM json_each(?2) w
) n
WHERE n.doc_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM trip_item_sources s
    WHERE s.trip_id = CAST(?1 AS INTEGER) AND s.item_id = n.item_id AND s.doc_id = n.doc_id AND s.quote = n.quote)
ORDER BY n.place
"""

# A document holds its parts, so the bytes of a part's document hold what the part holds.
_HAS_RAW: LiteralString = """
WHERE raw IS NOT NULL AND (
    trip_id IN (SELECT w.value FROM json_each(?2) w)
    OR doc_id IN (SELECT w.value FROM json_each(?1) w)
    OR parent_doc_id IN (SELECT w.value FROM json_each(?1) w)
    OR doc_id IN (
        SELECT d.parent_doc_id FROM trip_external_docs d WHERE d.doc_id IN (SELECT w.value FROM json_each(?1) w)))
"""

COUNT_RAW: LiteralString = "SELECT count(*) AS n FROM trip_external_docs" + _HAS_RAW

FORGET_RAW: LiteralString = "UPDATE trip_external_docs SET raw = NULL" + _HAS_RAW
