"""Resolves a trip identifier. Never guesses: one match, or an error that lists the candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import clients, trips
from database.listing import travelers
from database.search import emails_in, trips_named, trips_with_ids, trips_with_words, words_in
from tools.answers.bounds import shortened
from tools.answers.errors import Ambiguous, InvalidInput, NotFound, Question
from tools.finding.matching import TRIPS, spelled_like

if TYPE_CHECKING:
    from database.engine import Database, Row

# Candidates that an error names.
CANDIDATES_SHOWN = 5

# Travelers that say which trip it is.
NAMED = 2

# Longest number that can be an id: SQLite's integers have 63 bits.
MAX_ID = 2**63 - 1

_LINKING = {"and", "the", "trip", "to", "of", "for", "with", "in", "on", "at", "from", "by", "a", "an"}


def words_of(text: str) -> list[str]:
    """The words to look for; linking words count only where there is nothing else."""
    words = list(dict.fromkeys(words_in(text)))
    return [word for word in words if word not in _LINKING] or words


def sought_in(text: str) -> list[str]:
    """The words to look for as `words_of` gives them, but e-mails whole."""
    emails, rest = emails_in(text)
    words = words_of(rest)
    return [*dict.fromkeys(emails), *(word for word in words if not emails or word not in _LINKING)]


async def resolve_trip(db: Database, identifier: str, argument: str = "trip_identifier") -> Row:
    """The one trip that is meant: by id, slug, exact name, then words of name, destinations, clients and group.

    Digits are an id, or else an exact name, and never part of one. `argument` is what the call calls it.
    Raises InvalidInput for a blank, Ambiguous where several match, NotFound where none does.
    """
    wanted = identifier.strip()
    if not sought_in(wanted):
        raise InvalidInput(
            f"{argument} {wanted!r} names no trip.", "Send a trip's id, its slug, its name, or words of its name."
        )
    found, all_seen = await exact_trips(db, wanted), True
    if not found and not wanted.isdecimal():
        found, all_seen = await _of_client(db, wanted), True
    if not found and not wanted.isdecimal():
        matches = await trips_with_words(db, sought_in(wanted), CANDIDATES_SHOWN + 1)
        found, all_seen = await trips_with_ids(db, matches.ids), matches.all_seen
    if len(found) == 1 and all_seen:
        return found[0]
    if found:
        choices = await _choices(db, found[:CANDIDATES_SHOWN])
        raise Ambiguous(
            f"{_count(found)} {wanted!r}: {'; '.join(choices.values())}.",
            f"Ask the person which one, then send its id as {argument}.",
            Question("Which trip is meant?", argument, choices),
        )
    raise await _not_found(db, wanted)


async def _choices(db: Database, found: list[Row]) -> dict[str, str]:
    """Each trip by its id, as a person knows it: with who travels."""
    names: dict[int, list[str]] = {}
    for row in await travelers(db, [row["trip_id"] for row in found], NAMED):
        names.setdefault(row["trip_id"], []).append(shortened(str(row["full_name"]), 60))
    return {str(row["trip_id"]): describe(row) + _with(names.get(row["trip_id"], [])) for row in found}


def _with(names: list[str]) -> str:
    return f" with {', '.join(names)}" if names else ""


async def exact_trips(db: Database, wanted: str, limit: int = CANDIDATES_SHOWN + 1) -> list[Row]:
    """The trips that the words name exactly: those of the first kind that has any, id, slug, name, folded name."""
    if wanted.isdecimal() and wanted.isascii() and int(wanted) <= MAX_ID:
        return await trips.with_id(db, int(wanted)) or await trips_named(db, wanted, limit)
    return await trips.with_slug(db, wanted.lower()) or await trips_named(db, wanted, limit)


async def _of_client(db: Database, wanted: str) -> list[Row]:
    """The trips of the client who has this e-mail."""
    known = await clients.with_emails(db, [wanted]) if "@" in wanted else {}
    return [
        trip for client in known.values() for trip in await trips.of_client(db, client["email"], CANDIDATES_SHOWN + 1)
    ]


async def nearest_trips(db: Database, wanted: str, limit: int = 3) -> list[Row]:
    """The trips whose words are spelled most alike, best first."""
    (near,) = await spelled_like(db, sought_in(wanted), limit, TRIPS)
    return [match.row for match in near]


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
    if len(found) == 1:
        return "At least 1 trip matches"
    return f"{f'More than {CANDIDATES_SHOWN}' if len(found) > CANDIDATES_SHOWN else len(found)} trips match"
