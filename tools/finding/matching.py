"""Ranked search for trips and clients by words, best match first, with the reason for each match."""

from __future__ import annotations

from asyncio import gather
from dataclasses import dataclass
from enum import Enum
from itertools import chain, combinations
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from database import search
from database.quoting import as_word
from database.scripts import consonants, is_unspaced, lacks_vowels, latin_forms, spelled
from database.spelling import words_like
from tools.finding.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from database.engine import Database, Row

# Candidates per query, newest first, so that the cost does not grow with the number of matches.
CANDIDATES = 20

# Maximum words that a partial match considers, and maximum words for which it tries all pairs.
PARTIAL_WORDS, PAIRED_WORDS = 8, 5

# Minimum similarity (0 to 1) between a word and its correction, and maximum corrections per word.
MIN_SIMILARITY, MAX_CORRECTIONS = 0.6, 3

# Minimum length of a word that spelling correction considers.
MIN_LETTERS = 3

# Number of leading criteria of the ranking by which worse matches are left out.
EXTRA = 2

# Number of letters by which a word may differ from its correction to be taken for it, if it is longer than MIN_LETTERS.
CLOSE = 1

# Minimum average similarity (0 to 1) between the words of a query and a suggestion.
MIN_LIKENESS = 0.5


class Find(Protocol):
    """Finds the ids of the rows that match each query, newest first; see `search.trips_found`."""

    def __call__(
        self, db: Database, queries: Sequence[search.Query], limit: int, *, if_full: Sequence[search.Query] = ()
    ) -> Awaitable[list[list[int]]]: ...


@dataclass(frozen=True)
class Kind:
    """A kind of search target: trips or clients."""

    id: str
    name: str
    # Maps each place where a word can be found, best first, to its column.
    places: Mapping[str, str]
    # Columns to search, best matches first.
    tiers: Sequence[search.Columns]
    # Columns that may identify it.
    own: search.Columns
    # Columns searched for corrected words.
    spelled: search.Columns
    find: Find
    fetch: Callable[[Database, Sequence[int]], Awaitable[list[Row]]]


TRIPS = Kind(
    id="trip_id",
    name="trip_name",
    places={
        "name": "trip_name",
        "destinations": "destinations",
        "group": "group_name",
        "clients": "travelers",
        "role": "roles",
    },
    tiers=(search.TRIP_NAME, search.OF_THE_TRIP, search.ANYWHERE),
    own=search.OF_THE_TRIP,
    spelled=search.OF_THE_TRIP,
    find=search.trips_found,
    fetch=search.trips_with_ids,
)

CLIENTS = Kind(
    id="client_id",
    name="full_name",
    places={"name": "full_name", "e-mail": "email"},
    tiers=(search.CLIENT_NAME, search.ANYWHERE),
    own=search.CLIENT_NAME,
    spelled=search.CLIENT_NAME,
    find=search.clients_found,
    fetch=search.clients_with_ids,
)


class Why(Enum):
    """A reason for a match; a lower rank is a better match."""

    EXACT = ("exact", 0)
    EXACT_NAME = ("exact name", 0)
    CLIENT = ("client", 1)
    WORDS_IN_NAME = ("words in name", 1)
    ALL_WORDS = ("all words", 2)
    SOME_WORDS = ("some words", 3)
    SPELLING = ("spelling", 4)

    def __init__(self, text: str, rank: int) -> None:
        self.text = text
        self.rank = rank


class Match(NamedTuple):
    """A trip or client and why it matched. `places` describes where the words are, if all were found.

    `other_dates` is True if the trip's dates are not those of the query.
    """

    row: Row
    why: Why
    places: str = ""
    other_dates: bool = False

    @property
    def reason(self) -> str:
        return (self.places or self.why.text) + (", other dates" if self.other_dates and "trip_id" in self.row else "")


async def with_all_words(db: Database, kind: Kind, reading: Reading) -> list[Match]:
    """Find the trips or clients that contain all words, best match first.

    If some also have the dates and the other words of the query, those without are left out.
    """
    words = reading.words
    all_terms = await search.prefix_terms(db, reading.all_words)
    terms, strict = all_terms[: len(words)], [search.all_of(kind.own, all_terms)] if reading.extra else []
    wholes = [search.whole_term(word) for word in words]
    *better, any_place = [search.all_of(tier, some) for tier in kind.tiers for some in (wholes, terms)]
    windows = reading.when.windows if reading.when and kind is TRIPS else ()
    (widest, *best), dated, crowded = await gather(
        kind.find(db, [any_place, *strict], CANDIDATES, if_full=better),
        search.trips_dated(db, any_place, windows, CANDIDATES),
        search.crowded_trips(db, search.ANYWHERE, terms if kind is TRIPS else []),
    )
    sure = [*dated.ids, *chain(*best[: len(strict)])]
    ids = list(dict.fromkeys([*sure, *chain(*best[len(strict) :]), *widest, *crowded.ids]))[: CANDIDATES + len(sure)]
    return await _ranked(db, kind, reading, dict.fromkeys(ids, frozenset(words)), crowded.ids)


async def with_some_words(db: Database, kind: Kind, reading: Reading) -> list[Match]:
    """Find matches for any single word, any pair (of at most PAIRED_WORDS words), all words but one, or all words."""
    words = reading.words
    terms = dict(zip(words[:PARTIAL_WORDS], await search.prefix_terms(db, words[:PARTIAL_WORDS]), strict=True))
    alone = await _with_each(db, kind, [frozenset({word}) for word in terms], terms)
    there = list(dict.fromkeys(word for some in alone.values() for word in some))
    sizes = {len(there), len(there) - 1, 2 if len(there) <= PAIRED_WORDS else 0}
    sets = [frozenset(some) for size in sizes if size > 1 for some in combinations(there, size)]
    together = await _with_each(db, kind, sets, terms) if sets else {}
    having = {one: alone.get(one, frozenset()) | together.get(one, frozenset()) for one in {**together, **alone}}
    best = sorted(having, key=lambda one: (-len(having[one]), -one))[:CANDIDATES]
    return await _ranked(db, kind, Reading(list(words)), {one: having[one] for one in best}, ())


async def _with_each(
    db: Database, kind: Kind, sets: Sequence[frozenset[str]], terms: Mapping[str, search.Term]
) -> dict[int, frozenset[str]]:
    """Find the rows that contain all words of at least one set; map each id to the words found."""
    queries = [search.all_of(search.ANYWHERE, (terms[word] for word in some)) for some in sets]
    having: dict[int, frozenset[str]] = {}
    for some, ids in zip(sets, await kind.find(db, queries, CANDIDATES), strict=True):
        for one in ids:
            having[one] = having.get(one, frozenset()) | some
    return having


async def _ranked(
    db: Database, kind: Kind, reading: Reading, having: Mapping[int, Collection[str]], crowd: Collection[int]
) -> list[Match]:
    """Rank by the number of words found, then by where they were found, whole words over prefixes, latest change."""
    rows = await kind.fetch(db, list(having))
    rows.sort(key=lambda row: (str(row["updated_at"]), row[kind.id]), reverse=True)
    ranked: list[tuple[tuple[int, ...], Match]] = []
    words = reading.words
    for row in rows:
        had = [word for word in words if word in having[row[kind.id]]]
        hidden = "clients" if row[kind.id] in crowd else "notes"
        texts = {place: str(row[column] or "") for place, column in kind.places.items()}
        tokens = {place: _tokens(text) for place, text in texts.items()}
        seen = [_seen(word, texts, tokens) or Seen(hidden, hidden, whole=True) for word in had]
        match = _complete(row, kind, seen) if len(had) == len(words) else Match(row, Why.SOME_WORDS)
        begun = sum(not one.whole for one in seen)
        aside = any(one.place in {"role", "notes"} for one in seen)
        spoken = {word for word in reading.extra if (place := _seen(word, texts, tokens)) and place.place != "role"}
        in_time = _in_time(row, kind, reading, spoken)
        match = match._replace(other_dates=not in_time)
        extra = (not in_time, not spoken.issuperset(reading.fillers))
        late = bool(kind is TRIPS and reading.when and not reading.when.begins(row))
        ranked.append(((*extra, len(words) - len(had), match.why.rank, aside, late, begun), match))
    ranked.sort(key=lambda one: one[0])
    return [match for key, match in ranked if key[:EXTRA] == ranked[0][0][:EXTRA]]


def _in_time(row: Row, kind: Kind, reading: Reading, spoken: set[str]) -> bool:
    """Return True if the query names no dates, or the trip has these dates or their words."""
    if reading.when is None or (reading.dated and spoken.issuperset(reading.dated)):
        return True
    return kind is TRIPS and reading.when.fits(row)


class Seen(NamedTuple):
    """A place where a word was found, and the word there. `whole` is False if that word only starts with the word."""

    place: str
    word: str
    whole: bool


def _seen(word: str, texts: Mapping[str, str], tokens: Mapping[str, Sequence[str]]) -> Seen | None:
    """Find the best place that has the whole word, or else a longer word that starts with it."""
    wanted = search.folded(word)
    if "@" in wanted or is_unspaced(word):
        return next((Seen(place, wanted, whole=True) for place in texts if wanted in search.folded(texts[place])), None)
    forms = {wanted, *map(search.folded, latin_forms(word))}
    whole = next((Seen(place, wanted, whole=True) for place in tokens if forms.intersection(tokens[place])), None)
    if whole or not search.may_begin(word):
        return whole
    begun = ((place, token) for place in tokens for token in tokens[place] if token.startswith(tuple(forms)))
    return next((Seen(place, token, whole=False) for place, token in begun), None)


def _tokens(text: str) -> list[str]:
    """Split a text into words and their forms in Latin letters; apostrophes are both separators and absent."""
    if not text.isascii():
        text = f"{text} {' '.join(form for word in search.words_in(text) for form in latin_forms(word)[1:])}"
    whole = search.words_in(search.folded(text))
    if "'" not in text and "\u2019" not in text:
        return whole
    return [*search.words_in(search.folded(text.replace("'", " ").replace("\u2019", " "))), *whole]


def _complete(row: Row, kind: Kind, seen: Sequence[Seen]) -> Match:
    """Return the match for a row in which all words were found."""
    places = [place for place in (*kind.places, "notes") if place != "role" and any(one.place == place for one in seen)]
    roles = dict.fromkeys(f"role {as_word(one.word)}" for one in seen if one.place == "role")
    why = Why.WORDS_IN_NAME if places == ["name"] and not roles else Why.ALL_WORDS
    return Match(row, why, ", ".join([*([f"words in {' and '.join(places)}"] if places else []), *roles]))


async def spelled_like(db: Database, words: Sequence[str], limit: int, *kinds: Kind) -> list[list[Match]]:
    """Find, for each kind, matches with words spelled like these, most similar first."""
    corrections = await _corrections(
        db, [word for word in words[:PARTIAL_WORDS] if len(word) >= MIN_LETTERS and search.may_begin(word)]
    )
    terms = [search.any_of(some) for some in corrections if some]
    if not terms:
        return [[] for _ in kinds]
    return await gather(*(_with_corrections(db, kind, words, terms, limit) for kind in kinds))


async def _with_corrections(
    db: Database, kind: Kind, words: Sequence[str], terms: Sequence[search.Term], limit: int
) -> list[Match]:
    """Find matches for as many corrected words as possible, most similar first."""
    sizes = sorted({len(terms), max(len(terms) - 1, 1), 1}, reverse=True)
    queries = [search.all_of(kind.spelled, some) for size in sizes for some in combinations(terms, size)]
    ids = dict.fromkeys(chain(*await kind.find(db, queries, CANDIDATES)))
    rows = await kind.fetch(db, list(ids)[:CANDIDATES])
    scored = [(_likeness(words, kind, row), row) for row in rows]
    scored.sort(key=lambda one: (one[0], fuzz.WRatio(" ".join(words), str(one[1][kind.name]))), reverse=True)
    return [Match(row, Why.SPELLING) for likeness, row in scored if likeness >= MIN_LIKENESS][:limit]


async def _corrections(db: Database, words: Sequence[str]) -> list[list[str]]:
    """Return, for each word, the indexed words that it may be a misspelling of, most similar first."""
    found: list[list[str]] = []
    for word, known in zip(words, await words_like(db, words), strict=True):
        alike = process.extract(
            spelled(word),
            {one: spelled(one) for one in known},
            scorer=OSA.normalized_similarity,
            score_cutoff=MIN_SIMILARITY,
            limit=MAX_CORRECTIONS,
        )
        sounding = [one for one in known if _sounds_like(word, one)][:MAX_CORRECTIONS]
        found.append(list(dict.fromkeys([*(one for _, _, one in alike), *sounding])))
    return found


def _sounds_like(word: str, other: str) -> bool:
    """Return True for two words with the same consonants, one of which is written without vowels."""
    return (lacks_vowels(word) or lacks_vowels(other)) and consonants(word) == consonants(other)


def is_close(words: Iterable[str], kind: Kind, row: Row) -> bool:
    """Return True if each word differs in at most one letter from a word of the row."""
    tokens = _words_of(kind, row)
    return all(any(_is_close(word, token) for token in tokens) for word in words)


def _is_close(word: str, other: str) -> bool:
    wrong = CLOSE if len(word) > MIN_LETTERS else 0
    return _sounds_like(word, other) or OSA.distance(spelled(word), spelled(other)) <= wrong


def _words_of(kind: Kind, row: Row) -> list[str]:
    return [token for column in kind.places.values() for token in _tokens(str(row[column] or ""))]


def _likeness(words: Iterable[str], kind: Kind, row: Row) -> float:
    """Return the average, over the words, of each word's similarity to the most similar word of the row."""
    tokens = _words_of(kind, row)
    scores = [max((_similarity(word, token) for token in tokens), default=0.0) for word in words]
    return sum(scores) / len(scores)


def _similarity(word: str, other: str) -> float:
    return 1.0 if _sounds_like(word, other) else OSA.normalized_similarity(spelled(word), spelled(other))
