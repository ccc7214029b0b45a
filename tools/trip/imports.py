"""The operations that import a web page, and put what it says into the itinerary."""

from __future__ import annotations

from asyncio import gather
from copy import deepcopy
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, PrivateAttr

from database.quoting import in_quotes
from tools.answers.errors import ToolFault
from tools.answers.fields import SIGNED, Line, Name
from tools.documents import obtaining
from tools.documents.applying import Overwrite
from tools.documents.fence import Fence
from tools.documents.filing import Keeping, file_document
from tools.documents.importing import Url, imported, paper_of
from tools.documents.plans import (
    Parsing,
    parse_into,
    plan_of_all,
    told,
    told_words,
)
from tools.documents.reading import Reading, read_document
from tools.trip.draft import OperationResult, TripDraft
from tools.trip.operation import Data, ItineraryOperation, TripOperation
from tools.trip.particulars import RenameTrip, rename_trip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class _Page(Data):
    """A page to import. It is fetched before the operations are applied."""

    model_config = ConfigDict(json_schema_extra={SIGNED: True})

    url: Url
    tag: Line | None = None
    _page: Reading | ToolFault | None = PrivateAttr(None)

    def take(self, page: Reading | ToolFault) -> None:
        self._page = page

    @property
    def page(self) -> Reading:
        """The page as it was read. Raises ToolFault if it could not be."""
        if isinstance(self._page, Reading):
            return self._page
        assert self._page is not None  # noqa: S101 - see obtain
        raise self._page


class ImportFromUrl(_Page):
    save_raw_html: bool = True
    save_text: bool = True
    overwrite: bool = False


class ImportAndParse(_Page):
    strategy: Literal["schedule_first", "full_text"] = "schedule_first"
    overwrite: Overwrite = "none"
    dry_run: bool = False
    max_days: Annotated[int, Field(ge=1, le=366)] = 14
    max_activities_per_day: Annotated[int, Field(ge=1, le=200)] = 30
    rename_to: Name | None = None
    update_slug: bool = True

    @property
    def parsing(self) -> Parsing:
        return Parsing(self.strategy, self.overwrite, self.dry_run, self.max_days, self.max_activities_per_day)


async def obtain(operations: Iterable[object], trips: Sequence[Mapping[str, Any]]) -> None:
    """Fetch and read the pages of these operations, each address once."""
    pages = [one.data for one in operations if isinstance(one, ImportFromUrlOperation | ImportAndParseOperation)]
    urls = list(dict.fromkeys(page.url for page in pages))
    read = dict(zip(urls, await gather(*(_read(url, trips) for url in urls)), strict=True))
    for page in pages:
        page.take(read[page.url])


async def _read(url: str, trips: Sequence[Mapping[str, Any]]) -> Reading | ToolFault:
    try:
        return await read_document(await obtaining.from_web(url), trips)
    except ToolFault as fault:
        return fault


def import_from_url(draft: TripDraft, data: ImportFromUrl) -> OperationResult:
    reading, fence = data.page, Fence()
    plan = plan_of_all([paper_of(reading)], _trip(draft), "schedule_first")
    keeping = Keeping(data.tag, data.save_raw_html, data.save_text, in_place=data.overwrite)
    filed = file_document(draft, reading, plan, keeping)
    verb = "was already imported" if filed.unchanged else "is imported"
    return OperationResult(message=f"Document {filed.doc_id} {verb}.", entry=imported(reading, plan, filed, fence))


def import_and_parse(draft: TripDraft, data: ImportAndParse) -> OperationResult:
    reading, fence = data.page, Fence()
    papers = [paper_of(reading)]
    plan = plan_of_all(papers, _trip(draft), data.strategy)
    if data.dry_run:
        return _tried(draft, data, fence)
    # Applied first: it refuses a plan outside the trip, and then nothing may be stored.
    applied = parse_into(draft, papers, plan, data.parsing)
    marked, draft.papers.writes = draft.papers.writes, []
    filed = file_document(draft, reading, plan, Keeping(data.tag))
    draft.papers.writes += marked
    words = [f"Document {filed.doc_id}: {told_words(plan, applied, fence, dry_run=False)}"]
    words += [rename_trip(draft, _renaming(data)).message] if data.rename_to else []
    fields = imported(reading, plan, filed, fence) | told(draft, plan, applied, fence, dry_run=False)
    return OperationResult(message=" ".join(words), entry=fields)


def _renaming(data: ImportAndParse) -> RenameTrip:
    return RenameTrip(new_name=data.rename_to or "", update_slug=data.update_slug)


def _tried(draft: TripDraft, data: ImportAndParse, fence: Fence) -> OperationResult:
    """Apply the plan to a copy of the itinerary, and leave the draft as it is."""
    papers = [paper_of(data.page)]
    plan = plan_of_all(papers, _trip(draft), data.strategy)
    itinerary, writes, logged = draft.itinerary, list(draft.papers.writes), list(draft.activities)
    draft.itinerary = deepcopy(itinerary)
    try:
        applied = parse_into(draft, papers, plan, data.parsing)
        fields = told(draft, plan, applied, fence, dry_run=True)
    finally:
        draft.itinerary, draft.papers.writes, draft.activities = itinerary, writes, logged
    words = [told_words(plan, applied, fence, dry_run=True)]
    words += [f"Would call the trip {in_quotes(data.rename_to)}."] if data.rename_to else []
    return OperationResult(message=" ".join(words), entry=fields)


def _trip(draft: TripDraft) -> dict[str, Any]:
    """Return the trip as the operations before have left it."""
    now = {"start_date": draft.start_date, "end_date": draft.end_date, "total_cost": draft.total_cost}
    return {**draft.read, **now}


class ImportFromUrlOperation(TripOperation):
    apply = import_from_url
    with_documents: ClassVar[bool] = True
    type: Literal["import_from_url"]
    data: ImportFromUrl


class ImportAndParseOperation(ItineraryOperation):
    apply = import_and_parse
    with_documents: ClassVar[bool] = True
    type: Literal["import_and_parse_from_url"]
    data: ImportAndParse
