"""Resolve a trip identifier to exactly one trip, or raise an error that lists the candidates."""

from __future__ import annotations

import re
from asyncio import gather
from typing import TYPE_CHECKING

from database import clients, trips
from database.listing import travelers
from database.quoting import as_word, in_quotes
from database.search import (
    CROWD,
    OF_THE_TRIP,
    Matches,
    Term,
    all_of,
    crowded_trips,
    prefix_terms,
    trips_called,
    trips_dated,
    trips_found,
    trips_named,
    trips_with_emails,
    trips_with_ids,
)
from tools.answers.errors import Ambiguous, InvalidInput, NotFound, Question
from tools.finding.matching import TRIPS, spelled_like
from tools.finding.reading import Reading, read_query, search_words

if TYPE_CHECKING:
    from database.engine import Database, Row

# Number of candidates listed in an error.
CANDIDATES_SHOWN = 5

# Number of travelers listed with each candidate.
TRAVELERS_SHOWN = 2

# Largest id: SQLite's integers are signed 64-bit.
MAX_ID = 2**63 - 1

# An id, also as models dress it up: `#2`, `"2"`, `[2]`, `trip 2`. With the word "id" it can't be a name.
_FRILLS = r"[\s\"'`\[\](){}#:=,;]*"
_ID = re.compile(rf"{_FRILLS}(trip)?[\s_]*(id)?{_FRILLS}([0-9]+){_FRILLS}", re.IGNORECASE)


async def resolve_trip(db: Database, identifier: str, argument: str = "trip_identifier") -> Row:
    """Find one trip by id, slug, exact name, or words in its name, destinations, clients and group, in that order.

    Digits match a whole id or name, never part of one. `argument` is the argument's name, for errors.
    Raises InvalidInput if there are no words, Ambiguous if several trips match, or NotFound if none does.
    """
    wanted = identifier.strip()
    reading = read_query(wanted)
    if not reading.words:
        raise InvalidInput(
            f"{argument} {in_quotes(wanted)} has no words to search for.",
            "Send a trip's id, slug, name, or words from its name.",
        )
    found, all_seen = await exact_trips(db, wanted), True
    if not found and not reading.only_digits:
        found, all_seen = await _of_client(db, wanted), True
    if not found and not reading.only_digits:
        found, all_seen = await trips_with_words(db, reading, CANDIDATES_SHOWN + 1)
    if len(found) == 1 and all_seen:
        return found[0]
    if found:
        prefix = "id " if wanted.isdecimal() else ""
        choices = {f"{prefix}{key}": words for key, words in (await _choices(db, found[:CANDIDATES_SHOWN])).items()}
        raise Ambiguous(
            f"{_count(found)} {in_quotes(wanted)}: {'; '.join(choices.values())}.",
            f"Ask the user which one, then send its id as {argument}"
            + (f", written as in {in_quotes(next(iter(choices)))}." if prefix else "."),
            Question("Which trip do you mean?", argument, choices),
        )
    raise await _not_found(db, wanted, reading)


async def trips_with_words(db: Database, reading: Reading, limit: int) -> tuple[list[Row], bool]:
    """Find the trips with every word in the name, destinations, group, or travelers' names or e-mails, newest first.

    Those that have the filler words too are preferred. Dates in the query must be the trip's, or part of its name.
    Also return True if there are no more.
    """
    terms = await prefix_terms(db, reading.all_words)
    few = terms[: len(reading.words)]
    attempts = [[*few, *terms[len(few) : len(few) + len(reading.fillers)]], few] if reading.fillers else [few]
    spoken = terms[len(few) + len(reading.fillers) :]
    for found in await gather(*(_with_terms(db, reading, some, spoken, limit) for some in attempts)):
        if found.ids:
            return await trips_with_ids(db, found.ids), found.all_seen
    return [], True


async def _with_terms(db: Database, reading: Reading, terms: list[Term], spoken: list[Term], limit: int) -> Matches:
    """Find the trips with all terms, and with the dates of the query or its words for them."""
    emails = [word for word in reading.words if "@" in word]
    looked = max(limit, CROWD) if emails else limit
    query, when = all_of(OF_THE_TRIP, terms), reading.when
    (ids,), dated, crowded = await gather(
        trips_found(db, [all_of(OF_THE_TRIP, [*terms, *spoken]) if spoken else query], looked),
        trips_dated(db, query, when.windows if when else (), looked),
        crowded_trips(db, OF_THE_TRIP, terms),
    )
    if when and not spoken:
        ids = []
    crowd = [row["trip_id"] for row in await trips_with_ids(db, crowded.ids) if not when or when.fits(row)]
    found = sorted({*ids, *dated.ids, *crowd}, reverse=True)
    for email in emails:
        found = await trips_with_emails(db, found, email)
    all_seen = crowded.all_seen and dated.all_seen and len(ids) < looked and len(found) < limit
    return Matches(found[:limit], all_seen=all_seen)


async def _choices(db: Database, found: list[Row]) -> dict[str, str]:
    """Map each trip's id to a description with the trip's first travelers."""
    names: dict[int, list[str]] = {}
    for row in await travelers(db, [row["trip_id"] for row in found], TRAVELERS_SHOWN):
        names.setdefault(row["trip_id"], []).append(in_quotes(row["full_name"], 60))
    return {str(row["trip_id"]): describe(row) + _with(names.get(row["trip_id"], [])) for row in found}


def _with(names: list[str]) -> str:
    return f" with {', '.join(names)}" if names else ""


def is_id(text: str) -> bool:
    """Return True for an id, also as models dress it up. It never matches part of a name."""
    return bool(_ID.fullmatch(text))


async def exact_trips(db: Database, wanted: str, limit: int = CANDIDATES_SHOWN + 1) -> list[Row]:
    """Find trips by id, slug, exact name or folded name, whichever matches first.

    Digits that are one trip's id and another trip's name return both trips. `id 2` matches only the id.
    """
    if (found := _ID.fullmatch(wanted)) and (number := int(found[3])) <= MAX_ID:
        if found[2]:
            return await trips.with_id(db, number)
        by_id, called, named = await gather(
            trips.with_id(db, number), trips_called(db, wanted, limit), trips_named(db, wanted, limit)
        )
        others = called if by_id else named
        return [*by_id, *(row for row in others if row["trip_id"] != number)]
    with_slug, named = await gather(trips.with_slug(db, wanted.lower()), trips_named(db, wanted, limit))
    return with_slug or named


async def _of_client(db: Database, wanted: str) -> list[Row]:
    """Find the trips of the client with this e-mail."""
    known = await clients.with_emails(db, [wanted]) if "@" in wanted else {}
    return [
        trip for client in known.values() for trip in await trips.of_client(db, client["email"], CANDIDATES_SHOWN + 1)
    ]


async def nearest_trips(db: Database, wanted: str, limit: int = 3) -> list[Row]:
    """Find the trips with the most similar spelling, best first."""
    (near,) = await spelled_like(db, search_words(wanted), limit, TRIPS)
    return [match.row for match in near]


def describe(row: Row) -> str:
    period = f"{as_word(row['start_date'])} to {as_word(row['end_date'])}"
    return f"id {row['trip_id']} {in_quotes(row['trip_name'])} ({period}, {as_word(row['status'])})"


async def _not_found(db: Database, wanted: str, reading: Reading) -> NotFound:
    if reading.when:
        others, _ = await trips_with_words(db, Reading(reading.words), CANDIDATES_SHOWN)
        if others:
            return NotFound(
                f"No trip matches {in_quotes(wanted)} in {reading.when}. With other dates: "
                f"{'; '.join(describe(row) for row in others)}.",
                "Ask the user whether one of these is meant, then send its id.",
            )
    near = await nearest_trips(db, wanted)
    hint = f" Nearest by spelling: {'; '.join(describe(row) for row in near)}." if near else ""
    return NotFound(
        f"No trip matches {in_quotes(wanted)}.{hint}",
        "Send the id or the exact name of a trip; get_anything finds trips by words.",
    )


def _count(found: list[Row]) -> str:
    if len(found) == 1:
        return "At least 1 trip matches"
    return f"{f'More than {CANDIDATES_SHOWN}' if len(found) > CANDIDATES_SHOWN else len(found)} trips match"
