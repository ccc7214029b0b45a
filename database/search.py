"""Full-text search over trips and clients."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row

# Trips and clients that are looked at closely, however many hold the words: what keeps the time flat.
CANDIDATES = 300

_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")


def words_in(text: str) -> list[str]:
    """The words of a text as the index cuts them, none twice."""
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))


async def trips_with_words(
    db: Database, words: Sequence[str], needed: int, limit: int, *, in_notes: bool = False
) -> list[Row]:
    """Trips in which at least `needed` of the words begin a word, those with most first.

    Looked through are name, destinations, group, the names and e-mails of the clients, and the notes if asked. A word
    with a digit in it must be a whole word: no trip is matched by part of a number.
    """
    terms = [_term(word) for word in words]
    joined = " AND ".join(terms) if needed == len(words) else " OR ".join(terms)
    columns = "" if in_notes else "{name destinations group_name} : "
    each = json.dumps([[f"{columns}{term}", term] for term in terms])
    return await db.read(TRIPS, (f"{columns}({joined})", " OR ".join(terms), each, needed, CANDIDATES, limit))


async def clients_with_words(db: Database, words: Sequence[str], needed: int, limit: int) -> list[Row]:
    """Clients in whose name or e-mail at least `needed` of the words begin a word, those with most first."""
    terms = [_term(word) for word in words]
    joined = " AND ".join(terms) if needed == len(words) else " OR ".join(terms)
    return await db.read(CLIENTS, (joined, json.dumps(terms), CANDIDATES, limit))


def _term(word: str) -> str:
    """The word as the index is asked for it."""
    return f'"{word}"' if _DIGIT.search(word) else f'"{word}"*'


TRIPS: LiteralString = """
SELECT m.trip_id, m.trip_name, m.trip_slug, m.status, m.start_date, m.end_date, m.destinations, m.total_cost
FROM (
    SELECT t.*, (
        SELECT count(*) FROM json_each(?3) w
        WHERE EXISTS (SELECT 1 FROM trip_search s WHERE s.rowid = t.trip_id AND s.trip_search MATCH (w.value ->> 0))
           OR EXISTS (
               SELECT 1
               FROM trip_client_assignments a
               CROSS JOIN clients_v2 c ON c.email = a.client_email
               CROSS JOIN client_search s ON s.rowid = c.client_id
               WHERE a.trip_id = t.trip_id AND s.client_search MATCH (w.value ->> 1))
    ) AS found
    FROM (
        SELECT * FROM (SELECT rowid AS trip_id FROM trip_search WHERE trip_search MATCH ?1 LIMIT CAST(?5 AS INTEGER))
        UNION
        SELECT * FROM (
            SELECT a.trip_id
            FROM (SELECT rowid AS client_id FROM client_search WHERE client_search MATCH ?2 LIMIT CAST(?5 AS INTEGER)) k
            CROSS JOIN clients_v2 c ON c.client_id = k.client_id
            CROSS JOIN trip_client_assignments a ON a.client_email = c.email
            LIMIT CAST(?5 AS INTEGER))
    ) candidate
    JOIN trips_v2 t ON t.trip_id = candidate.trip_id
) m
WHERE m.found >= CAST(?4 AS INTEGER)
ORDER BY m.found DESC, m.updated_at DESC, m.trip_id
LIMIT CAST(?6 AS INTEGER)
"""

CLIENTS: LiteralString = """
SELECT m.client_id, m.email, m.full_name, m.contact_info, m.preferences
FROM (
    SELECT c.*, (
        SELECT count(*) FROM json_each(?2) w
        WHERE EXISTS (SELECT 1 FROM client_search s WHERE s.rowid = c.client_id AND s.client_search MATCH w.value)
    ) AS found
    FROM (SELECT rowid AS client_id FROM client_search WHERE client_search MATCH ?1 LIMIT CAST(?3 AS INTEGER)) k
    CROSS JOIN clients_v2 c ON c.client_id = k.client_id
) m
ORDER BY m.found DESC, m.full_name, m.client_id
LIMIT CAST(?4 AS INTEGER)
"""
