"""No answer exceeds the size limit: longer content is split into parts, and the answer says so."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from damage import past_the_triggers
from desk import ANA, KYOTO, Desk, new_desk, op, open_desk, seeded
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.answers import parts
from tools.answers.bounds import LIMIT, bounded, weight

if TYPE_CHECKING:
    from pathlib import Path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=8),
    max_leaves=60,
)


def sent(text: str, structured: dict[str, Any] | None) -> int:
    """The bytes of the larger of the two forms in which an answer is sent."""
    return max(len(text.encode()), weight(structured))


# Run without triggers, which would parse the trip's list again for each row.
CROWD = """
INSERT INTO clients_v2 (email, full_name)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
SELECT 'c' || i || '@example.net', 'Client ' || i FROM n;
INSERT INTO trip_client_assignments (trip_id, client_email, client_role)
SELECT 3, email, 'traveler' FROM clients_v2;
UPDATE trips_v2 SET clients = (SELECT json_group_array(json_object('email', email, 'role', 'traveler')) FROM clients_v2)
WHERE trip_id = 3;
"""


async def answer(desk: Desk, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Return the tool's answer after checking that it is short enough."""
    is_error, text, structured = await desk.raw_call(tool, **arguments)
    assert not is_error, text
    assert sent(text, structured) <= LIMIT
    assert structured
    return structured


async def rest_of(desk: Desk, tool: str, first: dict[str, Any], field: str, **arguments: Any) -> list[Any]:
    """Return the remaining pieces of a field."""
    pieces: list[Any] = []
    more = first["more"]
    while cursors := [rest["cursor"] for rest in more if rest["field"] == field]:
        following = await answer(desk, tool, cursor=cursors[0], **arguments)
        assert following["part"]["field"] == field
        pieces.append(following["part"]["value"])
        more = following["more"]
    return pieces


async def test_a_long_trip_is_split_into_parts_that_together_are_complete(tmp_path: Path) -> None:
    notes = [{"note": f"{number} {'é' * 300}"} for number in range(400)]
    schedule = {"days": [{"day": day, "text": '"\\' * 200} for day in range(100)]}
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET notes = ?, schedule = ? WHERE trip_id = 1", *map(json.dumps, (notes, schedule)))
        first = await answer(desk, "get_anything", query=str(KYOTO))
        units = {rest["field"]: (rest["unit"], rest["total"]) for rest in first["more"]}
        assert units["notes"] == ("items", 400)
        assert units["schedule"][0] == "characters"
        assert f"notes ({len(first['trip']['notes'])} of 400 items)" in first["message"]
        pieces = await rest_of(desk, "get_anything", first, "notes", query=str(KYOTO))
        assert first["trip"]["notes"] + [note for piece in pieces for note in piece] == notes
        pieces = await rest_of(desk, "get_anything", first, "schedule", query=str(KYOTO))
        assert json.loads(first["trip"]["schedule"] + "".join(pieces)) == schedule
        assert first["trip"]["clients"][0]["email"] == ANA


async def test_a_note_longer_than_the_size_limit_can_be_read_to_its_end(tmp_path: Path) -> None:
    text = "".join(f"{number} " for number in range(30_000))
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET notes = ? WHERE trip_id = 1", text)
        first = await answer(desk, "get_anything", query=str(KYOTO))
        pieces = await rest_of(desk, "get_anything", first, "notes", query=str(KYOTO))
        assert first["trip"]["notes"] + "".join(pieces) == text


async def test_an_answer_about_a_trip_with_very_many_clients_names_some_and_counts_the_rest(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(raw.connect(path)) as connection, past_the_triggers(connection):
        connection.executescript(CROWD)
    async with open_desk(path) as desk:
        first = await answer(desk, "get_anything", query="3")
        assert "and 1193 more" in first["message"]
        pieces = await rest_of(desk, "get_anything", first, "clients", query="3")
        emails = {one["email"] for piece in [first["trip"]["clients"], *pieces] for one in piece}
        assert len(emails) == 1203


async def test_a_clients_long_details_are_split_into_parts(tmp_path: Path) -> None:
    wishes = {f"wish {number}": "x" * 100 for number in range(600)}
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE clients_v2 SET preferences = ? WHERE client_id = 1", json.dumps(wishes))
        first = await answer(desk, "get_client", client_id=1)
        pieces = await rest_of(desk, "get_client", first, "preferences", client_id=1)
        assert json.loads(first["preferences"] + "".join(pieces)) == wishes
        other = await desk.refused("get_client", client_id=2, cursor=first["more"][0]["cursor"])
        assert other.startswith("invalid_input: cursor belongs to another client")


async def test_each_page_stays_within_the_limit_and_all_pages_together_list_every_trip(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql(
            """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO trips_v2 (trip_name, start_date, end_date, destinations)
            SELECT 'Trip ' || i, '2027-01-01', '2027-01-02', printf('%.*c', 1500, 'd') FROM n"""
        )
        seen: list[int] = []
        cursor = None
        while True:
            page = await answer(desk, "list_trips", limit=100, **({"cursor": cursor} if cursor else {}))
            assert len(page["trips"]) < 100
            seen += [trip["trip_id"] for trip in page["trips"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert len(seen) == len(set(seen)) == page["total"] == 303


async def test_an_answer_about_two_thousand_operations_lists_failures_first(tmp_path: Path) -> None:
    operations = [op("add_note", note=f"note {number}") for number in range(1999)]
    async with new_desk(tmp_path) as desk:
        told = await answer(
            desk, "bulk_trip_operations", trip_identifier=1, operations=[*operations, op("update_cost", cost=-1)]
        )
        assert (told["operations_completed"], told["operations_failed"]) == (1999, 1)
        assert told["results"][-1]["number"] == 2000
        assert not told["results"][-1]["success"]
        assert told["results_left_out"] == 2000 - len(told["results"])
        assert f"{told['results_left_out']} results are omitted" in told["message"]


async def test_a_value_that_cannot_be_split_is_truncated_and_the_answer_says_so(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET trip_name = printf('%.*c', 1000000, 'n'), status = 'confirmed' WHERE trip_id = 1")
        for tool, arguments in {
            "list_trips": {"starts_after": "2026-10-01"},
            "get_anything": {"query": "1"},
            "continue_trip": {"search_query": "1"},
            "get_workflow_status": {"trip_identifier": "1"},
            "query_trip_facts": {"trip_ids": [1]},
            "get_client": {"client_id": 1},
        }.items():
            told = await answer(desk, tool, **arguments)
            assert "Cut to fit into an answer: " in told["message"], tool


@pytest.mark.parametrize(
    "cursor", ["[", "x", '["trip",1,"secrets","items",0]', '["client",1,"preferences","items",0]', "[1]"]
)
async def test_an_invalid_cursor_is_refused(tmp_path: Path, cursor: str) -> None:
    async with new_desk(tmp_path) as desk:
        error = await desk.refused("get_anything", query="1", cursor=cursor)
        assert error.startswith("invalid_input: cursor does not come from this tool")


@given(st.dictionaries(st.text(min_size=1, max_size=6), JSON, max_size=6), st.integers(60, 600))
def test_concatenated_parts_equal_the_whole(fields: dict[str, Any], room: int) -> None:
    shown, rests = parts.divided("trip", 1, fields, room)
    assert set(shown) == set(fields)
    assert all(shown[name] == value for name, value in fields.items() if name not in {rest.field for rest in rests})
    for rest in rests:
        whole = shown[rest.field]
        more = [rest]
        while more:
            part, more = parts.following(parts.place_of(more[0].cursor, "trip", fields), fields[rest.field], room)
            whole = whole + part.value
        assert len(whole) == rest.total
        assert (whole if whole == fields[rest.field] else json.loads(whole)) == fields[rest.field]


@settings(deadline=None)
@given(st.text(max_size=60), st.dictionaries(st.sampled_from("abcdef"), JSON, max_size=6), st.integers(1, 3000))
def test_an_answer_within_the_limit_is_unchanged_and_a_longer_one_is_truncated_to_fit(
    message: str, fields: dict[str, Any], times: int
) -> None:
    whole = {"message": message, **fields, "list": [fields] * times}
    cut = bounded(whole)
    fits = weight(whole) + weight(message) <= LIMIT
    assert (cut == whole) == fits
    assert weight(cut) + weight(cut["message"]) <= LIMIT


async def test_very_long_keys_and_names_do_not_make_an_answer_too_long(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for number in range(5):
            await desk.call("update_client", email=ANA, preferences={f"{number}" + "k" * 30_000: 1})
        for arguments in ({"query": ANA}, {"query": "1"}):
            await answer(desk, "get_anything", **arguments)
        await answer(desk, "get_client", email=ANA)
        is_error, text, _ = await desk.raw_call("get_anything", **{"query": "1", "a" * 50_000: 1})
        assert is_error
        assert weight(text) < 2_000
