"""Files of stored versions, made again from what was kept: the page, its PDF, and the calendar of its snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import proposals
from database.quoting import as_word
from tools.answers.errors import NotFound
from tools.proposals import rendering
from tools.proposals.calendars import calendar
from tools.proposals.model import Proposal

if TYPE_CHECKING:
    from database.engine import Database
    from tools.proposals.files import Format


async def file_of(db: Database, trip: str, version: str, form: Format) -> bytes:
    """Return a file of a version. `trip` is the trip's id or slug. Raises NotFound or Unavailable."""
    row = await proposals.of_trip_called(db, trip, version)
    if row is None:
        raise _missing(trip, version)
    if form == "html":
        return row["html"].encode()
    if form == "ics":
        events = calendar(Proposal.model_validate_json(row["snapshot"]), row["created_at"])
        if events is None:
            raise _missing(trip, version)
        return events
    return await rendering.pdf(row["html"])


def _missing(trip: str, version: str) -> NotFound:
    return NotFound(
        f"There is no such version of a proposal for the trip {as_word(trip)}: {as_word(version)}.",
        "Send the uri of a file that generate_proposal answered.",
    )
