"""Adoption of a legacy database: give its tables the structure that the baseline expects.

Each table is compared with the baseline. Missing columns are added. A table with broken foreign keys or old column
names is recreated with its rows, indexes and triggers. trips_v2 and clients_v2 only ever gain columns, because a DROP
would cascade to their children.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from database.engine import Statement
from database.errors import DatabaseUnavailable
from database.quoting import as_word
from migrations.files import quoted, shipped, trusted

if TYPE_CHECKING:
    from database.engine import Database

# Tables that other tables reference; they are never dropped.
PARENTS = {"trips_v2", "clients_v2"}

# Prefixes of tables that SQLite or the hosting tools create.
HOSTS_TABLES = ("_cf_", "d1_migrations", "sqlite_")

# Column names in older systems: table → {new name: old name}.
OLD_NAMES = {"ActivityLog": {"activity_details": "details", "created_at": "activity_timestamp"}}


@dataclass
class Adoption:
    """The statements that convert the tables, and a human-readable line for each change."""

    statements: list[Statement] = field(default_factory=list[Statement])
    changes: list[str] = field(default_factory=list[str])

    def add(self, sql: str) -> None:
        self.statements.append(Statement(trusted(sql)))


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    not_null: bool
    default: str | None
    in_primary_key: bool

    @property
    def constant_default(self) -> bool:
        return self.default is None or not self.default.upper().startswith(("CURRENT_", "("))

    @property
    def definition(self) -> str:
        """The definition for ALTER TABLE ADD COLUMN: nullable, and with a constant default only."""
        default = f" DEFAULT {self.default}" if self.default is not None and self.constant_default else ""
        return f"{quoted(self.name)} {self.type}{default}".strip()

    @property
    def declaration(self) -> str:
        """The definition for CREATE TABLE, with any default."""
        default = f" DEFAULT ({self.default})" if self.default is not None else ""
        return f"{quoted(self.name)} {self.type}{default}".strip()


@dataclass(frozen=True)
class ForeignKey:
    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    on_delete: str

    @property
    def definition(self) -> str:
        columns = ", ".join(map(quoted, self.columns))
        targets = ", ".join(map(quoted, self.targets))
        return f"FOREIGN KEY ({columns}) REFERENCES {quoted(self.table)} ({targets}) ON DELETE {self.on_delete}"


async def plan_adoption(db: Database) -> Adoption:
    """Compare the database with the baseline. Raises DatabaseUnavailable if it can't be converted."""
    adoption = Adoption()
    present = {row["name"].lower(): row["name"] for row in await db.read(TABLES)}
    _require_ours(present)
    for table, definition in _baseline().items():
        if table.lower() in present:
            await _adopt_table(db, adoption, table, definition, set(present))
    if "clients_v2" in present:
        await _require_unique_emails(db, adoption)
    if "trip_client_assignments" in present:
        await _require_known_junction(db)
    return adoption


def _require_ours(present: dict[str, str]) -> None:
    """Raise DatabaseUnavailable if the database has tables but none of voygen's."""
    others = [name for name in present.values() if not name.startswith(HOSTS_TABLES)]
    if others and not present.keys() & {table.lower() for table in _baseline()}:
        named = ", ".join(map(as_word, sorted(others)[:3]))
        raise DatabaseUnavailable(
            f"This is another program's database: it has {named} and none of voygen's tables. "
            "Pass another path with --db."
        )


async def _adopt_table(
    db: Database, adoption: Adoption, table: str, definition: _TableDefinition, present: set[str]
) -> None:
    columns = await _columns(db, table)
    keys = await _foreign_keys(db, table)
    names = {column.name.lower() for column in columns}
    missing = [column for column in definition.columns if column.name.lower() not in names]
    _rename_by_case(adoption, table, definition, columns)
    broken = [key for key in keys if not await _has_target(db, key, present)]
    renamed = {new: old for new, old in OLD_NAMES.get(table, {}).items() if old.lower() in names and new not in names}
    if table in PARENTS:
        if await db.read(WITHOUT_ROWID, (table,)):
            raise DatabaseUnavailable(
                f"{table} is a table WITHOUT ROWID: recreate it with an integer primary key, then migrate."
            )
        if broken:
            raise DatabaseUnavailable(
                f"{table} has a foreign key to {as_word(broken[0].table)}, which does not exist: "
                "remove the foreign key, then migrate."
            )
    elif broken or renamed:
        valid = [key for key in keys if key not in broken]
        await _recreate(db, adoption, table, definition, columns, valid)
        return
    for column in missing:
        adoption.add(f"ALTER TABLE {quoted(table)} ADD COLUMN {column.definition}")
        adoption.changes.append(f"{table}: column {column.name} added")


def _rename_by_case(adoption: Adoption, table: str, definition: _TableDefinition, columns: list[Column]) -> None:
    """Rename columns that differ only in case: SQLite ignores case, but result rows use the stored name."""
    ours = {column.name.lower(): column.name for column in definition.columns}
    for column in columns:
        name = ours.get(column.name.lower(), column.name)
        if name != column.name:
            adoption.add(f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(column.name)} TO {quoted(name)}")
            adoption.changes.append(f"{table}: column {as_word(column.name)} renamed to {name}")


async def _recreate(  # noqa: PLR0913 - current state, target state, and where to record it
    db: Database,
    adoption: Adoption,
    table: str,
    definition: _TableDefinition,
    columns: list[Column],
    valid_keys: list[ForeignKey],
) -> None:
    """Drop and recreate the table with baseline and extra columns, keeping rows, indexes and triggers.

    Avoids RENAME, which re-parses every view and fails if one is already broken.
    """
    ours = {column.name.lower() for column in definition.columns}
    extra = [column for column in columns if column.name.lower() not in ours]
    lines = definition.lines + [column.declaration for column in extra] + [key.definition for key in valid_keys]
    aside = quoted(f"{table}_before")
    old_names = OLD_NAMES.get(table, {})
    here = {column.name.lower(): column.name for column in columns}
    copied: dict[str, str] = {}
    for column in [*definition.columns, *extra]:
        source = here.get(column.name.lower()) or here.get(old_names.get(column.name, "").lower())
        if source:
            copied[column.name] = source
    adoption.add(f"CREATE TABLE {aside} AS SELECT * FROM {quoted(table)}")
    adoption.add(f"DROP TABLE {quoted(table)}")
    adoption.add(f"CREATE TABLE {quoted(table)} ({', '.join(lines)})")
    adoption.add(
        f"INSERT INTO {quoted(table)} ({', '.join(map(quoted, copied))}) "
        f"SELECT {', '.join(map(quoted, copied.values()))} FROM {aside}"
    )
    adoption.add(f"DROP TABLE {aside}")
    for row in await db.read(ATTACHED, (table,)):
        adoption.add(row["sql"])
    for statement in LEGACY_COLUMN_TRIGGERS.get(table, ()) if set(old_names.values()) & set(here) else ():
        adoption.add(statement)
    adoption.changes.append(f"{table}: recreated with valid columns and foreign keys, keeping all rows")


async def _columns(db: Database, table: str) -> list[Column]:
    return [_column(dict(row)) for row in await db.read(COLUMNS, (table,))]


def _column(row: dict[str, Any]) -> Column:
    return Column(row["name"], row["type"], bool(row["notnull"]), row["dflt_value"], bool(row["pk"]))


async def _foreign_keys(db: Database, table: str) -> list[ForeignKey]:
    by_id: dict[int, list[dict[str, Any]]] = {}
    for row in await db.read(FOREIGN_KEYS, (table,)):
        by_id.setdefault(row["id"], []).append(dict(row))
    return [
        ForeignKey(
            tuple(row["from"] for row in rows),
            rows[0]["table"],
            tuple(row["to"] or row["from"] for row in rows),
            rows[0]["on_delete"],
        )
        for rows in by_id.values()
    ]


async def _has_target(db: Database, key: ForeignKey, present: set[str]) -> bool:
    if key.table.lower() not in present:
        return False
    columns = await _columns(db, key.table)
    wanted = {name.lower() for name in key.targets}
    if wanted == {column.name.lower() for column in columns if column.in_primary_key}:
        return True
    unique = await db.read(UNIQUE_COLUMNS, (key.table,))
    return any(wanted == set(row["columns"].lower().split("\n")) for row in unique)


async def _require_unique_emails(db: Database, adoption: Adoption) -> None:
    unique = await db.read(UNIQUE_COLUMNS, ("clients_v2",))
    if any(row["columns"].lower() == "email" for row in unique):
        return
    twice = await db.read("SELECT email FROM clients_v2 GROUP BY email HAVING count(*) > 1 LIMIT 1")
    if twice:
        raise DatabaseUnavailable("clients_v2 has duplicate e-mails: merge those clients, then migrate.")
    adoption.add("CREATE UNIQUE INDEX idx_clients_v2_email_unique ON clients_v2(email)")
    adoption.changes.append("clients_v2: unique index on email added")


async def junction_keys_hold(db: Database) -> bool:
    """Return True if the junction has its two foreign keys and its unique key."""
    keys = {(key.columns, key.table, key.on_delete) for key in await _foreign_keys(db, "trip_client_assignments")}
    unique = {row["columns"] for row in await db.read(UNIQUE_COLUMNS, ("trip_client_assignments",))}
    known_keys = {(("trip_id",), "trips_v2", "CASCADE"), (("client_email",), "clients_v2", "CASCADE")}
    return keys == known_keys and "trip_id\nclient_email\nclient_role" in unique


async def _require_known_junction(db: Database) -> None:
    if not await junction_keys_hold(db):
        raise DatabaseUnavailable(
            "trip_client_assignments has an unknown structure: it needs both foreign keys with "
            "ON DELETE CASCADE and UNIQUE(trip_id, client_email, client_role). Rename the table, then migrate."
        )


@dataclass(frozen=True)
class _TableDefinition:
    lines: list[str]
    columns: list[Column]


def _baseline() -> dict[str, _TableDefinition]:
    """Return the baseline's tables as SQLite parses them."""
    scratch = sqlite3.connect(":memory:")
    try:
        for statement in shipped()[0].statements:
            scratch.execute(statement)
        scratch.row_factory = sqlite3.Row
        tables = scratch.execute(TABLES_WITH_SQL).fetchall()
        return {
            row["name"]: _TableDefinition(
                [row["sql"].split("(", 1)[1].rsplit(")", 1)[0].strip()],
                [_column(dict(column)) for column in scratch.execute(COLUMNS, (row["name"],))],
            )
            for row in tables
        }
    finally:
        scratch.close()


WITHOUT_ROWID: LiteralString = "SELECT 1 FROM pragma_table_list(?) WHERE wr"

TABLES: LiteralString = "SELECT name FROM sqlite_master WHERE type = 'table'"

TABLES_WITH_SQL: LiteralString = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"

COLUMNS: LiteralString = 'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)'

FOREIGN_KEYS: LiteralString = (
    'SELECT id, seq, "table", "from", "to", on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq'
)

UNIQUE_COLUMNS: LiteralString = """
SELECT (SELECT group_concat(c.name, char(10)) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) c) AS columns
FROM pragma_index_list(?) i
WHERE i."unique" = 1 AND i.partial = 0
"""  # noqa: E501

ATTACHED: LiteralString = """
SELECT sql FROM sqlite_master
WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL
ORDER BY type, name
"""

# Old code keeps using the old columns. These triggers copy inserts between the old and the new columns.
LEGACY_COLUMN_TRIGGERS: dict[str, tuple[LiteralString, ...]] = {
    "ActivityLog": (
        """CREATE TRIGGER trg_activitylog_from_old_columns AFTER INSERT ON ActivityLog
WHEN NEW.activity_details IS NULL AND NEW.details IS NOT NULL
BEGIN
    UPDATE ActivityLog SET activity_details = NEW.details, created_at = coalesce(NEW.activity_timestamp, created_at)
    WHERE activity_id = NEW.activity_id;
END""",
        """CREATE TRIGGER trg_activitylog_to_old_columns AFTER INSERT ON ActivityLog
WHEN NEW.activity_details IS NOT NULL AND NEW.details IS NULL
BEGIN
    UPDATE ActivityLog SET details = NEW.activity_details, activity_timestamp = NEW.created_at
    WHERE activity_id = NEW.activity_id;
END""",
    )
}
