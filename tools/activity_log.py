"""Tools that fill gaps in the activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from database import attribution
from database.clock import now
from database.later import Later
from tools.answers.committing import commit
from tools.answers.models import Plain
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from database.engine import Database

# Number of trips without log entries that an answer lists; the rest are counted.
TRIPS_SHOWN = 20


class AttributeArguments(WriteArguments):
    pass


class EntriesAttributed(WriteAnswer):
    updated: int = Field(description="Entries that got a client.")
    left: int = Field(description="Entries without one: trip deleted, or no primary client.")


class ResetArguments(WriteArguments):
    dry_run: Annotated[bool, Field(description="Only report changes.")] = True


class UnloggedTrip(BaseModel):
    trip_id: int = Field(description="Trip id.")
    trip_name: Plain = Field(description="Trip name.")


class TripsLogged(WriteAnswer):
    dry_run: bool = Field(description="True if nothing was written.")
    missing: int = Field(description="Trips without an entry.")
    added: int = Field(description="Entries added; 0 on a dry run.")
    trips: list[UnloggedTrip] = Field(description="The first of those trips.")


async def update_activitylog_clients(db: Database, _: AttributeArguments) -> EntriesAttributed:
    left = (await attribution.entries_without_client(db))["left"]
    later = Later()
    updated = later.changed()
    answer = EntriesAttributed(
        message=f"{updated} entries of the activity log got their trip's primary client; {left} have no client.",
        updated=updated,
        left=left,
    )
    return await commit(db, [attribution.attribute()], answer, later)


async def reset_activitylog_from_trips(db: Database, args: ResetArguments) -> TripsLogged:
    first = await attribution.trips_without_entry(db, TRIPS_SHOWN)
    writes = bool(first) and not args.dry_run
    later = Later()
    missing = later.changed() if writes else first[0]["total"] if first else 0
    added = missing if writes else 0
    done = "would be added" if args.dry_run else "were added"
    answer = TripsLogged(
        message=f"{missing} trips have no entry in the activity log; {missing} {done}."
        if missing
        else "Every trip has an entry in the activity log; nothing was written.",
        dry_run=args.dry_run,
        missing=missing,
        added=added,
        trips=[UnloggedTrip(trip_id=row["trip_id"], trip_name=row["trip_name"]) for row in first],
    )
    return await commit(db, [attribution.log_unlogged_trips(now())], answer, later) if writes else answer


TOOLS = [
    Tool(
        name="update_activitylog_clients",
        title="Set clients of log entries",
        description="Set the client of activity log entries without one to their trip's primary client.",
        group="maintenance",
        hints=Hints(idempotent=True),
        input=AttributeArguments,
        output=EntriesAttributed,
        run=update_activitylog_clients,
    ),
    Tool(
        name="reset_activitylog_from_trips",
        title="Log unlogged trips",
        description="Add a TripImported entry for each trip without entries. Dry run by default; deletes nothing.",
        group="maintenance",
        hints=Hints(idempotent=True),
        input=ResetArguments,
        output=TripsLogged,
        run=reset_activitylog_from_trips,
    ),
]
