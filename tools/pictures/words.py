"""Dates and stored text as pictures show them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from tools.answers.bounds import shortened
from tools.trip.shapes import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Sequence

# Maximum length of a stored text in a picture.
LONGEST = 160

# Number of days named in a sentence; of more, only the first is named.
DAYS_NAMED = 3

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Span(BaseModel):
    """Something that lasts from one day to another."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    first: str = Field(description="First day.", validation_alias="from", serialization_alias="from")
    last: str = Field(description="Last day.", validation_alias="to", serialization_alias="to")


def today() -> date:
    return datetime.now(UTC).date()


def day_words(day: date) -> str:
    """Return a day such as `Wed 13 Jan`."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def days_words(days: Sequence[date]) -> str:
    """Name a few days, or count many."""
    if len(days) > DAYS_NAMED:
        return f"{len(days)} days, first on {day_words(days[0])}"
    return " and ".join(map(day_words, days))


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def text(value: object) -> str:
    """Return a stored value as text that an answer can hold; "" for null."""
    return shortened(replace_surrogates(_as_text(value)), LONGEST)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
