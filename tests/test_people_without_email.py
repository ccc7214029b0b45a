"""People without an e-mail, clients identified by name, variant spellings of e-mails, and invisible characters."""

from __future__ import annotations

import json
import unicodedata
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import ANA, BEN, KYOTO, Desk, new_desk, op, open_desk, voygen
from phasing import lead_to

from migrations.backfill import SPELLINGS_AT_ONCE
from migrations.files import shipped

if TYPE_CHECKING:
    from pathlib import Path

    from database.phase import Phase

DAYS = {"start_date": "2027-01-01", "end_date": "2027-01-02"}
NFC, NFD = (unicodedata.normalize(form, "jürg@ex.net") for form in ("NFC", "NFD"))


def add_to_json(desk: Desk, *entries: Any) -> None:
    for entry in entries:
        sql = "UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json(?)) WHERE trip_id = ?"
        desk.sql(sql, json.dumps(entry), KYOTO)


async def names(desk: Desk) -> list[tuple[str, str | None, str]]:
    trip = (await desk.call("get_anything", query=str(KYOTO)))["trip"]
    return [(one["full_name"], one["email"], one["role"]) for one in trip["clients"]]


async def test_a_child_without_an_email_becomes_a_client_of_their_own(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        (result,) = await desk.do(KYOTO, op("assign_client", full_name="Mia Lima", role="child"))
        assert (result["client_created"], result["message"]) == (True, 'Assigned "Mia Lima" as child, a new client.')
        assert "email" not in result
        assert await names(desk) == [("Ana Lima", ANA, "traveler"), ("Mia Lima", None, "child")]
        mia = await desk.call("get_client", full_name="Mia Lima")
        assert mia["message"].startswith(f'"Mia Lima" (no e-mail), client {result["client_id"]}, on 1 trip')
        assert "voygen.invalid" not in json.dumps(mia)
        await desk.call("update_client", client_id=mia["client_id"], new_email="mia@lima.example")
        assert (await names(desk))[1] == ("Mia Lima", "mia@lima.example", "child")


async def test_clients_and_trips_are_created_without_an_email(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        created = await desk.call("create_client_v2", full_name="Kim Ode")
        assert created["email"] is None
        trip = await desk.call("create_trip_with_client", trip_name="A", client_full_name="Kim Ode", **DAYS)
        assert (trip["client_created"], trip["client_id"], trip["client_email"]) == (False, created["client_id"], None)
        other = await desk.call("create_trip_with_client", trip_name="B", client_full_name="Lee Ode", **DAYS)
        assert other["client_created"] is True
        assert 'new client "Lee Ode" is its primary_traveler' in other["message"]


@pytest.mark.parametrize("phase", ["dual_write", "prefer_junction", "normalized"])
@pytest.mark.sampled(3)
async def test_assigning_an_unlinked_entry_by_name_links_it_and_keeps_its_keys(tmp_path: Path, phase: Phase) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, {"name": "Baby Hale", "role": "child", "seat": "lap"}, "Grandma")
        await lead_to(desk.db, phase)
        baby, grandma = await desk.do(
            KYOTO, op("assign_client", full_name="baby hale"), op("assign_client", full_name="Grandma", role="guest")
        )
        assert (baby["role"], baby["client_created"], grandma["role"]) == ("child", True, "guest")
        found = await desk.call("get_anything", query=str(KYOTO))
        assert found["trip"]["guests"] == []
        assert [one["role"] for one in found["trip"]["clients"]] == ["traveler", "child", "guest"]
        undated = "SELECT * FROM trip_client_assignments WHERE created_at IS NULL OR updated_at IS NULL"
        assert desk.sql(undated) == []
        await lead_to(desk.db, "dual_write")
        await desk.call("get_anything", query=str(KYOTO))
        entries = json.loads(desk.column("clients", KYOTO))
        assert [(one.get("name"), one["role"], one.get("seat")) for one in entries[1:]] == [
            ("Baby Hale", "child", "lap"),
            ("Grandma", "guest", None),
        ]


async def test_assigning_someone_with_a_shared_email_by_name_creates_a_separate_client(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(
            desk, {"email": ANA, "role": "traveler", "name": "Ana Lima"}, {"email": ANA, "name": "Leo", "age": 4}
        )
        (leo,) = await desk.do(KYOTO, op("assign_client", full_name="Leo", role="child"))
        assert leo["client_created"] is True
        assert await names(desk) == [("Ana Lima", ANA, "traveler"), ("Leo", None, "child")]
        assert json.loads(desk.column("clients", KYOTO))[-1]["age"] == 4


async def test_a_name_shared_by_several_clients_is_ambiguous_and_new_client_creates_another(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", full_name="Ben Ode", new_client=True, role="guide"))
        before = desk.everything()
        for tool, arguments in (
            ("get_client", {"full_name": "Ben Ode"}),
            ("create_trip_with_client", {"trip_name": "A", "client_full_name": "Ben Ode", **DAYS}),
        ):
            error = await desk.refused(tool, **arguments)
            assert error.startswith(
                f'ambiguous: 2 clients are called "Ben Ode": client_id 2 "Ben Ode" <{BEN}>, on "Ode in Banff" (id 2)'
            )
            assert error.endswith("send the client_id.")
        answer = await desk.bulk(KYOTO, op("unassign_client", full_name="Ben Ode"))
        assert answer["results"][0]["error"].startswith("ambiguous: ")
        assert desk.everything() == before


async def test_every_operation_on_roles_accepts_a_clients_full_name(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(
            KYOTO,
            op("assign_client", full_name="ben ode"),
            op("change_client_role", full_name="Ben Ode", to_role="guide"),
            op("change_client_role", full_name="Ana Lima", to_role="payer"),
            op("unassign_client", full_name="Ben Ode"),
        )
        assert await names(desk) == [("Ana Lima", ANA, "payer")]
        error = await desk.refused("get_client", full_name="Nobody At All")
        assert error.startswith('not_found: No client has the name "Nobody At All".')


@pytest.mark.parametrize(
    ("stored", "sent"), [("zoë@ex.net", "ZOË@ex.net"), (NFC, NFD), (NFD, NFC), ("ZOË@ex.net", "zoë@ex.net")]
)
async def test_an_email_in_another_case_or_normal_form_identifies_the_same_client(
    tmp_path: Path, stored: str, sent: str
) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Zed')", stored)
        assert (await desk.call("get_client", email=sent))["client_id"] == 4
        assert (await desk.refused("create_client_v2", email=sent, full_name="Z")).startswith("conflict: ")
        (result,) = await desk.do(KYOTO, op("assign_client", email=sent, full_name="Z"))
        assert (result["client_created"], result["email"]) == (False, stored)


@pytest.mark.parametrize(("stored", "written"), [("zoë@ex.net", "ZOË@ex.net"), (NFC, NFD)])
async def test_migration_repair_and_client_creation_link_emails_with_another_spelling(
    tmp_path: Path, stored: str, written: str
) -> None:
    entry = {"email": written, "seat": "1A"}
    legacy = tmp_path / "legacy.db"
    voygen("migrate", "--db", legacy)
    async with open_desk(legacy) as desk:
        desk.sql("INSERT INTO trips_v2 (trip_name, start_date, end_date) VALUES ('N', '2027-01-01', '2027-01-02')")
        desk.sql("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Zed')", stored)
        add_to_json(desk, entry)
        report = json.loads(voygen("check", "--db", legacy, "--json").stdout)
        assert [one["kind"] for one in report["faults"] if one["kind"] != "slug_missing"] == ["other_spelling"]
        assert voygen("repair", "--db", legacy, "--apply").returncode == 0
        assert json.loads(desk.column("clients", KYOTO)) == [entry | {"email": stored, "role": "traveler"}]
        other = stored.replace("ex.net", "other.net"), written.replace("ex.net", "other.net")
        add_to_json(desk, entry | {"email": other[1]})
        await desk.call("create_client_v2", email=other[0], full_name="New")
        assert json.loads(desk.column("clients", KYOTO))[1]["email"] == other[0]
    old = tmp_path / "old.db"
    with raw.connect_file(old) as connection:
        connection.executescript(
            (raw.LEGACY.parent.parent / "migrations/sql/001_baseline.sql").read_text(encoding="utf-8")
        )
        connection.execute("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Zed')", (stored,))
        connection.execute(
            "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('N', '', '', ?)",
            (json.dumps([entry]),),
        )
    connection.close()
    report = json.loads(voygen("migrate", "--db", old, "--json").stdout)
    assert (report["linked"], report["unlinked"]) == (1, 0)


async def test_a_migration_links_any_number_of_emails_with_another_spelling(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    numbers = range(2 * SPELLINGS_AT_ONCE + 1)
    with closing(raw.connect_file(path)) as connection:
        connection.executescript(shipped()[0].text)
        connection.executemany(
            "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Z')", [(f"zoë{n}@ex.net",) for n in numbers]
        )
        connection.execute(
            "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('N', '', '', ?)",
            (json.dumps([{"email": f"ZOË{n}@ex.net"} for n in numbers]),),
        )
    report = await raw.migrate_file(path)
    assert (report.linked, report.unlinked) == (len(numbers), 0)


@pytest.mark.parametrize("sign", ["\u200b", "\u200d", "\u202e", "\x7f", "\x1b", "\u3164", "\u034f", "\ufe0f"])
@pytest.mark.sampled(2)
async def test_an_email_with_an_invisible_character_is_refused(tmp_path: Path, sign: str) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        for email in (f"an{sign}a@new.example", f"ana@new{sign}.example"):
            assert (await desk.refused("create_client_v2", email=email, full_name="A")).startswith(
                "invalid_input: email"
            )
            assert (await desk.refused("update_client", client_id=1, new_email=email)).startswith(
                "invalid_input: new_email"
            )
        assert desk.everything() == before


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u2800", "\x1b[2J"])
async def test_a_name_without_a_visible_character_is_refused(tmp_path: Path, name: str) -> None:
    async with new_desk(tmp_path) as desk:
        error = await desk.refused("create_client_v2", email="a@new.example", full_name=name)
        assert error.startswith("invalid_input: full_name ")


async def travelers(desk: Desk) -> str:
    return (await desk.call("get_anything", query=f"id {KYOTO}"))["message"].split("travelers: ")[1]


async def test_everyone_who_shares_an_email_stays_named_while_they_are_given_clients(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        family = [{"email": ANA, "name": "Leo"}, {"email": ANA, "name": "Mia"}]
        desk.sql("UPDATE trips_v2 SET clients = ? WHERE trip_id = ?", json.dumps(family), KYOTO)
        await desk.do(KYOTO, op("assign_client", full_name="Leo", role="child"))
        assert await travelers(desk) == f'"Ana Lima" (traveler), "Leo" (child), "Mia" (traveler, shares {ANA}).'
        await desk.do(KYOTO, op("assign_client", full_name="Mia"))
        assert await travelers(desk) == '"Ana Lima" (traveler), "Leo" (child), "Mia" (traveler).'


@pytest.mark.parametrize(
    "operation",
    [
        op("unassign_client", email=ANA),
        op("change_client_role", full_name="Ana Lima", to_role="payer"),
        op("assign_client", email=ANA, full_name="Leo", role="child"),
    ],
    ids=["unassign", "change role", "assign"],
)
async def test_a_change_that_would_affect_someone_who_shares_the_email_is_refused(
    tmp_path: Path, operation: dict[str, Any]
) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, {"email": ANA, "name": "Ana Lima"}, {"email": ANA, "name": "Leo"})
        before = desk.column("clients", KYOTO)
        (result,) = (await desk.bulk(KYOTO, operation))["results"]
        assert "Leo" in result["error"]
        assert "full_name alone" in result["error"]
        assert desk.column("clients", KYOTO) == before


async def test_a_client_renamed_with_a_shared_email_is_not_named_twice(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, {"email": ANA, "name": "Ana Lima"}, {"email": ANA, "name": "Leo Lima"})
        await desk.call("update_client", email=ANA, full_name="Ana L")
        assert await travelers(desk) == f'"Ana L" (traveler), "Leo Lima" (traveler, shares {ANA}).'


@pytest.mark.parametrize("email", [None, "mia@x.io"])
async def test_a_linked_entry_keeps_its_email_and_takes_the_role_that_was_sent(
    tmp_path: Path, email: str | None
) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, {"name": "Mia", "role": "guest", "email": "mia@x.io", "seat": "3"})
        sent = {"email": email} if email else {}
        await desk.do(KYOTO, op("assign_client", full_name="Mia", role="child", **sent))
        entry = json.loads(desk.column("clients", KYOTO))[1]
        assert entry == {"name": "Mia", "role": "child", "email": "mia@x.io", "seat": "3"}
        assert await names(desk) == [("Ana Lima", ANA, "traveler"), ("Mia", "mia@x.io", "child")]


async def test_of_several_similar_names_the_exact_one_is_linked_or_the_name_is_ambiguous(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, {"name": "José Ruiz", "n": 1}, {"name": "Jose Ruiz", "n": 2})
        (result,) = (await desk.bulk(KYOTO, op("assign_client", full_name="JOSE RUIZ")))["results"]
        assert result["error"].startswith('ambiguous: 2 people on this trip have a name like "JOSE RUIZ"')
        await desk.do(KYOTO, op("assign_client", full_name="Jose Ruiz"))
        assert [entry.get("n") for entry in json.loads(desk.column("clients", KYOTO)) if "voygen" in str(entry)] == [2]


async def test_entries_are_linked_in_a_call_that_also_removes_people(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, {"name": "Baby"}, {"name": "Cat"})
        await desk.do(
            KYOTO,
            op("unassign_client", email=ANA),
            op("assign_client", full_name="Baby"),
            op("unassign_client", full_name="Baby"),
            op("assign_client", full_name="Cat"),
        )
        assert await travelers(desk) == '"Cat" (traveler).'


async def test_no_answer_shows_the_address_of_a_client_without_an_email(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("create_trip_with_client", trip_name="New", client_full_name="Pia", **DAYS)
        for tool, sent in (
            ("get_anything", {"query": "Pia"}),
            ("get_anything", {"query": "New"}),
            ("list_trips", {}),
            ("get_client", {"full_name": "Pia"}),
            ("refresh_trip_facts", {}),
            ("query_trip_facts", {"query": "New"}),
        ):
            assert "voygen.invalid" not in json.dumps(await desk.call(tool, **sent)), tool


@pytest.mark.parametrize("tool", ["assign_client", "create_trip_with_client", "update_client"])
async def test_every_tool_that_sets_an_email_links_entries_in_another_spelling(tmp_path: Path, tool: str) -> None:
    async with new_desk(tmp_path) as desk:
        add_to_json(desk, {"email": "ZOË@ex.net", "role": "guide", "seat": "1A"})
        if tool == "assign_client":
            await desk.do(KYOTO, op("assign_client", email="zoë@ex.net", full_name="Zoe", role="guide"))
        elif tool == "create_trip_with_client":
            sent = {"trip_name": "A", "client_email": "zoë@ex.net", "client_full_name": "Zoe", **DAYS}
            await desk.call("create_trip_with_client", **sent)
        else:
            await desk.call("update_client", email=BEN, new_email="zoë@ex.net")
        entry = json.loads(desk.column("clients", KYOTO))[1]
        assert (entry["email"], entry["role"], entry["seat"]) == ("zoë@ex.net", "guide", "1A")
