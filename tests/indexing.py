"""The expected content of the full-text index, derived from the tables alone, and the actual content."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from unicodedata import combining, normalize

from anyascii import anyascii

from database.scripts import LETTERS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "Ä": "ae", "Ö": "oe", "Ü": "ue", "Å": "aa"}

# A word in a column of a document: table, row, column, word.
Word: TypeAlias = tuple[str, int, str, str]

WORDS = """
CREATE VIRTUAL TABLE IF NOT EXISTS temp.{table}_words USING fts5vocab(main, {table}, instance)
"""

CLIENTS = "SELECT client_id, full_name, email, contact_info FROM clients_v2"

TRIPS = "SELECT trip_id, trip_name, destinations, group_name, notes FROM trips_v2"

PEOPLE = """
SELECT p.trip_id, p.name, p.email FROM trip_people p LEFT JOIN clients_v2 c ON c.email = p.client_email
WHERE p.client_email IS NULL OR p.called IS NOT NULL AND lower(p.called) IS NOT lower(c.full_name)
"""

UNREADABLE = "SELECT trip_id, CAST(raw_text AS BLOB) FROM trip_unreadable JOIN trips_v2 USING (trip_id)"

# The document of an overwritten assignment may remain, because no search finds it.
CROWD = "SELECT k.rowid FROM crowd_search k JOIN trip_client_assignments a ON a.assignment_id = k.rowid"

TRAVELERS = """
SELECT a.trip_id, a.assignment_id, c.full_name, c.email, a.client_role
FROM trip_client_assignments a JOIN trips_v2 t ON t.trip_id = a.trip_id
JOIN clients_v2 c ON c.email = a.client_email
ORDER BY a.assignment_id
"""


def assert_indexed(connection: sqlite3.Connection, travelers: int = 24) -> None:
    """Check that the index has exactly the tables' words, and at most this many travelers in a trip's document."""
    crowd = {row[0] for row in connection.execute(CROWD)}
    found, wanted = held(connection), due(connection, crowd)
    assert (found - wanted, wanted - found) == (set(), set())
    apart: dict[int, int] = {}
    for trip, assignment, *_ in connection.execute(TRAVELERS):
        apart[trip] = apart.get(trip, 0) + (assignment not in crowd)
    assert all(number <= travelers for number in apart.values())
    assert connection.execute("SELECT * FROM search_said").fetchall() == []


def held(connection: sqlite3.Connection) -> set[Word]:
    found: set[Word] = set()
    for table in ("trip_search", "client_search", "crowd_search"):
        connection.execute(WORDS.format(table=table))
        rows = connection.execute(f"SELECT doc, col, term FROM temp.{table}_words")
        found |= {(table, *row) for row in rows if row[1] != "whole_name"}
    gone = {row[0] for row in connection.execute("SELECT rowid FROM crowd_search")}
    gone -= {row[0] for row in connection.execute("SELECT assignment_id FROM trip_client_assignments")}
    found -= {word for word in found if word[0] == "crowd_search" and word[1] in gone}
    return found


def due(connection: sqlite3.Connection, crowd: Iterable[int]) -> set[Word]:
    found: set[Word] = set()

    def add(table: str, row: int, **texts: object) -> None:
        for column, text in texts.items():
            found.update((table, row, column, word) for word in words_of(text))

    for trip, name, destinations, group, notes in connection.execute(TRIPS):
        said = notes_of(json.loads(notes))
        named = f"{name} {other_forms(f'{name} {destinations or str()} {group or str()}')}"
        add("trip_search", trip, name=named, destinations=destinations, group_name=group, notes=f"{said} {pairs(said)}")
    for trip, words in guests(connection):
        add("trip_search", trip, travelers=f"{words} {other_forms(words)}")
    for client, name, email, contact in connection.execute(CLIENTS):
        said = json.loads(contact or "{}").get("notes")
        said = str(said or "")
        add(
            "client_search", client, full_name=f"{name} {other_forms(name)}", email=email, notes=f"{said} {pairs(said)}"
        )
    for trip, assignment, name, email, role in connection.execute(TRAVELERS):
        traveler = f"{name} {other_forms(name)} {email}"
        document = ("crowd_search", assignment) if assignment in crowd else ("trip_search", trip)
        add(*document, travelers=traveler, roles=role)
    return found


def guests(connection: sqlite3.Connection) -> Iterable[tuple[int, str]]:
    """Return the words of entries without a client or with another name than theirs, and of texts in quarantine."""
    for trip, name, email in connection.execute(PEOPLE):
        yield trip, f"{name} {email or ''}"
    for trip, raw_text in connection.execute(UNREADABLE):
        yield trip, raw_text.decode("utf-8", "replace")[:2000]


def other_forms(text: object) -> str:
    """The text in Latin letters, with umlauts in two, and each letter with the next in scripts without spaces."""
    letters = str(text or "")[:1000]
    if not re.search(f"[{LETTERS}\u0370-\u10ff{''.join(UMLAUTS)}]", letters):
        return ""
    latin = "".join(UMLAUTS.get(letter) or _latin(letter) for letter in letters)
    return f"{latin} {pairs(letters)}"


def _latin(letter: str) -> str:
    if re.match("[\u0370-\u10ff\u3041-\u30fa]", letter):
        return anyascii(letter)
    return " " if re.match(f"[{LETTERS}]", letter) else letter


def pairs(text: str) -> str:
    letters = text[:1000]
    return " ".join(letters[at : at + 2] for at, letter in enumerate(letters) if re.match(f"[{LETTERS}]", letter))


def notes_of(notes: Any) -> str:
    """The texts of the notes, without timestamps."""
    if isinstance(notes, dict):
        return " ".join(
            notes_of(value)
            for key, value in cast("dict[str, Any]", notes).items()
            if key not in {"id", "timestamp", "edited_at"}
        )
    if isinstance(notes, list):
        return " ".join(map(notes_of, cast("list[Any]", notes)))
    return notes if isinstance(notes, str) else ""


def words_of(text: object) -> set[str]:
    """The words in lower case without accents; a word with an apostrophe also appears with the apostrophe removed."""
    plain = "".join(letter for letter in normalize("NFKD", str(text or "")) if not combining(letter))
    return {word.lower() for one in (plain, re.sub("['\u2019]", "", plain)) for word in re.findall(r"[^\W_]+", one)}
