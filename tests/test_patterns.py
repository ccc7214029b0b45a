"""Patterns with * as a wildcard: matching and running time."""

from __future__ import annotations

import pytest

from tools.finding.patterns import matches, needles


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("Test trip 1", "test*", True),
        ("My test", "test*", False),
        (" TEST ", "test", True),
        ("testing", "test", False),
        ("aXbXc", "a*b*c", True),
        ("abab", "ab*ab", True),
        ("aba", "ab*ba", False),
        ("Été à Nice", "éTÉ*nice", True),
        ("50% off", "50% *", True),
        ("a" * 20_000, "*".join("a" * 90) + "*b", False),
    ],
)
def test_a_pattern_matches_the_whole_text_or_not_at_all(text: str, pattern: str, *, fits: bool) -> None:
    assert matches(text, ["no", pattern]) == fits
    assert not fits or needles([pattern])[0] in text.lower()
