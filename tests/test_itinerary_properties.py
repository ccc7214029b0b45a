"""Any sequence of itinerary operations: nothing is lost or rewritten, and an id always means the same entry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import campaigns
from anyio.from_thread import start_blocking_portal
from desk import KYOTO, Desk, new_desk, op
from fact_oracle import array, computed, days_of, expected, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.trip import shapes
from tools.trip.itinerary.entries import own_ids
from tools.trip.itinerary.rewriting import rewritten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PERIOD = ("2026-10-03", "2026-10-12")

LISTS = {"schedule_item": "schedule", "stay": "accommodations", "transport": "transportation"}

Strategy: TypeAlias = st.SearchStrategy[Any]

_odd: Strategy = st.sampled_from([None, "text", 7, [], {}, 1.5, True, "2026-10-04", "naïve 👋"])
_titles = st.sampled_from(["A", "B", "Ç"])
_times = st.sampled_from(["09:00", "2:00 PM", "25:00", "2026-10-04T09:00", "9:00 - 11:00", "soon", None])
_dates = st.sampled_from(["2026-10-03", "2026-10-05T00:00:00Z", "2026-12-31", "2028-02-29", "soon", None])
_ids = st.integers(100, 999) | st.text("abcdef", min_size=2, max_size=6)


def entry(**known: Strategy) -> Strategy:
    """An object with some of the known keys, with an own id or none, and keys that nobody knows."""
    unknown: dict[str, Strategy] = {"guide": _odd, "meta": st.just({"a": [1, {"b": None}]})}
    return st.fixed_dictionaries({}, optional={"id": _ids, **known, **unknown})


_items = st.lists(entry(title=_titles, time=_times, cost=st.integers(0, 9), activity_id=_ids) | _odd, max_size=3)
_days = entry(date=_dates, day_number=st.integers(1, 4), day_name=_titles, activities=_items | _odd, hotel=_odd)
_by_date = st.dictionaries(st.sampled_from(["2026-10-03", "2026-10-04", "by"]), _days | _items, max_size=3)
_listed: Strategy = st.fixed_dictionaries({"days": st.lists(_days, max_size=2)})
_schedules: Strategy = st.lists(_days | _odd, max_size=4) | _by_date | _listed
_price = st.just({"amount": 1})
_stays = st.lists(entry(hotel=_titles, checkin=_dates, check_out=_dates, price=_price) | _odd, max_size=3)
_rides = st.lists(entry(type=_titles, departure_time=_dates, date=_dates, arrival=_times) | _odd, max_size=3)
_columns: Strategy = st.tuples(_schedules, _stays, _rides)
_styles: Strategy = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}])

_actions = st.sampled_from(["add", "update", "remove", "set_day", "shift"])
_steps = st.lists(st.tuples(_actions, st.sampled_from(sorted(LISTS)), st.integers(0, 9)), min_size=1, max_size=6)

NEW: dict[str, Any] = {
    "schedule_item": {"day_number": 2, "title": "new", "start_time": "10:00"},
    "stay": {"name": "new", "check_in": "2026-10-03", "check_out": "2026-10-05"},
    "transport": {"type": "new", "from": "A", "to": "B", "depart": "2026-10-03T10:00"},
}


def entries(desk: Desk, kind: str) -> dict[str, Any]:
    """The entries of a kind by place, read independently of the code under test."""
    whole: Any = desk.json(LISTS[kind], KYOTO)
    if kind != "schedule_item":
        return {f"#{at}": one for at, one in enumerate(whole, 1)}
    found: dict[str, Any] = {}
    for at, day in enumerate(days_of(whole), 1):
        items: Any = day.get("activities")
        listed = array(items) if isinstance(items, list) else [] if items in (None, {}) else [items]
        found |= {f"#{at}.{number}": item for number, item in enumerate(listed, 1)}
    return found


def exactly(value: Any) -> str:
    return json.dumps(value)


def assert_same(after: Iterable[Any], before: Iterable[Any]) -> None:
    assert sorted(map(exactly, after)) == sorted(map(exactly, before))


async def step(desk: Desk, action: str, kind: str, number: int) -> None:
    """Run an operation and check that it changed its entry and no other."""
    before = entries(desk, kind)
    if action == "add":
        (told,) = await desk.do(KYOTO, op(f"add_{kind}", **NEW[kind]))
        assert_same(entries(desk, kind).values(), [*before.values(), told["entry"]])
    elif action in {"update", "remove"} and before:
        place = list(before)[number % len(before)]
        await (update if action == "update" else remove)(desk, kind, place, before)
    elif action == "set_day":
        items = entries(desk, "schedule_item")
        await desk.do(KYOTO, op("set_day", day_number=number + 1, description=f"d{number}"))
        assert_same(entries(desk, "schedule_item").values(), items.values())
    elif action == "shift":
        await there_and_back(desk, number - 4)


async def update(desk: Desk, kind: str, place: str, before: dict[str, Any]) -> None:
    (told,) = await desk.do(KYOTO, op(f"update_{kind}", item_id=place, confirmation="c"))
    after = entries(desk, kind)
    assert after == before | {place: told["entry"]}
    kept = {key: one for key, one in fields(before[place]).items() if key != "confirmation_number"}
    assert exactly({key: told["entry"][key] for key in kept}) == exactly(kept)
    again = op(f"update_{kind}", item_id=told["item_id"], confirmation="x")
    if sum(told["item_id"] in own_ids(one) for one in after.values()) > 1:
        assert "Several entries" in await desk.fails(KYOTO, again)
    else:
        (by_id,) = await desk.do(KYOTO, again)
        assert by_id["entry"] == told["entry"] | {"confirmation_number": "x"}


async def remove(desk: Desk, kind: str, place: str, before: dict[str, Any]) -> None:
    (told,) = await desk.do(KYOTO, op(f"remove_{kind}", item_id=place))
    assert exactly(told.get("entry")) == exactly(before[place])
    assert_same(entries(desk, kind).values(), [one for at, one in before.items() if at != place])


async def there_and_back(desk: Desk, days: int) -> None:
    columns = ", ".join(LISTS.values())
    before = desk.sql(f"SELECT {columns} FROM trips_v2 WHERE trip_id = ?", KYOTO)
    start = f"2026-10-{13 + days:02}"
    await desk.do(KYOTO, op("update_dates", start_date=start, end_date="2026-12-01"))
    await desk.do(KYOTO, op("update_dates", start_date="2026-10-03", end_date="2026-10-12"))
    assert desk.sql(f"SELECT {columns} FROM trips_v2 WHERE trip_id = ?", KYOTO) == before


def test_operations_change_only_their_own_entry(tmp_path: Path) -> None:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(new_desk(tmp_path)) as desk:

        @settings(max_examples=campaigns.rounds(40, 1000), deadline=None)
        @given(columns=_columns, style=_styles, steps=_steps)
        def run(columns: Any, style: dict[str, Any], steps: Any) -> None:
            portal.call(run_steps, desk, [json.dumps(column, **style) for column in columns], steps)

        run()


async def run_steps(desk: Desk, texts: list[str], steps: list[tuple[str, str, int]]) -> None:
    values = ", ".join(f"{column} = ?" for column in LISTS.values())
    desk.sql(f"UPDATE trips_v2 SET {values}, start_date = ?, end_date = ? WHERE trip_id = ?", *texts, *PERIOD, KYOTO)
    for action, kind, number in steps:
        await step(desk, action, kind, number)
    await desk.call("refresh_trip_facts")
    assert await computed(desk.call) == expected(desk.connection)


_json: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)
_objects = st.dictionaries(st.text(max_size=3), _json, max_size=2)


@settings(max_examples=campaigns.rounds(80, 1500), deadline=None)
@given(value=_json, style=_styles, data=st.data())
def test_a_changed_value_is_written_whatever_it_was(value: Any, style: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value, **style)
    before: Any = shapes.load_json(text)
    if text.startswith("["):
        after: Any = [one for one in array(before) if data.draw(st.booleans())] + [data.draw(_json)]
    else:
        after = {key: one for key, one in fields(before).items() if data.draw(st.booleans())} | data.draw(_objects)
    assert exactly(json.loads(rewritten(text, before, after, [(after, before)]))) == exactly(after)


def test_duplicate_keys_and_the_form_of_numbers_stay_around_an_edit() -> None:
    text = '{"a": 1.00, "a" :2.50 , "list": [1e2, {"x": "\\u00e9"}, 3],\n"gone": 0 }'
    before = shapes.load_json(text)
    edited = {key: one for key, one in before.items() if key != "gone"} | {"list": [*before["list"], 4.5]}
    after = '{"a": 1.00, "a" :2.50 , "list": [1e2, {"x": "\\u00e9"}, 3, 4.5] }'
    assert rewritten(text, before, edited, [(edited["list"], before["list"])]) == after
