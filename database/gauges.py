"""Database metrics for monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from database.engine import Database, Row


async def gauges(db: Database) -> Row:
    """Return phase, epoch, dirty_facts, and the newest proof's drift and recorded_at (None if there is no proof)."""
    return (await db.read(GAUGES))[0]


GAUGES: LiteralString = """
SELECT m.phase, m.epoch, (SELECT count(*) FROM facts_dirty) AS dirty_facts, r.drift, r.recorded_at
FROM migration_phase m
LEFT JOIN proof_records r ON r.proof_id = (SELECT max(proof_id) FROM proof_records)
"""
