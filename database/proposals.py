"""Queries and statements for the versions of proposals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database.engine import Statement
from database.markup import without_person

if TYPE_CHECKING:
    from database.engine import Database, Row
    from database.redaction import Traces

# Pages that are read at once: each may have 1 MB.
PAGES_AT_ONCE = 4


class Version(NamedTuple):
    """A version of a trip's proposal as stored. `fingerprint` identifies what it was made from."""

    trip_id: int
    version: int
    template: str
    made_on: str
    fingerprint: str
    snapshot: str
    html: str
    created_at: str


class Page(NamedTuple):
    """The page of a version."""

    proposal_id: int
    trip_id: int
    html: str


async def last(db: Database, trip_id: int) -> Row | None:
    """Return the trip's last version without its content, or None."""
    rows = await db.read(LAST, (trip_id,))
    return rows[0] if rows else None


async def version(db: Database, trip_id: int, number: int) -> Row | None:
    """Return the columns of `Version`, or None."""
    rows = await db.read(VERSION, (trip_id, number))
    return rows[0] if rows else None


async def of_trip_called(db: Database, trip: str, number: str) -> Row | None:
    """Return a version of the trip with this id or slug, or None."""
    rows = await db.read(OF_TRIP_CALLED, (trip, number))
    return rows[0] if rows else None


async def pages_naming(db: Database, traces: Traces) -> list[Page]:
    """Return the pages that name the person, without them."""
    found: list[Page] = []
    last = 0
    while rows := await db.read(PAGES, (last, PAGES_AT_ONCE)):
        last = rows[-1]["proposal_id"]
        for row in rows:
            cleaned = await asyncio.to_thread(without_person, row["html"], traces)
            if cleaned != row["html"]:
                found.append(Page(row["proposal_id"], row["trip_id"], cleaned))
    return found


def replace_page(page: Page) -> Statement:
    return Statement(REPLACE_PAGE, (page.proposal_id, page.html))


def guard_next(trip_id: int, number: int) -> Statement:
    """Fail the batch unless the trip is still there and this is the number of its next version."""
    return Statement(GUARD_NEXT, (trip_id, number))


def insert(new: Version) -> Statement:
    return Statement(INSERT, new)


LAST: LiteralString = """
SELECT p.version, p.made_on, p.fingerprint
FROM trip_proposals p WHERE p.trip_id = CAST(? AS INTEGER)
ORDER BY p.version DESC LIMIT 1
"""

VERSION: LiteralString = """
SELECT p.trip_id, p.version, p.template, p.made_on, p.fingerprint, p.snapshot, p.html, p.created_at
FROM trip_proposals p WHERE p.trip_id = CAST(? AS INTEGER) AND p.version = CAST(? AS INTEGER)
ORDER BY p.proposal_id DESC LIMIT 1
"""

OF_TRIP_CALLED: LiteralString = """
SELECT p.html, p.snapshot, p.created_at
FROM trip_proposals p JOIN trips_v2 t ON t.trip_id = p.trip_id
WHERE CAST(p.version AS TEXT) = ?2 AND (CAST(t.trip_id AS TEXT) = ?1 OR t.trip_slug = ?1)
ORDER BY CAST(t.trip_id AS TEXT) = ?1 DESC, p.proposal_id DESC LIMIT 1
"""

PAGES: LiteralString = """
SELECT p.proposal_id, p.trip_id, p.html FROM trip_proposals p
WHERE p.proposal_id > CAST(?1 AS INTEGER)
ORDER BY p.proposal_id LIMIT CAST(?2 AS INTEGER)
"""

# A version that was changed is not made again by the call that made it.
REPLACE_PAGE: LiteralString = """
UPDATE trip_proposals SET html = ?2, fingerprint = '' WHERE proposal_id = CAST(?1 AS INTEGER)
"""

GUARD_NEXT: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM trips_v2 WHERE trip_id = CAST(?1 AS INTEGER))
   OR CAST(?2 AS INTEGER) <> (
       SELECT 1 + coalesce(max(p.version), 0) FROM trip_proposals p WHERE p.trip_id = CAST(?1 AS INTEGER))
"""

INSERT: LiteralString = """
INSERT INTO trip_proposals (trip_id, version, template, made_on, fingerprint, snapshot, html, created_at)
VALUES (CAST(? AS INTEGER), CAST(? AS INTEGER), ?, ?, ?, ?, ?, ?)
"""
