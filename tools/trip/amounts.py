"""Amounts of money as integers, in thousandths, and as the decimals that calls and answers hold."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from tools.answers.fields import require_amount

# The largest amount of a payment, and the largest sum of the payments of a trip.
MOST = 10**12

# How far a number may be from a decimal, because whoever sent it added floats.
_NOISE = Decimal("1e-9")

_STEP = Decimal("0.001")


def thousandths(amount: float | None) -> int:
    """Return the amount in thousandths: of the decimal that stands for the float, not of its binary value."""
    return int(Decimal(repr(amount or 0.0)).quantize(_STEP, ROUND_HALF_EVEN).scaleb(3)) if _is_amount(amount) else 0


def _is_amount(amount: float | None) -> bool:
    return amount is not None and abs(amount) <= MOST


def number(amount: int) -> float:
    """Return thousandths as the nearest float, which JSON writes as the exact decimal."""
    return amount / 1000


def decimal(amount: int) -> str:
    """Return thousandths as text: with two decimals, or three if needed."""
    text = f"{'-' if amount < 0 else ''}{abs(amount) // 1000}.{abs(amount) % 1000:03}"
    return text.removesuffix("0")


def _three_decimals(amount: float) -> float:
    exact = Decimal(repr(amount))
    if abs(exact - exact.quantize(_STEP)) > _NOISE:
        raise ValueError("has more than three decimals: send an amount such as 1234.50")
    return float(exact.quantize(_STEP))


# An amount of a payment; text such as "1234.50" is taken too.
Amount = Annotated[
    float,
    Field(ge=0.001, le=MOST, allow_inf_nan=False),
    BeforeValidator(require_amount),
    AfterValidator(_three_decimals),
]
