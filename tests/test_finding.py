"""Resolving a trip identifier, and the answers of get_anything to queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from desk import ANA, BANFF, BEN, EMPTY, KYOTO, Desk, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path

PERIOD = {"start_date": "2027-03-01", "end_date": "2027-03-05"}


async def trip(desk: Desk, name: str, destinations: str | None = None) -> int:
    made = await desk.call("create_trip_v2", trip_name=name, destinations=destinations, **PERIOD)
    return made["trip_id"]


async def written_to(desk: Desk, identifier: object) -> int:
    """Write a note with this identifier, and return the id of the trip that got it."""
    answer = await desk.bulk(identifier, op("add_note", note="x"))
    assert answer["success"]
    return answer["trip_id"]


async def refusal(desk: Desk, identifier: object) -> str:
    before = desk.everything()
    error = await desk.refused(
        "bulk_trip_operations", trip_identifier=identifier, operations=[op("add_note", note="x")]
    )
    assert desk.everything() == before
    return error


@pytest.mark.parametrize(
    "identifier",
    [
        KYOTO,
        "1",
        " 01 ",
        "lima-in-kyoto",
        "LIMA-IN-KYOTO",
        "Lima in Kyoto",
        "lima IN kyoto ",
        "kyoto",
        "KYOTO lima",
        "the trip to Nara",
        "kyo",
        "ana",
        ANA,
        "Ana Lima",
        "ana@ex",
    ],
)
@pytest.mark.sampled(3)
async def test_a_trip_is_found_by_id_slug_name_words_and_clients(tmp_path: Path, identifier: object) -> None:
    async with new_desk(tmp_path) as desk:
        assert await written_to(desk, identifier) == KYOTO
        if identifier not in {ANA, "Ana Lima"}:
            assert (await desk.whole(identifier))["trip_id"] == KYOTO


async def test_a_name_takes_precedence_over_words_and_a_slug_over_a_name(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        longer = await trip(desk, "Lima in Kyoto and Osaka")
        assert await written_to(desk, "lima in kyoto") == KYOTO
        assert await written_to(desk, "osaka") == longer
        named = await trip(desk, "ode-in-banff")
        assert await written_to(desk, "ode-in-banff") == BANFF
        assert await written_to(desk, named) == named


async def test_digits_do_not_match_part_of_a_number(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await trip(desk, "Winter 2027")
        for part in ("27", "202", "0", "-1", "+1", "1.0", "99999999999999999999", "٣", "20 27"):
            assert (await refusal(desk, part)).startswith("not_found"), part
            assert (await desk.refused("get_anything", query=part)).startswith("not_found"), part
        assert (await refusal(desk, "2027")).startswith("not_found")
        assert (await desk.refused("get_anything", query="2027", search_strategy="broad")).startswith("not_found")
        assert (await desk.whole("winter 2027"))["trip_name"] == "Winter 2027"


@pytest.mark.parametrize("dressed", ["#2", '"2"', "'2'", "[2]", "(2)", "trip 2", "Trip #2", "trip_id: 2", "2,", "id=2"])
@pytest.mark.sampled(2)
async def test_a_dressed_up_id_never_means_another_trip_with_the_digits_in_its_name(
    tmp_path: Path, dressed: str
) -> None:
    async with new_desk(tmp_path) as desk:
        await trip(desk, "Summer 2")
        answer = await desk.bulk(dressed, op("add_note", note="x"))
        assert answer["trip_id"] == 2
        desk.sql("UPDATE trips_v2 SET trip_id = 90 WHERE trip_id = 2")
        assert (await refusal(desk, dressed)).startswith("not_found")


async def test_digits_that_are_one_trips_id_and_anothers_name_are_ambiguous(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        named = await trip(desk, str(BANFF))
        before = desk.everything()
        error = await refusal(desk, str(BANFF))
        assert error.startswith(f'ambiguous: 2 trips match "{BANFF}": id {BANFF} "Ode in Banff"')
        assert f'id {named} "{BANFF}"' in error
        assert error.endswith(f'send its id as trip_identifier, written as in "id {BANFF}".')
        assert desk.everything() == before
        assert await written_to(desk, f"id {BANFF}") == BANFF
        assert await written_to(desk, f"id: {named}") == named
        both = await desk.call("get_anything", query=str(BANFF))
        assert {row["trip_id"] for row in both["trips"]} == {BANFF, named}


async def test_an_identifier_with_several_matches_is_refused_with_up_to_five_candidates(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        ids = [await trip(desk, f"Goa {word}") for word in ("one", "two")]
        error = await refusal(desk, "goa")
        assert error.startswith('ambiguous: 2 trips match "goa": ')
        assert [int(found) for found in re.findall(r'id (\d+) "', error)] == ids[::-1]
        assert "2027-03-01 to 2027-03-05, planning" in error
        assert "trip_identifier" in error.split("\n")[1]
        for word in ("three", "four", "five", "six", "seven"):
            await trip(desk, f"Goa {word}")
        error = await refusal(desk, "goa")
        assert error.startswith('ambiguous: More than 5 trips match "goa": ')
        assert len(re.findall(r'id \d+ "', error)) == 5


async def test_an_identifier_without_a_match_is_refused_with_suggestions_by_spelling(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for wanted in ("Lima in Kioto", "Lyma Kyotto"):
            assert f'Nearest by spelling: id {KYOTO} "Lima in Kyoto"' in await refusal(desk, wanted)
        answer = await desk.call("get_anything", query="Lima in Kioto")
        assert [(row["trip_id"], row["why"]) for row in answer["trips"]] == [(KYOTO, "spelling")]
        assert answer["trip"]["trip_id"] == KYOTO
        assert "nearest by spelling" in answer["message"]
        assert (await refusal(desk, "xqzw")).startswith('not_found: No trip matches "xqzw".\n')


@pytest.mark.parametrize("blank", ["", " ", "%", "_", "% _", "*", '"', "'", "--", "()", "\t"])
@pytest.mark.sampled(3)
async def test_a_query_with_no_words_is_refused(tmp_path: Path, blank: str) -> None:
    async with new_desk(tmp_path) as desk:
        error = await refusal(desk, blank)
        assert error.startswith("invalid_input: ")
        assert "trip_identifier" in error
        for strategy in ("exact", "fuzzy", "broad"):
            error = await desk.refused("get_anything", query=blank, search_strategy=strategy)
            assert error.startswith(("invalid_input: query", "invalid_input: The call needs either query"))


async def test_each_search_strategy_finds_more_than_the_stricter_one(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:

        async def found(query: str, strategy: str) -> list[tuple[int, str]]:
            is_error, _, answer = await desk.raw_call("get_anything", query=query, search_strategy=strategy)
            return [] if is_error or not answer else [(row["trip_id"], row["why"]) for row in answer["trips"]]

        assert await found("Lima in Kyoto", "exact") == [(KYOTO, "exact")]
        assert await found("kyoto lima", "exact") == []
        assert await found("kyoto lima", "fuzzy") == [(KYOTO, "words in name")]
        assert await found("kyoto banff", "fuzzy") == []
        assert set(await found("kyoto banff", "broad")) == {(KYOTO, "some words"), (BANFF, "some words")}
        assert await found("Kyotto Lymma", "broad") == [(KYOTO, "spelling")]
        assert await found("lisbon", "fuzzy") == [(EMPTY, "words in destinations")]
        error = await desk.refused("get_anything", query="x", search_strategy="guess")
        assert "exact, fuzzy, broad" in error


async def test_the_best_of_many_matches_comes_first(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql(
            """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
            INSERT INTO trips_v2 (trip_name, trip_slug, start_date, end_date)
            SELECT 'Tour ' || i || ' of Goa', 'tour-' || i, '2027-01-01', '2027-01-02' FROM n"""
        )
        whole = await desk.whole("Tour 77 of Goa")
        assert whole["trip_name"] == "Tour 77 of Goa"
        answer = await desk.call("get_anything", query="goa tour")
        assert len(answer["trips"]) == 10
        assert answer["trip"] is None
        assert "send one of their ids" in answer["message"]
        assert (await desk.call("get_anything", query="tour 77"))["trip"]["trip_name"] == "Tour 77 of Goa"


async def test_a_query_that_matches_one_trip_returns_all_its_details(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET schedule = '[{\"day\":1}]', group_name = 'Limas' WHERE trip_id = ?", KYOTO)
        desk.sql("INSERT OR REPLACE INTO trip_facts (trip_id, total_nights) VALUES (?, 9)", KYOTO)
        await desk.do(
            KYOTO,
            op("assign_client", email=BEN, role="guide"),
            op("update_cost", cost=5, currency="EUR"),
            op("add_document", name="Visa"),
            op("advance_workflow", phase="proposal"),
        )
        answer = await desk.call("get_anything", query="limas")
        whole = answer["trip"]
        assert [(client["full_name"], client["role"]) for client in whole["clients"]] == [
            ("Ana Lima", "traveler"),
            ("Ben Ode", "guide"),
        ]
        assert (whole["schedule"], whole["financials"]["currency"]) == ([{"day": 1}], "EUR")
        assert (whole["documents"][0]["name"], whole["workflow"]["current_phase"]) == ("Visa", "proposal")
        assert whole["facts"]["total_nights"] == 9
        assert [entry["type"] for entry in whole["recent_activity"]] == [
            "WorkflowAdvanced",
            "DocumentAdded",
            "CostChanged",
            "ClientAssigned",
        ]
        assert '"Ben Ode" (guide)' in answer["message"]
        summary = await desk.call("get_anything", query="limas", include_everything=False)
        assert (summary["trip"], summary["trips"]) == (None, answer["trips"])


async def test_a_query_that_matches_one_client_returns_all_details_and_trips(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(BANFF, op("assign_client", email=ANA, role="payer"), op("assign_client", email=ANA))
        answer = await desk.call("get_anything", query="ANA@example.net")
        whole = answer["client"]
        assert (whole["client_id"], whole["full_name"], whole["email"]) == (1, "Ana Lima", ANA)
        assert [(row["trip_id"], set(row["roles"].split(", "))) for row in whole["trips"]] == [
            (KYOTO, {"traveler"}),
            (BANFF, {"payer", "traveler"}),
        ]
        assert [row["why"] for row in answer["clients"]] == ["exact"]
        assert (await desk.call("get_anything", query="cem kaya"))["client"]["full_name"] == "Cem Kaya"


async def test_an_old_trip_with_invalid_column_values_can_be_read_and_changed(tmp_path: Path) -> None:
    odd = {
        "total_cost": "abc",
        "paid_amount": "nothing yet",
        "created_at": 1719830400000,
        "notes": "[" * 800 + "]" * 800,
        "schedule": "[" * 100_000,
        "financials": "[1e999, NaN]",
        "documents": b"\xff[1]",
        "workflow_state": 5,
    }
    async with new_desk(tmp_path) as desk:
        for column, value in odd.items():
            desk.sql(f"UPDATE trips_v2 SET {column} = ? WHERE trip_id = ?", value, KYOTO)
        assert (await desk.whole(KYOTO))["clients"][0]["email"] == ANA
        await desk.do(
            KYOTO,
            op("add_note", note="x"),
            op("update_cost", cost=1),
            op("add_document", name="x"),
            op("set_workflow_step", step_number=1),
        )
        assert (await desk.whole(KYOTO))["total_cost"] == 1


async def test_a_number_within_a_word_or_range_is_never_matched_in_part(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await trip(desk, "Apollo11")
        await trip(desk, "Tour 20-25")
        for part in ("Apollo1", "tour 20-2"):
            assert (await refusal(desk, part)).startswith("not_found")


async def test_punctuation_around_a_word_is_ignored(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first, second = await trip(desk, "Osaka (2026)"), await trip(desk, "Paris/Versailles")
        assert await written_to(desk, "osaka 2026") == first
        assert await written_to(desk, "versailles") == second
        assert await written_to(desk, "VERSAILLES paris") == second


async def test_case_accents_and_apostrophes_are_ignored(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first, second = await trip(desk, "São Miguel"), await trip(desk, "O'Brien in Łódź")
        assert await written_to(desk, "SAO miguel") == first
        assert await written_to(desk, "obrien") == second
