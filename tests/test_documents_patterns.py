"""Patterns of words find the same as the engine does when it ignores case."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import labels
from documents.patterns import Words

PATTERNS = [labels.DEPART, labels.NIGHTS, labels.CANCELLED, Words(r"(?<![^\W_])(?:ab|straße|i\b)\s?$")]
PIECES = [
    "Ab",
    "AB ",
    "abfahrt",
    "İ",
    "ß",
    "STRASSE",
    "Straße",
    "3 Nights",
    "has been CANCELLED",
    "発",
    " ",
    "x",
    "\n",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=6), st.integers(0, 8), st.integers(0, 40))
def test_a_pattern_of_words_finds_what_a_pattern_that_ignores_case_finds(
    pieces: list[str], start: int, end: int
) -> None:
    # The engine also takes a long s and an i without a dot for the letters of their capitals.
    text = "".join(c for c in "".join(pieces) if c.isascii() or len(c.upper()) > 1 or not c.upper().isascii())
    for words in PATTERNS:
        plain = re.compile(words.pattern, re.IGNORECASE)
        assert [m.span() for m in words.finditer(text)] == [m.span() for m in plain.finditer(text)]
        assert _span(words.search(text, start, end)) == _span(plain.search(text, start, end))
        assert words.sub("-", text) == plain.sub("-", text)


def test_a_pattern_with_a_capital_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="lower case"):
        Words(r"(?P<n>\d)\W+Nights")


def _span(match: re.Match[str] | None) -> tuple[int, int] | None:
    return match.span() if match else None
