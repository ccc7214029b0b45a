"""Full-text search over trips and clients. The cost of a query does not grow with the number of trips or clients."""

from __future__ import annotations

import json
import re
import unicodedata
from asyncio import gather
from typing import TYPE_CHECKING, LiteralString, NamedTuple, NewType

from database.engine import Statement
from database.joining import read_items, read_keyed
from database.scripts import is_unspaced, latin_forms, pairs, pieces, romanized
from database.trips import COLUMNS, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from database.engine import Database, Row

# Length of the longest indexed prefix, in characters. A longer word must match exactly if the index contains it.
BEGINNING = 10

# Maximum number of matches to read from crowd_search for one word.
CROWD = 500

# Maximum number of matches whose dates are compared, newest first.
DATED = 2000

# An FTS5 column filter, a term and a query; only this module knows their syntax.
Columns = NewType("Columns", str)
Term = NewType("Term", str)
Query = NewType("Query", str)

TRIP_NAME = Columns("{name}")
CLIENT_NAME = Columns("{full_name}")

# Columns that may identify the trip to write to. Roles and notes are excluded.
OF_THE_TRIP = Columns("{name destinations group_name travelers}")

ANYWHERE = Columns("- {whole_name}")

# Letters that the index's views (trip_search_plain) replace, because FTS5 doesn't reduce them to ASCII.
PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "æ": "ae", "Æ": "ae", "\u0131": "i"}
)

_WORD = re.compile(r"[^\W_]+")
# NUL would end an FTS5 query.
_EMAIL = re.compile(r"[^\s\0,;<>()\"']*[^\W_]@[^\s\0,;<>()\"'@]*")
_DIGIT = re.compile(r"\d")


class Matches(NamedTuple):
    """Matching ids, newest first; `all_seen` is false if there may be more."""

    ids: list[int]
    all_seen: bool


def words_in(text: str) -> list[str]:
    """Split a text into words, in order and in the form that the index stores. `&` counts as `and`."""
    plain = unicodedata.normalize("NFC", text.replace("&", " and ")).translate(PLAIN_LETTERS)
    return [word.lower() for word in _WORD.findall(plain)]


def emails_in(text: str) -> tuple[list[str], str]:
    """Return the e-mails (or beginnings of e-mails) in a text, and the rest of the text."""
    return [email.lower() for email in _EMAIL.findall(text)], _EMAIL.sub(" ", text)


def folded(text: str) -> str:
    """Fold case and remove accents and apostrophes."""
    if text.isascii():
        return text.lower().replace("'", "")
    marked = unicodedata.normalize("NFKD", text.translate(PLAIN_LETTERS).casefold())
    return "".join(letter for letter in marked if not unicodedata.combining(letter) and letter not in "'\u2019")


def same_name(one: str, other: str) -> bool:
    """Return True if two names are equal, ignoring case, accents and punctuation."""
    return words_in(folded(one)) == words_in(folded(other))


def may_begin(word: str) -> bool:
    """Return True if a word may match as a prefix. Words with digits (after the @ in e-mails) must match exactly."""
    return not _DIGIT.search(word.rpartition("@")[2])


async def prefix_terms(db: Database, words: Sequence[str]) -> list[Term]:
    """Return a term for each word. If the word may be a prefix, the term also matches longer words."""
    long = [word for word in words if len(word) > BEGINNING and may_begin(word) and not is_unspaced(word)]
    absent = await read_keyed(db, ABSENT, long, lambda row: row["word"])
    return [
        _term(word, begins=may_begin(word) and (len(word) <= BEGINNING or bool(absent.get(word)))) for word in words
    ]


def whole_term(word: str) -> Term:
    """Return a term that matches the whole word, in its own letters or in Latin letters."""
    return _term(word, begins=False)


def _term(word: str, *, begins: bool) -> Term:
    if is_unspaced(word):
        return _inside(word)
    forms = [f"{exact_term(form)}{'*' if begins else ''}" for form in latin_forms(word)]
    return Term(forms[0] if len(forms) == 1 else f"({' OR '.join(forms)})")


def _inside(word: str) -> Term:
    """Return a term that matches a word anywhere in a run of letters, or the words that it is put together from."""
    ways = [[f'"{pairs(piece)}"' if len(piece) > 1 else f'"{piece}"*' for piece in way] for way in pieces(word)]
    found = [f"({' AND '.join(way)})" for way in ways]
    if (latin := romanized(word)) and latin.isascii():
        found.append(f"{exact_term(latin)}*")
    return Term(f"({' OR '.join(found)})")


def forget_deleted() -> list[Statement]:
    """Return the statements that remove the words of deleted documents from the indexes, which only mark them."""
    return [Statement(sql) for sql in OPTIMIZE]


def exact_term(word: str) -> Term:
    """Return a term that matches only the whole word."""
    quoted = word.replace('"', '""')
    return Term(f'"{quoted}"')


def any_of(words: Iterable[str]) -> Term:
    """Return a term that matches any of the whole words."""
    return Term(f"({' OR '.join(map(exact_term, words))})")


def all_of(columns: Columns, terms: Iterable[Term]) -> Query:
    """Return a query that matches documents with all terms in these columns."""
    return Query(f"{columns} : ({' AND '.join(terms)})")


def whole_name_query(name: str) -> Query:
    """Return a query for names that are equal to this one, ignoring case, accents and punctuation."""
    return all_of(Columns("{whole_name}"), [exact_term("".join(words_in(name)))])


async def trips_found(
    db: Database, queries: Sequence[Query], limit: int, *, if_full: Sequence[Query] = ()
) -> list[list[int]]:
    """Return the ids of the trips that match each query, newest first.

    The queries `if_full` follow, and match nothing unless the first query has `limit` matches.
    """
    return await _found(db, TRIPS_FOUND, queries, limit, if_full)


async def clients_found(
    db: Database, queries: Sequence[Query], limit: int, *, if_full: Sequence[Query] = ()
) -> list[list[int]]:
    """Return the ids of the clients that match each query, newest first; `if_full` is as in `trips_found`."""
    return await _found(db, CLIENTS_FOUND, queries, limit, if_full)


async def _found(
    db: Database, sql: LiteralString, queries: Sequence[Query], limit: int, if_full: Sequence[Query]
) -> list[list[int]]:
    asked = {"queries": [*queries, *if_full], "always": len(queries)}
    (rows,) = await read_items(db, sql, [asked], limit)
    return [json.loads(row["ids"]) for row in rows]


async def trips_dated(db: Database, query: Query, windows: Sequence[tuple[str, str]], limit: int) -> Matches:
    """Return the ids of the trips that match the query and whose dates overlap a window, newest first.

    A window is a pair of first and last day, without the year (`03-01`) if it is for every year.
    """
    if not windows:
        return Matches([], all_seen=True)
    (rows,) = await read_items(db, TRIPS_DATED, [{"query": query, "windows": windows}], limit, DATED)
    ids = json.loads(rows[0]["ids"])
    return Matches(ids, all_seen=len(ids) < limit and rows[0]["seen"] < DATED)


async def crowded_trips(db: Database, columns: Columns, terms: Sequence[Term]) -> Matches:
    """Return the trips that match all terms and have a traveler in crowd_search who matches at least one term.

    A trip's search document holds only its first 24 travelers. Each further traveler has a document in crowd_search.
    """
    if not terms:
        return Matches([], all_seen=True)
    people = "{travelers}" if columns == OF_THE_TRIP else "{travelers roles}"
    asked = [{"people": f"{people} : {term}", "trip": f"{columns} : {term}"} for term in terms]
    ((found,),) = await read_items(db, CROWDED, [asked], CROWD)
    return Matches(json.loads(found["ids"]), all_seen=found["most"] < CROWD)


async def trips_called(db: Database, name: str, limit: int) -> list[Row]:
    """Return trips with this name, ignoring only the case of ASCII letters."""
    return (await read_keyed(db, NAMED, [_lower(name)], lambda row: _lower(str(row["trip_name"])), limit))[_lower(name)]


async def trips_named(db: Database, name: str, limit: int) -> list[Row]:
    """Return the trips from `trips_called` or, if none, those with this name ignoring case, accents and punctuation."""
    if not words_in(name):
        return await trips_called(db, name, limit)
    exact, (ids,) = await gather(trips_called(db, name, limit), trips_found(db, [whole_name_query(name)], limit))
    if exact:
        return exact
    return [row for row in await trips_with_ids(db, ids) if same_name(str(row["trip_name"]), name)]


async def clients_named(db: Database, name: str, limit: int) -> list[Row]:
    """Return the clients with this name, ignoring case, accents and punctuation."""
    (ids,) = await clients_found(db, [whole_name_query(name)], limit)
    return [row for row in await clients_with_ids(db, ids) if same_name(str(row["full_name"]), name)]


async def trips_with_ids(db: Database, ids: Sequence[int]) -> list[Row]:
    """Return the trips in the order of the ids, with `travelers` and `roles` from the search index."""
    found = await read_keyed(db, TRIPS, ids, lambda row: row["trip_id"])
    return [row for some in found.values() for row in some]


async def clients_with_ids(db: Database, ids: Sequence[int]) -> list[Row]:
    found = await read_keyed(db, CLIENTS, ids, lambda row: row["client_id"])
    return [row for some in found.values() for row in some]


async def trips_with_emails(db: Database, ids: Sequence[int], email: str) -> list[int]:
    """Return those of the trips, in their order, that have a client with the text in the e-mail."""
    return [row["trip_id"] for row in await db.read(WITH_EMAIL, (json.dumps(list(ids)), email))]


def _lower(text: str) -> str:
    """Fold the case of ASCII letters alone, as SQL does."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


ABSENT: LiteralString = """
SELECT w.value AS word FROM json_each(?) w
WHERE NOT EXISTS (SELECT 1 FROM trip_search s WHERE s.trip_search MATCH '"' || w.value || '"')
  AND NOT EXISTS (SELECT 1 FROM client_search s WHERE s.client_search MATCH '"' || w.value || '"')
"""

# The order by rowid and the limit keep the cost independent of the number of matches.
_FOUND: LiteralString = """
WITH asked AS MATERIALIZED (
    SELECT i.key AS item, i.value ->> '$.always' AS always, i.value -> '$.queries' AS queries,
           iif(json_array_length(i.value, '$.queries') > (i.value ->> '$.always'), (
               SELECT count(*) FROM (
                   SELECT 1 FROM @search f WHERE f.@search MATCH i.value ->> '$.queries[0]'
                   LIMIT CAST(?2 AS INTEGER))), 0) AS found
    FROM json_each(?1) i
)
SELECT a.item, (
    SELECT json_group_array(m.id) FROM (
        SELECT s.rowid AS id FROM @search s WHERE s.@search MATCH w.value
        ORDER BY s.rowid DESC LIMIT CAST(?2 AS INTEGER)) m
    WHERE w.key < a.always OR a.found = CAST(?2 AS INTEGER)
) AS ids
FROM asked a CROSS JOIN json_each(a.queries) w ORDER BY a.item, w.key
"""

TRIPS_FOUND: LiteralString = _FOUND.replace("@search", "trip_search")

CLIENTS_FOUND: LiteralString = _FOUND.replace("@search", "client_search")

TRIPS_DATED: LiteralString = """
SELECT i.key AS item, (
    SELECT json_group_array(m.trip_id) FROM (
        SELECT d.trip_id FROM (
            SELECT s.rowid AS trip_id FROM trip_search s WHERE s.trip_search MATCH i.value ->> '$.query'
            ORDER BY s.rowid DESC LIMIT CAST(?3 AS INTEGER)) d
        CROSS JOIN trips_v2 t ON t.trip_id = d.trip_id
        WHERE EXISTS (
            SELECT 1 FROM json_each(i.value, '$.windows') w
            WHERE iif(length(w.value ->> 0) > 5,
                t.start_date <= (w.value ->> 1) AND t.end_date >= (w.value ->> 0),
                t.start_date <= substr(t.start_date, 1, 5) || (w.value ->> 1)
                    AND t.end_date >= substr(t.start_date, 1, 5) || (w.value ->> 0)
                OR t.start_date <= substr(t.end_date, 1, 5) || (w.value ->> 1)
                    AND t.end_date >= substr(t.end_date, 1, 5) || (w.value ->> 0)))
        ORDER BY d.trip_id DESC LIMIT CAST(?2 AS INTEGER)) m
) AS ids, (
    SELECT count(*) FROM (
        SELECT 1 FROM trip_search s WHERE s.trip_search MATCH i.value ->> '$.query' LIMIT CAST(?3 AS INTEGER))
) AS seen
FROM json_each(?1) i ORDER BY i.key
"""

# A trip that has any term in a crowd must have each in a crowd or in its document. `most` is the size of the largest
# crowd that was read.
CROWDED: LiteralString = """
WITH found AS MATERIALIZED (
    SELECT i.key AS item, w.key AS term, (
        SELECT json_group_array(a.trip_id)
        FROM (
            SELECT s.rowid AS assignment_id FROM crowd_search s WHERE s.crowd_search MATCH w.value ->> 'people'
            ORDER BY s.rowid DESC LIMIT CAST(?2 AS INTEGER)) m
        CROSS JOIN trip_client_assignments a ON a.assignment_id = m.assignment_id
    ) AS ids
    FROM json_each(?1) i CROSS JOIN json_each(i.value) w
), crowd AS MATERIALIZED (
    SELECT f.item, f.term, j.value AS trip_id FROM found f CROSS JOIN json_each(f.ids) j
)
SELECT i.key AS item, (
    SELECT json_group_array(c.trip_id) FROM (
        SELECT DISTINCT trip_id FROM crowd WHERE item = i.key ORDER BY trip_id DESC) c
    WHERE NOT EXISTS (
        SELECT 1 FROM json_each(i.value) w
        WHERE (i.key, w.key, c.trip_id) NOT IN (SELECT item, term, trip_id FROM crowd)
          AND NOT EXISTS (
              SELECT 1 FROM trip_search s WHERE s.rowid = c.trip_id AND s.trip_search MATCH w.value ->> 'trip'))
) AS ids, (SELECT max(json_array_length(f.ids)) FROM found f WHERE f.item = i.key) AS most
FROM json_each(?1) i ORDER BY i.key
"""

# Compares whole e-mails, because the index splits an e-mail into words and ignores the punctuation between them.
WITH_EMAIL: LiteralString = """
SELECT t.value AS trip_id FROM json_each(?1) t
WHERE EXISTS (
    SELECT 1 FROM trip_client_assignments a WHERE a.trip_id = t.value AND instr(lower(a.client_email), ?2) > 0)
ORDER BY t.key
"""

NAMED: LiteralString = (
    SUMMARY
    + """
WHERE t.trip_id IN (
    SELECT j.value FROM json_each(?1) w CROSS JOIN json_each((
        SELECT json_group_array(n.trip_id) FROM (
            SELECT n.trip_id FROM trips_v2 n WHERE n.trip_name = w.value COLLATE NOCASE
            ORDER BY n.trip_id DESC LIMIT CAST(?2 AS INTEGER)) n)) j)
ORDER BY t.trip_id DESC
"""
)

TRIPS: LiteralString = (
    "SELECT "
    + COLUMNS
    + """, t.group_name, t.updated_at, s.travelers, s.roles
FROM json_each(?) w CROSS JOIN trips_v2 t ON t.trip_id = w.value LEFT JOIN trip_search s ON s.rowid = t.trip_id
ORDER BY w.key
"""
)

CLIENTS: LiteralString = """
SELECT c.client_id, c.email, c.full_name, c.updated_at
FROM json_each(?) w CROSS JOIN clients_v2 c ON c.client_id = w.value
ORDER BY w.key
"""

OPTIMIZE: tuple[LiteralString, ...] = (
    "INSERT INTO trip_search (trip_search) VALUES ('optimize')",
    "INSERT INTO client_search (client_search) VALUES ('optimize')",
    "INSERT INTO crowd_search (crowd_search) VALUES ('optimize')",
)
