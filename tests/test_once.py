"""A call with an idempotency key takes effect once, however often it is sent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from confirmations import DAYS, web
from desk import ANA, KYOTO, Era, an_era, new_desk, op, open_desk, seeded

from database.embedded import EmbeddedDatabase
from database.engine import Statement
from database.errors import GuardFailed
from database.later import Later
from database.receipts import AlreadyDone, ReceiptingDatabase, batch_with_answer
from tools.documents.sources import Sources

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


async def test_a_repeated_update_that_changed_nothing_does_not_undo_a_later_change(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        sent = {"email": ANA, "full_name": "Ana Lima", "idempotency_key": "k"}
        assert (await desk.call("update_client", **sent))["changed"] == []
        await desk.call("update_client", email=ANA, full_name="Ana Later")
        assert (await desk.call("update_client", **sent))["replayed"] is True
        assert desk.sql("SELECT full_name FROM clients_v2 WHERE email = ?", ANA) == [("Ana Later",)]


async def test_a_call_that_changes_nothing_leaves_no_receipt(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        sent: dict[str, Any] = {"error_pattern": "disk full", "resolution": "none", "idempotency_key": "k"}
        for _ in range(2):
            assert (await desk.refused("resolve_error_pattern", **sent)).startswith("not_found")
        assert desk.everything() == before


@an_era
@pytest.mark.parametrize("kind", [None, 5, [], {"a": 1}, "no such"])
@pytest.mark.sampled(2)
async def test_a_call_with_a_key_and_an_unknown_operation_type_takes_effect_once(
    tmp_path: Path, era: Era, kind: Any
) -> None:
    async with new_desk(tmp_path, era) as desk:
        for _ in range(2):
            answer = await desk.bulk(KYOTO, {"type": kind, "data": {}}, NOTE, idempotency_key="k")
            assert (answer["operations_completed"], answer["operations_failed"]) == (1, 1)
        assert len(notes(await desk.whole(KYOTO))) == 1


async def test_ten_identical_concurrent_calls_write_one_note_and_all_get_its_answer(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        calls = [desk.bulk(KYOTO, NOTE, idempotency_key="k") for desk in (one, other) for _ in range(5)]
        answers = await asyncio.gather(*calls)
        assert sorted(answer.pop("replayed") for answer in answers) == [False] + 9 * [True]
        assert answers == 10 * answers[:1]
        assert len(notes(await one.whole(KYOTO))) == 1


TRIP = {"trip_name": "Made once", "start_date": "2026-01-01", "end_date": "2026-01-02"}

# A call of each tool that takes a key, each of which writes.
CALLS: dict[str, dict[str, Any]] = {
    "bulk_trip_operations": {
        "trip_identifier": str(KYOTO),
        "operations": [
            op("assign_client", email="new@example.net", full_name="New Person", role="guide"),
            op("assign_client", email=ANA, role="payer"),
            op("change_client_role", email="new@example.net", to_role="driver"),
            op("record_payment", amount=12.5, payer="new@example.net"),
            op("record_payment", amount=7, kind="deposit"),
        ],
    },
    "create_trip_v2": TRIP,
    "create_trip_with_client": TRIP | {"client_full_name": "No Mail", "client_email": "mail@example.net"},
    "copy_trip": {"trip_identifier": str(KYOTO), "new_name": "Again", "start_date": "2027-10-02"},
    "create_client_v2": {"email": "b\u00fccher@example.net", "full_name": "Jo Just"},
    "update_client": {"email": ANA, "phone": "+43 1 234"},
    "initialize_workflow": {"trip_identifier": str(KYOTO)},
    "advance_workflow_phase": {"trip_identifier": str(KYOTO), "new_phase": "planning"},
    "set_workflow_step": {"trip_identifier": str(KYOTO), "step_number": 2},
    "import_trip_document": {"trip_identifier": str(KYOTO), "text": DAYS, "parse": "none"},
    "import_trip_page_and_parse": {"trip_identifier": str(KYOTO), "overwrite": "all", "doc_id": 1},
    "set_trip_schedule": {"trip_identifier": str(KYOTO), "days": [{"date": "2026-10-09", "title": "Rest"}]},
    "generate_proposal": {"trip_identifier": str(KYOTO), "formats": ["ics"]},
    "import_trip_page": {"trip_identifier": str(KYOTO), "url": "http://HOST/page"},
    "resolve_error_pattern": {"error_pattern": "disk full", "resolution": "more disk"},
    "update_activitylog_clients": {},
    "reset_activitylog_from_trips": {"dry_run": False},
    "merge_clients": {"keep": ANA, "remove": "new@example.net", "dry_run": False},
    "cleanup_duplicate_clients": {"email_patterns": ["mail@example.*"], "dry_run": False},
    "cleanup_duplicate_trips": {"name_patterns": ["Made once"], "dry_run": False},
    "delete_trip": {"trip_identifier": str(KYOTO), "confirm_trip_name": "Lima in Kyoto"},
    "restore_deleted": {"trip_name": "Lima in Kyoto"},
    "erase_client": {"client": "Jo Just", "confirm_name": "Jo Just", "dry_run": False},
}

NO_ANSWER_AFTERWARDS = """
CREATE TRIGGER t BEFORE UPDATE OF result ON receipts WHEN NEW.result IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'too late'); END
"""

# What an erasure does after its batch.
AFTER_ERASURE = {"file_clean", "message"}


async def test_every_write_stores_its_answer_in_the_batch_of_its_change(tmp_path: Path) -> None:
    with web({"/page": ("text/plain", DAYS + "See you")}) as host:
        await each_write_stores_its_answer(tmp_path, host)


async def each_write_stores_its_answer(tmp_path: Path, host: str) -> None:
    async with new_desk(tmp_path, sources=Sources(allow_hosts=(host,))) as desk:
        tools = {
            one.name for one in (await desk.client.list_tools()).tools if "idempotency_key" in str(one.input_schema)
        }
        assert tools == CALLS.keys()
        desk.sql(
            "INSERT INTO db_errors (error_timestamp, attempted_operation, error_message) VALUES ('', '', 'disk full')"
        )
        desk.sql("INSERT INTO ActivityLog (activity_type, trip_id) VALUES ('Old', ?)", KYOTO)
        desk.sql(NO_ANSWER_AFTERWARDS)
        for name, arguments in CALLS.items():
            sent = {key: value.replace("HOST", host) if key == "url" else value for key, value in arguments.items()}
            first = await desk.call(name, **sent, idempotency_key=name)
            before = desk.everything()
            again = await desk.call(name, **sent, idempotency_key=name)
            assert (first.pop("replayed"), again.pop("replayed")) == (False, True), name
            differing = {key for key in first.keys() | again.keys() if first.get(key) != again.get(key)}
            assert differing <= (AFTER_ERASURE if name == "erase_client" else set()), name
            assert desk.everything() == before, name


async def test_a_receipt_dated_in_the_future_still_answers(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first = await desk.bulk(KYOTO, NOTE, idempotency_key="k")
        desk.sql("UPDATE receipts SET created_at = '9999-01-01T00:00:00.000Z'")
        assert await desk.bulk(KYOTO, NOTE, idempotency_key="k") == first | {"replayed": True}


async def test_a_call_whose_answer_was_erased_is_refused_and_not_repeated(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        client = {"email": "jo@example.net", "full_name": "Jo Just"}
        await desk.call("create_client_v2", **client, idempotency_key="k")
        await desk.call("erase_client", client="Jo Just", confirm_name="Jo Just", dry_run=False)
        assert "erased" in await desk.refused("create_client_v2", **client, idempotency_key="k")
        assert desk.sql("SELECT count(*) FROM clients_v2 WHERE full_name = 'Jo Just'") == [(0,)]


async def test_the_second_of_two_calls_with_one_key_stores_nothing(db: EmbeddedDatabase) -> None:
    def add(name: str) -> Statement:
        return Statement("INSERT INTO clients_v2 (email, full_name) VALUES (?1, ?1)", (name,))

    first, second, other = (ReceiptingDatabase(db, key, "tool", "{}") for key in ("k", "k", "other"))
    await batch_with_answer(first, [add("a")], "{}", Later())
    with pytest.raises(AlreadyDone):
        await batch_with_answer(second, [add("b")], "{}", Later())
    await first.batch([add("c")])
    failing = Statement("INSERT INTO write_guard (slug_free) VALUES (0)")
    with pytest.raises(GuardFailed, match="slug_free"):
        await batch_with_answer(other, [add("d"), failing], "{}", Later())
    assert [row["email"] for row in await db.read("SELECT email FROM clients_v2 ORDER BY client_id")] == ["a", "c"]
    assert [row["idempotency_key"] for row in await db.read("SELECT idempotency_key FROM receipts")] == ["k"]


def notes(trip: dict[str, Any]) -> list[Any]:
    return [note for note in trip["notes"] if note["note"] == "once"]
