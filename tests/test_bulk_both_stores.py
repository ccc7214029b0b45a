"""bulk_trip_operations keeps both stores equal: with and without triggers, in large calls and in concurrent calls."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, integrity, new_desk, op, open_desk, seeded

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent


def people(count: int) -> list[dict[str, Any]]:
    return [op("assign_client", email=f"p{number}@example.net", full_name=f"P {number}") for number in range(count)]


def notes_of(value: Sequence[dict[str, Any]]) -> set[str]:
    return {item["note"] for item in value}


async def test_one_assignment_is_mirrored_by_the_trigger(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        (result,) = await desk.do(KYOTO, op("assign_client", email=BEN))
        assert result["json_written_by"] == "trigger"


async def test_five_hundred_assignments_in_one_call_are_written_to_the_json_in_bulk(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await desk.bulk(EMPTY, *people(500))
        assert (answer["operations_completed"], answer["operations_failed"]) == (500, 0)
        assert {result["json_written_by"] for result in answer["results"]} == {"bulk"}
        assert len({result["assignment_id"] for result in answer["results"]}) == 500 - answer["results_left_out"] > 50
        assert len(desk.json("clients", EMPTY)) == 500
        again = await desk.do(EMPTY, *people(500))
        assert not any(result["created"] for result in again)
        await desk.do(EMPTY, *[op("unassign_client", email=f"p{number}@example.net") for number in range(500)])
        assert desk.json("clients", EMPTY) == []


@pytest.mark.parametrize("raw", [None, '[{"em', "null", "{}", '[{"name":"Baby"}, "loose", 7]'])
@pytest.mark.sampled(2)
async def test_without_triggers_the_backup_write_keeps_both_stores_equal(tmp_path: Path, raw: str | None) -> None:
    async with new_desk(tmp_path) as desk:
        desk.drop_triggers()
        if raw is not None:
            desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", raw, EMPTY)
        (result,) = await desk.do(EMPTY, op("assign_client", email=BEN))
        assert result["json_written_by"] == "backup"
        assert await desk.roles(EMPTY) == {(BEN, "traveler")}
        quarantined = [raw] if raw and not raw.endswith("7]") else []
        assert desk.sql("SELECT raw_text FROM trip_clients_quarantine") == [(text,) for text in quarantined]
        await desk.do(EMPTY, op("change_client_role", email=BEN, to_role="guide"))
        await desk.do(EMPTY, *people(3), op("change_client_role", email=BEN, to_role="cook"))
        assert (BEN, "cook") in await desk.roles(EMPTY)
        await desk.do(EMPTY, op("unassign_client", email=BEN))
        await desk.do(EMPTY, *[op("unassign_client", email=f"p{number}@example.net") for number in range(3)])
        assert desk.json("clients", EMPTY) == ([{"name": "Baby"}, "loose", 7] if raw and raw.endswith("7]") else [])


async def test_without_triggers_an_unassignment_repairs_malformed_json(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN))
        desk.drop_triggers()
        desk.sql("UPDATE trips_v2 SET clients = '[[[' WHERE trip_id = ?", KYOTO)
        await desk.do(KYOTO, op("unassign_client", email=ANA))
        assert [entry["email"] for entry in desk.json("clients", KYOTO)] == [BEN]
        assert desk.sql("SELECT raw_text FROM trip_clients_quarantine") == [("[[[",)]


async def test_without_triggers_a_trip_is_created_with_its_client_in_both_stores(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.drop_triggers()
        answer = await desk.call(
            "create_trip_with_client",
            trip_name="Goa",
            start_date="2027-01-01",
            end_date="2027-01-02",
            client_email=BEN,
            client_full_name="Ben Ode",
        )
        assert answer["json_written_by"] == "backup"


async def test_a_client_deleted_between_two_calls_is_no_longer_on_the_trip(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN), op("assign_client", email=CEM))
        desk.sql("DELETE FROM clients_v2 WHERE email = ?", BEN)
        assert await desk.roles(KYOTO) == {(ANA, "traveler"), (CEM, "traveler")}
        assert (await desk.fails(KYOTO, op("unassign_client", email=BEN))).startswith("not_found: No client has")
        answer = await desk.bulk(KYOTO, op("assign_client", email=BEN), op("unassign_client", email=CEM))
        assert [result["success"] for result in answer["results"]] == [False, True]


async def test_a_trip_deleted_between_two_calls_is_not_found(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("DELETE FROM trips_v2 WHERE trip_id = ?", BANFF)
        error = await desk.refused(
            "bulk_trip_operations", trip_identifier=BANFF, operations=[op("assign_client", email=ANA)]
        )
        assert error.startswith("not_found")


async def test_notes_added_by_two_clients_at_once_are_all_kept(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        answers = await asyncio.gather(
            *[
                desk.client.call_tool("bulk_trip_operations", _note(f"note {n}"))
                for n, desk in enumerate([one, other] * 10)
            ]
        )
        assert [answer.is_error for answer in answers] == [False] * 20
        assert len(notes_of(one.json("notes", KYOTO))) == 20
        trip = await one.whole(KYOTO)
        assert len([entry for entry in one.sql("SELECT * FROM ActivityLog") if "NoteAdded" in entry]) == 20
        assert trip["notes"] == one.json("notes", KYOTO)


async def test_clients_assigned_by_two_agents_at_once_are_all_on_the_trip(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        answers = await asyncio.gather(
            *[
                desk.client.call_tool("bulk_trip_operations", {"trip_identifier": EMPTY, "operations": [operation]})
                for desk, operation in zip([one, other] * 10, people(20), strict=True)
            ]
        )
        assert [answer.is_error for answer in answers] == [False] * 20
        assert len(await one.roles(EMPTY)) == 20


async def test_notes_added_by_two_processes_at_once_are_all_kept(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", ADD_NOTES, str(path), name, stdout=PIPE, stdin=PIPE)
        for name in ("one", "other")
    ]
    for process in processes:
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
    outputs = await asyncio.gather(*[process.communicate(b"go\n") for process in processes])
    assert [process.returncode for process in processes] == [0, 0]
    assert [json.loads(out) for out, _ in outputs] == [[True] * 8] * 2
    async with open_desk(path) as desk:
        wanted = {f"{name} {n}" for name in ("one", "other") for n in range(8)}
        assert notes_of(desk.json("notes", KYOTO)) == wanted
    assert integrity(path) == "ok"


async def test_trips_with_the_same_name_created_at_once_get_distinct_slugs(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    trip = {"trip_name": "Goa", "start_date": "2027-01-01", "end_date": "2027-01-02"}
    client = {"client_email": "new@example.net", "client_full_name": "New"}
    async with open_desk(path) as one, open_desk(path) as other:
        answers = await asyncio.gather(
            *[desk.client.call_tool("create_trip_with_client", trip | client) for desk in [one, other] * 10]
        )
        assert [answer.is_error for answer in answers] == [False] * 20
        assert len({json.dumps(answer.structured_content) for answer in answers}) == 20
        assert one.sql("SELECT count(*) FROM clients_v2 WHERE email = 'new@example.net'") == [(1,)]
        assert len((await one.call("get_anything", query="new@example.net"))["trips"]) == 10


def _note(text: str) -> dict[str, Any]:
    return {"trip_identifier": KYOTO, "operations": [op("add_note", note=text)]}


ADD_NOTES = f"""
import asyncio, json, pathlib, sys
sys.path[:0] = [{str(HERE)!r}, {str(HERE.parent)!r}]
from desk import KYOTO, op, open_desk

async def main():
    async with open_desk(pathlib.Path(sys.argv[1])) as desk:
        print("ready", flush=True)
        sys.stdin.readline()
        answers = [await desk.bulk(KYOTO, op("add_note", note=f"{{sys.argv[2]}} {{n}}")) for n in range(8)]
        print(json.dumps([answer["success"] for answer in answers]))

asyncio.run(main())
"""
