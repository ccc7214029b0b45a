"""Models shared by the answers of several tools."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from tools.trip import shapes

# Columns of an old database may hold what their type does not promise: a date as a number, a cost as words.
Plain = Annotated[str, BeforeValidator(lambda value: "" if value is None else _as_text(value))]
Written = Annotated[str | None, BeforeValidator(lambda value: value if value is None else _as_text(value))]
Number = Annotated[float | None, BeforeValidator(lambda value: value if isinstance(value, int | float) else None)]
Whole = Annotated[int | None, BeforeValidator(lambda value: value if isinstance(value, int) else None)]
Texts = Annotated[
    list[str] | None,
    BeforeValidator(
        lambda value: None if value is None else [str(one) for one in shapes.as_list(shapes.load_for_answer(value))]
    ),
]


def _as_text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


class TripHead(BaseModel):
    """Fields of a trip wherever one is named."""

    trip_id: int = Field(description="Id of the trip.")
    trip_name: Plain = Field(description="Its name.")
    status: Written = Field(description="How far it is.")
    start_date: Plain = Field(description="First day.")
    end_date: Plain = Field(description="Last day.")


class TripSummary(TripHead):
    trip_slug: Written = Field(description="Its slug.")
    destinations: Written = Field(description="Where it goes.")
    total_cost: Number = Field(description="Total cost.")


class ClientHead(BaseModel):
    """Fields of a client wherever one is named."""

    client_id: int = Field(description="Id of the client.")
    email: Plain = Field(description="E-mail, as stored.")
    full_name: Plain = Field(description="Name.")


class ClientTrip(TripHead):
    roles: Plain = Field(description="The client's roles on it.")


class Activity(BaseModel):
    activity_id: int = Field(description="Id of the entry.")
    type: Written = Field(description="Kind of activity.")
    details: Written = Field(description="What happened.")
    at: Written = Field(description="When.")
