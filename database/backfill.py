"""The progress of the backfill, which `migrations/backfill.py` runs after the migration files."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, NamedTuple

from database.errors import DatabaseError, DatabaseUnavailable

if TYPE_CHECKING:
    from database.engine import Database


class Backfill(NamedTuple):
    """The ids of trips that the backfill has `done`, from the `first` to the `last` one."""

    first: int
    done: int
    last: int

    @property
    def percent(self) -> int:
        return 100 * (self.done - self.first) // max(self.last - self.first, 1)


async def unfinished(db: Database) -> Backfill | None:
    """Return the progress of the backfill, or None if it is complete."""
    if not await db.read(BEGUN):
        return None
    try:
        row = (await db.read(PROGRESS))[0]
    except DatabaseError:
        if await db.read(BEGUN):
            raise
        return None  # completed in the meantime
    return Backfill(**row)


async def require_complete(db: Database) -> None:
    """Raise DatabaseUnavailable if the backfill is not complete."""
    if left := await unfinished(db):
        raise DatabaseUnavailable(
            f"The migration is only {left.percent} % complete: run `voygen migrate`, or wait until it is done."
        )


BEGUN: LiteralString = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migration_backfill'"

PROGRESS: LiteralString = """
SELECT b.first_trip AS first, b.trips_done AS done,
       max(b.trips_done, coalesce((SELECT max(trip_id) FROM trips_v2), 0)) AS last
FROM migration_backfill b
"""
