"""Arguments and answers of the facts tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SerializerFunctionWrapHandler, model_serializer

from tools.answers.fields import ClientId, Day, Email, Money, Name, Status, TripIdentifier
from tools.answers.models import Number, Texts, Whole, Written
from tools.answers.pages import Cursor, Limit, Page
from tools.tool import Answer, Arguments

TripId = Annotated[ClientId, Field(description="A trip's id.")]
TripIds = Annotated[list[TripId], Field(min_length=1, max_length=1000)]
Nights = Annotated[int, Field(ge=0, le=100_000)]
People = Annotated[int, Field(ge=0, le=1_000_000)]


def _fact(name: str) -> str:
    if name not in FACTS:
        raise ValueError(f"{name!r:.40} is no field of facts: send some of {', '.join(FACTS)}")
    return name


class Filters(Arguments):
    min_nights: Annotated[Nights | None, Field(description="Fewest nights.")] = None
    max_nights: Annotated[Nights | None, Field(description="Most nights.")] = None
    min_cost: Annotated[Money | None, Field(description="Lowest total cost.")] = None
    max_cost: Annotated[Money | None, Field(description="Highest total cost.")] = None
    min_travelers: Annotated[People | None, Field(description="Fewest travelers.")] = None
    max_travelers: Annotated[People | None, Field(description="Most travelers.")] = None
    starts_after: Annotated[Day | None, Field(description="First day on or after, YYYY-MM-DD.")] = None
    starts_before: Annotated[Day | None, Field(description="First day on or before, YYYY-MM-DD.")] = None
    status: Annotated[Status | None, Field(description="How far it is.")] = None
    client_email: Annotated[Email | None, Field(description="A client who is on the trip now.")] = None


class QueryArguments(Arguments):
    query: Annotated[TripIdentifier | None, Field(description="Id, slug, name or words: all that match.")] = None
    trip_ids: Annotated[TripIds | None, Field(description="Only these trips.")] = None
    filters: Annotated[
        Filters | None,
        Field(description="Bounds of the facts, both ends included.", json_schema_extra={"type": "object"}),
    ] = None
    return_fields: Annotated[
        list[Annotated[str, Field(max_length=40), AfterValidator(_fact)]] | None,
        Field(max_length=30, description="Only these fields, such as total_nights."),
    ] = None
    limit: Limit = 20
    cursor: Cursor | None = None


class TripFacts(BaseModel):
    """Fields that were not asked for are not there; null is what is not known."""

    trip_id: int = Field(description="Id of the trip.")
    stale: bool = Field(description="True where the facts may be out of date: refresh_trip_facts computes them.")
    stale_reasons: list[str] = Field(description="Why they are stale, at most 20 reasons.")
    trip_name: Written = Field(default=None, description="Its name.")
    trip_slug: Written = Field(default=None, description="Its slug.")
    status: Written = Field(default=None, description="How far it is.")
    start_date: Written = Field(default=None, description="First day.")
    end_date: Written = Field(default=None, description="Last day.")
    destinations: Written = Field(default=None, description="Where it goes.")
    total_nights: Whole = Field(default=None, description="Nights from first to last day.")
    total_hotels: Whole = Field(default=None, description="Places to stay.")
    total_activities: Whole = Field(default=None, description="Activities of all days.")
    total_cost: Number = Field(default=None, description="Total cost.")
    transit_minutes: Whole = Field(default=None, description="Minutes on the way, where they are entered.")
    traveler_count: Whole = Field(default=None, description="How many clients are on it.")
    traveler_names: Texts = Field(default=None, description="Their names, first assigned first.")
    traveler_emails: Texts = Field(default=None, description="Their e-mails, in the same order.")
    primary_client_email: Written = Field(default=None, description="Whom it is for.")
    primary_client_name: Written = Field(default=None, description="The name of that client.")
    last_computed: Written = Field(default=None, description="When the facts were computed.")
    version: Whole = Field(default=None, description="How often they were computed.")

    @model_serializer(mode="wrap")
    def _only_what_was_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


FACTS = [name for name in TripFacts.model_fields if name not in {"trip_id", "stale", "stale_reasons"}]


class FactsPage(Page):
    trips: list[TripFacts] = Field(description="The trips of this page, by id.")
    total: int = Field(description="How many trips all pages have together.")
    unknown_trip_ids: list[int] = Field(description="Ids of trip_ids that are no trip.")


class RefreshArguments(Arguments):
    trip_id: Annotated[TripId | None, Field(description="Only this trip.")] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="Most trips to compute.")] = 50
    force_refresh: Annotated[bool, Field(description="Also trips whose facts are up to date.")] = False


class Refreshed(Answer):
    refreshed: int = Field(description="How many trips were computed.")
    removed: int = Field(description="How many trips are gone, and were taken from the queue.")
    left_dirty: int = Field(description="How many trips still have facts that are out of date or missing.")


class MarkArguments(Arguments):
    trip_ids: Annotated[TripIds, Field(description="Ids of the trips.")]
    reason: Annotated[Name, Field(description="Why their facts are out of date.")] = "marked"


class Marked(Answer):
    marked: int = Field(description="How many trips were put into the queue.")
    already_dirty: int = Field(description="How many were in it already for this reason.")


class StatsArguments(Arguments):
    pass


class ReasonCount(BaseModel):
    reason: str = Field(description="Why facts are out of date.")
    rows: int = Field(description="Rows of the queue that say so.")


class FactsStats(Answer):
    trips: int = Field(description="How many trips there are.")
    with_facts: int = Field(description="How many of them have facts.")
    without_facts: int = Field(description="How many have none yet.")
    stale: int = Field(description="How many have facts that are out of date or missing.")
    gone: int = Field(description="How many trips in the queue are gone.")
    dirty_rows: int = Field(description="Rows of the queue.")
    oldest_computed: Written = Field(description="When the oldest facts were computed.")
    newest_computed: Written = Field(description="When the newest facts were computed.")
    dirty_by_reason: list[ReasonCount] = Field(description="The most frequent reasons, at most 20.")
