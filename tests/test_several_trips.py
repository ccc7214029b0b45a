"""One call changes several trips alike, and its answer shows each trip after it."""

from __future__ import annotations

import json
from asyncio import gather
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, EMPTY, KYOTO, Desk, Era, each_era, new_desk, op, open_desk, seeded

if TYPE_CHECKING:
    from pathlib import Path

BULK = "bulk_trip_operations"


def people(answer: dict[str, Any]) -> dict[int, list[str]]:
    return {trip["trip_id"]: trip["people"] for trip in answer["after"]}


async def on_all(desk: Desk, *operations: object, **more: Any) -> dict[str, Any]:
    trips = [str(KYOTO), "ode-in-banff", "Nobody yet"]
    return await desk.call(BULK, trip_identifiers=trips, operations=operations, **more)


@each_era
async def test_each_trip_gets_the_operations_and_a_new_client_is_created_once(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        new = [op("assign_client", full_name="Gus Ide", role="guide"), op("add_note", note="Gus leads.")]
        answer = await on_all(desk, *new)
        assert (answer["operations_completed"], answer["operations_failed"]) == (6, 0)
        assert [(one["trip_id"], one["number"]) for one in answer["results"]] == [
            (trip, number) for trip in (KYOTO, BANFF, EMPTY) for number in (1, 2)
        ]
        assert [one.get("client_created") for one in answer["results"][::2]] == [True, False, False]
        assert people(answer) == {
            KYOTO: ["Ana Lima (traveler)", "Gus Ide (guide)"],
            BANFF: ["Ben Ode (traveler)", "Gus Ide (guide)"],
            EMPTY: ["Gus Ide (guide)"],
        }
        assert desk.sql("SELECT count(*) FROM clients_v2 WHERE full_name = 'Gus Ide'") == [(1,)]
        assert len(desk.sql("SELECT 1 FROM trip_client_assignments WHERE client_role = 'guide'")) == 3


async def test_an_operation_that_fails_on_one_trip_is_done_on_the_others_unless_atomic(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        away = op("unassign_client", email=ANA)
        before = desk.everything()
        answer = await on_all(desk, away, atomic=True)
        assert (answer["success"], answer["operations_completed"], answer["after"]) == (False, 0, [])
        assert desk.everything() == before
        answer = await on_all(desk, away)
        assert [one["success"] for one in answer["results"]] == [True, False, False]
        assert f"1 on trip {BANFF} (unassign_client): not_found" in answer["message"]
        assert people(answer) == {KYOTO: [], BANFF: ["Ben Ode (traveler)"], EMPTY: []}


async def test_trips_that_are_renamed_alike_get_slugs_of_their_own(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await on_all(desk, op("rename_trip", new_name="Same"))
        assert desk.sql("SELECT trip_slug FROM trips_v2 ORDER BY trip_id") == [("same",), ("same-2",), ("same-3",)]


async def test_nothing_is_written_if_one_of_the_trips_is_not_found_or_unclear(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        note = [op("add_note", note="n")]
        for wrong, code in (("nowhere at all", "not_found"), ("in", "ambiguous")):
            error = await desk.refused(BULK, trip_identifiers=[str(KYOTO), wrong], operations=note)
            assert error.startswith(f"{code}: ")
        wrong_sets: list[dict[str, Any]] = [
            {},
            {"trip_identifiers": []},
            {"trip_identifier": "1", "trip_identifiers": ["2"]},
        ]
        for sent in wrong_sets:
            error = await desk.refused(BULK, operations=note, **sent)
            assert "needs either trip_identifier or trip_identifiers" in error
        assert desk.everything() == before


async def test_a_trip_named_twice_is_changed_once(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        twice = [str(KYOTO), "lima-in-kyoto"]
        answer = await desk.call(BULK, trip_identifiers=twice, operations=[op("add_note", note="n")])
        assert (answer["trip_id"], answer["operations_completed"]) == (KYOTO, 1)


async def test_calls_on_overlapping_trips_at_once_lose_no_note(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        await gather(*(on_all(desk, op("add_note", note=f"{n}")) for n in range(6) for desk in (one, other)))
        for trip in (KYOTO, BANFF, EMPTY):
            assert sorted(note["note"] for note in one.json("notes", trip)) == sorted(2 * [f"{n}" for n in range(6)])


async def test_a_repeated_call_with_a_key_answers_with_the_state_of_then(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first = await on_all(desk, op("assign_client", email=BEN, role="guide"), idempotency_key="k")
        await desk.do(KYOTO, op("unassign_client", email=ANA))
        again = await on_all(desk, op("assign_client", email=BEN, role="guide"), idempotency_key="k")
        assert again == first | {"replayed": True}
        assert people(again)[KYOTO] == ["Ana Lima (traveler)", "Ben Ode (guide)"]


@each_era
async def test_the_state_after_a_change_has_everybody_and_what_the_call_changed(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        entries = [{"email": ANA, "role": "traveler"}, {"name": "Mia"}, {"email": "zoe@example.net", "name": "Zoe"}]
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(entries), KYOTO)
        operations = [
            op("update_status", status="confirmed"),
            op("update_cost", cost=7000),
            op("assign_client", email="zoe@example.net", full_name="Zoe Wu"),
            op("assign_client", email=BEN, role="payer"),
            op("assign_client", email=ANA, role="guide"),
        ]
        (after,) = (await desk.bulk(KYOTO, *operations))["after"]
        assert sorted(after["people"]) == [
            "Ana Lima (guide, traveler)",
            "Ben Ode (payer)",
            "Mia (traveler, not linked)",
            "Zoe Wu (traveler)",
        ]
        assert (after["status"], after["total_cost"], after["assignments"]) == ("confirmed", 7000, 4)
        assert (after["start_date"], after["end_date"]) == ("2026-10-03", "2026-10-12")
        read = await desk.whole(KYOTO)
        assert {name: after[name] for name in ("trip_name", "destinations", "status")} == {
            name: read[name] for name in ("trip_name", "destinations", "status")
        }


@pytest.mark.parametrize("more", [{"dry_run": True}, {"atomic": True}])
async def test_a_call_that_writes_nothing_shows_no_state(tmp_path: Path, more: dict[str, bool]) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.bulk(KYOTO, op("add_note", note="n"), op("unassign_client", email=BEN), **more)
        assert answer["after"] == []


async def test_a_large_group_is_counted_rather_than_listed(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        group = [op("assign_client", full_name=f"Guest {n}") for n in range(40)]
        (after,) = (await desk.bulk(EMPTY, *group))["after"]
        assert (len(after["people"]), after["assignments"]) == (40, 40)
        (after,) = (await desk.bulk(EMPTY, op("assign_client", full_name="One More")))["after"]
        assert (after["people"], after["assignments"]) == ([], 41)


async def test_odd_values_in_a_trip_do_not_stop_a_change(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql(
            "UPDATE trips_v2 SET total_cost = 9e999, destinations = x'ff00', end_date = 5 WHERE trip_id = ?", KYOTO
        )
        desk.sql("UPDATE clients_v2 SET full_name = x'416e61' WHERE email = ?", ANA)
        (after,) = (await desk.bulk(KYOTO, op("add_note", note="n")))["after"]
        assert (after["total_cost"], after["end_date"], after["people"]) == (None, "5", ["Ana (traveler)"])
