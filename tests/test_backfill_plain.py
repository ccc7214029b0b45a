"""Most trips are backfilled as sets, with the same result as the reconciliation of each."""

from __future__ import annotations

import json
import random
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import raw
from indexing import assert_indexed
from oracle import assert_clean

from migrations import backfill
from migrations.files import SQL

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

EMAILS = ("ann@x.io", "bob@x.io", "Cem@x.io", "zoë@x.io", "nobody@x.io", " ann@x.io", "ANN@x.io")

ODD_LISTS = ("", "no list", '{"email":"ann@x.io"}', "[1, null]", '[{"email":"ann@x.io","role":7}]', '["bob@x.io"]')

ASSIGNMENTS = """
SELECT assignment_id, trip_id, client_email, client_role, iif(created_at LIKE '2020%', created_at, NULL)
FROM trip_client_assignments ORDER BY 1
"""

TABLES = (
    "SELECT trip_id, clients FROM trips_v2 ORDER BY 1",
    "SELECT trip_id, email FROM trip_client_unlinked ORDER BY 1, 2",
    "SELECT trip_id, raw_text, reason FROM trip_clients_quarantine ORDER BY 1, 2",
    "SELECT rowid, * FROM trip_search ORDER BY 1",
    "SELECT rowid, * FROM crowd_search ORDER BY 1",
    "SELECT * FROM search_spellings ORDER BY 1, 2",
    "SELECT trip_id, reason FROM facts_dirty ORDER BY 1, 2",
    ASSIGNMENTS,
)


def an_entry(draw: random.Random) -> Any:
    entry: dict[str, Any] = {"email": draw.choice(EMAILS[:4]), "role": draw.choice(["traveler", "payer"])}
    if draw.random() < 0.2:
        entry["assigned_at"] = "2020-05-06T07:08:09Z"
    if draw.random() < 0.2:
        entry["name"] = draw.choice(["Ann", "Mia", "naïve"])
    if draw.random() < 0.1:
        entry["email"] = draw.choice(EMAILS)
    if draw.random() < 0.1:
        entry.pop(draw.choice(["email", "role"]))
    return entry


def a_list(draw: random.Random) -> str:
    if draw.random() < 0.1:
        return draw.choice(ODD_LISTS)
    entries = [an_entry(draw) for _ in range(draw.choice([0, 1, 2, 3]))]
    return json.dumps(entries, indent=draw.choice([None, 1]), ensure_ascii=draw.choice([True, False]))


def fill(path: Path, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    with closing(raw.connect(path)) as connection:
        connection.executescript((SQL / "001_baseline.sql").read_text(encoding="utf-8"))
        connection.executemany("INSERT INTO clients_v2 (email, full_name) VALUES (?, 'A Name')", zip(EMAILS[:4]))
        connection.executemany(
            "INSERT INTO clients_v2 (email, full_name) VALUES (?, 'Of a Crowd')", [(f"c{n}@x.io",) for n in range(40)]
        )
        crowd = json.dumps([{"email": f"c{n}@x.io", "role": "traveler"} for n in range(40)])
        connection.executemany(
            "INSERT INTO trips_v2 (trip_name, start_date, end_date, clients) VALUES ('T', '2026-01-01', '', ?)",
            [(text,) for text in (crowd, *(a_list(draw) for _ in range(60)))],
        )


def content(connection: sqlite3.Connection) -> list[list[Any]]:
    return [[tuple(row) for row in connection.execute(sql)] for sql in TABLES]


@pytest.mark.parametrize("seed", range(3))
async def test_trips_backfilled_as_sets_are_like_reconciled_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    as_sets, one_by_one = tmp_path / "sets.db", tmp_path / "one.db"
    for path in (as_sets, one_by_one):
        fill(path, seed)
    await raw.migrate_file(as_sets)
    monkeypatch.setattr(backfill, "PLAIN_TRIPS", ())
    await raw.migrate_file(one_by_one)
    with closing(raw.connect(as_sets)) as one, closing(raw.connect(one_by_one)) as other:
        assert_clean(one)
        assert_indexed(one)
        # ids depend on the order in which the trips of a batch are reconciled
        *tables, assignments = content(one)
        *others, theirs = content(other)
        assert len(tables[0]) == 61
        assert tables == others
        assert sorted(row[1:] for row in assignments) == sorted(row[1:] for row in theirs)
