"""The tool generate_proposal: a version of a trip's proposal, kept as it was made."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from database import activity, proposals
from database.clock import now
from database.errors import GuardFailed
from database.proposals import Version
from database.quoting import as_word
from tools.answers.committing import commit
from tools.answers.errors import Conflict, InvalidInput, ToolFault
from tools.answers.fields import Currency, Day, Line, TripIdentifier
from tools.answers.models import with_id
from tools.answers.sent import Sent
from tools.finding.identifiers import resolve_trip
from tools.proposals import files, rendering
from tools.proposals.agency import agency_of_house
from tools.proposals.calendars import calendar
from tools.proposals.files import Format, ProposalFile
from tools.proposals.gathering import amount, recorded
from tools.proposals.house import house
from tools.proposals.model import Price, Proposal
from tools.proposals.telling import missing_in
from tools.proposals.template_files import sources
from tools.proposals.wording import PROSE, TITLE, plain, today
from tools.tool import Hints, Link, Tool, WriteAnswer, WriteArguments
from tools.trip.amounts import Amount, number, thousandths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from database.engine import Database, Statement
    from tools.proposals.gathering import Recorded
    from tools.proposals.model import Agency

# Maximum attempts if other versions keep being made.
TRIES = 20

# The most that a version may take, in bytes: the hosted engine takes rows of at most 2 MB.
VERSION_BYTES = 1_900_000

# The most lines of a list, as sent.
LINES = 100

TemplateName = Annotated[str, Field(min_length=1, max_length=60, description="From list_templates.")]
Lines = Annotated[list[Line], Field(max_length=LINES)]
Terms = Annotated[list[Annotated[str, Field(max_length=PROSE)]], Field(max_length=LINES)]


class PriceLine(Sent):
    """A line of the price."""

    label: Annotated[Line, Field(min_length=1)]
    amount: Amount
    unit: Line = ""
    currency: Currency | None = None


class GenerateProposalArguments(WriteArguments):
    trip_identifier: TripIdentifier
    template: TemplateName = "standard"
    valid_until: Annotated[Day | None, Field(description="Prices hold until.")] = None
    prices: Annotated[
        list[PriceLine], Field(max_length=LINES, default_factory=list, description="Must add up to the trip's cost.")
    ]
    included: Annotated[Lines, Field(default_factory=list, description="What the price includes.")]
    excluded: Annotated[Lines, Field(default_factory=list, description="What it doesn't.")]
    terms: Annotated[Terms | None, Field(description="Else the agency's.")] = None
    formats: Annotated[
        list[Format],
        Field(min_length=1, max_length=3, default_factory=lambda: ["html"], description="html is always made."),
    ]


class ProposalMade(WriteAnswer):
    trip_id: int = Field(description="Trip id.")
    version: int = Field(description="Version.")
    unchanged: bool = Field(description="True if this is the last version, because nothing changed since.")
    template: str = Field(description="Template.")
    total: float = Field(description="Total cost.")
    currency: str = Field(description="Currency.")
    warnings: list[str] = Field(description="What the proposal lacks.")
    files: list[ProposalFile] = Field(description="Files.")

    def links(self) -> list[Link]:
        return [file.as_link(f"Proposal, version {self.version}") for file in self.files]


async def generate_proposal(db: Database, args: GenerateProposalArguments) -> ProposalMade:
    trip_id = (await resolve_trip(db, args.trip_identifier))["trip_id"]
    _require_future(args.valid_until)
    texts = sources(house().templates_dir, args.template)
    agency, terms = agency_of_house()
    for _ in range(TRIES):
        read = await recorded(db, trip_id)
        proposal = _proposal(args, read, agency, terms)
        fingerprint = _fingerprint(proposal, texts, args.template)
        if read.last and read.last["fingerprint"] == fingerprint:
            return await _again(db, args, read)
        try:
            return await _new(db, args, read, proposal, fingerprint, texts)
        except GuardFailed:
            continue
    raise Conflict(f"Other versions for trip {trip_id} kept being made.", "Send the call again.")


def _require_future(valid_until: str | None) -> None:
    if valid_until is not None and valid_until < today():
        raise InvalidInput(
            f"valid_until {valid_until} has passed; today is {today()}.", "Send today, a later day, or no valid_until."
        )


def _proposal(args: GenerateProposalArguments, read: Recorded, agency: Agency, terms: Sequence[str]) -> Proposal:
    _require_sum(args.prices, read)
    return Proposal(
        agency=agency,
        trip=read.trip,
        prices=[
            Price(
                label=plain(line.label, TITLE),
                unit=plain(line.unit, TITLE),
                amount=amount(thousandths(line.amount), read.trip.currency),
            )
            for line in args.prices
        ],
        included=_lines(args.included),
        excluded=_lines(args.excluded),
        payments=read.payments,
        terms=_lines(terms if args.terms is None else args.terms),
        made_on="",
        valid_until=args.valid_until or "",
        version=0,
    )


def _lines(sent: Sequence[str]) -> list[str]:
    return [text for text in map(plain, sent) if text]


def _require_sum(prices: Sequence[PriceLine], read: Recorded) -> None:
    """Raise InvalidInput unless the lines, if any, are in the trip's currency and add up to its cost."""
    currency = read.trip.currency
    if other := next((line.currency for line in prices if line.currency not in {None, currency}), None):
        raise InvalidInput(
            f"prices has a line in {other}, but the trip costs {currency}.",
            f"Send all lines in {as_word(currency)}, or change the trip's currency with update_cost.",
        )
    total = sum(thousandths(line.amount) for line in prices)
    if prices and total != read.total:
        raise InvalidInput(
            f"The prices add up to {amount(total, currency)}, but the trip costs {amount(read.total, currency)} "
            f"{as_word(currency)}.",
            "Send lines that add up to it, or change the trip's cost with update_cost.",
        )


def _fingerprint(proposal: Proposal, texts: Mapping[str, str], template: str) -> str:
    """Identify what a version is made from, apart from its number and date."""
    made_from = [proposal.model_dump(), dict(sorted(texts.items())), template]
    return hashlib.sha256(json.dumps(made_from, ensure_ascii=False).encode()).hexdigest()


async def _new(  # noqa: PLR0913 - what the version is made from
    db: Database,
    args: GenerateProposalArguments,
    read: Recorded,
    proposal: Proposal,
    fingerprint: str,
    texts: Mapping[str, str],
) -> ProposalMade:
    moment = now()
    following = read.last["version"] + 1 if read.last else 1
    proposal = proposal.model_copy(update={"version": following, "made_on": today()})
    html = await rendering.page(texts, args.template, proposal)
    snapshot = proposal.model_dump_json(exclude={"agency": {"logo"}})  # the page has it
    _require_room(html, snapshot)
    version = Version(read.trip.id, following, args.template, proposal.made_on, fingerprint, snapshot, html, moment)
    statements = [
        proposals.guard_next(read.trip.id, following),
        proposals.insert(version),
        activity.log(read.trip.id, [("ProposalMade", f"Version {following} of the proposal, {args.template}")], moment),
    ]
    return await _stored(db, args, read, proposal, version, statements)


async def _again(db: Database, args: GenerateProposalArguments, read: Recorded) -> ProposalMade:
    """Answer with the last version, because nothing changed since."""
    last = read.last["version"] if read.last else 0
    row = await proposals.version(db, read.trip.id, last)
    if row is None:
        raise Conflict(f"Version {last} has been deleted.", "Send the call again.")
    proposal = Proposal.model_validate_json(row["snapshot"])
    return await _stored(db, args, read, proposal, Version(**row), [])


async def _stored(  # noqa: PLR0913 - what is answered
    db: Database,
    args: GenerateProposalArguments,
    read: Recorded,
    proposal: Proposal,
    version: Version,
    statements: Sequence[Statement],
) -> ProposalMade:
    """Make the files, run the statements, which are none for an earlier version, and answer."""
    contents, warnings = await _contents(args.formats, version.html, proposal, version.created_at)
    warnings = [*missing_in(read, proposal), *warnings]
    answer = _answer(read, version, contents, warnings, unchanged=not statements)
    paths = {Path(file.path): contents[file.format] for file in answer.files if file.path}
    written = await asyncio.to_thread(files.write, paths)
    try:
        answer = await commit(db, statements, answer)
        written.keep()
    finally:
        written.discard()
    return answer


def _require_room(html: str, snapshot: str) -> None:
    size = len(html.encode()) + len(snapshot.encode())
    if size > VERSION_BYTES:
        raise InvalidInput(
            f"The proposal has {size} bytes; at most {VERSION_BYTES} are kept.", "Shorten the itinerary."
        )


async def _contents(
    formats: Sequence[Format], html: str, proposal: Proposal, created_at: str
) -> tuple[dict[str, bytes], list[str]]:
    """Return the files by format, and a warning if one can't be made here."""
    contents: dict[str, bytes] = {"html": html.encode()}
    warnings: list[str] = []
    if "pdf" in formats:
        try:
            contents["pdf"] = await rendering.pdf(html)
        except ToolFault as fault:
            warnings.append(f"{fault.problem} {fault.remedy}")
    if "ics" in formats:
        if events := calendar(proposal, created_at):
            contents["ics"] = events
        else:
            warnings.append("No calendar: nothing has a date.")
    return contents, warnings


def _answer(
    read: Recorded, version: Version, contents: Mapping[str, bytes], warnings: list[str], *, unchanged: bool
) -> ProposalMade:
    trip = read.trip
    made = files.described(trip.id, read.slug, version.version, contents, house().proposals_dir)
    verb = "has what you sent; nothing changed since" if unchanged else "is made"
    cost = f"{amount(read.total, trip.currency)} {as_word(trip.currency)}" if read.total else "no cost recorded"
    where = ", ".join(file.path or file.uri for file in made)
    about = f" To settle: {' '.join(warnings)}" if warnings else ""
    return ProposalMade(
        message=f"Version {version.version} of the proposal for {with_id(trip.name, trip.id)} {verb}: {cost}; {where}."
        f"{about}",
        trip_id=trip.id,
        version=version.version,
        unchanged=unchanged,
        template=version.template,
        total=number(read.total),
        currency=trip.currency,
        warnings=warnings,
        files=made,
    )


TOOL = Tool(
    name="generate_proposal",
    title="Make a proposal",
    description="Make a version of a trip's proposal for its clients, as page, PDF or calendar, from what is recorded.",
    group="proposals",
    hints=Hints(idempotent=True),
    input=GenerateProposalArguments,
    output=ProposalMade,
    run=generate_proposal,
)
