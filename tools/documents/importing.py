"""The tools that import a document: import_trip_page and import_trip_document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from database import trips
from database.clock import now
from tools.answers.errors import Conflict
from tools.answers.fields import Line, TripIdentifier
from tools.answers.models import with_id
from tools.documents import obtaining
from tools.documents.fence import Fence
from tools.documents.filing import Filed, Keeping, file_document
from tools.documents.planned import found_in, found_words
from tools.documents.plans import Overwriting, Paper, Parsing, parse_into, plan_of_all, told, told_words
from tools.documents.reading import Reading, family, read_document
from tools.finding.identifiers import resolve_trip
from tools.tool import Hints, Tool, WriteAnswer, WriteArguments
from tools.trip.itinerary.times import stamp
from tools.trip.writing import rewrite_trips

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from database.engine import Database, Row
    from documents.model import Plan
    from tools.documents.applying import Applied
    from tools.documents.obtaining import Obtained
    from tools.trip.draft import TripDraft

# A media type, without what stands behind it.
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)


def _moment(value: str) -> str:
    if stamp(value) is None:
        raise ValueError("can't be read as a date: send it as YYYY-MM-DD or YYYY-MM-DDTHH:MM")
    return value


Url = Annotated[str, Field(max_length=4000, description="http or https.")]
Tag = Annotated[Line | None, Field(description="Label.")]
KeepsRaw = Annotated[bool, Field(description="Keep its bytes.")]
KeepsText = Annotated[bool, Field(description="Keep its text.")]


class ImportPageArguments(WriteArguments):
    trip_identifier: TripIdentifier
    url: Url
    tag: Tag = None
    save_raw_html: KeepsRaw = True
    save_text: KeepsText = True
    overwrite: Annotated[bool, Field(description="Replace its last import.")] = False


class ImportDocumentArguments(WriteArguments):
    trip_identifier: TripIdentifier
    text: Annotated[
        str | None, Field(max_length=4_000_000, description="Pasted text, or else path or content_base64.")
    ] = None
    path: Annotated[str | None, Field(max_length=4000, description="File in the import folder.")] = None
    content_base64: Annotated[str | None, Field(max_length=14_000_000, description="Bytes of the file.")] = None
    filename: Annotated[Line | None, Field(description="Its name.")] = None
    received_at: Annotated[
        str | None,
        Field(max_length=40, description="When it came, for years left out."),
        AfterValidator(_moment),
    ] = None
    tag: Tag = None
    parse: Annotated[
        Overwriting | None,
        Field(description="Put it into the itinerary too: none adds what is missing, days and all replace."),
    ] = None

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if [self.text, self.path, self.content_base64].count(None) != 2:  # noqa: PLR2004 - all but one
            raise ValueError("needs one content: send exactly one of text, path and content_base64")
        return self


class DocumentImported(WriteAnswer):
    doc_id: int = Field(description="Document id.")
    parts: list[int] = Field(description="Documents inside it, such as attachments.")
    title: str | None = Field(description="Its title, between marks.")
    final_url: str | None = Field(description="Where a page was found, between marks.")
    content_type: str = Field(description="Media type.")
    bytes_saved: int = Field(description="Bytes kept.")
    unchanged: bool = Field(description="True if the trip had it already.")
    found: dict[str, int] = Field(description="Number of days, activities and so on found in it.")
    left_out: list[str] = Field(description="What could not be read, and why.")
    parsed: dict[str, Any] | None = Field(default=None, description="With parse: as import_trip_page_and_parse.")


async def import_trip_page(db: Database, args: ImportPageArguments) -> DocumentImported:
    trip = await trip_to_read_for(db, args.trip_identifier)
    reading = await read_document(await obtaining.from_web(args.url), [trip])
    keeping = Keeping(args.tag, args.save_raw_html, args.save_text, in_place=args.overwrite)
    return await _import(db, trip, reading, keeping, None)


async def import_trip_document(db: Database, args: ImportDocumentArguments) -> DocumentImported:
    trip = await trip_to_read_for(db, args.trip_identifier)
    reading = await read_document(await _obtained(args), [trip], stamp(args.received_at))
    parsing = Parsing(overwrite=args.parse) if args.parse else None
    return await _import(db, trip, reading, Keeping(args.tag), parsing)


async def trip_to_read_for(db: Database, identifier: str) -> Row:
    """Find the trip, with what helps to read a document: dates, cost and financials."""
    trip_id = (await resolve_trip(db, identifier))["trip_id"]
    trip = await trips.editable(db, trip_id)
    if trip is None:
        raise Conflict(f"Trip {trip_id} has been deleted.", "Send another trip_identifier.")
    return trip


async def _obtained(args: ImportDocumentArguments) -> Obtained:
    if args.path is not None:
        return await obtaining.from_file(args.path)
    if args.content_base64 is not None:
        return obtaining.from_base64(args.content_base64, args.filename)
    return obtaining.from_text(args.text or "", args.filename)


async def _import(
    db: Database, trip: Row, reading: Reading, keeping: Keeping, parsing: Parsing | None
) -> DocumentImported:
    fence = Fence()
    plan = plan_of_all([paper_of(reading)], trip, "schedule_first")
    filed: list[Filed] = []
    applied: list[Applied] = []

    def change(drafts: Sequence[TripDraft]) -> bool:
        filed[:] = [file_document(drafts[0], reading, plan, keeping)]
        applied[:] = [parse_into(drafts[0], [paper_of(reading)], plan, parsing)] if parsing else []
        return True

    async def answer(drafts: Sequence[TripDraft]) -> DocumentImported:
        fields = imported(reading, plan, filed[0], fence)
        words = [f"Document {filed[0].doc_id} {_verb(filed[0])} {with_id(trip['trip_name'], trip['trip_id'])}."]
        words += [f"{len(filed[0].parts)} attachments are documents too."] if filed[0].parts else []
        if applied:
            fields["parsed"] = told(drafts[0], plan, applied[0], fence, dry_run=False)
            words.append(told_words(plan, applied[0], fence, dry_run=False))
        else:
            words.append(f"{found_words(found_in(plan))} Nothing is in the itinerary yet: import_trip_page_and_parse.")
        return DocumentImported(message=" ".join(words), **fields)

    return await rewrite_trips(
        db, [trip["trip_id"]], [], change, answer, with_itinerary=parsing is not None, with_documents=True
    )


def _verb(filed: Filed) -> str:
    return "was already imported for" if filed.unchanged else "is imported for"


def paper_of(reading: Reading) -> Paper:
    """Return a document that is read from where it comes from."""
    sent = reading.sent_at.isoformat() if reading.sent_at else now()
    return Paper(reading, None, reading.obtained.sha256, sent)


def imported(reading: Reading, plan: Plan, filed: Filed, fence: Fence) -> dict[str, Any]:
    """Return the fields of an answer about an imported document."""
    title = reading.document.title or reading.document.subject
    found = _MEDIA_TYPE.match(reading.obtained.content_type or "")
    return {
        "doc_id": filed.doc_id,
        "parts": filed.parts,
        "title": fence.around(title[:500]) if title else None,
        "final_url": fence.around(reading.obtained.final_url) if reading.obtained.final_url else None,
        "content_type": found[0] if found else str(reading.document.kind),
        "bytes_saved": filed.saved,
        "unchanged": filed.unchanged,
        "found": found_in(plan),
        "left_out": [note for one in family(reading.document) for note in one.left_out],
    }


_HINTS = Hints(open_world=True)

TOOLS = (
    Tool(
        name="import_trip_page",
        title="Import a web page",
        description="Fetch a web page and keep it with the trip. import_trip_page_and_parse also uses it.",
        group="documents",
        hints=_HINTS,
        input=ImportPageArguments,
        output=DocumentImported,
        run=import_trip_page,
    ),
    Tool(
        name="import_trip_document",
        title="Import a document",
        description="Keep a confirmation with the trip: e-mail, calendar, PDF, wallet pass, page or pasted text. "
        "With parse, it goes into the itinerary too, in one call.",
        group="documents",
        hints=Hints(),
        input=ImportDocumentArguments,
        output=DocumentImported,
        run=import_trip_document,
        private=True,
    ),
)
