"""The digest of both stores depends on their content, but not on the way in which it is stored."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import campaigns
import pytest
import raw
from damage import past_the_triggers
from desk import seeded, voygen
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from database.embedded import open_database
from migrations.check import check
from migrations.proof import digest, record_proof, schema_fingerprint

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

# The trips' JSON by id, and the assignments: trip, email, role, creation time.
Content: TypeAlias = tuple[dict[int, Any], list[tuple[Any, ...]]]

ENTRY: dict[str, Any] = {"email": "a@x.io", "role": "guide", "k": {"seat": ["a", 1, 2.5, None, True], "é": "東京"}}

LISTS: dict[int, Any] = {
    1: json.dumps([ENTRY, 7]),
    2: "[]",
    3: '[{"a": 1, "a": 2}, 1.10, 1e400]',
    4: "[{",
    5: 7,
    6: b"[]",
}

ROWS: list[tuple[Any, ...]] = [
    (1, "a@x.io", "guide", "2026-01-01"),
    (1, "a@x.io", "payer", "2026-01-01"),
    (2, "b@x.io", None, None),
]


ADD_TRIP = "INSERT INTO trips_v2 (trip_id, trip_name, clients, start_date, end_date) VALUES (?, 'N', ?, '', '')"

ADD_ROW = "INSERT INTO trip_client_assignments (trip_id, client_email, client_role, created_at) VALUES (?, ?, ?, ?)"


async def digest_of(lists: dict[int, Any], rows: list[tuple[Any, ...]], *, vacuum: bool = False) -> str:
    """The digest of a database with this content, written in this order."""
    with tempfile.TemporaryDirectory() as folder:
        path = raw.new_file(Path(folder) / "voygen.db")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            with past_the_triggers(connection):
                connection.executemany(ADD_TRIP, lists.items())
                connection.executemany(ADD_ROW, rows)
            if vacuum:
                connection.execute("DELETE FROM clients_v2")
                connection.execute("VACUUM")
        async with await open_database(path) as db:
            return await digest(db)


async def test_the_order_of_rows_and_a_vacuum_do_not_change_the_digest() -> None:
    first = await digest_of(LISTS, ROWS)
    assert await digest_of(dict(reversed(LISTS.items())), ROWS[::-1]) == first
    assert await digest_of(LISTS, ROWS, vacuum=True) == first


async def test_white_space_and_the_order_of_keys_do_not_change_the_digest() -> None:
    first = await digest_of(LISTS, ROWS)
    backwards = {key: ENTRY[key] for key in reversed(ENTRY)}
    for text in (json.dumps([backwards, 7], indent=2), json.dumps([ENTRY, 7], separators=(",", ":")), "\n" + LISTS[1]):
        assert await digest_of({**LISTS, 1: text}, ROWS) == first


@pytest.mark.parametrize(
    ("trip", "value"),
    [
        (1, json.dumps([7, ENTRY])),
        (1, json.dumps([ENTRY, "7"])),
        (1, json.dumps([ENTRY])),
        (1, json.dumps([ENTRY | {"K": 1}, 7])),
        (3, '[{"a": 2, "a": 2}, 1.10, 1e400]'),
        (3, '[{"a": 2, "a": 1}, 1.10, 1e400]'),
        (3, '[{"a": 2}, 1.10, 1e400]'),
        (3, '[{"a": 1, "a": 2}, 1.11, 1e400]'),
        (3, '[{"a": 1, "a": 2}, 1.10, 1e500]'),
        (3, '[{"a": 1, "a": 2}, {"number": "1.10"}, 1e400]'),
        (3, '[{"object": [["a", 1], ["a", 2]]}, 1.10, 1e400]'),
        (4, "[{ "),
        (4, "[" * 100_000),
        (5, 8),
        (5, b"7"),
        (6, "[]"),
        (6, "b'[]'"),
        (6, "bytes b'[]'"),
        (7, "[]"),
    ],
)
@pytest.mark.sampled(3)
async def test_any_change_to_a_list_changes_the_digest(trip: int, value: object) -> None:
    assert await digest_of({**LISTS, trip: value}, ROWS) != await digest_of(LISTS, ROWS)


@pytest.mark.parametrize("value", [*ROWS[0]])
async def test_any_change_to_an_assignment_changes_the_digest(value: object) -> None:
    row = tuple(f"{part}0" if part == value else part for part in ROWS[0])
    assert await digest_of(LISTS, [row, *ROWS[1:]]) != await digest_of(LISTS, ROWS)
    assert await digest_of(LISTS, ROWS[1:]) != await digest_of(LISTS, ROWS)


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
_scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | _texts
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=4,
)
_contents = st.tuples(
    st.dictionaries(st.integers(1, 4), st.lists(_values, max_size=3), max_size=3),
    st.lists(st.tuples(st.integers(1, 4), _texts, _texts, _texts), max_size=3, unique_by=lambda row: row[:3]),
)


@settings(max_examples=campaigns.rounds(10, 200), deadline=None)
@given(one=_contents, other=_contents, shuffle=st.randoms(use_true_random=False))
async def test_two_databases_have_the_same_digest_if_and_only_if_their_content_is_equal(
    one: Content, other: Content, shuffle: random.Random
) -> None:
    def written(content: Content, dump: Callable[[Any], str], order: Callable[[list[Any]], None]) -> Any:
        items, rows = list(content[0].items()), list(content[1])
        order(items)
        order(rows)
        return {trip: dump(_shuffled(value, order)) for trip, value in items}, rows

    plain = await digest_of(*written(one, json.dumps, lambda _: None))
    spaced = written(
        one, lambda value: json.dumps(value, indent=1, ensure_ascii=False).encode().decode(), shuffle.shuffle
    )
    assert await digest_of(*spaced) == plain
    assume(_said(one) != _said(other))
    assert await digest_of(*written(other, json.dumps, lambda _: None)) != plain


def _shuffled(value: Any, order: Callable[[list[Any]], None]) -> Any:
    """The value with the keys of its objects reordered."""
    if isinstance(value, list):
        return [_shuffled(item, order) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    items = list(cast("dict[str, Any]", value).items())
    order(items)
    return {key: _shuffled(item, order) for key, item in items}


def _said(content: Content) -> tuple[str, list[Any]]:
    return json.dumps(content[0], sort_keys=True), sorted(content[1])


async def test_a_proof_is_stored_and_printed(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    plain = json.loads(voygen("check", "--db", path, "--json").stdout)
    done = voygen("check", "--db", path, "--record", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    proof = report.pop("proof")
    assert report == plain
    async with await open_database(path) as db:
        expected = {"digest": await digest(db), "schema_fingerprint": await schema_fingerprint(db)}
        known = {"trips": 3, "assignments": 2, "drift": 0, "phase": "dual_write", **expected}
        assert {key: proof[key] for key in known} == known
        assert [dict(row) for row in await db.read("SELECT * FROM proof_records")] == [{"proof_id": 1, **proof}]
    assert (
        f"in phase dual_write, epoch {proof['epoch']}\nDigest {proof['digest']}\n"
        in voygen("check", "--db", path, "--record").stdout
    )
    with closing(raw.connect(path)) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT digest) FROM proof_records").fetchone() == (2, 1)


async def test_a_proof_counts_the_drift_that_was_found(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, past_the_triggers(connection):
        connection.execute("UPDATE trips_v2 SET clients = '[]' WHERE trip_id = 1")
        connection.execute("INSERT INTO trip_client_assignments (trip_id, client_email) VALUES (99, 'ana@example.net')")
    async with await open_database(path) as db:
        assert (await record_proof(db, await check(db))).drift == 2
    assert voygen("check", "--db", path, "--record").returncode == 1
