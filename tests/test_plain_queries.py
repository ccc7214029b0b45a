"""Queries as people write them: sentences, dates, other scripts, misspelt names, ids, namesakes and lists of names."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import campaigns
import pytest
import raw
from anyascii import anyascii
from desk import new_desk, op
from engines import is_hosted, open_database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from database.gathering import GatheringDatabase
from database.scripts import LETTERS
from tools.answers.errors import NotFound, ToolFault
from tools.find import FindArguments, get_anything
from tools.finding.identifiers import resolve_trip
from tools.finding.reading import read_query

if TYPE_CHECKING:
    from pathlib import Path

    from database.embedded import EmbeddedDatabase
    from tools.find import Found

# Name, destinations, first day, last day and travelers of each trip, whose id is its place.
TRIPS: list[tuple[str, str, str, str, list[str]]] = [
    ("Hawaii family week", "Maui", "2027-03-10", "2027-03-17", ["Joan Smith"]),
    ("Hawaii romance", "Oahu", "2027-06-02", "2027-06-12", ["Tom Smith"]),
    ("Hawaii diving", "Kona", "2026-11-01", "2026-11-09", []),
    ("Okonkwo reunion", "Goa", "2027-01-02", "2027-01-09", ["Chidi Okonkwo"]),
    ("Smith honeymoon", "Bali", "2027-06-20", "2027-07-01", ["Tom Smith"]),
    ("Spring break", "Kyoto, Nara", "2027-04-01", "2027-04-08", ["Ana Lima"]),
    ("京都の桜の旅行", "京都、奈良", "2027-03-28", "2027-04-04", ["田中さくら"]),
    ("北京之旅", "北京", "2027-05-01", "2027-05-09", ["王小明"]),
    ("서울 여행", "서울", "2027-09-01", "2027-09-05", ["김민수"]),
    ("ทริปกรุงเทพ", "กรุงเทพ", "2027-10-01", "2027-10-05", []),
    ("Отпуск", "Сочи", "2027-08-01", "2027-08-09", ["Пётр Иванов"]),
    ("Gulf tour", "Dubai", "2027-02-01", "2027-02-05", ["أحمد الراشد"]),
    ("Alpenreise", "Zürich", "2027-07-10", "2027-07-20", ["Jörg Müller"]),
    ("Irish coast", "Cork", "2027-08-20", "2027-08-28", ["Sean O'Brien"]),
    ("Tet at home", "Huế", "2027-01-28", "2027-02-08", ["Nguyễn Thị Mai"]),
    ("Fjords", "Bergen", "2027-06-05", "2027-06-11", ["Volkov Igor"]),
    ("Athens", "Αθήνα", "2027-09-10", "2027-09-14", ["Γιώργος Παπαδόπουλος"]),
    ("Roma d'agosto", "Roma", "2027-08-02", "2027-08-09", ["Lucia Rossi"]),
    ("Suite 12", "Oslo", "2027-12-01", "2027-12-05", []),
]

PEOPLE = list(dict.fromkeys(person for *_, people in TRIPS for person in people))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = raw.new_file(tmp_path_factory.mktemp("plain") / "voygen.db")
    with closing(raw.connect_file(path)) as connection:
        for number, person in enumerate(PEOPLE, 1):
            connection.execute(
                "INSERT INTO clients_v2 (client_id, email, full_name) VALUES (?, ?, ?)",
                (number, f"{number}@x.io", person),
            )
        for number, (name, destinations, start, end, people) in enumerate(TRIPS, 1):
            connection.execute(
                "INSERT INTO trips_v2 (trip_id, trip_name, trip_slug, destinations, start_date, end_date) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (number, name, f"trip-{number}", destinations, start, end),
            )
            connection.executemany(
                "INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (?, ?)",
                [(number, f"{PEOPLE.index(person) + 1}@x.io") for person in people],
            )
    return path


@pytest.fixture
def path(built: Path, tmp_path: Path) -> Path:
    return raw.copied(built, tmp_path / "voygen.db") if is_hosted() else built


def ask(path: Path, query: str, strategy: str = "fuzzy") -> Found:
    async def answer() -> Found:
        async with await open_database(path) as db:
            arguments = {"query": query, "search_strategy": strategy, "include_everything": False}
            return await get_anything(db, FindArguments.model_validate(arguments))

    return asyncio.run(answer())


def resolved(path: Path, query: str) -> int | str:
    """The id of the trip that a write would go to, or the error."""

    async def resolve() -> int | str:
        async with await open_database(path) as db:
            try:
                return (await resolve_trip(db, query))["trip_id"]
            except ToolFault as fault:
                return str(fault)

    return asyncio.run(resolve())


# A query and the only trip that it finds, also for a write.
ONE_TRIP = [
    ("the Hawaii trip in March", 1),
    ("Hawaii trip, June 2027", 2),
    ("hawaii november", 3),
    ("hawaii 2026", 3),
    ("Hawaii 2027-03-12", 1),
    ("Hawaii on the 12th of March", 1),
    ("the Smith trip to Hawaii in June", 2),
    ("Okonkwo family", 4),
    ("please show me the Okonkwo family trip", 4),
    ("Mr Okonkwo", 4),
    ("Smith honeymoon next June 2027", 5),
    ("our trip to Kyoto with Ana", 6),
    ("京都の桜の旅行", 7),
    ("京都", 7),
    ("桜", 7),
    ("奈良への旅行", 7),
    ("田中さんの京都旅行", 7),
    ("3月の京都", 7),
    ("2027年4月 京都", 7),
    ("さくら", 7),
    ("Sakura", 7),
    ("北京", 8),
    ("王小明的北京之旅", 8),
    ("小明北京", 8),
    ("서울에서", 9),
    ("김민수 서울여행", 9),
    ("เที่ยวกรุงเทพ", 10),
    ("Ivanov", 11),
    ("Иванов", 11),
    ("ИВАНОВ", 11),
    ("the Ivanov family in Sochi", 11),
    ("Mueller", 13),
    ("Müller", 13),
    ("Muller", 13),
    ("Familie Müller nach Zuerich im Juli", 13),
    ("OBrien", 14),
    ("O'Brien", 14),
    ("O\u2019Brien family", 14),
    ("Nguyen", 15),
    ("Nguyễn", 15),
    ("Волков", 16),
    ("Athina", 17),
    ("le voyage de la famille Rossi à Roma en août", 18),
    ("el viaje de la familia Rossi a Roma en agosto", 18),
    ("il viaggio della famiglia Rossi a Roma in agosto", 18),
    ("die Reise der Familie Rossi nach Roma im August 2027", 18),
]


@pytest.mark.parametrize(("query", "trip"), ONE_TRIP)
@pytest.mark.sampled(2)
def test_a_sentence_finds_its_one_trip_and_a_write_goes_there(path: Path, query: str, trip: int) -> None:
    found = ask(path, query)
    assert [one.trip_id for one in found.trips] == [trip]
    assert "other dates" not in found.trips[0].why
    assert resolved(path, query) == trip


@pytest.mark.parametrize(
    ("query", "trips"), [("the Hawaii trip in April", {1, 2, 3}), ("Okonkwo reunion 2031", {4}), ("5月の京都", {7})]
)
def test_a_month_that_no_trip_has_is_told_and_a_write_is_refused(path: Path, query: str, trips: set[int]) -> None:
    found = ask(path, query)
    assert {one.trip_id for one in found.trips} == trips
    assert all(one.why.endswith("other dates") for one in found.trips)
    assert f"No match is in {read_query(query).when}: these trips have other dates." in found.message
    error = str(resolved(path, query))
    assert error.startswith("not_found: ")
    assert "With other dates: id " in error


def test_several_trips_are_named_if_the_dates_fit_more_than_one(path: Path) -> None:
    assert [one.trip_id for one in ask(path, "Smith June 2027").trips] == [5, 2]
    assert str(resolved(path, "Smith June 2027")).startswith("ambiguous: 2 trips match")


def test_a_month_may_be_a_name(path: Path) -> None:
    assert [one.full_name for one in ask(path, "Mai Nguyen").clients] == ["Nguyễn Thị Mai"]
    assert [one.trip_id for one in ask(path, "Rossi d'agosto").trips] == [18]


# A misspelt query, and what is found: the ids of trips and the names of clients.
MISSPELT: list[tuple[str, list[int], list[str]]] = [
    ("Okonkvo", [4], ["Chidi Okonkwo"]),
    ("Okonwko", [4], ["Chidi Okonkwo"]),
    ("the Okonkwoo family", [4], ["Chidi Okonkwo"]),
    ("Papadopoulos", [17], ["Γιώργος Παπαδόπουλος"]),
    ("Al-Rashid", [12], ["أحمد الراشد"]),
    ("Rasheed", [12], ["أحمد الراشد"]),
    ("Ivanof", [11], ["Пётр Иванов"]),
    ("Hawai divng", [3], []),
    ("Hawwaii in March", [1], []),
]


@pytest.mark.parametrize(("query", "trips", "clients"), MISSPELT)
@pytest.mark.sampled(2)
def test_a_clear_nearest_match_is_found_and_a_write_only_names_it(
    path: Path, query: str, trips: list[int], clients: list[str]
) -> None:
    found = ask(path, query)
    assert [(one.trip_id, one.why) for one in found.trips] == [(trip, "spelling") for trip in trips]
    assert [(one.full_name, one.why) for one in found.clients] == [(client, "spelling") for client in clients]
    assert "nearest by spelling" in found.message
    error = str(resolved(path, query))
    assert error.startswith("not_found: ")
    assert f"id {trips[0]} " in error


def test_several_near_matches_are_only_named(path: Path) -> None:
    with pytest.raises(NotFound, match=r'Nearest by spelling: id 3 .*client "Tom Smith"|Nearest by spelling') as error:
        ask(path, "Smiht")
    assert '"Joan Smith"' in str(error.value)
    assert '"Tom Smith"' in str(error.value)


DISTINCTIVE = ["okonkwo", "honeymoon", "reunion", "alpenreise", "fjords", "volkov", "athens", "mueller", "ivanov"]


@st.composite
def misspelt(draw: st.DrawFn) -> str:
    """A name with one letter too many, too few or wrong, or with two letters in the wrong order."""
    name = draw(st.sampled_from(DISTINCTIVE[:-2]))
    at = draw(st.integers(0, len(name) - 1))
    letter = draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    kind = draw(st.sampled_from(["insert", "delete", "substitute", "transpose"]))
    return {
        "insert": name[:at] + letter + name[at:],
        "delete": name[:at] + name[at + 1 :],
        "substitute": name[:at] + letter + name[at + 1 :],
        "transpose": name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :],
    }[kind]


async def named(db: EmbeddedDatabase, query: str) -> set[int]:
    """The trips that are found, or named in the error."""
    arguments = FindArguments(query=query, include_everything=False)
    try:
        return {one.trip_id for one in (await get_anything(db, arguments)).trips}
    except NotFound as error:
        return {int(found) for found in re.findall(r'id (\d+) "', str(error))}


def test_a_name_with_any_one_letter_wrong_is_found_or_named(path: Path) -> None:
    owners = {"okonkwo": 4, "reunion": 4, "alpenreise": 13, "fjords": 16, "volkov": 16, "athens": 17}

    @settings(max_examples=campaigns.rounds(60, 2000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(name=misspelt())
    def check(name: str) -> None:
        found = loop.run_until_complete(named(db, name))
        assert found, name
        near = [owner for word, owner in owners.items() if within_one(word, name)]
        assert not near or found.intersection(near), name

    loop = asyncio.new_event_loop()
    db = loop.run_until_complete(open_database(path))
    try:
        check()
    finally:
        loop.run_until_complete(db.close())
        loop.close()


def within_one(word: str, other: str) -> bool:
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    return OSA.distance(word, other) <= 1


def test_an_id_is_never_mixed_with_names_that_contain_the_digits(path: Path) -> None:
    for query in ("12", "#12", "trip 12", "id 12"):
        for strategy in ("exact", "fuzzy", "broad"):
            found = ask(path, query, strategy)
            assert ([one.trip_id for one in found.trips], found.clients) == ([12], []), (query, strategy)
    for query in ("2027", "77", "trip 77", "0"):
        for strategy in ("fuzzy", "broad"):
            with pytest.raises(NotFound):
                ask(path, query, strategy)


async def test_two_clients_of_one_name_are_told_apart_by_email_and_trips(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.call("create_client_v2", email="jo1@x.io", full_name="Jo Lee")
        await desk.do(1, op("assign_client", full_name="Jo Lee", new_client=True))
        await desk.do(2, op("assign_client", email="jo1@x.io"))
        answer = await desk.call("get_anything", query="jo lee")
        assert [(one["email"], one["latest_trips"]) for one in answer["clients"]] == [
            (None, ['"Lima in Kyoto" (id 1) of 2026-10-03']),
            ("jo1@x.io", ['"Ode in Banff" (id 2) of 2026-05-08']),
        ]
        assert '"Jo Lee" <jo1@x.io> (on "Ode in Banff" (id 2) of 2026-05-08)' in answer["message"]
        assert '"Jo Lee" (no e-mail) (on "Lima in Kyoto" (id 1) of 2026-10-03)' in answer["message"]
        error = await desk.fails(3, op("assign_client", full_name="Jo Lee"))
        assert error.startswith('ambiguous: 2 clients are called "Jo Lee": client_id ')
        assert '"Jo Lee" <jo1@x.io>, on "Ode in Banff" (id 2) of 2026-05-08' in error
        assert '"Jo Lee" (no e-mail), on "Lima in Kyoto" (id 1) of 2026-10-03' in error
        (line,) = (await desk.call("get_anything", queries=["Jo Lee"]))["lines"]
        assert line["result"] == "several"
        assert any('<jo1@x.io>, on "Ode in Banff" (id 2)' in one for one in line["matches"])


async def test_each_of_several_texts_is_answered_with_one_line(path: Path) -> None:
    wanted: dict[str, tuple[str, list[str]]] = {
        "Chidi Okonkwo": ("found", ['client_id 3 "Chidi Okonkwo" <3@x.io>']),
        "the Hawaii trip in March": ("found", ['id 1 "Hawaii family week" (2027-03-10 to 2027-03-17, planning)']),
        "3@x.io": ("found", ['client_id 3 "Chidi Okonkwo" <3@x.io>']),
        "12": ("found", ['id 12 "Gulf tour" (2027-02-01 to 2027-02-05, planning)']),
        "Okonkvo": ("found", ['client_id 3 "Chidi Okonkwo" <3@x.io> (by spelling)']),
        "hawaii": (
            "several",
            [
                'id 3 "Hawaii diving" (2026-11-01 to 2026-11-09, planning)',
                'id 2 "Hawaii romance" (2027-06-02 to 2027-06-12, planning)',
                'id 1 "Hawaii family week" (2027-03-10 to 2027-03-17, planning)',
            ],
        ),
        "Xyzzq": ("none", []),
        "%": ("none", []),
    }
    async with await open_database(path) as db:
        found = await get_anything(db, FindArguments(queries=list(wanted)))
    assert {line.query: (line.result, line.matches) for line in found.lines} == wanted
    assert found.message == "8 searched: 5 found, 1 with several matches, 2 not found."


async def test_any_number_of_texts_takes_as_few_round_trips_as_one(path: Path) -> None:
    from test_round_trips import Counting  # noqa: PLC0415

    texts = [
        f"{name} {number}" for number in range(5) for name in ("Okonkvo", "hawaii", "Al-Rashid", "constantinoples")
    ]
    texts += ["Chidi Okonkwo", "3@x.io", "12", "京都", "the Hawaii trip in March", "Xyzzq", *(row[0] for row in TRIPS)]
    needed: list[int] = []
    async with await open_database(path) as db:
        counting = Counting(db)
        for some in (texts[:4], texts[:20], texts[-25:], texts):
            counting.trips = 0
            await get_anything(GatheringDatabase(counting), FindArguments(queries=some))
            needed.append(counting.trips)
    assert max(needed) <= 8, needed


async def test_texts_and_a_query_exclude_each_other(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        calls: list[dict[str, Any]] = [{}, {"query": "a", "queries": ["b"]}, {"queries": []}]
        for sent in calls:
            error = await desk.refused("get_anything", **sent)
            assert error.startswith("invalid_input: The call needs either query or queries.\nSend one of them")
        assert (await desk.refused("get_anything", queries=["a"] * 51)).startswith("invalid_input: queries")


def test_letters_are_written_in_latin_as_the_library_does(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        rows: list[tuple[str, str]] = connection.execute("SELECT letter, plain FROM search_letters").fetchall()
    umlauts = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"}
    other: dict[str, Any] = {
        letter: plain
        for letter, plain in rows
        if plain != umlauts.get(letter.lower(), re.sub("[^a-z]", "", anyascii(letter).lower()))
    }
    assert (other, len(rows) > 900) == ({}, True)


def test_sql_and_python_find_the_same_letters_inside_of_words(path: Path) -> None:
    with closing(raw.connect(path)) as connection:
        (view,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'client_search_text'").fetchone()
    patterns = set(re.findall(r"GLOB '(\[[^']*\])'", view))
    assert patterns == {f"[{LETTERS}]"}
    assert all(len(found.encode()) <= 50 for found in re.findall(r"GLOB '([^']*)'", view))


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = raw.new_file(tmp_path / "many.db")
    with closing(raw.connect(path)) as connection:
        connection.execute(
            """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO trips_v2 (trip_name, start_date, end_date)
            SELECT 'Lagos ' || i, iif(i = 7, '2027-03-30', '2027-05-01'), iif(i = 7, '2027-04-02', '2027-05-09')
            FROM n"""
        )
    return path


def test_a_month_finds_the_one_old_trip_among_many_newer_ones(many: Path) -> None:
    assert [one.trip_id for one in ask(many, "Lagos in April").trips] == [7]
    assert resolved(many, "Lagos in April") == 7
    assert str(resolved(many, "Lagos in May")).startswith("ambiguous: More than 5 trips")
