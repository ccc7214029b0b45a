"""A check finds every kind of damage on the right trip, and nothing else; a repair fixes it and can be undone."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import campaigns
import oracle
import pytest
import raw
from damage import FEW, TRIPS, Damage, Trip, damage, filled_file
from damages import CONTENT
from engines import any_recursion, is_hosted, open_database
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from schema_damages import ALTERED, BY_HAND, SCHEMA

from database.errors import DatabaseUnavailable
from migrations.check import CheckReport, check
from migrations.proof import digest, schema_fingerprint
from migrations.repair import apply_repair
from migrations.undo import undo_repair

if TYPE_CHECKING:
    from damage import Finding

    from database.engine import Database

# For each kind of damage, the number of its own trip with two clients, far apart from the others.
PLACES = {one.name: number * 37 * 4 + 2 for number, one in enumerate([*CONTENT, *BY_HAND, *SCHEMA])}

# The kinds of damage to the content in groups of six, or one by one in the long form.
AT_ONCE = campaigns.rounds(6, 1)
GROUPS = [list(CONTENT[start : start + AT_ONCE]) for start in range(0, len(CONTENT), AT_ONCE)]

BY_NAME = {one.name: one for one in [*CONTENT, *SCHEMA]}

SECTIONS = {
    "unlinked": "unlinked",
    "orphan": "orphans",
    "schema": "faults",
    "not_indexed": "faults",
    "foreign_key": "faults",
    "primary_client": "faults",
    "slug_missing": "faults",
    "slug_double": "faults",
}


def sections(findings: list[Finding]) -> dict[str, list[str]]:
    """The findings by section of the report, in a canonical order."""
    parts: dict[str, list[str]] = {"drift": [], "unlinked": [], "quarantined": [], "orphans": [], "faults": []}
    for finding in findings:
        parts[SECTIONS.get(finding["kind"], "drift")].append(json.dumps(finding, sort_keys=True))
    return {name: sorted(part) for name, part in parts.items()}


def reported(report: CheckReport) -> dict[str, list[str]]:
    return {name: sorted(json.dumps(one, sort_keys=True) for one in getattr(report, name)) for name in sections([])}


async def agreed(db: Database, path: Path) -> CheckReport:
    """Run a check and return its report, after comparing its drift with the oracle's."""
    report = await check(db)
    with closing(raw.connect(path)) as connection:
        found = {(one["kind"], one["trip_id"], one.get("email"), one.get("role")) for one in report.drift}
        assert found == oracle.drift(connection)
    return report


def damaged(path: Path, *damages: tuple[Damage, Trip], trips: int = TRIPS) -> dict[str, list[str]]:
    """Create a database with this damage, and return the findings that a check must report."""
    with closing(raw.connect_file(filled_file(path, trips))) as connection:
        damage(connection, *damages)
    return sections([finding for one, trip in damages for finding in one.findings(trip)])


async def assert_found_repaired_and_undone(path: Path, *damages: tuple[Damage, Trip], trips: int = FEW) -> None:
    wanted = damaged(path, *damages, trips=trips)
    by_hand = sections([finding for one, trip in damages if one.by_hand for finding in one.findings(trip)])["faults"]
    async with await open_database(path) as db:
        assert reported(await agreed(db, path)) == wanted
        before = await digest(db), await schema_fingerprint(db)
        mended = await apply_repair(db)
        assert_repaired(await agreed(db, path), by_hand)
        if mended.run_id is None:
            assert wanted == sections([]) | {"unlinked": wanted["unlinked"], "faults": by_hand}
            assert (await digest(db), await schema_fingerprint(db)) == before
            return
    async with await open_database(path, foreign_keys=False) as db:
        if is_hosted() and "orphan" in mended.changed:
            with pytest.raises(DatabaseUnavailable, match="moved orphaned rows"):
                await undo_repair(db, mended.run_id, with_orphans=False)
            return
        assert (await undo_repair(db, mended.run_id))["changed_since"] == 0
        assert (await digest(db), await schema_fingerprint(db)) == before
        again = reported(await agreed(db, path))
        assert without_leftovers(again) == without_leftovers(wanted)
    async with await open_database(path) as db:
        assert_repaired((await apply_repair(db)).after, by_hand)
        assert (await apply_repair(db)).run_id is None


def assert_repaired(after: CheckReport, by_hand: list[str]) -> None:
    assert (after.consistent, after.clean) == (True, not by_hand)
    assert reported(after)["faults"] == by_hand


def without_leftovers(report: dict[str, list[str]]) -> dict[str, list[str]]:
    """The report without what an undone repair leaves behind: quarantined texts and indexed unlinked entries."""
    faults = [fault for fault in report["faults"] if json.loads(fault)["kind"] != "not_indexed"]
    return {**report, "quarantined": [], "faults": faults}


def anywhere(one: Damage) -> Trip:
    """A trip with two clients; each kind of damage gets a different trip."""
    return Trip(PLACES[one.name] % TRIPS)


@pytest.mark.parametrize("one", [*CONTENT, *BY_HAND, *ALTERED], ids=str)
@pytest.mark.sampled(4)
async def test_a_check_finds_the_damage_among_many_trips_and_nothing_else(tmp_path: Path, one: Damage) -> None:
    path = tmp_path / "voygen.db"
    wanted = damaged(path, (one, anywhere(one)))
    async with await open_database(path) as db:
        report = await agreed(db, path)
    assert reported(report) == wanted
    assert (report.trips, report.consistent) == (TRIPS, not wanted["drift"] and not wanted["orphans"])


@any_recursion
@pytest.mark.parametrize("some", GROUPS, ids=lambda some: " + ".join(map(str, some)))
@pytest.mark.sampled(2)
async def test_damage_to_the_content_is_repaired_and_the_repair_is_undone(tmp_path: Path, some: list[Damage]) -> None:
    damages = [(one, Trip(6 + 4 * number)) for number, one in enumerate(some)]
    await assert_found_repaired_and_undone(tmp_path / "voygen.db", *damages)


@pytest.mark.parametrize("one", SCHEMA, ids=str)
@pytest.mark.sampled(8)
async def test_damage_to_the_schema_is_repaired_and_the_repair_is_undone(tmp_path: Path, one: Damage) -> None:
    await assert_found_repaired_and_undone(tmp_path / "voygen.db", (one, Trip(6)))


async def test_all_kinds_of_damage_at_once_are_found_repaired_and_undone(tmp_path: Path) -> None:
    damages = [(one, anywhere(one)) for one in [*CONTENT, BY_HAND[0], *ALTERED[:4]]]
    assert len({trip for _, trip in damages}) == len(damages)
    await assert_found_repaired_and_undone(tmp_path / "voygen.db", *damages, trips=TRIPS)


@settings(max_examples=campaigns.rounds(4, 100), deadline=None)
@given(
    names=st.lists(st.sampled_from(sorted(BY_NAME)), min_size=2, max_size=2, unique=True),
    numbers=st.lists(st.integers(0, TRIPS // 4 - 2).map(lambda n: n * 4 + 2), min_size=2, max_size=2, unique=True),
)
async def test_two_kinds_of_damage_at_once_are_found_repaired_and_undone(names: list[str], numbers: list[int]) -> None:
    one, two = (BY_NAME[name] for name in names)
    assume(not set(of_schema(one)) & set(of_schema(two)))
    with tempfile.TemporaryDirectory() as folder:
        damages = zip((one, two), map(Trip, numbers), strict=True)
        await assert_found_repaired_and_undone(Path(folder) / "voygen.db", *damages, trips=TRIPS)


def of_schema(one: Damage) -> list[str]:
    """The names of the schema objects that the damage changes."""
    return [str(finding["name"]) for finding in one.findings(Trip(6)) if finding["kind"] == "schema"]
