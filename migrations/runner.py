"""The migration runner: apply pending migration files, each as a whole, and then run the backfill."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from database.clock import now
from database.engine import Statement
from database.entries import WITH_ENTRIES
from database.errors import ConstraintViolated, DatabaseError, DatabaseUnavailable, ProgramTooOld
from database.phase import read_phase
from database.progress import Progress, part, untold
from migrations.adopt import plan_adoption
from migrations.backfill import PAUSE, backfill, finish
from migrations.broken import broken_object
from migrations.files import Migration, shipped
from migrations.slugs import fill_slugs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from database.engine import Database

FIX = "015_trip_client_assignments_table.sql"

# The files that are applied in a batch of their own. The later ones share a batch: SQLite refuses the write of a
# connection that is loading the search tables just when another change of the schema is committed.
ALONE = {"001_baseline.sql", FIX}

_ADD_COLUMN = re.compile(r"^ALTER TABLE (\w+) ADD COLUMN (\w+)", re.MULTILINE)


@dataclass
class MigrationReport:
    """The result of a migration.

    made         true if the database was empty before
    recorded     files that the hosting tool applied and this run recorded
    linked       pairs that are now in both stores
    merged       JSON entries that were merged into another entry of the same pair
    shared_email JSON entries that have the same e-mail and role but describe different people
    unlinked     JSON entries without a client
    quarantined  malformed texts moved from the JSON to quarantine
    set_aside    rows moved to orphaned_rows, by table
    backfilled   true if this run completed the backfill; otherwise the counts above are 0
    """

    made: bool = False
    backup: str | None = None
    applied: list[str] = field(default_factory=list[str])
    recorded: list[str] = field(default_factory=list[str])
    changes: list[str] = field(default_factory=list[str])
    linked: int = 0
    merged: int = 0
    shared_email: int = 0
    unlinked: int = 0
    quarantined: int = 0
    set_aside: dict[str, int] = field(default_factory=dict[str, int])
    slugs: int = 0
    backfilled: bool = False

    @property
    def did_nothing(self) -> bool:
        return not self.applied and not self.recorded and not self.slugs and not self.backfilled

    def as_json(self) -> dict[str, Any]:
        return {
            "made": self.made,
            "backup": self.backup,
            "applied": self.applied,
            "recorded": self.recorded,
            "changes": self.changes,
            "linked": self.linked,
            "merged": self.merged,
            "shared_email": self.shared_email,
            "unlinked": self.unlinked,
            "quarantined": self.quarantined,
            "set_aside": self.set_aside,
            "slugs": self.slugs,
            "backfilled": self.backfilled,
        }


async def pending(db: Database) -> list[Migration]:
    """Return the migrations that are not in the ledger.

    Raises DatabaseUnavailable if a file was changed after it was applied, or ProgramTooOld if the ledger lists unknown
    files.
    """
    if not await db.read(HAS_TABLE, ("d1_migrations",)):
        return list(shipped())
    applied = {row["name"] for row in await db.read("SELECT name FROM d1_migrations")}
    checksums: dict[str, str] = {}
    if await db.read(HAS_TABLE, ("migration_checksums",)):
        checksums = {
            row["name"]: row["sha256"] for row in await db.read("SELECT name, sha256 FROM migration_checksums")
        }
    if newer := checksums.keys() - {migration.name for migration in shipped()}:
        raise ProgramTooOld(f"The database was migrated by a newer voygen ({max(newer)}): update voygen.")
    for migration in shipped():
        if migration.name in applied and checksums.get(migration.name, migration.checksum) != migration.checksum:
            raise DatabaseUnavailable(
                f"{migration.name} differs from the file applied to this database: "
                "use the version of voygen that migrated the database, or a newer version."
            )
    return [migration for migration in shipped() if migration.name not in applied]


async def migrate(
    db: Database, *, back_up: bool = True, pause: float = PAUSE, progress: Progress = untold
) -> MigrationReport:
    """Apply the pending migrations, then backfill all rows and give every trip a unique slug.

    A second run does nothing. After an interruption, the next run continues. `pause` is the time between two
    batches of the backfill, in seconds, in which other programs can write.
    """
    report = await apply_files(db, back_up=back_up, progress=part(progress, 0, 4))
    told = part(progress, 1, 4)
    await complete(db, report, pause=pause, progress=lambda done, total: told(3 * done, total))
    part(progress, 3, 4)(1, 1)
    return report


async def apply_files(db: Database, *, back_up: bool = True, progress: Progress = untold) -> MigrationReport:
    """Back up the database and apply the pending migrations, each as a whole."""
    report = MigrationReport()
    files = await pending(db)
    if await _is_detached(db):
        if files:
            (await read_phase(db)).require_attached()
        return report
    report.recorded = await _applied_by_the_hosting_tool(db)
    together = [one for one in files if one.name not in ALONE]
    groups = [*([one] for one in files if one.name in ALONE), *([together] if together else [])]
    parts = 1 + len(groups)
    report.made = not await db.read(ANY_TABLE)
    backup = None
    if (files or report.recorded) and back_up and await db.read(HAS_TABLE, ("trips_v2",)):
        backup = await db.back_up(part(progress, 0, parts))
        report.backup = backup.label
    try:
        await _adopt_if_only_the_first_file_is_applied(db, files, report)
        for number, group in enumerate(groups, 1):
            await _apply(db, group, report)
            part(progress, number, parts)(1, 1)
    except BaseException:
        if backup and backup.file and not report.applied:  # the database is unchanged
            backup.file.unlink(missing_ok=True)
        raise
    return report


async def _is_detached(db: Database) -> bool:
    return bool(await db.read(HAS_TABLE, ("migration_phase",))) and (await read_phase(db)).detached_at is not None


async def _applied_by_the_hosting_tool(db: Database) -> list[str]:
    """Return the shipped files that are in the ledger but have no checksum, in order."""
    if not await db.read(HAS_TABLE, ("d1_migrations",)):
        return []
    missing = WITHOUT_CHECKSUM if await db.read(HAS_TABLE, ("migration_checksums",)) else LEDGER
    names = {row["name"] for row in await db.read(missing)}
    return [migration.name for migration in shipped() if migration.name in names]


async def _record(db: Database, names: Sequence[str]) -> None:
    if names:
        checksums = [[migration.name, migration.checksum] for migration in shipped() if migration.name in names]
        await db.batch([Statement(CREATE_CHECKSUMS), Statement(RECORD_CHECKSUMS, (json.dumps(checksums),))])


async def _adopt_if_only_the_first_file_is_applied(
    db: Database, files: Sequence[Migration], report: MigrationReport
) -> None:
    """Adopt a legacy database on which the hosting tool applied the first file and failed at the next."""
    names = {migration.name for migration in files}
    if FIX in names and shipped()[0].name not in names:
        adoption = await plan_adoption(db)
        if adoption.statements:
            await db.batch(adoption.statements)
        report.changes += adoption.changes


async def complete(db: Database, report: MigrationReport, *, pause: float = PAUSE, progress: Progress = untold) -> None:
    """Run the backfill or what is left of it, and add its counts to the report."""
    async with _naming_what_is_broken(db):
        merged = await backfill(db, pause=pause, progress=progress)
    if merged is not None or await db.read(ANY_WITHOUT_SLUG):
        report.slugs = await fill_slugs(db, pause)
    if merged is not None:
        await _count(db, report)
        report.merged = merged
        report.backfilled = True
        if not report.made:
            await asyncio.sleep(pause)  # until other connections have loaded the search tables; see ALONE
        await finish(db)
    await _record(db, report.recorded)  # last, so that an interrupted run is repeated in full


async def _apply(db: Database, files: Sequence[Migration], report: MigrationReport) -> None:
    """Apply the files in one batch."""
    statements = [Statement(CREATE_LEDGER), Statement(CREATE_CHECKSUMS)]
    for migration in files:
        statements += [
            Statement("INSERT INTO d1_migrations (name, applied_at) VALUES (?, ?)", (migration.name, now())),
            Statement(
                "INSERT OR REPLACE INTO migration_checksums (name, sha256) VALUES (?, ?)",
                (migration.name, migration.checksum),
            ),
        ]
        if migration is shipped()[0]:
            adoption = await plan_adoption(db)
            statements += adoption.statements
            report.changes += adoption.changes
        statements += [Statement(sql) for sql in migration.statements if not await _adds_what_is_there(db, sql)]
    if await db.read(HAS_TABLE, ("migration_phase",)):
        statements.append(Statement(NEXT_EPOCH))
    try:
        async with _naming_what_is_broken(db):
            await db.batch(statements)
    except ConstraintViolated:
        left = {file.name for file in await pending(db)}
        if any(migration.name in left for migration in files):
            raise
        return  # another process applied them in the meantime
    report.applied += [migration.name for migration in files]


@asynccontextmanager
async def _naming_what_is_broken(db: Database) -> AsyncGenerator[None]:
    """Add the name of the user's own trigger or view that refers to something missing to the error about it."""
    try:
        yield
    except DatabaseError as error:
        if broken := await broken_object(db, error):
            raise DatabaseUnavailable(
                f"{error}: the {broken} refers to it. Drop or correct it, then run the migration again."
            ) from error
        raise


async def _adds_what_is_there(db: Database, sql: str) -> bool:
    """Return True if the statement adds a column that already exists, as in databases of older systems."""
    adding = _ADD_COLUMN.search(sql)
    return bool(adding) and bool(await db.read(HAS_COLUMN, adding.groups()))


async def _count(db: Database, report: MigrationReport) -> None:
    counts = (await db.read(ENTRY_COUNTS))[0]
    report.linked = counts["linked"]
    report.shared_email = counts["shared"]
    report.unlinked = counts["entries"] - counts["linkable"]
    report.quarantined = counts["quarantined"]
    report.set_aside = dict(
        Counter(row["table_name"] for row in await db.read("SELECT table_name FROM orphaned_rows ORDER BY table_name"))
    )


HAS_TABLE: LiteralString = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"

# The hosting tools create tables of their own in an empty database.
ANY_TABLE: LiteralString = """
SELECT 1 FROM sqlite_master WHERE name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*' AND name <> 'd1_migrations' LIMIT 1
"""

LEDGER: LiteralString = "SELECT name FROM d1_migrations"

WITHOUT_CHECKSUM: LiteralString = """
SELECT l.name FROM d1_migrations l WHERE NOT EXISTS (SELECT 1 FROM migration_checksums c WHERE c.name = l.name)
"""

RECORD_CHECKSUMS: LiteralString = """
INSERT INTO migration_checksums (name, sha256) SELECT w.value ->> 0, w.value ->> 1 FROM json_each(?) w WHERE true
ON CONFLICT DO NOTHING
"""

HAS_COLUMN: LiteralString = "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2 COLLATE NOCASE"

ANY_WITHOUT_SLUG: LiteralString = "SELECT 1 FROM trips_v2 WHERE trip_slug IS NULL OR trip_slug = '' LIMIT 1"

# A new epoch makes running servers re-check the schema and phase.
NEXT_EPOCH: LiteralString = "UPDATE migration_phase SET epoch = epoch + 1"

# The same table as `wrangler d1 migrations apply` creates.
CREATE_LEDGER: LiteralString = """
CREATE TABLE IF NOT EXISTS d1_migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)
"""

CREATE_CHECKSUMS: LiteralString = """
CREATE TABLE IF NOT EXISTS migration_checksums (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)
"""

ENTRY_COUNTS: LiteralString = (
    WITH_ENTRIES
    + """
SELECT (SELECT count(*) FROM trip_client_entries) AS entries,
       (SELECT count(*) FROM trip_client_entries WHERE client_email IS NOT NULL) AS linkable,
       (SELECT coalesce(sum(n), 0) FROM (
            SELECT count(*) AS n FROM trip_client_entries WHERE client_email IS NOT NULL
            GROUP BY trip_id, client_email, role HAVING count(*) > 1)) AS shared,
       (SELECT count(*) FROM trip_client_assignments) AS linked,
       (SELECT count(*) FROM trip_clients_quarantine) AS quarantined
"""
)
