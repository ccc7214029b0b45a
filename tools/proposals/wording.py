"""Texts of a trip as a client reads them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from database.quoting import without_hidden
from tools.trip.shapes import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Sequence

# The most characters of a name or title, and of a description or note.
TITLE, PROSE = 300, 5_000

# Number of people whom a proposal names as those it is for.
NAMED = 4

# Text of programs rather than of people, such as JSON inside JSON or cut off: brackets and a quoted key, or a list.
_DATA = re.compile(r"""[\s"'\\]*(?:[\[{]\s*)+\\*["']|(?=.*[][{}]).*\w\\?["']\s*:""", re.DOTALL)


def plain(value: str, longest: int = PROSE) -> str:
    """Return the text on one line, without hidden characters, such as those that turn the reading direction."""
    text = " ".join(without_hidden(replace_surrogates(value)).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def told(value: str, longest: int = PROSE) -> str:
    """Return a recorded text as `plain` does; "" for data of programs, which may hold what no client sees."""
    return "" if _DATA.match(value) else plain(value, longest)


def people_words(names: Sequence[str], total: int) -> str:
    """Return up to four names, or three and the number of the others."""
    if total > NAMED:
        names = [*names[: NAMED - 1], f"{total - NAMED + 1} others"]
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def today() -> str:
    """Return the date where the server runs."""
    return datetime.now().astimezone().date().isoformat()
