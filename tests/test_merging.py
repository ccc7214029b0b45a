"""merge_clients: two records of one person become one, in every phase, and the undo restores both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from desk import ANA, BANFF, BEN, CEM, KYOTO, Desk, new_desk, op
from phasing import lead_to

from migrations.proof import digest

if TYPE_CHECKING:
    from pathlib import Path

    from database.phase import Phase

OTHER = "ana.lima@work.example"


async def add_other(desk: Desk) -> int:
    """Create a second record of Ana, on two trips, one of them shared with the first."""
    sent = {"phone": "+1", "notes": "vegan", "preferences": {"seat": "window", "meals": ["vegan"]}}
    await desk.call("update_client", email=ANA, notes="likes trains", preferences={"seat": "aisle"})
    other = await desk.call("create_client_v2", email=OTHER, full_name="Ana Lima-Roy", **sent)
    entry = {"email": OTHER, "role": "guest", "room": 7}
    desk.sql("UPDATE trips_v2 SET clients = json_insert(clients, '$[#]', json(?)) WHERE trip_id = 2", json.dumps(entry))
    desk.sql("UPDATE trips_v2 SET primary_client_email = ? WHERE trip_id = ?", OTHER, BANFF)
    await desk.do(KYOTO, op("assign_client", email=OTHER), op("assign_client", email=OTHER, role="payer"))
    return int(other["client_id"])


@pytest.mark.parametrize("phase", ["dual_write", "prefer_junction", "normalized"])
@pytest.mark.sampled(3)
async def test_everything_of_one_client_moves_to_the_other_and_the_undo_brings_back_the_digest(
    tmp_path: Path, phase: Phase
) -> None:
    async with new_desk(tmp_path) as desk:
        other = await add_other(desk)
        await lead_to(desk.db, phase)
        before, people = await digest(desk.db), desk.sql("SELECT * FROM clients_v2 ORDER BY client_id")
        done = await desk.call("merge_clients", keep=ANA, remove=str(other), dry_run=False)
        assert done["trips"] == [
            f'"Lima in Kyoto" (id {KYOTO}) as traveler',
            f'"Lima in Kyoto" (id {KYOTO}) as payer',
            f'"Ode in Banff" (id {BANFF}) as guest',
        ]
        ana = await desk.call("get_client", email=ANA)
        assert [(trip["trip_id"], set(trip["roles"].split(", "))) for trip in ana["trips"]] == [
            (KYOTO, {"traveler", "payer"}),
            (BANFF, {"guest"}),
        ]
        assert ana["contact_info"] == {"notes": "likes trains\nvegan", "phone": "+1"}
        assert ana["preferences"] == {"seat": "aisle", "meals": ["vegan"]}
        assert 'preferences.seat: "aisle" stays; "window" was removed' in done["conflicts"]
        assert desk.column("primary_client_email", BANFF) == ANA
        assert (await desk.refused("get_client", client_id=other)).startswith("not_found: ")
        undone = await desk.call("restore_deleted", orphan_id=done["orphan_id"])
        assert undone["message"].startswith(
            f'Undid the merge of "Ana Lima-Roy" (client {other}) into "Ana Lima" (client 1)'
        )
        assert await digest(desk.db) == before
        assert desk.sql("SELECT * FROM clients_v2 ORDER BY client_id") == people
        assert desk.column("primary_client_email", BANFF) == OTHER
        await lead_to(desk.db, "dual_write")
        assert json.loads(desk.column("clients", BANFF))[1]["room"] == 7


async def test_a_merge_is_a_dry_run_unless_asked_to_write(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await add_other(desk)
        before = desk.everything()
        plan = await desk.call("merge_clients", keep="Ana Lima", remove="Ana Lima-Roy")
        assert (plan["dry_run"], plan["orphan_id"]) == (True, None)
        assert plan["message"].startswith(
            f'Would merge "Ana Lima-Roy" <{OTHER}>, client 4 into "Ana Lima" <{ANA}>, client 1.'
        )
        assert desk.everything() == before


async def test_a_merge_refuses_to_guess(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("create_client_v2", full_name="Ben Ode")
        before = desk.everything()
        for keep, remove, code in (
            (ANA, "1", "invalid_input: keep and remove are the same client, 1."),
            (ANA, "Ben Ode", 'ambiguous: 2 clients are called "Ben Ode"'),
            (ANA, "Nobody", 'not_found: remove: no client has the name "Nobody".'),
            ("99", BEN, "not_found: keep: no client has client_id 99."),
        ):
            error = await desk.refused("merge_clients", keep=keep, remove=remove, dry_run=False)
            assert error.startswith(code)
        assert desk.everything() == before


async def test_a_merge_is_not_undone_after_a_later_change(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        other = await add_other(desk)
        done = await desk.call("merge_clients", keep="1", remove=str(other), dry_run=False)
        await desk.do(KYOTO, op("assign_client", email=CEM), op("unassign_client", email=ANA, role="payer"))
        before = desk.everything()
        error = await desk.refused("restore_deleted", orphan_id=done["orphan_id"])
        assert error.startswith("conflict: Client 1 or one of their trips has changed since")
        assert desk.everything() == before


async def test_a_client_without_an_email_takes_the_other_ones(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        (kid,) = await desk.do(KYOTO, op("assign_client", full_name="Kid Lima", role="child"))
        await desk.call("create_client_v2", email="kid@lima.example", full_name="Kid Lima-Roy")
        done = await desk.call("merge_clients", keep=kid["client_id"], remove="kid@lima.example", dry_run=False)
        kept = await desk.call("get_client", client_id=kid["client_id"])
        assert (kept["email"], kept["trips_total"]) == ("kid@lima.example", 1)
        await desk.call("restore_deleted", orphan_id=done["orphan_id"])
        assert (await desk.call("get_client", client_id=kid["client_id"]))["email"] is None


async def test_a_merge_is_not_undone_if_the_removed_email_is_used_again(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        done = await desk.call("merge_clients", keep=ANA, remove=BEN, dry_run=False)
        await desk.call("create_client_v2", email=BEN, full_name="Ben Two")
        before = desk.everything()
        assert (await desk.refused("restore_deleted", orphan_id=done["orphan_id"])).startswith("conflict: ")
        assert desk.everything() == before


async def test_two_clients_with_one_role_on_a_trip_become_one_traveler_in_the_last_phase(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("assign_client", email=BEN), op("assign_client", full_name="Kid"))
        await lead_to(desk.db, "normalized")
        await desk.call("merge_clients", keep=ANA, remove=BEN, dry_run=False)
        await desk.call("merge_clients", keep=ANA, remove="Kid", dry_run=False)
        assert (await desk.call("get_anything", query=f"id {KYOTO}"))["message"].endswith(
            'travelers: "Ana Lima" (traveler).'
        )
