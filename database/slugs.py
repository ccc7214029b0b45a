"""Slugs: short, readable trip names for URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, LiteralString

from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from database.engine import Database

# Maximum length of a slug in characters, not counting a number at the end.
MAX_LENGTH = 60


def slugify(name: str) -> str:
    """Convert a name in any script to a slug of ASCII letters, digits and single hyphens.

    A slug with only digits would look like an id, so it gets the prefix `trip-`. A name with only symbols becomes
    `trip`.
    """
    spelled = anyascii(name.replace("&", " and ")).lower().replace("'", "")
    slug = re.sub(r"[^a-z0-9]+", "-", spelled).strip("-")[:MAX_LENGTH].rstrip("-")
    if not slug:
        return "trip"
    return f"trip-{slug}" if slug.isdigit() else slug


class FreeSlugs:
    """Generates unused slugs, in constant time even for many equal names."""

    def __init__(self, taken: Iterable[str], numbers: Mapping[str, int] | None = None) -> None:
        """Skip the slugs that are taken, and the numbers of each name up to the one in `numbers`."""
        self._taken = set(taken)
        self._before = numbers or {}
        self.numbers: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return and reserve an unused slug for the name, with a number at the end if necessary."""
        slug = free = slugify(name)
        number = self.numbers.get(slug, self._before.get(slug, 1))
        while free in self._taken:
            number += 1
            free = f"{slug}-{number}"
        self.numbers[slug] = number
        self._taken.add(free)
        return free


async def free_slug(db: Database, name: str, own_trip_id: int | None = None, reserved: Iterable[str] = ()) -> str:
    """Return a slug for the name that no other trip has, and that is not reserved.

    The write must still be guarded by `guard_slug_free`.
    """
    slug = slugify(name)
    rows = await db.read(TAKEN, (slug, slug + ".", own_trip_id))
    return FreeSlugs([*(row["trip_slug"] for row in rows), *reserved]).take(name)


# The range covers the slug itself and every slug that starts with it and a hyphen.
TAKEN: LiteralString = """
SELECT trip_slug FROM trips_v2
WHERE trip_slug >= ? AND trip_slug < ? AND trip_id IS NOT CAST(? AS INTEGER)
"""
