"""Reversal of a repair."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from database.clock import now
from database.engine import Statement
from database.errors import DatabaseUnavailable, GuardFailed
from database.phase import guard_epoch, read_phase
from migrations.files import quoted, trusted
from migrations.repair import SNAPSHOT
from migrations.shape import kind_of

if TYPE_CHECKING:
    from database.engine import Database, Row


async def undo_repair(db: Database, run_id: int, *, with_orphans: bool = True) -> dict[str, int]:
    """Undo the changes of a repair run, latest first, and return the number `undone`.

    A change whose result was modified since is skipped and counted as `changed_since`. With `with_orphans`, the
    database must be opened with foreign keys off. Each change is undone in one batch that re-checks it, so an
    interrupted undo can be repeated. Raises DatabaseUnavailable if there is no such run, or if it has orphans that
    can't be restored.
    """
    if not await db.read("SELECT 1 FROM repair_runs WHERE run_id = CAST(? AS INTEGER)", (run_id,)):
        raise DatabaseUnavailable(f"There is no repair run {run_id}.")
    if not with_orphans and await db.read(ANY_ORPHAN, (run_id,)):
        raise DatabaseUnavailable(
            f"Repair run {run_id} moved orphaned rows, which {db.label} cannot take back because its foreign keys are "
            "always on: nothing was undone. They are kept in orphaned_rows."
        )
    state = await read_phase(db)
    counts = {"undone": 0, "changed_since": 0}
    for change in await db.read(CHANGES, (run_id,)):
        number = (change["change_id"],)
        kind = change["kind"]
        back = _schema_back(change) if kind == "schema" else [Statement(sql, number) for sql in BACK[kind]]
        try:
            unchanged = Statement(GUARD + UNCHANGED[kind] + ")", number)
            await db.batch([guard_epoch(state.epoch), unchanged, *back, Statement(MARK, number)])
            counts["undone"] += 1
        except GuardFailed as failed:
            if failed.guard == "epoch":
                raise DatabaseUnavailable("The phase changed: run the command again.") from failed
            counts["changed_since"] += 1
    await db.batch([Statement(RUN_UNDONE, (now(), run_id))])
    return counts


def _schema_back(change: Row) -> list[Statement]:
    before, after = change["before"], change["after"]
    statements: list[Statement] = []
    if after:
        kind = kind_of(after).upper() or "INDEX"
        statements.append(Statement(trusted(f"DROP {kind} {quoted(change['subject'])}")))
    if before:
        statements.append(Statement(trusted(before)))
    return statements


# Row values are not read into Python, because they may not be valid text.
CHANGES: LiteralString = """
SELECT change_id, kind, subject,
       iif(kind = 'schema', before, NULL) AS before, iif(kind = 'schema', after, NULL) AS after
FROM repair_changes
WHERE run_id = CAST(? AS INTEGER) AND undone = 0 ORDER BY change_id DESC
"""

ANY_ORPHAN: LiteralString = """
SELECT 1 FROM repair_changes WHERE run_id = CAST(? AS INTEGER) AND kind = 'orphan' AND undone = 0 LIMIT 1
"""

GUARD: LiteralString = "INSERT INTO write_guard (trip_unchanged) SELECT 0 WHERE NOT EXISTS ("

# Queries that return a row if the result of the change is still in place.
UNCHANGED: dict[str, LiteralString] = {
    "trip": """
SELECT 1 FROM repair_changes r JOIN trips_v2 t ON t.trip_id = CAST(r.subject AS INTEGER)
WHERE r.change_id = CAST(?1 AS INTEGER) AND r.after IS """
    + SNAPSHOT,
    "orphan": """
SELECT 1 FROM repair_changes r JOIN orphaned_rows o ON o.row_data = r.before
WHERE r.change_id = CAST(?1 AS INTEGER) AND o.table_name = 'trip_client_assignments'
  AND NOT EXISTS (
      SELECT 1 FROM trip_client_assignments a
      WHERE a.assignment_id = (r.before ->> '$.assignment_id')
         OR a.trip_id = (r.before ->> '$.trip_id') AND a.client_email = (r.before ->> '$.client_email')
            AND a.client_role IS (r.before ->> '$.client_role'))
""",
    "guard": """
SELECT 1 FROM repair_changes r
WHERE r.change_id = CAST(?1 AS INTEGER)
  AND NOT EXISTS (SELECT 1 FROM trip_client_sync s WHERE s.trip_id = CAST(r.subject AS INTEGER))
""",
    "primary_client": """
SELECT 1 FROM repair_changes r JOIN trips_v2 t ON t.trip_id = CAST(r.subject AS INTEGER)
WHERE r.change_id = CAST(?1 AS INTEGER) AND t.primary_client_email IS r.after
""",
    "payment": """
SELECT 1 FROM repair_changes r JOIN trip_payments p ON p.payment_id = CAST(r.after AS INTEGER)
WHERE r.change_id = CAST(?1 AS INTEGER)
""",
    "slug": """
SELECT 1 FROM repair_changes r JOIN trips_v2 t ON t.trip_id = CAST(r.subject AS INTEGER)
WHERE r.change_id = CAST(?1 AS INTEGER) AND t.trip_slug IS r.after
""",
    "schema": """
SELECT 1 FROM repair_changes r
WHERE r.change_id = CAST(?1 AS INTEGER) AND r.after IS (SELECT sql FROM sqlite_master WHERE name = r.subject)
""",
}

_SUBJECT: LiteralString = "(SELECT CAST(subject AS INTEGER) FROM repair_changes WHERE change_id = CAST(?1 AS INTEGER))"

_BEFORE: LiteralString = "(SELECT before FROM repair_changes WHERE change_id = CAST(?1 AS INTEGER))"

_HOLD: LiteralString = "INSERT INTO trip_client_sync (trip_id, action) VALUES (" + _SUBJECT + ", 'hold')"

_RELEASE: LiteralString = "DELETE FROM trip_client_sync WHERE trip_id = " + _SUBJECT

_HOLD_ORPHANS_TRIP: LiteralString = (
    "INSERT INTO trip_client_sync (trip_id, action) VALUES (" + _BEFORE + " ->> '$.trip_id', 'hold')"
)

_RELEASE_ORPHANS_TRIP: LiteralString = "DELETE FROM trip_client_sync WHERE trip_id = " + _BEFORE + " ->> '$.trip_id'"

_PAYMENT: LiteralString = "(SELECT CAST(after AS INTEGER) FROM repair_changes WHERE change_id = CAST(?1 AS INTEGER))"

BACK: dict[str, tuple[LiteralString, ...]] = {
    "trip": (
        _HOLD,
        "DELETE FROM trip_client_assignments WHERE trip_id = " + _SUBJECT,
        """
INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
SELECT w.value ->> 0, """
        + _SUBJECT
        + """, w.value ->> 1, w.value ->> 2, w.value ->> 3, w.value ->> 4
FROM json_each("""
        + _BEFORE
        + """, '$.rows') w
""",
        "UPDATE trips_v2 SET clients = iif("
        + _BEFORE
        + " ->> '$.type' = 'blob', CAST("
        + _BEFORE
        + " ->> '$.clients' AS BLOB), "
        + _BEFORE
        + " ->> '$.clients') WHERE trip_id = "
        + _SUBJECT,
        _RELEASE,
    ),
    "orphan": (
        _HOLD_ORPHANS_TRIP,
        """
INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at, updated_at)
SELECT b.before ->> '$.assignment_id', b.before ->> '$.trip_id', b.before ->> '$.client_email',
       b.before ->> '$.client_role', b.before ->> '$.created_at', b.before ->> '$.updated_at'
FROM repair_changes b WHERE b.change_id = CAST(?1 AS INTEGER)
""",
        "DELETE FROM orphaned_rows WHERE row_data = " + _BEFORE,
        _RELEASE_ORPHANS_TRIP,
    ),
    # Inserting 'reconcile' directly would run the trigger.
    "guard": (_HOLD, "UPDATE trip_client_sync SET action = " + _BEFORE + " WHERE trip_id = " + _SUBJECT),
    "primary_client": ("UPDATE trips_v2 SET primary_client_email = " + _BEFORE + " WHERE trip_id = " + _SUBJECT,),
    # The trigger takes it off paid_amount.
    "payment": ("DELETE FROM trip_payments WHERE payment_id = " + _PAYMENT,),
    "slug": ("UPDATE trips_v2 SET trip_slug = " + _BEFORE + " WHERE trip_id = " + _SUBJECT,),
}

MARK: LiteralString = "UPDATE repair_changes SET undone = 1 WHERE change_id = CAST(? AS INTEGER)"

RUN_UNDONE: LiteralString = "UPDATE repair_runs SET undone_at = ? WHERE run_id = CAST(? AS INTEGER)"
