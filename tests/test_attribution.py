"""Filling gaps in the activity log: entries without a client and trips without an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import raw
from desk import ANA, BANFF, BEN, KYOTO, Desk, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path


def entries(desk: Desk) -> list[tuple[Any, ...]]:
    """The type, trip and client of each entry."""
    return desk.sql("SELECT activity_type, trip_id, client_id FROM ActivityLog ORDER BY activity_id")


async def test_log_entries_without_a_client_get_their_trips_primary_client(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET primary_client_email = 'CEM@example.net ' WHERE trip_id = ?", KYOTO)
        await desk.do(BANFF, op("assign_client", email=ANA, role="primary_traveler"))
        desk.sql("DELETE FROM ActivityLog")
        desk.sql(
            "INSERT INTO ActivityLog (activity_details, trip_id, client_id) "
            "VALUES ('a', 1, NULL), ('b', 2, NULL), ('c', 3, NULL), ('d', 99, NULL), ('e', NULL, NULL), ('f', 1, 2)"
        )
        answer = await desk.call("update_activitylog_clients")
        assert (answer["updated"], answer["left"]) == (2, 2)
        clients = [client_id for _, _, client_id in entries(desk)]
        assert clients == [3, 1, None, None, None, 2]
        before = desk.everything()
        assert (await desk.call("update_activitylog_clients"))["updated"] == 0
        assert desk.everything() == before


async def test_trips_without_a_log_entry_get_one_and_existing_entries_are_unchanged(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("add_activity", details="x"))
        desk.sql("UPDATE trips_v2 SET primary_client_email = ? WHERE trip_id = 3", BEN)
        log, before = entries(desk), raw.dump(desk.connection)
        dry = await desk.call("reset_activitylog_from_trips")
        assert (dry["missing"], dry["added"]) == (2, 0)
        assert [trip["trip_id"] for trip in dry["trips"]] == [2, 3]
        assert raw.dump(desk.connection) == before
        done = await desk.call("reset_activitylog_from_trips", dry_run=False)
        assert (done["missing"], done["added"]) == (2, 2)
        *earlier, second, third = entries(desk)
        assert earlier == log
        assert (second, third) == (("TripImported", 2, None), ("TripImported", 3, 2))
        assert (await desk.call("reset_activitylog_from_trips", dry_run=False))["added"] == 0
