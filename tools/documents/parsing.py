"""The tool import_trip_page_and_parse, which puts what a document says into the itinerary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from tools.answers.fields import MAX_INTEGER, TripIdentifier
from tools.answers.models import with_id
from tools.documents import obtaining
from tools.documents.fence import Fence
from tools.documents.filing import Keeping, file_document
from tools.documents.importing import Tag, Url, paper_of, trip_to_read_for
from tools.documents.plans import (
    MaxActivities,
    MaxDays,
    Overwriting,
    Paper,
    Parsing,
    Strategy,
    parse_into,
    plan_of_all,
    told,
    told_words,
)
from tools.documents.reading import read_document
from tools.documents.stored import stored_papers, unparsed
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip.writing import rewrite_trips

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database, Row
    from tools.documents.applying import Applied
    from tools.trip.draft import TripDraft

DocId = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


class ParseArguments(WriteArguments):
    trip_identifier: TripIdentifier
    doc_id: Annotated[DocId | None, Field(description="Imported document; without url too: all new ones.")] = None
    url: Annotated[Url | None, Field(description="Or page to import.")] = None
    strategy: Strategy = "schedule_first"
    overwrite: Overwriting = "none"
    dry_run: Annotated[bool, Field(description="Only report changes.")] = False
    max_days: MaxDays = 14
    max_activities_per_day: MaxActivities = 30
    tag: Tag = None

    @model_validator(mode="after")
    def _one_document(self) -> Self:
        if self.doc_id is not None and self.url is not None:
            raise ValueError("has two documents: send either doc_id or url, or neither")
        return self

    @property
    def parsing(self) -> Parsing:
        return Parsing(self.strategy, self.overwrite, self.dry_run, self.max_days, self.max_activities_per_day)


class Parsed(WriteAnswer):
    dry_run: bool = Field(description="True if nothing was written.")
    doc_ids: list[int] = Field(description="The documents.")
    found: dict[str, int] = Field(description="Number of what was found, by kind.")
    created: dict[str, int] = Field(description="Number of what was added, by kind.")
    duplicates_skipped: int = Field(description="Items that were there already.")
    changed: list[dict[str, Any]] = Field(description="Entries that changed, by item_id.")
    conflicts: list[dict[str, Any]] = Field(description="Entries that differ and stay.")
    left_out: list[str] = Field(description="What was left out, and why.")
    plan: dict[str, Any] = Field(
        description="What the documents say: days, stays, transport, costs, what is unresolved, and unread lines."
    )


async def parse_documents(db: Database, args: ParseArguments) -> Parsed:
    trip = await trip_to_read_for(db, args.trip_identifier)
    papers = await _papers(db, trip, args)
    plan = plan_of_all(papers, trip, args.strategy)
    fence, parsing = Fence(), args.parsing
    applied: list[Applied] = []
    doc_ids: list[int] = []

    def change(drafts: Sequence[TripDraft]) -> bool:
        draft = drafts[0]
        doc_ids[:] = [paper.doc_id for paper in papers if paper.doc_id is not None]
        if args.url is not None and not args.dry_run:
            doc_ids[:] = [file_document(draft, papers[0].reading, plan, Keeping(args.tag)).doc_id]
        applied[:] = [parse_into(draft, papers, plan, parsing)]
        return not args.dry_run

    async def answer(drafts: Sequence[TripDraft]) -> Parsed:
        return Parsed(
            message=f"{with_id(trip['trip_name'], trip['trip_id'])}: "
            f"{told_words(plan, applied[0], fence, dry_run=args.dry_run)}",
            dry_run=args.dry_run,
            doc_ids=doc_ids,
            **told(drafts[0], plan, applied[0], fence, dry_run=args.dry_run),
        )

    return await rewrite_trips(db, [trip["trip_id"]], [], change, answer, with_itinerary=True, with_documents=True)


async def _papers(db: Database, trip: Row, args: ParseArguments) -> list[Paper]:
    if args.url is not None:
        return [paper_of(await read_document(await obtaining.from_web(args.url), [trip]))]
    doc_ids = [args.doc_id] if args.doc_id is not None else await unparsed(db, trip["trip_id"])
    return await stored_papers(db, trip, doc_ids)


TOOL = Tool(
    name="import_trip_page_and_parse",
    title="Put documents into a trip",
    description="Put what documents say into the itinerary, several as one plan. Costs are told, not added. What it "
    "leaves unread is yours to read: send it with set_trip_schedule.",
    group="documents",
    hints=Hints(destructive=True, open_world=True),
    input=ParseArguments,
    output=Parsed,
    run=parse_documents,
)
