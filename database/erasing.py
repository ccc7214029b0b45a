"""Erasure of a client: everything stored about the person, except text that only a person can edit."""

from __future__ import annotations

import json
import re
from asyncio import gather
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString, cast

from database import clients, facts, guests, mentions, waiting
from database.actor import actor
from database.engine import Statement
from database.redaction import NAMELESS, Identity, Traces, emails_in, longest_ascii_run
from database.search import folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Database, Row

# Characters between the words of a name, as in trg_search_said_insert.
_SEPARATORS = re.compile(r"[\s\-/,]+")


@dataclass(frozen=True)
class Erasure:
    """A plan to erase one client.

    trips       trip_id and trip_name of the trips on which the client becomes a nameless place
    kept        the people who share the client's e-mail; they stay without it
    rows        the number of rows of our own records that are cleaned or deleted, by table
    remaining   the places with text that people wrote, which the erasure leaves as it is
    batch       the statements, guards first
    """

    client: Row
    traces: Traces
    trips: list[Row]
    kept: list[str]
    rows: dict[str, int]
    remaining: list[str]
    batch: list[Statement] = field(repr=False)


async def deleted(db: Database, identifier: str) -> list[Row]:
    """Return the copies of deleted clients with this id, e-mail or exact name, each with `email_of`.

    `email_of` is the id of a client who has the same e-mail and name now, or None.
    """
    found: list[Row] = []
    for row in await db.read(DELETED, (identifier.strip(),)):
        client = dict.fromkeys(CHECKED, None) | _object(_loaded(row["client"]))
        same = row["full_name"] is not None and clients.fold(row["full_name"]) == clients.fold(str(client["full_name"]))
        # An e-mail that somebody else has now is not the deleted client's any more.
        email = "" if row["email_of"] is not None and not same else client["email"]
        found.append({**client, "email": email, "email_of": row["email_of"] if same else None})
    return found


async def plan(db: Database, client: Row, now: str, *, gone: bool = False) -> Erasure:
    """Plan the erasure of a client with the columns `CHECKED`. `gone` means that only copies of the client are left."""
    email, client_id = client["email"], client["client_id"]
    trips, about, receipts, updates = await gather(
        db.read(TRIPS, (email,)),
        db.read(ABOUT, (client_id, email)),
        db.read(OWN_RECEIPTS, (None if gone else client_id,)),
        db.read(OWN_UPDATES, (None if gone else client_id,)),
    )
    entries = await _entries(db, email, [row["trip_id"] for row in trips])
    identity = _identity([client, *_earlier_records(about)], [one for one in entries if not one["is_guest"]])
    identity.emails |= emails_in([*(row["activity_details"] for row in updates), *(row["result"] for row in receipts)])
    names = sorted(identity.names)
    notes, identity.names = await _without_namesakes(db, names, client_id)
    traces = Traces(identity)
    keys = [row["idempotency_key"] for row in receipts]
    cleaning, remaining, forgetting = await gather(
        mentions.clean(
            db,
            traces,
            own=[row["orphan_id"] for row in about],
            receipts=keys,
            trip_ids=[row["trip_id"] for row in trips],
        ),
        mentions.remaining(db, traces, client_id),
        _forget_words(db, names),
    )
    rows = cleaning.rows
    if about:
        rows["orphaned_rows"] = rows.get("orphaned_rows", 0) + len(about)
    return Erasure(
        client=client,
        traces=traces,
        trips=trips,
        kept=[str(one["name"]) for one in entries if one["is_guest"]],
        rows=rows,
        remaining=[*notes, *cleaning.left, *remaining],
        batch=[
            *([] if gone else _require_unchanged(client)),
            Statement(FORGET_ANSWERS),
            *_erase(client, trips, entries, now, gone=gone),
            Statement(DELETE_ABOUT, (json.dumps([row["orphan_id"] for row in about]),)),
            *cleaning.statements,
            *forgetting,
        ],
    )


def _earlier_records(about: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the records of the same person that were merged or deleted, from orphaned_rows."""
    found: list[dict[str, Any]] = []
    for row in about:
        kept = _object(_loaded(row["row_data"]))
        before = _object(kept.get("before"))
        found += [_object(one) for one in (kept, kept.get("client"), before.get("keep"), before.get("remove"))]
    return [one for one in found if "full_name" in one and "email" in one]


def _identity(records: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]) -> Identity:
    identity = Identity({str(record["full_name"]) for record in records})
    for record in records:
        if record["email"] and clients.has_email(str(record["email"])):
            identity.emails.add(str(record["email"]))
        identity.add_contact(_loaded(record.get("contact_info")))
        for column in ("travel_docs", "loyalty_programs"):
            identity.add_documents(_loaded(record.get(column)))
    for entry in entries:
        identity.add_documents(_loaded(entry["element"]), only_named=True)
    return identity


async def _without_namesakes(db: Database, names: Sequence[str], client_id: int) -> tuple[list[str], set[str]]:
    """Return a note for each name that stays because others have it too, and the other names."""
    notes: list[str] = []
    kept: set[str] = set()
    by_name = [Traces(Identity({name})) for name in names]
    called = await gather(*(db.read(OTHERS_CALLED, (json.dumps(one.hints()), client_id)) for one in by_name))
    for name, traces, rows in zip(names, by_name, called, strict=True):
        others = [row["client_id"] for row in rows if traces.occur_in(json.dumps([row["full_name"]]))]
        if others:
            notes.append(f"the name itself, which client {others[0]} has too")
        else:
            kept.add(name)
            notes += ["the name itself, a single word, within sentences of voygen's records"] if traces.single else []
    return notes, kept


def _require_unchanged(client: Row) -> list[Statement]:
    return [Statement(GUARD_CLIENT, (client["client_id"], *(client[column] for column in CHECKED)))]


def _erase(
    client: Row, trips: Sequence[Row], entries: Sequence[Mapping[str, Any]], now: str, *, gone: bool
) -> list[Statement]:
    """Delete the client and everything that refers to them; each of their roles becomes a nameless place."""
    email, client_id = client["email"], client["client_id"]
    trip_ids = [row["trip_id"] for row in trips]
    which = json.dumps(trip_ids)
    read = json.dumps([[one["trip_id"], one["position"], one["element"]] for one in entries], ensure_ascii=False)
    new = json.dumps([[one["trip_id"], one["position"], _instead(one)] for one in entries], ensure_ascii=False)
    own = {(one["trip_id"], one["role"]) for one in entries if not one["is_guest"]}
    without = [(row["trip_id"], role) for row in trips for role in json.loads(row["roles"])]
    places = json.dumps([[trip_id, _place(role)] for trip_id, role in without if (trip_id, role) not in own])
    return [
        Statement(GUARD_TRIPS, (which, email)),
        Statement(GUARD_ENTRIES, (read, which, email)),
        waiting.hold(trip_ids),
        Statement(REPLACE_ENTRIES, (which, new, places), mirrors=True),
        Statement(REPLACE_ARCHIVED, (new,)),
        Statement(ADD_PLACES, (places,)),
        Statement(DELETE_ASSIGNMENTS, (email,)),
        Statement(CLEAR_PRIMARY, (email,)),
        *([] if gone else [Statement(DELETE_CLIENT, (client_id,))]),
        Statement(FORGET_ACTIVITY, (client_id,)),
        *waiting.release(trip_ids),
        *(Statement(sql) for sql in NOTED_BY_TRIGGERS),
        facts.mark(trip_ids, "client_erased", now),
        Statement(LOG, (f"Erased client {client_id}", now, actor())),
    ]


async def _entries(db: Database, email: str, trip_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the entries linked to this client: trip_id, position, role, element, name, is_guest.

    A guest is another person who shares the client's e-mail.
    """
    on_trips, linked = await gather(
        guests.on_trips(db, trip_ids), guests.read_people(db, LINKED, (json.dumps(trip_ids), email))
    )
    sharing = {(row["trip_id"], row["position"]) for row in on_trips if row["shares_with"] == email}
    return [{**row, "is_guest": (row["trip_id"], row["position"]) in sharing} for row in linked]


def _instead(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of another person without the shared e-mail, or a nameless place for the client's own."""
    if entry["is_guest"]:
        return {key: value for key, value in _object(_loaded(entry["element"])).items() if key != "email"}
    return _place(entry["role"])


def _place(role: str) -> dict[str, Any]:
    return {"name": NAMELESS, "role": role}


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _loaded(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return text


async def _forget_words(db: Database, names: Sequence[str]) -> list[Statement]:
    """Remove the words of the names from the spelling suggestions, then add those that other names still have."""
    words = {word for name in names for word in _SEPARATORS.split(name)}
    runs = json.dumps(sorted({longest_ascii_run(word) for word in words} - {""}))
    theirs = set(map(folded, words))
    known = [row["word"] for row in await db.read(KNOWN_WORDS, (runs,)) if folded(row["word"]) in theirs]
    return [Statement(FORGET_WORDS, (json.dumps(known, ensure_ascii=False),)), Statement(SAY_AGAIN, (runs,))]


CHECKED = ("email", "full_name", "contact_info", "preferences", "loyalty_programs", "travel_docs")

TRIPS: LiteralString = """
SELECT t.trip_id, t.trip_name, json_group_array(coalesce(a.client_role, 'traveler')) AS roles
FROM trip_client_assignments a JOIN trips_v2 t ON t.trip_id = a.trip_id
WHERE a.client_email = ? GROUP BY t.trip_id ORDER BY t.trip_id
"""

DELETED: LiteralString = """
SELECT max(o.orphan_id), o.row_data -> '$.client' AS client, c.client_id AS email_of, c.full_name
FROM orphaned_rows o
LEFT JOIN clients_v2 c ON json_valid(o.row_data) AND lower(c.email) = lower(o.row_data ->> '$.client.email')
WHERE o.table_name = 'clients_v2' AND json_valid(o.row_data) AND o.row_data ->> '$.client.client_id' IS NOT NULL
  AND o.row_data ->> '$.client.email' IS NOT NULL AND o.row_data ->> '$.client.full_name' IS NOT NULL
  AND lower(?1) IN (CAST(o.row_data ->> '$.client.client_id' AS TEXT), lower(o.row_data ->> '$.client.email'),
                    lower(o.row_data ->> '$.client.full_name'))
GROUP BY o.row_data ->> '$.client.client_id'
"""

LINKED: LiteralString = """
SELECT o.trip_id, o.position, o.role, o.element, o.name FROM trip_people o
WHERE o.trip_id IN (SELECT w.value FROM json_each(?1) w) AND o.client_email = ?2
ORDER BY 1, 2
"""

# Rows that were set aside and belong to this client: copies from a deletion or a merge, and their assignments.
ABOUT: LiteralString = """
SELECT orphan_id, row_data FROM orphaned_rows
WHERE json_valid(row_data) AND (
    table_name = 'clients_v2' AND (
        CAST(?1 AS INTEGER) IN (row_data ->> '$.client_id', row_data ->> '$.client.client_id',
                                row_data ->> '$.before.keep.client_id', row_data ->> '$.before.remove.client_id')
        OR ?2 IN (row_data ->> '$.email', row_data ->> '$.client.email'))
    OR table_name = 'trip_client_assignments' AND row_data ->> '$.client_email' = ?2)
"""

OTHERS_CALLED: LiteralString = """
SELECT c.client_id, c.full_name FROM clients_v2 c
WHERE c.client_id <> CAST(?2 AS INTEGER)
  AND EXISTS (SELECT 1 FROM json_each(?1) w WHERE instr(lower(c.full_name), w.value) > 0)
ORDER BY c.client_id
"""

# Calls that created or changed the client.
OWN_RECEIPTS: LiteralString = """
SELECT idempotency_key, result FROM receipts
WHERE tool IN ('create_client_v2', 'update_client') AND json_valid(result)
  AND coalesce(result ->> ('$.ids.' || json_quote(result ->> '$.answer.client_id' || '')),
               result ->> '$.answer.client_id') = CAST(? AS INTEGER)
"""

OWN_UPDATES: LiteralString = """
SELECT activity_details FROM ActivityLog
WHERE client_id = CAST(? AS INTEGER) AND activity_type = 'ClientUpdated' AND activity_details IS NOT NULL
"""

GUARD_CLIENT: LiteralString = """
INSERT INTO write_guard (clients_exist)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM clients_v2
    WHERE client_id = CAST(? AS INTEGER) AND email IS ? AND full_name IS ? AND contact_info IS ? AND preferences IS ?
      AND loyalty_programs IS ? AND travel_docs IS ?)
"""

GUARD_TRIPS: LiteralString = """
INSERT INTO write_guard (assignments_unchanged)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM trip_client_assignments a
    WHERE a.client_email = ?2 AND a.trip_id NOT IN (SELECT w.value FROM json_each(?1) w))
"""

GUARD_ENTRIES: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE (
    SELECT count(*) FROM trip_people o WHERE o.trip_id IN (SELECT w.value FROM json_each(?2) w) AND o.client_email = ?3
) <> json_array_length(?1)
    OR EXISTS (
        SELECT 1 FROM json_each(?1) r
        WHERE NOT EXISTS (
            SELECT 1 FROM trip_people o
            WHERE o.trip_id = (r.value ->> 0) AND o.position = (r.value ->> 1) AND o.element IS (r.value ->> 2)))
"""

# Answers of earlier batches, which may mention anyone.
FORGET_ANSWERS: LiteralString = "UPDATE batch_ids SET answers = '[]' WHERE answers <> '[]'"

REPLACE_ENTRIES: LiteralString = """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(n.element)) FROM (
        SELECT e.position, coalesce(
                   (SELECT w.value ->> 2 FROM json_each(?2) w
                    WHERE w.value ->> 0 = e.trip_id AND w.value ->> 1 = e.position), e.element) AS element
        FROM trip_client_entries e WHERE e.trip_id = trips_v2.trip_id
        UNION ALL
        SELECT 1000000000 + p.key, p.value ->> 1 FROM json_each(?3) p WHERE p.value ->> 0 = trips_v2.trip_id
        ORDER BY 1) n)
WHERE trip_id IN (SELECT w.value FROM json_each(?1) w)
"""

# In the phase normalized, the places are archived entries.
REPLACE_ARCHIVED: LiteralString = """
UPDATE trip_client_archive SET assignment_id = NULL, element = w.value ->> 2 FROM json_each(?) w
WHERE trip_client_archive.trip_id = w.value ->> 0 AND trip_client_archive.position = w.value ->> 1
"""

ADD_PLACES: LiteralString = """
INSERT INTO trip_client_archive (trip_id, position, assignment_id, element)
SELECT p.value ->> 0,
       1 + p.key + (SELECT coalesce(max(h.position), -1) FROM trip_client_archive h WHERE h.trip_id = p.value ->> 0),
       NULL, p.value ->> 1
FROM json_each(?) p
WHERE EXISTS (SELECT 1 FROM migration_phase WHERE phase = 'normalized')
"""

DELETE_ASSIGNMENTS: LiteralString = "DELETE FROM trip_client_assignments WHERE client_email = ?"

CLEAR_PRIMARY: LiteralString = """
UPDATE trips_v2 SET primary_client_email = NULL WHERE lower(primary_client_email) = lower(?)
"""

# Activity on no trip is about the client alone.
FORGET_ACTIVITY: LiteralString = """
UPDATE ActivityLog SET client_id = NULL, activity_details = iif(trip_id IS NULL, 'Erased', activity_details)
WHERE client_id = CAST(?1 AS INTEGER) AND NOT EXISTS (SELECT 1 FROM clients_v2 WHERE client_id = CAST(?1 AS INTEGER))
"""

DELETE_CLIENT: LiteralString = "DELETE FROM clients_v2 WHERE client_id = CAST(? AS INTEGER)"

DELETE_ABOUT: LiteralString = "DELETE FROM orphaned_rows WHERE orphan_id IN (SELECT w.value FROM json_each(?) w)"

# Rows that the triggers noted for the last write.
NOTED_BY_TRIGGERS: tuple[LiteralString, ...] = (
    "DELETE FROM deleted_parents",
    "DELETE FROM trip_client_displaced",
    "DELETE FROM replaced_clients",
    "DELETE FROM replaced_assignments",
    "DELETE FROM replaced_trips",
)

# A word is in the table as its own spelling too. `lower` leaves letters beyond ASCII as they are.
KNOWN_WORDS: LiteralString = """
SELECT s.word FROM search_spellings s
WHERE s.spelling = s.word AND (
    s.word GLOB '*[^ -~]*' OR EXISTS (SELECT 1 FROM json_each(?) w WHERE instr(s.word, w.value) > 0))
"""

FORGET_WORDS: LiteralString = "DELETE FROM search_spellings WHERE word IN (SELECT w.value FROM json_each(?) w)"

SAY_AGAIN: LiteralString = """
INSERT INTO search_said (said)
SELECT coalesce(group_concat(n.name, ' '), '') FROM (
    SELECT c.full_name AS name FROM clients_v2 c
    UNION ALL
    SELECT t.trip_name || ' ' || coalesce(t.destinations, '') || ' ' || coalesce(t.group_name, '') FROM trips_v2 t
) n
WHERE EXISTS (SELECT 1 FROM json_each(?1) w WHERE instr(lower(n.name), w.value) > 0)
"""

LOG: LiteralString = """
INSERT INTO ActivityLog (activity_type, activity_details, created_at, actor) VALUES ('ClientErased', ?, ?, ?)
"""
