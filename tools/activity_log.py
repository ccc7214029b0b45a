"""Tools that fill gaps of the activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from database import attribution
from database.clock import now
from tools.answers.models import Plain
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments

if TYPE_CHECKING:
    from database.engine import Database

# Trips without an entry that an answer names; the rest are counted.
TRIPS_SHOWN = 20


class AttributeArguments(WriteArguments):
    pass


class EntriesAttributed(WriteAnswer):
    updated: int = Field(description="How many entries have a client now.")
    left: int = Field(description="How many have none: their trip is gone, or has no primary client.")


class ResetArguments(WriteArguments):
    dry_run: Annotated[bool, Field(description="Only say what would be done.")] = True


class UnloggedTrip(BaseModel):
    trip_id: int = Field(description="Id of the trip.")
    trip_name: Plain = Field(description="Its name.")


class TripsLogged(WriteAnswer):
    dry_run: bool = Field(description="True where nothing was written.")
    missing: int = Field(description="How many trips had no entry.")
    added: int = Field(description="How many entries were added; 0 on a dry run.")
    trips: list[UnloggedTrip] = Field(description="The first of those trips.")


async def update_activitylog_clients(db: Database, _: AttributeArguments) -> EntriesAttributed:
    counted = await attribution.attribute_entries(db)
    updated, left = counted["filled"], counted["left"]
    return EntriesAttributed(
        message=f"{updated} entries of the activity log have their trip's primary client now; {left} have none.",
        updated=updated,
        left=left,
    )


async def reset_activitylog_from_trips(db: Database, args: ResetArguments) -> TripsLogged:
    first = await attribution.trips_without_entry(db, TRIPS_SHOWN)
    missing = first[0]["total"] if first else 0
    added = 0
    if missing and not args.dry_run:
        added = missing = await attribution.log_unlogged_trips(db, now())
    done = "would be added" if args.dry_run else "were added"
    return TripsLogged(
        message=f"{missing} trips have no entry in the activity log; {missing if args.dry_run else added} {done}."
        if missing
        else "Every trip has an entry in the activity log; nothing was written.",
        dry_run=args.dry_run,
        missing=missing,
        added=added,
        trips=[UnloggedTrip(trip_id=row["trip_id"], trip_name=row["trip_name"]) for row in first],
    )


TOOLS = [
    Tool(
        name="update_activitylog_clients",
        title="Give log entries their client",
        description="Give each entry of the activity log that has a trip but no client the trip's primary client.",
        group="maintenance",
        hints=Hints(idempotent=True),
        input=AttributeArguments,
        output=EntriesAttributed,
        run=update_activitylog_clients,
    ),
    Tool(
        name="reset_activitylog_from_trips",
        title="Log trips that have no entry",
        description="Add an entry TripImported for each trip without any. A dry run by default; deletes nothing.",
        group="maintenance",
        hints=Hints(idempotent=True),
        input=ResetArguments,
        output=TripsLogged,
        run=reset_activitylog_from_trips,
    ),
]
