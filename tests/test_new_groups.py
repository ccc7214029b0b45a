"""A trip is created with everybody on it in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk import ANA, BEN, Desk, Era, each_era, new_desk

if TYPE_CHECKING:
    from pathlib import Path

TRIP: dict[str, Any] = {
    "trip_name": "Okonkwo in Hawaii",
    "start_date": "2027-03-06",
    "end_date": "2027-03-16",
    "client_full_name": "Ngozi Okonkwo",
    "client_email": "ngozi@example.net",
}


async def create(desk: Desk, *travelers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return await desk.call("create_trip_with_client", **TRIP, travelers=travelers, **more)


@each_era
async def test_a_family_is_on_the_trip_after_one_call(tmp_path: Path, era: Era) -> None:
    async with new_desk(tmp_path, era) as desk:
        family = [
            {"full_name": "Emeka Okonkwo"},
            {"full_name": "Ada Okonkwo", "role": "child"},
            {"email": ANA},
            {"full_name": "ben ode", "role": "guide"},
        ]
        answer = await create(desk, *family, idempotency_key="k")
        assert answer["after"]["people"] == [
            "Ngozi Okonkwo (primary_traveler)",
            "Emeka Okonkwo (traveler)",
            "Ada Okonkwo (child)",
            "Ana Lima (traveler)",
            "Ben Ode (guide)",
        ]
        assert '4 more: known: "Ana Lima", "Ben Ode"; new: "Emeka Okonkwo", "Ada Okonkwo".' in answer["message"]
        assert (answer["after"]["primary_client_email"], answer["after"]["trip_id"]) == (
            "ngozi@example.net",
            answer["trip_id"],
        )
        assert {email for email, _ in await desk.roles(answer["trip_id"])} >= {ANA, BEN, "ngozi@example.net"}
        again = await create(desk, *family, idempotency_key="k")
        assert again == answer | {"replayed": True}


async def test_a_group_of_two_hundred_takes_one_call(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        answer = await create(desk, *({"full_name": f"Guest {n}"} for n in range(200)))
        assert (answer["after"]["assignments"], answer["json_written_by"]) == (201, "bulk")
        assert len(await desk.roles(answer["trip_id"])) == 1 + 1  # one e-mail, and those without one
        assert len(desk.json("clients", answer["trip_id"])) == 201


async def test_a_group_with_an_unclear_person_creates_nothing(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("INSERT INTO clients_v2 (email, full_name) VALUES ('ben2@example.net', 'Ben Ode')")
        before = desk.everything()
        for code, traveler in (
            ("ambiguous", {"full_name": "Ben Ode"}),
            ("conflict", {"full_name": "Zoe Wu", "email": ANA}),
            ("not_found", {"client_id": 99}),
            ("invalid_input", {"role": "guide"}),
            ("invalid_input", {"full_name": "NGOZI OKONKWO"}),
            ("invalid_input", {"email": "new@example.net"}),
        ):
            error = await desk.refused("create_trip_with_client", **TRIP, travelers=[{"full_name": "Kim"}, traveler])
            assert error.startswith(f"{code}: "), error
        assert desk.everything() == before


async def test_a_known_e_mail_is_not_taken_for_a_person_of_another_name(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        before = desk.everything()
        error = await desk.refused("create_trip_with_client", **TRIP | {"client_email": ANA})
        assert 'ana@example.net belongs to "Ana Lima", not to "Ngozi Okonkwo".' in error
        assert desk.everything() == before
