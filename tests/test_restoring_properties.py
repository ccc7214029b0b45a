"""After any deletions and restores in any phase, restoring the remaining deletions recreates the original content."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import campaigns
import raw
from engines import any_recursion, open_database
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phasing import lead_to

from database.phase import PHASES, PhasedDatabase
from migrations.check import check
from server.opening import phased
from tools.answers.errors import NotFound
from tools.cleanup import CleanupClientsArguments, CleanupTripsArguments, cleanup_clients, cleanup_trips
from tools.removal import DeleteTripArguments, delete_trip
from tools.restoring import RestoreArguments, restore_deleted

if TYPE_CHECKING:
    import sqlite3

    from database.engine import Database

pytestmark = any_recursion

EMAILS = ["ana@x.io", "ben@x.io", "cem@x.io"]
NAMES = ["Kyoto with friends", "Banff in winter", "Lisbon by train"]
ROLES = ["traveler", "payer"]

KEPT = """
SELECT 1 FROM orphaned_rows WHERE coalesce(row_data ->> '$.trip.trip_name', row_data ->> '$.client.email') = ?
"""

pairs = st.tuples(st.sampled_from(EMAILS), st.sampled_from(ROLES))
travelers = st.lists(st.one_of(pairs, st.none()), max_size=5, unique=True)
which = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.sampled_from(["delete trip", "clean trip", "clean client"]), which),
    st.tuples(st.just("restore"), st.integers(0, 5)),
    st.tuples(st.just("phase"), which),
)


@settings(max_examples=campaigns.rounds(4, 100), deadline=None)
@given(st.lists(travelers, min_size=3, max_size=3), st.lists(steps, max_size=12), st.randoms(use_true_random=False))
@example([[("ana@x.io", "payer")], [], []], [("phase", 2), ("clean client", 0), ("delete trip", 0)], None)
@example([[("ana@x.io", "payer"), None], [], []], [("delete trip", 0), ("phase", 2), ("clean client", 0)], None)
@example(
    # Two clients whose entries had the same position at different times.
    [[("ana@x.io", "payer"), ("ben@x.io", "payer")], [], []],
    [("clean client", 0), ("clean client", 1), ("phase", 2), ("delete trip", 0), ("restore", 3), ("restore", 4)],
    None,
)
def test_restoring_everything_after_any_deletions_gives_the_original_content(
    lists: list[Any], walk: list[tuple[str, int]], order: Any
) -> None:
    asyncio.run(_walk(lists, walk, order))


async def _walk(lists: list[Any], walk: list[tuple[str, int]], order: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = raw.new_file(Path(folder) / "voygen.db")
        with closing(raw.connect_file(path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            _fill(connection, lists)
        with closing(raw.connect(path)) as connection:
            before = _content(connection)
            async with await open_database(path) as db:
                desk = phased(db)
                for kind, number in walk:
                    await _step(db, desk, kind, number)
                    assert (await check(db)).clean
                for number in _shuffled(connection, order):
                    await restore_deleted(desk, RestoreArguments(orphan_id=number))
                    assert (await check(db)).clean
                await lead_to(db, "dual_write")
                report = await check(db)
                assert report.clean
                assert not report.quarantined
            assert _content(connection) == before
            assert connection.execute("SELECT * FROM orphaned_rows").fetchall() == []


def _fill(connection: sqlite3.Connection, lists: list[Any]) -> None:
    for email in EMAILS:
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, ?)", (email, f"Client {email[:3]}"))
    for number, (name, listed) in enumerate(zip(NAMES, lists, strict=True)):
        entries = [
            {"name": f"nobody {place}"}
            if pair is None
            else {"email": pair[0], "role": pair[1], "note": [number, place]}
            for place, pair in enumerate(listed)
        ]
        primary = next((pair[0] for pair in listed if pair), None)
        connection.execute(
            "INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date, clients, primary_client_email) "
            "VALUES (?, ?, '2026-01-01', '2026-01-02', ?, ?)",
            (name, f"trip-{number}", json.dumps(entries), primary),
        )


async def _step(db: Database, desk: PhasedDatabase, kind: str, number: int) -> None:
    match kind:
        case "delete trip":
            if await db.read("SELECT 1 FROM trips_v2 WHERE trip_id = ?", (number + 1,)):
                arguments = DeleteTripArguments(trip_identifier=str(number + 1), confirm_trip_name=NAMES[number])
                await delete_trip(desk, arguments)
        case "clean trip":
            await cleanup_trips(desk, CleanupTripsArguments(name_patterns=[NAMES[number]], dry_run=False))
        case "clean client":
            await cleanup_clients(desk, CleanupClientsArguments(email_patterns=[EMAILS[number]], dry_run=False))
        case "phase":
            await lead_to(db, PHASES[number])
        case _:
            name = [*NAMES, *EMAILS][number]
            try:
                await restore_deleted(desk, RestoreArguments(trip_name=name))
            except NotFound:
                assert not await db.read(KEPT, (name,))


def _shuffled(connection: sqlite3.Connection, order: Any) -> list[int]:
    rows = connection.execute("SELECT orphan_id FROM orphaned_rows WHERE table_name <> 'trip_client_assignments'")
    numbers = [row[0] for row in rows]
    if order is not None:
        order.shuffle(numbers)
    return numbers


def _content(connection: sqlite3.Connection) -> dict[str, Any]:
    """All rows of trips, clients and assignments, with the entries of the JSON sorted."""
    cursor = connection.execute("SELECT * FROM trips_v2 ORDER BY trip_id")
    names = [column[0] for column in cursor.description]
    trips = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for trip in trips:
        trip["clients"] = sorted(json.dumps(entry) for entry in json.loads(trip["clients"]))
    return {
        "trips": trips,
        "clients": connection.execute("SELECT * FROM clients_v2 ORDER BY client_id").fetchall(),
        "assignments": connection.execute("SELECT * FROM trip_client_assignments ORDER BY assignment_id").fetchall(),
    }
