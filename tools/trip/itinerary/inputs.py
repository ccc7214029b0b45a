"""Argument types of the operations on an itinerary."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tools.answers.fields import Day, as_text
from tools.trip.itinerary import times
from tools.trip.operation import Data

# The last day number; more than 25 years.
_LAST = 9999


def _plain_number(value: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
    if isinstance(value, bool):
        raise ValueError("is a boolean, not a number")  # noqa: TRY004 - pydantic wraps only ValueError
    return value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("contains a NUL character: send it without NUL characters")
    return value


def _time(value: str) -> str:
    example = "the local time as HH:MM, such as 14:30"
    try:
        minute = times.clock(value)
    except times.ImpossibleTimeError as error:
        raise ValueError(f"is a time that no day has: send {example}") from error
    if minute is None:
        raise ValueError(f"can't be read as a time of day: send {example}")
    return value


def _date_and_time(value: str) -> str:
    at = times.moment(value)
    rest = value.strip()[10:].lstrip("T, ")
    if at.impossible:
        raise ValueError("has a time that no day has: send it as YYYY-MM-DDTHH:MM, local time")
    if at.day is None or (rest and at.minute is None):
        raise ValueError("can't be read as a date with a time: send it as YYYY-MM-DDTHH:MM, local time, or YYYY-MM-DD")
    return value


ItemId = Annotated[
    str,
    Field(min_length=1, max_length=200),
    BeforeValidator(as_text),
]
Title = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_without_nul)]
OptionalTitle = Annotated[Title | None, Field()]
TimeOfDay = Annotated[str, Field(max_length=30), AfterValidator(_time)]
DateAndTime = Annotated[str, Field(max_length=40), AfterValidator(_date_and_time)]
DayNumber = Annotated[int, Field(ge=1, le=_LAST), BeforeValidator(_plain_number)]


class OnDay(Data):
    date: Day | None = None
    day_number: DayNumber | None = None

    @model_validator(mode="after")
    def _one_day(self) -> OnDay:
        if (self.date is None) == (self.day_number is None):
            raise ValueError("needs one day: send either date or day_number")
        return self


class RemoveEntry(Data):
    item_id: ItemId
