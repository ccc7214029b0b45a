"""Words of names that a misspelt word may have been meant for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from collections.abc import Sequence

    from database.engine import Database

# Words looked at for one way in which a word may be misspelt.
ALIKE = 200

# Letters of which any one may be wrong, missing or too much; behind them the beginning or the end must be right.
LETTERS = 20

# Letters at the beginning, or at the end, of which all must be right where several of the others are wrong.
SURE = 4


async def words_like(db: Database, words: Sequence[str]) -> list[set[str]]:
    """For each word those of names that differ from it by about one letter, or that begin or end alike."""
    spellings = [_spellings(word) for word in words]
    rows = await db.read(LIKE, (json.dumps(sorted(set[str]().union(*spellings))), ALIKE))
    known: dict[str, list[str]] = {row["spelling"]: json.loads(row["words"]) for row in rows}
    return [{word for spelling in some for word in known.get(spelling, [])} for some in spellings]


def _spellings(word: str) -> set[str]:
    """What the schema keeps words under (search_spellings), of the word as it was typed."""
    found = {word} | {word[:at] + word[at + 1 :] for at in range(min(len(word), LETTERS))}
    return found | {f"^{word[:SURE]}", f"{word[-SURE:]}$"} if len(word) > SURE else found


LIKE: LiteralString = """
SELECT w.value AS spelling, (
    SELECT json_group_array(m.word) FROM (
        SELECT s.word FROM search_spellings s WHERE s.spelling = w.value LIMIT CAST(?2 AS INTEGER)) m
) AS words
FROM json_each(?1) w
"""
