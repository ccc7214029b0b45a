"""The backfill: bring all rows up to date after the migration files, in small batches beside other writers.

Each batch stores how far it got, so an interrupted backfill continues with the next batch. Several programs can run it
at once, because each batch takes the rows after those that are done when it starts.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, LiteralString

from database.backfill import BEGUN, unfinished
from database.engine import Statement
from database.entries import WITH_ENTRIES
from database.errors import DatabaseError
from database.linking import link, other_spellings
from database.progress import Progress, part, untold

if TYPE_CHECKING:
    from database.engine import Database

# Time that a batch should hold the write lock, in seconds.
HOLD = 0.2

# Time between two batches, in seconds. A writer that waits with SQLite's busy handler looks every 0.1 s.
PAUSE = 0.11

# Size of the first batch, and limits of the later ones, in characters of JSON; each trip counts for TRIP more.
FIRST, SMALLEST, LARGEST = 20_000, 1, 10_000_000
TRIP = 500

# Clients per batch.
CLIENTS_AT_ONCE = 500

# Entries to link in one batch.
SPELLINGS_AT_ONCE = 25


async def backfill(db: Database, *, pause: float = PAUSE, progress: Progress = untold) -> int | None:
    """Run the backfill, except for its end; return the number of JSON entries merged, or None if there is none.

    Call `finish` afterwards. `pause` is the time between two batches, in seconds.
    """
    try:
        if not await db.read(BEGUN):
            return None
        await _trips(db, pause, part(progress, 0, 2))
        await _clients(db, pause)
        await _other_spellings(db, pause)
        progress(2, 2)
        return (await db.read("SELECT merged FROM migration_backfill"))[0]["merged"]
    except DatabaseError:
        if await db.read(BEGUN):
            raise
        return None  # another program finished it


async def finish(db: Database) -> None:
    """Drop what the backfill needed."""
    await db.batch([Statement(sql) for sql in DROP])


async def _trips(db: Database, pause: float, progress: Progress) -> None:
    size, more = FIRST, True
    while more:
        left_over = Statement(TRIPS_LEFT)
        began = time.monotonic()
        results = await db.batch(
            [
                Statement(NEXT_TRIPS, (size, TRIP)),
                *map(Statement, PLAIN_TRIPS),
                Statement(COUNT_SURPLUS),
                Statement(INDEX_CROWDS),
                Statement(RECONCILE),
                Statement(END_OF_PLAIN),
                Statement(INDEX_NAMES),
                Statement(RECOUNT),
                Statement(DISCOUNT_SURPLUS),
                Statement(TRIPS_DONE),
                left_over,
            ]
        )
        ratio = HOLD / max(time.monotonic() - began, HOLD / 4)
        size = min(max(round(size * min(ratio, 2)), SMALLEST), LARGEST)
        more = bool(results.of(left_over)[0]["more"])
        if left := await unfinished(db):
            progress(left.done - left.first, left.last - left.first)
        if more:
            await asyncio.sleep(pause)


async def _clients(db: Database, pause: float) -> None:
    more = True
    while more:
        left_over = Statement(CLIENTS_LEFT)
        results = await db.batch(
            [
                Statement(NEXT_CLIENTS, (CLIENTS_AT_ONCE,)),
                Statement(INDEX_CLIENTS),
                Statement(INDEX_CLIENT_NAMES),
                Statement(CLIENTS_DONE),
                left_over,
            ]
        )
        more = bool(results.of(left_over)[0]["more"])
        if more:
            await asyncio.sleep(pause)


async def _other_spellings(db: Database, pause: float) -> None:
    found = await other_spellings(db)
    for start in range(0, len(found), SPELLINGS_AT_ONCE):
        await db.batch(link(found[start : start + SPELLINGS_AT_ONCE]))
        await asyncio.sleep(pause)


# Takes at least one trip. The rows before a trip decide whether it still fits.
NEXT_TRIPS: LiteralString = """
UPDATE migration_backfill
SET trips_up_to = (
    SELECT max(s.trip_id) FROM (
        SELECT t.trip_id, sum(t.size) OVER (ORDER BY t.trip_id) - t.size AS before
        FROM (
            SELECT trip_id, CAST(?2 AS INTEGER) + coalesce(length(clients), 0) AS size FROM trips_v2
            WHERE trip_id > (SELECT trips_done FROM migration_backfill) ORDER BY trip_id LIMIT 1000) t) s
    WHERE s.before < CAST(?1 AS INTEGER))
"""

TRIPS: LiteralString = """trip_id > (SELECT trips_done FROM migration_backfill)
  AND @.trip_id <= (SELECT trips_up_to FROM migration_backfill)"""

# Most trips, as sets: their assignments, and their documents when the guards are released. They are found without the
# view of the entries, which takes three times as long because an entry may be a text that holds an object.
PLAIN_TRIPS: tuple[LiteralString, ...] = (
    """
INSERT INTO migration_backfill_plain (trip_id)
SELECT t.trip_id FROM trips_v2 t
WHERE t."""
    + TRIPS.replace("@", "t")
    + """
  AND iif(typeof(t.clients) = 'text', iif(json_valid(t.clients), json_type(t.clients) = 'array', 0), 0) = 1
  AND json_array_length(t.clients) = (
      SELECT count(DISTINCT json_array(j.value ->> '$.email', j.value ->> '$.role')) FROM json_each(t.clients) j
      WHERE j.type = 'object' AND iif(
          json_type(j.value, '$.email') = 'text' AND json_type(j.value, '$.role') = 'text',
          trim(j.value ->> '$.role') <> '' AND j.value ->> '$.email' IN (SELECT c.email FROM clients_v2 c), 0))
  AND t.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g)
  AND t.trip_id NOT IN (SELECT a.trip_id FROM trip_client_assignments a WHERE a."""
    + TRIPS.replace("@", "a")
    + """)
""",
    """
INSERT INTO trip_client_sync (trip_id, action) SELECT trip_id, 'plain' FROM migration_backfill_plain
""",
    """
INSERT INTO trip_client_assignments (trip_id, client_email, client_role, created_at, updated_at)
SELECT t.trip_id, j.value ->> '$.email', j.value ->> '$.role',
       coalesce(j.value ->> '$.assigned_at', j.value ->> '$.assigned_date', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
       strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM migration_backfill_plain p
CROSS JOIN trips_v2 t ON t.trip_id = p.trip_id
CROSS JOIN json_each(t.clients) j
""",
    """
INSERT INTO search_stale (trip_id)
SELECT p.trip_id FROM migration_backfill_plain p WHERE p.trip_id NOT IN (SELECT s.trip_id FROM search_stale s)
""",
    """
DELETE FROM trip_client_unlinked WHERE trip_id IN (SELECT trip_id FROM migration_backfill_plain)
""",
    """
DELETE FROM trip_client_sync WHERE trip_id IN (SELECT trip_id FROM migration_backfill_plain)
""",
)

END_OF_PLAIN: LiteralString = "DELETE FROM migration_backfill_plain"

# Entries of pairs that have more than one.
SURPLUS: LiteralString = (
    "SELECT count(*) - count(DISTINCT json_array(e.trip_id, e.client_email, e.role)) FROM trip_client_entries e "
    "WHERE e.client_email IS NOT NULL AND e.trip_id NOT IN (SELECT p.trip_id FROM migration_backfill_plain p) "
    "AND e." + TRIPS.replace("@", "e")
)

COUNT_SURPLUS: LiteralString = (
    WITH_ENTRIES + "UPDATE migration_backfill SET merged = merged + coalesce((" + SURPLUS + "), 0)"
)

DISCOUNT_SURPLUS: LiteralString = (
    WITH_ENTRIES + "UPDATE migration_backfill SET merged = merged - coalesce((" + SURPLUS + "), 0)"
)

# Assignments from before the migration, of trips with more travelers than one document holds.
INDEX_CROWDS: LiteralString = (
    """
INSERT INTO crowd_search (rowid, travelers, roles)
SELECT s.assignment_id, s.traveler, s.role
FROM (
    SELECT a.assignment_id, row_number() OVER (PARTITION BY a.trip_id ORDER BY a.assignment_id) AS place
    FROM trip_client_assignments a
    WHERE NOT EXISTS (SELECT 1 FROM crowd_search k WHERE k.rowid = a.assignment_id) AND a."""
    + TRIPS.replace("@", "a")
    + """) p
JOIN traveler_search_text s ON s.assignment_id = p.assignment_id
WHERE p.place > 24
"""
)

# The other trips, one by one. Also puts them into the search index.
RECONCILE: LiteralString = (
    """
INSERT INTO trip_client_sync (trip_id, action)
SELECT t.trip_id, 'reconcile' FROM trips_v2 t
WHERE t.trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g)
  AND t.trip_id NOT IN (SELECT p.trip_id FROM migration_backfill_plain p) AND t."""
    + TRIPS.replace("@", "t")
    + " ORDER BY t.trip_id"
)

INDEX_NAMES: LiteralString = (
    """
INSERT INTO search_said (said)
SELECT group_concat(coalesce(t.trip_name, '') || ' ' || coalesce(t.destinations, '') || ' ' || coalesce(t.group_name, ''), ' ')
FROM trips_v2 t WHERE t."""  # noqa: E501
    + TRIPS.replace("@", "t")
    + " GROUP BY t.trip_id / 500"
)

# Facts count unlinked people too, and leave out those who don't travel.
RECOUNT: LiteralString = """
INSERT INTO facts_dirty (trip_id, reason)
SELECT f.trip_id, 'travelers_recounted' FROM trip_facts f
WHERE NOT EXISTS (SELECT 1 FROM facts_dirty d WHERE d.trip_id = f.trip_id AND d.reason = 'travelers_recounted')
  AND f.""" + TRIPS.replace("@", "f")

TRIPS_DONE: LiteralString = "UPDATE migration_backfill SET trips_done = coalesce(trips_up_to, trips_done)"

TRIPS_LEFT: LiteralString = """
SELECT EXISTS (SELECT 1 FROM trips_v2 t WHERE t.trip_id > b.trips_done) AS more FROM migration_backfill b
"""

NEXT_CLIENTS: LiteralString = """
UPDATE migration_backfill
SET clients_up_to = (
    SELECT max(c.client_id) FROM (
        SELECT client_id FROM clients_v2 WHERE client_id > (SELECT clients_done FROM migration_backfill)
        ORDER BY client_id LIMIT CAST(? AS INTEGER)) c)
"""

INDEX_CLIENTS: LiteralString = """
INSERT INTO client_search (rowid, whole_name, full_name, email, notes)
SELECT s.client_id, s.whole_name, s.full_name, s.email, s.notes FROM client_search_text s
WHERE s.client_id > (SELECT clients_done FROM migration_backfill)
  AND s.client_id <= (SELECT clients_up_to FROM migration_backfill)
  AND NOT EXISTS (SELECT 1 FROM client_search k WHERE k.rowid = s.client_id)
"""

INDEX_CLIENT_NAMES: LiteralString = """
INSERT INTO search_said (said)
SELECT group_concat(coalesce(c.full_name, ''), ' ') FROM clients_v2 c
WHERE c.client_id > (SELECT clients_done FROM migration_backfill)
  AND c.client_id <= (SELECT clients_up_to FROM migration_backfill)
GROUP BY c.client_id / 500
"""

CLIENTS_DONE: LiteralString = "UPDATE migration_backfill SET clients_done = coalesce(clients_up_to, clients_done)"

CLIENTS_LEFT: LiteralString = """
SELECT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.client_id > b.clients_done) AS more FROM migration_backfill b
"""

DROP: tuple[LiteralString, ...] = (
    "DROP TRIGGER IF EXISTS trg_backfill_clients_v2_delete",
    "DROP TRIGGER IF EXISTS trg_backfill_clients_v2_insert",
    "DROP TRIGGER IF EXISTS trg_backfill_clients_v2_update",
    "DROP TRIGGER IF EXISTS trg_backfill_trips_v2_insert",
    "DROP TRIGGER IF EXISTS trg_backfill_trips_v2_update",
    "DROP TRIGGER IF EXISTS trg_backfill_assignments_insert",
    "DROP TRIGGER IF EXISTS trg_backfill_assignments_update",
    "DROP TABLE IF EXISTS migration_backfill_clients",
    "DROP TABLE IF EXISTS migration_backfill_plain",
    "DROP TABLE IF EXISTS migration_backfill",
)
