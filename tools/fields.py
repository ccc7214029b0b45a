"""The types of arguments that several tools share, with their bounds and one short line each."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from database.clients import fold

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")


def _as_text(value: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _email(value: str) -> str:
    email = fold(value)
    if not _EMAIL.fullmatch(email):
        raise ValueError("is not an e-mail address of the form name@example.com")
    return email


def _iso_date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ValueError("is not a day of the calendar written YYYY-MM-DD") from error


def _not_a_truth_value(value: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
    if isinstance(value, bool):
        raise ValueError("is a truth value, not a number")  # noqa: TRY004 - pydantic turns it into its own
    return value


TripIdentifier = Annotated[
    str, BeforeValidator(_as_text), Field(max_length=300, description="A trip's id, slug, exact name, or words of it.")
]
Email = Annotated[
    str, AfterValidator(_email), Field(min_length=3, max_length=254, description="The client's e-mail address.")
]
ClientId = Annotated[int, BeforeValidator(_not_a_truth_value), Field(ge=1, le=2**53, description="The client's id.")]
Day = Annotated[str, AfterValidator(_iso_date), Field(min_length=10, max_length=10, pattern=r"^\d{4}-\d{2}-\d{2}$")]
Money = Annotated[float, BeforeValidator(_not_a_truth_value), Field(ge=0, le=1e12, allow_inf_nan=False)]
Currency = Annotated[
    str,
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    Field(min_length=3, max_length=3, pattern=r"^[A-Z]{3}$", description="ISO 4217 code, such as USD."),
]
Role = Annotated[str, Field(min_length=1, max_length=60, description="What the client is on this trip.")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Line = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=20_000)]
Phone = Annotated[str, Field(max_length=60, description="Telephone number.")]
Status = Literal["planning", "confirmed", "in_progress", "completed", "cancelled"]
Phase = Literal["interview", "conceptualization", "planning", "proposal", "revision", "finalization", "preparation"]
Step = Annotated[int, BeforeValidator(_not_a_truth_value), Field(ge=1, le=1000)]
Details = Annotated[dict[str, Any], Field(max_length=200)]


def check_period(start: str, end: str) -> None:
    """Raises ValueError where the end lies before the start."""
    if end < start:
        raise ValueError(f"end_date {end} lies before start_date {start}: send an end_date of {start} or later")
