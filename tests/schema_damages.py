"""Every way in which the schema can differ from the shipped one, and rows that break a foreign key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from damage import Damage, Trip

from migrations.check import REPAIRS
from migrations.shape import expected

if TYPE_CHECKING:
    from collections.abc import Callable

    from damage import Finding


def _fault(kind: str, name: str, problem: str) -> Callable[[Trip], list[Finding]]:
    fault: dict[str, Any] = {"kind": "schema", "name": name, "type": kind, "problem": problem}
    return lambda _: [fault | {"repair": REPAIRS["schema"]}]


def _missing(kind: str, name: str) -> Damage:
    return Damage(f"{name} missing", (), _fault(kind, name, "missing"), schema=(f"DROP {kind} {name}",))


def _altered(kind: str, name: str, old: str, new: str) -> Damage:
    shipped = expected("dual_write")[name]
    assert old in shipped
    schema = (f"DROP {kind} {name}", shipped.replace(old, new))
    return Damage(f"{name} altered", (), _fault(kind, name, "not as shipped"), schema=schema)


TRIGGERS = [_missing("trigger", name) for name in expected("dual_write") if name.startswith("trg_")]

ALTERED = [
    _altered("trigger", "trg_trip_client_assignments_insert", "'assigned_at'", "'Assigned_at'"),
    _altered("trigger", "trg_trip_client_sync_reconcile", "count(*) > 1", "count(*) > 2"),
    _altered("trigger", "trg_clients_v2_delete", "OLD.email", "OLD.full_name"),
    _altered("view", "trip_client_relationships", "'both'", "'Both'"),
    _altered("view", "trip_client_entries", "'$.email'", "'$.mail'"),
    _missing("view", "trip_client_relationships"),
    _missing("view", "trip_client_entries"),
]

MISPLACED = Damage(
    "a trigger of another phase",
    (),
    _fault("trigger", "trg_trips_v2_clients_refuse_update", "does not belong in phase dual_write"),
    schema=(expected("prefer_junction")["trg_trips_v2_clients_refuse_update"],),
)

BY_HAND = [
    Damage(
        "a table with a column more",
        (),
        _fault("table", "direct_json_writes", "not as shipped"),
        schema=("ALTER TABLE direct_json_writes ADD COLUMN x",),
        by_hand=True,
    ),
    Damage(
        "a table missing",
        (),
        _fault("table", "shadow_mismatches", "missing"),
        schema=("DROP TABLE shadow_mismatches",),
        by_hand=True,
    ),
    Damage(
        "an index missing",
        (),
        _fault("index", "idx_clients_v2_email_folded", "missing"),
        schema=("DROP INDEX idx_clients_v2_email_folded",),
    ),
    Damage(
        "a child row without its parent",
        (
            "DROP TABLE ActivityLog",
            "CREATE TABLE ActivityLog (activity_id INTEGER PRIMARY KEY, trip_id INTEGER REFERENCES trips_v2(trip_id))",
            "CREATE INDEX idx_activitylog_trip ON ActivityLog(trip_id)",
            "INSERT INTO ActivityLog (activity_id, trip_id) VALUES (7, :gone)",
            "INSERT INTO ActivityLog (activity_id, trip_id) VALUES (8, :trip)",
        ),
        lambda _: [
            {
                "kind": "foreign_key",
                "table": "ActivityLog",
                "rowid": 7,
                "parent": "trips_v2",
                "repair": REPAIRS["foreign_key"],
            }
        ],
        by_hand=True,
    ),
]

NOT_OURS = Damage(
    "a child row of a table that is not ours",
    (
        "CREATE TABLE bookings (booking_id INTEGER PRIMARY KEY, trip_id INTEGER REFERENCES trips_v2(trip_id))",
        "CREATE TABLE hotels (hotel_id INTEGER PRIMARY KEY, chain TEXT REFERENCES nowhere(chain))",
        "INSERT INTO bookings (trip_id) VALUES (:gone)",
        "INSERT INTO hotels (chain) VALUES ('x')",
        "CREATE VIEW broken AS SELECT * FROM nowhere",
        "CREATE TRIGGER bookings_insert AFTER INSERT ON bookings BEGIN DELETE FROM hotels; END",
    ),
    lambda _: [],
)

SCHEMA = [*TRIGGERS, *ALTERED, MISPLACED, *BY_HAND, NOT_OURS]
