"""Raw SQL that writes and reads either side of the dual write, as old code and new code do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oracle import junction_pairs

if TYPE_CHECKING:
    import sqlite3

ANA, BEN = "ana@x.io", "ben@x.io"
TRIP = 1


def add_trip(con: sqlite3.Connection, clients: Any) -> int:
    sql = """
    INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('N', '2026-01-01', '2026-01-02', ?)
    RETURNING trip_id
    """
    return con.execute(sql, (text_of(clients),)).fetchone()[0]


def assign(con: sqlite3.Connection, email: str, role: str | None = "traveler", trip: int = TRIP) -> None:
    sql = "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, ?)"
    con.execute(sql, (trip, email, role))


def unassign(con: sqlite3.Connection, email: str, role: str = "traveler") -> None:
    con.execute("DELETE FROM trip_client_assignments WHERE client_email = ? AND client_role = ?", (email, role))


def write_json(con: sqlite3.Connection, clients: Any) -> None:
    """Write the whole column, as old code does."""
    con.execute("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", (text_of(clients), TRIP))


def write_past_the_triggers(con: sqlite3.Connection, clients: str, trip: int = TRIP) -> None:
    """Write with the JSON trigger dropped, as a program does on a copy of the database without triggers."""
    trigger = con.execute("SELECT sql FROM sqlite_master WHERE name = 'trg_trips_v2_clients_update'").fetchone()[0]
    con.execute("DROP TRIGGER trg_trips_v2_clients_update")
    con.execute("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", (clients, trip))
    con.execute(trigger)


def text_of(clients: Any) -> str:
    return clients if isinstance(clients, str) else json.dumps(clients)


def in_json(con: sqlite3.Connection, trip: int = TRIP) -> list[Any]:
    return json.loads(con.execute("SELECT clients FROM trips_v2 WHERE trip_id = ?", (trip,)).fetchone()[0])


def in_junction(con: sqlite3.Connection, trip: int = TRIP) -> list[tuple[str, str]]:
    return junction_pairs(con).get(trip, [])


def quarantine(con: sqlite3.Connection) -> list[tuple[int, str]]:
    return con.execute("SELECT trip_id, raw_text FROM trip_clients_quarantine ORDER BY quarantine_id").fetchall()
