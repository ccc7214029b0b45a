"""A consistent, migrated database of up to ten thousand trips, and ways to damage it without firing triggers."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import campaigns
import raw
from engines import is_hosted
from hosted_connection import HostedConnection

from migrations.check import REPAIRS
from migrations.shape import expected

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from database.phase import Phase

Finding: TypeAlias = dict[str, Any]

TRIPS = campaigns.rounds(600 if is_hosted() else 1_000, 10_000)
FEW = 40

# Trip n has n % 4 clients; its k-th client, with the k-th role, is client (n + k) % 100 + 1, counting k from 0.
FILL = """
INSERT INTO clients_v2 (client_id, email, full_name)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= 99)
SELECT i, printf('client-%03d@example.net', i), 'Client ' || i FROM n;
INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, primary_client_email, start_date, end_date)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :trips)
SELECT i, 'Trip ' || i, 'trip-' || i, printf('client-%03d@example.net', i % 100 + 1), '2026-01-01', '2026-01-02' FROM n;
INSERT INTO trip_client_assignments (trip_id, client_email, client_role, created_at, updated_at)
SELECT t.trip_id, printf('client-%03d@example.net', (t.trip_id + k.key) % 100 + 1), k.value,
       '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'
FROM trips_v2 t JOIN json_each('["traveler","payer","guide"]') k ON k.key < t.trip_id % 4;
UPDATE trips_v2 SET clients = (
    SELECT json_group_array(json_object('email', client_email, 'role', client_role, 'seat', trip_id))
    FROM trip_client_assignments a WHERE a.trip_id = trips_v2.trip_id);
"""


def filled_file(path: Path, trips: int = TRIPS) -> Path:
    """Create a database with this many trips and a hundred clients."""
    path.write_bytes(_template(trips))
    return path


@cache
def _template(trips: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = raw.new_file(Path(folder) / "template.db")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection, past_the_triggers(connection):
            connection.executescript("BEGIN;" + FILL.replace(":trips", str(trips)) + "COMMIT;")
        return path.read_bytes()


@dataclass(frozen=True)
class Trip:
    number: int

    @property
    def one(self) -> str:
        return f"client-{self.number % 100 + 1:03}@example.net"

    @property
    def two(self) -> str:
        return f"client-{(self.number + 1) % 100 + 1:03}@example.net"

    @property
    def stranger(self) -> str:
        return f"stranger-{self.number}@example.org"

    def values(self) -> dict[str, Any]:
        """Parameters for the statements. No trip has the id :gone, and no client has the email :stranger."""
        gone = self.number + 1_000_000
        return {"trip": self.number, "gone": gone, "one": self.one, "two": self.two, "stranger": self.stranger}

    def found(self, kind: str, **more: Any) -> Finding:
        return {"kind": kind, "trip_id": self.number, **more, "repair": REPAIRS[kind]}

    def pair(self, kind: str, email: str, role: str, *elements: Any, canonical: bool = True) -> Finding:
        """A finding about a pair; `elements` are the pair's entries in the JSON."""
        return self.found(
            kind,
            email=email,
            role=role,
            junction=None if kind == "json_only" else f"{email} as {role}",
            json=None if kind == "junction_only" else [compact(element) for element in elements],
            canonical=canonical,
        )

    def entry(self, **changed: Any) -> dict[str, Any]:
        """The trip's first entry with these keys set; the value `...` removes a key."""
        fields = {"email": self.one, "role": "traveler", "seat": self.number, **changed}
        return {key: value for key, value in fields.items() if value is not ...}


@dataclass(frozen=True)
class Damage:
    """Damage done by `statements`, run without triggers, and then by `schema`, run after the triggers are restored."""

    name: str
    statements: tuple[str, ...]
    findings: Callable[[Trip], list[Finding]]
    schema: tuple[str, ...] = ()
    by_hand: bool = False

    def __str__(self) -> str:
        return self.name


def damage(connection: sqlite3.Connection, *damages: tuple[Damage, Trip]) -> None:
    with past_the_triggers(connection):
        for one, trip in damages:
            for statement in one.statements:
                connection.execute(statement, trip.values())
    for one, _ in damages:
        for statement in one.schema:
            connection.execute(statement)


@contextmanager
def past_the_triggers(connection: sqlite3.Connection, phase: Phase = "dual_write") -> Generator[None]:
    """Drop the triggers and turn off foreign keys for the block, then restore the shipped triggers.

    A hosted database's foreign keys stay on.
    """
    triggers = {name: sql for name, sql in expected(phase).items() if name.startswith("trg_")}
    drop = "".join(f"DROP TRIGGER IF EXISTS {name};\n" for name in triggers)
    create = "".join(f"{sql};\n" for sql in triggers.values())
    if isinstance(connection, HostedConnection):
        connection.executescript(drop)
        yield
        connection.executescript(create)
        return
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.executescript(f"BEGIN;{drop}COMMIT;")
    yield
    connection.executescript(f"BEGIN;{create}COMMIT;")
    connection.execute("PRAGMA foreign_keys = ON")


def compact(element: Any) -> str:
    return json.dumps(element, separators=(",", ":"), ensure_ascii=False)
