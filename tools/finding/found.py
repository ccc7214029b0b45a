"""Search for trips and clients: exactly, by all words, by some of them, or by spelling."""

from __future__ import annotations

from asyncio import gather
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from database import clients, trips
from database.search import clients_named
from tools.finding.identifiers import describe, exact_trips, is_id
from tools.finding.matching import (
    CLIENTS,
    TRIPS,
    Kind,
    Match,
    Why,
    is_close,
    spelled_like,
    with_all_words,
    with_some_words,
)
from tools.finding.namesakes import told_apart
from tools.finding.reading import Reading, read_query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from database.engine import Database, Row

Strategy = Literal["exact", "fuzzy", "broad"]

# Maximum number of trips, and of clients, in an answer.
RESULTS = 10

# Minimum number of words in a query for which an exact match of a trip ends the search.
FULL_NAME = 3

# Maximum number of trips, and of clients, suggested by spelling.
NEAREST = 3


@dataclass
class Matches:
    """The matching trips and clients, best first, without duplicates.

    `nearest` has the nearest by spelling if there are none, and `note` is a sentence for the message.
    """

    trips: list[Match] = field(default_factory=list[Match])
    clients: list[Match] = field(default_factory=list[Match])
    nearest: list[str] = field(default_factory=list[str])
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.trips or self.clients)

    def add(self, matching_trips: Iterable[Match], matching_clients: Iterable[Match]) -> None:
        """Append the matches that are not in the lists yet, up to RESULTS per list."""
        trip_ids = {match.row["trip_id"] for match in self.trips}
        client_ids = {match.row["client_id"] for match in self.clients}
        self.trips += [match for match in matching_trips if match.row["trip_id"] not in trip_ids]
        self.clients += [match for match in matching_clients if match.row["client_id"] not in client_ids]
        del self.trips[RESULTS:], self.clients[RESULTS:]

    @property
    def has_exact_trip(self) -> bool:
        return any(match.why is Why.EXACT for match in self.trips)

    @property
    def best(self) -> list[Match]:
        """The best matches, which are equally good: all trips, or all clients."""
        exact = [match for match in self.clients if match.why in {Why.EXACT, Why.EXACT_NAME}]
        if exact and not self.has_exact_trip:
            return exact
        if self.clients and (not self.trips or self.trips[0].other_dates or self.clients[0].why is Why.SPELLING):
            return self.clients
        return [match for match in self.trips if match.why.rank == self.trips[0].why.rank]


async def find(db: Database, query: str, strategy: Strategy, *, with_trips: bool = True) -> Matches:
    """Search for trips and clients. Digits match only a whole id or name.

    With `with_trips`, the trips of a client with the e-mail are found too.
    """
    reading = read_query(query)
    if strategy == "exact" or is_id(query) or reading.only_digits:
        return await _exact(db, query, with_trips=with_trips)
    searches = [_with_words(db, reading, with_all_words)]
    if strategy == "broad":
        searches.append(_with_words(db, reading, with_some_words))
    matches, found = await gather(_exact(db, query, with_trips=with_trips), gather(*searches))
    is_whole = len(reading.all_words) >= FULL_NAME or any(
        one.row["trip_slug"] == query.lower() for one in matches.trips
    )
    if strategy == "broad" or not (matches.has_exact_trip and is_whole):
        for some in found:
            matches.add(*some)
    if reading.when:
        _note_dates(matches, reading)
    if not matches:
        await _add_nearest(db, matches, reading, strategy)
    return matches


async def _exact(db: Database, wanted: str, *, with_trips: bool) -> Matches:
    """Find trips and clients by id, slug, exact name or e-mail, and the trips of a client found by e-mail."""
    exact, (known, theirs), same_name = await gather(
        exact_trips(db, wanted, RESULTS),
        _with_email(db, wanted, with_trips=with_trips),
        clients_named(db, wanted, RESULTS),
    )
    matches = Matches()
    matches.add(
        [*(Match(row, Why.EXACT) for row in exact), *(Match(row, Why.CLIENT) for row in theirs)],
        [*(Match(row, Why.EXACT) for row in known), *(Match(row, Why.EXACT_NAME) for row in same_name)],
    )
    return matches


async def _with_email(db: Database, wanted: str, *, with_trips: bool) -> tuple[list[Row], list[Row]]:
    """Find the clients with this e-mail, and the trips of the first one."""
    known = list((await clients.with_emails(db, [wanted])).values()) if "@" in wanted else []
    return known, await trips.of_client(db, known[0]["email"], RESULTS) if known and with_trips else []


async def _with_words(
    db: Database, reading: Reading, find: Callable[[Database, Kind, Reading], Awaitable[list[Match]]]
) -> tuple[list[Match], list[Match]]:
    """Find trips and clients by words."""
    return await gather(find(db, TRIPS, reading), find(db, CLIENTS, reading))


def _note_dates(matches: Matches, reading: Reading) -> None:
    """Leave out trips with other dates if anything fits better, or else say so."""
    fitting = [match for match in matches.trips if not match.other_dates]
    if fitting or any(not match.other_dates for match in matches.clients):
        matches.trips = fitting
    elif matches.trips:
        matches.note = f" No match is in {reading.when}: these trips have other dates."


async def _add_nearest(db: Database, matches: Matches, reading: Reading, strategy: Strategy) -> None:
    """Add the nearest by spelling to a broad search, or a single one that is clear; else only name them."""
    near_trips, near_clients = await spelled_like(db, reading.words, RESULTS, TRIPS, CLIENTS)
    if strategy == "broad":
        matches.add(near_trips[:NEAREST], near_clients[:NEAREST])
        return
    in_time = [match for match in near_trips if reading.when and reading.when.fits(match.row)] or near_trips
    close_trips = [match for match in in_time if is_close(reading.words, TRIPS, match.row)]
    close_clients = [match for match in near_clients if is_close(reading.words, CLIENTS, match.row)]
    if len(close_clients) == 1 or (len(close_trips) == 1 and not close_clients):
        matches.add(close_trips, close_clients)
        matches.note = " Nothing is spelled exactly so: this is the nearest by spelling."
        if reading.when and close_trips and in_time is near_trips:
            matches.note += f" It is not in {reading.when}."
    else:
        matches.nearest = [described(match) for match in (*near_trips[:NEAREST], *near_clients[:NEAREST])]


def described(match: Match, latest: Sequence[str] | None = None) -> str:
    """Return a match in one line, a client with the latest trips if these are given."""
    if "trip_id" in match.row:
        return describe(match.row) + (", other dates" if match.other_dates else "")
    return told_apart(match.row, latest)
