"""Tools for trip facts, which are computed from stored data and cached until the data changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from database import facts, guests
from database.clock import now
from database.quoting import in_quotes
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
from tools.finding.identifiers import describe, exact_trips, nearest_trips, trips_with_words
from tools.finding.reading import read_query
from tools.tool import READS, Hints, Tool
from tools.trip import shapes

if TYPE_CHECKING:
    from collections.abc import Collection

    from database.engine import Database, Row

# The position of a trip in the list: its id.
PLACES = TypeAdapter(tuple[Id])

# Maximum number of matching trips that a query by words uses.
CANDIDATES = 300

# Number of unknown ids listed in an error; the rest are counted.
IDS_SHOWN = 20

# Number of reasons listed in the statistics.
REASONS_SHOWN = 20


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
    unreadable = list(await guests.unreadable(db, [trip.trip_id for trip in page]))
    note += (
        f" A client list of these trips could not be read, so people may be missing: {_named(unreadable)}; "
        "get_anything says where its text is."
        if unreadable
        else ""
    )
    return FactsPage(
        message=(
            f"Facts of {len(page)} of {total} trips; {stale or 'none'} of these are stale"
            f"{': update them with refresh_trip_facts' if stale else ''}.{note}"
            f"{' No such trips: ' + _named(unknown) + '.' if unknown else ''}{more_words(more=more)}"
        ),
        trips=page,
        total=total,
        next_cursor=cursor_of((page[-1].trip_id,), asked) if more else None,
        unknown_trip_ids=unknown,
    )


async def _wanted(db: Database, args: QueryArguments) -> tuple[set[int] | None, str]:
    """Return the ids to read (None for all), and a note if the words matched more trips than are used."""
    if args.query is None:
        return (None if args.trip_ids is None else set(args.trip_ids)), ""
    reading = read_query(args.query)
    if not reading.words:
        raise InvalidInput(
            "query has no words to search for.", "Send a trip's id, slug, name or words from its name, or omit query."
        )
    ids = {int(row["trip_id"]) for row in await exact_trips(db, args.query, CANDIDATES)}
    ids = ids or {int(row["trip_id"]) for row in (await trips_with_words(db, reading, CANDIDATES))[0]}
    if not ids:
        near = "; ".join(describe(row) for row in await nearest_trips(db, args.query))
        raise NotFound(
            f"No trip matches {in_quotes(args.query)}.{f' Nearest by spelling: {near}.' if near else ''}",
            "Send the id or the name of a trip, or other words, or omit query to see all trips.",
        )
    many = f" Only the newest {CANDIDATES} matches are used: send more words." if len(ids) >= CANDIDATES else ""
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
            f"There is no trip with the id {args.trip_id}.", "Send the id of a trip; get_anything finds trips by words."
        )
    refreshed: set[int] = set()
    taken: set[int] = set()
    if read:
        refreshed, taken = await facts.refresh(db, read, now())
    gone = len(taken - refreshed)
    removed = f", {gone} deleted trips removed from the queue" if gone else ""
    left = (await facts.totals(db))["stale"]
    return Refreshed(
        message=(
            f"Facts of {len(refreshed)} trips computed{removed}; "
            f"{left or 'none'} still dirty{'' if refreshed or left else ': all are up to date'}."
        ),
        refreshed=len(refreshed),
        removed=gone,
        left_dirty=left,
    )


async def mark_facts_dirty(db: Database, args: MarkArguments) -> Marked:
    wanted = set(args.trip_ids)
    unknown = sorted(wanted - await facts.known(db, wanted))
    if unknown:
        raise NotFound(f"trip_ids contains unknown ids: {_named(unknown)}; nothing was marked.", "Send the other ids.")
    marked = await facts.mark_and_count(db, wanted, args.reason, now())
    already = len(wanted) - marked
    return Marked(
        message=f"{marked} trips marked as dirty, {already} already were.", marked=marked, already_dirty=already
    )


async def get_facts_stats(db: Database, _: StatsArguments) -> FactsStats:
    totals = dict(await facts.totals(db))
    reasons = await facts.reasons(db, REASONS_SHOWN)
    return FactsStats(
        message=(
            f"{totals['with_facts']} of {totals['trips']} trips have facts; {totals['stale'] or 'none'} are stale."
        ),
        without_facts=totals["trips"] - totals["with_facts"],
        dirty_by_reason=[ReasonCount(reason=str(row["reason"]), rows=row["rows"]) for row in reasons],
        **totals,
    )


def _named(ids: list[int]) -> str:
    more = f" and {len(ids) - IDS_SHOWN} more" if len(ids) > IDS_SHOWN else ""
    return ", ".join(map(str, ids[:IDS_SHOWN])) + more


TOOLS = [
    Tool(
        name="query_trip_facts",
        title="Query trip facts",
        description=(
            "Get computed trip facts: nights, hotels, activities, cost, transit, travelers; stale ones are marked. "
            "Filters on nights, cost and travelers skip trips without facts."
        ),
        group="facts",
        hints=READS,
        input=QueryArguments,
        output=FactsPage,
        run=query_trip_facts,
    ),
    Tool(
        name="refresh_trip_facts",
        title="Compute trip facts",
        description="Compute stale or missing facts, longest waiting first.",
        group="facts",
        hints=Hints(idempotent=True),
        input=RefreshArguments,
        output=Refreshed,
        run=refresh_trip_facts,
    ),
    Tool(
        name="mark_facts_dirty",
        title="Mark facts as stale",
        description="Queue trips for refresh_trip_facts.",
        group="facts",
        hints=Hints(idempotent=True),
        input=MarkArguments,
        output=Marked,
        run=mark_facts_dirty,
    ),
    Tool(
        name="get_facts_stats",
        title="Show facts statistics",
        description="Count trips with facts and stale facts, by reason.",
        group="facts",
        hints=READS,
        input=StatsArguments,
        output=FactsStats,
        run=get_facts_stats,
    ),
]
