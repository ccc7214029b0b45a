"""Spelling suggestions based on the words in trip and client names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

from database.joining import read_keyed
from database.scripts import consonants, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database

# Maximum number of words to read per spelling variant.
ALIKE = 200

# Number of leading letters in which a single wrong, missing or extra letter is tolerated. A word with a mistake after
# them is found only if its beginning or end matches.
LETTERS = 20

# Minimum number of consonants by which a word is found.
BONES = 3

# Number of letters that must match at the beginning or end if the rest differs in more than one letter.
SURE = 4


async def words_like(db: Database, words: Sequence[str]) -> list[set[str]]:
    """Return, for each word, the words in names that differ by about one letter or share its beginning or end."""
    spellings = [_spellings(word) for word in words]
    rows = await read_keyed(db, LIKE, sorted(set[str]().union(*spellings)), lambda row: row["spelling"], ALIKE)
    known = {spelling: json.loads(row["words"]) for spelling, (row,) in rows.items()}
    return [{word for spelling in some for word in known[spelling]} for some in spellings]


def _spellings(word: str) -> set[str]:
    """Return the keys under which search_spellings stores the word."""
    word, bones = spelled(word), consonants(word)
    found = {word, f"~{bones}"} if len(bones) >= BONES else {word}
    found |= {word[:at] + word[at + 1 :] for at in range(min(len(word), LETTERS))}
    return found | {f"^{word[:SURE]}", f"{word[-SURE:]}$"} if len(word) > SURE else found


LIKE: LiteralString = """
SELECT w.value AS spelling, (
    SELECT json_group_array(m.word) FROM (
        SELECT s.word FROM search_spellings s WHERE s.spelling = w.value LIMIT CAST(?2 AS INTEGER)) m
) AS words
FROM json_each(?1) w
"""
