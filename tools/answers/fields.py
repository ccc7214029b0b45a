"""Argument types shared by several tools, with bounds and descriptions."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WrapValidator

from database.clients import fold
from tools.trip import shapes

T = TypeVar("T")

# Words that models fill in where they know no name, role or telephone number.
_NO_VALUE = frozenset({"n/a", "unknown", "<unknown>", "string", "<string>", "tbd"})

# A keyword for lists of objects whose fields are named in the description of the list.
SIGNED = "signed"

# The largest integer that every JSON parser and model provider takes.
MAX_INTEGER = 2**53 - 1

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")

# Letters and symbols that are invisible.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"

# Other letters and marks that show nothing, from Unicode's Default_Ignorable_Code_Point.
_INVISIBLE = re.compile(f"[{_BLANK}\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def as_text(value: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
    # 0 is no id: it fails, and is then taken as not sent where the argument is optional.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value else value


def _email(value: str) -> str:
    email = fold(value)
    if not _EMAIL.fullmatch(email) or not email.isprintable() or _INVISIBLE.search(email):
        raise ValueError("is not an e-mail address of the form name@example.com")
    return email


def require_valid_email(email: str) -> str:
    """Return the normalized address of a new client. Raises ValueError if it is not a valid e-mail address."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - only new addresses need it

    try:
        return fold(validate_email(email, check_deliverability=False).normalized)
    except EmailNotValidError as error:
        raise ValueError(f"is not a valid e-mail address ({str(error).rstrip('.')}): send another") from error


def _name(value: str) -> str:
    normal = unicodedata.normalize("NFC", value)
    if not any(unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANK for letter in normal):
        raise ValueError("has no visible character")
    if any(unicodedata.category(letter) == "Cc" for letter in normal):
        raise ValueError("contains a control character: send it without control characters")
    return normal


def _no_placeholder(value: str) -> str:
    if value.strip().lower() in _NO_VALUE:
        raise ValueError(f"is the placeholder {value!r}: send the real value, or leave the argument out")
    return value


def _iso_date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ValueError("is not a valid date in the form YYYY-MM-DD") from error


def _without_nul(value: str) -> str:
    # SQLite's JSON functions cut a text at the first NUL, so the two stores would differ.
    if "\0" in value:
        raise ValueError("contains a NUL character: send it without NUL characters")
    return value


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    if not shapes.storable(value):
        raise ValueError(
            f"can't be stored as JSON: send it without NaN, infinities or lone surrogates, nested at most "
            f"{shapes.DEPTH - shapes.OUTER_DEPTH} levels deep"
        )
    return value


def _not_a_boolean(value: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
    if isinstance(value, bool):
        raise ValueError("is a boolean, not a number")  # noqa: TRY004 - pydantic wraps only ValueError
    return value


def require_amount(value: Any) -> Any:  # noqa: ANN401 - whatever an agent sent
    if isinstance(value, str) and re.fullmatch(r"\d{1,3}\.\d{3}", value.strip()):
        raise ValueError(f"could be {value.strip().replace('.', '')} or a fraction: send it as a number")
    return _not_a_boolean(value)


TripIdentifier = Annotated[str, Field(max_length=300, description="Id, slug, name or words."), BeforeValidator(as_text)]
Email = Annotated[
    str,
    Field(max_length=254, description="Client's e-mail.", json_schema_extra={"format": "email"}),
    AfterValidator(_email),
]
NewEmail = Annotated[Email, AfterValidator(require_valid_email)]
ClientId = Annotated[int, Field(ge=1, le=MAX_INTEGER, description="Client's id."), BeforeValidator(_not_a_boolean)]
Day = Annotated[
    str,
    AfterValidator(_iso_date),
    Field(min_length=10, max_length=10, pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"}),
]
Money = Annotated[float, Field(ge=0, le=10**12, allow_inf_nan=False), BeforeValidator(require_amount)]
Currency = Annotated[
    str,
    Field(
        min_length=3,
        max_length=3,
        pattern=r"^[A-Z]{3}$",
        description="ISO 4217, such as EUR.",
        json_schema_extra={"format": "currency"},
    ),
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]
# Listed after the length bounds, so that the bounds are checked first and stay in the schema.
_Plain = AfterValidator(_without_nul)
_Real = AfterValidator(_no_placeholder)
Role = Annotated[str, Field(min_length=1, max_length=60, description="Client's role on the trip."), _Plain, _Real]
Name = Annotated[str, Field(min_length=1, max_length=200), _Plain]
PersonName = Annotated[Name, AfterValidator(_name), _Real]
Line = Annotated[str, Field(max_length=500), _Plain]
Text = Annotated[str, Field(max_length=20_000), _Plain]
Words = Annotated[str, Field(min_length=1, max_length=20_000), _Plain]
Phone = Annotated[str, Field(max_length=60, description="Telephone number."), _Plain, _Real]
Status = Literal["planning", "confirmed", "in_progress", "completed", "cancelled"]
Phase = Literal["interview", "conceptualization", "planning", "proposal", "revision", "finalization", "preparation"]
Step = Annotated[int, Field(ge=1, le=1000, description="Step, from 1."), BeforeValidator(_not_a_boolean)]
Details = Annotated[dict[str, Any], Field(max_length=200), AfterValidator(_storable)]


# A stored text that null removes. Null becomes "", so that it differs from an argument that was not sent.
Erasable = Annotated[
    T | None,
    WrapValidator(lambda value, validate: "" if value is None else validate(value)),
    PlainSerializer(lambda value: None if value == "" else value),
    Field(json_schema_extra={"nullable": True}),
]


def check_period(start: str, end: str) -> None:
    """Raise ValueError if the end is before the start."""
    if end < start:
        raise ValueError(f"end_date {end} is before start_date {start}: send an end_date of {start} or later")
