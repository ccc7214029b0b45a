"""Proof records: a digest of both stores, with the phase, counts and drift at that time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from database.clock import now
from database.engine import Statement
from database.phase import read_phase
from database.progress import Counter, Progress, untold
from database.schema import normalized

if TYPE_CHECKING:
    from database.engine import Database
    from migrations.check import CheckReport


@dataclass(frozen=True)
class Proof:
    """A proof record. Hashes are hexadecimal SHA-256, `drift` is a number of findings, and times are in UTC."""

    digest: str
    trips: int
    assignments: int
    drift: int
    phase: str
    epoch: int
    schema_fingerprint: str
    recorded_at: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def digest(db: Database, progress: Progress = untold) -> str:
    """Compute a digest of the canonical form of both stores, so that equal content has an equal digest.

    Row order is ignored, and so are whitespace and key order in a trip's JSON. Invalid JSON and numbers are compared as
    written. A junction row is identified by trip, e-mail, role and creation time, not by its id.
    """
    state = await read_phase(db)
    sha = hashlib.sha256()
    archived = state.phase == "normalized"
    lists = db.stream(ARCHIVED, key=("trip_id", "position")) if archived else db.stream(LISTS, key=("trip_id",))
    rows = Counter(progress, (await db.read(COUNT_ARCHIVED if archived else COUNT))[0]["n"])
    async for row in rows.counted(lists):
        sha.update(_line("list", row["trip_id"], *_canonical(row["clients"])))
    async for row in rows.counted(db.stream(JUNCTION, key=("trip_id", "client_email", "client_role", "created_at"))):
        sha.update(_line("junction", *dict(row).values()))
    rows.done()
    return sha.hexdigest()


async def record_proof(db: Database, report: CheckReport, progress: Progress = untold) -> Proof:
    """Compute the digest, and store it with the counts from the check as a proof record."""
    state = await read_phase(db)
    proof = Proof(
        digest=await digest(db, progress),
        trips=report.trips,
        assignments=report.assignments,
        drift=len(report.drift) + len(report.live_orphans),
        phase=state.phase,
        epoch=state.epoch,
        schema_fingerprint=await schema_fingerprint(db),
        recorded_at=now(),
    )
    await db.batch([Statement(RECORD, tuple(asdict(proof).values()))])
    return proof


async def schema_fingerprint(db: Database) -> str:
    sha = hashlib.sha256()
    async for row in db.stream(SCHEMA, key=("type", "name")):
        sha.update(_line(row["type"], row["name"], normalized(row["sql"])))
    return sha.hexdigest()


def _canonical(value: object) -> tuple[str, str]:
    """Return the value's type and its canonical text."""
    if not isinstance(value, str):
        return type(value).__name__, repr(value)
    try:
        parsed = json.loads(
            value, object_pairs_hook=_in_order, parse_float=lambda digits: {"number": digits}, parse_constant=_refuse
        )
        return "json", json.dumps(parsed, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "text", value


def _in_order(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Sort the pairs by key, keeping pairs with the same key in their original order."""
    return {"object": sorted(pairs, key=lambda pair: pair[0])}


def _refuse(word: str) -> None:
    """Reject NaN and Infinity, which Python accepts but which aren't JSON."""
    raise ValueError(word)


def _line(*values: object) -> bytes:
    return json.dumps(values, ensure_ascii=False, default=repr).encode("utf-8", "surrogatepass") + b"\n"


COUNT: LiteralString = """
SELECT (SELECT count(*) FROM trips_v2) + (SELECT count(*) FROM trip_client_assignments) AS n
"""

COUNT_ARCHIVED: LiteralString = """
SELECT (SELECT count(*) FROM trip_client_archive) + (SELECT count(*) FROM trip_client_assignments) AS n
"""

LISTS: LiteralString = "SELECT trip_id, clients FROM trips_v2"

ARCHIVED: LiteralString = """
SELECT trip_id, position, json_array(position, element) AS clients FROM trip_client_archive
"""

JUNCTION: LiteralString = "SELECT trip_id, client_email, client_role, created_at FROM trip_client_assignments"

# The hosted engine keeps tables of its own.
SCHEMA: LiteralString = """
SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB '_cf_*'
"""

RECORD: LiteralString = """
INSERT INTO proof_records (digest, trips, assignments, drift, phase, epoch, schema_fingerprint, recorded_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
