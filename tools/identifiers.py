"""Which trip is meant. A guess is never made: one match, or an error that names the candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process, utils

from database import trips
from database.search import trips_with_words, words_in
from tools.bounds import shortened
from tools.errors import Ambiguous, InvalidInput, NotFound, Question

if TYPE_CHECKING:
    from database.engine import Database, Row

# Candidates that an error names.
SHOWN = 5

# How many trips are compared by spelling when nothing matched, the latest changed first.
SPELLED = 5_000

# Longest number that can be an id: SQLite's integers have 63 bits.
MAX_ID = 2**63 - 1

_LINKING = {"and", "the", "trip", "to", "of", "for", "with"}


def words_of(text: str) -> list[str]:
    """The words to look for; linking words count only where there is nothing else."""
    words = words_in(text)
    return [word for word in words if word not in _LINKING] or words


async def resolve_trip(db: Database, identifier: str, argument: str = "trip_identifier") -> Row:
    """The one trip that is meant: by id, slug, exact name, then words of name, destinations, clients and group.

    Digits are an id, or else an exact name, and never part of one. `argument` is what the call calls it.
    Raises InvalidInput for a blank, Ambiguous where several match, NotFound where none does.
    """
    wanted = identifier.strip()
    if not words_of(wanted):
        raise InvalidInput(
            f"{argument} {wanted!r} names no trip.", "Send a trip's id, its slug, its name, or words of its name."
        )
    found = await exact_trips(db, wanted)
    if not found and not wanted.isdecimal():
        words = words_of(wanted)
        found = await trips_with_words(db, words, len(words), SHOWN + 1)
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(
            f"{_count(found)} trips match {wanted!r}: {'; '.join(describe(row) for row in found[:SHOWN])}.",
            f"Send the id of the one that is meant as {argument}.",
            Question("Which trip is meant?", argument, {str(row["trip_id"]): describe(row) for row in found[:SHOWN]}),
        )
    raise await _not_found(db, wanted)


async def exact_trips(db: Database, wanted: str) -> list[Row]:
    """The trips that the words name exactly: all of the first kind that has any."""
    if wanted.isdecimal() and wanted.isascii() and int(wanted) <= MAX_ID:
        return await trips.with_id(db, int(wanted)) or await trips.with_name(db, wanted)
    return await trips.with_slug(db, wanted.lower()) or await trips.with_name(db, wanted)


async def nearest_trips(db: Database, wanted: str, limit: int = 3) -> list[Row]:
    """The trips whose names are spelled most alike, best first."""
    known = await trips.recent_names(db, SPELLED)
    names = [str(row["trip_name"]) for row in known]
    matches = process.extract(
        wanted, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=limit, score_cutoff=60
    )
    return [known[index] for _, _, index in matches]


def describe(row: Row) -> str:
    name = shortened(str(row["trip_name"]), 100)
    return f"id {row['trip_id']} {name!r} ({row['start_date']} to {row['end_date']}, {row['status']})"


async def _not_found(db: Database, wanted: str) -> NotFound:
    near = await nearest_trips(db, wanted)
    hint = f" Nearest by spelling: {'; '.join(describe(row) for row in near)}." if near else ""
    return NotFound(
        f"No trip matches {wanted!r}.{hint}",
        "Send the id or the exact name of a trip; get_anything finds trips by words.",
    )


def _count(found: list[Row]) -> str:
    return f"More than {SHOWN}" if len(found) > SHOWN else str(len(found))
