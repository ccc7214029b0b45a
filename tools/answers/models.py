"""Models shared by the answers of several tools."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer

from database.clients import has_email
from database.quoting import as_word, in_quotes, visible
from tools.trip import shapes

# Columns of an old database may hold types other than the declared ones, such as a date as a number or a cost as text.
Plain = Annotated[str, BeforeValidator(lambda value: "" if value is None else _as_text(value))]
Written = Annotated[str | None, BeforeValidator(lambda value: value if value is None else _as_text(value))]
# A sentence of ours. Stored text in it is quoted; should a hidden character be left, it is escaped.
Sentence = Annotated[str, PlainSerializer(visible)]
# A real e-mail address; None for the placeholder stored for a client without e-mail.
Contact = Annotated[
    str | None,
    BeforeValidator(lambda value: _as_text(value) if value is not None and has_email(_as_text(value)) else None),
]
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
    """Fields that identify a trip."""

    trip_id: int = Field(description="Trip id.")
    trip_name: Plain = Field(description="Trip name.")
    status: Written = Field(description="Trip status.")
    start_date: Plain = Field(description="First day.")
    end_date: Plain = Field(description="Last day.")


class TripMoney(TripHead):
    total_cost: Number = Field(description="Total cost.")
    paid: float = Field(description="Paid so far.")
    balance: float = Field(description="Still to pay.")
    currency: str = Field(description="Currency.")


class TripSummary(TripMoney):
    trip_slug: Written = Field(description="Trip slug.")
    destinations: Written = Field(description="Destinations.")


class ClientHead(BaseModel):
    """Fields that identify a client."""

    client_id: int = Field(description="Client id.")
    email: Contact = Field(description="E-mail, as stored; null if none.")
    full_name: Plain = Field(description="Name.")


def addressed(full_name: object, email: object) -> str:
    """Return `"name" <e-mail>`, or `"name" (no e-mail)`."""
    name = in_quotes(full_name)
    return f"{name} <{as_word(email)}>" if email is not None and has_email(str(email)) else f"{name} (no e-mail)"


def logged_as(full_name: object, email: object) -> str:
    """Return the client for the activity log, which keeps names and e-mails as they are stored."""
    return f"{full_name} <{email}>" if email is not None and has_email(str(email)) else f"{full_name} (no e-mail)"


def with_id(trip_name: object, trip_id: int) -> str:
    """Return `"name" (id 2)`."""
    return f"{in_quotes(trip_name)} (id {trip_id})"


class ClientTrip(TripHead):
    roles: Plain = Field(description="The client's roles.")


class Activity(BaseModel):
    activity_id: int = Field(description="Activity id.")
    type: Written = Field(description="Kind of activity.")
    details: Written = Field(description="What happened.")
    at: Written = Field(description="When.")
    actor: Written = Field(default=None, description="Who: client program or token, if known.")
