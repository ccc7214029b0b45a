"""Restoration of a deleted trip or client from orphaned_rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from database import activity, clients, facts, slugs, tables, trips, waiting
from database.actor import actor
from database.engine import Statement
from database.entries import ENTRIES
from database.waiting import CLIENT_NOW, ROLE, WAITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row


@dataclass(frozen=True)
class Plan:
    """A plan to restore one row of orphaned_rows.

    `kept` is the row from `with_id`. The restore is blocked if `id_taken` is true, or if `email_of`, the id of another
    client with the e-mail, is set. `primary` is the current e-mail of the trip's primary client, or None. `ends` lists
    the assignments to restore: `trip_id`, `email`, `role`, `trip_here` (true if the trip exists) and `client_now`
    (the client's current e-mail, or None).
    """

    kept: Row
    id_taken: bool
    email_of: int | None
    primary: str | None
    slug: str
    ends: list[Row]
    own: int
    columns: dict[str, list[str]]

    @property
    def is_trip(self) -> bool:
        return self.kept["kind"] == "trip"

    @property
    def restored(self) -> list[Row]:
        return [end for end in self.ends if self._is_whole(end)]

    @property
    def lost(self) -> list[Row]:
        """The assignments of the trip whose client is missing, or of the client whose trip is missing."""
        return [end for end in self.ends if not self._is_whole(end)]

    @property
    def trip_ids(self) -> set[int]:
        """The ids of the trips whose assignments change."""
        return {self.kept["id"]} if self.is_trip else {end["trip_id"] for end in self.restored}

    @property
    def email(self) -> str | None:
        return None if self.is_trip else self.kept["email"]

    def _is_whole(self, end: Row) -> bool:
        return end["client_now"] is not None if self.is_trip else bool(end["trip_here"])


async def with_id(db: Database, orphan_id: int) -> Row | None:
    """Return the row of orphaned_rows; its `kind` is None unless it holds a deleted trip or client."""
    rows = await db.read(WITH_ID, (orphan_id,))
    return rows[0] if rows else None


async def deleted(db: Database) -> list[Row]:
    """Return deleted trips and clients, newest first: orphan_id, kind, id, name, email, slug, at."""
    return await db.read(DELETED)


async def plan(db: Database, kept: Row) -> Plan | None:
    """Plan the restore of a row, or return None if it no longer exists."""
    orphan_id, is_trip = kept["orphan_id"], kept["kind"] == "trip"
    states = await db.read(TRIP_STATE if is_trip else CLIENT_STATE, (orphan_id,))
    if not states:
        return None
    state = states[0]
    lists: dict[str, LiteralString] = (
        {"trips_v2": "$.trip", "ActivityLog": "$.activity"} if is_trip else {"clients_v2": "$.client"}
    )
    columns = {table: await _columns(db, table, _kept_as_json(path), (orphan_id,)) for table, path in lists.items()}
    this = (orphan_id, kept["id"] if is_trip else None, None if is_trip else kept["email"])
    columns["trip_client_assignments"] = await _columns(db, "trip_client_assignments", ENDS_AS_JSON, this)
    slug = kept["slug"] or ""
    if is_trip and (not slug or await trips.with_slug(db, slug)):
        slug = await slugs.free_slug(db, slug or str(kept["name"]))
    return Plan(
        kept=kept,
        id_taken=bool(state["id_taken"]),
        email_of=state["email_of"],
        primary=state["primary_now"],
        slug=slug,
        ends=await db.read(ENDS, this),
        own=state["own"],
        columns=columns,
    )


def restore(plan: Plan, now: str) -> list[Statement]:
    """Return the batch, guards first, that restores the trip or client and deletes its row in orphaned_rows."""
    orphan_id = plan.kept["orphan_id"]
    guards = [
        Statement(GUARD_KEPT, (orphan_id, plan.own)),
        Statement(GUARD_ENDS, (json.dumps([_end(end) for end in plan.ends]),)),
    ]
    body = _restore_trip(plan, now) if plan.is_trip else _restore_client(plan, now)
    marked = [facts.mark(plan.trip_ids, "restored", now)]
    return [*guards, *body, *marked, Statement(FORGET, (orphan_id,))]


def _restore_trip(plan: Plan, now: str) -> list[Statement]:
    kept, ids = plan.kept, plan.trip_ids
    aside = (kept["orphan_id"],)
    log = plan.columns["ActivityLog"]
    return [
        Statement(GUARD_TRIP_FREE, (kept["id"], kept["primary"], plan.primary)),
        trips.guard_slug_free(plan.slug),
        waiting.from_trip(kept["orphan_id"], now),
        waiting.hold(ids),
        _insert_trip(plan),
        *waiting.assign(ids, None, plan.columns["trip_client_assignments"]),
        Statement(SET_JSON, (*aside, kept["id"]), mirrors=True),
        *waiting.merge(ids, None, now),
        Statement(ARCHIVE_TEXT, (*aside, kept["id"])),
        Statement(ARCHIVE_ROWS, aside),
        *waiting.archive(ids, None),
        *waiting.settle(ids, None),
        *waiting.release(ids),
        *([insert_kept("ActivityLog", log, "$.activity", LOG_IS_GONE, aside)] if log else []),
        activity.log(kept["id"], [("TripRestored", f"Restored {kept['name']}")], now),
        *([Statement(WAIT_AS_PRIMARY, (kept["id"], kept["primary"]))] if plan.primary is None else []),
    ]


def _restore_client(plan: Plan, now: str) -> list[Statement]:
    kept, ids, email = plan.kept, plan.trip_ids, plan.email
    aside = (kept["orphan_id"],)
    return [
        Statement(GUARD_CLIENT_FREE, (kept["id"],)),
        clients.guard_email_free(kept["email"]),
        waiting.from_client(kept["orphan_id"], now),
        waiting.hold(ids),
        insert_kept("clients_v2", plan.columns["clients_v2"], "$.client", "", aside),
        *waiting.assign(ids, email, plan.columns["trip_client_assignments"]),
        *waiting.merge(ids, email, now),
        *waiting.archive(ids, email),
        *waiting.settle(ids, email),
        *waiting.release(ids),
        Statement(MAKE_PRIMARY, aside),
        Statement(MAKE_PRIMARY_OF_DELETED, aside),
        Statement(LOG_CLIENT, (kept["id"], f"Restored {kept['name']} <{email}>, client {kept['id']}", now, actor())),
    ]


def _insert_trip(plan: Plan) -> Statement:
    instead: dict[str, LiteralString] = {
        "trip_slug": "?2",
        "primary_client_email": CLIENT_NOW.replace("@email", "r.primary_client_email"),
    }
    # SET_JSON writes the column `clients`.
    names = [name for name in plan.columns["trips_v2"] if name != "clients"]
    values = tables.values_listed("r", names, instead)
    return insert_kept("trips_v2", names, "$.trip", "", (plan.kept["orphan_id"], plan.slug), values)


def insert_kept(  # noqa: PLR0913 - the parts of a statement
    table: LiteralString,
    names: Sequence[str],
    path: LiteralString,
    condition: LiteralString,
    params: tuple[int | str, ...],
    values: LiteralString = "r.*",
) -> Statement:
    """Insert the named columns of the rows stored under `path`."""
    return Statement(
        INSERT.replace("@table", table)
        .replace("@columns", tables.names_listed(names))
        .replace("@values", values)
        .replace("@rows", tables.rows_of_json(_kept_as_json(path), names))
        .replace("@condition", condition),
        params,
    )


async def _columns(db: Database, table: str, array: LiteralString, params: tuple[int | str | None, ...]) -> list[str]:
    """Return the table's columns that occur as keys in a JSON array of objects."""
    keys = {row["key"] for row in await db.read(KEYS.replace("@array", array), params)}
    return [row["name"] for row in await tables.columns(db, table) if row["name"] in keys]


def _kept_as_json(path: LiteralString) -> LiteralString:
    """Build the SQL expression for the object or list of objects stored under `path`, as an array."""
    return KEPT_AS_JSON.replace("@path", path)


def _end(end: Row) -> list[int | str | None]:
    return [end["trip_id"], end["trip_here"], end["email"], end["client_now"]]


_DELETED: LiteralString = "@o.table_name IN ('trips_v2', 'clients_v2') AND @o.reason IN ('deleted', 'cleanup')"

# voygen stores only JSON in row_data; any other text is read as an empty object.
_ROWS: LiteralString = (
    """
SELECT o.orphan_id, o.table_name, o.reason, o.set_aside_at AS at,
       iif("""
    + _DELETED.replace("@o", "o")
    + """, iif(o.data ->> '$.trip.trip_id' IS NOT NULL, 'trip',
               iif(o.data ->> '$.client.client_id' IS NOT NULL, 'client', NULL)), NULL) AS kind,
       coalesce(o.data ->> '$.trip.trip_id', o.data ->> '$.client.client_id') AS id,
       coalesce(o.data ->> '$.trip.trip_name', o.data ->> '$.client.full_name') AS name,
       o.data ->> '$.client.email' AS email, o.data ->> '$.trip.trip_slug' AS slug,
       o.data ->> '$.trip.primary_client_email' AS "primary"
FROM (SELECT *, iif(json_valid(row_data), row_data, '{}') AS data FROM orphaned_rows) o
"""
)

WITH_ID: LiteralString = _ROWS + "WHERE o.orphan_id = CAST(? AS INTEGER)"

DELETED: LiteralString = _ROWS + "WHERE kind IS NOT NULL ORDER BY o.orphan_id DESC"

TRIP_STATE: LiteralString = (
    """
SELECT json_array_length(k.row_data, '$.assignments') AS own, NULL AS email_of,
       EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = k.row_data ->> '$.trip.trip_id') AS id_taken,
       """
    + CLIENT_NOW.replace("@email", "(k.row_data ->> '$.trip.primary_client_email')")
    + """ AS primary_now
FROM orphaned_rows k WHERE k.orphan_id = CAST(? AS INTEGER)
"""
)

CLIENT_STATE: LiteralString = """
SELECT json_array_length(k.row_data, '$.assignments') AS own, NULL AS primary_now,
       EXISTS (SELECT 1 FROM clients_v2 c WHERE c.client_id = k.row_data ->> '$.client.client_id') AS id_taken,
       (SELECT min(c.client_id) FROM clients_v2 c
        WHERE lower(trim(c.email, char(9,10,11,12,13,32)))
            = lower(trim(k.row_data ->> '$.client.email', char(9,10,11,12,13,32)))) AS email_of
FROM orphaned_rows k WHERE k.orphan_id = CAST(? AS INTEGER)
"""

# The assignments stored with the deleted trip or client, and those in waiting rows that refer to it.
_ENDS: LiteralString = (
    """
SELECT r.value AS row FROM orphaned_rows k, json_each(k.row_data, '$.assignments') r
WHERE k.orphan_id = CAST(?1 AS INTEGER)
UNION ALL
SELECT o.row_data FROM orphaned_rows o
WHERE """
    + WAITS.replace("@o", "o")
    + """
  AND (o.row_data ->> '$.trip_id' = CAST(?2 AS INTEGER) OR o.row_data ->> '$.client_email' = ?3)
"""
)

ENDS_AS_JSON: LiteralString = "(SELECT json_group_array(json(w.row)) FROM (" + _ENDS + ") w)"

ENDS: LiteralString = (
    """
SELECT w.row ->> '$.trip_id' AS trip_id, w.row ->> '$.client_email' AS email,
       """
    + ROLE.replace("@role", "(w.row ->> '$.client_role')")
    + """ AS role,
       EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = w.row ->> '$.trip_id') AS trip_here,
       """
    + CLIENT_NOW.replace("@email", "(w.row ->> '$.client_email')")
    + """ AS client_now
FROM ("""
    + _ENDS
    + ") w"
)

KEPT_AS_JSON: LiteralString = """(SELECT iif(json_type(k.row_data, '@path') = 'array', k.row_data -> '@path',
    json_array(json(k.row_data -> '@path'))) FROM orphaned_rows k WHERE k.orphan_id = CAST(?1 AS INTEGER))"""

KEYS: LiteralString = "SELECT DISTINCT f.key FROM json_each(@array) e, json_each(e.value) f"

GUARD_KEPT: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE NOT EXISTS (
    SELECT 1 FROM orphaned_rows
    WHERE orphan_id = CAST(?1 AS INTEGER)
      AND json_array_length(row_data, '$.assignments') IS CAST(?2 AS INTEGER))
"""

GUARD_ENDS: LiteralString = (
    """
INSERT INTO write_guard (assignments_unchanged)
SELECT 0 WHERE EXISTS (
    SELECT 1 FROM json_each(?1) w
    WHERE w.value ->> 1 <> EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id = w.value ->> 0)
       OR w.value ->> 3 IS NOT """
    + CLIENT_NOW.replace("@email", "(w.value ->> 2)")
    + ")"
)

GUARD_TRIP_FREE: LiteralString = """
INSERT INTO write_guard (trip_unchanged)
SELECT 0 WHERE EXISTS (SELECT 1 FROM trips_v2 WHERE trip_id = CAST(?1 AS INTEGER))
    OR ?3 IS NOT """ + CLIENT_NOW.replace("@email", "?2")

GUARD_CLIENT_FREE: LiteralString = """
INSERT INTO write_guard (clients_exist)
SELECT 0 WHERE EXISTS (SELECT 1 FROM clients_v2 WHERE client_id = CAST(? AS INTEGER))
"""

INSERT: LiteralString = "INSERT INTO @table (@columns) SELECT @values FROM (@rows) r @condition"

LOG_IS_GONE: LiteralString = (
    "WHERE NOT EXISTS (SELECT 1 FROM ActivityLog l WHERE l.activity_id = r.activity_id) ORDER BY r.activity_id"
)

# If the column's text was not stored, write only the entries without an assignment; `merge` adds the others later.
SET_JSON: LiteralString = """
UPDATE trips_v2 SET clients = (
    SELECT coalesce(k.row_data ->> '$.trip.clients', (
        SELECT json_group_array(json(h.value ->> '$.element')) FROM json_each(k.row_data, '$.archive') h
        WHERE h.value ->> '$.assignment_id' IS NULL))
    FROM orphaned_rows k WHERE k.orphan_id = CAST(?1 AS INTEGER))
WHERE trip_id = CAST(?2 AS INTEGER)
"""

ARCHIVE_TEXT: LiteralString = (
    """
WITH kept AS (
    SELECT CAST(?2 AS INTEGER) AS trip_id, k.row_data ->> '$.trip.clients' AS clients
    FROM orphaned_rows k WHERE k.orphan_id = CAST(?1 AS INTEGER)
), trip_client_entries AS ("""
    + ENTRIES.replace("FROM trips_v2 t", "FROM kept t")
    + """)
INSERT INTO trip_client_archive (trip_id, position, assignment_id, element)
SELECT e.trip_id, e.position, a.assignment_id, e.element
FROM trip_client_entries e
LEFT JOIN trip_client_assignments a
  ON a.trip_id = e.trip_id AND a.client_email = e.client_email AND a.client_role = e.role
"""
)

ARCHIVE_ROWS: LiteralString = """
INSERT INTO trip_client_archive (trip_id, position, assignment_id, element)
SELECT h.value ->> '$.trip_id', h.value ->> '$.position', h.value ->> '$.assignment_id', h.value ->> '$.element'
FROM orphaned_rows k, json_each(k.row_data, '$.archive') h
WHERE k.orphan_id = CAST(? AS INTEGER)
"""

WAIT_AS_PRIMARY: LiteralString = (
    """
UPDATE orphaned_rows SET row_data = json_insert(row_data, '$.primary_of[#]', CAST(?1 AS INTEGER))
WHERE orphan_id = (
    SELECT max(o.orphan_id) FROM ("""
    + _ROWS
    + ") o WHERE o.kind = 'client' AND o.email = ?2)"
)

_PRIMARY_OF: LiteralString = """SELECT p.value FROM orphaned_rows k, json_each(k.row_data, '$.primary_of') p
    WHERE k.orphan_id = CAST(?1 AS INTEGER)"""

_OWN_EMAIL: LiteralString = (
    "(SELECT k.row_data ->> '$.client.email' FROM orphaned_rows k WHERE k.orphan_id = CAST(?1 AS INTEGER))"
)

MAKE_PRIMARY: LiteralString = (
    "UPDATE trips_v2 SET primary_client_email = "
    + _OWN_EMAIL
    + "\nWHERE coalesce(primary_client_email, '') = '' AND trip_id IN ("
    + _PRIMARY_OF
    + ")"
)

MAKE_PRIMARY_OF_DELETED: LiteralString = (
    "UPDATE orphaned_rows SET row_data = json_set(row_data, '$.trip.primary_client_email', "
    + _OWN_EMAIL
    + ")\nWHERE orphan_id IN (SELECT o.orphan_id FROM ("
    + _ROWS
    + ") o WHERE o.kind = 'trip' AND coalesce(o.\"primary\", '') = '' AND o.id IN ("
    + _PRIMARY_OF
    + "))"
)

LOG_CLIENT: LiteralString = """
INSERT INTO ActivityLog (activity_type, activity_details, client_id, created_at, actor)
VALUES ('ClientRestored', ?2, CAST(?1 AS INTEGER), ?3, ?4)
"""

FORGET: LiteralString = "DELETE FROM orphaned_rows WHERE orphan_id = CAST(? AS INTEGER)"
