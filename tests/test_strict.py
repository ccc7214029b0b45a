"""The strict embedded engine of the tests: it refuses what the hosted engine refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from desk import seeded
from strict import strict_engine

from database.embedded import open_database
from database.engine import Statement
from database.errors import DatabaseError
from migrations.files import trusted

if TYPE_CHECKING:
    from pathlib import Path

    from database.embedded import EmbeddedDatabase

REFUSED = {
    "101 parameters": Statement(trusted("SELECT " + ", ".join(["?"] * 101)), [1] * 101),
    "a long statement": Statement(trusted("SELECT 1 -- " + "x" * 100_000)),
    "a compound of 6": Statement(trusted("SELECT 1" + " UNION ALL SELECT 1" * 5)),
    "a long pattern": Statement("SELECT 'x' LIKE ?", ["x" * 51]),
    "33 arguments": Statement(trusted("SELECT max(" + ", ".join(["1"] * 33) + ")")),
    "a large value": Statement("SELECT zeroblob(2000001)"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.sampled(2)
async def test_the_limits_of_the_hosted_engine_hold(db: EmbeddedDatabase, what: str) -> None:
    with pytest.raises(DatabaseError):
        await db.read(*REFUSED[what][:2])
    with pytest.raises(DatabaseError):
        await db.batch([REFUSED[what]])


async def test_a_number_is_bound_as_real_and_a_whole_one_returned_as_an_integer(db: EmbeddedDatabase) -> None:
    (row,) = await db.read("SELECT typeof(?1) AS kind, ?1 AS value, ?2 AS half", (7, 0.5))
    assert row == {"kind": "real", "value": 7, "half": 0.5}
    assert isinstance(row["value"], int)


async def test_an_engine_opened_otherwise_is_not_strict(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with strict_engine():
        pass
    async with await open_database(path) as db:
        assert await db.read("SELECT typeof(?) AS kind", (7,)) == [{"kind": "integer"}]
