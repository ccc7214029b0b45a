"""Assignments of a deleted trip or client, which wait in orphaned_rows until both trip and client exist again.

A waiting row is the assignment's row plus three keys: `json_entry` is the JSON entry, or null if the trip keeps it;
`json_position` is the position of that entry; `json_entries` lists [position, entry] of all entries, if several people
share the pair.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database import tables
from database.engine import Statement
from database.entries import NOT_AN_ARRAY
from database.guests import CALLED, WITH_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# The stored e-mail of the client with this e-mail, or NULL. An exact match takes precedence over a match that ignores
# case and surrounding whitespace.
CLIENT_NOW: LiteralString = """coalesce(
    (SELECT c.email FROM clients_v2 c WHERE c.email = @email),
    (SELECT c.email FROM clients_v2 c
     WHERE lower(trim(c.email, char(9,10,11,12,13,32))) = lower(trim(@email, char(9,10,11,12,13,32)))
     ORDER BY c.client_id LIMIT 1))"""

ROLE: LiteralString = "iif(trim(coalesce(@role, '')) = '', 'traveler', @role)"

WAITS: LiteralString = "@o.table_name = 'trip_client_assignments' AND @o.reason = 'trip or client deleted'"


def hold(trip_ids: Collection[int]) -> Statement:
    """Stop the triggers from mirroring these trips until `release`."""
    return Statement(HOLD, (_ids(trip_ids),), mirrors=True)


def release(trip_ids: Collection[int]) -> list[Statement]:
    """Let the triggers mirror these trips again. Also reconcile the trips, which links or indexes unlinked entries."""
    return [Statement(sql, (_ids(trip_ids),), mirrors=True) for sql in (RELEASE, RECONCILE, RELEASE)]


def from_trip(orphan_id: int, now: str) -> Statement:
    """Store a waiting row for each assignment of a deleted trip in orphaned_rows."""
    return Statement(
        WAIT.replace("@list", "$.archive").replace("@loose", "assignment_id NOT IN (SELECT assignment_id FROM own)"),
        (orphan_id, now),
    )


def from_client(orphan_id: int, now: str) -> Statement:
    """Store a waiting row for each assignment of a deleted client in orphaned_rows."""
    return Statement(WAIT.replace("@list", "$.entries").replace("@loose", "assignment_id IS NULL"), (orphan_id, now))


def assign(trip_ids: Collection[int], email: str | None, columns: Sequence[str]) -> list[Statement]:
    """Create each waiting assignment of these trips, optionally for one client only, whose trip and client exist.

    `columns` are the columns in the waiting rows, or empty if there are no waiting rows.
    """
    if not columns:
        return []
    instead: dict[str, LiteralString] = {
        "assignment_id": FREE_ID,
        "client_email": CLIENT_NOW.replace("@email", "r.client_email"),
        "client_role": ROLE.replace("@role", "r.client_role"),
    }
    sql = (
        ASSIGN.replace("@columns", tables.names_listed(columns))
        .replace("@values", tables.values_listed("r", columns, instead))
        .replace("@rows", tables.rows_of_json(WAITING_AS_JSON, columns))
    )
    return [Statement(sql, (_ids(trip_ids), email))]


def merge(trip_ids: Collection[int], email: str | None, now: str) -> list[Statement]:
    """Insert the waiting entries into the trips' JSON, each at its old position, unless it has them already.

    A trip that has other people of the same pair, who share the e-mail, still lacks the client's own entry.
    """
    which = _ids(trip_ids)
    return [
        Statement(QUARANTINE, (which, now), mirrors=True),
        Statement(MERGE, (which, email), mirrors=True),
    ]


def archive(trip_ids: Collection[int], email: str | None) -> list[Statement]:
    """Add the waiting entries of these trips to the archive."""
    return [Statement(sql, (_ids(trip_ids), email)) for sql in (LINK_ARCHIVED, ARCHIVE)]


def settle(trip_ids: Collection[int], email: str | None) -> list[Statement]:
    """Delete the waiting rows that became assignments, and archived entries that are back in the JSON."""
    which = _ids(trip_ids)
    return [Statement(SETTLE, (which, email)), Statement(EMPTY_ARCHIVE, (which,), mirrors=True)]


def _ids(trip_ids: Collection[int]) -> str:
    return json.dumps(sorted(trip_ids))


HOLD: LiteralString = "INSERT INTO trip_client_sync (trip_id, action) SELECT s.value, 'hold' FROM json_each(?) s"

RELEASE: LiteralString = "DELETE FROM trip_client_sync WHERE trip_id IN (SELECT s.value FROM json_each(?) s)"

RECONCILE: LiteralString = (
    "INSERT INTO trip_client_sync (trip_id, action) SELECT s.value, 'reconcile' FROM json_each(?) s"
)

# An entry belongs to the assignment that it was archived with. If that assignment was replaced, the entry belongs to
# the assignment with the same e-mail and role.
WAIT: LiteralString = (
    """
WITH own AS MATERIALIZED (
    SELECT r.value AS row, r.value ->> '$.assignment_id' AS assignment_id, r.value ->> '$.trip_id' AS trip_id,
           r.value ->> '$.client_email' AS email, """
    + ROLE.replace("@role", "r.value ->> '$.client_role'")
    + """ AS role
    FROM orphaned_rows k, json_each(k.row_data, '$.assignments') r
    WHERE k.orphan_id = CAST(?1 AS INTEGER)
), held AS MATERIALIZED (
    SELECT h.value ->> '$.assignment_id' AS assignment_id, h.value ->> '$.trip_id' AS trip_id,
           h.value ->> '$.position' AS position, h.value ->> '$.element' AS element
    FROM orphaned_rows k, json_each(k.row_data, '@list') h
    WHERE k.orphan_id = CAST(?1 AS INTEGER)
)
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'trip_client_assignments',
       json_set(o.row, '$.json_position', coalesce(i.position, p.position),
                '$.json_entry', json(coalesce(i.element, p.element)), '$.json_entries', json(i.every)),
       'trip or client deleted', ?2
FROM own o
LEFT JOIN (
    SELECT assignment_id, min(position) AS position, element,
           json_group_array(json_array(position, json(element))) AS every
    FROM held GROUP BY assignment_id
) i ON i.assignment_id = o.assignment_id
LEFT JOIN (
    SELECT trip_id, element ->> '$.email' AS email, element ->> '$.role' AS role, min(position) AS position, element
    FROM held WHERE @loose GROUP BY 1, 2, 3
) p ON p.trip_id = o.trip_id AND p.email = o.email AND p.role = o.role
"""
)

_WAITING: LiteralString = (
    "FROM orphaned_rows o\nWHERE "
    + WAITS.replace("@o", "o")
    + """
  AND o.row_data ->> '$.trip_id' IN (SELECT s.value FROM json_each(?1) s)
  AND (?2 IS NULL OR o.row_data ->> '$.client_email' = ?2)
"""
)

WAITING_AS_JSON: LiteralString = "(SELECT json_group_array(json(o.row_data)) " + _WAITING + ")"

FREE_ID: LiteralString = """iif(
    EXISTS (SELECT 1 FROM trip_client_assignments x WHERE x.assignment_id = r.assignment_id), NULL, r.assignment_id)"""

ASSIGN: LiteralString = (
    """
INSERT INTO trip_client_assignments (@columns)
SELECT @values
FROM (@rows) r
WHERE """
    + CLIENT_NOW.replace("@email", "r.client_email")
    + """ IS NOT NULL
ORDER BY r.assignment_id
ON CONFLICT (trip_id, client_email, client_role) DO NOTHING
"""
)

_FIRST: LiteralString = "lower(substr(@name, 1, instr(@name || ' ', ' ')))"

# The waiting assignments. `kept` is the original entry. `entry` is that entry, or one built from the row, with the
# current e-mail and role. `first_name` is that of the kept entry. `assignment_id` is the restored assignment, or NULL.
_UNITS: LiteralString = (
    """units AS MATERIALIZED (
    SELECT w.orphan_id, w.number, w.trip_id, w.email, w.role, w.kept, w.every, a.assignment_id,
           """
    + _FIRST.replace("@name", "coalesce(" + CALLED.replace("@entry", "w.kept") + ", c.full_name)")
    + """ AS first_name,
           coalesce(w.position, 1000000000 + w.number) AS position,
           json_set(coalesce(w.kept, json_object('email', w.email, 'role', w.role, 'assigned_at', w.created_at)),
                    '$.email', w.email, '$.role', w.role) AS entry
    FROM (
        SELECT o.orphan_id, o.row_data ->> '$.assignment_id' AS number, o.row_data ->> '$.trip_id' AS trip_id,
               coalesce("""
    + CLIENT_NOW.replace("@email", "(o.row_data ->> '$.client_email')")
    + """, o.row_data ->> '$.client_email') AS email,
               """
    + ROLE.replace("@role", "(o.row_data ->> '$.client_role')")
    + """ AS role,
               o.row_data ->> '$.created_at' AS created_at, o.row_data ->> '$.json_position' AS position,
               nullif(o.row_data -> '$.json_entry', 'null') AS kept, o.row_data -> '$.json_entries' AS every
        """
    + _WAITING
    + """
    ) w
    LEFT JOIN trip_client_assignments a
      ON a.trip_id = w.trip_id AND a.client_email = w.email AND a.client_role = w.role
    LEFT JOIN clients_v2 c ON c.email = w.email
)"""
)

QUARANTINE: LiteralString = (
    """
INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at)
SELECT trip_id, clients, 'not an array', ?2 FROM trips_v2
WHERE trip_id IN (SELECT s.value FROM json_each(?1) s) AND """
    + NOT_AN_ARRAY
)

# `place` is the index to insert at: the old position minus the number of restored entries before it.
MERGE: LiteralString = (
    WITH_PEOPLE
    + ", "
    + _UNITS
    + """, present AS MATERIALIZED (
    SELECT json_array(e.trip_id, coalesce(e.client_email, e.email), e.role) AS pair,
           json_array(e.trip_id, coalesce(e.client_email, e.email), e.role, """
    + _FIRST.replace("@name", "e.called")
    + """) AS person
    FROM json_each(?1) s CROSS JOIN trip_people e
    WHERE e.trip_id = s.value AND e.email IS NOT NULL
), missing AS MATERIALIZED (
    SELECT u.trip_id, u.position, u.entry,
           u.position - row_number() OVER (PARTITION BY u.trip_id ORDER BY u.position) + 1 AS place
    FROM (
        SELECT u.trip_id, coalesce(m.value ->> 0, u.position) AS position,
               iif(m.value IS NULL, u.entry, json_set(m.value -> 1, '$.email', u.email, '$.role', u.role)) AS entry
        FROM units u LEFT JOIN json_each(iif(json_array_length(u.every) > 1, u.every, '[]')) m
        WHERE json_array(u.trip_id, u.email, u.role) NOT IN (SELECT p.pair FROM present p)
           OR u.kept IS NOT NULL
              AND json_array(u.trip_id, u.email, u.role, NULL) NOT IN (SELECT p.person FROM present p)
              AND json_array(u.trip_id, u.email, u.role, u.first_name) NOT IN (SELECT p.person FROM present p)
    ) u
)
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json(m.element)) FROM (
        SELECT n.place AS place, 0 AS turn, n.position AS position, n.entry AS element
        FROM missing n WHERE n.trip_id = trips_v2.trip_id
        UNION ALL
        SELECT e.position, 1, e.position, e.element
        FROM trip_client_entries e WHERE e.trip_id = trips_v2.trip_id
        ORDER BY 1, 2, 3
    ) m)
WHERE trip_id IN (SELECT n.trip_id FROM missing n)
"""
)

# Relink an archived entry to the restored assignment, or unlink it if there is none.
LINK_ARCHIVED: LiteralString = (
    "WITH "
    + _UNITS
    + """
UPDATE trip_client_archive
SET assignment_id = m.assignment_id,
    element = iif(m.assignment_id IS NULL, json_set(element, '$.email', m.email, '$.role', m.role), element)
FROM (
    SELECT h.trip_id, h.position, u.assignment_id, u.email, u.role
    FROM units u CROSS JOIN trip_client_archive h
    WHERE h.assignment_id = u.number AND h.trip_id = u.trip_id AND u.assignment_id IS NOT u.number
    UNION ALL
    SELECT f.trip_id, f.position, u.assignment_id, u.email, u.role
    FROM (
        SELECT h.trip_id, h.position, h.element ->> '$.email' AS email, h.element ->> '$.role' AS role
        FROM json_each(?1) s CROSS JOIN trip_client_archive h
        WHERE h.trip_id = s.value
          AND NOT EXISTS (SELECT 1 FROM trip_client_assignments x WHERE x.assignment_id = h.assignment_id)
    ) f CROSS JOIN units u
    WHERE u.trip_id = f.trip_id AND u.email = f.email AND u.role = f.role
) m
WHERE trip_client_archive.trip_id = m.trip_id AND trip_client_archive.position = m.position
"""
)

# An assignment created in the normalized phase has no archived entry and gets one only if it could not be restored.
ARCHIVE: LiteralString = (
    "WITH "
    + _UNITS
    + """
INSERT INTO trip_client_archive (trip_id, position, assignment_id, element)
SELECT u.trip_id,
       iif(row_number() OVER (PARTITION BY u.trip_id, u.position ORDER BY u.number) > 1
           OR EXISTS (SELECT 1 FROM trip_client_archive h WHERE h.trip_id = u.trip_id AND h.position = u.position),
           1000000000 + u.number, u.position),
       u.assignment_id, iif(u.assignment_id IS NULL, u.entry, u.kept)
FROM units u
WHERE (u.kept IS NOT NULL OR u.assignment_id IS NULL)
  AND NOT EXISTS (
      SELECT 1 FROM trip_client_archive h
      WHERE h.assignment_id = u.assignment_id
        AND coalesce("""
    + _FIRST.replace("@name", CALLED.replace("@entry", "h.element"))
    + """ = u.first_name, 1))
  AND json_array(u.trip_id, u.email, u.role) NOT IN (
      SELECT json_array(h.trip_id, h.element ->> '$.email', h.element ->> '$.role')
      FROM json_each(?1) s CROSS JOIN trip_client_archive h
      WHERE h.trip_id = s.value AND h.assignment_id IS NULL)
"""
)

SETTLE: LiteralString = (
    "WITH "
    + _UNITS
    + """
DELETE FROM orphaned_rows
WHERE orphan_id IN (SELECT u.orphan_id FROM units u WHERE u.assignment_id IS NOT NULL)
"""
)

EMPTY_ARCHIVE: LiteralString = "DELETE FROM trip_client_archive WHERE trip_id IN (SELECT s.value FROM json_each(?) s)"
