"""The short readable name that stands for a trip in a URL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, LiteralString

from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Iterable

    from database.engine import Database

# Longest slug made from a name, in characters, before a number is put behind it.
MAX_LENGTH = 60


def slugify(name: str) -> str:
    """A slug of ASCII letters, digits and single hyphens, transliterated from any script; never digits alone.

    Digits alone would read as an id, and nothing at all (a name of symbols) becomes `trip`.
    """
    spelled = anyascii(name.replace("&", " and ")).lower().replace("'", "")
    slug = re.sub(r"[^a-z0-9]+", "-", spelled).strip("-")[:MAX_LENGTH].rstrip("-")
    if not slug:
        return "trip"
    return f"trip-{slug}" if slug.isdigit() else slug


class FreeSlugs:
    """Hands out slugs that are not taken, in time that does not grow with how many names are the same."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """The slug of the name, or that slug with the lowest number behind it, that is not taken; now it is."""
        slug = free = slugify(name)
        number = self._next.get(slug, 1)
        while free in self._taken:
            number += 1
            free = f"{slug}-{number}"
        self._next[slug] = number
        self._taken.add(free)
        return free


async def free_slug(db: Database, name: str, own_trip_id: int | None = None) -> str:
    """A slug for the name that no other trip has now. A write must still guard it."""
    slug = slugify(name)
    rows = await db.read(TAKEN, (slug, slug + ".", own_trip_id))
    return FreeSlugs(row["trip_slug"] for row in rows).take(name)


# From the slug itself to just behind everything that continues it with a hyphen: a range of the index.
TAKEN: LiteralString = """
SELECT trip_slug FROM trips_v2
WHERE trip_slug >= ? AND trip_slug < ? AND trip_id IS NOT CAST(? AS INTEGER)
"""
