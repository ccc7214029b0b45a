"""The tools list_templates and preview_proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from database.quoting import as_word, in_quotes
from tools.answers.bounds import named
from tools.answers.fields import TripIdentifier
from tools.answers.models import with_id
from tools.finding.identifiers import resolve_trip
from tools.proposals import rendering
from tools.proposals.agency import agency_of_house
from tools.proposals.gathering import recorded
from tools.proposals.house import house
from tools.proposals.making import TemplateName
from tools.proposals.model import Proposal
from tools.proposals.telling import missing_in
from tools.proposals.template_files import sources, templates
from tools.proposals.wording import today
from tools.tool import READS, Answer, Arguments, Tool
from tools.trip.amounts import number

if TYPE_CHECKING:
    from database.engine import Database


class ListTemplatesArguments(Arguments):
    pass


class TemplateListed(BaseModel):
    name: str = Field(description="Name.")
    about: str = Field(description="What it is like.")
    own: bool = Field(description="True if it is the agency's.")


class TemplatesListed(Answer):
    templates: list[TemplateListed] = Field(description="Templates.")
    agency: str | None = Field(description="The agency's name.")
    makes_pdf: bool = Field(description="True if a PDF can be made here.")


class PreviewProposalArguments(Arguments):
    trip_identifier: TripIdentifier
    template: TemplateName = "standard"


class ProposalPreviewed(Answer):
    trip_id: int = Field(description="Trip id.")
    title: str = Field(description="Title.")
    prepared_for: str = Field(description="Whom it is for.")
    people: int = Field(description="Number of travelers.")
    total: float = Field(description="Total cost.")
    planned: float = Field(description="Sum of the payment plan.")
    currency: str = Field(description="Currency.")
    missing: list[str] = Field(description="What it lacks.")
    last_version: int | None = Field(description="Last version made.")


async def list_templates(_: Database, __: ListTemplatesArguments) -> TemplatesListed:
    found = templates(house().templates_dir)
    agency = agency_of_house()[0].name
    told = named([f"{as_word(one.name)} ({in_quotes(one.about, 200)})" if one.about else one.name for one in found])
    return TemplatesListed(
        message=f"Templates: {told}.{'' if rendering.makes_pdf() else f' {rendering.NO_PDF} {rendering.PRINT}'}",
        templates=[TemplateListed(name=one.name, about=one.about, own=one.own) for one in found],
        agency=agency or None,
        makes_pdf=rendering.makes_pdf(),
    )


async def preview_proposal(db: Database, args: PreviewProposalArguments) -> ProposalPreviewed:
    trip_id = (await resolve_trip(db, args.trip_identifier))["trip_id"]
    texts = sources(house().templates_dir, args.template)
    agency, terms = agency_of_house()
    read = await recorded(db, trip_id)
    trip, version = read.trip, read.last["version"] if read.last else None
    proposal = Proposal(
        agency=agency,
        trip=trip,
        prices=[],
        included=[],
        excluded=[],
        payments=read.payments,
        terms=terms,
        made_on=today(),
        valid_until="",
        version=(version or 0) + 1,
    )
    await rendering.page(texts, args.template, proposal)
    missing = missing_in(read, proposal)
    cost = f"{trip.total} {as_word(trip.currency)}" if trip.total else "no cost"
    return ProposalPreviewed(
        message=f"{with_id(trip.name, trip_id)}: travelers: {trip.people}, days: {len(trip.days)}, {cost}. "
        f"{' '.join(missing)}{f' Last version: {version}.' if version else ' No version yet.'}",
        trip_id=trip_id,
        title=trip.name,
        prepared_for=trip.prepared_for,
        people=trip.people,
        total=number(read.total),
        planned=number(read.planned),
        currency=trip.currency,
        missing=missing,
        last_version=version,
    )


TOOLS = (
    Tool(
        name="list_templates",
        title="List templates",
        description="List the templates for proposals.",
        group="proposals",
        hints=READS,
        input=ListTemplatesArguments,
        output=TemplatesListed,
        run=list_templates,
    ),
    Tool(
        name="preview_proposal",
        title="Preview a proposal",
        description="See what a trip's proposal would say and lack.",
        group="proposals",
        hints=READS,
        input=PreviewProposalArguments,
        output=ProposalPreviewed,
        run=preview_proposal,
    ),
)
