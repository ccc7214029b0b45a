"""Ranked matches of a query, each with the reason why it matched."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from database import search
from database.spelling import words_like

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from database.engine import Database, Row

# The newest that match in one way are looked at; how many more there are costs nothing.
SEEN = 20

# Words of which only some have to match; pairs are tried of the first few of them.
SOME, PAIRED = 8, 5

# How much alike two words are that may be meant for each other, of 1; and words that one may be meant for.
ALIKE, MEANT = 0.6, 3

# Letters of the shortest word that is taken for a misspelt one.
SPELLED = 3

# How much alike what is suggested is to all words, on the average.
SUGGESTED = 0.5


@dataclass(frozen=True)
class Kind:
    """The kind of record searched for: trips or clients."""

    id: str
    name: str
    # The places in which a word can be, the best first, and the columns that hold them.
    places: Mapping[str, str]
    # What is searched, the best matches first.
    tiers: Sequence[str]
    # Where the words of names are.
    named: str
    find: Callable[[Database, Sequence[str], int], Awaitable[list[list[int]]]]
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
    tiers=("{name}", search.OF_THE_TRIP, search.ANYWHERE),
    named=search.OF_THE_TRIP,
    find=search.trips_found,
    fetch=search.trips_with_ids,
)

CLIENTS = Kind(
    id="client_id",
    name="full_name",
    places={"name": "full_name", "e-mail": "email"},
    tiers=("{full_name}", search.ANYWHERE),
    named="{full_name}",
    find=search.clients_found,
    fetch=search.clients_with_ids,
)


class Match(NamedTuple):
    """A trip or a client, and why it matched."""

    row: Row
    why: str


def goodness(why: str) -> int:
    """The rank of a match with this reason; lower is better."""
    first = why.split(" ", maxsplit=1)[0]
    if why == "words in name":
        return 1
    return {"exact": 0, "client": 1, "words": 2, "role": 2, "some": 3}.get(first, 4)


async def with_all_words(db: Database, kind: Kind, words: Sequence[str]) -> list[Match]:
    terms = await search.terms_of(db, words)
    (ids,) = await kind.find(db, [search.every(kind.tiers[-1], terms)], SEEN)
    if len(ids) == SEEN:
        wholes = [search.whole(word) for word in words]
        better = await kind.find(
            db, [search.every(tier, some) for tier in kind.tiers for some in (wholes, terms)], SEEN
        )
        ids = list(chain(*better))
    crowd = (await search.crowded_trips(db, search.ANYWHERE, terms)).ids if kind is TRIPS else []
    ids = list(dict.fromkeys([*ids, *crowd]))[:SEEN]
    return await _ranked(db, kind, words, dict.fromkeys(ids, frozenset(words)), crowd)


async def with_some_words(db: Database, kind: Kind, words: Sequence[str]) -> list[Match]:
    """Matches of some of the words: all but one, or two of a few words."""
    terms = dict(zip(words[:SOME], await search.terms_of(db, words[:SOME]), strict=True))
    alone = await _with_each(db, kind, [frozenset({word}) for word in terms], terms)
    there = list(dict.fromkeys(word for some in alone.values() for word in some))
    sizes = {len(there), len(there) - 1, 2 if len(there) <= PAIRED else 0}
    sets = [frozenset(some) for size in sizes if size > 1 for some in combinations(there, size)]
    together = await _with_each(db, kind, sets, terms) if sets else {}
    having = {one: alone.get(one, frozenset()) | together.get(one, frozenset()) for one in {**together, **alone}}
    best = sorted(having, key=lambda one: (-len(having[one]), -one))[:SEEN]
    return await _ranked(db, kind, words, {one: having[one] for one in best}, ())


async def _with_each(
    db: Database, kind: Kind, sets: Sequence[frozenset[str]], terms: Mapping[str, str]
) -> dict[int, frozenset[str]]:
    """Matches of all words of one of the sets, with the words matched."""
    queries = [search.every(search.ANYWHERE, (terms[word] for word in some)) for some in sets]
    having: dict[int, frozenset[str]] = {}
    for some, ids in zip(sets, await kind.find(db, queries, SEEN), strict=True):
        for one in ids:
            having[one] = having.get(one, frozenset()) | some
    return having


async def _ranked(
    db: Database, kind: Kind, words: Sequence[str], having: Mapping[int, Collection[str]], crowd: Collection[int]
) -> list[Match]:
    """All words in the name before all words anywhere, before some; whole words first, then what was changed last."""
    rows = await kind.fetch(db, list(having))
    rows.sort(key=lambda row: (str(row["updated_at"]), row[kind.id]), reverse=True)
    ranked: list[tuple[tuple[int, ...], Match]] = []
    for row in rows:
        had = [word for word in words if word in having[row[kind.id]]]
        hidden = "clients" if row[kind.id] in crowd else "notes"
        texts = {place: str(row[column] or "") for place, column in kind.places.items()}
        tokens = {place: _tokens(text) for place, text in texts.items()}
        seen = [_seen(word, texts, tokens) or Seen(hidden, hidden, whole=True) for word in had]
        why = _why(kind, seen) if len(had) == len(words) else "some words"
        begun = sum(not one.whole for one in seen)
        aside = any(one.place in {"role", "notes"} for one in seen)
        ranked.append(((len(words) - len(had), goodness(why), aside, begun), Match(row, why)))
    return [match for _, match in sorted(ranked, key=lambda one: one[0])]


class Seen(NamedTuple):
    """The place of a word: the column, the word there, and whether it is the whole word."""

    place: str
    word: str
    whole: bool


def _seen(word: str, texts: Mapping[str, str], tokens: Mapping[str, Sequence[str]]) -> Seen | None:
    """The best place of a word: one that has it whole, or else one that has a word that it begins."""
    wanted = search.folded(word)
    if "@" in wanted:
        return next((Seen(place, wanted, whole=True) for place in texts if wanted in search.folded(texts[place])), None)
    whole = next((Seen(place, wanted, whole=True) for place in tokens if wanted in tokens[place]), None)
    if whole or not search.may_begin(word):
        return whole
    begun = ((place, token) for place in tokens for token in tokens[place] if token.startswith(wanted))
    return next((Seen(place, token, whole=False) for place, token in begun), None)


def _tokens(text: str) -> list[str]:
    """The words of a text, and those that it has without its apostrophes."""
    whole = search.words_in(search.folded(text))
    if "'" not in text and "\u2019" not in text:
        return whole
    return [*search.words_in(search.folded(text.replace("'", " ").replace("\u2019", " "))), *whole]


def _why(kind: Kind, seen: Sequence[Seen]) -> str:
    places = [place for place in (*kind.places, "notes") if place != "role" and any(one.place == place for one in seen)]
    roles = dict.fromkeys(f"role {one.word}" for one in seen if one.place == "role")
    return ", ".join([*([f"words in {' and '.join(places)}"] if places else []), *roles])


async def spelled_like(db: Database, words: Sequence[str], limit: int, *kinds: Kind) -> list[list[Match]]:
    """Matches of words spelled like these, the most similar first, by kind."""
    meant = await _meant(db, [word for word in words[:SOME] if len(word) >= SPELLED and search.may_begin(word)])
    terms = [f"({' OR '.join(map(search.whole, some))})" for some in meant if some]
    return [await _with_meant(db, kind, words, terms, limit) if terms else [] for kind in kinds]


async def _with_meant(db: Database, kind: Kind, words: Sequence[str], terms: Sequence[str], limit: int) -> list[Match]:
    """Matches of most of the words that may be meant."""
    sizes = sorted({len(terms), max(len(terms) - 1, 1), 1}, reverse=True)
    queries = [search.every(kind.named, some) for size in sizes for some in combinations(terms, size)]
    ids = dict.fromkeys(chain(*await kind.find(db, queries, SEEN)))
    rows = await kind.fetch(db, list(ids)[:SEEN])
    scored = [(_likeness(words, kind, row), row) for row in rows]
    scored.sort(key=lambda one: (one[0], fuzz.WRatio(" ".join(words), str(one[1][kind.name]))), reverse=True)
    return [Match(row, "spelling") for likeness, row in scored if likeness >= SUGGESTED][:limit]


async def _meant(db: Database, words: Sequence[str]) -> list[list[str]]:
    """For each word those of names that it may be meant for, the most alike first."""
    found: list[list[str]] = []
    for word, known in zip(words, await words_like(db, words), strict=True):
        alike = process.extract(
            search.folded(word),
            {one: search.folded(one) for one in known},
            scorer=OSA.normalized_similarity,
            score_cutoff=ALIKE,
            limit=MEANT,
        )
        found.append([one for _, _, one in alike])
    return found


def _likeness(words: Iterable[str], kind: Kind, row: Row) -> float:
    """The average similarity of the words to their nearest words in the row."""
    tokens = [token for column in kind.places.values() for token in _tokens(str(row[column] or ""))]
    scores = [
        max((OSA.normalized_similarity(search.folded(word), token) for token in tokens), default=0.0) for word in words
    ]
    return sum(scores) / len(scores)
