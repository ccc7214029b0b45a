"""The tool show_trip: a trip's days, stays, people and money, and what is missing."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from database import guests, payments
from database.quoting import as_word, in_quotes
from tools.answers.bounds import LIMIT, ROOM, fitting, named, weight
from tools.answers.errors import NotFound
from tools.answers.fields import TripIdentifier
from tools.answers.models import with_id
from tools.answers.money import amount_words
from tools.finding.identifiers import resolve_trip
from tools.pictures.dues import TripDues, money_of
from tools.pictures.itinerary import PictureDay, Plan, Stay
from tools.pictures.missing import Lack, lacks_of, overdue_of
from tools.pictures.people import PEOPLE_SHOWN, Person, Traveler, people_of
from tools.pictures.words import counted, text, today
from tools.tool import READS, Answer, Arguments, Tool
from tools.trip.itinerary import times
from tools.trip.playbook import WORKFLOW_PHASES
from tools.workflow import load_standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database, Row
    from database.payments import Money
    from tools.trip.playbook import Standing

# Number of stays in a picture.
STAYS_SHOWN = 40

# Room for the travelers, the stays and the message, in bytes. The message is sent twice.
TRAVELERS_ROOM, STAYS_ROOM, MESSAGE_ROOM = 7_000, 5_000, 5_000

# Room for what is added to the message at its end, in bytes.
NOTE_ROOM = 500


class ShowTripArguments(Arguments):
    trip_identifier: TripIdentifier


class PicturePhase(BaseModel):
    name: str | None = Field(description="Workflow phase; null if none.")
    all: list[str] = Field(description="All phases in order.")


class TripPicture(Answer):
    trip_id: int = Field(description="Trip id.")
    name: str = Field(description="Name.")
    status: str | None = Field(description="Status.")
    start: str = Field(description="First day.")
    end: str = Field(description="Last day.")
    today: str = Field(description="Today.")
    nights: int | None = Field(description="Nights.")
    days_to_go: int | None = Field(description="Days until it starts; negative after.")
    destinations: str | None = Field(description="Destinations.")
    phase: PicturePhase
    missing: list[Lack] = Field(description="What is missing.")
    money: TripDues
    travelers: list[Traveler] = Field(description="Travelers.")
    travelers_total: int = Field(description="Number of travelers.")
    others: list[Person] = Field(description="People who don't travel.")
    others_more: int = Field(description="Left out.")
    unreadable: str | None = Field(description="Set if a client list could not be read.")
    stays: list[Stay] = Field(description="Stays.")
    stays_more: int = Field(description="Left out.")
    cancelled: list[str] = Field(description="Cancelled entries, which are not among the stays and days.")
    days: list[PictureDay] = Field(description="Days.")
    days_more: int = Field(description="Left out.")


async def show_trip(db: Database, args: ShowTripArguments) -> TripPicture:
    trip_id = (await resolve_trip(db, args.trip_identifier))["trip_id"]
    standing, on_trip, held = await gather(
        load_standing(db, trip_id), guests.on_trips(db, [trip_id]), payments.of_trips(db, [trip_id])
    )
    if trip_id not in held:
        raise NotFound(f"Trip {trip_id} has been deleted.", "Use a different trip.")
    picture, plan = _without_days(standing, on_trip, held[trip_id])
    room = min(ROOM, LIMIT - NOTE_ROOM - 2 * weight(_words(picture)))
    days, left_out = plan.days(room - weight(picture.model_dump(mode="json")))
    picture = picture.model_copy(update={"days": days, "days_more": left_out})
    return picture.model_copy(update={"message": f"{_words(picture)}{standing.unreadable}"})


def _without_days(standing: Standing, on_trip: Sequence[Row], money: Money) -> tuple[TripPicture, Plan]:
    trip, now, plan = standing.trip, today(), Plan(standing.trip)
    first, last = (plan.period.first, plan.period.last) if plan.period else (None, None)
    going, staying = people_of(standing, on_trip, last)
    travelers, stays = going[:PEOPLE_SHOWN], plan.stays[:STAYS_SHOWN]
    travelers, stays = travelers[: fitting(travelers, TRAVELERS_ROOM)], stays[: fitting(stays, STAYS_ROOM)]
    is_cancelled = trip["status"] == "cancelled"
    start, end = _day(trip["start_date"]), _day(trip["end_date"])
    dues = money_of(money, start, now.isoformat(), cancelled=is_cancelled)
    picture = TripPicture(
        message="",
        trip_id=trip["trip_id"],
        name=text(trip["trip_name"]),
        status=text(trip["status"]) or None,
        start=start,
        end=end,
        today=now.isoformat(),
        nights=plan.nights,
        days_to_go=(first - now).days if first else None,
        destinations=text(trip["destinations"]) or None,
        phase=PicturePhase(name=text(standing.phase) or None, all=list(WORKFLOW_PHASES)),
        missing=[*overdue_of(trip["trip_id"], dues), *lacks_of(standing, plan, now)],
        money=dues,
        travelers=travelers,
        travelers_total=len(going),
        others=staying[:PEOPLE_SHOWN],
        others_more=max(len(staying) - PEOPLE_SHOWN, 0),
        unreadable=standing.unreadable.strip() or None,
        stays=stays,
        stays_more=len(plan.stays) - len(stays),
        cancelled=plan.cancelled[:STAYS_SHOWN],
        days=[],
        days_more=0,
    )
    return picture, plan


def _day(value: object) -> str:
    """Return a stored date as YYYY-MM-DD, or whatever is stored instead."""
    day = times.day_of(value)
    return day.isoformat() if day else text(value)


def _words(trip: TripPicture) -> str:
    facts = [trip.status and as_word(trip.status), f"{as_word(trip.start)} to {as_word(trip.end)}"]
    facts += [counted(trip.nights, "night") if trip.nights is not None else None, _to_go(trip.days_to_go)]
    facts += [in_quotes(trip.destinations) if trip.destinations else None]
    sentences = [
        f"{with_id(trip.name, trip.trip_id)}: {', '.join(filter(None, facts))}",
        f"phase {as_word(trip.phase.name)}" if trip.phase.name else "no workflow",
        _people_words(trip),
        _money_words(trip.money),
        *(_stays_words(trip) if trip.stays else []),
        _days_words(trip),
        *([f"cancelled: {named(list(map(in_quotes, trip.cancelled)))}"] if trip.cancelled else []),
        f"missing: {' '.join(lack.words for lack in trip.missing)}" if trip.missing else "nothing is missing",
    ]
    words = " ".join(f"{one[:1].upper()}{one[1:].rstrip('.')}." for one in sentences)
    return words if weight(words) <= MESSAGE_ROOM else words.encode()[:MESSAGE_ROOM].decode(errors="ignore") + "…"


def _to_go(days: int | None) -> str | None:
    if days is None or days < 0:
        return None
    return f"in {counted(days, 'day')}" if days else "starts today"


def _people_words(trip: TripPicture) -> str:
    going = [f"{_person(one)}{f', {one.lacks}' if one.lacks else ''})" for one in trip.travelers]
    staying = [f"{_person(one)})" for one in trip.others]
    who = f"{counted(trip.travelers_total, 'traveler')}: {named(going, trip.travelers_total) or 'nobody yet'}"
    return who + (f"; not travelling: {named(staying, len(staying) + trip.others_more)}" if staying else "")


def _person(one: Person) -> str:
    return f"{in_quotes(one.name)} ({', '.join([*map(as_word, one.roles), *([one.note] if one.note else [])])}"


def _money_words(money: TripDues) -> str:
    due = [
        f"{amount_words(one.amount, one.currency)} by {as_word(one.due_at)}{' (overdue)' if one.late else ''}"
        for one in money.payments
        if one.due_at is not None
    ]
    whole = f"paid {amount_words(money.paid, money.currency)} of {amount_words(money.total, money.currency)}"
    return whole + (f", due {named(due)}" if due else "")


def _stays_words(trip: TripPicture) -> list[str]:
    stays = [f"{in_quotes(one.name)} {as_word(one.first)} to {as_word(one.last)}" for one in trip.stays]
    return [f"stays: {named(stays, len(stays) + trip.stays_more)}"]


def _days_words(trip: TripPicture) -> str:
    planned = sum(bool(day.items or day.items_more) for day in trip.days)
    items = sum(len(day.items) + day.items_more for day in trip.days)
    words = f"{counted(items, 'item')} on {planned} of {counted(len(trip.days) + trip.days_more, 'day')}"
    is_cut = trip.days_more or any(day.items_more for day in trip.days)
    return words + (", of which some are left out here; get_anything has all" if is_cut else "")


TOOL = Tool(
    name="show_trip",
    title="Draw a trip",
    description="Draw a trip: days, stays, travelers, money, what is missing.",
    group="pictures",
    hints=READS,
    input=ShowTripArguments,
    output=TripPicture,
    run=show_trip,
)
