"""The results of a search, their order, and the reason given for each match."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from desk import ANA, BANFF, BEN, KYOTO, Desk, new_desk, op

if TYPE_CHECKING:
    from pathlib import Path

# Enough trips, clients or assignments that an older row is no longer among the most recent ones that are examined.
MANY = 700


def add_trip(desk: Desk, name: str, **columns: object) -> int:
    columns = {"trip_name": name, "start_date": "2027-01-01", "end_date": "2027-01-02", **columns}
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    (row,) = desk.sql(f"INSERT INTO trips_v2 ({names}) VALUES ({marks}) RETURNING trip_id", *columns.values())
    return row[0]


def add_trips(desk: Desk, name: str, count: int = MANY) -> None:
    """Add trips with this name, in which each trip's number replaces `#`."""
    desk.sql(
        """INSERT INTO trips_v2 (trip_name, start_date, end_date)
        SELECT replace(?, '#', value), '2027-01-01', '2027-01-02' FROM json_each(?)""",
        name,
        json.dumps(list(range(1, count + 1))),
    )


def add_clients(desk: Desk, name: str, email: str, count: int = MANY) -> None:
    desk.sql(
        "INSERT INTO clients_v2 (full_name, email) SELECT replace(?1, '#', value), replace(?2, '#', value) "
        "FROM json_each(?3)",
        name,
        email,
        json.dumps(list(range(1, count + 1))),
    )


def travel(desk: Desk, trip: int, email: str, role: str = "traveler") -> None:
    desk.sql(
        "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, ?)", trip, email, role
    )


async def trips(desk: Desk, query: str, strategy: str = "fuzzy") -> list[tuple[int, str]]:
    """The ids of the trips found, and the reason for each match."""
    is_error, _, answer = await desk.raw_call("get_anything", query=query, search_strategy=strategy)
    return [] if is_error or not answer else [(row["trip_id"], row["why"]) for row in answer["trips"]]


async def clients(desk: Desk, query: str, strategy: str = "fuzzy") -> list[tuple[str, str]]:
    is_error, _, answer = await desk.raw_call("get_anything", query=query, search_strategy=strategy)
    return [] if is_error or not answer else [(row["email"], row["why"]) for row in answer["clients"]]


async def written_to(desk: Desk, identifier: str) -> int | str:
    """Write a note with this identifier; return the id of the trip that got it, or the code of the refusal."""
    is_error, text, answer = await desk.raw_call(
        "bulk_trip_operations", trip_identifier=identifier, operations=[op("add_note", note="x")]
    )
    return text.split(":")[0] if is_error or not answer else answer["trip_id"]


async def test_an_answer_says_where_the_words_were_found(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET group_name = 'Rowing club' WHERE trip_id = ?", BANFF)
        await desk.do(
            BANFF, op("assign_client", email=ANA, role="tour_guide"), op("add_note", note="needs a wheelchair")
        )
        assert await trips(desk, "kyoto") == [(KYOTO, "words in name")]
        assert await trips(desk, "nara") == [(KYOTO, "words in destinations")]
        assert await trips(desk, "rowing") == [(BANFF, "words in group")]
        assert await trips(desk, "ben@example.net") == [(BANFF, "client")]
        assert await trips(desk, "ben@exa") == [(BANFF, "words in clients")]
        assert await trips(desk, "wheelchair") == [(BANFF, "words in notes")]
        assert await trips(desk, "guide") == [(BANFF, "role guide")]
        assert await trips(desk, "banff ana") == [(BANFF, "words in name and clients")]
        assert await trips(desk, "guide in banff for ana") == [(BANFF, "words in name and clients, role guide")]
        assert await trips(desk, "rowing lima wheelchair") == [(BANFF, "words in group and clients and notes")]
        assert await trips(desk, "guide kyoto") == []


async def test_an_answer_says_why_a_client_matched(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("update_client", email=BEN, notes="allergic to nuts")
        assert await clients(desk, "BEN@example.net") == [(BEN, "exact")]
        assert await clients(desk, "ode BEN") == [(BEN, "words in name")]
        assert await clients(desk, "Bén Ode") == [(BEN, "exact name")]
        assert await clients(desk, "ben@exam") == [(BEN, "words in e-mail")]
        assert await clients(desk, "ode example") == [(BEN, "words in name and e-mail")]
        assert await clients(desk, "nuts") == [(BEN, "words in notes")]
        assert await clients(desk, "ode kaya", "broad") == [(BEN, "some words"), ("cem@example.net", "some words")]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Été à Paris", "ÉTÉ À PARIS"),
        ("Été à Paris", "ete a paris"),
        ("Été à Paris", "E\u0301te\u0301 a\u0300 Paris"),
        ("Smith & Jones", "Smith and Jones"),
        ("Smith and Jones", "SMITH & JONES"),
        ("Smith & Jones", "smith & jones"),
        ("O'Brien — the (second) trip", "obrien, the second TRIP"),
        ("Straße 7", "STRASSE 7"),
        ("Łódź", "ŁÓDŹ"),
        ("Łódź", "Lodz"),
        ("Tromsø", "tromso"),
        ("Da Nang", "Đà Nẵng"),
        ("東京", "東京"),
        ("Μύκονος", "ΜΎΚΟΝΟΣ"),
        ("the and", "The And"),
    ],
)
@pytest.mark.sampled(3)
async def test_a_match_of_the_whole_name_comes_first_whatever_its_case_accents_and_ampersands(
    tmp_path: Path, name: str, query: str
) -> None:
    async with new_desk(tmp_path) as desk:
        trip = add_trip(desk, name)
        for other in (f"{name} again", f"More of {name}", f"{name}, {name}"):
            add_trip(desk, other)
        assert (await trips(desk, query))[0] == (trip, "exact")
        assert (await desk.whole(query))["trip_id"] == trip
        assert await written_to(desk, query) == trip


async def test_a_whole_name_is_found_among_any_number_of_longer_names(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        trip = add_trip(desk, "Tour of Côte d'Azur")
        add_trips(desk, "Tour of Cote d Azur #")
        assert await written_to(desk, "tour of cote d'azur") == trip
        assert await trips(desk, "tour of cote dazur") == [(trip, "exact")]
        found = await trips(desk, "tour of cote dazur", "broad")
        assert found[0] == (trip, "exact")
        assert len(found) == 10


async def test_a_name_with_the_same_accents_comes_before_one_with_different_accents(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        with_accents, without = add_trip(desk, "Málaga"), add_trip(desk, "Malaga")
        assert await written_to(desk, "málaga") == with_accents
        assert await written_to(desk, "MALAGA") == without
        assert await written_to(desk, "mâlaga") == "ambiguous"


async def test_names_do_not_match_across_word_boundaries(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_trip(desk, "2027")
        add_trip(desk, "Tour 20-25")
        add_trip(desk, "Goa Beach")
        assert await written_to(desk, "20 27") == "not_found"
        assert await written_to(desk, "tour 2025") == "not_found"
        assert await written_to(desk, "tour2025") == "not_found"
        assert await written_to(desk, "goabeach") == "not_found"


async def test_all_words_in_the_name_come_before_words_elsewhere(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        in_notes = add_trip(desk, "First", notes='["rome by train"]')
        apart = add_trip(desk, "Rome", destinations="by Train")
        begun = add_trip(desk, "Romesh in training")
        named = add_trip(desk, "Train to Rome")
        add_trip(desk, "Rome alone")
        assert await trips(desk, "rome train") == [
            (named, "words in name"),
            (begun, "words in name"),
            (apart, "words in name and destinations"),
            (in_notes, "words in notes"),
        ]


async def test_among_equal_matches_the_most_recently_changed_comes_first(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first, second, third = (
            add_trip(desk, f"Goa {word}", updated_at=at)
            for word, at in (("one", "2027-03-01"), ("two", "2027-01-01"), ("three", "2027-02-01"))
        )
        assert [trip for trip, _ in await trips(desk, "goa")] == [first, third, second]


async def test_the_newest_match_is_found_among_any_number_of_older_ones(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_trips(desk, "Tour # of Goa")
        newest = add_trip(desk, "Tour of Goa in autumn")
        assert newest in [trip for trip, _ in await trips(desk, "goa tour")]
        assert newest in [trip for trip, _ in await trips(desk, "go to")]


async def test_a_trip_is_found_by_two_words_that_each_match_very_many_rows(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        trip = add_trip(desk, "Spring in Delft")
        add_clients(desk, "Uma Ueda #", "uma#@example.net")
        travel(desk, trip, "uma1@example.net", "payer")
        add_trips(desk, "Delft #")
        add_trips(desk, "Spring #")
        desk.sql(
            """INSERT INTO trip_client_assignments (trip_id, client_email, client_role)
            SELECT t.trip_id, 'uma' || (t.trip_id % CAST(?1 AS INTEGER) + 1) || '@example.net', 'guide'
            FROM trips_v2 t WHERE t.trip_name LIKE 'Spring %' AND t.trip_id <> ?2""",
            MANY,
            trip,
        )
        for query in ("delft uma", "spring delft", "ueda delft", "delf uma1@example.net", "delft payer"):
            assert [found for found, _ in await trips(desk, query)] == [trip], query
        assert await written_to(desk, "delft uma") == trip
        assert await written_to(desk, "delft payer") == "not_found"
        assert await written_to(desk, "spring uma") == "ambiguous"


async def test_a_traveler_on_a_trip_with_very_many_travelers_is_found_like_any_other(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_clients(desk, "Uma Ueda #", "uma#@example.net", 40)
        add_clients(desk, "Vic Vance #", "vic#@example.net", 40)
        cruise = add_trip(desk, "Cruise to Bergen")
        desk.sql("INSERT INTO trip_client_assignments (trip_id, client_email) SELECT ?, email FROM clients_v2", cruise)
        travel(desk, cruise, "vic40@example.net", "captain")
        assert await trips(desk, "bergen vance") == [(cruise, "words in name and clients")]
        assert [trip for trip, _ in await trips(desk, "captain")] == [cruise]
        assert await trips(desk, "vance ueda bergen") == [(cruise, "words in name and clients")]
        assert await trips(desk, "vic40@example.net") == [(cruise, "client")]
        assert await written_to(desk, "bergen vic39@example.net") == cruise
        assert await written_to(desk, "vance ana") == cruise
        assert await written_to(desk, "bergen captain") == "not_found"
        other = add_trip(desk, "Bergen by train")
        travel(desk, other, "vic1@example.net")
        assert await written_to(desk, "bergen vance") == "ambiguous"
        assert await written_to(desk, "train vance") == other


async def test_an_email_is_matched_as_one_word(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        add_clients(desk, "Ana Other", "x#@ana.example", 1)
        trip = add_trip(desk, "Net of example")
        travel(desk, trip, "x1@ana.example")
        assert await written_to(desk, "ana@example.net") == KYOTO
        assert await written_to(desk, "ana@ex") == KYOTO
        assert await written_to(desk, "ana@example.org") == "not_found"
        assert await trips(desk, "trip of <Ana@Example.net>") == [(KYOTO, "words in clients")]


async def test_a_long_word_is_also_found_by_its_beginning(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        trip = add_trip(desk, "Constantinople")
        for begun in ("constantinop", "constantinople", "constan", "c"):
            assert await written_to(desk, begun) == trip
        assert await written_to(desk, "constantinoples") == "not_found"


async def test_a_broad_search_accepts_some_of_the_words_and_ranks_more_matches_higher(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        both = add_trip(desk, "Goa by rail")
        add_trips(desk, "Goa #", 50)
        add_trips(desk, "By rail #", 50)
        found = await trips(desk, "please find goa rail balloon", "broad")
        assert found[0] == (both, "some words")
        assert len(found) == 10
        assert await trips(desk, "please find goa rail balloon") == []


async def test_misspelt_names_get_suggestions_that_include_old_trips_and_clients(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        trip = add_trip(desk, "Reykjavík in winter")
        add_clients(desk, "John Smith", "john#@example.net", 1)
        add_trips(desk, "Tour # of Goa")
        add_clients(desk, "Tim Oor #", "tim#@example.net")
        for strategy in ("fuzzy", "broad"):
            assert await clients(desk, "Jhon Smiht", strategy) == [("john1@example.net", "spelling")]
        add_clients(desk, "Joan Smith", "joan#@example.net", 1)
        error = await desk.refused("get_anything", query="Jomn Smiht")
        assert error.startswith('not_found: No trip or client matches "Jomn Smiht". Nearest by spelling: ')
        assert '"John Smith" <john1@example.net>' in error
        assert '"Joan Smith" <joan1@example.net>' in error
        for misspelt in ("Reykjavick", "Rekjavik", "Reikjavik winetr", "REYKIAVIK"):
            assert await trips(desk, misspelt) == [(trip, "spelling")]
            assert await written_to(desk, misspelt) == "not_found"
            assert await trips(desk, misspelt, "broad") == [(trip, "spelling")]
        assert "Nearest" not in await desk.refused("get_anything", query="xqzw")


async def test_trips_are_suggested_for_misspelt_names_of_their_travelers(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        error = await desk.refused(
            "bulk_trip_operations", trip_identifier="Anna Limma", operations=[op("add_note", note="x")]
        )
        assert f'Nearest by spelling: id {KYOTO} "Lima in Kyoto"' in error


async def test_stop_words_are_ignored(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        trip = add_trip(desk, "Kerala backwaters", destinations="Kochi")
        for query in ("the trip to Kerala", "a trip in Kochi", "from Kochi by backwaters", "on the backwaters & Kochi"):
            assert await written_to(desk, query) == trip


async def test_words_in_notes_and_roles_never_identify_the_trip_for_a_write(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(BANFF, op("add_note", note="zebra"), op("assign_client", email=ANA, role="zookeeper"))
        assert await trips(desk, "zebra zookeeper") == [(BANFF, "words in notes, role zookeeper")]
        assert await written_to(desk, "zebra") == "not_found"
        assert await written_to(desk, "zookeeper") == "not_found"
        assert await written_to(desk, "banff zebra") == "not_found"


@pytest.mark.parametrize(
    "query",
    ["AND", "NOT kyoto OR", 'kyoto" OR "banff', "kyoto*", "{name}: kyoto", "NEAR(kyoto)", "kyoto@\0"],
)
@pytest.mark.sampled(2)
async def test_search_operators_are_treated_as_words(tmp_path: Path, query: str) -> None:
    async with new_desk(tmp_path) as desk:
        found = await trips(desk, query)
        assert [trip for trip, _ in found] == ([KYOTO] if query in {"kyoto*", "kyoto@\0"} else [])
