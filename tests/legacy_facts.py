"""Snapshots of a legacy database before and after its migration, for comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import raw
from oracle import Entry, all_entries, client_emails, junction_pairs, parsed

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

NAMES = ["d1-export-2025", "seed-legacy", "drifted-dual-write"]

Rows: TypeAlias = list[dict[str, Any]]

# Tables that the migration recreates or fills; separate tests check their rows.
REWRITTEN = {"ActivityLog", "facts_dirty", "trip_facts", "trip_client_assignments", "sqlite_sequence"}


# D1 has a table of its own, whose name begins like this.
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'"


@dataclass(frozen=True)
class Facts:
    """All rows by table, SQL of the schema objects by name, JSON entries, junction pairs by trip, and client emails."""

    tables: dict[str, Rows]
    schema: dict[str, str]
    entries: list[Entry]
    pairs: dict[int, list[tuple[str, str]]]
    clients: list[str]

    def texts(self) -> dict[int, Any]:
        return {row["trip_id"]: row["clients"] for row in self.tables["trips_v2"]}

    def quarantined(self) -> list[tuple[int, str]]:
        return [(row["trip_id"], row["raw_text"]) for row in self.tables["trip_clients_quarantine"]]

    def set_aside(self, table: str) -> list[Any]:
        return [json.loads(row["row_data"]) for row in self.tables["orphaned_rows"] if row["table_name"] == table]

    def counters(self) -> dict[str, int]:
        return {row["name"]: row["seq"] for row in self.tables["sqlite_sequence"]}


def facts(path: Path) -> Facts:
    connection = raw.connect(path)
    try:
        schema = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
        names = [row[0] for row in connection.execute(TABLES)]
        has_junction = "trip_client_assignments" in names
        return Facts(
            {name: _rows(connection, name) for name in names},
            {name: " ".join(sql.split()) for name, sql in schema.items()},
            all_entries(connection),
            junction_pairs(connection) if has_junction else {},
            client_emails(connection),
        )
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection, table: str) -> Rows:
    cursor = connection.execute("SELECT * FROM " + table)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def extra_keys(entry: Entry) -> dict[str, Any]:
    """The fields of an entry other than email and role; an entry that is a string is first parsed as JSON."""
    element = parsed(entry.element) if isinstance(entry.element, str) else entry.element
    if not isinstance(element, dict):
        return {}
    fields = cast("dict[str, Any]", element)
    return {key: value for key, value in fields.items() if key not in {"email", "role"}}
