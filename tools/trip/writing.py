"""Change a trip optimistically: read it, write the result in one batch, and retry after a concurrent change."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING

from database import assignments, guests, payments, slugs, trips
from database.clock import now
from database.errors import GuardFailed
from database.linking import link_waiting
from tools.answers.committing import commit
from tools.answers.errors import Conflict
from tools.answers.guests import unreadable_note
from tools.finding.people import Directory
from tools.trip.draft import TripDraft
from tools.trip.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from database.engine import Database
    from tools.answers.committing import A
    from tools.finding.people import ClientReference

# Maximum attempts at a write if concurrent changes keep interfering. Each failed attempt means that another call
# succeeded, so up to this many calls can change one trip at once without an error.
TRIES = 100


async def rewrite_trip(  # noqa: PLR0913 - what to read, to write and to answer
    db: Database,
    trip_id: int,
    concerned: Sequence[ClientReference],
    change: Callable[[TripDraft], bool],
    answer: Callable[[TripDraft], Awaitable[A]],
    *,
    with_money: bool = False,
) -> A:
    """Apply `change` to a draft of the trip, write the draft if `change` returns True, and return the answer.

    Each attempt calls `change` with a fresh draft, and then `answer`. `concerned` lists the clients that `change` may
    look up. With `with_money`, the draft has a ledger.
    """
    for _ in range(TRIES):
        draft = await _draft(db, trip_id, concerned, with_money=with_money)
        if not change(draft) or not draft.changed:
            return await answer(draft)
        if draft.wants_slug_of is not None:
            draft.new_slug = await slugs.free_slug(db, draft.wants_slug_of, draft.trip_id)
        emails = [*draft.directory.emails, *draft.directory.created]
        statements = [*draft.batch(), *await link_waiting(db, emails)]
        try:
            return await commit(db, statements, await answer(draft), draft.later)
        except GuardFailed:
            continue
    raise Conflict(f"Trip {trip_id} kept changing while this call tried to write.", "Send the call again.")


async def _draft(db: Database, trip_id: int, concerned: Sequence[ClientReference], *, with_money: bool) -> TripDraft:
    named = any(who.name or who.concerns_guests for who in concerned)
    directory, read, on_trip, unreadable, ledger = await gather(
        Directory.load(db, concerned),
        trips.editable(db, trip_id),
        guests.on_trips(db, [trip_id] if named else []),
        unreadable_note(db, trip_id),
        _ledger(db, trip_id, with_money=with_money),
    )
    if read is None:
        raise Conflict(f"Trip {trip_id} has been deleted.", "Send another trip_identifier.")
    travelers = await assignments.of_clients(db, trip_id, directory.emails)
    return TripDraft(read, travelers, directory, now(), guests=on_trip, unreadable=unreadable, ledger=ledger)


async def _ledger(db: Database, trip_id: int, *, with_money: bool) -> Ledger | None:
    if not with_money:
        return None
    money, people = await gather(payments.of_trips(db, [trip_id]), payments.people_on(db, trip_id))
    return Ledger(money[trip_id], people, now()) if money else None
