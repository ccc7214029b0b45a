"""Changing one trip as it stands: read, compute, write in one batch, and again where somebody else was first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import assignments, slugs, trips
from database.clock import now
from database.errors import GuardFailed
from tools.answers.errors import Conflict
from tools.finding.people import Directory
from tools.trip.draft import TripDraft

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from database.engine import Database
    from tools.finding.people import ClientReference

# How often a write is tried again from the start because somebody else changed what it had read. Each time that
# somebody is done: as many calls as this can change one trip at once, and none is turned away.
TRIES = 100


async def rewrite_trip(
    db: Database, trip_id: int, concerned: Sequence[ClientReference], change: Callable[[TripDraft], bool]
) -> TripDraft:
    """Let `change` change a draft of the trip, and write what it became, if `change` says so; return the draft.

    Each try calls `change` anew, on the trip as it stands then. `concerned` are the clients that it may ask for.
    """
    for _ in range(TRIES):
        draft = await _draft(db, trip_id, concerned)
        if not change(draft) or not draft.changed:
            return draft
        if draft.wants_slug_of is not None:
            draft.new_slug = await slugs.free_slug(db, draft.wants_slug_of, draft.trip_id)
        try:
            results = await db.batch(draft.batch())
        except GuardFailed:
            continue
        emails = [*draft.directory.emails, *draft.directory.created]
        draft.settle(results, await assignments.of_clients(db, trip_id, emails))
        return draft
    raise Conflict(f"Trip {trip_id} was changed by others each time this call was about to write.", "Send it again.")


async def _draft(db: Database, trip_id: int, concerned: Sequence[ClientReference]) -> TripDraft:
    directory = await Directory.load(db, concerned)
    read = await trips.editable(db, trip_id)
    if read is None:
        raise Conflict(f"Trip {trip_id} was deleted in the meantime.", "Send another trip_identifier.")
    travelers = await assignments.of_clients(db, trip_id, directory.emails)
    return TripDraft(read, travelers, directory, now())
