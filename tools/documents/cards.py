"""Mask the numbers of payment cards, which must not be stored."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from documents.model import Document

# A run of 14 to 19 digits, with single spaces or hyphens, that begins like a card of the large networks. Numbers of
# 13 digits are mostly those of tickets.
_CARD = re.compile(r"(?<![\d.,-])(?:3[0-9]|4[0-9]|5[1-5]|6[0-9]|2[2-7])(?:[ -]?\d){12,17}(?![\d-])")

_LAST = 4


def without_cards(document: Document) -> tuple[Document, bool]:
    """Return the document with masked card numbers, and True if it had any."""
    masked = _masked(document)
    return (masked, True) if masked != document else (document, False)


def _masked(value: Any) -> Any:  # noqa: ANN401 - a part of a document
    if isinstance(value, str):
        return _CARD.sub(lambda found: _mask(found[0]), value) if type(value) is str else value
    if isinstance(value, list | tuple):
        items = [_masked(one) for one in cast("list[Any]", value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in cast("dict[str, Any]", value).items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _masked(getattr(value, field.name)) for field in fields(value)})
    return value


def _mask(number: str) -> str:
    digits = [int(digit) for digit in number if digit.isdigit()]
    if not _valid(digits):
        return number
    left = len(digits) - _LAST
    masked: list[str] = []
    for letter in number:
        masked.append("*" if letter.isdigit() and left > 0 else letter)
        left -= letter.isdigit()
    return "".join(masked)


def _valid(digits: list[int]) -> bool:
    """Return True if the digits pass the Luhn check."""
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
