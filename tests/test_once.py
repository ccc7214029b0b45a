"""A call with an idempotency key takes effect once, however often it is sent."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from desk import ANA, KYOTO, Era, an_era, new_desk, op, open_desk, seeded

from database.embedded import EmbeddedDatabase
from database.engine import Statement
from database.errors import GuardFailed
from database.receipts import AlreadyDone, ReceiptingDatabase

NOTE = op("add_note", note="once")


@an_era
async def test_a_repeated_call_is_answered_from_its_receipt(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        first = await desk.bulk(KYOTO, NOTE, idempotency_key="k1")
        again = await desk.bulk(KYOTO, NOTE, idempotency_key="k1")
        assert first["replayed"] is False
        assert again == first | {"replayed": True}
        assert len(notes(await desk.whole(KYOTO))) == 1


@an_era
async def test_a_key_used_for_another_call_is_a_conflict(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        await desk.bulk(KYOTO, NOTE, idempotency_key="k1")
        other: dict[str, Any] = {"trip_identifier": str(KYOTO), "operations": [op("add_note", note="other")]}
        assert (await desk.refused("bulk_trip_operations", **other, idempotency_key="k1")).startswith("conflict")
        new = {"trip_name": "New", "start_date": "2026-01-01", "end_date": "2026-01-02"}
        assert (await desk.refused("create_trip_v2", **new, idempotency_key="k1")).startswith("conflict")
        assert len(notes(await desk.whole(KYOTO))) == 1


@an_era
async def test_a_trip_and_a_client_are_created_once(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        trip = {"trip_name": "Made once", "start_date": "2026-01-01", "end_date": "2026-01-02"}
        ids = {(await desk.call("create_trip_v2", **trip, idempotency_key="t"))["trip_id"] for _ in range(3)}
        assert len(ids) == 1
        client = {"email": "once@example.net", "full_name": "Once Only"}
        made = [await desk.call("create_client_v2", **client, idempotency_key="c") for _ in range(3)]
        assert [answer["replayed"] for answer in made] == [False, True, True]


async def test_a_failed_call_leaves_no_receipt_and_can_be_corrected(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        client: dict[str, Any] = {"email": ANA, "full_name": "Taken"}
        assert (await desk.refused("create_client_v2", **client, idempotency_key="k")).startswith("conflict")
        free = client | {"email": "free@example.net"}
        assert (await desk.call("create_client_v2", **free, idempotency_key="k"))["replayed"] is False


async def test_a_call_that_changes_nothing_leaves_no_receipt(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        sent: dict[str, Any] = {"error_pattern": "disk full", "resolution": "none", "idempotency_key": "k"}
        for _ in range(2):
            assert (await desk.refused("resolve_error_pattern", **sent)).startswith("not_found")
        assert desk.everything() == before


@an_era
@pytest.mark.parametrize("kind", [None, 5, [], {"a": 1}, "no such"])
async def test_a_call_with_a_key_and_an_unknown_operation_type_takes_effect_once(
    tmp_path: Path, era: Era, kind: Any
) -> None:
    async with new_desk(tmp_path, era) as desk:
        for _ in range(2):
            answer = await desk.bulk(KYOTO, {"type": kind, "data": {}}, NOTE, idempotency_key="k")
            assert (answer["operations_completed"], answer["operations_failed"]) == (1, 1)
        assert len(notes(await desk.whole(KYOTO))) == 1


async def test_ten_identical_concurrent_calls_write_one_note(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        calls = [desk.bulk(KYOTO, NOTE, idempotency_key="k") for desk in (one, other) for _ in range(5)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert any(isinstance(answer, dict) and answer["success"] for answer in answers)
        assert len(notes(await one.whole(KYOTO))) == 1


async def test_a_call_whose_receipt_lost_its_answer_is_not_repeated(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as desk:
        await desk.bulk(KYOTO, NOTE, idempotency_key="k")
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE receipts SET result = NULL, created_at = '2026-01-01T00:00:00.000Z'")
        sent: dict[str, Any] = {"trip_identifier": str(KYOTO), "operations": [NOTE], "idempotency_key": "k"}
        assert (await desk.refused("bulk_trip_operations", **sent)).startswith("conflict")
        assert len(notes(await desk.whole(KYOTO))) == 1


async def test_a_call_whose_duplicate_is_in_progress_is_told_to_retry(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as desk:
        await desk.bulk(KYOTO, NOTE, idempotency_key="k")
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE receipts SET result = NULL")
        sent: dict[str, Any] = {"trip_identifier": str(KYOTO), "operations": [NOTE], "idempotency_key": "k"}
        assert (await desk.refused("bulk_trip_operations", **sent)).startswith("busy")


async def test_the_second_of_two_calls_with_one_key_stores_nothing(db: EmbeddedDatabase) -> None:
    def add(name: str) -> Statement:
        return Statement("INSERT INTO clients_v2 (email, full_name) VALUES (?1, ?1)", (name,))

    first, second, other = (ReceiptingDatabase(db, key, "tool", "{}") for key in ("k", "k", "other"))
    await first.batch([add("a")])
    with pytest.raises(AlreadyDone):
        await second.batch([add("b")])
    await first.batch([add("c")])
    with pytest.raises(GuardFailed, match="slug_free"):
        await other.batch([add("d"), Statement("INSERT INTO write_guard (slug_free) VALUES (0)")])
    assert [row["email"] for row in await db.read("SELECT email FROM clients_v2 ORDER BY client_id")] == ["a", "c"]
    assert [row["idempotency_key"] for row in await db.read("SELECT idempotency_key FROM receipts")] == ["k"]


def notes(trip: dict[str, Any]) -> list[Any]:
    return [note for note in trip["notes"] if note["note"] == "once"]
