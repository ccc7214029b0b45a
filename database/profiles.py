"""Queries and statements for one client: its full record, its trips, and updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.actor import actor
from database.engine import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from database.engine import Database, Row

# The columns that an update writes back.
EDITED = ("email", "full_name", "contact_info", "preferences", "loyalty_programs", "travel_docs")


async def whole(db: Database, client_id: int) -> Row | None:
    """Return the client's id, `EDITED` columns, created_at and updated_at."""
    rows = await db.read(WHOLE, (client_id,))
    return rows[0] if rows else None


async def trips_behind(db: Database, email: str, place: tuple[str, int] | None, limit: int) -> list[Row]:
    """Return up to `limit` of the client's trips after `place`, a (start_date, trip_id) pair, latest first.

    `roles` is a text of roles joined by commas.
    """
    return await db.read(TRIPS_PAGE, (email, *(place or (None, None)), limit))


async def count_trips(db: Database, email: str) -> int:
    return (await db.read(TRIPS_COUNT, (email,)))[0]["n"]


def update(read: Row, values: Mapping[str, Any], details: str, now: str) -> list[Statement]:
    """Store all `EDITED` columns and log the change. Triggers copy a changed e-mail to both stores.

    The guard fails if the client changed since it was read, or if another client has the new e-mail, ignoring case.
    """
    client_id = read["client_id"]
    search_text = f"{values['full_name']} {values['email']}".lower()
    return [
        Statement(GUARD_UNCHANGED, (client_id, *(read[column] for column in EDITED), values["email"])),
        Statement(UPDATE, (*(values[column] for column in EDITED), search_text, now, client_id)),
        Statement(LOG, (details, client_id, now, actor())),
        Statement(MARK_TRIPS, (client_id, now)),
    ]


WHOLE: LiteralString = """
SELECT c.client_id, c.email, c.full_name, c.contact_info, c.preferences, c.loyalty_programs, c.travel_docs,
       c.created_at, c.updated_at
FROM clients_v2 c WHERE c.client_id = CAST(? AS INTEGER)
"""

TRIPS_PAGE: LiteralString = """
SELECT t.trip_id, t.trip_name, t.start_date, t.end_date, t.status, group_concat(a.client_role, ', ') AS roles
FROM trip_client_assignments a JOIN trips_v2 t ON t.trip_id = a.trip_id
WHERE a.client_email = ?1 AND (?2 IS NULL OR (t.start_date, t.trip_id) < (?2, CAST(?3 AS INTEGER)))
GROUP BY t.trip_id
ORDER BY t.start_date DESC, t.trip_id DESC
LIMIT CAST(?4 AS INTEGER)
"""

TRIPS_COUNT: LiteralString = """
SELECT count(DISTINCT a.trip_id) AS n
FROM trip_client_assignments a JOIN trips_v2 t ON t.trip_id = a.trip_id
WHERE a.client_email = ?
"""

# Fails unless the client is unchanged and no other client has the new e-mail.
GUARD_UNCHANGED: LiteralString = """
INSERT INTO write_guard (clients_exist)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM clients_v2 c
    WHERE c.client_id = CAST(?1 AS INTEGER) AND c.email IS ?2 AND c.full_name IS ?3 AND c.contact_info IS ?4
      AND c.preferences IS ?5 AND c.loyalty_programs IS ?6 AND c.travel_docs IS ?7
      AND (c.email = ?8 OR NOT EXISTS (
          SELECT 1 FROM clients_v2 o
          WHERE lower(trim(o.email, char(9,10,11,12,13,32))) = lower(trim(?8, char(9,10,11,12,13,32)))
            AND o.client_id <> c.client_id)))
"""

UPDATE: LiteralString = """
UPDATE clients_v2
SET email = ?, full_name = ?, contact_info = ?, preferences = ?, loyalty_programs = ?, travel_docs = ?,
    search_text = ?, updated_at = ?
WHERE client_id = CAST(? AS INTEGER)
"""

LOG: LiteralString = """
INSERT INTO ActivityLog (activity_type, activity_details, client_id, created_at, actor)
VALUES ('ClientUpdated', ?, CAST(? AS INTEGER), ?, ?)
"""

# Trip facts include client names and e-mails.
MARK_TRIPS: LiteralString = """
INSERT INTO facts_dirty (trip_id, reason, created_at)
SELECT DISTINCT a.trip_id, 'client_changed', ?2
FROM clients_v2 c JOIN trip_client_assignments a ON a.client_email = c.email
WHERE c.client_id = CAST(?1 AS INTEGER)
  AND NOT EXISTS (SELECT 1 FROM facts_dirty d WHERE d.trip_id = a.trip_id AND d.reason = 'client_changed')
"""
