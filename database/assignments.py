"""Queries and statements for assignments. Every write updates both the junction and the JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString, TypeAlias

from database.engine import Statement
from database.entries import NOT_AN_ARRAY, WITH_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row, Value

# A trip's id, or its slug if the same batch creates the trip.
Trip: TypeAlias = int | str

# A client's e-mail as stored, and a role.
Pair: TypeAlias = tuple[str, str]


async def on_trip(db: Database, trip_id: int) -> list[Row]:
    """Return the trip's assignments with client names, oldest first."""
    return await db.read(ON_TRIP, (trip_id,))


async def side_by_side(db: Database, trip_name: str) -> list[Row]:
    """Return the trip's JSON entries (`entry`) with assignments (`junction`), then assignments without an entry."""
    return await db.read(SIDE_BY_SIDE, (trip_name,))


async def of_clients(db: Database, trip_id: int, emails: Sequence[str]) -> list[Row]:
    """Return these clients' assignments on the trip: assignment_id, email, role, client_id."""
    return await db.read(OF_CLIENTS, (trip_id, json.dumps(list(emails)))) if emails else []


async def of_references(db: Database, trip_id: int, emails: Sequence[str], ids: Sequence[int]) -> list[Row]:
    """Return the assignments of the clients with these e-mails, folded and ASCII, or ids, as `of_clients` does.

    It doesn't need the clients' rows first.
    """
    if not emails and not ids:
        return []
    return await db.read(OF_REFERENCES, (trip_id, json.dumps(list(emails)), json.dumps(list(ids))))


def guard_unchanged(trip_id: int, emails: Sequence[str], read: Sequence[Row]) -> Statement:
    """Fail the batch if these clients' assignments on the trip differ from those read with `of_clients`."""
    rows = [[row["assignment_id"], row["email"], row["role"]] for row in read]
    return Statement(GUARD_UNCHANGED, (trip_id, json.dumps(list(emails)), json.dumps(rows)))


def assign(trip: Trip, email: str, role: str, now: str) -> list[Statement]:
    """Add an assignment unless it exists. A trigger copies it to the JSON, or else the backup write does."""
    return [_on(trip, ASSIGN, email, role, now), *_mirror_of(trip, email, role, now)]


def assign_many(trip: Trip, pairs: Sequence[Pair], now: str) -> list[Statement]:
    """Add many assignments while the guard disables the triggers, so that the JSON is written once, in linear time."""
    hold, *written = mirror(trip, now)
    return [hold, _on(trip, ASSIGN_MANY, json.dumps(list(pairs)), now), *written]


def copy(trip: Trip, source_id: int, now: str) -> list[Statement]:
    """Put everybody on another trip, guests with their entries included, on a new trip with nobody on it."""
    hold, *written = mirror(trip, now)
    entries = _on(trip, COPY_ENTRIES, source_id, now)._replace(mirrors=True)
    reconcile = _on(trip, RECONCILE)._replace(mirrors=True)
    return [hold, _on(trip, COPY_ASSIGNMENTS, source_id, now), entries, *written, reconcile]


def unassign(trip_id: int, pairs: Sequence[Pair], now: str) -> list[Statement]:
    """Remove the assignments. For several, the guard is held so that the JSON is written once, in linear time."""
    deleted = _on(trip_id, UNASSIGN, json.dumps(list(pairs)))
    if len(pairs) == 1:
        return [deleted, *_mirror_without(trip_id, pairs[0], now)]
    hold, *written = mirror(trip_id, now, pairs)
    return [hold, deleted, *written]


def change_role(trip_id: int, email: str, from_role: str, to_role: str, now: str) -> list[Statement]:
    """Change an assignment's role. If the client already has the new role, the two assignments are merged."""
    return [
        _on(trip_id, CHANGE_ROLE, email, from_role, to_role, now),
        *mirror(trip_id, now, [(email, from_role)]),
    ]


def hold(trip_id: int) -> Statement:
    """Keep the triggers from linking the trip's entries until `release`."""
    return _on(trip_id, HOLD)._replace(mirrors=True)


def release(trip_id: int) -> Statement:
    return _on(trip_id, RELEASE)._replace(mirrors=True)


def link(trip_id: int, guest: Row, email: str, role: str, now: str) -> list[Statement]:
    """Set the client's e-mail and role in the guest's entry, which keeps its other keys, and assign the client.

    Fails the batch if the entry has changed since it was read with `guests.on_trips`.
    """
    entry = (guest["element"],)
    return [
        _on(trip_id, GUARD_GUEST, *entry),
        hold(trip_id),
        _on(trip_id, LINK_ENTRY, *entry, email, role, guest["name"])._replace(mirrors=True),
        _on(trip_id, ASSIGN, email, role, now),
        release(trip_id),
        _on(trip_id, RECONCILE)._replace(mirrors=True),
        _on(trip_id, LINK_ARCHIVED, *entry, email, role, guest["name"]),
    ]


def mirror(trip: Trip, now: str, removed: Sequence[Pair] = ()) -> list[Statement]:
    """Make the JSON match the junction, in case a trigger is missing (the backup write).

    The second-to-last statement returns a row if it added entries or replaced malformed text, which is quarantined
    first. The guard is held so that the reverse trigger ignores the write. Entries of `removed` pairs are dropped
    unless the junction has the pair.
    """
    away = [_on(trip, TAKE_AWAY, json.dumps(list(removed)))] if removed else []
    return _held(trip, [_on(trip, QUARANTINE, now), *away, _on(trip, ADD_MISSING)])


def _mirror_of(trip: Trip, email: str, role: str, now: str) -> list[Statement]:
    """Make the JSON match the junction, unless it has the entry that the trigger adds for this assignment.

    Looking for that text is the only work that grows with the trip.
    """
    added = (now, email, role)
    return _held(trip, [_on(trip, QUARANTINE_UNLESS_THERE, *added), _on(trip, ADD_MISSING_UNLESS_THERE, *added)])


def _mirror_without(trip_id: int, pair: Pair, now: str) -> list[Statement]:
    """Make the JSON match the junction, unless it is an array without the e-mail that the trigger has taken away."""
    email, _ = pair
    away = (json.dumps([pair]), email)
    writes = [
        _on(trip_id, QUARANTINE, now),
        _on(trip_id, TAKE_AWAY_UNLESS_GONE, *away),
        _on(trip_id, ADD_MISSING_UNLESS_GONE, *away),
    ]
    return _held(trip_id, writes)


def _held(trip: Trip, writes: Sequence[Statement]) -> list[Statement]:
    return [statement._replace(mirrors=True) for statement in (_on(trip, HOLD), *writes, _on(trip, RELEASE))]


def backup_of(statements: Sequence[Statement]) -> Statement:
    """Return the statement whose result has a row if the backup write was needed; see `mirror`."""
    return statements[-2]


def _on(trip: Trip, sql: LiteralString, *params: Value) -> Statement:
    """Build a statement for this trip: `@trip` in the SQL becomes a reference to the first parameter."""
    reference: LiteralString = (
        "CAST(?1 AS INTEGER)" if isinstance(trip, int) else "(SELECT trip_id FROM trips_v2 WHERE trip_slug = ?1)"
    )
    return Statement(sql.replace("@trip", reference), (trip, *params))


ON_TRIP: LiteralString = """
SELECT a.assignment_id, a.client_email AS email, a.client_role AS role, a.created_at AS assigned_at,
       c.client_id, c.full_name
FROM trip_client_assignments a JOIN clients_v2 c ON c.email = a.client_email
WHERE a.trip_id = CAST(? AS INTEGER)
ORDER BY a.assignment_id
"""

SIDE_BY_SIDE: LiteralString = (
    WITH_ENTRIES
    + """
SELECT a.client_email || ' as ' || a.client_role AS junction, e.element AS entry
FROM trips_v2 t
JOIN trip_client_entries e ON e.trip_id = t.trip_id
LEFT JOIN trip_client_assignments a
  ON a.trip_id = e.trip_id AND a.client_email = e.client_email AND a.client_role = e.role
WHERE t.trip_name = ?1
UNION ALL
SELECT a.client_email || ' as ' || a.client_role, NULL
FROM trips_v2 t JOIN trip_client_assignments a ON a.trip_id = t.trip_id
WHERE t.trip_name = ?1
  AND json_array(a.client_email, a.client_role) NOT IN (
      SELECT json_array(e.client_email, e.role) FROM trip_client_entries e
      WHERE e.trip_id = t.trip_id AND e.client_email IS NOT NULL)
"""
)

OF_CLIENTS: LiteralString = """
SELECT a.assignment_id, a.client_email AS email, a.client_role AS role,
       (SELECT c.client_id FROM clients_v2 c WHERE c.email = a.client_email) AS client_id
FROM json_each(?2) w CROSS JOIN trip_client_assignments a
WHERE a.trip_id = CAST(?1 AS INTEGER) AND a.client_email = w.value
ORDER BY a.assignment_id
"""

# CROSS JOIN keeps the order: from the clients to their assignments, of which a trip may have thousands.
OF_REFERENCES: LiteralString = """
SELECT a.assignment_id, a.client_email AS email, a.client_role AS role, c.client_id
FROM (
    SELECT k.client_id FROM json_each(?2) w
    CROSS JOIN clients_v2 k ON lower(trim(k.email, char(9,10,11,12,13,32))) = w.value
    UNION SELECT w.value FROM json_each(?3) w) n
CROSS JOIN clients_v2 c ON c.client_id = n.client_id
CROSS JOIN trip_client_assignments a ON a.trip_id = CAST(?1 AS INTEGER) AND a.client_email = c.email
ORDER BY a.assignment_id
"""

GUARD_UNCHANGED: LiteralString = """
INSERT INTO write_guard (assignments_unchanged)
SELECT 0 WHERE (
    SELECT count(*)
    FROM json_each(?2) w CROSS JOIN trip_client_assignments a
    WHERE a.trip_id = CAST(?1 AS INTEGER) AND a.client_email = w.value
) <> json_array_length(?3)
    OR EXISTS (
        SELECT 1 FROM json_each(?3) r
        WHERE NOT EXISTS (
            SELECT 1 FROM trip_client_assignments a
            WHERE a.assignment_id = (r.value ->> 0) AND a.trip_id = CAST(?1 AS INTEGER)
              AND a.client_email = (r.value ->> 1) AND a.client_role = (r.value ->> 2)))
"""

ASSIGN: LiteralString = """
INSERT INTO trip_client_assignments (trip_id, client_email, client_role, created_at, updated_at)
SELECT @trip, ?2, ?3, ?4, ?4
WHERE NOT EXISTS (
    SELECT 1 FROM trip_client_assignments WHERE trip_id = @trip AND client_email = ?2 AND client_role = ?3)
"""

GUARD_GUEST: LiteralString = """
INSERT INTO write_guard (assignments_unchanged)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM trip_people p WHERE p.trip_id = @trip AND json(p.element) = json(?2))
"""

LINK_ENTRY: LiteralString = (
    WITH_ENTRIES
    + """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(iif(
        s.position = s.first,
        json_set(coalesce(s.entry, json_object('name', ?5)), '$.email', ?3, '$.role', ?4), s.element)))
    FROM (
        SELECT e.position, e.entry, e.element, min(iif(json(e.element) = json(?2), e.position, NULL)) OVER () AS first
        FROM trip_client_entries e WHERE e.trip_id = @trip ORDER BY 1) s)
WHERE trip_id = @trip
"""
)

# In the normalized phase, the archive holds the entry. In the other phases, the archive is empty.
LINK_ARCHIVED: LiteralString = """
UPDATE trip_client_archive
SET element = iif(json_type(element) = 'object', element, json_object('name', ?5)),
    assignment_id = (
        SELECT a.assignment_id FROM trip_client_assignments a
        WHERE a.trip_id = @trip AND a.client_email = ?3 AND a.client_role = ?4)
WHERE trip_id = @trip AND position = (
    SELECT min(h.position) FROM trip_client_archive h WHERE h.trip_id = @trip AND json(h.element) = json(?2))
"""

RECONCILE: LiteralString = "INSERT INTO trip_client_sync (trip_id, action) VALUES (@trip, 'reconcile')"

HOLD: LiteralString = "INSERT INTO trip_client_sync (trip_id, action) VALUES (@trip, 'hold')"

RELEASE: LiteralString = "DELETE FROM trip_client_sync WHERE trip_id = @trip"

ASSIGN_MANY: LiteralString = """
INSERT INTO trip_client_assignments (trip_id, client_email, client_role, created_at, updated_at)
SELECT @trip, w.value ->> 0, w.value ->> 1, ?3, ?3
FROM json_each(?2) w
WHERE true
ON CONFLICT (trip_id, client_email, client_role) DO NOTHING
"""

COPY_ASSIGNMENTS: LiteralString = """
INSERT INTO trip_client_assignments (trip_id, client_email, client_role, created_at, updated_at)
SELECT @trip, a.client_email, a.client_role, ?3, ?3
FROM trip_client_assignments a WHERE a.trip_id = CAST(?2 AS INTEGER)
ORDER BY a.assignment_id
"""

COPY_ENTRIES: LiteralString = (
    WITH_ENTRIES
    + """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(s.element)) FROM (
        SELECT iif(json_type(e.entry, '$.assigned_at') IS NULL, e.element,
                   json_set(e.entry, '$.assigned_at', ?3)) AS element
        FROM trip_client_entries e WHERE e.trip_id = CAST(?2 AS INTEGER) ORDER BY e.position) s)
WHERE trip_id = @trip
"""
)

UNASSIGN: LiteralString = """
DELETE FROM trip_client_assignments
WHERE trip_id = @trip
  AND (client_email, client_role) IN (SELECT w.value ->> 0, w.value ->> 1 FROM json_each(?2) w)
"""

# OR REPLACE removes the row that already has the new role; a trigger merges the two entries.
CHANGE_ROLE: LiteralString = """
UPDATE OR REPLACE trip_client_assignments
SET client_role = ?4, updated_at = ?5
WHERE trip_id = @trip AND client_email = ?2 AND client_role = ?3
"""

# Whether the trip's JSON has the entry that the trigger wrote for the assignment of ?3 as ?4 at the time ?2. Looked for
# as text, because its quotes would be escaped inside a JSON string.
THERE: LiteralString = "instr(clients, json_object('email', ?3, 'role', ?4, 'assigned_at', ?2)) > 0"

QUARANTINE: LiteralString = (
    """
INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
SELECT trip_id, clients, 'not an array', ?2 FROM trips_v2
WHERE trip_id = @trip AND """
    + NOT_AN_ARRAY
)

QUARANTINE_UNLESS_THERE: LiteralString = QUARANTINE.replace(NOT_AN_ARRAY, "iif(" + THERE + ", 0, " + NOT_AN_ARRAY + ")")

TAKE_AWAY: LiteralString = (
    WITH_ENTRIES
    + """
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(e.element))
    FROM trip_client_entries e
    WHERE e.trip_id = @trip
      AND (e.client_email IS NULL
           OR json_array(e.client_email, e.role) NOT IN (
               SELECT json_array(w.value ->> 0, w.value ->> 1) FROM json_each(?2) w)
           OR (e.client_email, e.role) IN (
               SELECT a.client_email, a.client_role FROM trip_client_assignments a WHERE a.trip_id = @trip)))
WHERE trip_id = @trip
  AND EXISTS (
      SELECT 1 FROM trip_client_entries e
      WHERE e.trip_id = @trip AND e.client_email IS NOT NULL
        AND (e.client_email, e.role) IN (SELECT w.value ->> 0, w.value ->> 1 FROM json_each(?2) w)
        AND json_array(e.client_email, e.role) NOT IN (
            SELECT json_array(a.client_email, a.client_role) FROM trip_client_assignments a WHERE a.trip_id = @trip))
"""
)

# Whether the trip's JSON is an array without the e-mail ?3, in any case.
GONE: LiteralString = (
    "instr(lower(clients), lower(trim(?3, char(9,10,11,12,13,32)))) + instr(clients, '\\') = 0 AND NOT " + NOT_AN_ARRAY
)

TAKE_AWAY_UNLESS_GONE: LiteralString = TAKE_AWAY.replace(
    "WHERE trip_id = @trip\n  AND EXISTS (", "WHERE trip_id = @trip AND NOT (" + GONE + ")\n  AND EXISTS ("
)

# NOT IN compares json_array(…), not row values: a row value may be partly NULL, and SQLite then scans the whole list.
# Missing entries are appended to the existing text in one pass.
ADD_MISSING: LiteralString = (
    WITH_ENTRIES
    + """
UPDATE trips_v2
SET clients = iif("""
    + NOT_AN_ARRAY
    + """, m.entries,
              iif(json_array_length(clients) = 0, m.entries,
                  substr(json(clients), 1, length(json(clients)) - 1) || ',' || substr(m.entries, 2)))
FROM (
    SELECT count(*) AS n,
           json_group_array(json_object('email', a.client_email, 'role', a.client_role, 'assigned_at', a.created_at)) AS entries
    FROM trip_client_assignments a
    WHERE a.trip_id = @trip
      AND json_array(a.client_email, a.client_role) NOT IN (
          SELECT json_array(e.client_email, e.role) FROM trip_client_entries e
          WHERE e.trip_id = @trip AND e.client_email IS NOT NULL)
) m
WHERE trip_id = @trip AND (m.n > 0 OR """  # noqa: E501
    + NOT_AN_ARRAY
    + """)
RETURNING trip_id
"""
)


def _unless(done: LiteralString) -> LiteralString:
    """Return ADD_MISSING for a trip where `done` is false, without work that grows with the trip where it is true."""
    return ADD_MISSING.replace(
        "FROM trip_client_assignments a\n    WHERE a.trip_id = @trip\n",
        "FROM (SELECT trip_id FROM trips_v2 WHERE trip_id = @trip AND NOT (" + done + ")) t\n"
        "    CROSS JOIN trip_client_assignments a\n    WHERE a.trip_id = t.trip_id\n",
    ).replace("AND (m.n > 0 OR", "AND NOT (" + done + ") AND (m.n > 0 OR")


ADD_MISSING_UNLESS_THERE: LiteralString = _unless(THERE)
ADD_MISSING_UNLESS_GONE: LiteralString = _unless(GONE)
