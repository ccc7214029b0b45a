"""The sixteen trips of the drifted dump, loaded unchanged into a migrated database, and their faults."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import raw
from damage import past_the_triggers

from migrations.dumps import load_dump

if TYPE_CHECKING:
    from pathlib import Path

AVA, BEN, CARLA, DMITRI, ESME, FARID, GRETA, INES = (
    f"{name}@example.net"
    for name in (
        "ava.abbot",
        "ben.hoshino",
        "carla.okafor",
        "dmitri.varga",
        "esme.costa",
        "farid.fischer",
        "greta.moreau",
        "ines.almeida",
    )
)

# Kind, trip, email, role.
DRIFT = {
    ("junction_only", 2, CARLA, "traveler"),
    ("duplicate", 3, AVA, "traveler"),
    ("json_only", 4, DMITRI, "traveler"),
    ("junction_only", 5, ESME, "traveler"),
    ("not_an_array", 6, None, None),
    ("junction_only", 6, FARID, "traveler"),
    ("not_an_array", 7, None, None),
    ("junction_only", 7, GRETA, "traveler"),
    ("not_an_array", 8, None, None),
    ("not_an_array", 9, None, None),
    ("not_canonical", 10, INES, "traveler"),
    ("json_only", 11, AVA, "traveler"),
    ("not_canonical", 12, CARLA, "traveler"),
    ("json_only", 12, DMITRI, "traveler"),
    ("not_canonical", 13, ESME, "traveler"),
    ("junction_only", 15, FARID, "primary_traveler"),
    ("json_only", 15, FARID, "payer"),
}

# Trip, position in the JSON, email.
UNLINKED = {(11, 1, None), (14, 0, "stranger@example.org"), (16, 0, None)}

# Trip, email, reason.
ORPHANS = {(777, AVA, "no such trip"), (1, "gone@example.org", "no such client")}

# The pairs on each trip after the repair: all that either store had.
MENDED = {
    1: {(AVA, "traveler"), (BEN, "payer")},
    2: {(CARLA, "traveler"), (CARLA, "payer")},
    3: {(AVA, "traveler")},
    4: {(DMITRI, "traveler")},
    5: {(ESME, "traveler")},
    6: {(FARID, "traveler")},
    7: {(GRETA, "traveler")},
    10: {(INES, "traveler")},
    11: {(AVA, "traveler"), (BEN, "traveler")},
    12: {(CARLA, "traveler"), (DMITRI, "traveler")},
    13: {(ESME, "traveler")},
    15: {(FARID, "primary_traveler"), (FARID, "payer")},
    16: {(GRETA, "traveler")},
}

COPY = """
INSERT INTO clients_v2 (client_id, email, full_name) SELECT client_id, email, full_name FROM old.clients_v2;
INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, clients, start_date, end_date)
SELECT trip_id, trip_name, 'case-' || trip_id, clients, start_date, end_date FROM old.trips_v2;
INSERT INTO trip_client_assignments (assignment_id, trip_id, client_email, client_role, created_at)
SELECT assignment_id, trip_id, client_email, client_role, created_at FROM old.trip_client_assignments;
"""


def drifted_file(path: Path) -> Path:
    """Create the database, and beside it old.db, a database loaded from the dump."""
    old = path.with_name("old.db")
    load_dump(raw.LEGACY / "drifted-dual-write.sql", old)
    with closing(sqlite3.connect(raw.new_file(path), isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS old", (str(old),))
        with past_the_triggers(connection):
            connection.executescript(COPY)
    return path
