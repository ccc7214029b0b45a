"""Wildcard patterns (*) that select what a cleanup deletes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Minimum characters of a pattern, not counting wildcards.
MIN_CHARACTERS = 3

# Characters that don't count towards MIN_CHARACTERS: whitespace, * and the wildcards of other pattern languages.
_WILDCARDS = re.compile(r"[*%_?\s]")

_ASCII = re.compile(r"[\x21-\x7e ]+")


def _narrow(value: str) -> str:
    if len(_WILDCARDS.sub("", value)) < MIN_CHARACTERS:
        raise ValueError(
            f"is too broad: send at least {MIN_CHARACTERS} characters besides wildcards, such as test-*@example.com"
        )
    return value


Pattern = Annotated[str, Field(max_length=200), AfterValidator(_narrow)]


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Return True if any pattern matches the whole text, ignoring case and surrounding whitespace."""
    plain = text.strip().lower()
    return any(_fits(plain, pattern.lower()) for pattern in patterns)


def needles(patterns: Sequence[str]) -> list[str]:
    """Return, for each pattern, the longest ASCII text that every match contains, in lower case."""
    return [max((part.lower() for part in _ASCII.findall(_spaced(one))), key=len, default="") for one in patterns]


def _spaced(pattern: str) -> str:
    return pattern.replace("*", "\0")


def _fits(text: str, pattern: str) -> bool:
    """Match in linear time: search for each part after the end of the previous one."""
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
