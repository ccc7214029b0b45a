"""Texts with * as wildcard, which say what a cleanup is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Characters besides wildcards that a pattern must have.
NEEDED = 3

# What other languages of patterns have as a wildcard counts for nothing, though here only * is one.
_NOTHING = re.compile(r"[*%_?\s]")

_ASCII = re.compile(r"[\x21-\x7e ]+")


def _narrow(value: str) -> str:
    if len(_NOTHING.sub("", value)) < NEEDED:
        raise ValueError(
            f"is too broad: send a text with {NEEDED} characters or more besides wildcards, such as test-*@example.com"
        )
    return value


Pattern = Annotated[str, Field(max_length=200), AfterValidator(_narrow)]


def matches(text: str, patterns: Iterable[str]) -> bool:
    """True if a pattern matches the whole text, ignoring case and surrounding white space."""
    plain = text.strip().lower()
    return any(_fits(plain, pattern.lower()) for pattern in patterns)


def needles(patterns: Sequence[str]) -> list[str]:
    """For each pattern the longest ASCII text that everything that fits holds, in lower case."""
    return [max((part.lower() for part in _ASCII.findall(_spaced(one))), key=len, default="") for one in patterns]


def _spaced(pattern: str) -> str:
    return pattern.replace("*", "\0")


def _fits(text: str, pattern: str) -> bool:
    """In time proportional to the lengths: each part is looked for where the one before it ended."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
