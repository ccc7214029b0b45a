"""Patterns of words that ignore case, made for many lines of which few match."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is no letter of a pattern: an escape, the name of a group.
SYNTAX = re.compile(r"\\.|\(\?P<\w+>")
CURVED, STRAIGHT = "\u2019", "'"
UPPER = re.compile(r"[A-Z]")


class Words:
    """A pattern that ignores case, with the methods of a compiled one.

    It is looked for in the text in lower case first, where the engine passes over alternatives by their first letter.
    That takes a third of the time, and most lines have no match. The pattern itself must be in lower case. Its straight
    apostrophes match curved ones as well. `sign` is a quicker pattern that stands in every match.
    """

    __slots__ = ("_any", "_lower", "_sign", "pattern")

    def __init__(self, pattern: str, *, sign: str = "") -> None:
        if UPPER.search(SYNTAX.sub("", pattern)):
            raise ValueError(f"This pattern is not in lower case: {pattern}")
        self.pattern = pattern
        self._lower = re.compile(pattern)
        self._sign = re.compile(sign)
        self._any = re.compile(pattern, re.IGNORECASE)

    def search(self, text: str, *place: int) -> re.Match[str] | None:
        return self._any.search(text.replace(CURVED, STRAIGHT), *place) if self._may_match(text, *place) else None

    def match(self, text: str, *place: int) -> re.Match[str] | None:
        return self._any.match(text.replace(CURVED, STRAIGHT), *place)

    def fullmatch(self, text: str, *place: int) -> re.Match[str] | None:
        return self._any.fullmatch(text.replace(CURVED, STRAIGHT), *place)

    def finditer(self, text: str, *place: int) -> Iterator[re.Match[str]]:
        if not self._may_match(text, *place):
            return iter(())
        return self._any.finditer(text.replace(CURVED, STRAIGHT), *place)

    def sub(self, replacement: str, text: str, count: int = 0) -> str:
        return self._any.sub(replacement, text, count) if self._may_match(text) else text

    def _may_match(self, text: str, *place: int) -> bool:
        lower = text.lower().replace(CURVED, STRAIGHT)
        # A few letters have more than one in lower case.
        return len(lower) != len(text) or bool(self._sign.search(lower) and self._lower.search(lower, *place))
