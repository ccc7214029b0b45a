"""Merge of two clients who are one person, and its undo.

The state of both clients and of their trips is stored in orphaned_rows, before and after the merge. The undo restores
the first, provided that the second still holds.
"""

from __future__ import annotations

import json
from asyncio import gather
from typing import TYPE_CHECKING, Any, LiteralString

from database import tables, waiting
from database.actor import actor
from database.clients import guard_email_free
from database.engine import Statement
from database.profiles import EDITED, GUARD_UNCHANGED
from database.restoring import insert_kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from database.engine import Database, Row


async def roles(db: Database, email: str) -> list[Row]:
    """Return the client's assignments: trip_id, trip_name, role."""
    return await db.read(ROLES, (email,))


async def merge(  # noqa: PLR0913 - the clients, and the row to write
    db: Database, keep: Row, remove: Row, values: Mapping[str, Any], details: str, now: str
) -> list[Statement]:
    """Merge `remove` into `keep`, which gets these `EDITED` columns, after a copy to orphaned_rows for the undo.

    Both rows are as `profiles.whole` reads them. A guard fails if either has changed since.
    """
    both = (keep["client_id"], remove["client_id"])
    state = await _state(db)
    return [
        _unchanged(keep),
        _unchanged(remove),
        Statement(SET_ASIDE.replace("@state", state), (*both, now)),
        Statement(ADD_TEXTS.replace("@key", "$.before.texts"), (*both, now), mirrors=True),
        # The replaced client's assignments and entries move to the client that replaces it; see migration 015.
        Statement(TAKE_ID, both),
        Statement(GIVE_ID_BACK, both),
        Statement(
            UPDATE,
            (*(values[column] for column in EDITED), f"{values['full_name']} {values['email']}".lower(), now, both[0]),
        ),
        Statement(MOVE_ACTIVITY, both),
        Statement(MOVE_PAYMENTS, (remove["email"], both[0])),
        Statement(LOG, (details, both[0], now, actor())),
        Statement(ADD_AFTER.replace("@state", state), (*both, now)),
        Statement(ADD_TEXTS.replace("@key", "$.after.texts"), (*both, now), mirrors=True),
    ]


async def merged(db: Database, orphan_id: int) -> Row | None:
    """Return a merge that can be undone: orphan_id, keep_id, keep_name, remove_id, remove_name, trip_ids as JSON."""
    rows = await db.read(MERGED, (orphan_id,))
    return rows[0] if rows else None


async def undo(db: Database, found: Row, now: str) -> list[Statement]:
    """Undo the merge. A guard fails if the client that was kept, or one of the trips, has changed since."""
    orphan, trip_ids = (found["orphan_id"],), set[int](json.loads(found["trip_ids"]))
    clients_columns = [row["name"] for row in await tables.columns(db, "clients_v2")]
    assignment_columns = [row["name"] for row in await tables.columns(db, "trip_client_assignments")]
    log = f"Undid the merge of {found['remove_name']} (client {found['remove_id']}) into {found['keep_name']}"
    return [
        Statement(GUARD_AFTER.replace("@state", await _state(db)), (found["keep_id"], found["remove_id"], *orphan)),
        Statement(GUARD_TEXTS, orphan, mirrors=True),
        waiting.hold(trip_ids),
        Statement(DELETE_ASSIGNMENTS, orphan),
        Statement(RESTORE_KEPT, orphan),
        guard_email_free(found["remove_email"]),
        insert_kept("clients_v2", clients_columns, "$.before.remove", "", orphan),
        insert_kept("trip_client_assignments", assignment_columns, "$.before.assignments", "", orphan),
        Statement(RESTORE_PRIMARY, orphan),
        Statement(RESTORE_TEXTS, orphan, mirrors=True),
        Statement(RESTORE_ARCHIVE, orphan),
        Statement(RESTORE_ACTIVITY, orphan),
        Statement(RESTORE_PAYMENTS, orphan),
        *waiting.release(trip_ids),
        Statement(LOG, (log, found["keep_id"], now, actor())),
        Statement("DELETE FROM orphaned_rows WHERE orphan_id = CAST(? AS INTEGER)", orphan),
    ]


def _unchanged(client: Row) -> Statement:
    return Statement(GUARD_UNCHANGED, (client["client_id"], *(client[column] for column in EDITED), client["email"]))


async def _state(db: Database) -> LiteralString:
    """Build the SQL expression for the state of the clients ?1 (kept) and ?2 (removed), without their trips' JSON."""
    columns = await gather(tables.columns(db, "clients_v2"), tables.columns(db, "trip_client_assignments"))
    client, assignment = ([row["name"] for row in some] for some in columns)
    state = STATE.replace("@client", tables.row_as_json("c", client))
    return state.replace("@assignment", tables.row_as_json("a", assignment))


ROLES: LiteralString = """
SELECT a.trip_id, t.trip_name, a.client_role AS role
FROM trip_client_assignments a JOIN trips_v2 t ON t.trip_id = a.trip_id
WHERE a.client_email = ? ORDER BY a.trip_id, a.assignment_id
"""

_EMAILS: LiteralString = (
    "SELECT c.email FROM clients_v2 c WHERE c.client_id IN (CAST(?1 AS INTEGER), CAST(?2 AS INTEGER))"
)

_TRIPS: LiteralString = (
    "SELECT a.trip_id FROM trip_client_assignments a WHERE a.client_email IN ("
    + _EMAILS
    + ") UNION SELECT t.trip_id FROM trips_v2 t WHERE t.primary_client_email IN ("
    + _EMAILS
    + ")"
)

STATE: LiteralString = (
    """json_object(
    'keep', (SELECT @client FROM clients_v2 c WHERE c.client_id = CAST(?1 AS INTEGER)),
    'remove', (SELECT @client FROM clients_v2 c WHERE c.client_id = CAST(?2 AS INTEGER)),
    'assignments', json((
        SELECT json_group_array(json(r.row)) FROM (
            SELECT @assignment AS row FROM trip_client_assignments a
            WHERE a.client_email IN ("""
    + _EMAILS
    + """) ORDER BY a.assignment_id) r)),
    'primary', json((
        SELECT json_group_array(json_array(p.trip_id, p.primary_client_email)) FROM (
            SELECT t.trip_id, t.primary_client_email FROM trips_v2 t
            WHERE t.primary_client_email IN ("""
    + _EMAILS
    + """) ORDER BY t.trip_id) p)),
    'archive', json((
        SELECT json_group_array(json_array(h.trip_id, h.position, h.assignment_id)) FROM (
            SELECT * FROM trip_client_archive k WHERE k.assignment_id IN (
                SELECT a.assignment_id FROM trip_client_assignments a WHERE a.client_email IN ("""
    + _EMAILS
    + """)) ORDER BY k.trip_id, k.position) h)),
    'payments', json((
        SELECT json_group_array(p.payment_id) FROM trip_payments p
        WHERE p.payer = (SELECT c.email FROM clients_v2 c WHERE c.client_id = CAST(?2 AS INTEGER)))),
    'activity', json((
        SELECT json_group_array(l.activity_id) FROM ActivityLog l WHERE l.client_id = CAST(?2 AS INTEGER))))"""
)

SET_ASIDE: LiteralString = (
    """
INSERT INTO orphaned_rows (table_name, row_data, reason, set_aside_at)
SELECT 'clients_v2', json_object('before', @state, 'trips', json((SELECT json_group_array(w.trip_id) FROM ("""
    + _TRIPS
    + """) w))), 'merged', ?3
"""
)

_THIS: LiteralString = """table_name = 'clients_v2' AND reason = 'merged' AND set_aside_at = ?3
  AND row_data ->> '$.before.keep.client_id' = CAST(?1 AS INTEGER)
  AND row_data ->> '$.before.remove.client_id' = CAST(?2 AS INTEGER)
"""

_TEXTS: LiteralString = """(
    SELECT json_group_array(json_array(t.trip_id, t.clients)) FROM json_each(row_data, '$.trips') w
    CROSS JOIN trips_v2 t ON t.trip_id = w.value)"""

ADD_TEXTS: LiteralString = (
    "UPDATE orphaned_rows SET row_data = json_set(row_data, '@key', json(" + _TEXTS + ")) WHERE " + _THIS
)

ADD_AFTER: LiteralString = (
    "UPDATE orphaned_rows SET row_data = json_set(row_data, '$.after', json(@state)) WHERE " + _THIS
)

TAKE_ID: LiteralString = """
UPDATE OR REPLACE clients_v2 SET client_id = CAST(?2 AS INTEGER) WHERE client_id = CAST(?1 AS INTEGER)
"""

GIVE_ID_BACK: LiteralString = """
UPDATE clients_v2 SET client_id = CAST(?1 AS INTEGER) WHERE client_id = CAST(?2 AS INTEGER)
"""

UPDATE: LiteralString = """
UPDATE clients_v2
SET email = ?, full_name = ?, contact_info = ?, preferences = ?, loyalty_programs = ?, travel_docs = ?, search_text = ?,
    updated_at = ?
WHERE client_id = CAST(? AS INTEGER)
"""

MOVE_ACTIVITY: LiteralString = """
UPDATE ActivityLog SET client_id = CAST(?1 AS INTEGER) WHERE client_id = CAST(?2 AS INTEGER)
"""

MOVE_PAYMENTS: LiteralString = """
UPDATE trip_payments SET payer = (SELECT c.email FROM clients_v2 c WHERE c.client_id = CAST(?2 AS INTEGER))
WHERE payer = ?1
"""

LOG: LiteralString = """
INSERT INTO ActivityLog (activity_type, activity_details, client_id, created_at, actor)
VALUES ('ClientsMerged', ?, CAST(? AS INTEGER), ?, ?)
"""

MERGED: LiteralString = """
SELECT orphan_id,
       row_data ->> '$.before.keep.client_id' AS keep_id, row_data ->> '$.before.keep.full_name' AS keep_name,
       row_data ->> '$.before.remove.client_id' AS remove_id, row_data ->> '$.before.remove.full_name' AS remove_name,
       row_data ->> '$.before.remove.email' AS remove_email,
       row_data -> '$.trips' AS trip_ids
FROM orphaned_rows
WHERE orphan_id = CAST(? AS INTEGER) AND table_name = 'clients_v2' AND reason = 'merged' AND json_valid(row_data)
"""

GUARD_AFTER: LiteralString = """
INSERT INTO write_guard (clients_exist)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM orphaned_rows o
    WHERE o.orphan_id = CAST(?3 AS INTEGER)
      AND json_remove(@state, '$.activity', '$.payments', '$.keep.updated_at')
        = json_remove(o.row_data -> '$.after', '$.texts', '$.activity', '$.payments', '$.keep.updated_at'))
"""

GUARD_TEXTS: LiteralString = (
    """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 FROM orphaned_rows WHERE orphan_id = CAST(?1 AS INTEGER) AND """
    + _TEXTS
    + """ IS NOT row_data -> '$.after.texts'
"""
)

DELETE_ASSIGNMENTS: LiteralString = """
DELETE FROM trip_client_assignments WHERE client_email = (
    SELECT row_data ->> '$.after.keep.email' FROM orphaned_rows WHERE orphan_id = CAST(? AS INTEGER))
"""

RESTORE_KEPT: LiteralString = """
UPDATE clients_v2
SET (email, full_name, contact_info, preferences, loyalty_programs, travel_docs, search_text, updated_at) = (
    SELECT row_data ->> '$.before.keep.email', row_data ->> '$.before.keep.full_name',
           row_data ->> '$.before.keep.contact_info', row_data ->> '$.before.keep.preferences',
           row_data ->> '$.before.keep.loyalty_programs', row_data ->> '$.before.keep.travel_docs',
           row_data ->> '$.before.keep.search_text', row_data ->> '$.before.keep.updated_at'
    FROM orphaned_rows WHERE orphan_id = CAST(?1 AS INTEGER))
WHERE client_id = (
    SELECT row_data ->> '$.before.keep.client_id' FROM orphaned_rows WHERE orphan_id = CAST(?1 AS INTEGER))
"""

# A column of the trips, from a list of [trip_id, value].
_RESTORE_TRIPS: LiteralString = """
UPDATE trips_v2 SET @column = (
    SELECT p.value ->> 1 FROM orphaned_rows k, json_each(k.row_data, '@list') p
    WHERE k.orphan_id = CAST(?1 AS INTEGER) AND p.value ->> 0 = trips_v2.trip_id)
WHERE trip_id IN (
    SELECT p.value ->> 0 FROM orphaned_rows k, json_each(k.row_data, '@list') p
    WHERE k.orphan_id = CAST(?1 AS INTEGER))
"""

RESTORE_PRIMARY: LiteralString = _RESTORE_TRIPS.replace("@column", "primary_client_email").replace(
    "@list", "$.before.primary"
)

RESTORE_TEXTS: LiteralString = _RESTORE_TRIPS.replace("@column", "clients").replace("@list", "$.before.texts")

RESTORE_ARCHIVE: LiteralString = """
UPDATE trip_client_archive SET assignment_id = p.value ->> 2
FROM orphaned_rows k, json_each(k.row_data, '$.before.archive') p
WHERE k.orphan_id = CAST(?1 AS INTEGER)
  AND trip_client_archive.trip_id = p.value ->> 0 AND trip_client_archive.position = p.value ->> 1
"""

RESTORE_PAYMENTS: LiteralString = """
UPDATE trip_payments SET payer = (
    SELECT k.row_data ->> '$.before.remove.email' FROM orphaned_rows k WHERE k.orphan_id = CAST(?1 AS INTEGER))
WHERE payment_id IN (
    SELECT p.value FROM orphaned_rows k, json_each(k.row_data, '$.before.payments') p
    WHERE k.orphan_id = CAST(?1 AS INTEGER))
"""

RESTORE_ACTIVITY: LiteralString = """
UPDATE ActivityLog SET client_id = (
    SELECT k.row_data ->> '$.before.remove.client_id' FROM orphaned_rows k WHERE k.orphan_id = CAST(?1 AS INTEGER))
WHERE activity_id IN (
    SELECT p.value FROM orphaned_rows k, json_each(k.row_data, '$.before.activity') p
    WHERE k.orphan_id = CAST(?1 AS INTEGER))
"""
