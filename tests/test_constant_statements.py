"""The number of statements of a call does not grow with the number of clients in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk import EMPTY, op, seeded
from fact_oracle import watched_desk

from tools import bulk

if TYPE_CHECKING:
    from pathlib import Path


async def test_assigning_and_unassigning_many_takes_as_many_statements_as_two(tmp_path: Path) -> None:
    counts: dict[int, list[int]] = {}
    for many in (2, 200):
        path = seeded(tmp_path / f"{many}.db")
        async with watched_desk(path, tools=[bulk.TOOL]) as (desk, seen):
            taken: list[int] = []
            for operations in (
                [op("assign_client", email=f"p{n}@x.io", full_name="One Name") for n in range(many)],
                [op("assign_client", email=f"q{n}@x.io", full_name=f"Q {n}") for n in range(many)],
                [op("assign_client", full_name=f"R {n}") for n in range(many)],
                [op("unassign_client", email=f"p{n}@x.io") for n in range(many)],
            ):
                before = len(seen.statements)
                sent: dict[str, Any] = {"trip_identifier": EMPTY, "operations": operations, "atomic": True}
                assert (await desk.call("bulk_trip_operations", **sent))["success"]
                taken.append(len(seen.statements) - before)
            counts[many] = taken
    assert counts[200] == counts[2]
