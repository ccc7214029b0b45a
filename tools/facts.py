"""Tools for the facts of trips: computed from what is stored, and kept until something changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from database import facts
from database.clock import now
from database.engine import write
from database.search import trips_with_words
from tools.answers.errors import InvalidInput, NotFound
from tools.answers.fact_models import (
    FactsPage,
    FactsStats,
    MarkArguments,
    Marked,
    QueryArguments,
    ReasonCount,
    RefreshArguments,
    Refreshed,
    StatsArguments,
    TripFacts,
)
from tools.answers.pages import Id, cursor_of, more_words, page_of, place_of
from tools.finding.identifiers import describe, exact_trips, nearest_trips, sought_in
from tools.tool import READS, Hints, Tool
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Collection

    from database.engine import Database, Row

# A trip's place among those that were asked for: its id.
PLACES = TypeAdapter(tuple[Id])

# Matches of words that are looked at.
CANDIDATES = 300

# Unknown ids that an error names; the rest are counted.
NAMED = 20

# Reasons that the statistics list.
REASONS = 20


async def query_trip_facts(db: Database, args: QueryArguments) -> FactsPage:
    filters = args.filters.model_dump(exclude_none=True) if args.filters else {}
    asked = {"query": args.query, "trip_ids": sorted(args.trip_ids or []), "filters": filters}
    place = place_of(args.cursor, asked, PLACES)
    wanted, note = await _wanted(db, args)
    rows = await facts.page(db, wanted, filters, place and place[0], args.limit + 1)
    page, more = page_of([_facts_of(row, args.return_fields) for row in rows], args.limit)
    total = await facts.count(db, wanted, filters)
    unknown = sorted(set(args.trip_ids) - await facts.known(db, args.trip_ids)) if args.trip_ids else []
    stale = sum(trip.stale for trip in page)
    return FactsPage(
        message=(
            f"Facts of {len(page)} of {total} trips; {stale or 'none'} of these are stale"
            f"{': refresh_trip_facts brings them up to date' if stale else ''}.{note}"
            f"{' No such trips: ' + _named(unknown) + '.' if unknown else ''}{more_words(more=more)}"
        ),
        trips=page,
        total=total,
        next_cursor=cursor_of((page[-1].trip_id,), asked) if more else None,
        unknown_trip_ids=unknown,
    )


async def _wanted(db: Database, args: QueryArguments) -> tuple[set[int] | None, str]:
    """The ids to read, None for all, and a note if the words matched more trips than are read."""
    if args.query is None:
        return (None if args.trip_ids is None else set(args.trip_ids)), ""
    words = sought_in(args.query)
    if not words:
        raise InvalidInput("query names no trip.", "Send a trip's id, slug or name, words of it, or no query.")
    ids = {int(row["trip_id"]) for row in await exact_trips(db, args.query, CANDIDATES)}
    ids = ids or set((await trips_with_words(db, words, CANDIDATES)).ids)
    if not ids:
        near = "; ".join(describe(row) for row in await nearest_trips(db, args.query))
        raise NotFound(
            f"No trip matches {args.query!r}.{f' Nearest by spelling: {near}.' if near else ''}",
            "Send the id or the name of a trip, other words, or no query to see all trips.",
        )
    many = f" Only the newest {CANDIDATES} matches are looked at: send more words." if len(ids) >= CANDIDATES else ""
    return (ids if args.trip_ids is None else ids & set(args.trip_ids)), many


def _facts_of(row: Row, fields: Collection[str] | None) -> TripFacts:
    reasons = [str(reason) for reason in shapes.load_for_answer(row["stale_reasons"])]
    asked = {name: value for name, value in row.items() if fields is None or name in fields}
    return TripFacts.model_validate(
        asked | {"trip_id": row["trip_id"], "stale": bool(reasons), "stale_reasons": reasons}
    )


async def refresh_trip_facts(db: Database, args: RefreshArguments) -> Refreshed:
    read = await facts.due(db, args.limit, args.trip_id, force=args.force_refresh)
    if args.trip_id is not None and not read and not await facts.known(db, [args.trip_id]):
        raise NotFound(
            f"There is no trip with the id {args.trip_id}.", "Send the id of a trip; get_anything finds it by words."
        )
    refreshed: set[int] = set()
    taken: set[int] = set()
    if read:
        refreshed, taken = await facts.refresh(db, read, now())
    gone = len(taken - refreshed)
    left = (await facts.totals(db))["stale"]
    return Refreshed(
        message=(
            f"Facts of {len(refreshed)} trips computed{f', {gone} trips that are gone forgotten' if gone else ''}; "
            f"{left or 'none'} left dirty{'' if refreshed or left else ': all are up to date'}."
        ),
        refreshed=len(refreshed),
        removed=gone,
        left_dirty=left,
    )


async def mark_facts_dirty(db: Database, args: MarkArguments) -> Marked:
    wanted = set(args.trip_ids)
    unknown = sorted(wanted - await facts.known(db, wanted))
    if unknown:
        raise NotFound(
            f"trip_ids holds ids of no trip: {_named(unknown)}; nothing was marked.", "Send the others without them."
        )
    rows = await write(db, facts.mark(wanted, args.reason, now()))
    already = len(wanted) - len(rows)
    return Marked(
        message=f"{len(rows)} trips marked as dirty, {already} were already.", marked=len(rows), already_dirty=already
    )


async def get_facts_stats(db: Database, _: StatsArguments) -> FactsStats:
    totals = dict(await facts.totals(db))
    reasons = await facts.reasons(db, REASONS)
    return FactsStats(
        message=(
            f"{totals['with_facts']} of {totals['trips']} trips have facts; {totals['stale'] or 'none'} are stale."
        ),
        without_facts=totals["trips"] - totals["with_facts"],
        dirty_by_reason=[ReasonCount(reason=str(row["reason"]), rows=row["rows"]) for row in reasons],
        **totals,
    )


def _named(ids: list[int]) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(map(str, ids[:NAMED])) + more


TOOLS = [
    Tool(
        name="query_trip_facts",
        title="Query facts of trips",
        description=(
            "Computed facts of trips: nights, hotels, activities, cost, transit, travelers. Says which are stale. "
            "Filters of nights, cost and travelers pass over trips without facts."
        ),
        group="facts",
        hints=READS,
        input=QueryArguments,
        output=FactsPage,
        run=query_trip_facts,
    ),
    Tool(
        name="refresh_trip_facts",
        title="Compute facts of trips",
        description="Compute facts that are out of date or missing, longest waiting first.",
        group="facts",
        hints=Hints(idempotent=True),
        input=RefreshArguments,
        output=Refreshed,
        run=refresh_trip_facts,
    ),
    Tool(
        name="mark_facts_dirty",
        title="Mark facts as out of date",
        description="Queue trips for refresh_trip_facts.",
        group="facts",
        hints=Hints(idempotent=True),
        input=MarkArguments,
        output=Marked,
        run=mark_facts_dirty,
    ),
    Tool(
        name="get_facts_stats",
        title="Count facts and what is out of date",
        description="How many trips have facts, how many are stale, and why.",
        group="facts",
        hints=READS,
        input=StatsArguments,
        output=FactsStats,
        run=get_facts_stats,
    ),
]
