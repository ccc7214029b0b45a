"""The tool set_trip_schedule: what an agent has read, checked against the document that it names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model

from documents.model import Activity, Cost, Day, How, Item, Plan, Stay, Transport
from tools.answers.errors import InvalidInput
from tools.answers.fields import SIGNED, Currency, Line, Money, Text, TripIdentifier
from tools.answers.fields import Day as OnDay
from tools.answers.models import with_id
from tools.answers.sent import Sent
from tools.documents.applying import Applied, Overwrite, Wanted, apply_plan, require_within
from tools.documents.faults import in_thread
from tools.documents.fence import Fence
from tools.documents.importing import trip_to_read_for
from tools.documents.parsing import DocId
from tools.documents.planned import counts_words
from tools.documents.plans import Paper, became, note_sources, received_by
from tools.documents.reading import context_of
from tools.documents.stored import stored_papers
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip.itinerary import times
from tools.trip.itinerary.inputs import DateAndTime, TimeOfDay, Title
from tools.trip.itinerary.warnings import warnings
from tools.trip.writing import rewrite_trips

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from database.engine import Database
    from tools.trip.draft import TripDraft

Mode = Literal["flight", "train", "bus", "ferry", "car", "transfer", "other"]
Of = Literal["total", "paid", "deposit", "balance", "tax", "item", "optional", "range"]


class SentActivity(Sent):
    title: Title
    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    location: Line | None = None
    confirmation: Line | None = None
    quote: Text | None = None


class SentDay(Sent):
    date: OnDay
    title: Line | None = None
    activities: Annotated[list[SentActivity], Field(default_factory=list[SentActivity], max_length=200)]


class SentStay(Sent):
    name: Title
    check_in: OnDay | None = None
    check_out: OnDay | None = None
    check_in_time: TimeOfDay | None = None
    check_out_time: TimeOfDay | None = None
    location: Line | None = None
    room: Line | None = None
    confirmation: Line | None = None
    quote: Text | None = None


OptionalLine = Annotated[Line | None, Field()]

# Made by a call, because `from` can't be the name of an attribute in a class statement.
_ROUTE: dict[str, Any] = {"from": (OptionalLine, None), "to": (OptionalLine, None)}


class _Ride(Sent):
    type: Mode
    number: Line | None = None
    provider: Line | None = None
    depart: DateAndTime | None = None
    arrive: DateAndTime | None = None
    confirmation: Line | None = None
    quote: Text | None = None


class SentTransport(create_model("_SentRoute", __base__=_Ride, **_ROUTE)):
    pass


class SentCost(Sent):
    amount: Money
    currency: Currency | None = None
    of: Of = "item"
    label: Line | None = None
    due: OnDay | None = None
    quote: Text | None = None


def _listed(kind: type[Sent], most: int, description: str) -> Any:  # noqa: ANN401 - a field's description
    return Field(default_factory=list[kind], max_length=most, description=description, json_schema_extra={SIGNED: True})


class ScheduleArguments(WriteArguments):
    trip_identifier: TripIdentifier
    doc_id: Annotated[DocId | None, Field(description="Whose quotes prove the items.")] = None
    days: Annotated[list[SentDay], _listed(SentDay, 366, "Days.")]
    stays: Annotated[list[SentStay], _listed(SentStay, 100, "Stays.")]
    transport: Annotated[
        list[SentTransport], _listed(SentTransport, 100, "Transport; depart, arrive as YYYY-MM-DDTHH:MM.")
    ]
    costs: Annotated[list[SentCost], _listed(SentCost, 100, "Checked and told, not added.")]
    overwrite: Annotated[Overwrite, Field(description="As for import_trip_page_and_parse.")] = "none"
    dry_run: Annotated[bool, Field(description="Only report changes.")] = False


class ScheduleSet(WriteAnswer):
    dry_run: bool = Field(description="True if nothing was written.")
    added: dict[str, int] = Field(description="Number of what was added, by kind.")
    changed: list[dict[str, Any]] = Field(description="Entries that changed, by item_id.")
    refused: list[dict[str, str]] = Field(description="Items that the document does not state, and why.")
    duplicates_skipped: int = Field(description="Items that were there already.")
    conflicts: list[dict[str, Any]] = Field(description="Entries that differ and stay.")
    warnings: dict[str, Any] = Field(description="What is odd about the itinerary now, between marks.")


NO_TITLE = "The document has no such title under that date. Copy it word for word, or leave it out."


@dataclass(frozen=True)
class _Named:
    """An item with its place in the call."""

    place: str
    item: Item


async def set_trip_schedule(db: Database, args: ScheduleArguments) -> ScheduleSet:
    if not (args.days or args.stays or args.transport or args.costs):
        raise InvalidInput("There is nothing to set.", "Send at least one of days, stays, transport and costs.")
    trip = await trip_to_read_for(db, args.trip_identifier)
    papers = await stored_papers(db, trip, [args.doc_id]) if args.doc_id is not None else []
    sent = list(_items(args))
    refused = await in_thread(lambda: _refused(args, sent, papers[0], trip)) if papers else []
    plan = _plan(args, sent, {one["item"] for one in refused})
    fence = Fence()
    applied: list[Applied] = []

    def change(drafts: Sequence[TripDraft]) -> bool:
        draft = drafts[0]
        if not args.dry_run:
            require_within(draft, plan)
        applied[:] = [
            apply_plan(draft, plan, Wanted(args.overwrite, 366, 200, received_by(papers) if papers else None))
        ]
        if applied[0].did_something:
            note_sources(draft, applied[0], papers)
            counts = counts_words(applied[0].created) or "nothing"
            draft.log("ScheduleSet", f"Added {counts}; changed {len(applied[0].changed)}, removed {applied[0].removed}")
        return not args.dry_run

    async def answer(drafts: Sequence[TripDraft]) -> ScheduleSet:
        odd = warnings(drafts[0].itinerary, drafts[0].start_date, drafts[0].end_date)
        return ScheduleSet(
            message=f"{with_id(trip['trip_name'], trip['trip_id'])}: {_words(args, applied[0], refused)}",
            dry_run=args.dry_run,
            added=applied[0].created,
            changed=applied[0].changed,
            refused=refused,
            duplicates_skipped=applied[0].duplicates,
            conflicts=applied[0].conflicts,
            warnings=fence.block({"warnings": odd}) if odd else {},
        )

    return await rewrite_trips(db, [trip["trip_id"]], [], change, answer, with_itinerary=True, with_documents=True)


def _words(args: ScheduleArguments, applied: Applied, refused: list[dict[str, str]]) -> str:
    added = counts_words(applied.created) or "nothing"
    words = [f"{'Would add' if args.dry_run else 'Added'} {added}."]
    words += became(applied)
    words += [f"Refused {len(refused)}, because the document does not state them so."] if refused else []
    words += ["Costs are not added to the trip's cost: use update_cost."] if args.costs else []
    return " ".join(words)


def _items(args: ScheduleArguments) -> Iterator[_Named]:
    for at, day in enumerate(args.days):
        for number, one in enumerate(day.activities):
            yield _Named(
                f"days[{at}].activities[{number}]",
                Activity(
                    quote=one.quote or "",
                    how=How.AGENT,
                    confirmation=one.confirmation,
                    date=day.date,
                    time=_clock(one.start_time),
                    end_time=_clock(one.end_time),
                    title=one.title,
                    location=one.location,
                ),
            )
    for at, one in enumerate(args.stays):
        named = one.model_dump(exclude={"quote"})
        named |= {name: _clock(named[name]) for name in ("check_in_time", "check_out_time")}
        yield _Named(f"stays[{at}]", Stay(quote=one.quote or "", how=How.AGENT, nights=_nights(one), **named))
    for at, one in enumerate(args.transport):
        route = one.model_dump(include={"from", "to"})
        yield _Named(
            f"transport[{at}]",
            Transport(
                quote=one.quote or "",
                how=How.AGENT,
                confirmation=one.confirmation,
                mode=one.type,
                number=one.number,
                carrier=one.provider,
                origin=route["from"],
                destination=route["to"],
                depart=_moment(one.depart),
                arrive=_moment(one.arrive),
            ),
        )
    for at, one in enumerate(args.costs):
        yield _Named(
            f"costs[{at}]",
            Cost(
                quote=one.quote or "",
                how=How.AGENT,
                amount=Decimal(str(one.amount)),
                currency=one.currency,
                of=one.of,
                label=one.label,
                due=one.due,
            ),
        )


def _clock(text: str | None) -> str | None:
    """Return the time as HH:MM, whichever way it was sent."""
    at = times.moment(text).minute
    return text if at is None else times.shown(at)


def _moment(text: str | None) -> str | None:
    """Return the date, or the date and time as YYYY-MM-DDTHH:MM, whichever way it was sent."""
    at = times.moment(text)
    if at.day is None or at.minute is None:
        return text
    return f"{at.day}T{times.shown(at.minute)}"


def _nights(stay: SentStay) -> int | None:
    if stay.check_in is None or stay.check_out is None:
        return None
    nights = (date.fromisoformat(stay.check_out) - date.fromisoformat(stay.check_in)).days
    return nights if nights > 0 else None


def _refused(
    args: ScheduleArguments, sent: list[_Named], paper: Paper, trip: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Return the place of each item that the document does not state, and why."""
    from documents.grounding import why_not  # noqa: PLC0415 - most calls check no document

    document, context = paper.reading.document, context_of(trip, paper.reading.received_at)
    reasons = [(one.place, why_not(one.item, document, context)) for one in sent]
    for at, day in enumerate(args.days):
        if day.title:
            # The title is its own quote: it must stand under the date, like an activity.
            titled = Activity(quote=day.title, how=How.AGENT, date=day.date, title=day.title)
            reasons.append((f"days[{at}].title", NO_TITLE if why_not(titled, document, context) else None))
        elif not day.activities:
            reasons.append((f"days[{at}]", "The day has neither a title nor activities."))
    return [{"item": place, "why": why} for place, why in reasons if why]


def _plan(args: ScheduleArguments, sent: list[_Named], refused: set[str]) -> Plan:
    """Return what is not refused. A day counts if something of it is not refused."""
    good = [one.item for one in sent if one.place not in refused]
    plan = Plan(
        activities=[one for one in good if isinstance(one, Activity)],
        stays=[one for one in good if isinstance(one, Stay)],
        transport=[one for one in good if isinstance(one, Transport)],
        costs=[one for one in good if isinstance(one, Cost)],
    )
    dates = {one.date for one in plan.activities}
    for at, day in enumerate(args.days):
        title = None if f"days[{at}].title" in refused else day.title
        if title or day.date in dates or not (day.activities or day.title or f"days[{at}]" in refused):
            plan.days.append(Day(day.date, title))
    return plan


TOOL = Tool(
    name="set_trip_schedule",
    title="Set what you read",
    description="Add days, stays and transport that you have read. With doc_id, each item needs the quote that states "
    "it, and what the quote does not say is refused.",
    group="documents",
    hints=Hints(destructive=True),
    input=ScheduleArguments,
    output=ScheduleSet,
    run=set_trip_schedule,
    private=True,
)
