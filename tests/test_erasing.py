"""erase_client: everything stored about a person goes for good, down to the bytes of the file, and nobody else does."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, BANFF, BEN, CEM, EMPTY, KYOTO, Desk, new_desk, op, voygen
from engines import is_hosted
from phasing import lead_to

from database.mentions import OURS, WITHOUT_TEXT

if TYPE_CHECKING:
    from pathlib import Path

    from database.phase import Phase

NAME, EMAIL, PHONE, PASSPORT, CARD = (
    "Zoë O'Brien-Łuk",
    "zoe.luk@post.example",
    "+34 600 111 222",
    "XK4471902",
    "7788990011",
)

TRACES = [NAME, EMAIL, PHONE, PASSPORT, CARD, "O'Brien", "Łuk"]


async def add_person(desk: Desk) -> int:
    """Create the person with traces in every table that voygen writes, and return their client_id."""
    sent = {
        "phone": PHONE,
        "address": "Calle Mayor 17, Madrid",
        "preferences": {"seat": "window"},
        "travel_docs": {"passport": {"number": PASSPORT, "expires": "2031-04-05"}},
        "loyalty_programs": {"air": CARD},
    }
    client = await desk.call("create_client_v2", email=EMAIL, full_name=NAME, idempotency_key="k" * 20, **sent)
    await desk.do(KYOTO, op("assign_client", email=EMAIL), op("assign_client", email=EMAIL, role="payer"))
    await desk.do(
        BANFF, op("assign_client", email=EMAIL, role="guide"), op("add_activity", details=f"Called {NAME} at {PHONE}")
    )
    await desk.do(EMPTY, op("update_details", primary_client_email=EMAIL))
    await desk.call("refresh_trip_facts")
    other = await desk.call("create_client_v2", email="zoe@old.example", full_name=NAME, phone="+34 600 999 888")
    await desk.call("merge_clients", keep=EMAIL, remove=str(other["client_id"]), dry_run=False)
    copied = await desk.call("create_trip_v2", trip_name="Gone", start_date="2026-01-01", end_date="2026-01-02")
    await desk.do(copied["trip_id"], op("assign_client", email=EMAIL), op("assign_client", email=BEN))
    await desk.call("delete_trip", trip_identifier=str(copied["trip_id"]), confirm_trip_name="Gone")
    desk.sql(
        "INSERT INTO db_errors (attempted_operation, error_message, sql_query) VALUES ('x', ?, ?)",
        f"dup {EMAIL}",
        f"'{NAME.replace(chr(39), chr(39) * 2)}'",
    )
    desk.sql(
        "INSERT INTO trip_clients_quarantine (trip_id, raw_text, reason, quarantined_at) VALUES (3, ?, 'broken', '')",
        f'[{{"email":"{EMAIL}","name":"{NAME}"}},{{"email":"tim@x.example"',
    )
    desk.sql(
        "INSERT INTO repair_changes (run_id, kind, subject, before, after) VALUES (1, 'trip', '1', ?, NULL)",
        json.dumps([{"email": EMAIL, "name": NAME}]),
    )
    desk.sql("UPDATE trips_v2 SET search_text = ? WHERE trip_id = 1", f"kyoto {NAME.lower()} {EMAIL}")
    return int(client["client_id"])


async def add_person_to_new_database(folder: Path) -> None:
    async with new_desk(folder) as desk:
        await add_person(desk)


def bytes_of(path: Path) -> bytes:
    """The database file and its WAL, in lower case; for D1 the rows of all tables."""
    if is_hosted():
        return raw.text(path / "voygen.db").lower().encode()
    texts = [
        file.read_bytes().decode(errors="replace") for file in sorted(path.glob("*.db*")) if "backup" not in file.name
    ]
    return "".join(texts).lower().encode()


def traces_in(path: Path) -> list[str]:
    held = bytes_of(path)
    forms = {form for text in TRACES for form in (text, json.dumps(text)[1:-1], text.replace("'", "''"))}
    return sorted(form for form in forms if form.lower().encode() in held)


async def erase(desk: Desk, client: object, **more: Any) -> dict[str, Any]:
    return await desk.call("erase_client", client=str(client), confirm_name=NAME, dry_run=False, **more)


@pytest.mark.parametrize("phase", ["dual_write", "prefer_junction", "normalized"])
async def test_after_an_erasure_no_byte_of_the_person_is_in_the_file(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        client_id = await add_person(desk)
        await lead_to(desk.db, phase)
        assert len(traces_in(tmp_path)) > len(TRACES)
        done = await erase(desk, client_id)
        assert (done["remaining"], done["copies"], done["file_clean"]) == ([], [], not is_hosted())
        assert ("Time Travel" in done["message"]) is is_hosted()
        assert traces_in(tmp_path) == []
        kyoto = await desk.call("get_anything", query=str(KYOTO))
        assert "Erased client" in json.dumps(kyoto)
        assert desk.sql("SELECT primary_client_email FROM trips_v2 WHERE trip_id = ?", EMPTY) == [(None,)]
        assert NAME not in await desk.refused("get_anything", query="Zoe Brien Luk")


async def test_a_dry_run_changes_nothing_and_lists_what_would_go_and_what_would_stay(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        client_id = await add_person(desk)
        await desk.do(KYOTO, op("add_note", note=f"{NAME} wants a window"))
        await desk.call("update_client", email=BEN, notes=f"Travels with {NAME}.")
        before = desk.everything()
        done = await desk.call("erase_client", client=EMAIL)
        assert (done["dry_run"], done["client_id"], desk.everything()) == (True, client_id, before)
        assert done["trips"] == [
            f'"Lima in Kyoto" (id {KYOTO}) as traveler, payer',
            f'"Ode in Banff" (id {BANFF}) as guide',
        ]
        assert done["remaining"] == [f"trip {KYOTO}: notes", "client 2: contact_info"]
        assert set(done["records"]) >= {"ActivityLog", "receipts", "orphaned_rows", "trip_clients_quarantine"}


async def test_a_missing_or_wrong_name_erases_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        client_id = await add_person(desk)
        before = desk.everything()
        refused = await desk.refused("erase_client", client=str(client_id), dry_run=False)
        assert refused.startswith("invalid_input: confirm_name is missing")
        refused = await desk.refused("erase_client", client=str(client_id), dry_run=False, confirm_name="Zoe")
        assert refused.startswith("invalid_input: confirm_name does not match")
        assert desk.everything() == before


async def test_people_who_share_the_email_and_everyone_else_stay(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        desk.sql(
            "UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json(?)) WHERE trip_id = ?",
            json.dumps({"email": EMAIL, "name": "Tim Luk", "role": "traveler", "age": 7}),
            KYOTO,
        )
        done = await erase(desk, EMAIL)
        assert done["kept"] == ["Tim Luk"]
        people = json.loads(desk.sql("SELECT clients FROM trips_v2 WHERE trip_id = ?", KYOTO)[0][0])
        (tim,) = [one for one in people if one.get("name") == "Tim Luk"]
        assert (tim["age"], "email" in tim) == (7, False)
        assert [one["name"] for one in people if one.get("name")].count("Erased client") == 2
        assert [row[0] for row in desk.sql("SELECT email FROM clients_v2 ORDER BY 1")] == [ANA, BEN, CEM]
        restored = await desk.call("restore_deleted", trip_name="Gone")
        assert restored["assignments"] == 1


async def test_a_name_that_another_client_has_too_is_left_where_it_stands(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        other = await desk.call("create_client_v2", email="other@luk.example", full_name=NAME)
        done = await erase(desk, EMAIL)
        assert done["remaining"] == [f"the name itself, which client {other['client_id']} has too"]
        assert desk.sql("SELECT full_name FROM clients_v2 WHERE email = 'other@luk.example'") == [(NAME,)]
        assert EMAIL.encode() not in bytes_of(tmp_path)
        refused = await desk.refused("erase_client", client="Nobody Here")
        assert refused.startswith("not_found: client: no client has the name")


@pytest.mark.embedded_only("D1 has no files")
async def test_backups_beside_the_database_that_hold_the_person_are_named(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        (tmp_path / "export.jsonl").write_text(json.dumps({"full_name": NAME.upper()}))
        (tmp_path / "other.txt").write_text("nobody")
        done = await erase(desk, EMAIL)
        assert done["copies"] == ["export.jsonl"]


async def test_the_words_of_other_names_are_still_suggested(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        await desk.call("create_client_v2", email="pat@obrien.example", full_name="Pat O'Brien")
        await erase(desk, EMAIL)
        found = await desk.call("get_anything", query="Pat Obrein")
        assert [client["full_name"] for client in found["clients"]] == ["Pat O'Brien"]


@pytest.mark.embedded_only("the command opens the file")
def test_the_command_reports_first_and_erases_once_the_name_is_given(tmp_path: Path) -> None:
    asyncio.run(add_person_to_new_database(tmp_path))
    (path,) = tmp_path.glob("*.db")
    report = voygen("erase", EMAIL, "--db", path)
    assert (report.returncode, "Nothing was written." in report.stdout) == (0, True)
    refused = voygen("erase", EMAIL, "--db", path, "--confirm-name", "Zoe")
    assert (refused.returncode, "does not match" in refused.stderr) == (2, True)
    voygen("backup", "--db", path)
    done = voygen("erase", EMAIL, "--db", path, "--confirm-name", NAME, "--json")
    (copy,) = json.loads(done.stdout)["copies"]
    assert (done.returncode, ".backup-" in copy, traces_in(tmp_path)) == (1, True, [])
    assert "no client has" in voygen("erase", EMAIL, "--db", path).stderr


async def test_a_client_who_was_deleted_is_erased_from_the_copies(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        client_id = await add_person(desk)
        patterns = {"email_patterns": ["zoe.luk*"], "dry_run": False}
        await desk.call("cleanup_duplicate_clients", **patterns)
        assert len(traces_in(tmp_path)) > len(TRACES)
        await erase(desk, client_id)
        assert traces_in(tmp_path) == []


async def test_every_table_of_ours_is_cleaned_or_known_to_hold_no_text(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        there = {
            row[0] for row in desk.sql("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow'")
        }
        views = {row[0] for row in desk.sql("SELECT name FROM sqlite_master WHERE type = 'view'")}
        internal = {name for name in there if name.startswith(("sqlite_", "_cf_"))}
        assert there - views - internal == {*OURS, *WITHOUT_TEXT}


async def test_a_client_who_took_the_id_or_the_email_of_a_deleted_one_stays(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        client_id = await add_person(desk)
        await desk.call("cleanup_duplicate_clients", email_patterns=["zoe.luk*"], dry_run=False)
        desk.sql("INSERT INTO clients_v2 (client_id, email, full_name) VALUES (?, ?, 'Pat Other')", client_id, EMAIL)
        await desk.do(BANFF, op("assign_client", email=EMAIL))
        await erase(desk, NAME)
        assert desk.sql("SELECT full_name FROM clients_v2 WHERE email = ?", EMAIL) == [("Pat Other",)]
        assert (EMAIL, "traveler") in await desk.roles(BANFF)
        assert NAME not in str(desk.sql("SELECT row_data FROM orphaned_rows"))


async def test_copies_keep_everyone_else_and_a_restored_trip_has_a_nameless_place(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        await desk.call("update_client", email=BEN, phone=PHONE)
        people = [
            {"email": BEN, "role": "traveler", "note": "x"},
            {"email": EMAIL, "role": "guide", "name": NAME, "phone": 34600111222, "diet": "halal"},
        ]
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(people), EMPTY)
        await desk.call("delete_trip", trip_identifier=str(EMPTY), confirm_trip_name="Nobody yet")
        await desk.call("cleanup_duplicate_clients", email_patterns=["ben@*"], dry_run=False)
        done = await erase(desk, EMAIL)
        (left,) = [one for one in done["remaining"] if one.startswith("orphaned_rows")]
        assert left.endswith("a copy of client 2")
        await desk.call("restore_deleted", trip_name="Ben Ode")
        await desk.call("restore_deleted", trip_name="Nobody yet")
        restored = desk.json("clients", EMPTY)
        assert {"name": "Erased client", "role": "guide"} in restored
        assert [one["note"] for one in restored if one.get("email") == BEN] == ["x"]
        assert json.loads(desk.sql("SELECT contact_info FROM clients_v2 WHERE email = ?", BEN)[0][0])["phone"] == PHONE


async def test_a_mention_in_someone_elses_entry_is_listed(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        people = [{"email": ANA, "role": "traveler", "emergency": f"{NAME}, {EMAIL}"}]
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(people), EMPTY)
        assert (await erase(desk, EMAIL))["remaining"] == [f"trip {EMPTY}: an entry of someone else"]


async def test_earlier_emails_are_erased_too(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        await desk.call("update_client", email=EMAIL, new_email="luk@new.example", idempotency_key="u" * 20)
        await erase(desk, "luk@new.example")
        assert traces_in(tmp_path) == []
        assert b"luk@new.example" not in bytes_of(tmp_path)


@pytest.mark.embedded_only("D1 has no files")
async def test_a_file_in_use_is_reported_and_cleaned_by_the_command_later(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_person(desk)
        path = tmp_path / "voygen.db"
        with closing(raw.connect(path)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM clients_v2").fetchall()
            done = await erase(desk, EMAIL)
            assert done["file_clean"] is False
            assert "run `voygen erase` without a client" in done["message"]
    cleaned = voygen("erase", "--db", path)
    assert (cleaned.returncode, cleaned.stdout) == (0, "Deleted content is gone from the file.\n")
    assert traces_in(tmp_path) == []
