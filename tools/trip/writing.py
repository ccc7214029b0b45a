"""Change trips optimistically: read them, write the result in one batch, and retry after a concurrent change."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING

from database import assignments, clients, documents, guests, payments, slugs, trips
from database.clock import now
from database.errors import GuardFailed
from database.later import Later
from database.linking import link_waiting
from tools.answers.committing import commit
from tools.answers.errors import Conflict
from tools.answers.guests import unreadable_notes
from tools.finding.people import Directory
from tools.trip.draft import TripDraft
from tools.trip.itinerary.whole import Itinerary
from tools.trip.ledger import Ledger
from tools.trip.papers import Papers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from database.engine import Database, Statement
    from tools.answers.committing import A
    from tools.finding.people import ClientReference

# Maximum attempts at a write if concurrent changes keep interfering. Each failed attempt means that another call
# succeeded, so up to this many calls can change one trip at once without an error.
TRIES = 100


async def rewrite_trip(
    db: Database,
    trip_id: int,
    change: Callable[[TripDraft], None],
    answer: Callable[[TripDraft], Awaitable[A]],
) -> A:
    """Change one trip as `rewrite_trips` does, without looking up clients."""

    def change_it(drafts: Sequence[TripDraft]) -> bool:
        change(drafts[0])
        return True

    return await rewrite_trips(db, [trip_id], [], change_it, lambda drafts: answer(drafts[0]))


async def rewrite_trips(  # noqa: PLR0913 - the parts of a change
    db: Database,
    trip_ids: Sequence[int],
    concerned: Sequence[ClientReference],
    change: Callable[[Sequence[TripDraft]], bool],
    answer: Callable[[Sequence[TripDraft]], Awaitable[A]],
    *,
    with_itinerary: bool = False,
    with_money: bool = False,
    with_documents: bool = False,
) -> A:
    """Apply `change` to drafts of the trips, write them in one batch if it returns True, and return the answer.

    Each attempt calls `change` with fresh drafts, and then `answer`. `concerned` lists the clients that `change` may
    look up. The drafts have the itinerary only if `with_itinerary` is true, because it may be large, and a ledger only
    if `with_money` is, and its documents only if `with_documents` is.
    """
    for _ in range(TRIES):
        drafts = await _drafts(
            db,
            trip_ids,
            concerned,
            with_itinerary=with_itinerary,
            with_money=with_money,
            with_documents=with_documents,
        )
        changed = [draft for draft in drafts if draft.changed] if change(drafts) else []
        if not changed:
            return await answer(drafts)
        await _find_slugs(db, changed)
        directory = changed[0].directory
        statements = list(_batch(changed))
        statements += await link_waiting(db, [*directory.emails, *directory.created])
        try:
            return await commit(db, statements, await answer(drafts), drafts[0].later)
        except GuardFailed:
            continue
    words = f"Trip {trip_ids[0]}" if len(trip_ids) == 1 else f"The {len(trip_ids)} trips"
    raise Conflict(f"{words} kept changing while this call tried to write.", "Send the call again.")


async def _drafts(  # noqa: PLR0913 - what to read
    db: Database,
    trip_ids: Sequence[int],
    concerned: Sequence[ClientReference],
    *,
    with_itinerary: bool,
    with_money: bool,
    with_documents: bool,
) -> list[TripDraft]:
    named = any(who.name or who.concerns_guests for who in concerned)
    known = _known_to_sql(concerned)
    directory, (read, columns, papers), on_trips, unreadable, ledgers, of_known = await gather(
        Directory.load(db, concerned),
        gather(
            gather(*(trips.editable(db, trip_id) for trip_id in trip_ids)),
            trips.itinerary(db, trip_ids if with_itinerary else []),
            _papers(db, trip_ids if with_documents else []),
        ),
        guests.on_trips(db, trip_ids) if named else guests.on_small_trips(db, trip_ids),
        unreadable_notes(db, trip_ids),
        _ledgers(db, trip_ids if with_money else []),
        gather(*(assignments.of_references(db, trip_id, *known) for trip_id in trip_ids if known)),
    )
    if deleted := [trip_id for trip_id, row in zip(trip_ids, read, strict=True) if row is None]:
        raise Conflict(f"Trip {deleted[0]} has been deleted.", "Send another trip_identifier.")
    travelers = (
        of_known
        if known
        else await gather(*(assignments.of_clients(db, trip_id, directory.emails) for trip_id in trip_ids))
    )
    later, moment = Later(), now()
    return [
        TripDraft(
            row,
            of_trip,
            directory,
            moment,
            guests=[guest for guest in on_trips if guest["trip_id"] == row["trip_id"]],
            later=later,
            unreadable=unreadable.get(row["trip_id"], ""),
            itinerary=Itinerary.of(columns.get(row["trip_id"]), row["start_date"]),
            ledger=ledgers.get(row["trip_id"]),
            papers=papers.get(row["trip_id"], Papers()),
        )
        for row, of_trip in zip(read, travelers, strict=True)
        if row is not None
    ]


def _known_to_sql(concerned: Sequence[ClientReference]) -> tuple[list[str], list[int]] | None:
    """Return the folded e-mails and the ids, or None if SQL can't find all the clients by these alone."""
    emails = {clients.fold(who.email) for who in concerned if who.email}
    by_these = all(who.email or who.client_id for who in concerned) and all(email.isascii() for email in emails)
    return (sorted(emails), sorted({who.client_id for who in concerned if who.client_id})) if by_these else None


async def _ledgers(db: Database, trip_ids: Sequence[int]) -> dict[int, Ledger]:
    if not trip_ids:
        return {}
    money, people = await gather(
        payments.of_trips(db, trip_ids), gather(*(payments.people_on(db, trip_id) for trip_id in trip_ids))
    )
    return {
        trip_id: Ledger(money[trip_id], on_trip, now())
        for trip_id, on_trip in zip(trip_ids, people, strict=True)
        if trip_id in money
    }


async def _papers(db: Database, trip_ids: Sequence[int]) -> dict[int, Papers]:
    read, sources = await gather(documents.of_trips(db, trip_ids), documents.sources_of_trips(db, trip_ids))
    return {trip_id: Papers.of(read[trip_id], sources[trip_id]) for trip_id in trip_ids}


async def _find_slugs(db: Database, drafts: Sequence[TripDraft]) -> None:
    """Find a slug for each trip that wants a new one."""
    taken: list[str] = []
    for draft in drafts:
        if draft.wants_slug_of is not None:
            draft.new_slug = await slugs.free_slug(db, draft.wants_slug_of, draft.trip_id, taken)
            taken.append(draft.new_slug)


def _batch(drafts: Sequence[TripDraft]) -> Iterator[Statement]:
    for draft in drafts:
        yield from draft.guards()
    if created := drafts[0].directory.created:
        linking = [draft.trip_id for draft in drafts if draft.links]
        yield from (assignments.hold(trip_id) for trip_id in linking)
        yield clients.insert(list(created.values()), drafts[0].now)
        yield from (assignments.release(trip_id) for trip_id in linking)
    for draft in drafts:
        yield from draft.writes()
