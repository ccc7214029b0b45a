"""Arguments and answers of the facts tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SerializerFunctionWrapHandler, model_serializer

from database.quoting import in_quotes
from tools.answers.fields import SIGNED, ClientId, Day, Email, Money, Name, Status, TripIdentifier
from tools.answers.models import Contact, Number, Texts, Whole, Written
from tools.answers.pages import Cursor, Limit, Page
from tools.tool import Answer, Arguments

TripId = Annotated[ClientId, Field(description="A trip's id.")]
TripIds = Annotated[list[TripId], Field(min_length=1, max_length=1000)]
Nights = Annotated[int, Field(ge=0, le=100_000)]
People = Annotated[int, Field(ge=0, le=1_000_000)]


def _fact(name: str) -> str:
    if name not in FACTS:
        raise ValueError(f"{in_quotes(name, 40)} is not a fact: send one or more of {', '.join(FACTS)}")
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
    status: Annotated[Status | None, Field(description="Trip status.")] = None
    client_email: Annotated[Email | None, Field(description="A client on the trip.")] = None


class QueryArguments(Arguments):
    query: Annotated[TripIdentifier | None, Field(description="Id, slug, name or words; all matches.")] = None
    trip_ids: Annotated[TripIds | None, Field(description="Only these trips.")] = None
    filters: Annotated[
        Filters | None,
        Field(description="Inclusive bounds of the facts.", json_schema_extra={"type": "object", SIGNED: True}),
    ] = None
    return_fields: Annotated[
        list[Annotated[str, Field(max_length=40), AfterValidator(_fact)]] | None,
        Field(max_length=30, description="Only these fields, such as total_nights."),
    ] = None
    limit: Limit = 20
    cursor: Cursor | None = None


class TripFacts(BaseModel):
    """Facts of a trip: only the requested fields; null means unknown."""

    trip_id: int = Field(description="Id of the trip.")
    stale: bool = Field(description="True if the facts may be out of date; refresh_trip_facts updates them.")
    stale_reasons: list[str] = Field(description="Why they are stale, at most 20.")
    trip_name: Written = Field(default=None, description="Trip name.")
    trip_slug: Written = Field(default=None, description="Trip slug.")
    status: Written = Field(default=None, description="Trip status.")
    start_date: Written = Field(default=None, description="First day.")
    end_date: Written = Field(default=None, description="Last day.")
    destinations: Written = Field(default=None, description="Destinations.")
    total_nights: Whole = Field(default=None, description="Nights from first to last day.")
    total_hotels: Whole = Field(default=None, description="Places to stay.")
    total_activities: Whole = Field(default=None, description="Activities of all days.")
    total_cost: Number = Field(default=None, description="Total cost.")
    transit_minutes: Whole = Field(default=None, description="Minutes in transit, if entered.")
    traveler_count: Whole = Field(default=None, description="Number of travelers.")
    traveler_names: Texts = Field(default=None, description="Travelers' names, by assignment.")
    traveler_emails: Texts = Field(default=None, description="Their e-mails, same order.")
    primary_client_email: Contact = Field(default=None, description="Primary client.")
    primary_client_name: Written = Field(default=None, description="Their name.")
    last_computed: Written = Field(default=None, description="When the facts were computed.")
    version: Whole = Field(default=None, description="Number of computations.")

    @model_serializer(mode="wrap")
    def _only_what_was_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


FACTS = [name for name in TripFacts.model_fields if name not in {"trip_id", "stale", "stale_reasons"}]


class FactsPage(Page):
    trips: list[TripFacts] = Field(description="The trips of this page, by id.")
    total: int = Field(description="Trips on all pages.")
    unknown_trip_ids: list[int] = Field(description="trip_ids that don't exist.")


class RefreshArguments(Arguments):
    trip_id: Annotated[TripId | None, Field(description="Only this trip.")] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="Most trips to compute.")] = 50
    force_refresh: Annotated[bool, Field(description="Also trips whose facts are up to date.")] = False


class Refreshed(Answer):
    refreshed: int = Field(description="Trips computed.")
    removed: int = Field(description="Deleted trips removed from the queue.")
    left_dirty: int = Field(description="Trips whose facts are still stale or missing.")


class MarkArguments(Arguments):
    trip_ids: Annotated[TripIds, Field(description="Ids of the trips.")]
    reason: Annotated[Name, Field(description="Why their facts are stale.")] = "marked"


class Marked(Answer):
    marked: int = Field(description="Trips added to the queue.")
    already_dirty: int = Field(description="Trips already queued for this reason.")


class StatsArguments(Arguments):
    pass


class ReasonCount(BaseModel):
    reason: str = Field(description="Why facts are stale.")
    rows: int = Field(description="Queue rows with this reason.")


class FactsStats(Answer):
    trips: int = Field(description="Number of trips.")
    with_facts: int = Field(description="Trips with facts.")
    without_facts: int = Field(description="Trips without facts.")
    stale: int = Field(description="Trips with stale or missing facts.")
    gone: int = Field(description="Deleted trips in the queue.")
    dirty_rows: int = Field(description="Queue rows.")
    oldest_computed: Written = Field(description="When the oldest facts were computed.")
    newest_computed: Written = Field(description="When the newest facts were computed.")
    dirty_by_reason: list[ReasonCount] = Field(description="The most frequent reasons, at most 20.")
